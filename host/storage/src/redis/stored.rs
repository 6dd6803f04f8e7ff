//! How much a tenant has stored in Redis: its records, and the contents that these name.

use std::collections::BTreeSet;

use isolet_domain::ids::TenantId;
use isolet_domain::repository::RepositoryError;

use super::store::RedisStore;
use crate::record::{content_of_run, content_of_version};

impl RedisStore {
    pub(super) async fn stored_bytes_of(&self, tenant: &TenantId) -> Result<u64, RepositoryError> {
        let keys = self.keys.of(tenant);
        let own: u64 = self.link.command(redis::cmd("STRLEN").arg(keys.tenant())).await?;
        let functions = self.records_in(keys.functions()).await?;
        let versions = self.records_in(keys.versions()).await?;
        let runs = self.records_in(keys.runs()).await?;
        // What names nothing that can be read still takes its own room.
        let mut named: BTreeSet<_> = versions.iter().filter_map(|record| content_of_version(record).ok()).collect();
        named.extend(runs.iter().filter_map(|record| content_of_run(record).ok().flatten()));
        let records = functions.iter().chain(&versions).chain(&runs).map(|record| record.len() as u64);
        let mut bytes = own + records.sum::<u64>();
        // One by one: contents are in all slots of a cluster.
        for digest in &named {
            let length: u64 = self.blob_link.command(redis::cmd("STRLEN").arg(self.keys.blob(digest))).await?;
            bytes += length;
        }
        Ok(bytes)
    }

    async fn records_in(&self, hash: String) -> Result<Vec<Vec<u8>>, RepositoryError> {
        self.blob_link.command(redis::cmd("HVALS").arg(hash)).await
    }
}

//! How much a tenant has stored in the embedded store: its rows, and the files of the contents that these name.

use std::collections::BTreeSet;
use std::sync::Arc;

use isolet_domain::ids::TenantId;
use isolet_domain::repository::RepositoryError;

use super::store::EmbeddedStore;
use super::tables::{FUNCTIONS, RUNS, TENANTS, VERSIONS, functions_of, ids_of, versions_of};
use crate::record::{content_of_run, content_of_version};

impl EmbeddedStore {
    pub(super) async fn stored_bytes_of(&self, tenant: TenantId) -> Result<u64, RepositoryError> {
        let contents = Arc::clone(&self.contents);
        self.read_much(move |txn| {
            let (mut bytes, mut named) = (0, BTreeSet::new());
            bytes += txn.open_table(TENANTS)?.get(tenant.as_bytes())?.map_or(0, |record| record.value().len());
            for row in txn.open_table(FUNCTIONS)?.range(functions_of(&tenant))? {
                bytes += row?.1.value().len();
            }
            // What names nothing that can be read still takes its own room.
            for row in txn.open_table(VERSIONS)?.range(versions_of(&tenant, None))? {
                let record = row?.1;
                bytes += record.value().len();
                named.extend(content_of_version(record.value()).ok());
            }
            for row in txn.open_table(RUNS)?.range(ids_of(&tenant))? {
                let record = row?.1;
                bytes += record.value().len();
                named.extend(content_of_run(record.value()).ok().flatten());
            }
            Ok(bytes as u64 + named.iter().map(|digest| contents.length(digest)).sum::<u64>())
        })
        .await
    }
}

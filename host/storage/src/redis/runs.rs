//! Runs in Redis: all in one tenant's keys, so every change is one script. They are written at once, not batched: it is one round
//! trip, and what the other hosts of a fleet show depends on it.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::{RunId, TenantId};
use isolet_domain::repository::{Page, RepositoryError, RunRepository, WriteError};
use isolet_domain::run::Run;

use super::keys::runs_before;
use super::scripts::{Verdict, decide};
use super::store::RedisStore;
use crate::record::{RunRecord, decode, encode, lost, run_key};

fn flag(set: bool) -> &'static [u8] {
    if set { b"1" } else { b"0" }
}

fn read(tenant: &TenantId, id: &str, record: &[u8], starred: bool) -> Result<Run, RepositoryError> {
    let run = decode::<RunRecord>(&format!("run/{tenant}/{id}"), record)?;
    Ok(Run { starred, ..run })
}

#[async_trait]
impl RunRepository for RedisStore {
    async fn record_run(&self, tenant: &TenantScope, run: &Run, keep: usize) -> Result<(), RepositoryError> {
        let keys = self.keys.of(&tenant.id());
        let record = encode::<RunRecord>(&run_key(&tenant.id(), &run.id), run);
        let (id, keep) = (run.id.to_string(), keep.to_string());
        let keys = [keys.tenant(), keys.runs(), keys.order(), keys.ring()];
        let args: [&[u8]; 4] = [id.as_bytes(), &record, flag(run.starred), keep.as_bytes()];
        // `missing`: the tenant was deleted while the run ran, and a record now would never be removed.
        let (_, ()) = decide(&self.writes, &self.scripts.record_run, &keys, &args).await?;
        Ok(())
    }

    async fn run(&self, tenant: &TenantScope, id: &RunId) -> Result<Option<Run>, RepositoryError> {
        let (keys, id) = (self.keys.of(&tenant.id()), id.to_string());
        let (record, starred): (Option<Vec<u8>>, bool) =
            self.link.read(&self.scripts.read_run, &[keys.runs(), keys.ring()], &[id.as_bytes()]).await?;
        record.map(|record| read(&tenant.id(), &id, &record, starred)).transpose()
    }

    async fn list_runs(
        &self,
        tenant: &TenantScope,
        before: Option<&RunId>,
        limit: usize,
    ) -> Result<Page<Run>, RepositoryError> {
        let (keys, within) = (self.keys.of(&tenant.id()), runs_before(before));
        let count = (limit + 1).to_string();
        let args = [within.max.as_bytes(), within.min.as_bytes(), count.as_bytes()];
        let keys = [keys.order(), keys.runs(), keys.ring()];
        let mut rows: Vec<(String, Option<Vec<u8>>, bool)> =
            self.link.read(&self.scripts.list_runs, &keys, &args).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items = rows.iter().map(|(id, record, starred)| match record {
            Some(record) => read(&tenant.id(), id, record, *starred),
            None => Err(lost(id)),
        });
        Ok(Page { items: items.collect::<Result<_, _>>()?, more })
    }

    async fn star_run(&self, tenant: &TenantScope, id: &RunId, starred: bool) -> Result<Run, WriteError> {
        let (keys, id) = (self.keys.of(&tenant.id()), id.to_string());
        let args: [&[u8]; 2] = [id.as_bytes(), flag(starred)];
        let (_, record): (Verdict, Option<Vec<u8>>) =
            decide(&self.writes, &self.scripts.star_run, &[keys.runs(), keys.ring()], &args).await?;
        let record = record.ok_or(WriteError::Missing)?;
        Ok(read(&tenant.id(), &id, &record, starred)?)
    }

    async fn delete_run(&self, tenant: &TenantScope, id: &RunId) -> Result<(), WriteError> {
        let keys = self.keys.of(&tenant.id());
        let keys = [keys.runs(), keys.order(), keys.ring()];
        match decide(&self.writes, &self.scripts.delete_run, &keys, &[id.to_string().as_bytes()]).await? {
            (Verdict::Done, ()) => Ok(()),
            _ => Err(WriteError::Missing),
        }
    }

    async fn clear_runs(&self, tenant: &TenantScope) -> Result<(), RepositoryError> {
        let keys = self.keys.of(&tenant.id());
        let keys = [keys.runs(), keys.order(), keys.ring()];
        let (_, ()) = decide(&self.writes, &self.scripts.clear_runs, &keys, &[]).await?;
        Ok(())
    }
}

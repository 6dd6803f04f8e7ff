//! Runs in the embedded database. How one is added, and which ones leave for it, is in `ring`.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::{RunId, TenantId};
use isolet_domain::repository::{Page, RepositoryError, RunRepository, WriteError};
use isolet_domain::run::Run;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::failure::{Trouble, only_repository};
use super::ring::RunWrite;
use super::store::EmbeddedStore;
use super::tables::{RUNS, STARS, ids_of};
use crate::record::{RunRecord, decode, encode, lost, run_key};

fn find(txn: &ReadTransaction, tenant: &TenantId, id: &RunId) -> Result<Option<Run>, Trouble> {
    let place = (tenant.as_bytes(), id.as_bytes());
    let Some(star) = txn.open_table(STARS)?.get(place)? else { return Ok(None) };
    let key = run_key(tenant, id);
    let record = txn.open_table(RUNS)?.get(place)?.ok_or_else(|| lost(&key))?;
    let run = decode::<RunRecord>(&key, record.value())?;
    Ok(Some(Run { starred: star.value(), ..run }))
}

#[async_trait]
impl RunRepository for EmbeddedStore {
    async fn record_run(&self, tenant: &TenantScope, run: &Run, keep: usize) -> Result<(), RepositoryError> {
        let (tenant, id, starred) = (tenant.id(), run.id, run.starred);
        let write = RunWrite { tenant, id, record: encode::<RunRecord>(&run_key(&tenant, &id), run), starred, keep };
        // A prompt that was saved by hand is work; the record of a run can be had again by running it.
        let written = if run.result.is_none() {
            self.write(move |txn| write.apply(txn)).await
        } else {
            self.writer.write_soon(write).await
        };
        written.map_err(only_repository)
    }

    async fn run(&self, tenant: &TenantScope, id: &RunId) -> Result<Option<Run>, RepositoryError> {
        let (tenant, id) = (tenant.id(), *id);
        self.read_much(move |txn| find(txn, &tenant, &id)).await
    }

    async fn list_runs(
        &self,
        tenant: &TenantScope,
        before: Option<&RunId>,
        limit: usize,
    ) -> Result<Page<Run>, RepositoryError> {
        let (tenant, before) = (tenant.id(), before.copied());
        self.read_much(move |txn| {
            let stars = txn.open_table(STARS)?;
            let mut items = Vec::new();
            for row in stars.range(ids_of(&tenant))?.rev() {
                let id = RunId::from_bytes(*row?.0.value().1);
                if before.is_some_and(|before| id >= before) {
                    continue;
                }
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                items.push(find(txn, &tenant, &id)?.ok_or_else(|| lost(&run_key(&tenant, &id)))?);
            }
            Ok(Page { items, more: false })
        })
        .await
    }

    async fn star_run(&self, tenant: &TenantScope, id: &RunId, starred: bool) -> Result<Run, WriteError> {
        let (tenant, id) = (tenant.id(), *id);
        let star = move |txn: &WriteTransaction| {
            let place = (tenant.as_bytes(), id.as_bytes());
            let key = run_key(&tenant, &id);
            let run = match txn.open_table(RUNS)?.get(place)? {
                Some(record) => decode::<RunRecord>(&key, record.value())?,
                None => return Err(WriteError::Missing.into()),
            };
            txn.open_table(STARS)?.insert(place, starred)?;
            Ok(Run { starred, ..run })
        };
        self.write(star).await
    }

    async fn delete_run(&self, tenant: &TenantScope, id: &RunId) -> Result<(), WriteError> {
        let (tenant, id) = (tenant.id(), *id);
        let delete = move |txn: &WriteTransaction| {
            let place = (tenant.as_bytes(), id.as_bytes());
            if txn.open_table(STARS)?.remove(place)?.is_none() {
                return Err(WriteError::Missing.into());
            }
            txn.open_table(RUNS)?.remove(place)?;
            Ok(())
        };
        self.write(delete).await
    }

    async fn clear_runs(&self, tenant: &TenantScope) -> Result<(), RepositoryError> {
        let tenant = tenant.id();
        let clear = move |txn: &WriteTransaction| {
            let mut runs = txn.open_table(RUNS)?;
            let mut stars = txn.open_table(STARS)?;
            let mut unstarred: Vec<[u8; 16]> = Vec::new();
            for row in stars.range(ids_of(&tenant))? {
                let (place, star) = row?;
                if !star.value() {
                    unstarred.push(*place.value().1);
                }
            }
            for id in &unstarred {
                runs.remove((tenant.as_bytes(), id))?;
                stars.remove((tenant.as_bytes(), id))?;
            }
            Ok(())
        };
        self.write(clear).await.map_err(only_repository)
    }
}

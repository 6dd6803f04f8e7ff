//! Contents and runs in memory.

use std::collections::{BTreeSet, HashSet};

use async_trait::async_trait;
use bytes::Bytes;

use super::{MemoryStore, page};
use crate::access::TenantScope;
use crate::ids::{Digest, RunId};
use crate::repository::{BlobRepository, Page, RepositoryError, RunRepository, WriteError};
use crate::run::Run;

#[async_trait]
impl BlobRepository for MemoryStore {
    async fn put_blob(&self, bytes: Bytes) -> Result<Digest, RepositoryError> {
        let digest = Digest::of(&bytes);
        self.open()?.blobs.insert(digest, bytes);
        Ok(digest)
    }

    async fn blob(&self, digest: &Digest) -> Result<Option<Bytes>, RepositoryError> {
        Ok(self.open()?.blobs.get(digest).cloned())
    }

    async fn purge_blobs(&self, candidates: BTreeSet<Digest>) -> Result<usize, RepositoryError> {
        let mut contents = self.open()?;
        let named = contents.named(|_| true);
        let before = contents.blobs.len();
        contents.blobs.retain(|digest, _| named.contains(digest) || !candidates.contains(digest));
        Ok(before - contents.blobs.len())
    }
}

#[async_trait]
impl RunRepository for MemoryStore {
    async fn record_run(&self, tenant: &TenantScope, run: &Run, keep: usize) -> Result<(), RepositoryError> {
        let mut contents = self.open()?;
        if !contents.tenants.contains_key(&tenant.id()) {
            return Ok(());
        }
        let place = (tenant.id(), run.id);
        let starred = run.starred || contents.runs.get(&place).is_some_and(|known| known.starred);
        contents.runs.insert(place, Run { starred, ..run.clone() });
        let unstarred = contents.runs.iter().rev().filter(|((at, _), run)| *at == tenant.id() && !run.starred);
        let surplus: HashSet<RunId> = unstarred.map(|((_, id), _)| *id).skip(keep).collect();
        contents.runs.retain(|(at, id), _| *at != tenant.id() || !surplus.contains(id));
        Ok(())
    }

    async fn run(&self, tenant: &TenantScope, id: &RunId) -> Result<Option<Run>, RepositoryError> {
        Ok(self.open()?.runs.get(&(tenant.id(), *id)).cloned())
    }

    async fn list_runs(
        &self,
        tenant: &TenantScope,
        before: Option<&RunId>,
        limit: usize,
    ) -> Result<Page<Run>, RepositoryError> {
        let contents = self.open()?;
        let wanted = |id: &RunId| before.is_none_or(|before| id < before);
        let own = contents.runs.iter().rev().filter(|((at, id), _)| *at == tenant.id() && wanted(id));
        Ok(page(own.map(|(_, run)| run.clone()), limit))
    }

    async fn star_run(&self, tenant: &TenantScope, id: &RunId, starred: bool) -> Result<Run, WriteError> {
        let mut contents = self.open()?;
        let run = contents.runs.get_mut(&(tenant.id(), *id)).ok_or(WriteError::Missing)?;
        run.starred = starred;
        Ok(run.clone())
    }

    async fn delete_run(&self, tenant: &TenantScope, id: &RunId) -> Result<(), WriteError> {
        self.open()?.runs.remove(&(tenant.id(), *id)).map(drop).ok_or(WriteError::Missing)
    }

    async fn clear_runs(&self, tenant: &TenantScope) -> Result<(), RepositoryError> {
        self.open()?.runs.retain(|(at, _), run| *at != tenant.id() || run.starred);
        Ok(())
    }
}

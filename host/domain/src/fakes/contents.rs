//! Contents and runs in memory.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Contents, MemoryStore, page};
use crate::access::TenantScope;
use crate::ids::{Digest, EnvName, RunId, TenantId};
use crate::repository::{BlobRepository, Page, RepositoryError, RunRepository, WriteError};
use crate::run::Run;
use crate::secret::Sealed;

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

/// Beside what its author put into it.
const RECORD_BYTES: usize = 200;

impl Contents {
    /// Roughly what the other stores would say.
    pub(super) fn stored_bytes(&self, tenant: &TenantId) -> u64 {
        let record = |env: &BTreeMap<EnvName, String>, secrets: &BTreeMap<EnvName, Sealed>| {
            let variables: usize = env.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
            let secrets: usize = secrets.values().map(|sealed| sealed.as_bytes().len()).sum();
            RECORD_BYTES + variables + secrets
        };
        let functions = self.functions.iter().filter(|((owner, _), _)| owner == tenant);
        let functions = functions.map(|(_, function)| record(&function.env, &function.secrets));
        let own = self.tenants.get(tenant).map_or(0, |tenant| record(&tenant.env, &tenant.secrets));
        let versions = self.versions.keys().filter(|(owner, _, _)| owner == tenant).count() * RECORD_BYTES;
        let runs = self.runs.iter().filter(|((owner, _), _)| owner == tenant).map(|(_, run)| {
            let answered = run.result.as_ref().and_then(|result| result.response.as_ref());
            let sent = run.result.as_ref().map_or(0, |result| result.request.body.len());
            RECORD_BYTES
                + run.prompt.as_ref().map_or(0, String::len)
                + sent
                + answered.map_or(0, |answer| answer.body.len())
        });
        let contents = self.named(|owner| owner == tenant);
        let contents = contents.iter().filter_map(|digest| self.blobs.get(digest)).map(Bytes::len);
        let all = own + versions + functions.sum::<usize>() + runs.sum::<usize>() + contents.sum::<usize>();
        u64::try_from(all).unwrap_or(u64::MAX)
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

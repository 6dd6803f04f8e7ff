//! From a code digest to code that is ready to run: the executor's own cache first, then the blob and a build.

use std::sync::Arc;

use super::counters::Counters;
use crate::access::TenantScope;
use crate::code::Code;
use crate::execute::{BuildError, GuestExecutor, PrepareOptions, Prepared};
use crate::ids::Digest;
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::repository::{Repository, RepositoryError};

#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A record names a blob that is not there: never the caller's fault.
    #[error("the code `{0}` is missing from the store")]
    MissingCode(Digest),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl BuildError {
    /// What the failed build is called in answers and counts.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Code { outcome, .. } => *outcome,
            Self::Overloaded { .. } => Outcome::Overloaded,
            Self::Internal(_) => Outcome::Internal,
        }
    }
}

#[derive(Clone)]
pub(super) struct Preparation {
    pub(super) repository: Arc<dyn Repository>,
    pub(super) executor: Arc<dyn GuestExecutor>,
    pub(super) counters: Arc<Counters>,
}

impl Preparation {
    /// The code of a blob, as the tenant gave it.
    pub(super) async fn load(&self, digest: &Digest) -> Result<Code, PrepareError> {
        let bytes = self.repository.blob(digest).await?.ok_or(PrepareError::MissingCode(*digest))?;
        let corrupt = |error: crate::canonical::UnreadableCode| RepositoryError::Corrupt {
            what: digest.to_string(),
            why: error.to_string(),
        };
        Ok(Code::from_canonical_bytes(&bytes).map_err(corrupt)?)
    }

    /// Code known by its digest, made ready.
    pub(super) async fn known(
        &self,
        tenant: &TenantScope,
        code: &Digest,
        code_key: &Digest,
        limits: Limits,
    ) -> Result<Prepared, PrepareError> {
        if let Some(ready) = self.executor.lookup(tenant, code_key).await {
            self.counters.count_cache(true);
            return Ok(ready);
        }
        let code = self.load(code).await?;
        Ok(self.build(tenant, &code, PrepareOptions { limits, fresh: false }).await?)
    }

    /// Code at hand, made ready.
    pub(super) async fn build(
        &self,
        tenant: &TenantScope,
        code: &Code,
        options: PrepareOptions,
    ) -> Result<Prepared, BuildError> {
        let prepared = self.executor.prepare(tenant, code, options).await;
        match &prepared {
            Ok(ready) => {
                self.counters.count_cache(ready.cached);
                if !ready.cached {
                    self.counters.builds.count(Outcome::Ok);
                }
            }
            Err(error) => self.counters.builds.count(error.outcome()),
        }
        prepared
    }
}

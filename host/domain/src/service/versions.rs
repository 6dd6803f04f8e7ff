//! Versions of a function. One is stored only after its code was built; which of them traffic reaches is decided in `aliases`, in one
//! atomic step after that: a crash anywhere leaves the old state or the new one.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::preparation::{Preparation, PrepareError};
use super::rulebook::Rulebook;
use super::storage::{RECORD_BYTES, Storage, StorageError};
use crate::access::TenantScope;
use crate::code::Code;
use crate::diff::CodeDiff;
use crate::execute::{BuildError, BuildReport, Diagnostic, PrepareOptions};
use crate::function::{Function, FunctionKind, Version};
use crate::ids::{Digest, FunctionName, VersionId};
use crate::repository::{Page, RepositoryError, WriteError};

#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    #[error("there is no such function")]
    UnknownFunction,
    #[error("there is no such version")]
    Unknown,
    #[error("the function is of the kind `{0}` and takes no other code")]
    Kind(&'static str),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("the code `{0}` is missing from the store")]
    MissingCode(Digest),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<WriteError> for VersionError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Exists | WriteError::Missing => Self::UnknownFunction,
            WriteError::Repository(error) => Self::Repository(error),
        }
    }
}

impl From<PrepareError> for VersionError {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Build(error) => Self::Build(error),
            PrepareError::MissingCode(digest) => Self::MissingCode(digest),
            PrepareError::Repository(error) => Self::Repository(error),
        }
    }
}

/// Code to be made a version of, and what its author says about it.
pub struct NewVersion {
    pub code: Code,
    pub message: String,
}

/// What would come of code that was tried and not kept.
pub struct Tried {
    /// The version that is there, or the one that would be made; under its number if no other is made before.
    pub version: Version,
    pub is_new: bool,
    pub build: BuildReport,
    /// What is doubtful about the code: with anything wrong it would not have been built.
    pub diagnostics: Vec<Diagnostic>,
}

pub struct Versions {
    preparation: Preparation,
    rulebook: Arc<Rulebook>,
    storage: Arc<Storage>,
    comparing: Semaphore,
}

/// Versions that are compared at one time.
const COMPARED_AT_ONCE: usize = 2;

impl Versions {
    pub(super) fn new(preparation: Preparation, rulebook: Arc<Rulebook>, storage: Arc<Storage>) -> Self {
        Self { preparation, rulebook, storage, comparing: Semaphore::new(COMPARED_AT_ONCE) }
    }

    /// Adds a version, or finds the one of the same content. Says whether it is new.
    pub async fn add(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        new: NewVersion,
    ) -> Result<(Version, bool), VersionError> {
        let repository = &self.preparation.repository;
        let owner = self.owner(tenant, function, &new.code).await?;
        let bytes = new.code.canonical_bytes();
        let digest = Digest::of(&bytes);
        let id = VersionId::of(&digest);
        if let Some(known) = repository.version(tenant, function, &id).await?
            && known.digest == digest
        {
            // Costs nothing when it is there, and mends what a crash or a fault took.
            repository.put_blob(bytes.into()).await?;
            return Ok((known, false));
        }
        // Built first: code that does not build leaves nothing behind.
        let limits = self.rulebook.limits(tenant, Some(&owner)).await?;
        let options = PrepareOptions { limits, fresh: false };
        let prepared = self.preparation.build(tenant, &new.code, options).await?;
        let bytes = Bytes::from(bytes);
        self.storage.take(tenant, RECORD_BYTES + bytes.len() as u64).await?;
        repository.put_blob(bytes.clone()).await?;
        let added = repository.add_version(tenant, function, made(new, digest, &prepared.build)).await?;
        // Once more: a purge that began before nobody named it may have removed it since.
        repository.put_blob(bytes).await?;
        Ok(added)
    }

    /// What would come of `add`: the code is built as there, and nothing of it is stored.
    pub async fn try_out(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        new: NewVersion,
    ) -> Result<Tried, VersionError> {
        let owner = self.owner(tenant, function, &new.code).await?;
        let options = PrepareOptions { limits: self.rulebook.limits(tenant, Some(&owner)).await?, fresh: false };
        let build = self.preparation.build(tenant, &new.code, options).await?.build;
        // What is built is known to be right as a component.
        let diagnostics = match new.code.as_component() {
            Some(_) => Vec::new(),
            None => self.preparation.executor.check(tenant, &new.code, options).await?,
        };
        let digest = new.code.digest();
        let would = Version { number: owner.next_number, ..made(new, digest, &build) };
        let known = self.preparation.repository.version(tenant, function, &would.id).await?;
        let known = known.filter(|known| known.digest == would.digest);
        Ok(Tried { is_new: known.is_none(), version: known.unwrap_or(would), build, diagnostics })
    }

    /// The function, if it takes such code.
    async fn owner(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        code: &Code,
    ) -> Result<Function, VersionError> {
        let found = self.preparation.repository.function(tenant, function).await?;
        let owner = found.ok_or(VersionError::UnknownFunction)?;
        if code.as_component().is_some() != (owner.kind == FunctionKind::Component) {
            return Err(VersionError::Kind(owner.kind.as_str()));
        }
        Ok(owner)
    }

    pub async fn get(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Version, VersionError> {
        self.preparation.repository.version(tenant, function, id).await?.ok_or(VersionError::Unknown)
    }

    pub async fn list(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Version>, VersionError> {
        let repository = &self.preparation.repository;
        repository.function(tenant, function).await?.ok_or(VersionError::UnknownFunction)?;
        Ok(repository.list_versions(tenant, function, before, limit).await?)
    }

    /// The modules as they were uploaded.
    pub async fn source(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Code, VersionError> {
        let version = self.get(tenant, function, id).await?;
        Ok(self.preparation.load(&version.digest).await?)
    }

    /// What a version changed: of another one, or of the one before it by number, or of nothing if it is the first. Says which.
    pub async fn diff(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
        base: Option<&VersionId>,
    ) -> Result<(Option<Version>, CodeDiff), VersionError> {
        let version = self.get(tenant, function, id).await?;
        let base = match base {
            Some(base) => Some(self.get(tenant, function, base).await?),
            None => {
                let before = Some(version.number);
                self.preparation.repository.list_versions(tenant, function, before, 1).await?.items.pop()
            }
        };
        // A few at a time: each takes a processor and, for as long as it lasts, some dozens of megabytes.
        let _turn = self.comparing.acquire().await.expect("it is never closed");
        let code = self.preparation.load(&version.digest).await?;
        let before = match &base {
            Some(base) => Some(self.preparation.load(&base.digest).await?),
            None => None,
        };
        let compare = move || CodeDiff::between(before.as_ref(), &code);
        let diff = tokio::task::spawn_blocking(compare).await;
        Ok((base, diff.map_err(|error| BuildError::Internal(Arc::new(error)))?))
    }

    /// The stand-alone component, which any wasi:http host can serve.
    pub async fn component(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Vec<u8>, VersionError> {
        let code = self.source(tenant, function, id).await?;
        let options = PrepareOptions { limits: self.rulebook.limits(tenant, None).await?, fresh: false };
        Ok(self.preparation.executor.export(tenant, &code, options).await?)
    }
}

/// The version of this code, without a number yet.
fn made(new: NewVersion, digest: Digest, build: &BuildReport) -> Version {
    Version {
        id: VersionId::of(&digest),
        digest,
        number: 0,
        main_module: new.code.main_module().to_owned(),
        message: new.message,
        overlay_bytes: build.overlay_bytes,
        startup_cpu_us: u64::try_from(build.startup_cpu.as_micros()).unwrap_or(u64::MAX),
        created_at: Timestamp::now(),
    }
}

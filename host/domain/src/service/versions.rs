//! Versions of a function. One is stored only after its code was built; which of them traffic reaches is decided in `aliases`, in one
//! atomic step after that: a crash anywhere leaves the old state or the new one.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::leftovers::Leftovers;
use super::preparation::{Preparation, PrepareError};
use super::rulebook::Rulebook;
use super::storage::{RECORD_BYTES, Storage, StorageError};
use super::to_the_end::to_the_end;
use crate::access::TenantScope;
use crate::code::Code;
use crate::diff::CodeDiff;
use crate::execute::{BuildError, BuildReport, Diagnostic, PrepareOptions};
use crate::function::{Function, FunctionKind, Version};
use crate::ids::{AliasName, Digest, FunctionName, VersionId};
use crate::repository::{Page, Removal, RepositoryError, WriteError};

#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    #[error("there is no such function")]
    UnknownFunction,
    #[error("there is no such version")]
    Unknown,
    #[error("the alias `{0}` names the version; send its traffic elsewhere first")]
    Named(AliasName),
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
    leftovers: Arc<Leftovers>,
    comparing: Semaphore,
}

/// Versions that are compared at one time.
const COMPARED_AT_ONCE: usize = 2;
/// Versions that are asked for in one go, and that go at most when one is made.
const LISTED_AT_ONCE: usize = 500;
const REMOVED_AT_ONCE: usize = 100;

impl Versions {
    pub(super) fn new(
        preparation: Preparation,
        rulebook: Arc<Rulebook>,
        (storage, leftovers): (Arc<Storage>, Arc<Leftovers>),
    ) -> Self {
        Self { preparation, rulebook, storage, leftovers, comparing: Semaphore::new(COMPARED_AT_ONCE) }
    }

    /// Adds a version, or finds the one of the same content. Says whether it is new. Then the oldest go that are more than are kept.
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
        if added.1
            && let Err(error) = self.remove_surplus(tenant, &owner).await
        {
            // The version is made, and the next one takes them along.
            tracing::warn!(tenant.id = %tenant.id(), function.name = %function, %error, "old versions were not removed");
        }
        Ok(added)
    }

    /// Removes a version that no alias names, also from what aliases could go back to. Its content goes within minutes where nobody else
    /// names it.
    pub async fn delete(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<(), VersionError> {
        let repository = self.preparation.repository.clone();
        repository.function(tenant, function).await?.ok_or(VersionError::UnknownFunction)?;
        let (tenant, function, id) = (tenant.clone(), function.clone(), id.clone());
        let leftovers = self.leftovers.clone();
        to_the_end(async move {
            match repository.delete_version(&tenant, &function, &id).await {
                Ok(Removal::Gone(content)) => {
                    leftovers.add([content].into());
                    Ok(())
                }
                Ok(Removal::Named(alias)) => Err(VersionError::Named(alias)),
                Err(WriteError::Exists | WriteError::Missing) => Err(VersionError::Unknown),
                Err(WriteError::Repository(error)) => Err(error.into()),
            }
        })
        .await
    }

    /// Removes what is older than as many versions as the function keeps, the oldest first, except what an alias names.
    async fn remove_surplus(&self, tenant: &TenantScope, function: &Function) -> Result<(), VersionError> {
        let repository = &self.preparation.repository;
        let Some(owner) = repository.tenant_by_id(&tenant.id()).await? else { return Ok(()) };
        let Some(kept) = self.rulebook.versions_kept(&owner, Some(function)) else { return Ok(()) };
        let (mut surplus, mut seen, mut before) = (Vec::new(), 0, None);
        loop {
            let page = repository.list_versions(tenant, &function.name, before, LISTED_AT_ONCE).await?;
            before = page.items.last().map(|version| version.number);
            for version in page.items {
                seen += 1;
                if seen > kept {
                    surplus.push(version.id);
                }
            }
            if !page.more {
                break;
            }
        }
        let mut removed = 0;
        for id in surplus.iter().rev() {
            match self.delete(tenant, &function.name, id).await {
                Ok(()) => removed += 1,
                // Somebody else may remove them at the same time.
                Err(VersionError::Named(_) | VersionError::Unknown) => {}
                Err(error) => return Err(error),
            }
            if removed == REMOVED_AT_ONCE {
                break;
            }
        }
        Ok(())
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

//! What a tenant ran and which prompts it gave: reading, starring, clearing. Prompts are a view of the same records. Running is
//! in `runs`.

use std::sync::Arc;

use jiff::Timestamp;

use super::preparation::{Preparation, PrepareError};
use super::storage::{RECORD_BYTES, Storage, StorageError};
use crate::access::TenantScope;
use crate::code::Code;
use crate::ids::{Digest, RunId};
use crate::prompt::Prompt;
use crate::repository::{Page, RepositoryError, WriteError};
use crate::run::Run;

/// Records read at a time while looking for those with a prompt.
const CHUNK: usize = 100;

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("there is no such run")]
    Unknown,
    #[error("the code `{0}` is missing from the store")]
    MissingCode(Digest),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<WriteError> for HistoryError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Exists | WriteError::Missing => Self::Unknown,
            WriteError::Repository(error) => Self::Repository(error),
        }
    }
}

pub struct History {
    preparation: Preparation,
    kept: usize,
    storage: Arc<Storage>,
}

impl History {
    pub(super) fn new(preparation: Preparation, (kept, storage): (usize, Arc<Storage>)) -> Self {
        Self { preparation, kept, storage }
    }

    /// A run with the code that it ran.
    pub async fn get(&self, tenant: &TenantScope, id: &RunId) -> Result<(Run, Option<Code>), HistoryError> {
        let run = self.preparation.repository.run(tenant, id).await?.ok_or(HistoryError::Unknown)?;
        let Some(result) = &run.result else { return Ok((run, None)) };
        match self.preparation.load(&result.code).await {
            Ok(code) => Ok((run, Some(code))),
            // The record is worth showing without it: the function it came from may have been deleted.
            Err(PrepareError::MissingCode(_)) => Ok((run, None)),
            Err(PrepareError::Repository(error)) => Err(error.into()),
            Err(PrepareError::Build(_)) => unreachable!("loading builds nothing"),
        }
    }

    /// Runs, newest first; prompts that were only saved are not among them.
    pub async fn list_runs(
        &self,
        tenant: &TenantScope,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Page<Run>, RepositoryError> {
        self.filtered(tenant, before, limit, |run| run.result.is_some() || run.prompt.is_none()).await
    }

    /// Entries that have a prompt, newest first.
    pub async fn list_prompts(
        &self,
        tenant: &TenantScope,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Page<Run>, RepositoryError> {
        self.filtered(tenant, before, limit, |run| run.prompt.is_some()).await
    }

    async fn filtered(
        &self,
        tenant: &TenantScope,
        mut before: Option<RunId>,
        limit: usize,
        wanted: impl Fn(&Run) -> bool,
    ) -> Result<Page<Run>, RepositoryError> {
        let mut items = Vec::new();
        loop {
            let page = self.preparation.repository.list_runs(tenant, before.as_ref(), CHUNK).await?;
            before = page.items.last().map(|run| run.id);
            for run in page.items.into_iter().filter(&wanted) {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                items.push(run);
            }
            if !page.more || before.is_none() {
                return Ok(Page { items, more: false });
            }
        }
    }

    /// Keeps a prompt without running it.
    pub async fn save_prompt(&self, tenant: &TenantScope, prompt: Prompt) -> Result<Run, HistoryError> {
        self.storage.take(tenant, RECORD_BYTES + prompt.as_str().len() as u64).await?;
        let run = Run {
            id: RunId::generate(),
            created_at: Timestamp::now(),
            starred: false,
            prompt: Some(prompt.into_string()),
            result: None,
        };
        self.preparation.repository.record_run(tenant, &run, self.kept).await?;
        Ok(run)
    }

    pub async fn star(&self, tenant: &TenantScope, id: &RunId, starred: bool) -> Result<Run, HistoryError> {
        Ok(self.preparation.repository.star_run(tenant, id, starred).await?)
    }

    pub async fn delete(&self, tenant: &TenantScope, id: &RunId) -> Result<(), HistoryError> {
        Ok(self.preparation.repository.delete_run(tenant, id).await?)
    }

    /// Removes everything that is not starred.
    pub async fn clear(&self, tenant: &TenantScope) -> Result<(), RepositoryError> {
        self.preparation.repository.clear_runs(tenant).await
    }

    /// Removes every entry with a prompt that is not starred; runs without one stay.
    pub async fn clear_prompts(&self, tenant: &TenantScope) -> Result<(), HistoryError> {
        let prompts = self.list_prompts(tenant, None, usize::MAX).await?;
        for run in prompts.items.iter().filter(|run| !run.starred) {
            match self.delete(tenant, &run.id).await {
                Ok(()) | Err(HistoryError::Unknown) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

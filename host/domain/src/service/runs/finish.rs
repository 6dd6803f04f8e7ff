//! A run that was started, to its end, and its record. What may be started is one level up; those that nobody waits for are in `later`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::collect::{clipped, collect};
use super::{StartedRun, Updates};
use crate::access::TenantScope;
use crate::prompt::Prompt;
use crate::repository::{Repository, RepositoryError};
use crate::run::Run;
use crate::service::storage::{RECORD_BYTES, StorageError};

/// When a record that the store did not take is tried again, of a run that nobody waits for: nothing else will tell what came of it.
const AGAIN_AFTER: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

impl StartedRun {
    /// Runs it and keeps the record. With `updates`, says what happens while it happens; a receiver that is dropped counts as a
    /// client that went away.
    pub async fn finish(mut self, updates: Option<Updates>) -> Run {
        if self.record
            && let Err(StorageError::Full(full)) = self.take_room().await
        {
            // What there is no room for is run all the same. A store that cannot be asked is told of where it does not take the record.
            self.record = false;
            self.warnings.push(format!("the run was not recorded: {full}"));
        }
        self.run(updates).await
    }

    pub(super) async fn run(self, updates: Option<Updates>) -> Run {
        let Self { id, created_at, execution, permit, mut account, warnings, prompt, record, on_record, .. } = self;
        let keeper = Keeper {
            repository: self.preparation.repository,
            tenant: self.tenant,
            code_bytes: self.code_bytes,
            kept: self.kept,
        };
        // Beside the run, not before it: writing a blob takes longer than most guests do.
        let stored = record.then(|| {
            let (repository, bytes) = (keeper.repository.clone(), keeper.code_bytes.clone());
            tokio::spawn(async move {
                match bytes {
                    Some(bytes) => repository.put_blob(bytes).await.map(drop),
                    None => Ok(()),
                }
            })
        });
        account.is_run(id);
        let ended = account.until_ended(true);
        let mut result = collect(&execution, (permit, ended), updates).await;
        // What was sent may be large, and the store slow.
        drop(execution);
        result.warnings.extend(warnings);
        let prompt = prompt.map(Prompt::into_string);
        let mut run = Run { id, created_at, starred: false, prompt, result: Some(result) };
        if let Some(stored) = stored {
            let has_blob = matches!(stored.await, Ok(Ok(())));
            let kept = if on_record {
                keeper.record_at_last(&clipped(&run), has_blob).await
            } else {
                has_blob && keeper.record(&clipped(&run)).await.is_ok()
            };
            if !kept && let Some(result) = &mut run.result {
                result.warnings.push("the run was not recorded: the store is not available".to_owned());
            }
        }
        run
    }

    pub(super) async fn take_room(&self) -> Result<(), StorageError> {
        let code = self.code_bytes.as_ref().map_or(0, Bytes::len);
        let prompt = self.prompt.as_ref().map_or(0, |prompt| prompt.as_str().len());
        let bytes = RECORD_BYTES + (code + prompt) as u64;
        self.storage.take_within(self.stored_bytes, &self.tenant, bytes).await
    }
}

/// What it takes to put a run on record.
struct Keeper {
    repository: Arc<dyn Repository>,
    tenant: TenantScope,
    code_bytes: Option<Bytes>,
    kept: usize,
}

impl Keeper {
    /// The record names the blob, so it comes second.
    async fn record(&self, run: &Run) -> Result<(), RepositoryError> {
        self.repository.record_run(&self.tenant, run, self.kept).await
    }

    /// In place of the record that it is under way, if that is still there.
    async fn record_at_last(&self, run: &Run, mut has_blob: bool) -> bool {
        let mut waits = AGAIN_AFTER.into_iter();
        while let Err(error) = self.replace(run, &mut has_blob).await {
            let Some(wait) = waits.next() else {
                tracing::warn!(tenant = %self.tenant.slug(), run = %run.id, %error, "what came of a run was not recorded");
                return false;
            };
            tokio::time::sleep(wait).await;
        }
        true
    }

    async fn replace(&self, run: &Run, has_blob: &mut bool) -> Result<(), RepositoryError> {
        if self.repository.run(&self.tenant, &run.id).await?.is_none() {
            return Ok(());
        }
        if let Some(bytes) = self.code_bytes.as_ref().filter(|_| !*has_blob) {
            self.repository.put_blob(bytes.clone()).await?;
            *has_blob = true;
        }
        self.record(run).await
    }
}

//! Acts that have begun: each is in the store before anything is changed, and goes from there in the step that writes down what came of it. What
//! is still there when a host starts was broken off with the host. Acts that begin together share one write.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;

use crate::audit::{Act, AuditEntry};
use crate::ids::{AuditId, HostId};
use crate::repository::{Repository, RepositoryError};

/// Acts in one write.
const BATCH: usize = 500;

/// An act that is in the store, and under which id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    pub id: AuditId,
    pub at: Timestamp,
}

pub(super) struct Beginnings {
    repository: Arc<dyn Repository>,
    host: HostId,
    // Held to add or take, never across an await.
    queue: Mutex<VecDeque<Waiting>>,
    // Held by whoever writes, for all that wait.
    turn: tokio::sync::Mutex<()>,
}

struct Waiting {
    entry: AuditEntry,
    written: Arc<OnceLock<Result<(), RepositoryError>>>,
}

impl Beginnings {
    pub(super) fn new(repository: Arc<dyn Repository>, host: HostId) -> Self {
        Self { repository, host, queue: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Returns once it is durable that this has begun. On an error nothing may be changed.
    pub(super) async fn begin(&self, act: Act) -> Result<Begun, RepositoryError> {
        let begun = Begun { id: AuditId::generate(), at: Timestamp::now() };
        let written = Arc::<OnceLock<_>>::default();
        let entry = AuditEntry::begun(self.host, (begun.id, begun.at, act));
        self.queue().push_back(Waiting { entry, written: written.clone() });
        let _turn = self.turn.lock().await;
        // Whoever had the turn before may have written this one too.
        while written.get().is_none() {
            let batch: Vec<Waiting> = {
                let mut queue = self.queue();
                let count = queue.len().min(BATCH);
                queue.drain(..count).collect()
            };
            let entries: Vec<AuditEntry> = batch.iter().map(|waiting| waiting.entry.clone()).collect();
            let result = self.repository.begin_audit(&entries).await;
            for waiting in batch {
                let _ = waiting.written.set(result.clone());
            }
        }
        written.get().cloned().unwrap_or(Ok(())).map(|()| begun)
    }

    /// What was begun and never came to its end.
    pub(super) async fn broken_off(&self) -> Result<Vec<AuditEntry>, RepositoryError> {
        self.repository.begun_audit(&self.host).await
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Writes on their way to the writer thread: what each does, and how its caller gets to know. They are queued in `writer` and
//! committed in `desk`.

use std::sync::Arc;

use isolet_domain::repository::{RepositoryError, WriteError};
use redb::WriteTransaction;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::failure::Trouble;
use super::ring::RunWrite;

/// What the writer thread is told.
pub(super) enum Message {
    Write(Queued),
    /// Look after the database, and say when that is done.
    Heal(oneshot::Sender<()>),
    Stop,
}

/// A write that waits.
pub(super) struct Queued {
    pub(super) job: Box<dyn Job>,
    /// The run that this is the record of: committed without a sync, and kept until the next one.
    pub(super) lazy: Option<Arc<RunWrite>>,
    pub(super) _place: OwnedSemaphorePermit,
}

/// One write of whatever result type.
pub(super) trait Job: Send {
    /// May be called again, in another transaction, when a neighbour in the batch failed.
    fn apply(&mut self, txn: &WriteTransaction) -> Verdict;
    /// Tells the caller: its own result, or why the transaction failed.
    fn settle(self: Box<Self>, committed: Result<(), &str>);
}

/// What became of a write inside the transaction.
pub(super) enum Verdict {
    Written,
    /// Refused before it changed anything.
    Refused,
    /// Failed and may have changed something: the transaction must go.
    Failed,
    Broken(redb::Error),
}

/// A write as a closure, and where its result goes.
pub(super) struct Change<T, F> {
    pub(super) apply: F,
    pub(super) result: Option<Result<T, WriteError>>,
    pub(super) reply: oneshot::Sender<Result<T, WriteError>>,
}

impl<T: Send, F: FnMut(&WriteTransaction) -> Result<T, Trouble> + Send> Job for Change<T, F> {
    fn apply(&mut self, txn: &WriteTransaction) -> Verdict {
        self.result = None;
        let (result, verdict) = match (self.apply)(txn) {
            Ok(value) => (Ok(value), Verdict::Written),
            Err(Trouble::Answer(answer @ (WriteError::Exists | WriteError::Missing))) => {
                (Err(answer), Verdict::Refused)
            }
            Err(Trouble::Answer(answer)) => (Err(answer), Verdict::Failed),
            Err(Trouble::Database(err)) => return Verdict::Broken(err),
        };
        self.result = Some(result);
        verdict
    }

    fn settle(self: Box<Self>, committed: Result<(), &str>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(unavailable("the write panicked").into()),
            // Also when it was refused: what it was refused for may have been a neighbour that is not there now.
            (Err(why), _) => Err(unavailable(why).into()),
        };
        // A caller that went away needs no answer.
        let _ = self.reply.send(result);
    }
}

pub(super) fn unavailable(why: &str) -> RepositoryError {
    RepositoryError::Unavailable(why.to_owned())
}

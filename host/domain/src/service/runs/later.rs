//! Runs that nobody waits for: on record while they are under way, and with what came of them afterwards. How a run goes is one level up.

use std::sync::Arc;

use tokio::sync::watch;

use super::error::{RunError, outcome};
use super::{Runs, StartedRun};
use crate::ids::RunId;
use crate::run::Run;

/// How many there are on this host, so that a host that stops can wait for them.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<watch::Sender<usize>>);

/// One of them, until it is dropped.
struct One(UnderWay);

impl UnderWay {
    fn enter(&self) -> One {
        self.0.send_modify(|count| *count += 1);
        One(self.clone())
    }

    pub(super) async fn none(&self) {
        // Its sender is there for as long as `self` is.
        drop(self.0.subscribe().wait_for(|count| *count == 0).await);
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

impl Runs {
    /// Comes back when none is under way that nobody waits for.
    pub async fn ended(&self) {
        self.under_way.none().await;
    }
}

impl StartedRun {
    /// Whether anything will be left of it to look at.
    pub const fn is_recorded(&self) -> bool {
        self.record
    }

    /// Has it on record that the run is under way, and lets it run. Its record says what came of it as soon as it is over; one that was
    /// removed meanwhile does not come back.
    pub async fn later(mut self) -> Result<RunId, RunError> {
        let id = self.id;
        if let Err(error) = self.note().await {
            self.account.close(outcome(&error));
            return Err(error);
        }
        self.on_record = true;
        let one = self.under_way.enter();
        tokio::spawn(async move {
            self.run(None).await;
            drop(one);
        });
        Ok(id)
    }

    async fn note(&self) -> Result<(), RunError> {
        self.take_room().await?;
        // Without its prompt, which would make it one that was saved and not run.
        let run = Run { id: self.id, created_at: self.created_at, starred: false, prompt: None, result: None };
        Ok(self.preparation.repository.record_run(&self.tenant, &run, self.kept).await?)
    }
}

//! Runs that nobody waits for: on record while they are under way, and with what came of them afterwards. How a run goes is one level up.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::error::{RunError, outcome};
use super::{Runs, StartedRun};
use crate::ids::{RunId, TenantId};
use crate::run::Run;
use crate::service::to_the_end::to_the_end;

/// How many there are of each tenant on this host, so that a host that stops can wait for them.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<watch::Sender<HashMap<TenantId, usize>>>);

/// The place of one of them, until it is dropped.
pub struct Unattended {
    under_way: UnderWay,
    tenant: TenantId,
}

impl UnderWay {
    /// One more, if there are fewer than so many.
    fn enter(&self, tenant: TenantId, at_most: usize) -> Option<Unattended> {
        let entered = self.0.send_if_modified(|counts| {
            let is_room = counts.get(&tenant).copied().unwrap_or_default() < at_most;
            if is_room {
                *counts.entry(tenant).or_default() += 1;
            }
            is_room
        });
        entered.then(|| Unattended { under_way: self.clone(), tenant })
    }

    pub(super) async fn none(&self) {
        // Its sender is there for as long as `self` is.
        drop(self.0.subscribe().wait_for(HashMap::is_empty).await);
    }
}

impl Drop for Unattended {
    fn drop(&mut self) {
        self.under_way.0.send_modify(|counts| {
            if let Some(count) = counts.get_mut(&self.tenant) {
                *count -= 1;
            }
            counts.retain(|_, count| *count > 0);
        });
    }
}

impl Runs {
    /// Comes back when none is under way that nobody waits for.
    pub async fn ended(&self) {
        self.under_way.none().await;
    }
}

impl StartedRun {
    /// A place among those that nobody waits for; none where nothing would be left to look at: without a record, or with as many under way
    /// as the record keeps, where they would push each other out.
    pub fn unattended(&self) -> Option<Unattended> {
        self.record.then(|| self.under_way.enter(self.tenant.id(), self.kept)).flatten()
    }

    /// Has it on record that the run is under way, and lets it run. Its record says what came of it as soon as it is over; one that was
    /// removed meanwhile does not come back.
    pub async fn later(self, place: Unattended) -> Result<RunId, RunError> {
        // What is on record as under way runs, also when the caller goes away.
        to_the_end(self.begin(place)).await
    }

    async fn begin(mut self, place: Unattended) -> Result<RunId, RunError> {
        let id = self.id;
        if let Err(error) = self.note().await {
            // It may be there all the same, where the store was slow to say so.
            drop(self.preparation.repository.delete_run(&self.tenant, &id).await);
            self.account.close(outcome(&error));
            return Err(error);
        }
        self.on_record = true;
        tokio::spawn(async move {
            self.run(None).await;
            drop(place);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_gets_no_place_leaves_nothing_to_wait_for() {
        let (under_way, tenant) = (UnderWay::default(), TenantId::generate());
        let ended = || tokio::time::timeout(std::time::Duration::from_secs(1), under_way.none());
        assert!(under_way.enter(tenant, 0).is_none());
        ended().await.expect("none is under way");
        let place = under_way.enter(tenant, 1).expect("there is a place");
        assert!(under_way.enter(tenant, 1).is_none() && under_way.enter(TenantId::generate(), 1).is_some());
        ended().await.expect_err("one is under way");
        drop(place);
        ended().await.expect("none is under way");
    }
}

//! Places in flight: how many there are, who may wait for one, and those that are about to be given back. Whose they are is `admission`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Whoever leaves is gone in a fraction of this, unless the cores are busy.
const MOMENT: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub struct Places {
    /// First come, first served: tokio's semaphore is fair.
    free: Arc<Semaphore>,
    waiting: AtomicU32,
    leaving: Arc<AtomicU32>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    // Given back before it no longer counts as left.
    _permit: OwnedSemaphorePermit,
    leaving: Leaving,
}

#[derive(Debug)]
struct Leaving {
    of_all: Arc<AtomicU32>,
    this: AtomicBool,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if *self.this.get_mut() {
            self.of_all.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Place {
    /// It is given back in a moment, and who had it may ask for one before: that one waits, whether there is a queue or not.
    pub fn leave(&self) {
        if !self.leaving.this.swap(true, Ordering::AcqRel) {
            self.leaving.of_all.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// Leaves the queue, also when the caller goes away while waiting.
struct Waiting<'l>(&'l Places);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Places {
    pub fn new(many: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(many as usize)), waiting: AtomicU32::new(0), leaving: Arc::default() }
    }

    /// How many nobody has.
    pub fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// A place; where there is none, one of the next, if fewer than so many wait already, and for no longer than so long. Whoever waited says for
    /// how long.
    pub async fn enter(&self, queue: u32, queue_wait: Duration, waited: impl FnOnce(Duration)) -> Option<Place> {
        // Before looking for a free one: who is gone by then has given it back.
        let leaving = self.leaving.load(Ordering::Acquire);
        let permit = match self.free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.queue(queue.saturating_add(leaving), queue_wait.max(moment(leaving)), waited).await?,
        };
        Some(Place { _permit: permit, leaving: Leaving { of_all: self.leaving.clone(), this: AtomicBool::new(false) } })
    }

    async fn queue(
        &self,
        queue: u32,
        queue_wait: Duration,
        waited: impl FnOnce(Duration),
    ) -> Option<OwnedSemaphorePermit> {
        let waiting = self.waiting.fetch_add(1, Ordering::AcqRel);
        let _waiting = Waiting(self);
        if waiting >= queue {
            return None;
        }
        let began = Instant::now();
        let permit = tokio::time::timeout(queue_wait, self.free.clone().acquire_owned()).await;
        waited(began.elapsed());
        Some(permit.ok()?.expect("it is never closed"))
    }
}

const fn moment(leaving: u32) -> Duration {
    if leaving > 0 { MOMENT } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_was_answered_finds_a_place_again_without_a_queue() {
        let places = Arc::new(Places::new(1));
        let enter = |places: Arc<Places>| async move { places.enter(0, Duration::ZERO, |_| ()).await };
        let first = enter(places.clone()).await.expect("there is a place");
        assert!(enter(places.clone()).await.is_none(), "the first has not been answered");
        first.leave();
        first.leave();
        let next = tokio::spawn(enter(places.clone()));
        tokio::task::yield_now().await;
        assert!(enter(places.clone()).await.is_none(), "more wait than leave");
        drop(first);
        let next = next.await.expect("no panic").expect("the first's place");
        assert!(enter(places.clone()).await.is_none(), "nobody leaves");
        // One that does not go after all is not waited for without end.
        next.leave();
        assert!(enter(places.clone()).await.is_none(), "it is still there");
        drop(next);
        assert!(enter(places.clone()).await.is_some() && places.free() == 1);
    }
}

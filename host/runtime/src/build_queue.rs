//! Who builds when: places for builds, at most one for each tenant, given out in the order they were asked for. What a build does is in
//! `compile`, what it runs on in `build_threads`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use isolet_domain::execute::BuildError;
use isolet_domain::ids::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for builds. A tenant holds at most one of them while others wait, and may have only so many waiting.
pub struct BuildQueue {
    places: Arc<Semaphore>,
    tenants: Mutex<HashMap<TenantId, Arc<Lane>>>,
    max_waiting: usize,
}

struct Lane {
    turn: Semaphore,
    waiting: AtomicUsize,
}

/// A place in the queue, given back when dropped.
pub struct Place {
    lane: Arc<Lane>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lane.turn.add_permits(1);
    }
}

impl BuildQueue {
    pub fn new(places: usize, max_waiting: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places.max(1))), tenants: Mutex::default(), max_waiting }
    }

    pub async fn enter(&self, tenant: TenantId) -> Result<Place, BuildError> {
        struct Waiting<'a>(&'a Lane);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.waiting.fetch_sub(1, SeqCst);
            }
        }
        let lane = self.lane(tenant);
        if lane.waiting.fetch_add(1, SeqCst) >= self.max_waiting {
            lane.waiting.fetch_sub(1, SeqCst);
            return Err(BuildError::Overloaded { retry_after: Duration::from_secs(1) });
        }
        let waiting = Waiting(&lane);
        let turn = lane.turn.acquire().await.expect("the lane is never closed");
        // First in, first out: with one turn per tenant that is one tenant after the other.
        let place = self.places.clone().acquire_owned().await.expect("the queue is never closed");
        turn.forget();
        drop(waiting);
        Ok(Place { lane, _place: place })
    }

    fn lane(&self, tenant: TenantId) -> Arc<Lane> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        // Lanes nobody is in are dropped before the map could grow with the number of tenants.
        if tenants.len() > 1_024 {
            tenants.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        let lane = tenants
            .entry(tenant)
            .or_insert_with(|| Arc::new(Lane { turn: Semaphore::new(1), waiting: AtomicUsize::new(0) }));
        lane.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// What becomes of a future that is looked at once.
    fn now<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    fn tenant(number: u128) -> TenantId {
        TenantId::from_bytes(number.to_be_bytes())
    }

    #[test]
    fn a_tenant_takes_one_place_and_leaves_the_others_to_others() {
        let queue = BuildQueue::new(2, 10);
        let first = now(pin!(queue.enter(tenant(1)))).expect("there is a place").expect("and no overload");
        let mut second = pin!(queue.enter(tenant(1)));
        assert!(now(second.as_mut()).is_none(), "one at a time for one tenant");
        let other = now(pin!(queue.enter(tenant(2)))).expect("the other place is free").expect("and no overload");
        let mut third = pin!(queue.enter(tenant(3)));
        assert!(now(third.as_mut()).is_none(), "both places are taken");
        drop(other);
        let third = now(third).expect("it is the third tenant's turn").expect("and no overload");
        assert!(now(second.as_mut()).is_none(), "the first tenant still has its place");
        drop(first);
        assert!(now(second).expect("it is the second build's turn").is_ok());
        drop(third);
    }

    #[test]
    fn tenants_take_turns_however_much_one_of_them_asks_for() {
        let queue = BuildQueue::new(1, 100);
        let running = now(pin!(queue.enter(tenant(1)))).expect("a place").expect("no overload");
        let mut flood: Vec<_> = (0..50).map(|_| Box::pin(queue.enter(tenant(1)))).collect();
        for waiting in &mut flood {
            assert!(now(waiting.as_mut()).is_none());
        }
        let mut quiet = pin!(queue.enter(tenant(2)));
        assert!(now(quiet.as_mut()).is_none());
        drop(running);
        assert!(
            flood.iter_mut().all(|waiting| now(waiting.as_mut()).is_none()),
            "the flood's next one is behind the quiet tenant"
        );
        assert!(now(quiet).is_some());
    }

    #[test]
    fn who_asks_for_too_much_is_told_so_and_who_gives_up_leaves_no_trace() {
        let queue = BuildQueue::new(1, 2);
        let running = now(pin!(queue.enter(tenant(1)))).expect("a place").expect("no overload");
        {
            let (mut second, mut third) = (Box::pin(queue.enter(tenant(1))), Box::pin(queue.enter(tenant(1))));
            assert!(now(second.as_mut()).is_none() && now(third.as_mut()).is_none());
            let refused = now(pin!(queue.enter(tenant(1)))).expect("refused at once");
            assert!(matches!(refused, Err(BuildError::Overloaded { .. })));
            let mut other = Box::pin(queue.enter(tenant(2)));
            assert!(now(other.as_mut()).is_none(), "another tenant may still wait");
        }
        drop(running);
        assert!(now(pin!(queue.enter(tenant(1)))).expect("nobody is before it").is_ok());
    }
}

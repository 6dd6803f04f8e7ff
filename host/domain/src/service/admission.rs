//! Who may come in now: a tenant's invocations in flight, its short queue and its rate. What an invocation may then consume is
//! in `limits`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::budgets::{Account, Spent};
use super::counters::{Counters, InFlight};
use super::eviction::Presence;
use super::places::{Place, Places};
use crate::execute::{self, Report};
use crate::ids::TenantId;
use crate::limits::{Admission, Budgets, Limits};
use crate::outcome::Outcome;
use crate::repository::{RateCharge, Repository, RepositoryError};

/// Lanes kept before those that nobody uses are dropped.
const MAX_IDLE_LANES: usize = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    #[error("the tenant sends more requests than its rate allows")]
    RateLimited { retry_after: Duration, per_second: u32 },
    #[error("too many requests are in flight")]
    Overloaded { retry_after: Duration },
    #[error("the tenant has used up its {} of a minute, {}", .0.budget.as_str(), .0.quota)]
    BudgetSpent(Spent),
}

impl NotAdmitted {
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::RateLimited { .. } => Outcome::RateLimited,
            Self::Overloaded { .. } => Outcome::Overloaded,
            Self::BudgetSpent(_) => Outcome::QuotaExceeded,
        }
    }

    pub fn retry_after(&self) -> Duration {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Overloaded { retry_after } => *retry_after,
            Self::BudgetSpent(spent) => spent.retry_after,
        }
    }
}

/// How a tenant stands with its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub per_second: u32,
    /// Requests that would be let in at once.
    pub left: u32,
    /// When there will be as many as there can be.
    pub full_after: Duration,
}

/// A place in flight, given back when dropped. It must outlive the guest's instance.
pub struct Permit {
    place: Place,
    place_in_all: Place,
    _in_flight: InFlight,
    account: Arc<Account>,
    presence: Arc<Presence>,
    budgets: Budgets,
}

impl Permit {
    /// The limits of the invocation that has this place.
    pub fn within(&self, limits: Limits) -> Limits {
        self.account.within(&self.budgets, limits)
    }
}

impl execute::Place for Permit {
    fn pay(&self, report: &Report) {
        self.account.pay(&self.budgets, report);
    }

    fn answered(&self) {
        self.place.leave();
        self.place_in_all.leave();
    }

    fn must_end(&self) -> bool {
        self.presence.must_end()
    }
}

pub struct Admissions {
    counters: Arc<Counters>,
    /// Places of all tenants together: no more than there are instances to be had.
    all: Places,
    // Held to find or make a lane, never across an await.
    lanes: Mutex<HashMap<TenantId, Arc<Lane>>>,
}

struct Lane {
    width: u32,
    places: Places,
    bucket: Mutex<Bucket>,
    /// Let in since the hosts' common bucket was charged last, and at which rate.
    uncharged: AtomicU32,
    per_second: AtomicU32,
    account: Arc<Account>,
    presence: Arc<Presence>,
}

/// The generic cell rate algorithm (ITU-T I.371): one instant instead of a counter and a timer.
struct Bucket {
    /// When the bucket will be full again.
    full_at: Instant,
}

impl Bucket {
    /// Takes one token, or says how long until there is one.
    fn take(&mut self, now: Instant, rate_per_second: u32) -> Result<(), Duration> {
        let interval = Duration::from_secs(1) / rate_per_second.max(1);
        let burst = interval * rate_per_second.max(1);
        let full_at = self.full_at.max(now) + interval;
        match full_at.duration_since(now).checked_sub(burst) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.full_at = full_at;
                Ok(())
            }
        }
    }
}

impl Bucket {
    fn standing(&self, now: Instant, rate_per_second: u32) -> Standing {
        let per_second = rate_per_second.max(1);
        let interval = Duration::from_secs(1) / per_second;
        let full_after = self.full_at.saturating_duration_since(now);
        let taken = full_after.as_nanos().div_ceil(interval.as_nanos().max(1));
        let left = per_second.saturating_sub(taken.try_into().unwrap_or(u32::MAX));
        Standing { per_second, left, full_after }
    }
}

impl Admissions {
    pub(super) fn new(concurrency_of_all: u32, counters: Arc<Counters>) -> Self {
        let all = Places::new(concurrency_of_all);
        Self { counters, all, lanes: Mutex::default() }
    }

    /// A place for one invocation of this tenant, perhaps after a short wait.
    pub async fn enter(&self, tenant: TenantId, admission: &Admission) -> Result<Permit, NotAdmitted> {
        let lane = self.lane(tenant, admission);
        let per_second = admission.rate_per_second;
        let taken = lane.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now(), per_second);
        taken.map_err(|retry_after| NotAdmitted::RateLimited { retry_after, per_second })?;
        lane.uncharged.fetch_add(1, Ordering::AcqRel);
        lane.per_second.store(per_second, Ordering::Release);
        lane.account.check(&admission.budgets).map_err(NotAdmitted::BudgetSpent)?;
        let full = |retry_after| NotAdmitted::Overloaded { retry_after };
        let waited = |took| self.counters.queue_waits.count(took);
        let place = lane.places.enter(admission.queue, admission.queue_wait, waited).await;
        let place = place.ok_or(full(admission.queue_wait.max(Duration::from_millis(1))))?;
        // Who waited for a place of its tenant's does not wait again: a full host says so.
        let place_in_all = self.all.enter(0, Duration::ZERO, waited).await.ok_or(full(Duration::from_secs(1)))?;
        lane.presence.welcome();
        Ok(Permit {
            place,
            place_in_all,
            _in_flight: self.counters.enter(),
            account: lane.account.clone(),
            presence: lane.presence.clone(),
            budgets: admission.budgets,
        })
    }

    /// Charges the bucket that all hosts share with what was let in here since, and takes over how full it is. Between two times a host goes
    /// by what it knows: nobody waits for this, and what the fleet lets in too much meanwhile it lets in less after. Says whether there are
    /// other hosts.
    pub(super) async fn share_rates(&self, repository: &Arc<dyn Repository>) -> Result<bool, RepositoryError> {
        let (mut lanes, mut charges) = (Vec::new(), Vec::new());
        for (tenant, lane) in self.lanes.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let count = lane.uncharged.swap(0, Ordering::AcqRel);
            if count > 0 {
                charges.push(RateCharge {
                    tenant: *tenant,
                    per_second: lane.per_second.load(Ordering::Acquire),
                    count,
                });
                lanes.push(lane.clone());
            }
        }
        match repository.charge_rates(&charges).await {
            Ok(Some(full_after)) => {
                for ((lane, charge), full_after) in lanes.iter().zip(&charges).zip(full_after) {
                    let mut bucket = lane.bucket.lock().unwrap_or_else(PoisonError::into_inner);
                    let meanwhile = charge.interval() * lane.uncharged.load(Ordering::Acquire);
                    bucket.full_at = Instant::now() + full_after + meanwhile;
                }
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) => {
                for (lane, charge) in lanes.iter().zip(&charges) {
                    // While nobody can be told, no more than a second's worth is remembered.
                    let count = charge.count.min(charge.per_second);
                    lane.uncharged.fetch_add(count, Ordering::AcqRel);
                }
                Err(error)
            }
        }
    }

    pub(super) fn present(&self) -> Vec<Arc<Presence>> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.values().map(|lane| lane.presence.clone()).collect()
    }

    pub fn standing(&self, tenant: TenantId, admission: &Admission) -> Standing {
        let lane = self.lane(tenant, admission);
        let bucket = lane.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.standing(Instant::now(), admission.rate_per_second)
    }

    /// The tenant's lane. One whose width has changed is left to those who are in it, and a new one begun.
    fn lane(&self, tenant: TenantId, admission: &Admission) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= MAX_IDLE_LANES && !lanes.contains_key(&tenant) {
            let now = Instant::now();
            lanes.retain(|_, lane| !lane.is_idle(now));
        }
        let new = || Arc::new(Lane::new(admission.concurrency, Arc::default(), Arc::new(Presence::of(tenant))));
        let lane = lanes.entry(tenant).or_insert_with(new);
        if lane.width != admission.concurrency {
            // What was used stays used.
            *lane = Arc::new(Lane::new(admission.concurrency, lane.account.clone(), lane.presence.clone()));
        }
        lane.clone()
    }
}

impl Lane {
    fn new(width: u32, account: Arc<Account>, presence: Arc<Presence>) -> Self {
        Self {
            width,
            places: Places::new(width),
            bucket: Mutex::new(Bucket { full_at: Instant::now() }),
            uncharged: AtomicU32::new(0),
            per_second: AtomicU32::new(0),
            account,
            presence,
        }
    }

    /// Whether forgetting this lane changes nothing: nobody in it, its bucket full, and nobody about to enter it.
    fn is_idle(self: &Arc<Self>, now: Instant) -> bool {
        Arc::strong_count(self) == 1
            && self.places.free() == self.width as usize
            && Arc::strong_count(&self.presence) == 1
            && self.account.is_clear()
            && self.bucket.lock().unwrap_or_else(PoisonError::into_inner).full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantId {
        TenantId::generate()
    }

    fn admissions() -> Admissions {
        Admissions::new(3, Arc::default())
    }

    const fn admission(concurrency: u32, queue: u32, rate_per_second: u32) -> Admission {
        let queue_wait = Duration::from_secs(1);
        Admission {
            concurrency,
            concurrency_of_all: 3,
            queue,
            queue_wait,
            rate_per_second,
            budgets: Budgets::NONE,
            stored_bytes: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_given_back_and_the_queue_is_bounded() {
        const RULES: Admission = admission(1, 1, 1_000);
        let admissions = Arc::new(admissions());
        let tenant = tenant();
        let first = admissions.enter(tenant, &RULES).await.expect("there is a place");
        let queued = tokio::spawn({
            let (admissions, tenant) = (admissions.clone(), tenant);
            async move { admissions.enter(tenant, &RULES).await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert!(matches!(admissions.enter(tenant, &RULES).await, Err(NotAdmitted::Overloaded { .. })));
        // Another tenant is not concerned.
        assert!(admissions.enter(self::tenant(), &RULES).await.is_ok());
        drop(first);
        assert!(queued.await.expect("no panic").is_ok());
        assert!(admissions.enter(tenant, &RULES).await.is_ok());
        assert_eq!(admissions.counters.in_flight(), 0);
    }

    #[tokio::test]
    async fn all_tenants_together_have_no_more_places_than_the_host() {
        const RULES: Admission = admission(2, 1, 1_000);
        let admissions = admissions();
        let mut inside = Vec::new();
        for tenant in [tenant(), tenant(), tenant()] {
            inside.push(admissions.enter(tenant, &RULES).await.expect("there is a place"));
        }
        assert!(matches!(admissions.enter(tenant(), &RULES).await, Err(NotAdmitted::Overloaded { .. })));
        inside.pop();
        assert!(admissions.enter(tenant(), &RULES).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_in_the_queue_ends() {
        const RULES: Admission = admission(1, 1, 1_000);
        let admissions = admissions();
        let tenant = tenant();
        let _first = admissions.enter(tenant, &RULES).await.expect("there is a place");
        // Whose wait ended has left the queue to the next.
        for _ in 0..2 {
            let began = Instant::now();
            assert!(matches!(admissions.enter(tenant, &RULES).await, Err(NotAdmitted::Overloaded { .. })));
            assert_eq!(began.elapsed().as_secs(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_allows_a_burst_of_a_second_and_then_its_pace() {
        const RULES: Admission = admission(100, 0, 10);
        let admissions = admissions();
        let tenant = tenant();
        for _ in 0..10 {
            assert!(admissions.enter(tenant, &RULES).await.is_ok());
        }
        let Err(NotAdmitted::RateLimited { retry_after, .. }) = admissions.enter(tenant, &RULES).await else {
            panic!("admitted")
        };
        assert_eq!(retry_after, Duration::from_millis(100));
        let standing = Standing { per_second: 10, left: 0, full_after: Duration::from_secs(1) };
        assert_eq!(admissions.standing(tenant, &RULES), standing);
        tokio::time::advance(retry_after).await;
        assert_eq!(admissions.standing(tenant, &RULES).left, 1);
        assert_eq!(admissions.standing(self::tenant(), &RULES).left, 10);
        assert!(admissions.enter(tenant, &RULES).await.is_ok());
        assert!(admissions.enter(tenant, &RULES).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_keep_one_rate_together() {
        const RULES: Admission = admission(1_000, 0, 100);
        let store = Arc::new(crate::fakes::MemoryStore::new());
        let repository: Arc<dyn Repository> = store.clone();
        let hosts = [admissions(), admissions(), admissions()];
        let tenant = tenant();
        let mut inside = 0;
        for tick in 0..200 {
            for host in &hosts {
                // Twice the rate at each, from the beginning.
                for _ in 0..10 {
                    inside += u32::from(host.enter(tenant, &RULES).await.is_ok());
                }
            }
            // While the store is gone each host goes by what it knew.
            store.set_available(!(50..60).contains(&tick));
            for host in &hosts {
                let shared = host.share_rates(&repository).await;
                assert!(shared.unwrap_or(true));
            }
            tokio::time::advance(Duration::from_millis(50)).await;
        }
        // Ten seconds at the rate, a burst, and what was let in before the others were heard of.
        assert!((950..1_500).contains(&inside), "{inside}");
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(hosts[0].enter(tenant, &RULES).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn idle_lanes_do_not_pile_up() {
        const RULES: Admission = admission(4, 4, 100);
        let admissions = admissions();
        for _ in 0..10_000 {
            drop(admissions.enter(tenant(), &RULES).await);
            tokio::time::advance(Duration::from_millis(11)).await;
        }
        assert!(admissions.lanes.lock().expect("not poisoned").len() <= MAX_IDLE_LANES);
    }

    #[tokio::test(start_paused = true)]
    async fn each_tenant_has_its_own_width_and_a_change_counts_for_the_next() {
        let admissions = admissions();
        let (wide, narrow) = (admission(3, 0, 1_000), admission(1, 0, 1_000));
        let tenant = tenant();
        let held = admissions.enter(tenant, &narrow).await.expect("there is a place");
        assert!(matches!(admissions.enter(tenant, &narrow).await, Err(NotAdmitted::Overloaded { .. })));
        let other = admissions.enter(self::tenant(), &wide).await.expect("another's lane");
        let more = admissions.enter(tenant, &wide).await.expect("it was widened");
        drop((held, more));
        assert!(admissions.enter(tenant, &narrow).await.is_ok());
        drop(other);
        assert_eq!(admissions.counters.in_flight(), 0);
    }
}

//! Tenants' series and usage: what executions came to, in windows, kept in the store and read from there. A host writes its own part of
//! each window, whole and under its own name: one that is written twice counts once, and those of several hosts add up. A host that is
//! killed loses what it counted since the last flush.
//!
//! Windows of usage close a while after their end and never change then. What a host still has for one that closed meanwhile, because
//! the store was away, is counted in the window that is open: late, and not lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::series_buffer::SeriesBuffer;
use crate::access::TenantScope;
use crate::ids::TenantId;
use crate::repository::{Repository, RepositoryError};
use crate::series::{Keeping, Place, Recorded, Step, Tallies, Writer, merge};

/// How often counts should be sent.
pub const FLUSH_EVERY: Duration = Duration::from_secs(10);
/// Parts that are sent at a time.
const SENT_AT_ONCE: usize = 64;
/// Seconds after the end of a window at which its usage is closed.
pub const CLOSES_AFTER: i64 = 300;
/// Seconds that a part is held after the end of its window, for what is counted late.
const HELD_AFTER: i64 = 60;

/// How long series are kept, in seconds, and usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityRules {
    pub ten_seconds: i64,
    pub minutes: i64,
    pub hours: i64,
    pub usage: i64,
}

const DAY: i64 = 24 * 3_600;

impl ActivityRules {
    pub const DEFAULT: Self = Self { ten_seconds: 3_600, minutes: DAY, hours: 35 * DAY, usage: 400 * DAY };

    pub fn kept(&self, step: Step) -> i64 {
        match step {
            Step::TenSeconds => self.ten_seconds,
            Step::Minute => self.minutes,
            Step::Hour => self.hours,
            Step::Quarter => self.usage,
        }
    }

    fn keeping(&self, step: Step) -> Keeping {
        Keeping { kept: self.kept(step), closes_after: (step == Step::Quarter).then_some(CLOSES_AFTER) }
    }
}

pub struct Activity {
    repository: Arc<dyn Repository>,
    buffer: Arc<SeriesBuffer>,
    rules: ActivityRules,
    writer: Writer,
    /// Parts of windows that may still grow, and those that the store has not taken. Held by whoever is flushing.
    held: tokio::sync::Mutex<HashMap<TenantId, Held>>,
}

struct Held {
    scope: Arc<TenantScope>,
    parts: BTreeMap<(Step, i64), Part>,
}

#[derive(Default)]
struct Part {
    tallies: Arc<Tallies>,
    /// Whether the store does not have it like this.
    changed: bool,
}

impl Held {
    /// Adds to each step's window; to the one that is open, where its own has been let go.
    fn add(&mut self, window: i64, tallies: &Tallies, now: i64) {
        for step in Step::ALL {
            let own = step.window(window);
            let gone = own + step.seconds() + HELD_AFTER <= now && !self.parts.contains_key(&(step, own));
            self.add_to(step, if gone { step.window(now) } else { own }, tallies);
        }
    }

    fn add_to(&mut self, step: Step, start: i64, tallies: &Tallies) {
        let part = self.parts.entry((step, start)).or_default();
        merge(Arc::make_mut(&mut part.tallies), tallies, step != Step::Quarter);
        part.changed = true;
    }
}

impl Activity {
    pub(super) fn new(repository: Arc<dyn Repository>, buffer: Arc<SeriesBuffer>, rules: ActivityRules) -> Self {
        let writer = Writer(uuid::Uuid::now_v7().into_bytes());
        Self { repository, buffer, rules, writer, held: tokio::sync::Mutex::default() }
    }

    pub fn rules(&self) -> &ActivityRules {
        &self.rules
    }

    /// Sends what was counted. What the store does not take is tried again the next time.
    ///
    /// # Errors
    /// The last of the store's, when there were any.
    pub async fn flush(&self) -> Result<(), RepositoryError> {
        self.flush_at(Timestamp::now().as_second()).await
    }

    async fn flush_at(&self, now: i64) -> Result<(), RepositoryError> {
        let mut held = self.held.lock().await;
        for counted in self.buffer.take() {
            let of = held.entry(counted.scope.id());
            let of = of.or_insert_with(|| Held { scope: counted.scope.clone(), parts: BTreeMap::new() });
            counted.windows.iter().for_each(|(window, tallies)| of.add(*window, tallies, now));
        }
        let mut changed = Vec::new();
        for of in held.values() {
            for ((step, start), part) in of.parts.iter().filter(|(_, part)| part.changed) {
                changed.push((of.scope.clone(), *step, *start, part.tallies.clone()));
            }
        }
        let failure = self.send(changed, now, &mut held).await;
        held.retain(|_, of| {
            of.parts.retain(|(step, start), part| {
                let end = start + step.seconds();
                // Usage waits for the store however long it takes; series are not worth more than they would be kept.
                let lapsed = *step != Step::Quarter && end + self.rules.kept(*step) <= now;
                !(lapsed || (!part.changed && end + HELD_AFTER <= now))
            });
            !of.parts.is_empty()
        });
        failure.map_or(Ok(()), Err)
    }

    async fn send(
        &self,
        changed: Vec<(Arc<TenantScope>, Step, i64, Arc<Tallies>)>,
        now: i64,
        held: &mut HashMap<TenantId, Held>,
    ) -> Option<RepositoryError> {
        let mut failure = None;
        let mut changed = changed.into_iter().peekable();
        while changed.peek().is_some() {
            let mut sending = JoinSet::new();
            for (scope, step, start, tallies) in changed.by_ref().take(SENT_AT_ONCE) {
                let place = Place { step, start, writer: self.writer };
                let (repository, keeping) = (self.repository.clone(), self.rules.keeping(step));
                sending.spawn(async move {
                    let sent = repository.put_tallies(&scope, &place, &tallies, keeping).await;
                    (scope.id(), place, tallies, sent)
                });
            }
            let mut any = false;
            while let Some(sent) = sending.join_next().await {
                let Ok((tenant, place, tallies, sent)) = sent else { continue };
                let Some(of) = held.get_mut(&tenant) else { continue };
                match sent {
                    Ok(Recorded::Kept) => {
                        any = true;
                        if let Some(part) = of.parts.get_mut(&(place.step, place.start)) {
                            part.changed = false;
                        }
                    }
                    Ok(Recorded::Closed(known)) => {
                        any = true;
                        let open = place.step.window(now);
                        // With a clock that is far behind the store's it may be the same one: then it waits for the next.
                        if open != place.start {
                            of.parts.remove(&(place.step, place.start));
                            let late = rest(&tallies, &known);
                            if !late.is_empty() {
                                of.add_to(place.step, open, &late);
                            }
                        }
                    }
                    Err(error) => failure = Some(error),
                }
            }
            if !any {
                // It takes nothing just now: the others need not find that out one by one.
                break;
            }
        }
        failure
    }

    /// What a tenant's executions came to, by window: the parts of all hosts together.
    pub async fn windows(
        &self,
        tenant: &TenantScope,
        step: Step,
        between: (i64, i64),
    ) -> Result<BTreeMap<i64, Tallies>, RepositoryError> {
        let mut windows: BTreeMap<i64, Tallies> = BTreeMap::new();
        for (place, tallies) in self.repository.tallies(tenant, step, between).await? {
            merge(windows.entry(place.start).or_default(), &tallies, true);
        }
        Ok(windows)
    }
}

/// What was counted and is not in what the store has.
fn rest(counted: &Tallies, known: &Tallies) -> Tallies {
    let of = |(function, tally): (&_, &crate::series::Tally)| {
        let rest = known.get(function).map_or_else(|| tally.clone(), |known| tally.since(known));
        (rest.requests > 0).then(|| (Clone::clone(function), rest))
    };
    counted.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::MemoryStore;
    use crate::ids::{FunctionName, TenantSlug};
    use crate::outcome::Outcome;
    use crate::repository::TenantRepository as _;
    use crate::series::Execution;
    use crate::tenant::Tenant;

    struct Bench {
        store: Arc<MemoryStore>,
        scope: Arc<TenantScope>,
        now: i64,
    }

    /// One host over a store that others may share.
    fn host(bench: &Bench) -> Activity {
        Activity::new(bench.store.clone(), Arc::default(), ActivityRules::DEFAULT)
    }

    async fn bench() -> Bench {
        let store = Arc::new(MemoryStore::new());
        let tenant = Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::now());
        store.create_tenant(&tenant).await.expect("created");
        // In the middle of a window of usage, so that no test meets its edge.
        let now = Step::Quarter.window(Timestamp::now().as_second()) + 450;
        Bench { store, scope: Arc::new(TenantScope::of_route(&tenant)), now }
    }

    fn count(activity: &Activity, bench: &Bench, second: i64, times: u64) {
        let execution = Execution {
            outcome: Outcome::Ok,
            duration: Duration::from_millis(5),
            cpu: Duration::from_millis(1),
            memory_peak_bytes: 1 << 20,
            cold: false,
            subrequests: 0,
            request_bytes: 0,
            response_bytes: 10,
            egress_bytes: 0,
        };
        let hello = FunctionName::parse("hello").ok();
        (0..times).for_each(|_| activity.buffer.note(&bench.scope, &hello, second, &execution));
    }

    async fn requests(activity: &Activity, bench: &Bench, step: Step) -> Vec<(i64, u64)> {
        let windows = activity.windows(&bench.scope, step, (0, i64::MAX)).await.expect("readable");
        let of = |tallies: &Tallies| tallies.values().map(|tally| tally.requests).sum();
        windows.iter().map(|(start, tallies)| (*start - step.window(bench.now), of(tallies))).collect()
    }

    #[tokio::test]
    async fn every_step_gets_it_and_hosts_add_up() {
        let bench = bench().await;
        let (one, two) = (host(&bench), host(&bench));
        count(&one, &bench, bench.now, 3);
        count(&two, &bench, bench.now, 4);
        for _ in 0..2 {
            // A flush that has nothing new changes nothing.
            one.flush_at(bench.now).await.expect("sent");
            two.flush_at(bench.now).await.expect("sent");
        }
        count(&one, &bench, bench.now + 10, 1);
        one.flush_at(bench.now + 10).await.expect("sent");
        assert_eq!(requests(&two, &bench, Step::TenSeconds).await, [(0, 7), (10, 1)]);
        assert_eq!(requests(&two, &bench, Step::Quarter).await, [(0, 8)]);
        let windows = two.windows(&bench.scope, Step::Hour, (0, i64::MAX)).await.expect("readable");
        let tally = windows.values().next().and_then(|tallies| tallies.values().next()).expect("one");
        assert_eq!((tally.outcomes[&Outcome::Ok], tally.cpu_us, tally.response_bytes), (8, 8_000, 80));
        assert!(tally.durations.quantile(0.99).is_some_and(|p99| p99.as_micros().abs_diff(5_000) < 320));
    }

    #[tokio::test]
    async fn what_the_store_did_not_take_is_there_once_it_does() {
        let bench = bench().await;
        let activity = host(&bench);
        count(&activity, &bench, bench.now, 2);
        bench.store.set_available(false);
        assert!(activity.flush_at(bench.now).await.is_err());
        count(&activity, &bench, bench.now + 10, 1);
        assert!(activity.flush_at(bench.now + 10).await.is_err());
        bench.store.set_available(true);
        activity.flush_at(bench.now + 20).await.expect("sent");
        assert_eq!(requests(&activity, &bench, Step::Minute).await.iter().map(|(_, count)| count).sum::<u64>(), 3);
        assert_eq!(requests(&activity, &bench, Step::Quarter).await, [(0, 3)]);
    }

    #[tokio::test]
    async fn usage_of_a_closed_window_is_counted_late_and_once() {
        let bench = bench().await;
        let activity = host(&bench);
        // Two hours ago: that window has closed by the store's clock. Of the first two the store knows, though its answer was lost.
        let then = bench.now - 7_200;
        count(&activity, &bench, then, 2);
        let place = Place { step: Step::Quarter, start: Step::Quarter.window(then), writer: activity.writer };
        let counted = activity.buffer.take();
        let mut known = Tallies::new();
        merge(&mut known, &counted[0].windows[0].1, false);
        let open = Keeping { kept: 400 * DAY, closes_after: None };
        use crate::repository::SeriesRepository as _;
        bench.store.put_tallies(&bench.scope, &place, &known, open).await.expect("put");
        count(&activity, &bench, then, 5);
        activity.flush_at(then).await.expect("sent");
        assert_eq!(requests(&activity, &bench, Step::Quarter).await, [(-7_200, 2)]);
        // Three of them are new, and open windows take them.
        activity.flush_at(bench.now).await.expect("sent");
        activity.flush_at(bench.now).await.expect("sent");
        assert_eq!(requests(&activity, &bench, Step::Quarter).await, [(-7_200, 2), (0, 3)]);
        assert_eq!(activity.windows(&bench.scope, Step::Quarter, (0, then)).await.expect("readable").len(), 1);
    }

    #[tokio::test]
    async fn what_is_over_is_let_go_and_a_straggler_overwrites_nothing() {
        let bench = bench().await;
        let activity = host(&bench);
        count(&activity, &bench, bench.now, 2);
        activity.flush_at(bench.now).await.expect("sent");
        assert_eq!(activity.held.lock().await[&bench.scope.id()].parts.len(), 4);
        let later = bench.now + 2 * 3_600;
        activity.flush_at(later).await.expect("sent");
        assert!(activity.held.lock().await.is_empty());
        count(&activity, &bench, bench.now, 1);
        activity.flush_at(bench.now + 120).await.expect("sent");
        assert_eq!(requests(&activity, &bench, Step::TenSeconds).await, [(0, 2), (120, 1)]);
    }
}

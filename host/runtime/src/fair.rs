//! Whose guest is polled next where more of them could go on than there are cores. A turn is one poll, which an epoch tick ends after a
//! millisecond or two; turns go to the tenant that has had the least of the processor (start-time fair queueing). Who is called takes its
//! turn when it is polled, not before: a core is never kept for a guest that stands in the runtime's queue. What a guest may use in all
//! is `meter`'s, who may come in at all the domain's.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use isolet_domain::ids::TenantId;

/// For so long after another tenant's turn one core is kept from whoever would take all of them, so that who comes back is polled at once
/// and not when a tick ends.
const ABOUT: Duration = Duration::from_millis(50);
/// So much more than the first in the queue a tenant may have had and still go on before it, in nanoseconds: as long as a turn.
const SLACK: u64 = 1_000_000;
/// Tenants remembered before those that nothing distinguishes from new ones are forgotten.
const REMEMBERED: usize = 1_024;

/// The turns of one host.
#[derive(Clone, Debug)]
pub struct Fair(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cores: usize,
    // Held for a few steps at the beginning and the end of a turn, never across a poll. Wakers are called after it is given back.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    running: usize,
    /// Where the tenant stood that was given the last turn, in nanoseconds of processor time.
    now: u64,
    tenants: HashMap<TenantId, Tenant>,
    /// Those with somebody waiting, by where they stand.
    waiting: BTreeSet<(u64, TenantId)>,
    /// The last two tenants that had a turn, and when.
    about: [Option<(TenantId, Instant)>; 2],
    tickets: u64,
}

#[derive(Debug, Default)]
struct Tenant {
    used: u64,
    running: usize,
    waiting: VecDeque<Place>,
}

#[derive(Debug)]
struct Place {
    ticket: u64,
    waker: Waker,
    /// It was woken and has not been polled since.
    called: bool,
}

/// One guest's way to its turns.
#[derive(Debug)]
pub struct Turns {
    fair: Fair,
    tenant: TenantId,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Idle,
    Waiting(u64),
    Running,
}

impl Fair {
    pub fn new(cores: usize) -> Self {
        let state = State {
            running: 0,
            now: 0,
            tenants: HashMap::new(),
            waiting: BTreeSet::new(),
            about: [None; 2],
            tickets: 0,
        };
        Self(Arc::new(Shared { cores: cores.max(1), state: Mutex::new(state) }))
    }

    pub fn turns(&self, tenant: TenantId) -> Turns {
        Turns { fair: self.clone(), tenant, standing: Standing::Idle }
    }

    /// Wakes those whose turn it may be now.
    fn call(&self, mut state: MutexGuard<'_, State>) {
        let called = state.call(self.0.cores);
        drop(state);
        called.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    /// Whether it is this guest's turn; otherwise the task is woken when it may be. A turn that was taken ends with `end`.
    pub fn begin(&mut self, context: &Context<'_>) -> bool {
        let mut state = self.fair.lock();
        let ticket = match self.standing {
            Standing::Running => return true,
            Standing::Waiting(ticket) => Some(ticket),
            Standing::Idle => {
                state.welcome(self.tenant);
                None
            }
        };
        if state.may_begin(self.fair.0.cores, self.tenant) {
            ticket.inspect(|ticket| state.leave(self.tenant, *ticket));
            state.begin(self.tenant);
            self.standing = Standing::Running;
            return true;
        }
        match ticket {
            Some(ticket) => state.stay(self.tenant, ticket, context.waker()),
            None => self.standing = state.queue(self.tenant, context.waker()),
        }
        // Those it stands behind may have become able to go on by mere passing of time.
        self.fair.call(state);
        false
    }

    /// The turn is over, and took so much of the processor. With a waker the guest was only interrupted: it stands for the next turn
    /// together with those that wait.
    pub fn end(&mut self, used: Duration, interrupted: Option<&Waker>) {
        if self.standing != Standing::Running {
            return;
        }
        let mut state = self.fair.lock();
        state.charge(self.tenant, used);
        let Some(waker) = interrupted else {
            self.standing = Standing::Idle;
            return self.fair.call(state);
        };
        self.standing = state.queue(self.tenant, waker);
        let called = state.call(self.fair.0.cores);
        drop(state);
        called.iter().for_each(wake_after_events);
    }
}

/// Wakes once the runtime's thread has looked for what came in from outside. Left to itself, one that always finds a guest to go on with looks
/// after dozens of polls; where each is a whole turn, whoever asks meanwhile would wait for all of them.
pub fn wake_after_events(waker: &Waker) {
    let looking = std::pin::pin!(tokio::task::yield_now());
    let _ = looking.poll(&mut Context::from_waker(waker));
}

impl Drop for Turns {
    fn drop(&mut self) {
        let Standing::Waiting(ticket) = self.standing else { return self.end(Duration::ZERO, None) };
        let mut state = self.fair.lock();
        state.leave(self.tenant, ticket);
        // It may have been the one that was called.
        self.fair.call(state);
    }
}

impl State {
    /// A tenant with no guest here brings one: nobody saves up for later what they did not use.
    fn welcome(&mut self, id: TenantId) {
        let now = self.now;
        let tenant = self.tenants.entry(id).or_default();
        if tenant.running == 0 && tenant.waiting.is_empty() {
            tenant.used = tenant.used.max(now);
        }
    }

    /// Whether there is a core for this tenant that nobody who waits has more of a right to.
    fn may_begin(&self, cores: usize, id: TenantId) -> bool {
        let Some(tenant) = self.tenants.get(&id) else { return false };
        let free = cores.saturating_sub(self.running);
        if free == 0 || tenant.running >= self.at_most(cores, id) {
            return false;
        }
        let before = self.waiting.iter().take_while(|(used, _)| used + SLACK < tenant.used);
        before.map(|(_, other)| self.could_begin(cores, *other)).sum::<usize>() < free
    }

    /// How many that wait this tenant may have polled now.
    fn could_begin(&self, cores: usize, id: TenantId) -> usize {
        let Some(tenant) = self.tenants.get(&id) else { return 0 };
        tenant.waiting.len().min(self.at_most(cores, id).saturating_sub(tenant.running))
    }

    /// A place at the end of the tenant's queue.
    fn queue(&mut self, id: TenantId, waker: &Waker) -> Standing {
        self.tickets += 1;
        let ticket = self.tickets;
        let tenant = self.tenants.entry(id).or_default();
        if tenant.waiting.is_empty() {
            self.waiting.insert((tenant.used, id));
        }
        tenant.waiting.push_back(Place { ticket, waker: waker.clone(), called: false });
        Standing::Waiting(ticket)
    }

    /// It was polled and could not begin: it is called anew, by this waker.
    fn stay(&mut self, id: TenantId, ticket: u64, waker: &Waker) {
        let places = self.tenants.get_mut(&id).into_iter().flat_map(|tenant| &mut tenant.waiting);
        for place in places.filter(|place| place.ticket == ticket) {
            place.waker.clone_from(waker);
            place.called = false;
        }
    }

    /// Turns that this tenant may have at once.
    fn at_most(&self, cores: usize, id: TenantId) -> usize {
        let others = self.about.iter().flatten().any(|(other, at)| *other != id && at.elapsed() < ABOUT);
        if others && cores > 1 { cores - 1 } else { cores }
    }

    fn begin(&mut self, id: TenantId) {
        self.running += 1;
        let tenant = self.tenants.entry(id).or_default();
        tenant.running += 1;
        self.now = self.now.max(tenant.used);
        let at = Instant::now();
        match &mut self.about {
            [Some((first, noted)), _] if *first == id => *noted = at,
            about => *about = [Some((id, at)), about[0]],
        }
    }

    fn charge(&mut self, id: TenantId, used: Duration) {
        self.running = self.running.saturating_sub(1);
        let tenant = self.tenants.entry(id).or_default();
        tenant.running = tenant.running.saturating_sub(1);
        let before = tenant.used;
        tenant.used = before.saturating_add(u64::try_from(used.as_nanos()).unwrap_or(u64::MAX));
        if !tenant.waiting.is_empty() && self.waiting.remove(&(before, id)) {
            self.waiting.insert((tenant.used, id));
        }
        if self.tenants.len() > REMEMBERED {
            let now = self.now;
            self.tenants.retain(|_, tenant| tenant.running > 0 || !tenant.waiting.is_empty() || tenant.used > now);
        }
    }

    /// Whom to wake: as many as there are free cores, less those who were woken before and are on their way.
    fn call(&mut self, cores: usize) -> Vec<Waker> {
        let mut free = cores.saturating_sub(self.running);
        let mut turns = Vec::new();
        for (_, id) in &self.waiting {
            if free == 0 {
                break;
            }
            let now = self.could_begin(cores, *id).min(free);
            turns.push((*id, now));
            free -= now;
        }
        let mut woken = Vec::new();
        for (id, now) in turns {
            let places = self.tenants.get_mut(&id).into_iter().flat_map(|tenant| &mut tenant.waiting);
            for place in places.take(now).filter(|place| !place.called) {
                place.called = true;
                woken.push(place.waker.clone());
            }
        }
        woken
    }

    /// Gives up a place in the queue.
    fn leave(&mut self, id: TenantId, ticket: u64) {
        let Some(tenant) = self.tenants.get_mut(&id) else { return };
        tenant.waiting.retain(|place| place.ticket != ticket);
        if tenant.waiting.is_empty() {
            self.waiting.remove(&(tenant.used, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const TICK: Duration = Duration::from_millis(1);

    fn context() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    fn of(tenants: &[(TenantId, usize)], fair: &Fair) -> Vec<Turns> {
        tenants.iter().flat_map(|(tenant, count)| (0..*count).map(|_| fair.turns(*tenant))).collect()
    }

    /// Everybody wants to go on for ever: so many rounds of ticks, and how many turns each tenant had.
    fn contend(cores: usize, tenants: &[(TenantId, usize)], rounds: usize) -> HashMap<TenantId, usize> {
        let fair = Fair::new(cores);
        let mut guests = of(tenants, &fair);
        let mut had = HashMap::new();
        for _ in 0..rounds {
            let running: Vec<usize> = (0..guests.len()).filter(|at| guests[*at].begin(&context())).collect();
            assert!(running.len() <= cores);
            for at in running {
                *had.entry(guests[at].tenant).or_insert(0) += 1;
                guests[at].end(TICK, Some(Waker::noop()));
            }
        }
        drop(guests);
        let state = fair.lock();
        assert!(state.running == 0 && state.waiting.is_empty(), "{state:?}");
        had
    }

    #[test]
    fn tenants_have_the_same_however_many_guests_they_have() {
        let [hog, one, two] = [0; 3].map(|_| TenantId::generate());
        for cores in [1, 2, 4] {
            let had = contend(cores, &[(hog, 40), (one, 1), (two, 1)], 3_000);
            assert!(had[&one].abs_diff(had[&two]) <= 2, "{had:?}");
            // One guest cannot use more than one core; beside that nobody gets more for having more guests.
            let fair = if cores == 1 { 1_000 } else { 2_000 };
            assert!(had[&one] >= fair * 9 / 10, "{cores}: {had:?}");
        }
    }

    #[test]
    fn one_alone_has_all_cores_and_one_is_kept_free_beside_others() {
        let (hog, quiet) = (TenantId::generate(), TenantId::generate());
        let fair = Fair::new(2);
        let mut guests = of(&[(hog, 3), (quiet, 1)], &fair);
        let begun = |guests: &mut Vec<Turns>, at: usize| guests[at].begin(&context());
        assert!(begun(&mut guests, 0) && begun(&mut guests, 1) && !begun(&mut guests, 2));
        assert!(!begun(&mut guests, 3), "all cores are taken");
        guests[0].end(TICK, None);
        assert!(begun(&mut guests, 3), "it has had less");
        guests[3].end(TICK, None);
        assert!(!begun(&mut guests, 2) && !begun(&mut guests, 0), "one core is kept");
        assert!(begun(&mut guests, 3), "at once");
    }

    #[test]
    fn who_leaves_holds_nothing() {
        let tenant = TenantId::generate();
        let fair = Fair::new(1);
        let mut guests = of(&[(tenant, 3)], &fair);
        assert!(guests[0].begin(&context()) && !guests[1].begin(&context()) && !guests[2].begin(&context()));
        // While it waits, with a turn it does not know of yet, and in its turn.
        drop(guests.remove(1));
        guests[0].end(TICK, None);
        drop(guests.pop());
        assert!(guests[0].begin(&context()));
        drop(guests);
        assert!(fair.lock().running == 0 && fair.turns(tenant).begin(&context()));
    }

    #[test]
    fn who_is_called_keeps_no_core_from_who_is_here() {
        let tenant = TenantId::generate();
        let fair = Fair::new(1);
        let mut guests = of(&[(tenant, 4)], &fair);
        let calls = Arc::new(Calls::default());
        let waker = Waker::from(calls.clone());
        let called = || calls.0.load(Ordering::Relaxed);
        assert!(guests[0].begin(&context()));
        assert!(!guests[1].begin(&Context::from_waker(&waker)) && !guests[2].begin(&Context::from_waker(&waker)));
        guests[0].end(TICK, None);
        assert_eq!(called(), 1, "one core, one call");
        assert!(guests[3].begin(&context()), "the core is free until the called one comes");
        assert!(!guests[1].begin(&Context::from_waker(&waker)), "too late");
        guests[3].end(TICK, None);
        assert_eq!(called(), 2, "called again");
        drop(guests.remove(1));
        assert_eq!(called(), 3, "who was called is gone, the next is called");
        assert!(guests[1].begin(&context()));
    }

    #[test]
    fn who_has_had_much_does_not_go_before_who_waits() {
        let (hog, quiet) = (TenantId::generate(), TenantId::generate());
        let fair = Fair::new(1);
        let mut guests = of(&[(hog, 2), (quiet, 1)], &fair);
        assert!(guests[0].begin(&context()) && !guests[2].begin(&context()));
        guests[0].end(3 * TICK, None);
        assert!(!guests[1].begin(&context()) && !guests[0].begin(&context()));
        assert!(guests[2].begin(&context()));
        guests[2].end(TICK, None);
        assert!(guests[1].begin(&context()), "nobody else is here");
    }

    #[derive(Default)]
    struct Calls(AtomicUsize);

    impl std::task::Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn nobody_saves_up() {
        let (busy, idle) = (TenantId::generate(), TenantId::generate());
        let fair = Fair::new(1);
        let mut first = fair.turns(busy);
        for _ in 0..1_000 {
            assert!(first.begin(&context()));
            first.end(TICK, None);
        }
        let mut guests = of(&[(busy, 1), (idle, 1)], &fair);
        let mut had = [0_u32, 0];
        for _ in 0..100 {
            for at in 0..2 {
                if guests[at].begin(&context()) {
                    had[at] += 1;
                    guests[at].end(TICK, None);
                }
            }
        }
        assert!(had[0].abs_diff(had[1]) <= 2, "{had:?}");
    }
}

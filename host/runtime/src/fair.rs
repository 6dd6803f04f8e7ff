//! Whose guest is polled next where more of them could go on than there are cores. A turn is one poll, which an epoch tick ends after a
//! millisecond; turns go to the tenant that has had the least of the processor (start-time fair queueing). What a guest may use in all is
//! `meter`'s, who may come in at all the domain's.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use isolet_domain::ids::TenantId;

/// For so long after another tenant's turn one core is kept from whoever would take all of them, so that who comes back is polled at once
/// and not when a tick ends.
const ABOUT: Duration = Duration::from_millis(50);
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
    waiting: VecDeque<(u64, Waker)>,
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    /// Whether it is this guest's turn; otherwise the task is woken when it is. A turn that was given ends with `end`.
    pub fn begin(&mut self, context: &Context<'_>) -> bool {
        let mut state = self.fair.lock();
        match self.standing {
            Standing::Running => true,
            Standing::Waiting(ticket) => {
                let queue = state.tenants.get_mut(&self.tenant).map(|tenant| &mut tenant.waiting);
                match queue.and_then(|queue| queue.iter_mut().find(|(number, _)| *number == ticket)) {
                    Some((_, waker)) => {
                        waker.clone_from(context.waker());
                        false
                    }
                    // Who is no longer in the queue was given the turn.
                    None => {
                        self.standing = Standing::Running;
                        true
                    }
                }
            }
            Standing::Idle => {
                self.standing = state.ask(self.fair.0.cores, self.tenant, context.waker());
                self.standing == Standing::Running
            }
        }
    }

    /// The turn is over, and took so much of the processor. With a waker the guest was only interrupted: it stands for the next turn
    /// together with those that wait.
    pub fn end(&mut self, used: Duration, interrupted: Option<&Waker>) {
        if self.standing != Standing::Running {
            return;
        }
        let mut state = self.fair.lock();
        state.charge(self.tenant, used);
        self.standing = match interrupted {
            Some(waker) => state.queue(self.tenant, waker),
            None => Standing::Idle,
        };
        let next = state.give(self.fair.0.cores);
        drop(state);
        next.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        let Standing::Waiting(ticket) = self.standing else { return self.end(Duration::ZERO, None) };
        let mut state = self.fair.lock();
        if !state.leave(self.tenant, ticket) {
            // The turn was given meanwhile, and nobody will take it.
            drop(state);
            self.standing = Standing::Running;
            self.end(Duration::ZERO, None);
        }
    }
}

impl State {
    /// A turn now, or a place in the queue.
    fn ask(&mut self, cores: usize, id: TenantId, waker: &Waker) -> Standing {
        let now = self.now;
        let tenant = self.tenants.entry(id).or_default();
        if tenant.running == 0 && tenant.waiting.is_empty() {
            // Nobody saves up for later what they did not use.
            tenant.used = tenant.used.max(now);
        }
        let (used, running) = (tenant.used, tenant.running);
        if self.running < cores && running < self.at_most(cores, id) {
            self.begin(id, used);
            return Standing::Running;
        }
        self.queue(id, waker)
    }

    /// A place at the end of the tenant's queue.
    fn queue(&mut self, id: TenantId, waker: &Waker) -> Standing {
        self.tickets += 1;
        let ticket = self.tickets;
        let tenant = self.tenants.entry(id).or_default();
        if tenant.waiting.is_empty() {
            self.waiting.insert((tenant.used, id));
        }
        tenant.waiting.push_back((ticket, waker.clone()));
        Standing::Waiting(ticket)
    }

    /// Turns that this tenant may have at once.
    fn at_most(&self, cores: usize, id: TenantId) -> usize {
        let others = self.about.iter().flatten().any(|(other, at)| *other != id && at.elapsed() < ABOUT);
        if others && cores > 1 { cores - 1 } else { cores }
    }

    fn begin(&mut self, id: TenantId, used: u64) {
        self.running += 1;
        self.now = self.now.max(used);
        self.tenants.entry(id).or_default().running += 1;
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

    /// Gives out what turns there are. Whoever was given one is to be woken.
    fn give(&mut self, cores: usize) -> Vec<Waker> {
        let mut woken = Vec::new();
        while self.running < cores {
            let may = |(_, id): &&(u64, TenantId)| {
                self.tenants.get(id).is_some_and(|tenant| tenant.running < self.at_most(cores, *id))
            };
            let Some((used, id)) = self.waiting.iter().find(may).copied() else { break };
            let tenant = self.tenants.entry(id).or_default();
            let first = tenant.waiting.pop_front();
            if tenant.waiting.is_empty() {
                self.waiting.remove(&(used, id));
            }
            if let Some((_, waker)) = first {
                self.begin(id, used);
                woken.push(waker);
            }
        }
        woken
    }

    /// Gives up a place in the queue. Says whether it was there.
    fn leave(&mut self, id: TenantId, ticket: u64) -> bool {
        let Some(tenant) = self.tenants.get_mut(&id) else { return false };
        let before = tenant.waiting.len();
        tenant.waiting.retain(|(number, _)| *number != ticket);
        let was_there = tenant.waiting.len() < before;
        if was_there && tenant.waiting.is_empty() {
            self.waiting.remove(&(tenant.used, id));
        }
        was_there
    }
}

#[cfg(test)]
mod tests {
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

//! CPU, clock and stopping of one guest. CPU is read from the thread's own clock around each poll, so waiting for a core costs
//! nobody anything; epoch ticks only give the chance to look. How a guest is built or called is not here.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use isolet_domain::outcome::Outcome;

use crate::fair::{Turns, wake_after_events};
use crate::memory;

/// What a guest may compute before others go on. Ticks come at their own times: without this the one that falls into a short request
/// would end its turn and send it to the end of the queue.
const TURN: Duration = Duration::from_millis(1);
/// JavaScript hears of its used-up budget this long before it is stopped by force, and tells the line it was at.
pub const GRACE: Duration = Duration::from_millis(5);

/// CPU time this thread has used (clock_gettime(2), CLOCK_THREAD_CPUTIME_ID).
pub fn thread_cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec that lives on this stack.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What one guest used and whether it must stop. Shared by the task that polls it, the epoch callback and the clock it reads.
#[derive(Debug)]
pub struct Meter {
    limit: Duration,
    used_ns: AtomicU64,
    /// The thread clock when the current poll began.
    poll_began_ns: AtomicU64,
    /// JavaScript is being asked to stop.
    asked: AtomicBool,
    /// The last poll ended because of an epoch tick, not for want of something to wait for.
    yielded: AtomicBool,
    /// What the guest's clocks show: nanoseconds since the epoch, taken when it last waited.
    wall_ns: AtomicU64,
    origin_ns: u64,
    /// An [`Outcome`] by its place in the table, plus one; 0 while nothing stopped it.
    stopped: AtomicU8,
}

/// What to do at an epoch tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    GoOn,
    /// Its turn is over.
    Yield,
    Stop(Outcome),
}

impl Meter {
    pub fn new(limit: Duration) -> Arc<Self> {
        let now = wall_ns();
        Arc::new(Self {
            limit,
            used_ns: AtomicU64::new(0),
            poll_began_ns: AtomicU64::new(0),
            asked: AtomicBool::new(false),
            yielded: AtomicBool::new(false),
            wall_ns: AtomicU64::new(now),
            origin_ns: now,
            stopped: AtomicU8::new(0),
        })
    }

    pub fn used(&self) -> Duration {
        Duration::from_nanos(self.used_ns.load(Ordering::Relaxed))
    }

    /// Called on the guest's own thread, within a poll.
    pub fn tick(&self) -> Tick {
        if let Some(outcome) = self.stopped() {
            return Tick::Stop(outcome);
        }
        let began = self.poll_began_ns.load(Ordering::Relaxed);
        let turn = thread_cpu().saturating_sub(Duration::from_nanos(began));
        let used = self.used() + turn;
        if used >= self.limit + GRACE {
            self.stop(Outcome::CpuLimit);
            return Tick::Stop(Outcome::CpuLimit);
        }
        if used >= self.limit {
            self.asked.store(true, Ordering::Relaxed);
        }
        if turn < TURN {
            return Tick::GoOn;
        }
        self.yielded.store(true, Ordering::Relaxed);
        Tick::Yield
    }

    /// Whether JavaScript was asked to stop because its CPU is used up.
    pub fn asked_to_stop(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Stops the guest at its next tick. The first reason counts.
    pub fn stop(&self, outcome: Outcome) {
        let index = Outcome::ALL.iter().position(|known| *known == outcome).unwrap_or(0);
        let code = u8::try_from(index + 1).unwrap_or(u8::MAX);
        let _ = self.stopped.compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire);
    }

    pub fn stopped(&self) -> Option<Outcome> {
        let code = self.stopped.load(Ordering::Acquire);
        usize::from(code).checked_sub(1).and_then(|index| Outcome::ALL.get(index).copied())
    }

    /// The guest's wall clock. It stands still while the guest computes: nothing can be timed with it.
    pub fn wall(&self) -> Duration {
        Duration::from_nanos(self.wall_ns.load(Ordering::Relaxed))
    }

    /// The guest's monotonic clock, from the start of its run; all ones asks JavaScript to stop.
    pub fn monotonic_ns(&self) -> u64 {
        if self.asked_to_stop() {
            return u64::MAX;
        }
        self.wall_ns.load(Ordering::Relaxed).saturating_sub(self.origin_ns)
    }

    fn poll_begins(&self) {
        self.poll_began_ns.store(nanos(thread_cpu()), Ordering::Relaxed);
        if !self.yielded.swap(false, Ordering::Relaxed) {
            self.wall_ns.fetch_max(wall_ns(), Ordering::Relaxed);
        }
    }

    fn poll_ends(&self) {
        let began = self.poll_began_ns.load(Ordering::Relaxed);
        let used = nanos(thread_cpu()).saturating_sub(began);
        self.used_ns.fetch_add(used, Ordering::Relaxed);
        memory::forget_signals();
    }

    /// Measures work that is not a future.
    pub fn measure<R>(&self, work: impl FnOnce() -> R) -> R {
        self.poll_begins();
        let result = work();
        self.poll_ends();
        result
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn wall_ns() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, nanos)
}

/// A future that is polled in its tenant's turns, each charged to a meter.
pub struct Metered<F> {
    future: F,
    meter: Arc<Meter>,
    turns: Turns,
    /// The last turn was ended by a tick.
    interrupted: bool,
}

impl<F> Metered<F> {
    pub fn new(future: F, meter: Arc<Meter>, turns: Turns) -> Self {
        Self { future, meter, turns, interrupted: false }
    }
}

impl<F: Future + Unpin> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        // Who is interrupted is woken at once, and would be polled again and again before anybody looks for what came in meanwhile.
        if std::mem::take(&mut this.interrupted) {
            wake_after_events(cx.waker());
            return Poll::Pending;
        }
        if !this.turns.begin(cx) {
            return Poll::Pending;
        }
        let before = this.meter.used();
        this.meter.poll_begins();
        let result = Pin::new(&mut this.future).poll(cx);
        this.meter.poll_ends();
        // A tick ends a turn of who could go on.
        this.interrupted = result.is_pending() && this.meter.yielded.load(Ordering::Relaxed);
        this.turns.end(this.meter.used().saturating_sub(before), this.interrupted.then(|| cx.waker()));
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(time: Duration) {
        let began = thread_cpu();
        while thread_cpu() - began < time {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn the_first_reason_to_stop_counts() {
        let meter = Meter::new(Duration::from_secs(1));
        assert_eq!(meter.stopped(), None);
        meter.stop(Outcome::WallLimit);
        meter.stop(Outcome::CpuLimit);
        assert_eq!(meter.stopped(), Some(Outcome::WallLimit));
    }

    #[test]
    fn the_guests_clock_stands_still_within_a_poll_and_across_ticks() {
        let meter = Meter::new(Duration::from_secs(1));
        let before = meter.wall();
        meter.measure(|| {
            let first = meter.wall();
            std::thread::sleep(Duration::from_millis(3));
            assert_eq!(meter.wall(), first);
            assert_eq!(meter.tick(), Tick::GoOn);
            compute(TURN);
            assert_eq!(meter.tick(), Tick::Yield);
        });
        let after_tick = meter.wall();
        std::thread::sleep(Duration::from_millis(3));
        meter.measure(|| assert_eq!(meter.wall(), after_tick));
        meter.measure(|| assert!(meter.wall() > before));
    }

    #[test]
    fn sleeping_costs_nothing_and_computing_does() {
        let meter = Meter::new(Duration::from_secs(1));
        meter.measure(|| std::thread::sleep(Duration::from_millis(20)));
        assert!(meter.used() < Duration::from_millis(10));
        meter.measure(|| compute(Duration::from_millis(20)));
        assert!(meter.used() >= Duration::from_millis(20));
    }
}

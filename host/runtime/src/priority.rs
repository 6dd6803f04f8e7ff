//! Which threads of this process go first. What each of them does is elsewhere.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{mem, thread};

use tokio::runtime::Builder;

const NICEST: i32 = 19;
/// For so long who gives way is away: a thread that was put off for it has the core by then.
const MOMENT: Duration = Duration::from_micros(100);

/// Threads that serve and are at work or were put off in it. Who was woken counts once it has a core.
static AWAKE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

/// The runtime's threads are those that serve: others give way while one of them is at work.
pub fn serving(runtime: &mut Builder) -> &mut Builder {
    let sleeps = || {
        if COUNTED.replace(false) {
            AWAKE.fetch_sub(1, Ordering::Relaxed);
        }
    };
    let wakes = || {
        if !COUNTED.replace(true) {
            AWAKE.fetch_add(1, Ordering::Relaxed);
        }
    };
    runtime.on_thread_park(sleeps).on_thread_unpark(wakes).on_thread_stop(sleeps)
}

/// Called often by a thread that has stepped back: it sleeps for a moment while a thread that serves is at work. A thread that was put off for
/// one that had stepped back would wait for the kernel's next tick otherwise, up to 4 ms, however little that one was owed.
pub fn give_way() {
    if AWAKE.load(Ordering::Relaxed) > 0 {
        thread::sleep(MOMENT);
    }
}

/// Lets the threads that have not stepped back go before the calling one, which gets the less the nicer it is, and a core of its own where
/// one is free. With a `slice` it may keep a core that it got for as long: the deadline of a short slice would come before that of who serves.
/// What a kernel refuses or does not know stays as it was.
pub fn step_back(nicer_by: i32, slice: Option<Duration>) {
    const SIZE: u32 = size_of::<libc::sched_attr>() as u32;
    // SAFETY: a plain structure of integers, which all may be zero.
    let mut attributes: libc::sched_attr = unsafe { mem::zeroed() };
    // SAFETY: it writes at most `SIZE` bytes there; 0 is the calling thread.
    if unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) } != 0 {
        return;
    }
    attributes.sched_nice = (attributes.sched_nice + nicer_by).min(NICEST);
    if let Some(slice) = slice {
        // Kernels before 6.12 go by it for deadlines alone.
        attributes.sched_runtime = u64::try_from(slice.as_nanos()).unwrap_or(u64::MAX);
    }
    // SAFETY: it only reads the structure, whose size is in it.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
}

#[cfg(test)]
pub mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    /// How often the calling thread has let go of its core of its own accord (getrusage(2)).
    pub fn waits() -> i64 {
        // SAFETY: a plain structure of integers, which all may be zero.
        let mut usage: libc::rusage = unsafe { mem::zeroed() };
        // SAFETY: it writes one such structure there.
        assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) }, 0);
        usage.ru_nvcsw
    }

    /// Does `work` while a thread that serves is at work.
    pub fn beside_who_serves<R>(work: impl FnOnce() -> R) -> R {
        let runtime = serving(Builder::new_multi_thread().worker_threads(1)).build().expect("a runtime");
        let (began, begun) = mpsc::channel();
        let (done, until_done) = mpsc::channel::<()>();
        // It slept before it was given this.
        thread::sleep(Duration::from_millis(20));
        let at_work = runtime.spawn(async move {
            began.send(()).expect("waited for");
            let _ = until_done.recv();
        });
        begun.recv().expect("it is at work");
        let did = work();
        drop(done);
        runtime.block_on(at_work).expect("no panic");
        did
    }

    #[test]
    fn who_stepped_back_gives_way_to_who_serves() {
        beside_who_serves(|| {
            let began = Instant::now();
            give_way();
            assert!(began.elapsed() >= MOMENT, "it went on");
        });
        let until = Instant::now() + Duration::from_secs(10);
        // Others' tests serve as well.
        let goes_on = || {
            let before = waits();
            give_way();
            waits() == before
        };
        while !goes_on() {
            assert!(Instant::now() < until, "it gives way though nobody is at work");
        }
    }
}

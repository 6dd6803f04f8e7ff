//! Which threads of this process go first. What each of them does is elsewhere.

use std::mem;
use std::time::Duration;

const NICEST: i32 = 19;

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

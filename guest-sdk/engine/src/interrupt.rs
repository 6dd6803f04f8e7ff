//! Stopping JavaScript at the host's word, with the line it was at. QuickJS polls this every 10,000 branches; the host answers the
//! monotonic clock with [`STOP`] once the budget is used up. A host that knows nothing of it never does. Code that is not polled
//! (or ignores the exception) is stopped by the host's trap a few milliseconds later.

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use javy::quickjs::qjs;
use wasip2::clocks::monotonic_clock;

use crate::engine::Single;

/// The clock reading that means "stop": no real clock gets there in 580 years.
const STOP: u64 = u64::MAX;

static INTERRUPTED: Single<Cell<bool>> = Single::new(Cell::new(false));

pub fn install(runtime: *mut qjs::JSRuntime) {
    // SAFETY: `runtime` is live, and the handler is a plain function without state of its own.
    unsafe { qjs::JS_SetInterruptHandler(runtime, Some(handler), std::ptr::null_mut()) };
}

/// Whether JavaScript was stopped. Nothing may run any more then.
pub fn interrupted() -> bool {
    INTERRUPTED.get()
}

unsafe extern "C" fn handler(_: *mut qjs::JSRuntime, _: *mut c_void) -> c_int {
    if monotonic_clock::now() == STOP {
        INTERRUPTED.set(true);
    }
    c_int::from(INTERRUPTED.get())
}

//! Promises that were rejected with nobody listening. A rejection counts once the job queue is empty and still nobody listens.

use std::cell::RefCell;
use std::ffi::c_void;

use javy::quickjs::{Ctx, Function, Value, qjs};

use crate::engine::{self, Single};
use crate::failure::Failure;

struct Pending {
    promise: qjs::JSValue,
    reason: qjs::JSValue,
    /// Somebody listens after all, to one that was told of before.
    late: bool,
}

static PENDING: Single<RefCell<Vec<Pending>>> = Single::new(RefCell::new(Vec::new()));

/// Kept at most: a flood of rejections must not become a flood of memory of ours.
const MAX_PENDING: usize = 64;

pub fn install(runtime: *mut qjs::JSRuntime) {
    // SAFETY: `runtime` is live, and the tracker is a plain function.
    unsafe { qjs::JS_SetHostPromiseRejectionTracker(runtime, Some(tracker), std::ptr::null_mut()) };
}

unsafe extern "C" fn tracker(
    ctx: *mut qjs::JSContext,
    promise: qjs::JSValue,
    reason: qjs::JSValue,
    is_handled: bool,
    _: *mut c_void,
) {
    let mut pending = PENDING.borrow_mut();
    // SAFETY: QuickJS lends both values for the call; what is kept is duplicated, what is dropped is freed once.
    unsafe {
        let same = |entry: &Pending| qjs::JS_VALUE_GET_PTR(entry.promise) == qjs::JS_VALUE_GET_PTR(promise);
        let known = if is_handled { pending.iter().position(same) } else { None };
        if let Some(index) = known {
            let entry = pending.swap_remove(index);
            qjs::JS_FreeValue(ctx, entry.promise);
            qjs::JS_FreeValue(ctx, entry.reason);
        } else if pending.len() < MAX_PENDING {
            let (promise, reason) = (qjs::JS_DupValue(ctx, promise), qjs::JS_DupValue(ctx, reason));
            pending.push(Pending { promise, reason, late: is_handled });
        }
    }
}

/// Whether there is something to take.
pub fn any() -> bool {
    !PENDING.borrow().is_empty()
}

/// Forgets them all, in words: what nobody listened to.
pub fn take(ctx: &Ctx<'_>) -> Vec<Failure> {
    if !any() {
        return Vec::new();
    }
    let entries = std::mem::take(&mut *PENDING.borrow_mut());
    let describe: Function<'_> = engine::hook(ctx, |hooks| &hooks.rejection);
    entries
        .into_iter()
        .filter_map(|entry| {
            // SAFETY: both were duplicated when kept; from here the wrappers free them.
            let (promise, reason) =
                unsafe { (Value::from_raw(ctx.clone(), entry.promise), Value::from_raw(ctx.clone(), entry.reason)) };
            let plain = Failure::of_value(&reason);
            match describe.call::<_, Vec<String>>((reason, promise, entry.late)) {
                Ok(words) if words.is_empty() => None,
                Ok(words) if words.len() == 2 => {
                    Some(Failure { message: words[0].clone(), stack: crate::failure::user_frames(&words[1]) })
                }
                _ => {
                    ctx.catch();
                    Some(plain)
                }
            }
        })
        .collect()
}

//! What JavaScript cannot see of its own promises, for those who print them.

use javy::quickjs::convert::List;
use javy::quickjs::{Ctx, Function, Object, Result, Value, qjs};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("promiseState", Function::new(ctx.clone(), state)?)
}

/// QuickJS' number for what has become of the promise, below zero for what is none, and what it was settled with. Looking at it is not
/// listening to it.
fn state<'js>(ctx: Ctx<'js>, promise: Value<'js>) -> List<(i32, Option<Value<'js>>)> {
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: the context is live and the value of it; the result is a reference of ours.
    unsafe {
        let state = qjs::JS_PromiseState(raw, promise.as_raw());
        let is_settled = state > qjs::JSPromiseStateEnum_JS_PROMISE_PENDING;
        List((state, is_settled.then(|| Value::from_raw(ctx, qjs::JS_PromiseResult(raw, promise.as_raw())))))
    }
}

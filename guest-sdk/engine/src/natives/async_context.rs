//! The one value that goes along with jobs, reactions to promises and timers (`patches/async-context.patch`). What it is made of is
//! `js/builtins/async_hooks.ts`' business.

use javy::quickjs::{Ctx, Function, Object, Result, Value, qjs};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("swapAsyncContext", Function::new(ctx.clone(), swap)?)
}

/// Makes `value` current, and gives what was.
fn swap<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Value<'js> {
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: the context is live and the value of it; one reference is given away and one is taken.
    unsafe {
        let before = JS_SwapAsyncContext(raw, qjs::JS_DupValue(raw, value.as_raw()));
        Value::from_raw(ctx, before)
    }
}

unsafe extern "C" {
    fn JS_SwapAsyncContext(ctx: *mut qjs::JSContext, value: qjs::JSValue) -> qjs::JSValue;
}

//! The request being handled and its response, as the prelude sees them.

use javy::quickjs::{Ctx, Exception, Function, Object, Promise, Result, TypedArray, Value};

use super::text::string;
use crate::exchange;
use crate::failure::{Failure, user_frames};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let strings = |pick: fn(&mut exchange::Exchange) -> Vec<String>| {
        Function::new(ctx.clone(), move || exchange::with(pick).unwrap_or_default())
    };
    native.set("env", strings(|exchange| exchange.env())?)?;
    native.set("requestHeaders", strings(|exchange| exchange.request_headers())?)?;
    let has_body = || exchange::with(|exchange| exchange.has_body()).unwrap_or(false);
    native.set("hasBody", Function::new(ctx.clone(), has_body)?)?;
    native.set("bodyRead", Function::new(ctx.clone(), body_read)?)?;
    native.set("respond", Function::new(ctx.clone(), respond)?)?;
    native.set("bodyWrite", Function::new(ctx.clone(), body_write)?)?;
    native.set("bodyClose", Function::new(ctx.clone(), close)?)?;
    native.set("bodyAbort", Function::new(ctx.clone(), body_abort)?)?;
    native.set("done", Function::new(ctx.clone(), done)?)?;
    native.set("fail", Function::new(ctx.clone(), fail)?)
}

/// The next chunk of the request body, as a promise: it is read by the event loop.
fn body_read(ctx: Ctx<'_>) -> Result<Promise<'_>> {
    let (promise, deferred) = exchange::deferred(&ctx)?;
    let busy = exchange::with(|exchange| {
        let busy = exchange.reading.is_some();
        if !busy {
            exchange.reading = Some(deferred);
        }
        busy
    });
    if busy == Some(false) {
        Ok(promise)
    } else {
        Err(Exception::throw_type(&ctx, "the request body is not readable now"))
    }
}

fn respond<'js>(ctx: Ctx<'js>, status: u16, headers: Vec<String>, body: Value<'js>, streaming: bool) -> Result<()> {
    let owned;
    let array;
    let body: Option<&[u8]> = if body.is_string() {
        owned = string(&body)?;
        Some(owned.as_bytes())
    } else if let Some(object) = body.into_object() {
        array = TypedArray::<u8>::from_object(object)?;
        Some(super::bytes(&array))
    } else {
        None
    };
    let sent = exchange::with(|exchange| exchange.respond(status, &headers, body, streaming));
    match sent {
        Some(Ok(())) => Ok(()),
        Some(Err(complaint)) => {
            exchange::fail("output_limit", &Failure::new(complaint));
            Ok(())
        }
        None => Err(Exception::throw_type(&ctx, "no request is being handled")),
    }
}

fn body_write<'js>(ctx: Ctx<'js>, chunk: TypedArray<'js, u8>) -> Result<Promise<'js>> {
    let (promise, deferred) = exchange::deferred(&ctx)?;
    let bytes = super::bytes(&chunk).to_vec();
    let taken = exchange::with(|exchange| {
        let free = exchange.writing.is_none() && exchange.outgoing.is_some();
        if free {
            exchange.writing = Some((bytes, 0, deferred));
        }
        free
    });
    if taken == Some(true) {
        Ok(promise)
    } else {
        Err(Exception::throw_type(&ctx, "the response body cannot be written now"))
    }
}

fn close() {
    exchange::with(|exchange| exchange.close_body());
}

fn done() {
    exchange::with(|exchange| exchange.done = true);
}

fn body_abort(message: Value<'_>) -> Result<()> {
    let message = string(&message)?;
    exchange::fail("exception", &Failure::new(message));
    Ok(())
}

fn fail(message: Value<'_>, stack: Value<'_>) -> Result<()> {
    let failure = Failure { message: string(&message)?, stack: user_frames(&string(&stack)?) };
    exchange::fail("exception", &failure);
    Ok(())
}

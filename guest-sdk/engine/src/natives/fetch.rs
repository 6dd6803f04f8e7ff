//! Outgoing requests, as the prelude's `fetch` sees them: a number for each, and promises that the event loop settles.

use javy::quickjs::{Ctx, Exception, Function, Object, Promise, Result, TypedArray};

use crate::exchange::{self, Deferred};
use crate::outgoing::{self, Head};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("fetchStart", Function::new(ctx.clone(), start)?)?;
    native.set("fetchHead", Function::new(ctx.clone(), head)?)?;
    native.set("fetchRead", Function::new(ctx.clone(), read)?)?;
    native.set("fetchWrite", Function::new(ctx.clone(), write)?)?;
    native.set("fetchEnd", Function::new(ctx.clone(), outgoing::end)?)?;
    native.set("fetchCancel", Function::new(ctx.clone(), outgoing::cancel)?)
}

fn start(
    ctx: Ctx<'_>,
    method: String,
    scheme: String,
    authority: String,
    path: String,
    headers: Vec<String>,
    has_body: bool,
) -> Result<u32> {
    let head = Head { method: &method, scheme: &scheme, authority: &authority, path: &path, headers: &headers };
    outgoing::start(&head, has_body).map_err(|message| Exception::throw_type(&ctx, &message))
}

fn head(ctx: Ctx<'_>, id: u32) -> Result<Promise<'_>> {
    promise(ctx, |deferred| outgoing::await_head(id, deferred))
}

fn read(ctx: Ctx<'_>, id: u32) -> Result<Promise<'_>> {
    promise(ctx, |deferred| outgoing::await_chunk(id, deferred))
}

fn write<'js>(ctx: Ctx<'js>, id: u32, chunk: TypedArray<'js, u8>) -> Result<Promise<'js>> {
    let bytes = super::bytes(&chunk).to_vec();
    promise(ctx, |deferred| outgoing::write(id, bytes, deferred))
}

fn promise(ctx: Ctx<'_>, ask: impl FnOnce(Deferred) -> bool) -> Result<Promise<'_>> {
    let (promise, deferred) = exchange::deferred(&ctx)?;
    if ask(deferred) { Ok(promise) } else { Err(Exception::throw_type(&ctx, "the request was given up")) }
}

//! What the prelude may ask of Rust, a file per area. Nothing here is reachable from tenant code: the prelude captures the object
//! and removes it from the global scope before anybody else runs.

mod clock;
mod crypto;
mod http;
mod text;
mod url;

use javy::quickjs::{Ctx, Exception, Object, Result, TypedArray};

use crate::engine::{self, Phase};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    clock::install(ctx, native)?;
    crypto::install(ctx, native)?;
    http::install(ctx, native)?;
    text::install(ctx, native)?;
    url::install(ctx, native)
}

/// Refuses what start-up may not do: its result would be frozen into every instance.
fn refuse_at_start(ctx: &Ctx<'_>, what: &str) -> Result<()> {
    if engine::phase() == Phase::Request {
        return Ok(());
    }
    let message = format!("{what} is not available while the module starts up; move it into the handler");
    Err(Exception::throw_message(ctx, &message))
}

/// The bytes of a `Uint8Array`, empty when its buffer is detached.
fn bytes<'a>(array: &'a TypedArray<'_, u8>) -> &'a [u8] {
    array.as_bytes().unwrap_or_default()
}

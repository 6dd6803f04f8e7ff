//! What the prelude may ask of Rust, a file per area. Nothing here is reachable from tenant code: the prelude captures the object
//! and removes it from the global scope before anybody else runs.

mod async_context;
mod clock;
mod compression;
mod crypto;
mod encoding;
mod fetch;
mod http;
mod intl;
mod promise;
mod text;
mod url;
mod url_pattern;

use javy::quickjs::{Ctx, Exception, IntoJs, Object, Result, TypedArray, Value};

use crate::engine::{self, Phase};

pub use self::crypto::{forget_start_up, seed_start_up};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    async_context::install(ctx, native)?;
    clock::install(ctx, native)?;
    compression::install(ctx, native)?;
    crypto::install(ctx, native)?;
    encoding::install(ctx, native)?;
    fetch::install(ctx, native)?;
    http::install(ctx, native)?;
    intl::install(ctx, native)?;
    promise::install(ctx, native)?;
    text::install(ctx, native)?;
    url::install(ctx, native)?;
    url_pattern::install(ctx, native)
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

/// `null` for nothing, where QuickJS' bindings would give `undefined`: the prelude compares with `null`.
fn or_null<'js>(ctx: &Ctx<'js>, value: Option<impl IntoJs<'js>>) -> Result<Value<'js>> {
    value.map_or_else(|| Ok(Value::new_null(ctx.clone())), |value| value.into_js(ctx))
}

/// The text of an argument that may be left out.
fn optional_string(value: &Value<'_>) -> Result<Option<String>> {
    if value.is_undefined() || value.is_null() { Ok(None) } else { text::string(value).map(Some) }
}

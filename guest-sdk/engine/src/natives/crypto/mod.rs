//! Web Cryptography: randomness and digests here, keys and what is done with them in the files beside. Every algorithm is a crate's.
//! Randomness always comes from the host; nothing of it is ever in the frozen memory. `Math.random` is `math_random`'s.

mod aes;
mod ec;
mod hash;
mod keys;
mod mac;
mod math_random;
mod okp;
mod operations;
mod random;
mod rsa;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use javy::quickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result, TypedArray, Value};
use rand_core::Rng;

use self::hash::Hash;
use self::random::HostRandom;
use super::{bytes, or_null, refuse_at_start};

pub use self::math_random::{forget_start_up, seed_start_up};

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("random", Function::new(ctx.clone(), math_random::next)?)?;
    native.set("randomFill", Function::new(ctx.clone(), random_fill)?)?;
    native.set("randomUUID", Function::new(ctx.clone(), random_uuid)?)?;
    native.set("digest", Function::new(ctx.clone(), digest)?)?;
    native.set("base64UrlEncode", Function::new(ctx.clone(), base64_url_encode)?)?;
    native.set("base64UrlDecode", Function::new(ctx.clone(), base64_url_decode)?)?;
    keys::install(ctx, native)?;
    operations::install(ctx, native)
}

fn random_fill(ctx: Ctx<'_>, array: TypedArray<'_, u8>) -> Result<()> {
    refuse_at_start(&ctx, "crypto.getRandomValues()")?;
    let Some(raw) = array.as_raw() else { return Ok(()) };
    // SAFETY: QuickJS keeps the buffer alive for the call, and nothing else looks at it meanwhile.
    HostRandom.fill_bytes(unsafe { std::slice::from_raw_parts_mut(raw.ptr.as_ptr(), raw.len) });
    Ok(())
}

fn random_uuid(ctx: Ctx<'_>) -> Result<String> {
    refuse_at_start(&ctx, "crypto.randomUUID()")?;
    let mut bits = (u128::from(HostRandom.next_u64()) << 64) | u128::from(HostRandom.next_u64());
    // RFC 9562 §5.4: version 4, variant 10.
    bits = bits & !(0xF << 76) | (4 << 76);
    bits = bits & !(0x3 << 62) | (2 << 62);
    let hex = format!("{bits:032x}");
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

fn digest<'js>(ctx: Ctx<'js>, name: String, data: TypedArray<'js, u8>) -> Result<ArrayBuffer<'js>> {
    let Some(hash) = Hash::named(&name) else {
        return Err(Exception::throw_type(&ctx, &format!("digest `{name}` is not supported")));
    };
    ArrayBuffer::new_copy(ctx, hash.digest(bytes(&data)))
}

/// As JSON Web Keys have it: the alphabet for URLs, no padding.
fn base64_url_encode(data: TypedArray<'_, u8>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes(&data))
}

/// `null` for what is not in that form.
fn base64_url_decode<'js>(ctx: Ctx<'js>, text: String) -> Result<Value<'js>> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    or_null(&ctx, decoded.map(|bytes| TypedArray::<u8>::new(ctx.clone(), bytes)).transpose()?)
}

/// An `ArrayBuffer` of what an operation gave; `null` for an operation that failed.
fn answer<'js>(ctx: Ctx<'js>, out: Option<Vec<u8>>) -> Result<Value<'js>> {
    or_null(&ctx, out.map(|out| ArrayBuffer::new(ctx.clone(), out)).transpose()?)
}

/// So many zeros; `None` when there is no memory for them.
fn zeroed(len: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve_exact(len).ok()?;
    out.resize(len, 0);
    Some(out)
}

fn refuse_generating(ctx: &Ctx<'_>) -> Result<()> {
    refuse_at_start(ctx, "crypto.subtle.generateKey()")
}

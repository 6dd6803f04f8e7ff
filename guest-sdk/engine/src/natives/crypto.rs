//! Randomness and digests. Randomness always comes from the host; nothing of it is ever in the frozen memory.

use std::cell::Cell;

use javy::quickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result, TypedArray};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use wasip2::random::random;

use super::{bytes, refuse_at_start};
use crate::engine::Single;

/// xoshiro256++ for `Math.random`, seeded by the host at its first use in each instance.
static MATH_RANDOM: Single<Cell<Option<[u64; 4]>>> = Single::new(Cell::new(None));

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("random", Function::new(ctx.clone(), math_random)?)?;
    native.set("randomFill", Function::new(ctx.clone(), random_fill)?)?;
    native.set("randomUUID", Function::new(ctx.clone(), random_uuid)?)?;
    native.set("digest", Function::new(ctx.clone(), digest)?)
}

fn math_random(ctx: Ctx<'_>) -> Result<f64> {
    refuse_at_start(&ctx, "Math.random()")?;
    let mut s = MATH_RANDOM.get().unwrap_or_else(|| std::array::from_fn(|_| random::get_random_u64()));
    let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
    let t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3].rotate_left(45);
    MATH_RANDOM.set(Some(s));
    Ok((result >> 11) as f64 / (1_u64 << 53) as f64)
}

fn random_fill(ctx: Ctx<'_>, array: TypedArray<'_, u8>) -> Result<()> {
    refuse_at_start(&ctx, "crypto.getRandomValues()")?;
    let Some(raw) = array.as_raw() else { return Ok(()) };
    // The host gives at most so much at once.
    let mut filled = 0;
    while filled < raw.len {
        let chunk = random::get_random_bytes((raw.len - filled).min(32 << 10) as u64);
        // SAFETY: QuickJS keeps the buffer alive for the call, and the range is within it.
        unsafe { std::ptr::copy_nonoverlapping(chunk.as_ptr(), raw.ptr.as_ptr().add(filled), chunk.len()) };
        filled += chunk.len();
    }
    Ok(())
}

fn random_uuid(ctx: Ctx<'_>) -> Result<String> {
    refuse_at_start(&ctx, "crypto.randomUUID()")?;
    let mut bits = (u128::from(random::get_random_u64()) << 64) | u128::from(random::get_random_u64());
    // RFC 9562 §5.4: version 4, variant 10.
    bits = bits & !(0xF << 76) | (4 << 76);
    bits = bits & !(0x3 << 62) | (2 << 62);
    let hex = format!("{bits:032x}");
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

fn digest<'js>(ctx: Ctx<'js>, name: String, data: TypedArray<'js, u8>) -> Result<ArrayBuffer<'js>> {
    let data = bytes(&data);
    let digest = match name.as_str() {
        "SHA-1" => Sha1::digest(data).to_vec(),
        "SHA-256" => Sha256::digest(data).to_vec(),
        "SHA-384" => Sha384::digest(data).to_vec(),
        "SHA-512" => Sha512::digest(data).to_vec(),
        _ => return Err(Exception::throw_type(&ctx, &format!("digest `{name}` is not supported"))),
    };
    ArrayBuffer::new_copy(ctx, digest)
}

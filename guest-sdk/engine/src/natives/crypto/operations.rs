//! What is done with keys: signing, encrypting, deriving. `null` stands for an operation that fails; keys of the wrong kind do not
//! come this far, and fail too.

use javy::quickjs::{Class, Ctx, Exception, Function, Object, Result, TypedArray, Value};

use super::aes::{self, Aes, GcmError};
use super::hash::Hash;
use super::keys::Material;
use super::random::HostRandom;
use super::rsa::{Padding, RsaKey};
use super::{answer, mac};
use crate::natives::{bytes, refuse_at_start};

type Key<'js> = Class<'js, Material>;
type Bytes<'js> = TypedArray<'js, u8>;

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("aes", Function::new(ctx.clone(), run_aes)?)?;
    native.set("aesGcm", Function::new(ctx.clone(), run_gcm)?)?;
    native.set("hmacSign", Function::new(ctx.clone(), hmac_sign)?)?;
    native.set("hmacVerify", Function::new(ctx.clone(), hmac_verify)?)?;
    native.set("hkdf", Function::new(ctx.clone(), hkdf)?)?;
    native.set("pbkdf2", Function::new(ctx.clone(), pbkdf2)?)?;
    native.set("curveSign", Function::new(ctx.clone(), curve_sign)?)?;
    native.set("curveVerify", Function::new(ctx.clone(), curve_verify)?)?;
    native.set("curveAgree", Function::new(ctx.clone(), curve_agree)?)?;
    native.set("rsaSign", Function::new(ctx.clone(), rsa_sign)?)?;
    native.set("rsaVerify", Function::new(ctx.clone(), rsa_verify)?)?;
    native.set("rsaCrypt", Function::new(ctx.clone(), rsa_crypt)?)
}

/// The hash function; the prelude has looked up its name before.
fn hash_named(ctx: &Ctx<'_>, name: &str) -> Result<Hash> {
    Hash::named(name).ok_or_else(|| Exception::throw_type(ctx, &format!("digest `{name}` is not supported")))
}

/// CBC and CTR, whose `iv` is the counter block and `bits` its length, and key wrapping, which has neither.
fn run_aes<'js>(
    ctx: Ctx<'js>,
    mode: String,
    key: Key<'js>,
    iv: Bytes<'js>,
    bits: u32,
    data: Bytes<'js>,
) -> Result<Value<'js>> {
    let (iv, data) = (bytes(&iv), bytes(&data));
    let aes = key.try_borrow()?.secret().and_then(Aes::new);
    let out = aes.and_then(|aes| match mode.as_str() {
        "CBC encrypt" => aes::cbc_encrypt(aes, iv, data),
        "CBC decrypt" => aes::cbc_decrypt(aes, iv, data),
        "CTR" => aes::ctr(&aes, iv, bits, data),
        "KW wrap" => aes::wrap(aes, data),
        "KW unwrap" => aes::unwrap(aes, data),
        _ => None,
    });
    answer(ctx, out)
}

fn run_gcm<'js>(
    ctx: Ctx<'js>,
    encrypt: bool,
    key: Key<'js>,
    iv: Bytes<'js>,
    extra: Bytes<'js>,
    tag_bytes: usize,
    data: Bytes<'js>,
) -> Result<Value<'js>> {
    let (iv, extra, data) = (bytes(&iv), bytes(&extra), bytes(&data));
    let Some(aes) = key.try_borrow()?.secret().and_then(Aes::new) else { return answer(ctx, None) };
    let run = if encrypt { aes::gcm_encrypt } else { aes::gcm_decrypt };
    match run(&aes, iv, extra, tag_bytes, data) {
        Ok(out) => answer(ctx, Some(out)),
        Err(GcmError::Failed) => answer(ctx, None),
        Err(GcmError::IvLength) => Err(Exception::throw_range(&ctx, "no such length of an iv")),
    }
}

fn hmac_sign<'js>(ctx: Ctx<'js>, hash: String, key: Key<'js>, data: Bytes<'js>) -> Result<Value<'js>> {
    let hash = hash_named(&ctx, &hash)?;
    let signed = key.try_borrow()?.secret().map(|key| mac::hmac_sign(hash, key, bytes(&data)));
    answer(ctx, signed)
}

fn hmac_verify<'js>(
    ctx: Ctx<'js>,
    hash: String,
    key: Key<'js>,
    signature: Bytes<'js>,
    data: Bytes<'js>,
) -> Result<bool> {
    let hash = hash_named(&ctx, &hash)?;
    Ok(key.try_borrow()?.secret().is_some_and(|key| mac::hmac_verify(hash, key, bytes(&signature), bytes(&data))))
}

fn hkdf<'js>(
    ctx: Ctx<'js>,
    hash: String,
    key: Key<'js>,
    salt: Bytes<'js>,
    info: Bytes<'js>,
    len: usize,
) -> Result<Value<'js>> {
    let hash = hash_named(&ctx, &hash)?;
    let derived = key.try_borrow()?.secret().and_then(|key| mac::hkdf(hash, key, bytes(&salt), bytes(&info), len));
    answer(ctx, derived)
}

fn pbkdf2<'js>(
    ctx: Ctx<'js>,
    hash: String,
    key: Key<'js>,
    salt: Bytes<'js>,
    iterations: u32,
    len: usize,
) -> Result<Value<'js>> {
    let hash = hash_named(&ctx, &hash)?;
    let derived = key.try_borrow()?.secret().and_then(|key| mac::pbkdf2(hash, key, bytes(&salt), iterations, len));
    answer(ctx, derived)
}

/// ECDSA, or Ed25519, which has its own hash function.
fn curve_sign<'js>(ctx: Ctx<'js>, key: Key<'js>, hash: String, data: Bytes<'js>) -> Result<Value<'js>> {
    let (hash, data) = (hash_named(&ctx, &hash)?, bytes(&data));
    let signed = match &*key.try_borrow()? {
        Material::P256(key) => key.sign(hash, data),
        Material::P384(key) => key.sign(hash, data),
        Material::P521(key) => key.sign(hash, data),
        Material::Okp(key) => key.sign(data),
        _ => None,
    };
    answer(ctx, signed)
}

fn curve_verify<'js>(
    ctx: Ctx<'js>,
    key: Key<'js>,
    hash: String,
    signature: Bytes<'js>,
    data: Bytes<'js>,
) -> Result<bool> {
    let (hash, signature, data) = (hash_named(&ctx, &hash)?, bytes(&signature), bytes(&data));
    Ok(match &*key.try_borrow()? {
        Material::P256(key) => key.verify(hash, signature, data),
        Material::P384(key) => key.verify(hash, signature, data),
        Material::P521(key) => key.verify(hash, signature, data),
        Material::Okp(key) => key.verify(signature, data),
        _ => false,
    })
}

/// ECDH, or X25519.
fn curve_agree<'js>(ctx: Ctx<'js>, key: Key<'js>, other: Key<'js>) -> Result<Value<'js>> {
    let agreed = match (&*key.try_borrow()?, &*other.try_borrow()?) {
        (Material::P256(key), Material::P256(other)) => key.agree(other),
        (Material::P384(key), Material::P384(other)) => key.agree(other),
        (Material::P521(key), Material::P521(other)) => key.agree(other),
        (Material::Okp(key), Material::Okp(other)) => key.agree(other),
        _ => None,
    };
    answer(ctx, agreed)
}

/// Pads as PSS does with a salt of so many bytes, or, without one, as PKCS #1 v1.5.
fn padding(salt_bytes: Option<usize>) -> Padding {
    salt_bytes.map_or(Padding::Pkcs1v15, |salt_bytes| Padding::Pss { salt_bytes })
}

fn rsa_sign<'js>(
    ctx: Ctx<'js>,
    key: Key<'js>,
    hash: String,
    salt_bytes: Option<usize>,
    data: Bytes<'js>,
) -> Result<Value<'js>> {
    refuse_at_start(&ctx, "crypto.subtle.sign() with RSA")?;
    let hash = hash_named(&ctx, &hash)?;
    let signed = with_rsa(&key, |key| key.sign(hash, padding(salt_bytes), bytes(&data), &mut HostRandom))?;
    answer(ctx, signed)
}

fn rsa_verify<'js>(
    ctx: Ctx<'js>,
    key: Key<'js>,
    hash: String,
    salt_bytes: Option<usize>,
    signature: Bytes<'js>,
    data: Bytes<'js>,
) -> Result<bool> {
    let hash = hash_named(&ctx, &hash)?;
    let verified = with_rsa(&key, |key| Some(key.verify(hash, padding(salt_bytes), bytes(&signature), bytes(&data))))?;
    Ok(verified == Some(true))
}

/// OAEP.
fn rsa_crypt<'js>(
    ctx: Ctx<'js>,
    encrypt: bool,
    key: Key<'js>,
    hash: String,
    label: Bytes<'js>,
    data: Bytes<'js>,
) -> Result<Value<'js>> {
    refuse_at_start(&ctx, "crypto.subtle with RSA-OAEP")?;
    let hash = hash_named(&ctx, &hash)?;
    let (label, data) = (bytes(&label), bytes(&data));
    let out = with_rsa(&key, |key| {
        if encrypt {
            key.encrypt(hash, label, data, &mut HostRandom)
        } else {
            key.decrypt(hash, label, data, &mut HostRandom)
        }
    })?;
    answer(ctx, out)
}

fn with_rsa<R>(key: &Key<'_>, run: impl FnOnce(&RsaKey) -> Option<R>) -> Result<Option<R>> {
    Ok(if let Material::Rsa(key) = &*key.try_borrow()? { run(key) } else { None })
}

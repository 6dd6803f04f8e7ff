//! Key material, as JavaScript holds it: opaque, and never in a property. Making, reading and writing it; what is done with it is in
//! `operations`. `null` stands for what cannot be: a key that is none, a form that its kind has not.

use javy::quickjs::class::{JsClass, Readable, Trace, Tracer};
use javy::quickjs::function::Constructor;
use javy::quickjs::{ArrayBuffer, Class, Ctx, Function, IntoJs, JsLifetime, Object, Result, TypedArray, Value};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use rand_core::Rng;
use zeroize::Zeroizing;

use super::ec::EcKey;
use super::okp::{Curve, OkpKey};
use super::random::HostRandom;
use super::rsa::RsaKey;
use super::{answer, refuse_generating, zeroed};
use crate::natives::{bytes, or_null};

/// What stands behind a `CryptoKey`; never changed once made, so that clones of a key share it.
pub enum Material {
    Secret(Zeroizing<Vec<u8>>),
    P256(EcKey<NistP256>),
    P384(EcKey<NistP384>),
    P521(EcKey<NistP521>),
    Okp(OkpKey),
    Rsa(RsaKey),
}

impl<'js> Trace<'js> for Material {
    fn trace<'a>(&self, _tracer: Tracer<'a, 'js>) {}
}

// SAFETY: nothing of JavaScript is in it.
unsafe impl<'js> JsLifetime<'js> for Material {
    type Changed<'to> = Self;
}

impl<'js> JsClass<'js> for Material {
    const NAME: &'static str = "KeyMaterial";
    type Mutable = Readable;
    fn constructor(_ctx: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

impl Material {
    pub fn secret(&self) -> Option<&[u8]> {
        if let Self::Secret(bytes) = self { Some(bytes) } else { None }
    }
}

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // Registers the class, which is to be part of the base.
    Class::<Material>::prototype(ctx)?;
    native.set("keySecret", Function::new(ctx.clone(), secret)?)?;
    native.set("keyRandom", Function::new(ctx.clone(), random)?)?;
    native.set("keyPair", Function::new(ctx.clone(), pair)?)?;
    native.set("keyRead", Function::new(ctx.clone(), read)?)?;
    native.set("keyWrite", Function::new(ctx.clone(), write)?)?;
    native.set("keyFromParts", Function::new(ctx.clone(), from_parts)?)?;
    native.set("keyParts", Function::new(ctx.clone(), parts)?)?;
    native.set("rsaPublicParts", Function::new(ctx.clone(), rsa_public_parts)?)
}

type Key<'js> = Class<'js, Material>;

fn secret<'js>(ctx: Ctx<'js>, data: TypedArray<'js, u8>) -> Result<Key<'js>> {
    Class::instance(ctx, Material::Secret(Zeroizing::new(bytes(&data).to_vec())))
}

fn random(ctx: Ctx<'_>, len: usize) -> Result<Value<'_>> {
    refuse_generating(&ctx)?;
    let key = zeroed(len).map(|mut secret| {
        HostRandom.fill_bytes(&mut secret);
        Material::Secret(Zeroizing::new(secret))
    });
    instance(&ctx, key)
}

/// A private key and its public one. `bits` and `exponent` are for RSA alone.
fn pair<'js>(ctx: Ctx<'js>, kind: String, bits: usize, exponent: TypedArray<'js, u8>) -> Result<Value<'js>> {
    refuse_generating(&ctx)?;
    let random = &mut HostRandom;
    let private = match kind.as_str() {
        "P-256" => Some(Material::P256(EcKey::generate(random))),
        "P-384" => Some(Material::P384(EcKey::generate(random))),
        "P-521" => Some(Material::P521(EcKey::generate(random))),
        "Ed25519" => Some(Material::Okp(OkpKey::generate(Curve::Ed25519, random))),
        "X25519" => Some(Material::Okp(OkpKey::generate(Curve::X25519, random))),
        "RSA" => RsaKey::generate(bits, bytes(&exponent), random).map(Material::Rsa),
        _ => None,
    };
    let Some(private) = private else { return Ok(Value::new_null(ctx)) };
    let public = match &private {
        Material::P256(key) => Material::P256(key.to_public()),
        Material::P384(key) => Material::P384(key.to_public()),
        Material::P521(key) => Material::P521(key.to_public()),
        Material::Okp(key) => Material::Okp(key.to_public()),
        Material::Rsa(key) => Material::Rsa(key.to_public()),
        Material::Secret(_) => return Ok(Value::new_null(ctx)),
    };
    vec![Class::instance(ctx.clone(), private)?, Class::instance(ctx.clone(), public)?].into_js(&ctx)
}

/// The key that is written in one of the forms `raw`, `spki` and `pkcs8`.
fn read<'js>(ctx: Ctx<'js>, kind: String, form: String, data: TypedArray<'js, u8>) -> Result<Value<'js>> {
    let data = bytes(&data);
    macro_rules! read {
        ($type:ident, $variant:ident $(, $curve:expr)?) => {
            match form.as_str() {
                "raw" => $type::from_raw($($curve,)? data),
                "spki" => $type::from_spki($($curve,)? data),
                "pkcs8" => $type::from_pkcs8($($curve,)? data),
                _ => None,
            }
            .map(Material::$variant)
        };
    }
    let key = match kind.as_str() {
        "P-256" => read!(EcKey, P256),
        "P-384" => read!(EcKey, P384),
        "P-521" => read!(EcKey, P521),
        "Ed25519" => read!(OkpKey, Okp, Curve::Ed25519),
        "X25519" => read!(OkpKey, Okp, Curve::X25519),
        "RSA" => match form.as_str() {
            "spki" => RsaKey::from_spki(data).map(Material::Rsa),
            "pkcs8" => RsaKey::from_pkcs8(data).map(Material::Rsa),
            _ => None,
        },
        _ => None,
    };
    instance(&ctx, key)
}

fn write<'js>(ctx: Ctx<'js>, key: Key<'js>, form: String) -> Result<Value<'js>> {
    macro_rules! write {
        ($key:expr) => {
            match form.as_str() {
                "raw" => Some($key.to_raw()),
                "spki" => $key.to_spki(),
                "pkcs8" => $key.to_pkcs8(),
                _ => None,
            }
        };
    }
    let written = match &*key.try_borrow()? {
        Material::Secret(bytes) => (form == "raw").then(|| bytes.to_vec()),
        Material::P256(key) => write!(key),
        Material::P384(key) => write!(key),
        Material::P521(key) => write!(key),
        Material::Okp(key) => write!(key),
        Material::Rsa(key) => match form.as_str() {
            "spki" => key.to_spki(),
            "pkcs8" => key.to_pkcs8(),
            _ => None,
        },
    };
    answer(ctx, written)
}

/// The key that a JSON Web Key's numbers make: `x`, `y`, `d` of a curve, `x`, `d` of Ed25519 and X25519, `n`, `e`, `d`, `p`, `q`,
/// `dp`, `dq`, `qi` of RSA; of a public key those that it has.
fn from_parts<'js>(ctx: Ctx<'js>, kind: String, parts: Vec<TypedArray<'js, u8>>) -> Result<Value<'js>> {
    let parts: Vec<&[u8]> = parts.iter().map(bytes).collect();
    let key = match kind.as_str() {
        "P-256" => EcKey::from_parts(&parts).map(Material::P256),
        "P-384" => EcKey::from_parts(&parts).map(Material::P384),
        "P-521" => EcKey::from_parts(&parts).map(Material::P521),
        "Ed25519" => OkpKey::from_parts(Curve::Ed25519, &parts).map(Material::Okp),
        "X25519" => OkpKey::from_parts(Curve::X25519, &parts).map(Material::Okp),
        "RSA" => RsaKey::from_parts(&parts).map(Material::Rsa),
        _ => None,
    };
    instance(&ctx, key)
}

/// What [`from_parts`] takes; of a secret key its bytes.
fn parts<'js>(ctx: Ctx<'js>, key: Key<'js>) -> Result<Value<'js>> {
    let parts = match &*key.try_borrow()? {
        Material::Secret(bytes) => Some(vec![bytes.to_vec()]),
        Material::P256(key) => Some(key.parts()),
        Material::P384(key) => Some(key.parts()),
        Material::P521(key) => Some(key.parts()),
        Material::Okp(key) => Some(key.parts()),
        Material::Rsa(key) => key.parts(),
    };
    buffers(&ctx, parts)
}

fn rsa_public_parts<'js>(ctx: Ctx<'js>, key: Key<'js>) -> Result<Value<'js>> {
    let parts = if let Material::Rsa(key) = &*key.try_borrow()? { Some(key.public_parts()) } else { None };
    buffers(&ctx, parts)
}

fn instance<'js>(ctx: &Ctx<'js>, key: Option<Material>) -> Result<Value<'js>> {
    or_null(ctx, key.map(|key| Class::instance(ctx.clone(), key)).transpose()?)
}

fn buffers<'js>(ctx: &Ctx<'js>, parts: Option<Vec<Vec<u8>>>) -> Result<Value<'js>> {
    let buffers = parts
        .map(|parts| parts.into_iter().map(|part| ArrayBuffer::new(ctx.clone(), part)).collect::<Result<Vec<_>>>());
    or_null(ctx, buffers.transpose()?)
}

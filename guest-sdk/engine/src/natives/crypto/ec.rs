//! ECDSA and ECDH over the curves of NIST, generic over the curve.

use ecdsa::hazmat::{sign_prehashed_rfc6979, verify_prehashed};
use ecdsa::{EcdsaCurve, Signature, SignatureSize};
use elliptic_curve::array::ArraySize;
use elliptic_curve::pkcs8::{AssociatedOid, DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use elliptic_curve::point::AffinePoint;
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, Sec1Point, ToSec1Point, ValidatePublicKey};
use elliptic_curve::{CurveArithmetic, FieldBytesSize, Generate, PublicKey, SecretKey, ecdh};
use rand_core::CryptoRng;

use super::hash::{Hash, with_hash};

/// Tags of the forms a point is written in (SEC 1 §2.3.3); of the others the standard knows nothing.
const POINT_TAGS: [u8; 3] = [2, 3, 4];

/// A private key, with its public one, or a public key alone.
pub struct EcKey<C: CurveArithmetic> {
    secret: Option<SecretKey<C>>,
    public: PublicKey<C>,
}

impl<C> EcKey<C>
where
    C: EcdsaCurve + CurveArithmetic + AssociatedOid + ValidatePublicKey,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
    SignatureSize<C>: ArraySize,
{
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        Self::private(SecretKey::generate_from_rng(random))
    }

    fn private(secret: SecretKey<C>) -> Self {
        Self { public: secret.public_key(), secret: Some(secret) }
    }

    pub fn to_public(&self) -> Self {
        Self { secret: None, public: self.public }
    }

    pub fn from_raw(bytes: &[u8]) -> Option<Self> {
        if !POINT_TAGS.contains(bytes.first()?) {
            return None;
        }
        Some(Self { secret: None, public: PublicKey::from_sec1_bytes(bytes).ok()? })
    }

    pub fn from_spki(bytes: &[u8]) -> Option<Self> {
        Some(Self { secret: None, public: PublicKey::from_public_key_der(bytes).ok()? })
    }

    pub fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        SecretKey::from_pkcs8_der(bytes).ok().map(Self::private)
    }

    /// `x` and `y`, or `x`, `y` and `d`, each as long as the field's elements; the point must belong to `d`.
    pub fn from_parts(parts: &[&[u8]]) -> Option<Self> {
        let (x, y) = (parts.first()?, parts.get(1)?);
        let point = Sec1Point::<C>::from_affine_coordinates((*x).try_into().ok()?, (*y).try_into().ok()?, false);
        let public = PublicKey::from_sec1_point(&point).into_option()?;
        let Some(d) = parts.get(2) else { return Some(Self { secret: None, public }) };
        let key = Self::private(SecretKey::from_bytes((*d).try_into().ok()?).ok()?);
        (key.public == public).then_some(key)
    }

    pub fn parts(&self) -> Vec<Vec<u8>> {
        let point = self.public.to_sec1_point(false);
        let secret = self.secret.as_ref().map(|secret| secret.to_bytes().to_vec());
        [point.x().map(|x| x.to_vec()), point.y().map(|y| y.to_vec()), secret].into_iter().flatten().collect()
    }

    pub fn to_raw(&self) -> Vec<u8> {
        self.public.to_sec1_point(false).as_bytes().to_vec()
    }

    pub fn to_spki(&self) -> Option<Vec<u8>> {
        self.public.to_public_key_der().ok().map(|document| document.into_vec())
    }

    pub fn to_pkcs8(&self) -> Option<Vec<u8>> {
        self.secret.as_ref()?.to_pkcs8_der().ok().map(|document| document.as_bytes().to_vec())
    }

    /// Deterministic (RFC 6979), so that nothing hangs on the quality of a nonce.
    pub fn sign(&self, hash: Hash, data: &[u8]) -> Option<Vec<u8>> {
        let secret = self.secret.as_ref()?.to_nonzero_scalar();
        let prehash = hash.digest(data);
        let signature: Signature<C> = with_hash!(hash, D => sign_prehashed_rfc6979::<C, D>(&secret, &prehash, &[]).0);
        Some(signature.to_bytes().to_vec())
    }

    pub fn verify(&self, hash: Hash, signature: &[u8], data: &[u8]) -> bool {
        let Ok(signature) = Signature::<C>::from_slice(signature) else { return false };
        verify_prehashed(&self.public.to_projective(), &hash.digest(data), &signature).is_ok()
    }

    pub fn agree(&self, other: &Self) -> Option<Vec<u8>> {
        let secret = self.secret.as_ref()?.to_nonzero_scalar();
        Some(ecdh::diffie_hellman(secret, other.public.as_affine()).raw_secret_bytes().to_vec())
    }
}

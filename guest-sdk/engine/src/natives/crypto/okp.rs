//! Ed25519 and X25519 (RFC 8032, RFC 7748), and how their keys are written (RFC 8410).

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use rand_core::CryptoRng;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

pub const KEY_BYTES: usize = 32;
const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const X25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    Ed25519,
    X25519,
}

impl Curve {
    fn identifier(self) -> AlgorithmIdentifierRef<'static> {
        let oid = match self {
            Self::Ed25519 => ED25519_OID,
            Self::X25519 => X25519_OID,
        };
        AlgorithmIdentifierRef { oid, parameters: None }
    }
}

/// A key is its 32 bytes: of a public one the standard wants to be told that it is no point only when it is used.
pub struct OkpKey {
    pub curve: Curve,
    secret: Option<Zeroizing<[u8; KEY_BYTES]>>,
    public: [u8; KEY_BYTES],
}

impl OkpKey {
    pub fn generate(curve: Curve, random: &mut impl CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; KEY_BYTES]);
        random.fill_bytes(&mut *secret);
        Self::private(curve, secret)
    }

    fn private(curve: Curve, secret: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        let public = match curve {
            Curve::Ed25519 => SigningKey::from_bytes(&secret).verifying_key().to_bytes(),
            Curve::X25519 => PublicKey::from(&StaticSecret::from(*secret)).to_bytes(),
        };
        Self { curve, secret: Some(secret), public }
    }

    pub fn to_public(&self) -> Self {
        Self { curve: self.curve, secret: None, public: self.public }
    }

    pub fn from_raw(curve: Curve, bytes: &[u8]) -> Option<Self> {
        Some(Self { curve, secret: None, public: bytes.try_into().ok()? })
    }

    pub fn from_spki(curve: Curve, bytes: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(bytes).ok()?;
        if info.algorithm != curve.identifier() {
            return None;
        }
        Self::from_raw(curve, info.subject_public_key.as_bytes()?)
    }

    pub fn from_pkcs8(curve: Curve, bytes: &[u8]) -> Option<Self> {
        let info = PrivateKeyInfoRef::from_der(bytes).ok()?;
        if info.algorithm != curve.identifier() {
            return None;
        }
        // RFC 8410 §7: an octet string within the octet string.
        let secret = <&OctetStringRef>::from_der(info.private_key.as_bytes()).ok()?;
        Some(Self::private(curve, Zeroizing::new(secret.as_bytes().try_into().ok()?)))
    }

    /// `x`, or `x` and `d`, of which `x` must belong to `d`.
    pub fn from_parts(curve: Curve, parts: &[&[u8]]) -> Option<Self> {
        match parts {
            [x] => Self::from_raw(curve, x),
            [x, d] => {
                let key = Self::private(curve, Zeroizing::new((*d).try_into().ok()?));
                (key.public == **x).then_some(key)
            }
            _ => None,
        }
    }

    pub fn parts(&self) -> Vec<Vec<u8>> {
        let secret = self.secret.iter().map(|secret| secret.to_vec());
        std::iter::once(self.public.to_vec()).chain(secret).collect()
    }

    pub fn to_raw(&self) -> Vec<u8> {
        self.public.to_vec()
    }

    pub fn to_spki(&self) -> Option<Vec<u8>> {
        let subject_public_key = BitStringRef::from_bytes(&self.public).ok()?;
        SubjectPublicKeyInfoRef { algorithm: self.curve.identifier(), subject_public_key }.to_der().ok()
    }

    pub fn to_pkcs8(&self) -> Option<Vec<u8>> {
        let secret = OctetStringRef::new(&**self.secret.as_ref()?).ok()?;
        let inner = Zeroizing::new(secret.to_der().ok()?);
        PrivateKeyInfoRef::new(self.curve.identifier(), OctetStringRef::new(&inner).ok()?).to_der().ok()
    }

    pub fn sign(&self, data: &[u8]) -> Option<Vec<u8>> {
        let secret = self.secret.as_ref()?;
        Some(SigningKey::from_bytes(secret).sign(data).to_bytes().to_vec())
    }

    /// Small-order points are refused, as the standard wants it.
    pub fn verify(&self, signature: &[u8], data: &[u8]) -> bool {
        let (Ok(key), Ok(signature)) = (VerifyingKey::from_bytes(&self.public), Signature::from_slice(signature))
        else {
            return false;
        };
        key.verify_strict(data, &signature).is_ok()
    }

    /// `None` when the other's point is of small order, so that the secret would not depend on this key.
    pub fn agree(&self, other: &Self) -> Option<Vec<u8>> {
        let secret = StaticSecret::from(**self.secret.as_ref()?);
        let shared = secret.diffie_hellman(&PublicKey::from(other.public));
        shared.was_contributory().then(|| shared.to_bytes().to_vec())
    }
}

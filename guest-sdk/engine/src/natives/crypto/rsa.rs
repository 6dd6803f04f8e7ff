//! RSA: PKCS #1 v1.5 signatures, PSS and OAEP (RFC 8017). Private operations are blinded.

use pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rand_core::CryptoRng;
use rsa::pkcs1::der::{Decode, asn1::UintRef};
use rsa::pkcs1::{EncodeRsaPrivateKey, RsaPrivateKey, RsaPrivateKeyRef, RsaPublicKeyRef};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Oaep, Pkcs1v15Sign, PrivateKey, Pss, PublicKey};

use super::hash::{Hash, with_hash};

/// A private key, which holds its public one, or a public key.
pub enum RsaKey {
    Private(Box<PrivateKey>),
    Public(PublicKey),
}

/// How a signature is padded.
#[derive(Clone, Copy)]
pub enum Padding {
    Pkcs1v15,
    Pss { salt_bytes: usize },
}

impl Padding {
    /// Whether it may fit: a salt is set aside before it is found to be longer than the key.
    fn may_fit(self, key: &PublicKey) -> bool {
        match self {
            Self::Pkcs1v15 => true,
            Self::Pss { salt_bytes } => salt_bytes <= key.size(),
        }
    }
}

impl RsaKey {
    /// `None` for a size or exponent that makes no key.
    pub fn generate(bits: usize, exponent: &[u8], random: &mut impl CryptoRng) -> Option<Self> {
        if !(PublicKey::MIN_SIZE..=PublicKey::MAX_SIZE).contains(&bits) {
            return None;
        }
        // An even exponent has no inverse; what is too small or too large the crate refuses, but only once it has found primes.
        let exponent =
            exponent.iter().fold(Some(0_u64), |sum, &byte| sum?.checked_mul(256)?.checked_add(byte.into()))?;
        if exponent % 2 == 0 || !(PublicKey::MIN_PUB_EXPONENT..=PublicKey::MAX_PUB_EXPONENT).contains(&exponent) {
            return None;
        }
        PrivateKey::new_with_exp(random, bits, BoxedUint::from(exponent)).ok().map(Self::private)
    }

    fn private(key: PrivateKey) -> Self {
        Self::Private(Box::new(key))
    }

    fn public(&self) -> &PublicKey {
        match self {
            Self::Private(key) => key.as_public_key(),
            Self::Public(key) => key,
        }
    }

    fn secret(&self) -> Option<&PrivateKey> {
        match self {
            Self::Private(key) => Some(key),
            Self::Public(_) => None,
        }
    }

    pub fn to_public(&self) -> Self {
        Self::Public(self.public().clone())
    }

    pub fn from_spki(bytes: &[u8]) -> Option<Self> {
        PublicKey::from_public_key_der(bytes).ok().map(Self::Public)
    }

    pub fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        PrivateKey::from_pkcs8_der(bytes).ok().map(Self::private)
    }

    /// `n` and `e`, or `n`, `e`, `d`, `p`, `q`, `dp`, `dq` and `qi`.
    pub fn from_parts(parts: &[&[u8]]) -> Option<Self> {
        let numbers: Vec<_> = parts.iter().map(|part| UintRef::new(part).ok()).collect::<Option<_>>()?;
        match numbers[..] {
            [modulus, public_exponent] => {
                PublicKey::try_from(RsaPublicKeyRef { modulus, public_exponent }).ok().map(Self::Public)
            }
            [modulus, public_exponent, private_exponent, prime1, prime2, exponent1, exponent2, coefficient] => {
                let parts: RsaPrivateKeyRef<'_> = RsaPrivateKey {
                    modulus,
                    public_exponent,
                    private_exponent,
                    prime1,
                    prime2,
                    exponent1,
                    exponent2,
                    coefficient,
                    other_prime_infos: None,
                };
                PrivateKey::try_from(parts).ok().map(Self::private)
            }
            _ => None,
        }
    }

    pub fn parts(&self) -> Option<Vec<Vec<u8>>> {
        let Some(secret) = self.secret() else { return Some(self.public_parts()) };
        let document = secret.to_pkcs1_der().ok()?;
        let parts = RsaPrivateKeyRef::from_der(document.as_bytes()).ok()?;
        let numbers = [
            parts.modulus,
            parts.public_exponent,
            parts.private_exponent,
            parts.prime1,
            parts.prime2,
            parts.exponent1,
            parts.exponent2,
            parts.coefficient,
        ];
        Some(numbers.iter().map(|number| number.as_bytes().to_vec()).collect())
    }

    /// Modulus and exponent without leading zeros.
    pub fn public_parts(&self) -> Vec<Vec<u8>> {
        let key = self.public();
        vec![key.n_bytes().into_vec(), key.e_bytes().into_vec()]
    }

    pub fn to_spki(&self) -> Option<Vec<u8>> {
        self.public().to_public_key_der().ok().map(|document| document.into_vec())
    }

    pub fn to_pkcs8(&self) -> Option<Vec<u8>> {
        self.secret()?.to_pkcs8_der().ok().map(|document| document.as_bytes().to_vec())
    }

    pub fn sign(&self, hash: Hash, padding: Padding, data: &[u8], random: &mut impl CryptoRng) -> Option<Vec<u8>> {
        let (key, digest) = (self.secret()?, hash.digest(data));
        if !padding.may_fit(key.as_public_key()) {
            return None;
        }
        let signed = with_hash!(hash, D => match padding {
            Padding::Pkcs1v15 => key.sign_with_rng(random, Pkcs1v15Sign::new::<D>(), &digest),
            Padding::Pss { salt_bytes } => key.sign_with_rng(random, Pss::<D>::new_with_salt(salt_bytes), &digest),
        });
        signed.ok()
    }

    pub fn verify(&self, hash: Hash, padding: Padding, signature: &[u8], data: &[u8]) -> bool {
        let (key, digest) = (self.public(), hash.digest(data));
        if !padding.may_fit(key) {
            return false;
        }
        let verified = with_hash!(hash, D => match padding {
            Padding::Pkcs1v15 => key.verify(Pkcs1v15Sign::new::<D>(), &digest, signature),
            Padding::Pss { salt_bytes } => key.verify(Pss::<D>::new_with_salt(salt_bytes), &digest, signature),
        });
        verified.is_ok()
    }

    pub fn encrypt(&self, hash: Hash, label: &[u8], data: &[u8], random: &mut impl CryptoRng) -> Option<Vec<u8>> {
        let key = self.public();
        with_hash!(hash, D => key.encrypt(random, Oaep::<D>::new_with_label(label), data)).ok()
    }

    pub fn decrypt(&self, hash: Hash, label: &[u8], data: &[u8], random: &mut impl CryptoRng) -> Option<Vec<u8>> {
        let key = self.secret()?;
        with_hash!(hash, D => key.decrypt_blinded(random, Oaep::<D>::new_with_label(label), data)).ok()
    }
}

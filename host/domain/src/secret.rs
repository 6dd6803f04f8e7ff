//! Secrets at rest: a value is sealed with its tenant's data key, that key with the host's master key (XChaCha20-Poly1305, a random
//! nonce each). Where they are kept and who may set them is elsewhere.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use crate::audit::AuditKey;
use crate::ids::{Digest, EnvName, FunctionName, TenantId};

/// How many secrets a tenant or a function may have, and bytes of one: it has to fit a header field.
pub const MAX_SECRETS: usize = 64;
pub const MAX_SECRET_BYTES: usize = 8 << 10;

const NONCE_BYTES: usize = 24;

/// A nonce and the sealed bytes behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}

/// It was sealed with another key or for another place, or was damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be opened with this host's master key")]
pub struct CannotOpen;

/// Where a value belongs. It opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub tenant: TenantId,
    pub function: Option<&'a FunctionName>,
    pub name: &'a EnvName,
}

impl Place<'_> {
    /// Neither names nor ids have a `/`, so no two places are written alike.
    fn associated(&self) -> String {
        format!("{}/{}/{}", self.tenant, self.function.map_or("", FunctionName::as_str), self.name)
    }
}

/// The host's own key. Hosts that share a store must share it. No `Debug`, so that it cannot end up in a log.
pub struct MasterKey([u8; 32]);

/// One tenant's key, opened.
pub struct DataKey([u8; 32]);

impl MasterKey {
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What the audit's digests are keyed with: the same on all hosts that share this key.
    pub fn audit_key(&self) -> AuditKey {
        AuditKey::new(blake3::derive_key("isolet audit 1", &self.0))
    }

    /// A new key for this tenant, sealed.
    pub fn make_data_key(&self, tenant: &TenantId) -> Sealed {
        seal(&self.0, &random::<32>(), &format!("data key of {tenant}"))
    }

    /// An answer that is remembered for a while, sealed: it may show a new key's secret.
    pub fn seal_answer(&self, place: &Digest, answer: &[u8]) -> Sealed {
        seal(&self.0, answer, &format!("answer {place}"))
    }

    pub fn open_answer(&self, place: &Digest, sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        open(&self.0, sealed, &format!("answer {place}"))
    }

    /// The name of a page with a run's answer, sealed: who has it looks at that answer, and can make up no other.
    pub fn seal_preview(&self, name: &[u8]) -> Sealed {
        seal(&self.0, name, "preview")
    }

    pub fn open_preview(&self, sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        open(&self.0, sealed, "preview")
    }

    pub fn open_data_key(&self, tenant: &TenantId, sealed: &Sealed) -> Result<DataKey, CannotOpen> {
        let bytes = open(&self.0, sealed, &format!("data key of {tenant}"))?;
        bytes.try_into().map(DataKey).map_err(|_| CannotOpen)
    }
}

impl DataKey {
    pub fn seal(&self, value: &str, place: Place<'_>) -> Sealed {
        seal(&self.0, value.as_bytes(), &place.associated())
    }

    pub fn open(&self, sealed: &Sealed, place: Place<'_>) -> Result<String, CannotOpen> {
        String::from_utf8(open(&self.0, sealed, &place.associated())?).map_err(|_| CannotOpen)
    }
}

/// Whether a value can stand in a header field as it is: visible ASCII, with spaces and tabs between.
pub fn is_acceptable(value: &str) -> bool {
    let visible = |byte: u8| (b'!'..=b'~').contains(&byte);
    let bytes = value.as_bytes();
    (1..=MAX_SECRET_BYTES).contains(&bytes.len())
        && bytes.iter().all(|byte| visible(*byte) || matches!(byte, b' ' | b'\t'))
        && bytes.first().copied().is_some_and(visible)
        && bytes.last().copied().is_some_and(visible)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

fn seal(key: &[u8; 32], plain: &[u8], associated: &str) -> Sealed {
    let nonce = random::<NONCE_BYTES>();
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let payload = Payload { msg: plain, aad: associated.as_bytes() };
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).expect("it is far shorter than the cipher's 256 GiB");
    Sealed([&nonce[..], &sealed].concat())
}

fn open(key: &[u8; 32], sealed: &Sealed, associated: &str) -> Result<Vec<u8>, CannotOpen> {
    let (nonce, rest) = sealed.0.split_first_chunk::<NONCE_BYTES>().ok_or(CannotOpen)?;
    let payload = Payload { msg: rest, aad: associated.as_bytes() };
    XChaCha20Poly1305::new(&Key::from(*key)).decrypt(&XNonce::from(*nonce), payload).map_err(|_| CannotOpen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_in_its_own_place_and_nowhere_else() {
        let (tenant, other) = (TenantId::generate(), TenantId::generate());
        let [name, another] = ["TOKEN", "OTHER"].map(|raw| EnvName::parse(raw).expect("valid"));
        let function = FunctionName::parse("hello").expect("valid");
        let master = MasterKey::new([1; 32]);
        let wrapped = master.make_data_key(&tenant);
        let key = master.open_data_key(&tenant, &wrapped).expect("its own");
        assert!(master.open_data_key(&other, &wrapped).is_err());
        assert!(MasterKey::new([2; 32]).open_data_key(&tenant, &wrapped).is_err());
        let place = Place { tenant, function: None, name: &name };
        let sealed = key.seal("s3cret-value", place);
        assert_eq!(key.open(&sealed, place).as_deref(), Ok("s3cret-value"));
        for wrong in [
            Place { tenant: other, ..place },
            Place { function: Some(&function), ..place },
            Place { name: &another, ..place },
        ] {
            assert_eq!(key.open(&sealed, wrong), Err(CannotOpen));
        }
        assert_ne!(sealed, key.seal("s3cret-value", place), "nonces are random");
        for at in 0..sealed.as_bytes().len() {
            let mut damaged = sealed.as_bytes().to_vec();
            damaged[at] ^= 1;
            assert_eq!(key.open(&Sealed::from_bytes(damaged), place), Err(CannotOpen), "{at}");
        }
        assert_eq!(key.open(&Sealed::from_bytes(vec![0; 10]), place), Err(CannotOpen));
        assert_eq!(format!("{sealed:?}"), "Sealed");
    }

    #[test]
    fn values_fit_a_header_field() {
        let long = "x".repeat(MAX_SECRET_BYTES);
        for good in ["x", "Bearer abc==", "a\tb", &long] {
            assert!(is_acceptable(good), "{good:?}");
        }
        let longer = format!("{long}x");
        for bad in ["", " ", " x", "x ", "a\r\nb", "a\0b", "a\nb", "ä", "\u{7f}", &longer] {
            assert!(!is_acceptable(bad), "{bad:?}");
        }
    }
}

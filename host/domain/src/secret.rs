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
/// Where the key of the audit's digests belongs.
const AUDIT_KEY: &str = "audit key";

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
pub struct MasterKey {
    /// Seals and opens.
    current: [u8; 32],
    /// Open as well, while one key takes the place of another.
    others: Vec<[u8; 32]>,
    /// What the audit's digests are keyed with, where that comes from a key that was replaced.
    audit: Option<[u8; 32]>,
}

/// What a data key needs when the master key changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrap {
    /// It is sealed with the new one.
    Needless,
    /// The same, sealed with the new one.
    Sealed(Sealed),
}

/// One tenant's key, opened.
pub struct DataKey([u8; 32]);

impl MasterKey {
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self { current: bytes, others: Vec::new(), audit: None }
    }

    /// The same, and what these sealed is opened too.
    pub fn and_opens(self, others: Vec<[u8; 32]>) -> Self {
        Self { others, ..self }
    }

    /// The same, with what the audit's digests were keyed with before the key was replaced.
    pub fn with_audit_key(self, sealed: &Sealed) -> Result<Self, CannotOpen> {
        let audit = self.open(sealed, AUDIT_KEY)?.try_into().map_err(|_| CannotOpen)?;
        Ok(Self { audit: Some(audit), ..self })
    }

    /// What the audit's digests are keyed with: the same on all hosts that share this key.
    pub fn audit_key(&self) -> AuditKey {
        AuditKey::new(self.audit_bytes())
    }

    /// What it is told by: the same of one that took another's place. Nothing can be opened with it.
    pub fn mark(&self, of: &str) -> Digest {
        Digest::from_bytes(*blake3::keyed_hash(&self.audit_bytes(), of.as_bytes()).as_bytes())
    }

    fn audit_bytes(&self) -> [u8; 32] {
        self.audit.unwrap_or_else(|| blake3::derive_key("isolet audit 1", &self.current))
    }

    /// What another master key's audit is keyed with, sealed with this one, which takes its place.
    pub fn seal_audit_key_of(&self, before: &Self) -> Sealed {
        seal(&self.current, &before.audit_bytes(), AUDIT_KEY)
    }

    /// What the ends of archives are keyed with.
    pub fn archive_key(&self) -> [u8; 32] {
        blake3::derive_key("isolet archive 1", &self.current)
    }

    /// A data key that the one before can open, sealed with this one.
    pub fn rewrap_data_key(&self, before: &Self, tenant: &TenantId, sealed: &Sealed) -> Result<Rewrap, CannotOpen> {
        let place = data_key_of(tenant);
        if open(&self.current, sealed, &place).is_ok() {
            return Ok(Rewrap::Needless);
        }
        Ok(Rewrap::Sealed(seal(&self.current, &before.open(sealed, &place)?, &place)))
    }

    fn open(&self, sealed: &Sealed, associated: &str) -> Result<Vec<u8>, CannotOpen> {
        let keys = std::iter::once(&self.current).chain(&self.others);
        keys.into_iter().find_map(|key| open(key, sealed, associated).ok()).ok_or(CannotOpen)
    }

    /// A new key for this tenant, sealed.
    pub fn make_data_key(&self, tenant: &TenantId) -> Sealed {
        seal(&self.current, &random::<32>(), &data_key_of(tenant))
    }

    /// An answer that is remembered for a while, sealed: it may show a new key's secret.
    pub fn seal_answer(&self, place: &Digest, answer: &[u8]) -> Sealed {
        seal(&self.current, answer, &format!("answer {place}"))
    }

    pub fn open_answer(&self, place: &Digest, sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        self.open(sealed, &format!("answer {place}"))
    }

    /// The name of a page with a run's answer, sealed: who has it looks at that answer, and can make up no other.
    pub fn seal_preview(&self, name: &[u8]) -> Sealed {
        seal(&self.current, name, "preview")
    }

    pub fn open_preview(&self, sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        self.open(sealed, "preview")
    }

    pub fn open_data_key(&self, tenant: &TenantId, sealed: &Sealed) -> Result<DataKey, CannotOpen> {
        let bytes = self.open(sealed, &data_key_of(tenant))?;
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

fn data_key_of(tenant: &TenantId) -> String {
    format!("data key of {tenant}")
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
    fn one_master_key_takes_the_place_of_another() {
        let tenant = TenantId::generate();
        let old = MasterKey::new([1; 32]);
        let sealed = old.make_data_key(&tenant);
        let new = MasterKey::new([2; 32]);
        let both = MasterKey::new([1; 32]).and_opens(vec![[2; 32]]);
        let Ok(Rewrap::Sealed(again)) = new.rewrap_data_key(&both, &tenant, &sealed) else { panic!("it opens") };
        assert_eq!(new.rewrap_data_key(&both, &tenant, &again), Ok(Rewrap::Needless));
        let same = |key: &MasterKey, sealed| key.open_data_key(&tenant, sealed).map(|key| key.0).ok();
        assert_eq!(same(&new, &again), same(&old, &sealed));
        assert!(same(&both, &again).is_some() && same(&both, &sealed).is_some());
        assert!(same(&old, &again).is_none() && new.rewrap_data_key(&new, &tenant, &sealed).is_err());

        let audit = new.seal_audit_key_of(&old);
        let later = MasterKey::new([2; 32]).with_audit_key(&audit).expect("its own");
        assert_eq!(later.audit_bytes(), old.audit_bytes());
        assert!(MasterKey::new([3; 32]).with_audit_key(&audit).is_err());
        let audit = MasterKey::new([3; 32]).seal_audit_key_of(&later);
        let latest = MasterKey::new([3; 32]).with_audit_key(&audit).expect("its own");
        assert_eq!(latest.audit_bytes(), old.audit_bytes());
        assert_ne!(old.archive_key(), new.archive_key());
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

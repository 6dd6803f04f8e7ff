//! Identifiers, parsed once at the edge and valid by construction afterwards. What they identify lives in the other modules.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Why a text is not the identifier it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    #[error("must be 1 to {MAX_SLUG} characters of a-z, 0-9 and single hyphens between them")]
    Slug,
    #[error("`{0}` is reserved")]
    Reserved(&'static str),
    #[error("must start with `{0}` and be an identifier this host gave out")]
    Prefixed(&'static str),
    #[error("must be `b3:` and 64 hexadecimal digits")]
    Digest,
    #[error("must be `v_` and 26 characters of a-z and 2-7")]
    Version,
    #[error("must be 1 to 128 characters: a letter or `_`, then letters, digits and `_`")]
    EnvName,
}

/// Longest slug: `{function}--{tenant}` has to fit one host label (RFC 1123 §2.1: 63 octets).
pub const MAX_SLUG: usize = 30;

fn check_slug(raw: &str) -> Result<(), InvalidId> {
    let well_formed = !raw.is_empty()
        && raw.len() <= MAX_SLUG
        && raw
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if !well_formed {
        return Err(InvalidId::Slug);
    }
    // `xn--…` is how the DNS writes internationalised names, so `xn` could never be told from one.
    if raw == "xn" { Err(InvalidId::Reserved("xn")) } else { Ok(()) }
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            pub fn parse(raw: &str) -> Result<Self, InvalidId> {
                check_slug(raw)?;
                Ok(Self(raw.to_owned()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(raw: &str) -> Result<Self, InvalidId> {
                Self::parse(raw)
            }
        }
    };
}

slug!(
    /// A tenant's name in addresses, unique on the host and chosen by whoever created it.
    TenantSlug
);
slug!(
    /// A function's name, unique within its tenant.
    FunctionName
);
slug!(
    /// An alias's name, unique within its function.
    AliasName
);
slug!(
    /// A route's name, unique within its tenant.
    RouteId
);

impl AliasName {
    /// The alias that host names lead to.
    pub const LIVE: &str = "live";

    pub fn live() -> Self {
        Self(Self::LIVE.to_owned())
    }

    pub fn is_live(&self) -> bool {
        self.0 == Self::LIVE
    }
}

macro_rules! prefixed {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one: UUIDv7 (RFC 9562 §5.7), unique, and ordered by creation within this process.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            pub fn parse(raw: &str) -> Result<Self, InvalidId> {
                let body = raw.strip_prefix($prefix).ok_or(InvalidId::Prefixed($prefix))?;
                // Exactly the spelling given out, so that one thing has one name.
                let well_formed = body.len() == 32 && body.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if !well_formed {
                    return Err(InvalidId::Prefixed($prefix));
                }
                Uuid::try_parse(body).map(Self).map_err(|_| InvalidId::Prefixed($prefix))
            }

            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.as_simple())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(raw: &str) -> Result<Self, InvalidId> {
                Self::parse(raw)
            }
        }
    };
}

prefixed!(
    /// A tenant for good: a tenant deleted and created again under the same slug is another one.
    TenantId, "ten_"
);
prefixed!(
    /// One entry of the audit.
    AuditId, "aud_"
);
prefixed!(
    /// A host for as long as it keeps its data folder.
    HostId, "hst_"
);
prefixed!(
    /// An API key's public name; the secret is never derived from it.
    KeyId, "key_"
);
prefixed!(
    /// One recorded run or saved prompt.
    RunId, "run_"
);
prefixed!(
    /// One HTTP request, in headers and logs.
    RequestId, "req_"
);

impl AuditId {
    /// What is before all that were given out from this time on, to the millisecond (RFC 9562 §5.7: the first 48 bits).
    pub fn first_at(time: jiff::Timestamp) -> Self {
        let milliseconds = u64::try_from(time.as_millisecond()).unwrap_or(0).min((1 << 48) - 1);
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
        Self::from_bytes(bytes)
    }
}

/// A BLAKE3 digest, written `b3:<64 hex digits>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Of the parts as if they were one.
    pub fn of_parts<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub fn parse(raw: &str) -> Result<Self, InvalidId> {
        let hex = raw.strip_prefix("b3:").ok_or(InvalidId::Digest)?;
        blake3::Hash::from_hex(hex).map(|hash| Self(*hash.as_bytes())).map_err(|_| InvalidId::Digest)
    }

    /// The hexadecimal digits alone.
    pub fn to_hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b3:{}", blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A version's short name: `v_` and the first 26 characters (130 bits) of its digest in base 32 (RFC 4648 §6, lower case).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(String);

impl VersionId {
    pub fn of(digest: &Digest) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut text = String::with_capacity(28);
        text.push_str("v_");
        let (mut bits, mut count) = (0_u32, 0_u32);
        for byte in digest.as_bytes() {
            bits = (bits << 8) | u32::from(*byte);
            count += 8;
            while count >= 5 && text.len() < 28 {
                count -= 5;
                text.push(char::from(ALPHABET[(bits >> count) as usize & 31]));
            }
        }
        Self(text)
    }

    pub fn parse(raw: &str) -> Result<Self, InvalidId> {
        let body = raw.strip_prefix("v_").ok_or(InvalidId::Version)?;
        let well_formed =
            body.len() == 26 && body.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b));
        if well_formed { Ok(Self(raw.to_owned())) } else { Err(InvalidId::Version) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an environment variable. Names that start with `ISOLET_` belong to the platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvName(String);

impl EnvName {
    pub fn parse(raw: &str) -> Result<Self, InvalidId> {
        let mut bytes = raw.bytes();
        let starts_well = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if !starts_well || raw.len() > 128 || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(InvalidId::EnvName);
        }
        if raw.starts_with("ISOLET_") {
            return Err(InvalidId::Reserved("ISOLET_"));
        }
        Ok(Self(raw.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_dns_labels_without_doubled_hyphens() {
        for good in ["a", "hello", "a-b-c", "0x1f", &"a".repeat(30)] {
            assert!(TenantSlug::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "A", "a_b", "a.b", "ä", "xn", &"a".repeat(31), "a\0"] {
            assert!(TenantSlug::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_parse_back_and_only_in_their_own_spelling() {
        let id = RunId::generate();
        let text = id.to_string();
        assert_eq!(RunId::parse(&text), Ok(id));
        assert!(TenantId::parse(&text).is_err());
        assert!(RunId::parse(&text.to_uppercase()).is_err());
        assert!(RunId::parse("run_").is_err());
    }

    #[test]
    fn ids_of_one_process_are_ordered() {
        let ids: Vec<RunId> = (0..10_000).map(|_| RunId::generate()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn version_ids_are_26_characters_of_the_digest() {
        let id = VersionId::of(&Digest::of(b"x"));
        assert_eq!(VersionId::parse(id.as_str()), Ok(id.clone()));
        assert_eq!(id.as_str().len(), 28);
        assert_ne!(id, VersionId::of(&Digest::of(b"y")));
    }

    #[test]
    fn platform_names_cannot_be_taken_as_variables() {
        assert!(EnvName::parse("WHO").is_ok());
        for bad in ["ISOLET_RECORDS", "", "1A", "A-B", "A\0", "A=B"] {
            assert!(EnvName::parse(bad).is_err(), "{bad:?}");
        }
    }
}

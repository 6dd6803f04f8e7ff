//! API keys: how one is made, spelled, and recognised again without being kept. What a key may do is in `access`.

use jiff::Timestamp;

use crate::access::{Credential, Preset};
use crate::bounds::Bounds;
use crate::ids::{Digest, KeyId, TenantId};

/// What is stored of a key. The secret itself is shown once and never stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    pub name: String,
    pub preset: Preset,
    /// The tenant it is bound to; `None` for the presets that reach all.
    pub tenant: Option<TenantId>,
    /// What it may not do of what its preset allows.
    pub bounds: Bounds,
    /// Keyed BLAKE3 of the secret: a random secret of 131 bits needs no slow hash.
    pub hash: Digest,
    pub created_at: Timestamp,
    /// To within some minutes.
    pub last_used_at: Option<Timestamp>,
}

impl Key {
    pub fn credential(&self) -> Credential {
        Credential { key: Some(self.id), preset: self.preset, tenant: self.tenant, bounds: self.bounds.clone() }
    }
}

/// A key's secret text, `isl_<kind>_<22 base-62 random><6 base-62 checksum>`: scanners can find it, and a typing error shows
/// before anything is looked up. It has no `Debug` or `Display`, so that it cannot end up in a log.
pub struct KeySecret(String);

/// How the hashes of one host's keys are keyed, so that a stolen store alone lets nobody test guesses.
#[derive(Clone)]
pub struct KeyPepper([u8; 32]);

impl KeyPepper {
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What the store knows this secret by.
    pub fn hash(&self, secret: &str) -> Digest {
        Digest::from_bytes(*blake3::keyed_hash(&self.0, secret.as_bytes()).as_bytes())
    }
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl KeySecret {
    /// A new secret from the operating system's random generator.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: going on would make guessable keys.
    pub fn generate(preset: Preset) -> Self {
        let kind = preset.as_str().replace('-', "");
        let mut text = format!("isl_{kind}_");
        let start = text.len();
        while text.len() < start + 22 {
            let mut byte = [0_u8];
            getrandom::fill(&mut byte).expect("the operating system gives randomness");
            // 248 is the largest multiple of 62 in a byte: above it the remainder would favour some characters.
            if byte[0] < 248 {
                text.push(char::from(BASE62[usize::from(byte[0] % 62)]));
            }
        }
        let sum = checksum(&text);
        text.push_str(&sum);
        Self(text)
    }

    /// The secret itself, for the one answer that shows it and the file that keeps it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Whether a text can be a key at all. Most guesses end here, before the store is asked.
pub fn is_well_formed(text: &str) -> bool {
    let Some((kind, body)) = text.strip_prefix("isl_").and_then(|rest| rest.split_once('_')) else { return false };
    let known = Preset::ALL.iter().any(|preset| preset.as_str().replace('-', "") == kind);
    known
        && body.len() == 28
        && body.bytes().all(|b| b.is_ascii_alphanumeric())
        && checksum(&text[..text.len() - 6]) == text[text.len() - 6..]
}

/// Six base-62 characters of the text's CRC-32 (IEEE 802.3).
fn checksum(text: &str) -> String {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc;
    let mut out = [b'0'; 6];
    for slot in out.iter_mut().rev() {
        *slot = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    out.iter().map(|b| char::from(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_are_well_formed_and_differ() {
        let secrets: std::collections::HashSet<String> =
            (0..1_000).map(|_| KeySecret::generate(Preset::InvokeOnly).expose().to_owned()).collect();
        assert_eq!(secrets.len(), 1_000);
        assert!(secrets.iter().all(|secret| is_well_formed(secret) && secret.starts_with("isl_invokeonly_")));
    }

    #[test]
    fn a_mistyped_key_is_seen_without_the_store() {
        let secret = KeySecret::generate(Preset::Admin).expose().to_owned();
        for index in 0..secret.len() {
            let mut bytes = secret.clone().into_bytes();
            bytes[index] = if bytes[index] == b'x' { b'y' } else { b'x' };
            assert!(!is_well_formed(&String::from_utf8(bytes).expect("ascii")), "{index}");
        }
        assert!(!is_well_formed("") && !is_well_formed("isl_admin_") && !is_well_formed("isl_root_äöü"));
    }

    #[test]
    fn the_checksum_is_crc_32() {
        // The check value of CRC-32/ISO-HDLC for "123456789" is CBF43926, 3421780262.
        let mut value: u64 = 0;
        for c in checksum("123456789").bytes() {
            value = value * 62 + BASE62.iter().position(|b| *b == c).expect("base 62") as u64;
        }
        assert_eq!(value, 0xCBF4_3926);
    }
}

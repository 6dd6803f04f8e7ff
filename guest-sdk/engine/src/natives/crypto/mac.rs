//! HMAC and what is derived with it: HKDF and PBKDF2.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;

use super::hash::{Hash, with_hash};
use super::zeroed;

pub fn hmac_sign(hash: Hash, key: &[u8], data: &[u8]) -> Vec<u8> {
    with_hash!(hash, D => keyed::<Hmac<D>>(key, data).finalize().into_bytes().to_vec())
}

/// Compares in constant time.
pub fn hmac_verify(hash: Hash, key: &[u8], signature: &[u8], data: &[u8]) -> bool {
    with_hash!(hash, D => keyed::<Hmac<D>>(key, data).verify_slice(signature).is_ok())
}

fn keyed<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> M {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(data);
    mac
}

/// `None` when more is asked for than HKDF can give, or than there is memory for.
pub fn hkdf(hash: Hash, key: &[u8], salt: &[u8], info: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let mut out = zeroed(bytes)?;
    with_hash!(hash, D => Hkdf::<D>::new(Some(salt), key).expand(info, &mut out)).ok()?;
    Some(out)
}

/// `None` when there is no memory for so much.
pub fn pbkdf2(hash: Hash, password: &[u8], salt: &[u8], iterations: u32, bytes: usize) -> Option<Vec<u8>> {
    let mut out = zeroed(bytes)?;
    with_hash!(hash, D => pbkdf2_hmac::<D>(password, salt, iterations, &mut out));
    Some(out)
}

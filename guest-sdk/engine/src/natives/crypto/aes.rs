//! AES in the modes of Web Cryptography: CBC, CTR, GCM and key wrapping. `None` stands for what the standard calls an operation error.

use aes::cipher::array::Array;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::common::InnerInit;
use aes::cipher::consts::{U8, U12, U16, U24, U32};
use aes::cipher::{
    Block, BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncClosure, BlockCipherEncrypt, BlockModeDecrypt,
    BlockModeEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher,
};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::AeadInOut;
use aes_kw::AesKw;
use ctr::{Ctr128BE, CtrCore};
use subtle::ConstantTimeEq;

const BLOCK_BYTES: usize = 16;
/// What key wrapping adds, and works in multiples of (RFC 3394).
const WRAP_BYTES: usize = 8;

/// AES with a key of any of its three lengths, so that each mode is compiled once.
pub enum Aes {
    Short(Aes128),
    Middle(Aes192),
    Long(Aes256),
}

impl Aes {
    pub fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(Self::Short),
            24 => Aes192::new_from_slice(key).ok().map(Self::Middle),
            32 => Aes256::new_from_slice(key).ok().map(Self::Long),
            _ => None,
        }
    }
}

impl BlockSizeUser for Aes {
    type BlockSize = U16;
}

impl BlockCipherEncrypt for Aes {
    fn encrypt_with_backend(&self, run: impl BlockCipherEncClosure<BlockSize = U16>) {
        match self {
            Self::Short(aes) => aes.encrypt_with_backend(run),
            Self::Middle(aes) => aes.encrypt_with_backend(run),
            Self::Long(aes) => aes.encrypt_with_backend(run),
        }
    }
}

impl BlockCipherDecrypt for Aes {
    fn decrypt_with_backend(&self, run: impl BlockCipherDecClosure<BlockSize = U16>) {
        match self {
            Self::Short(aes) => aes.decrypt_with_backend(run),
            Self::Middle(aes) => aes.decrypt_with_backend(run),
            Self::Long(aes) => aes.decrypt_with_backend(run),
        }
    }
}

pub fn cbc_encrypt(aes: Aes, iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let iv: &Block<Aes> = iv.try_into().ok()?;
    Some(cbc::Encryptor::inner_iv_init(aes, iv).encrypt_padded_vec::<Pkcs7>(data))
}

pub fn cbc_decrypt(aes: Aes, iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let iv: &Block<Aes> = iv.try_into().ok()?;
    cbc::Decryptor::inner_iv_init(aes, iv).decrypt_padded_vec::<Pkcs7>(data).ok()
}

/// Encrypts or decrypts, which is the same. Only the last `bits` of the block count; what is before them stays when they wrap around.
pub fn ctr(aes: &Aes, counter: &[u8], bits: u32, data: &[u8]) -> Option<Vec<u8>> {
    let start = u128::from_be_bytes(counter.try_into().ok()?);
    let mask = if bits >= 128 { u128::MAX } else { (1 << bits) - 1 };
    // A block of the key stream must not come twice.
    let blocks = data.len().div_ceil(BLOCK_BYTES) as u128;
    if blocks.saturating_sub(1) > mask {
        return None;
    }
    let until_wrap = (mask - (start & mask)).saturating_add(1);
    let first = usize::try_from(until_wrap).unwrap_or(usize::MAX).saturating_mul(BLOCK_BYTES).min(data.len());
    let mut out = data.to_vec();
    let (before, after) = out.split_at_mut(first);
    for (start, piece) in [(start, before), (start & !mask, after)] {
        Ctr128BE::from_core(CtrCore::inner_iv_init(aes, &start.to_be_bytes().into())).apply_keystream(piece);
    }
    Some(out)
}

/// Why a GCM operation gives nothing.
pub enum GcmError {
    /// The crate's nonces have lengths that are known when it is compiled.
    IvLength,
    Failed,
}

/// Ciphertext and tag.
pub fn gcm_encrypt(aes: &Aes, iv: &[u8], extra: &[u8], tag_bytes: usize, data: &[u8]) -> Result<Vec<u8>, GcmError> {
    let mut out = Vec::with_capacity(data.len() + BLOCK_BYTES);
    out.extend_from_slice(data);
    let tag = gcm_seal(aes, iv, extra, &mut out)?;
    out.extend_from_slice(&tag[..tag_bytes]);
    Ok(out)
}

pub fn gcm_decrypt(aes: &Aes, iv: &[u8], extra: &[u8], tag_bytes: usize, data: &[u8]) -> Result<Vec<u8>, GcmError> {
    let (sealed, tag) = data.split_at_checked(data.len().wrapping_sub(tag_bytes)).ok_or(GcmError::Failed)?;
    let mut out = sealed.to_vec();
    if let Ok(tag) = tag.try_into() {
        gcm_open(aes, iv, extra, &mut out, tag)?;
        return Ok(out);
    }
    // A tag that was cut short. GCM encrypts and decrypts alike: the first pass gives the plain text, the second what its tag is.
    gcm_seal(aes, iv, &[], &mut out)?;
    let mut sealed_again = out.clone();
    let wanted = gcm_seal(aes, iv, extra, &mut sealed_again)?;
    if wanted[..tag_bytes].ct_eq(tag).into() { Ok(out) } else { Err(GcmError::Failed) }
}

/// Runs an expression with the mode's type for the length of the nonce, and the nonce.
macro_rules! with_nonce {
    ($aes:expr, $iv:expr, $mode:ident, $nonce:ident => $body:expr) => {
        with_nonce!($aes, $iv, $mode, $nonce => $body; 8 U8, 12 U12, 16 U16, 24 U24, 32 U32)
    };
    ($aes:expr, $iv:expr, $mode:ident, $nonce:ident => $body:expr; $($bytes:literal $size:ident),+) => {
        match $iv.len() {
            $($bytes => {
                let $mode = AesGcm::<&Aes, $size>::from($aes);
                let $nonce: &Array<u8, $size> = $iv.try_into().expect("the length was matched");
                $body.map_err(|_| GcmError::Failed)
            })+
            _ => Err(GcmError::IvLength),
        }
    };
}

fn gcm_seal(aes: &Aes, iv: &[u8], extra: &[u8], data: &mut [u8]) -> Result<Block<Aes>, GcmError> {
    with_nonce!(aes, iv, mode, nonce => mode.encrypt_inout_detached(nonce, extra, data.into()))
}

fn gcm_open(aes: &Aes, iv: &[u8], extra: &[u8], data: &mut [u8], tag: &Block<Aes>) -> Result<(), GcmError> {
    with_nonce!(aes, iv, mode, nonce => mode.decrypt_inout_detached(nonce, extra, data.into(), tag))
}

pub fn wrap(aes: Aes, key: &[u8]) -> Option<Vec<u8>> {
    // RFC 3394 §2: at least two blocks.
    if key.len() < 2 * WRAP_BYTES {
        return None;
    }
    let mut out = vec![0; key.len() + WRAP_BYTES];
    AesKw::inner_init(aes).wrap_key(key, &mut out).ok()?;
    Some(out)
}

pub fn unwrap(aes: Aes, wrapped: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; wrapped.len().checked_sub(WRAP_BYTES)?];
    if out.len() < 2 * WRAP_BYTES {
        return None;
    }
    AesKw::inner_init(aes).unwrap_key(wrapped, &mut out).ok()?;
    Some(out)
}

//! The host's randomness as the generator that the key crates take.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use wasip2::random::random;

/// The host gives at most so much at once.
const MAX_BYTES_AT_ONCE: usize = 32 << 10;

/// Asks the host each time: nothing of it is kept, and so nothing is ever frozen.
pub struct HostRandom;

impl TryRng for HostRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        // The lower half.
        Ok(random::get_random_u64() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(random::get_random_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for piece in bytes.chunks_mut(MAX_BYTES_AT_ONCE) {
            piece.copy_from_slice(&random::get_random_bytes(piece.len() as u64));
        }
        Ok(())
    }
}

impl TryCryptoRng for HostRandom {}

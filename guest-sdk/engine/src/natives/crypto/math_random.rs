//! `Math.random`: xoshiro256++ (Blackman and Vigna, 2018), which is for dice and not for secrets. While a module starts up its numbers
//! follow from the code, so that the same code gives the same overlay; each request's instance is seeded by the host.

use std::cell::Cell;

use rand_core::Rng as _;

use super::random::HostRandom;
use crate::engine::{self, Phase, Single};

/// All zero, which is no state of this generator, stands for one that has not been seeded.
type State = [u64; 4];

/// 2⁶⁴ divided by the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// What requests draw from. Start-up never touches it: it is frozen without a seed, and so each instance asks the host for its own.
static OF_REQUEST: Single<Cell<State>> = Single::new(Cell::new([0; 4]));
/// What start-up draws from.
static OF_START_UP: Single<Cell<State>> = Single::new(Cell::new([0; 4]));

pub fn next() -> f64 {
    let generator = if engine::phase() == Phase::Request {
        if OF_REQUEST.get() == [0; 4] {
            OF_REQUEST.set(std::array::from_fn(|_| HostRandom.next_u64()));
        }
        &OF_REQUEST
    } else {
        &OF_START_UP
    };
    let mut s = generator.get();
    let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
    let t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3].rotate_left(45);
    generator.set(s);
    (result >> 11) as f64 / (1_u64 << 53) as f64
}

/// To be called before the code's top level runs. Anything that differs with the code will do: these numbers are known to who knows it.
pub fn seed_start_up(code: &[u8]) {
    let mix = |seed: u64, piece: &[u8]| {
        let word = piece.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        (seed.rotate_left(5) ^ word).wrapping_mul(GOLDEN)
    };
    let mut seed = code.chunks(8).fold(code.len() as u64, mix);
    OF_START_UP.set(std::array::from_fn(|_| {
        // SplitMix64, which the generator's authors advise for its seed.
        seed = seed.wrapping_add(GOLDEN);
        let word = (seed ^ seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ word >> 31
    }));
}

/// To be called when it has run: nothing of it is to be in the frozen memory.
pub fn forget_start_up() {
    OF_START_UP.set([0; 4]);
}

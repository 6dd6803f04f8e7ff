//! What a guest is told to call: a seed, and a tape before what comes of it. How they are read is the driver's business.

/// Characters of a seed, which the tape follows.
pub const SEED_CHARS: usize = 8;
/// The longest tape.
pub const TAPE_BYTES: usize = 0x8000;

/// The variable that says what to call. Text, so each half of a byte of the tape is a character, of which the last four bits count.
pub fn variable(seed: u32, tape: &[u8]) -> String {
    let tape = &tape[..tape.len().min(TAPE_BYTES)];
    let halves = tape.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    let text = format!("{seed:08x}");
    assert_eq!(text.len(), SEED_CHARS);
    text.chars().chain(halves.map(|half| char::from(b'@' | half))).collect()
}

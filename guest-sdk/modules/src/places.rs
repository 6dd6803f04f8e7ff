//! A source map as the engine reads it while it compiles: where a place in the compiled text is in what somebody wrote. The front
//! end writes these; reading the maps that users bring is its own business.
//!
//! `form · names shown, one a line, none for the module's own · the form's rest`, numbers as little-endian u32, texts with their
//! length before them:
//!
//! - form 1, lines shifted: `count`; a place is that many lines further up, in the same column.
//! - form 2, tokens: `count · count × (line · column · offset) · bytes`. Blocks of [`BLOCK`] tokens, each found by the place of its
//!   first. A token is `lines further · columns further (from 0 in a new line) · place · column`: the first two plain, the others as
//!   differences from the token before it in the block (from 0 at its start), zigzag; all of them LEB128.
//!
//! Lines and columns count from 1. Columns are bytes in the compiled text; in the original they are whatever the writer counts. What
//! is called a place here is an original line with the number of its name in the bits above it ([`SOURCE_SHIFT`]).

const BLOCK: usize = 64;
/// A line number has this many bits; what is above them numbers the sources.
pub const SOURCE_SHIFT: u32 = 20;
pub const MAX_SOURCES: usize = 1 << (31 - SOURCE_SHIFT);
const MAX_LINE: u32 = (1 << SOURCE_SHIFT) - 1;

/// Lines shifted by so many, shown under `name`.
pub fn shifted(name: &str, lines: u32) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, 1);
    put_text(&mut out, name);
    put(&mut out, lines);
    out
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// In the compiled text.
    pub line: u32,
    pub column: u32,
    /// In the original.
    pub source: u32,
    pub source_line: u32,
    pub source_column: u32,
}

/// A table of `tokens`; those that go back in the compiled text are left out. Empty when none are left.
pub fn table(names: &[&str], tokens: impl Iterator<Item = Token>) -> Vec<u8> {
    let (mut blocks, mut bytes) = (Vec::new(), Vec::new());
    let (mut last, mut last_place, mut count) = (Token::default(), 0, 0_usize);
    for token in tokens {
        if count > 0 && (token.line, token.column) <= (last.line, last.column) {
            continue;
        }
        if count.is_multiple_of(BLOCK) {
            for number in [token.line, token.column, bytes.len() as u32] {
                put(&mut blocks, number);
            }
            last = Token { source_column: 0, ..token };
            last_place = 0;
        }
        count += 1;
        let further = token.line - last.line;
        leb(&mut bytes, further);
        leb(&mut bytes, if further == 0 { token.column - last.column } else { token.column });
        let place = token.source << SOURCE_SHIFT | token.source_line.min(MAX_LINE);
        leb(&mut bytes, zigzag(place, last_place));
        leb(&mut bytes, zigzag(token.source_column, last.source_column));
        (last, last_place) = (token, place);
    }
    if count == 0 {
        return Vec::new();
    }
    let mut out = Vec::with_capacity(blocks.len() + bytes.len() + 64);
    put(&mut out, 2);
    put_text(&mut out, &names.join("\n"));
    put(&mut out, count.div_ceil(BLOCK) as u32);
    out.extend_from_slice(&blocks);
    out.extend_from_slice(&bytes);
    out
}

/// A map, read in place.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The names shown, one a line; none when it is the module's own.
    pub names: &'a str,
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    Shifted(u32),
    Table { blocks: &'a [[u8; 12]], bytes: &'a [u8] },
}

impl<'a> Places<'a> {
    /// `None` where there is no map, or bytes that are none.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let form = number(&mut rest)?;
        let len = number(&mut rest)? as usize;
        let (names, mut rest) = rest.split_at_checked(len)?;
        let names = std::str::from_utf8(names).ok()?;
        let count = number(&mut rest)?;
        let form = if form == 1 {
            Form::Shifted(count)
        } else {
            let (blocks, bytes) = rest.split_at_checked((count as usize).checked_mul(12)?)?;
            Form::Table { blocks: blocks.as_chunks().0, bytes }
        };
        Some(Self { names, form })
    }

    /// The place and column that a line and column of the compiled text come from.
    pub fn find(&self, line: u32, column: u32) -> (u32, u32) {
        match self.form {
            Form::Shifted(lines) => (line.saturating_sub(lines).max(1), column),
            Form::Table { blocks, bytes } => in_table(blocks, bytes, line, column).unwrap_or((line, column)),
        }
    }
}

fn in_table(blocks: &[[u8; 12]], bytes: &[u8], line: u32, column: u32) -> Option<(u32, u32)> {
    let head = |block: &[u8; 12]| -> (u32, u32, u32) {
        let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        (word(0), word(4), word(8))
    };
    let after = blocks.partition_point(|block| (head(block).0, head(block).1) <= (line, column));
    // What is before the first token belongs to it.
    let (mut at_line, mut at_column, offset) = head(blocks.get(after.saturating_sub(1))?);
    let mut rest = bytes.get(offset as usize..)?;
    let (mut place, mut source_column) = (0_u32, 0_u32);
    for index in 0..BLOCK {
        let Some((further, columns)) = read(&mut rest).zip(read(&mut rest)) else { break };
        let next_line = at_line.wrapping_add(further);
        let next_column = if further == 0 { at_column.wrapping_add(columns) } else { columns };
        if index > 0 && (next_line, next_column) > (line, column) {
            break;
        }
        (at_line, at_column) = (next_line, next_column);
        place = place.wrapping_add(unzigzag(read(&mut rest)?));
        source_column = source_column.wrapping_add(unzigzag(read(&mut rest)?));
    }
    Some((place, source_column))
}

fn put(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u32);
    out.extend_from_slice(text.as_bytes());
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(u32::from_le_bytes(*head))
}

/// The difference of two numbers of at most 31 bits, small ones short.
fn zigzag(new: u32, old: u32) -> u32 {
    let difference = new.wrapping_sub(old) as i32;
    ((difference << 1) ^ (difference >> 31)) as u32
}

fn unzigzag(folded: u32) -> u32 {
    (folded >> 1) ^ (folded & 1).wrapping_neg()
}

fn leb(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read(rest: &mut &[u8]) -> Option<u32> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u32::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_found_and_so_is_what_lies_between() {
        let tokens: Vec<Token> = (0..10_000_u32)
            .map(|index| Token {
                line: 3 + index / 7,
                column: 1 + (index % 7) * 1_000,
                source: index % 2_000,
                source_line: (index * 7_919) % 900_000 + 1,
                source_column: (index * 31) % 100_000 + 1,
            })
            .collect();
        let bytes = table(&["a.ts", "b.ts"], tokens.iter().copied());
        let places = Places::parse(&bytes).expect("a map");
        assert_eq!(places.names, "a.ts\nb.ts");
        for token in &tokens {
            let there = (token.source << SOURCE_SHIFT | token.source_line, token.source_column);
            assert_eq!(places.find(token.line, token.column), there, "{token:?}");
            assert_eq!(places.find(token.line, token.column + 999), there, "{token:?}");
        }
        let first = (1, 1);
        assert_eq!(places.find(1, 1), first, "what is before the first token belongs to it");
    }

    #[test]
    fn tokens_that_go_back_are_left_out() {
        let token = |line, column, source_line| Token { line, column, source: 0, source_line, source_column: 1 };
        let bytes = table(&[], [token(1, 1, 5), token(1, 9, 6), token(1, 4, 7), token(2, 1, 8)].into_iter());
        let places = Places::parse(&bytes).expect("a map");
        assert_eq!([places.find(1, 5), places.find(1, 9), places.find(7, 1)], [(5, 1), (6, 1), (8, 1)]);
        assert!(table(&[], std::iter::empty()).is_empty());
    }

    #[test]
    fn lines_that_are_too_many_are_cut_and_shifted_ones_stay_in_the_file() {
        let huge = Token { line: 1, column: 1, source: 1, source_line: u32::MAX, source_column: 1 };
        let bytes = table(&["a", "b"], std::iter::once(huge));
        assert_eq!(Places::parse(&bytes).expect("a map").find(1, 1), (1 << SOURCE_SHIFT | MAX_LINE, 1));
        let bytes = shifted("a.cjs", 2);
        let places = Places::parse(&bytes).expect("a map");
        assert_eq!((places.names, places.find(5, 3), places.find(1, 3)), ("a.cjs", (3, 3), (1, 3)));
    }

    #[test]
    fn bytes_that_are_no_map_are_refused_or_read_as_something() {
        assert!(Places::parse(&[]).is_none());
        let whole = table(
            &["a"],
            (1..200).map(|line| Token { line, column: 1, source: 0, source_line: line, source_column: 1 }),
        );
        for end in 0..whole.len() {
            if let Some(places) = Places::parse(&whole[..end]) {
                places.find(u32::MAX, u32::MAX);
                places.find(150, 1);
            }
        }
        for index in 0..whole.len() {
            let mut changed = whole.clone();
            changed[index] ^= 0xFF;
            if let Some(places) = Places::parse(&changed) {
                places.find(150, 1);
            }
        }
    }
}

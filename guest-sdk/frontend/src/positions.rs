//! From the printer's positions, in UTF-16 units of both texts, to those of `isolet_modules::places`: bytes of what is compiled, characters of what
//! was written.

use isolet_modules::places::{self, Token};
use oxc_sourcemap::SourceMap;

/// A line this long or longer keeps its UTF-16 columns: finding characters in it for each token would take for ever.
const LONG_LINE: usize = 4_096;

/// The table of a printed text.
pub fn table(printed: &str, original: &str, map: &SourceMap<'_>) -> Vec<u8> {
    let mut printed = Cursor::new(printed);
    let lines: Vec<&str> = original.split('\n').collect();
    let tokens = map.get_tokens().filter(|token| token.get_source_id().is_some()).map(|token| Token {
        line: token.get_dst_line() + 1,
        column: printed.bytes(token.get_dst_line(), token.get_dst_col()) + 1,
        source: 0,
        source_line: token.get_src_line() + 1,
        source_column: characters(lines.get(token.get_src_line() as usize).copied(), token.get_src_col()) + 1,
    });
    places::table(&[], tokens)
}

/// UTF-16 units of a line, as characters.
fn characters(line: Option<&str>, units: u32) -> u32 {
    match line {
        Some(line) if line.len() < LONG_LINE && !line.is_ascii() => {
            let mut left = units as usize;
            let within = line.chars().take_while(|c| {
                let fits = left > 0;
                left = left.saturating_sub(c.len_utf16());
                fits
            });
            within.count() as u32
        }
        _ => units,
    }
}

/// UTF-16 columns to bytes, for places that only go forward.
pub struct Cursor<'t> {
    lines: std::str::Split<'t, char>,
    line: &'t str,
    index: u32,
    is_ascii: bool,
    units: u32,
    bytes: usize,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        let mut lines = text.split('\n');
        let line = lines.next().unwrap_or_default();
        Self { lines, line, index: 0, is_ascii: line.is_ascii(), units: 0, bytes: 0 }
    }

    /// A place before the last one asked for is taken to be that one.
    pub fn bytes(&mut self, line: u32, units: u32) -> u32 {
        while self.index < line {
            let Some(next) = self.lines.next() else { return units };
            (self.line, self.is_ascii, self.units, self.bytes) = (next, next.is_ascii(), 0, 0);
            self.index += 1;
        }
        if self.is_ascii {
            return units;
        }
        for c in self.line[self.bytes..].chars() {
            if self.units >= units {
                break;
            }
            self.units += c.len_utf16() as u32;
            self.bytes += c.len_utf8();
        }
        self.bytes as u32
    }
}

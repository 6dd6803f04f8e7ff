//! A prompt: the text a user types beside the code, and the request it is short for. Running it is a use case.

use std::fmt::Write as _;

use crate::limits::PROMPT_CHARS;

/// The longest path and query that an `http::Uri` takes (its offsets are 16 bits wide), with room for scheme and host.
const MAX_PATH_BYTES: usize = 65_000;

/// A prompt of an allowed length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt(String);

/// Why a text is not a prompt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrompt {
    #[error("must have {} to {} characters, has {chars}", PROMPT_CHARS.start(), PROMPT_CHARS.end())]
    Length { chars: usize },
    #[error("does not fit a URL: {bytes} bytes once encoded, {MAX_PATH_BYTES} fit; send it as a request body instead")]
    Encoded { bytes: usize },
}

impl Prompt {
    pub fn parse(raw: String) -> Result<Self, InvalidPrompt> {
        let chars = raw.chars().count();
        if !PROMPT_CHARS.contains(&chars) {
            return Err(InvalidPrompt::Length { chars });
        }
        let bytes = encode(&raw, false).len();
        if bytes > MAX_PATH_BYTES { Err(InvalidPrompt::Encoded { bytes }) } else { Ok(Self(raw)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    /// Path and query of the request it stands for: `/run?q=…`.
    pub fn path(&self) -> String {
        let encoded = encode(&self.0, true);
        // A long prompt in a script of many bytes per character fits only with its bytes as they are; URL parsers take both.
        if encoded.len() <= MAX_PATH_BYTES { encoded } else { encode(&self.0, false) }
    }
}

/// All but the unreserved characters of RFC 3986 §2.3, and what is not ASCII only if asked.
fn encode(text: &str, beyond_ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str("/run?q=");
    for c in text.chars() {
        let plain = c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~') || (!c.is_ascii() && !beyond_ascii);
        if plain {
            out.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            write!(out, "%{byte:02X}").expect("writing to a string never fails");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_counted_in_characters() {
        assert!(matches!(Prompt::parse(String::new()), Err(InvalidPrompt::Length { chars: 0 })));
        assert!(Prompt::parse("ä".repeat(16_384)).is_ok());
        assert!(matches!(Prompt::parse("a".repeat(16_385)), Err(InvalidPrompt::Length { chars: 16_385 })));
    }

    #[test]
    fn every_prompt_that_is_taken_makes_a_uri() {
        for text in [
            "hi there & more?",
            "ä".repeat(16_384).as_str(),
            "漢".repeat(16_384).as_str(),
            "\0\n\u{7f}%#+",
            &"%".repeat(16_384),
        ] {
            let prompt = Prompt::parse(text.to_owned()).expect("a valid length");
            let uri = http::Uri::builder().scheme("http").authority("sandbox").path_and_query(prompt.path()).build();
            assert!(uri.is_ok(), "{:.20}", text);
        }
        assert_eq!(Prompt::parse("a b&ü".into()).expect("valid").path(), "/run?q=a%20b%26%C3%BC");
        assert!(matches!(Prompt::parse("😀".repeat(16_384)), Err(InvalidPrompt::Encoded { .. })));
    }
}

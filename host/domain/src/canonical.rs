//! The canonical bytes of a module map: what its identity is the hash of, and how it is stored.

use std::collections::BTreeMap;

use crate::code::{Code, InvalidCode, Module, ModuleKind};
use crate::code_options::CodeOptions;
use crate::ids::Digest;

/// What canonical bytes begin with.
const MAP_TAG: &[u8] = b"isolet module map 1";
/// What comes before options. Where they are the usual ones nothing is written.
const OPTIONS_TAG: &[u8] = b"options";

/// Why stored bytes are not a module map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableCode {
    #[error("the bytes are not a module map in canonical form")]
    Format,
    #[error(transparent)]
    Invalid(#[from] InvalidCode),
}

impl Code {
    /// The bytes that stand for this map and for no other: every name, kind and text with its length before it.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        fn field(out: &mut Vec<u8>, bytes: &[u8]) {
            out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        let mut out =
            Vec::with_capacity(64 + self.modules().values().map(|module| module.text.len() + 64).sum::<usize>());
        field(&mut out, MAP_TAG);
        field(&mut out, self.main_module().as_bytes());
        out.extend_from_slice(&(self.modules().len() as u64).to_le_bytes());
        for (name, module) in self.modules() {
            field(&mut out, name.as_bytes());
            field(&mut out, module.kind.as_str().as_bytes());
            field(&mut out, module.text.as_bytes());
        }
        let options = self.options();
        if !options.is_default() {
            field(&mut out, OPTIONS_TAG);
            out.extend_from_slice(&u64::from(options.allow_eval).to_le_bytes());
            out.extend_from_slice(&(options.import_map.len() as u64).to_le_bytes());
            for (key, target) in &options.import_map {
                field(&mut out, key.as_bytes());
                field(&mut out, target.as_bytes());
            }
        }
        out
    }

    /// Reads what [`Code::canonical_bytes`] wrote. Anything it would not have written is refused, so that a blob and its code
    /// have one and the same digest.
    pub fn from_canonical_bytes(bytes: &[u8]) -> Result<Self, UnreadableCode> {
        let mut rest = bytes;
        if take_field(&mut rest)? != MAP_TAG {
            return Err(UnreadableCode::Format);
        }
        let main_module = take_text(&mut rest)?.to_owned();
        let count = take_number(&mut rest)?;
        let mut modules = BTreeMap::new();
        for _ in 0..count {
            let name = take_text(&mut rest)?;
            let kind = ModuleKind::parse(take_text(&mut rest)?).ok_or(UnreadableCode::Format)?;
            let text = take_text(&mut rest)?.into();
            if modules.last_key_value().is_some_and(|(last, _): (&String, _)| last.as_str() >= name) {
                return Err(UnreadableCode::Format);
            }
            modules.insert(name.to_owned(), Module { kind, text });
        }
        let code = Self::new(modules, main_module)?;
        if rest.is_empty() {
            return Ok(code);
        }
        let options = take_options(&mut rest)?;
        if !rest.is_empty() || options.is_default() {
            return Err(UnreadableCode::Format);
        }
        Ok(code.with_options(options)?)
    }

    /// The content's digest: what a version is addressed by.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical_bytes())
    }
}

fn take_options(rest: &mut &[u8]) -> Result<CodeOptions, UnreadableCode> {
    if take_field(rest)? != OPTIONS_TAG {
        return Err(UnreadableCode::Format);
    }
    let allow_eval = match take_number(rest)? {
        0 => false,
        1 => true,
        _ => return Err(UnreadableCode::Format),
    };
    let mut import_map = BTreeMap::new();
    for _ in 0..take_number(rest)? {
        let key = take_text(rest)?;
        if import_map.last_key_value().is_some_and(|(last, _): (&String, _)| last.as_str() >= key) {
            return Err(UnreadableCode::Format);
        }
        import_map.insert(key.to_owned(), take_text(rest)?.to_owned());
    }
    Ok(CodeOptions { allow_eval, import_map })
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Result<&'b [u8], UnreadableCode> {
    let (taken, after) = rest.split_at_checked(count).ok_or(UnreadableCode::Format)?;
    *rest = after;
    Ok(taken)
}

fn take_number(rest: &mut &[u8]) -> Result<u64, UnreadableCode> {
    let bytes = take(rest, 8)?;
    Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| UnreadableCode::Format)?))
}

fn take_field<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], UnreadableCode> {
    let len = usize::try_from(take_number(rest)?).map_err(|_| UnreadableCode::Format)?;
    take(rest, len)
}

fn take_text<'b>(rest: &mut &'b [u8]) -> Result<&'b str, UnreadableCode> {
    std::str::from_utf8(take_field(rest)?).map_err(|_| UnreadableCode::Format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_bytes_read_back_and_nothing_else_does() {
        let mut map = BTreeMap::new();
        for (name, kind, text) in [
            ("main.js", ModuleKind::Js, "export default 1"),
            ("lib/a.json", ModuleKind::Json, "{}"),
            ("ä.txt", ModuleKind::Text, "\0ü\u{1F600}"),
            ("empty.txt", ModuleKind::Text, ""),
            ("b.tsx", ModuleKind::Tsx, "<p/>"),
            ("c.bin", ModuleKind::Data, "AAE="),
        ] {
            map.insert(name.to_owned(), Module { kind, text: text.into() });
        }
        let plain = Code::new(map, "main.js".to_owned()).expect("valid");
        assert_eq!(Code::from_canonical_bytes(&plain.canonical_bytes()), Ok(plain.clone()));
        let import_map =
            [("a", "./lib/a.json"), ("x/", "./lib/")].map(|(key, target)| (key.to_owned(), target.to_owned()));
        let options = CodeOptions { allow_eval: true, import_map: import_map.into() };
        let original = plain.clone().with_options(options).expect("valid");
        assert_ne!(original.digest(), plain.digest());
        let plain_bytes = plain.canonical_bytes().len();
        let bytes = original.canonical_bytes();
        assert_eq!(Code::from_canonical_bytes(&bytes), Ok(original));
        for end in (0..bytes.len()).filter(|end| *end != plain_bytes) {
            assert!(Code::from_canonical_bytes(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert!(Code::from_canonical_bytes(&[&bytes[..], b"x"].concat()).is_err());
        // Whatever a changed byte still reads as must be written back with that same byte: one map, one spelling.
        for index in 0..bytes.len() {
            for flip in [1_u8, 0x20, 0x80, 0xFF] {
                let mut changed = bytes.clone();
                changed[index] ^= flip;
                if let Ok(code) = Code::from_canonical_bytes(&changed) {
                    assert_eq!(code.canonical_bytes(), changed, "byte {index}");
                }
            }
        }
    }

    #[test]
    fn absurd_lengths_are_refused_without_allocating() {
        let mut bytes = 19_u64.to_le_bytes().to_vec();
        bytes.extend_from_slice(MAP_TAG);
        bytes.extend_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(Code::from_canonical_bytes(&bytes), Err(UnreadableCode::Format));
    }
}

//! A tenant's source: the module map, its bounds, and the canonical bytes that its identity is the hash of.
//! Turning it into a component is the runtime's work.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::Digest;

/// All modules together, one module, and how many: the design's table of limits.
pub const MAX_TOTAL_BYTES: usize = 10 << 20;
pub const MAX_MODULE_BYTES: usize = 5 << 20;
pub const MAX_MODULES: usize = 1_000;
const MAX_NAME_BYTES: usize = 255;

/// What canonical bytes begin with.
const MAP_TAG: &[u8] = b"isolet module map 1";

/// What a module's text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModuleKind {
    /// An ECMAScript module.
    Js,
    /// A module whose default export is the text.
    Text,
    /// A module whose default export is the parsed JSON value.
    Json,
}

impl ModuleKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Js => "js",
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        [Self::Js, Self::Text, Self::Json].into_iter().find(|kind| kind.as_str() == raw)
    }

    /// What a module given as a bare string is, by the ending of its name.
    pub fn from_name(name: &str) -> Result<Self, InvalidCode> {
        match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "js" | "mjs" | "" => Ok(Self::Js),
            "json" => Ok(Self::Json),
            "txt" | "html" | "css" | "md" | "svg" => Ok(Self::Text),
            _ => Err(InvalidCode::Unsupported { module: name.to_owned() }),
        }
    }
}

/// One module of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    pub kind: ModuleKind,
    pub text: Arc<str>,
}

/// A checked module map with its entry module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    modules: BTreeMap<String, Module>,
    main_module: String,
}

/// Why a module map is refused before anything looks inside it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCode {
    #[error("there are no modules")]
    Empty,
    #[error("the entry module `{0}` is not among the modules")]
    MissingMain(String),
    #[error("the entry module `{0}` must be an ECMAScript module")]
    MainKind(String),
    #[error("module `{0}` is empty")]
    EmptyModule(String),
    #[error(
        "{0:?} is not a module name: 1 to 255 bytes, relative, `/` between the parts, no empty, `.` or `..` part, no control character, backslash, `?`, `#` or `:`"
    )]
    Name(String),
    #[error("module `{module}` is of a kind this host does not run yet; plain JavaScript, text and JSON work")]
    Unsupported { module: String },
    #[error("there are {count} modules; at most {MAX_MODULES} are allowed")]
    TooMany { count: usize },
    #[error("module `{module}` has {bytes} bytes; at most {MAX_MODULE_BYTES} are allowed")]
    ModuleTooLarge { module: String, bytes: usize },
    #[error("the modules have {bytes} bytes together; at most {MAX_TOTAL_BYTES} are allowed")]
    TooLarge { bytes: usize },
}

/// Why stored bytes are not a module map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableCode {
    #[error("the bytes are not a module map in canonical form")]
    Format,
    #[error(transparent)]
    Invalid(#[from] InvalidCode),
}

impl InvalidCode {
    /// Whether it is a matter of size, which has a status of its own.
    pub const fn is_size(&self) -> bool {
        matches!(self, Self::TooMany { .. } | Self::ModuleTooLarge { .. } | Self::TooLarge { .. })
    }

    /// Whether it is about which module is the entry.
    pub const fn is_main(&self) -> bool {
        matches!(self, Self::MissingMain(_) | Self::MainKind(_))
    }

    /// The module it is about.
    pub fn module(&self) -> Option<&str> {
        match self {
            Self::MissingMain(name) | Self::MainKind(name) | Self::EmptyModule(name) | Self::Name(name) => Some(name),
            Self::Unsupported { module } | Self::ModuleTooLarge { module, .. } => Some(module),
            Self::Empty | Self::TooMany { .. } | Self::TooLarge { .. } => None,
        }
    }
}

impl Code {
    /// Checks names, kinds and sizes.
    pub fn new(modules: BTreeMap<String, Module>, main_module: String) -> Result<Self, InvalidCode> {
        if modules.is_empty() {
            return Err(InvalidCode::Empty);
        }
        if modules.len() > MAX_MODULES {
            return Err(InvalidCode::TooMany { count: modules.len() });
        }
        let mut total = 0;
        for (name, module) in &modules {
            check_name(name)?;
            let bytes = module.text.len();
            if bytes > MAX_MODULE_BYTES {
                return Err(InvalidCode::ModuleTooLarge { module: name.clone(), bytes });
            }
            total += bytes;
        }
        if total > MAX_TOTAL_BYTES {
            return Err(InvalidCode::TooLarge { bytes: total });
        }
        match modules.get(&main_module) {
            None => Err(InvalidCode::MissingMain(main_module)),
            Some(module) if module.kind != ModuleKind::Js => Err(InvalidCode::MainKind(main_module)),
            Some(module) if module.text.trim().is_empty() => Err(InvalidCode::EmptyModule(main_module)),
            Some(_) => Ok(Self { modules, main_module }),
        }
    }

    /// A single ECMAScript module named `main.js`.
    pub fn single(text: &str) -> Result<Self, InvalidCode> {
        let module = Module { kind: ModuleKind::Js, text: text.into() };
        Self::new(BTreeMap::from([("main.js".to_owned(), module)]), "main.js".to_owned())
    }

    pub fn modules(&self) -> &BTreeMap<String, Module> {
        &self.modules
    }

    pub fn main_module(&self) -> &str {
        &self.main_module
    }

    /// The bytes that stand for this map and for no other: every name, kind and text with its length before it.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        fn field(out: &mut Vec<u8>, bytes: &[u8]) {
            out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        let mut out =
            Vec::with_capacity(64 + self.modules.values().map(|module| module.text.len() + 64).sum::<usize>());
        field(&mut out, MAP_TAG);
        field(&mut out, self.main_module.as_bytes());
        out.extend_from_slice(&(self.modules.len() as u64).to_le_bytes());
        for (name, module) in &self.modules {
            field(&mut out, name.as_bytes());
            field(&mut out, module.kind.as_str().as_bytes());
            field(&mut out, module.text.as_bytes());
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
        if !rest.is_empty() {
            return Err(UnreadableCode::Format);
        }
        Ok(Self::new(modules, main_module)?)
    }

    /// The content's digest: what a version is addressed by.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical_bytes())
    }

    /// Bytes of all modules' text.
    pub fn total_bytes(&self) -> usize {
        self.modules.values().map(|module| module.text.len()).sum()
    }
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

fn check_name(name: &str) -> Result<(), InvalidCode> {
    let forbidden = |c: char| c.is_control() || matches!(c, '\\' | '?' | '#' | ':' | '\u{2028}' | '\u{2029}');
    let ok = name.len() <= MAX_NAME_BYTES
        && !name.contains(forbidden)
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if ok { Ok(()) } else { Err(InvalidCode::Name(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(modules: &[(&str, &str)]) -> Result<Code, InvalidCode> {
        let map = modules
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Module { kind: ModuleKind::Js, text: (*text).into() }))
            .collect();
        Code::new(map, modules.first().map_or("main.js", |(name, _)| name).to_owned())
    }

    #[test]
    fn names_lengths_order_and_entry_all_count() {
        let base = code(&[("a", "bc"), ("d", "e")]).expect("valid").digest();
        for other in [
            &[("ab", "c"), ("d", "e")][..],
            &[("a", "bcd"), ("e", "x")],
            &[("a", "cb"), ("d", "e")],
            &[("d", "e"), ("a", "bc")],
        ] {
            assert_ne!(code(other).expect("valid").digest(), base, "{other:?}");
        }
        assert_eq!(code(&[("a", "bc"), ("d", "e")]).expect("valid").digest(), base);
    }

    #[test]
    fn names_that_climb_or_hide_are_refused() {
        for bad in [
            "",
            "/a.js",
            "../a.js",
            "a/../b.js",
            "./a.js",
            "a//b.js",
            "a\0.js",
            "a\nb.js",
            "a\\b.js",
            "http://x",
            "a?b",
            &"a".repeat(256),
        ] {
            assert!(matches!(code(&[(bad, "x")]), Err(InvalidCode::Name(_))), "{bad:?}");
        }
    }

    #[test]
    fn sizes_and_the_entry_are_checked() {
        assert_eq!(Code::new(BTreeMap::new(), "main.js".into()), Err(InvalidCode::Empty));
        assert!(matches!(code(&[("main.js", " \n")]), Err(InvalidCode::EmptyModule(_))));
        let large = "x".repeat(MAX_MODULE_BYTES + 1);
        assert!(code(&[("main.js", &large)]).is_err_and(|err| err.is_size()));
        let half = "x".repeat(MAX_MODULE_BYTES);
        assert!(code(&[("main.js", &half), ("b.js", &half), ("c.js", "1")]).is_err_and(|err| err.is_size()));
    }

    #[test]
    fn canonical_bytes_read_back_and_nothing_else_does() {
        let mut map = BTreeMap::new();
        for (name, kind, text) in [
            ("main.js", ModuleKind::Js, "export default 1"),
            ("lib/a.json", ModuleKind::Json, "{}"),
            ("ä.txt", ModuleKind::Text, "\0ü\u{1F600}"),
            ("empty.txt", ModuleKind::Text, ""),
        ] {
            map.insert(name.to_owned(), Module { kind, text: text.into() });
        }
        let original = Code::new(map, "main.js".to_owned()).expect("valid");
        let bytes = original.canonical_bytes();
        assert_eq!(Code::from_canonical_bytes(&bytes), Ok(original));
        for end in 0..bytes.len() {
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

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

impl InvalidCode {
    /// Whether it is a matter of size, which has a status of its own.
    pub const fn is_size(&self) -> bool {
        matches!(self, Self::TooMany { .. } | Self::ModuleTooLarge { .. } | Self::TooLarge { .. })
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
        field(&mut out, b"isolet module map 1");
        field(&mut out, self.main_module.as_bytes());
        out.extend_from_slice(&(self.modules.len() as u64).to_le_bytes());
        for (name, module) in &self.modules {
            field(&mut out, name.as_bytes());
            field(&mut out, module.kind.as_str().as_bytes());
            field(&mut out, module.text.as_bytes());
        }
        out
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
}

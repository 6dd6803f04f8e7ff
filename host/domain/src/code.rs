//! A tenant's source: the module map and its bounds. What it is built with is in `code_options`, the bytes that its identity is the
//! hash of in `canonical`; turning it into a component is the runtime's work.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::code_options::{CodeOptions, ImportMapFault, InvalidEntry};

/// All modules together, one module, and how many: the design's table of limits.
pub const MAX_TOTAL_BYTES: usize = 10 << 20;
pub const MAX_MODULE_BYTES: usize = 5 << 20;
pub const MAX_MODULES: usize = 1_000;
/// A component as it is uploaded.
pub const MAX_COMPONENT_BYTES: usize = 16 << 20;
const MAX_NAME_BYTES: usize = 255;

/// What a module's text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModuleKind {
    /// An ECMAScript module.
    Js,
    /// The same in TypeScript, in TypeScript with JSX, in JavaScript with JSX.
    Ts,
    Tsx,
    Jsx,
    /// A CommonJS module.
    Cjs,
    /// A module whose default export is the text.
    Text,
    /// A module whose default export is the parsed JSON value.
    Json,
    /// A module whose default export is an `ArrayBuffer`; its text is the bytes in base64 (RFC 4648 §4).
    Data,
    /// A `wasi:http` component, alone and whole; its text is the bytes in base64.
    Component,
}

impl ModuleKind {
    pub const ALL: [Self; 9] =
        [Self::Js, Self::Ts, Self::Tsx, Self::Jsx, Self::Cjs, Self::Text, Self::Json, Self::Data, Self::Component];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Js => "js",
            Self::Ts => "ts",
            Self::Tsx => "tsx",
            Self::Jsx => "jsx",
            Self::Cjs => "cjs",
            Self::Text => "text",
            Self::Json => "json",
            Self::Data => "data",
            Self::Component => "component",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == raw)
    }

    /// What a module given as a bare string is, by the ending of its name.
    pub fn from_name(name: &str) -> Result<Self, InvalidCode> {
        let file = name.rsplit('/').next().unwrap_or(name);
        match file.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "js" | "mjs" | "" => Ok(Self::Js),
            "ts" | "mts" => Ok(Self::Ts),
            "tsx" => Ok(Self::Tsx),
            "jsx" => Ok(Self::Jsx),
            "cjs" => Ok(Self::Cjs),
            // Source maps are JSON.
            "json" | "map" => Ok(Self::Json),
            "txt" | "html" | "css" | "md" | "svg" => Ok(Self::Text),
            "wasm" => Err(InvalidCode::Wasm { module: name.to_owned() }),
            _ => Err(InvalidCode::Unsupported { module: name.to_owned() }),
        }
    }

    /// Whether it is code, rather than a value to import.
    pub const fn is_code(self) -> bool {
        matches!(self, Self::Js | Self::Ts | Self::Tsx | Self::Jsx | Self::Cjs)
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
    options: CodeOptions,
}

/// Why a module map is refused before anything looks inside it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCode {
    #[error("there are no modules")]
    Empty,
    #[error("the entry module `{0}` is not among the modules")]
    MissingMain(String),
    #[error("the entry module `{0}` must be code")]
    MainKind(String),
    #[error("module `{0}` is empty")]
    EmptyModule(String),
    #[error(
        "{0:?} is not a module name: 1 to 255 bytes, relative, `/` between the parts, no empty, `.` or `..` part, no control character, backslash, `?`, `#` or `:`"
    )]
    Name(String),
    #[error(
        "the ending of `{module}` does not say what it is; say it: {{\"js\": …}}, or `ts`, `tsx`, `jsx`, `cjs`, `text`, `json`, `data`"
    )]
    Unsupported { module: String },
    #[error(
        "module `{module}` is WebAssembly, which code that runs in WebAssembly cannot compile; deploy it as a component of its own"
    )]
    Wasm { module: String },
    #[error("module `{module}` must be in base64, in the standard alphabet and padded")]
    Data { module: String },
    #[error("the import map's entry `{key}` is not possible: {fault}")]
    ImportMap { key: String, fault: ImportMapFault },
    #[error("there are {count} modules; at most {MAX_MODULES} are allowed")]
    TooMany { count: usize },
    #[error("module `{module}` has {bytes} bytes; at most {MAX_MODULE_BYTES} are allowed")]
    ModuleTooLarge { module: String, bytes: usize },
    #[error("the modules have {bytes} bytes together; at most {MAX_TOTAL_BYTES} are allowed")]
    TooLarge { bytes: usize },
    #[error("a component has at most {MAX_COMPONENT_BYTES} bytes, and no modules or options beside it")]
    Component { is_size: bool },
}

impl InvalidCode {
    /// Whether it is a matter of size, which has a status of its own.
    pub const fn is_size(&self) -> bool {
        matches!(
            self,
            Self::TooMany { .. }
                | Self::ModuleTooLarge { .. }
                | Self::TooLarge { .. }
                | Self::Component { is_size: true }
        )
    }

    /// Whether it is about which module is the entry.
    pub const fn is_main(&self) -> bool {
        matches!(self, Self::MissingMain(_) | Self::MainKind(_))
    }

    /// The module it is about.
    pub fn module(&self) -> Option<&str> {
        match self {
            Self::MissingMain(name) | Self::MainKind(name) | Self::EmptyModule(name) | Self::Name(name) => Some(name),
            Self::Unsupported { module }
            | Self::Wasm { module }
            | Self::Data { module }
            | Self::ModuleTooLarge { module, .. } => Some(module),
            Self::Empty
            | Self::ImportMap { .. }
            | Self::TooMany { .. }
            | Self::TooLarge { .. }
            | Self::Component { .. } => None,
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
        if modules.values().any(|module| module.kind == ModuleKind::Component) {
            return Self::of_component(modules, main_module);
        }
        let mut total = 0;
        for (name, module) in &modules {
            check_name(name)?;
            let bytes = module.text.len();
            if bytes > MAX_MODULE_BYTES {
                return Err(InvalidCode::ModuleTooLarge { module: name.clone(), bytes });
            }
            if module.kind == ModuleKind::Data && !is_base64(&module.text) {
                return Err(InvalidCode::Data { module: name.clone() });
            }
            total += bytes;
        }
        if total > MAX_TOTAL_BYTES {
            return Err(InvalidCode::TooLarge { bytes: total });
        }
        match modules.get(&main_module) {
            None => Err(InvalidCode::MissingMain(main_module)),
            Some(module) if !module.kind.is_code() => Err(InvalidCode::MainKind(main_module)),
            Some(module) if module.text.trim().is_empty() => Err(InvalidCode::EmptyModule(main_module)),
            Some(_) => Ok(Self { modules, main_module, options: CodeOptions::default() }),
        }
    }

    fn of_component(modules: BTreeMap<String, Module>, main_module: String) -> Result<Self, InvalidCode> {
        match modules.first_key_value() {
            Some((name, component)) if modules.len() == 1 && *name == main_module => {
                check_name(name)?;
                if component.text.len() > MAX_COMPONENT_BYTES.div_ceil(3) * 4 {
                    return Err(InvalidCode::Component { is_size: true });
                }
                if component.text.is_empty() {
                    return Err(InvalidCode::EmptyModule(main_module));
                }
                if !is_base64(&component.text) {
                    return Err(InvalidCode::Data { module: main_module });
                }
                Ok(Self { modules, main_module, options: CodeOptions::default() })
            }
            _ => Err(InvalidCode::Component { is_size: false }),
        }
    }

    /// A component by its bytes in base64, as code of the name that it is then kept under.
    pub fn component(base64: String) -> Result<Self, InvalidCode> {
        const NAME: &str = "main.wasm";
        let module = Module { kind: ModuleKind::Component, text: base64.into() };
        Self::new(BTreeMap::from([(NAME.to_owned(), module)]), NAME.to_owned())
    }

    /// The component that this is, in base64.
    pub fn as_component(&self) -> Option<&str> {
        let main = self.modules.get(&self.main_module)?;
        (main.kind == ModuleKind::Component).then_some(&*main.text)
    }

    /// The same modules, to be built with other options.
    pub fn with_options(self, options: CodeOptions) -> Result<Self, InvalidCode> {
        if self.as_component().is_some() && !options.is_default() {
            return Err(InvalidCode::Component { is_size: false });
        }
        let checked = options.check(&self.modules.keys().map(String::as_str).collect());
        checked.map_err(|InvalidEntry { key, fault }| InvalidCode::ImportMap { key, fault })?;
        Ok(Self { options, ..self })
    }

    pub fn options(&self) -> &CodeOptions {
        &self.options
    }

    /// Whether every module is what the JavaScript engine takes as it is.
    pub fn is_plain(&self) -> bool {
        self.modules.values().all(|module| !module.kind.is_code() || module.kind == ModuleKind::Js)
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

    /// Bytes of all modules' text.
    pub fn total_bytes(&self) -> usize {
        self.modules.values().map(|module| module.text.len()).sum()
    }
}

/// Whether the text is base64 that no other text decodes to the same bytes as, so that equal data has equal digests.
fn is_base64(text: &str) -> bool {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    // Bits of the last digit that no byte needs are zero.
    let unused = match text.len() - digits.len() {
        0 => 0,
        1 => 0b11,
        _ => 0b1111,
    };
    let last = digits.bytes().last().and_then(value).unwrap_or(0);
    text.len().is_multiple_of(4) && digits.bytes().all(|byte| value(byte).is_some()) && last & unused == 0
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
    fn a_component_is_alone_whole_and_without_options() {
        let component = Code::component("AGFzbQ==".to_owned()).expect("base64");
        assert_eq!((component.as_component(), component.main_module()), (Some("AGFzbQ=="), "main.wasm"));
        let read = Code::from_canonical_bytes(&component.canonical_bytes()).expect("readable");
        assert_eq!(read, component);
        let options = CodeOptions { allow_eval: true, ..CodeOptions::default() };
        assert!(matches!(component.clone().with_options(options), Err(InvalidCode::Component { is_size: false })));
        assert!(matches!(Code::component(String::new()), Err(InvalidCode::EmptyModule(_))));
        assert!(matches!(Code::component("AGFzbQ=".to_owned()), Err(InvalidCode::Data { .. })));
        let large = "A".repeat(MAX_COMPONENT_BYTES / 3 * 4 + 8);
        assert!(Code::component(large).is_err_and(|error| error.is_size()));
        let mut two = component.modules().clone();
        two.insert("a.js".to_owned(), Module { kind: ModuleKind::Js, text: "1".into() });
        assert!(matches!(Code::new(two, "main.wasm".to_owned()), Err(InvalidCode::Component { is_size: false })));
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
    fn kinds_follow_from_the_ending() {
        for (name, kind) in [
            ("a.js", ModuleKind::Js),
            ("a.mjs", ModuleKind::Js),
            ("react/jsx-runtime", ModuleKind::Js),
            ("lib.v2/react", ModuleKind::Js),
            ("a.mts", ModuleKind::Ts),
            ("a.d.ts", ModuleKind::Ts),
            ("a.tsx", ModuleKind::Tsx),
            ("a.jsx", ModuleKind::Jsx),
            ("a.cjs", ModuleKind::Cjs),
            ("a.js.map", ModuleKind::Json),
        ] {
            assert_eq!(ModuleKind::from_name(name), Ok(kind), "{name}");
        }
        assert!(matches!(ModuleKind::from_name("a.wasm"), Err(InvalidCode::Wasm { .. })));
        assert!(matches!(ModuleKind::from_name("a.py"), Err(InvalidCode::Unsupported { .. })));
        for kind in ModuleKind::ALL {
            assert_eq!(ModuleKind::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn data_has_one_spelling() {
        for (text, good) in [
            ("", true),
            ("AAAA", true),
            ("AAE=", true),
            ("AQ==", true),
            ("+/+/", true),
            ("AAA", false),
            ("AR==", false),
            ("AAF=", false),
            ("A===", false),
            ("====", false),
            ("A=AA", false),
            ("-_AA", false),
            ("AA A", false),
        ] {
            assert_eq!(is_base64(text), good, "{text}");
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

//! Source maps that users bring with their bundles: in the comment at a module's end, or as a JSON module beside it (`main.js.map`).
//! A map that cannot be used is said so in a warning and changes nothing else.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use isolet_modules::places::{self, Token};
use oxc_sourcemap::SourceMap;

use crate::bundle::{Input, Kind, Module};
use crate::commonjs::SHIFT;
use crate::diagnostics::Reporter;
use crate::positions::Cursor;
use crate::work::file;

/// How a module says where its map is.
const COMMENT: &str = "//# sourceMappingURL=";
/// Bytes of one map.
const MAX_BYTES: usize = 16 << 20;

/// Which module is which module's map.
pub struct Maps {
    beside: BTreeMap<String, String>,
    consumed: BTreeSet<String>,
}

impl Maps {
    /// Whether the module is a map of another one, and so no part of the function.
    pub fn consumed(&self, name: &str) -> bool {
        self.consumed.contains(name)
    }

    /// The table of a module's map, if it has one that can be used.
    pub fn of(&self, module: &Module<'_>, input: &Input<'_>, reporter: &mut Reporter) -> Option<Vec<u8>> {
        let shift = match module.kind {
            Kind::Js => 0,
            Kind::Cjs => SHIFT,
            _ => return None,
        };
        let read = match (self.beside.get(module.name), inline(module.text)) {
            (_, Some(data)) => decoded(data).and_then(|json| table(module.text, shift, &json)),
            (Some(beside), None) => {
                let text = input.modules.iter().find(|module| module.name == beside).map(|module| module.text);
                table(module.text, shift, text.unwrap_or_default())
            }
            (None, None) => return None,
        };
        read.inspect_err(|why| {
            let message = format!("the source map of \"{}\" is not used: {why}", module.name);
            reporter.warning(&file(module), None, "source_map", message, None);
        })
        .ok()
    }
}

/// Finds the maps among the modules.
pub fn find(input: &Input<'_>) -> Maps {
    let mut maps = Maps { beside: BTreeMap::new(), consumed: BTreeSet::new() };
    let find = |name: &str| {
        let at = input.modules.binary_search_by(|module| module.name.cmp(name)).ok()?;
        (input.modules[at].kind == Kind::Json).then(|| name.to_owned())
    };
    for module in input.modules.iter().filter(|module| matches!(module.kind, Kind::Js | Kind::Cjs)) {
        let named = comment(module.text).filter(|url| !url.starts_with("data:"));
        let named =
            named.and_then(|url| isolet_modules::resolve(|name| find(name).is_some(), module.name, &relative(url)));
        let Some(beside) = named.or_else(|| find(&format!("{}.map", module.name))) else { continue };
        maps.consumed.insert(beside.clone());
        maps.beside.insert(module.name.to_owned(), beside);
    }
    maps
}

/// An address in the comment is relative to the module however it is written.
fn relative(url: &str) -> String {
    if url.starts_with('/') || url.starts_with('.') { url.to_owned() } else { format!("./{url}") }
}

/// What the comment in the last line that is not empty says.
fn comment(text: &str) -> Option<&str> {
    let last = text.trim_end().rsplit('\n').next()?;
    last.trim_start().strip_prefix(COMMENT).map(str::trim)
}

fn inline(text: &str) -> Option<&str> {
    comment(text)?.strip_prefix("data:")
}

fn decoded(data: &str) -> Result<String, String> {
    let (_, encoded) = data.split_once(";base64,").ok_or("its data is not in base64")?;
    if encoded.len() > MAX_BYTES {
        return Err("it is too large".to_owned());
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| "its data is not in base64")?;
    String::from_utf8(bytes).map_err(|_| "it is not text".to_owned())
}

/// The table of what stands `shift` lines further down than in `text`.
fn table(text: &str, shift: u32, json: &str) -> Result<Vec<u8>, String> {
    if json.len() > MAX_BYTES {
        return Err("it is too large".to_owned());
    }
    // Some tools forbid their maps to be taken for a script by this line.
    let json = json.strip_prefix(")]}'").unwrap_or(json);
    let map = SourceMap::from_json_string(json).map_err(|error| error.to_string())?;
    let names: Vec<String> = map.get_sources().map(shown).collect();
    if names.len() > places::MAX_SOURCES {
        return Err(format!("it names {} files; at most {} can be told apart", names.len(), places::MAX_SOURCES));
    }
    let mut cursor = Cursor::new(text);
    let tokens = map.get_tokens().filter_map(|token| {
        let source = token.get_source_id()?;
        let place = (token.get_dst_line(), token.get_dst_col());
        Some(Token {
            line: place.0.saturating_add(1 + shift),
            column: cursor.bytes(place.0, place.1).saturating_add(1),
            source,
            source_line: token.get_src_line().saturating_add(1),
            source_column: token.get_src_col().min(1 << 30) + 1,
        })
    });
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let table = places::table(&names, tokens);
    if table.is_empty() { Err("it maps nothing".to_owned()) } else { Ok(table) }
}

/// A source's name as a stack shows it: without the way up that leads out of where the bundle lies.
fn shown(source: &str) -> String {
    let mut name = source.trim_start_matches("webpack://");
    while let Some(rest) = name.strip_prefix("../").or_else(|| name.strip_prefix("./")) {
        name = rest;
    }
    let name: String = name.chars().filter(|c| !c.is_control()).take(255).collect();
    if name.is_empty() { "?".to_owned() } else { name }
}

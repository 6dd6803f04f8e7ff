//! How the modules of a map hang together: what each import means, whether it is there, and whether it exports what is taken.

use std::collections::{BTreeMap, BTreeSet};

use isolet_modules::{builtins, import_map};

use crate::bundle::{Input, Kind};
use crate::commonjs::Found;
use crate::diagnostics::{File, Reporter, Span};
use crate::helpers;
use crate::module::Import;

/// What was read of the modules of code.
#[derive(Default)]
pub struct Known {
    pub modules: BTreeMap<String, Found>,
    /// Those that could not be parsed: nothing is said about what they export.
    pub broken: BTreeSet<String>,
}

pub fn resolve(input: &Input<'_>, base: &str, specifier: &str) -> Option<String> {
    // The map is sorted by name, which is how the host keeps it.
    let has = |name: &str| input.modules.binary_search_by(|module| module.name.cmp(name)).is_ok();
    let mapped = import_map::apply(input.aliases.iter().copied(), specifier);
    let (base, specifier) = mapped.as_deref().map_or((base, specifier), |target| ("", target));
    isolet_modules::resolve(has, base, specifier).or_else(|| builtins::find(specifier).map(str::to_owned))
}

/// Whether it is one of the engine's own.
fn is_builtin(name: &str) -> bool {
    name.starts_with(builtins::PREFIX)
}

/// Names of the modules that something imports.
pub fn imported(input: &Input<'_>, known: &Known) -> BTreeSet<String> {
    let all = known.modules.iter();
    all.flat_map(|(name, found)| {
        found.parsed.imports.iter().filter_map(|import| resolve(input, name, &import.specifier))
    })
    .collect()
}

pub fn check(input: &Input<'_>, known: &Known, reporter: &mut Reporter) {
    for module in &input.modules {
        let Some(found) = known.modules.get(module.name) else { continue };
        let file = File { name: module.name, text: module.text };
        let mut runtime_is_missing = false;
        for import in &found.parsed.imports {
            if helpers::text(&import.specifier).is_some() {
                continue;
            }
            match (resolve(input, module.name, &import.specifier), import.span) {
                (Some(target), _) if module.kind != Kind::Cjs => taken(input, known, &file, import, &target, reporter),
                (Some(_), _) => {}
                (None, Some(span)) => unknown(input, &file, import, span, reporter),
                (None, None) if runtime_is_missing => {}
                (None, None) => {
                    runtime_is_missing = true;
                    no_jsx_runtime(&file, &import.specifier, reporter);
                }
            }
        }
    }
}

fn unknown(input: &Input<'_>, file: &File<'_>, import: &Import, span: Span, reporter: &mut Reporter) {
    let specifier = &import.specifier;
    let names = input.modules.iter().map(|module| module.name);
    let help = if let Some(nearest) = isolet_modules::nearest(names, file.name, specifier) {
        format!("did you mean \"{nearest}\"?")
    } else if let Some(help) = instead(specifier) {
        help.to_owned()
    } else if let Some(help) = builtins::help(specifier) {
        help
    } else if specifier.starts_with('.') || specifier.starts_with('/') {
        "send the file along with the others".to_owned()
    } else if specifier.contains("://") || specifier.contains(':') {
        "nothing is fetched; only modules that are sent along can be imported".to_owned()
    } else {
        "packages are not installed here: bundle it in (`esbuild --bundle --format=esm`), or send its files as modules"
            .to_owned()
    };
    let message = format!("module \"{specifier}\", imported by \"{}\", is not among the modules", file.name);
    if import.is_lazy {
        reporter.warning(file, Some(span), "unknown_module", message, Some(help));
    } else {
        reporter.error(file, Some(span), "unknown_module", message, Some(help));
    }
}

/// What to use in the place of modules of other hosts that give what a handler's arguments do here.
fn instead(specifier: &str) -> Option<&'static str> {
    if specifier.starts_with("cloudflare:") {
        return Some(
            "Cloudflare's own modules are not here: the variables are the handler's second argument and `waitUntil` is a method of its third, `export default { async fetch(request, env, ctx) { … } }`",
        );
    }
    matches!(specifier, "process" | "node:process")
        .then_some("there is no process: the variables are the handler's second argument, `fetch(request, env, ctx)`")
}

fn no_jsx_runtime(file: &File<'_>, specifier: &str, reporter: &mut Reporter) {
    let message = format!("JSX in \"{}\" needs the module \"{specifier}\", which is not among the modules", file.name);
    let help = format!(
        "send a module named `{specifier}` that exports `jsx`, `jsxs` and `Fragment`; or name another runtime at the top of the file: `/** @jsxImportSource hono/jsx */`, or a function: `/** @jsx h */`"
    );
    // Where its first element is, near enough: the first `<` that a letter or `>` follows.
    let bytes = file.text.as_bytes();
    let is_tag = |pair: &[u8]| pair[0] == b'<' && (pair[1].is_ascii_alphabetic() || pair[1] == b'>');
    let place = bytes.windows(2).position(is_tag).map(|at| (at as u32, at as u32 + 1));
    reporter.error(file, place, "no_jsx_runtime", message, Some(help));
}

/// Whether the target exports what the import takes.
fn taken(input: &Input<'_>, known: &Known, file: &File<'_>, import: &Import, target: &str, reporter: &mut Reporter) {
    if import.names.is_empty() || known.broken.contains(target) {
        return;
    }
    let exports = exports_of(input, known, target);
    if is_open(input, known, target, &mut BTreeSet::new()) {
        return;
    }
    let kind = input.modules.iter().find(|module| module.name == target).map(|module| module.kind);
    for (name, span) in &import.names {
        if exports.contains(name) || (name == "default" && kind.is_none_or(|kind| !is_esm(kind))) {
            continue;
        }
        let message = format!("module \"{target}\" has no export named \"{name}\"");
        let help = match kind {
            Some(kind) if !kind.is_code() => "its one export is the default: `import value from …`".to_owned(),
            Some(Kind::Cjs) => "it is CommonJS: import its default, and take what you need from that".to_owned(),
            _ if name == "default" => {
                "it has no default export: `import { … } from …`, or `import * as all from …`".to_owned()
            }
            // Of a short name any other is near.
            _ if name.len() > 2
                && let Some(near) = exports.iter().find(|export| isolet_modules::distance(export, name) == 1) =>
            {
                format!("did you mean `{near}`?")
            }
            _ if exports.is_empty() => "it exports nothing; of a type, write `import type` or `export type`".to_owned(),
            _ => {
                let names: Vec<&str> = exports.iter().take(8).map(String::as_str).collect();
                format!("it exports {}{}", names.join(", "), if exports.len() > 8 { ", …" } else { "" })
            }
        };
        reporter.error(file, Some(*span), "unknown_export", message, Some(help));
    }
}

fn is_esm(kind: Kind) -> bool {
    kind.is_code() && kind != Kind::Cjs
}

/// Whether something the module passes on could not be read.
fn is_open(input: &Input<'_>, known: &Known, name: &str, seen: &mut BTreeSet<String>) -> bool {
    if known.broken.contains(name) {
        return true;
    }
    let Some(found) = known.modules.get(name).filter(|_| seen.insert(name.to_owned())) else { return false };
    let mut stars = found.parsed.exports.stars.iter();
    stars.any(|star| resolve(input, name, star).is_none_or(|target| is_open(input, known, &target, seen)))
}

/// The names a module exports, those it passes on included.
pub fn exports_of(input: &Input<'_>, known: &Known, name: &str) -> BTreeSet<String> {
    let (mut names, mut seen, mut queue) = (BTreeSet::new(), BTreeSet::new(), vec![(name.to_owned(), true)]);
    while let Some((name, is_first)) = queue.pop() {
        if is_builtin(&name) {
            names.extend(builtin_exports(&name).filter(|name| is_first || *name != "default").map(str::to_owned));
        }
        let Some(found) = known.modules.get(&name).filter(|_| seen.insert(name.clone())) else { continue };
        let exports = &found.parsed.exports;
        // `export *` leaves the default out.
        names.extend(exports.names.iter().filter(|name| is_first || *name != "default").cloned());
        let passed_on = exports.stars.iter().chain(&found.passed_on);
        queue.extend(passed_on.filter_map(|specifier| resolve(input, &name, specifier)).map(|name| (name, false)));
    }
    names
}

/// What one of the engine's own exports. Written when they are bundled.
fn builtin_exports(name: &str) -> impl Iterator<Item = &'static str> {
    const EXPORTS: &str = include_str!("../../engine/js/builtins/exports.txt");
    let file = match name.strip_prefix(builtins::PREFIX).unwrap_or(name) {
        "assert/strict" => "assert".to_owned(),
        "path/posix" => "path".to_owned(),
        bare => bare.replace('/', "-"),
    };
    let line = EXPORTS.lines().find_map(|line| line.strip_prefix(&file)?.strip_prefix(' '));
    line.unwrap_or_default().split(' ')
}

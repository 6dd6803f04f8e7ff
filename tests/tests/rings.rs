//! The shape of the host crates: modules form a line, never a ring, files stay short, and connections are opened in known places alone. Read
//! off the sources as text, so it knows `use` trees and paths that start with `crate`, `super` or `self`, but not names that a glob brings in.
//! Test code is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Lines a file may have, tests not counted.
const CEILING: usize = 400;

/// Files above the ceiling, with the length they may have at most. This list may only shrink.
const LONG_FILES: &[(&str, usize)] = &[];

type ModulePath = Vec<String>;

#[test]
fn modules_form_no_ring() {
    let rings: Vec<String> = host_crates().iter().flat_map(|(name, sources)| rings(name, sources)).collect();
    assert!(rings.is_empty(), "{} ring(s) between modules:\n{}", rings.len(), rings.join("\n"));
}

#[test]
fn files_stay_below_the_ceiling() {
    let mut faults = Vec::new();
    let mut unseen: BTreeMap<_, _> = LONG_FILES.iter().copied().collect();
    for source in host_crates().values().flatten() {
        let allowed = unseen.remove(source.name.as_str());
        match allowed {
            None if source.lines > CEILING => faults.push(format!("{} has {} lines", source.name, source.lines)),
            Some(allowed) if source.lines > allowed => {
                faults.push(format!("{} grew to {} lines, {allowed} are allowed", source.name, source.lines));
            }
            Some(allowed) if source.lines < allowed => {
                faults.push(format!("{} shrank to {} lines: take that into the list", source.name, source.lines));
            }
            _ => {}
        }
    }
    faults.extend(unseen.keys().map(|name| format!("{name} is gone: take it off the list")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What opens a connection or asks a name server.
const OPENERS: [&str; 7] = [
    "TcpStream::connect",
    "TcpSocket::",
    "UdpSocket",
    "UnixStream::connect",
    "lookup_host",
    "to_socket_addrs",
    "HttpConnector",
];

/// Where that is done: guests' door to the outside, the command line's client, the host's own listeners, and what `isolet doctor` tries.
const DOORS: [&str; 5] = [
    "runtime/src/egress/connect.rs",
    "runtime/src/egress/resolve.rs",
    "server/src/client.rs",
    "server/src/host.rs",
    "server/src/walls/attempts.rs",
];

#[test]
fn connections_are_opened_in_known_places_alone() {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host");
    let mut unused: BTreeSet<&str> = DOORS.into();
    let mut faults = Vec::new();
    let folders = fs::read_dir(&host).expect("the host crates are beside the tests").flatten();
    for folder in folders.map(|entry| entry.path()).filter(|folder| folder.join("Cargo.toml").exists()) {
        for file in rust_files(&folder.join("src")) {
            let name = file.strip_prefix(&host).expect("it was found there").to_string_lossy().into_owned();
            let text = fs::read_to_string(&file).expect("UTF-8");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let found: Vec<_> = OPENERS.into_iter().filter(|opener| code.contains(opener)).collect();
            if !found.is_empty() && !unused.remove(name.as_str()) {
                faults.push(format!("{name}: {}", found.join(", ")));
            }
        }
    }
    assert!(faults.is_empty(), "opened elsewhere: {faults:?}");
    assert!(unused.is_empty(), "no doors any more: {unused:?}");
}

#[test]
fn a_ring_is_seen() {
    let source = |path: &[&str], text: &str| Source::parse(text, path.iter().map(|part| (*part).to_owned()).collect());
    let lib = source(&[], "mod a; mod b; mod c; pub use a::{Item as Thing, other};");
    let a = source(&["a"], "use crate::{b::{X, Y}, c};\n#[cfg(test)]\nmod tests { use crate::c::Z; }");
    let b = source(&["b"], "// crate::a\nconst S: &str = \"crate::a\"; fn f() -> super::c::Z { 'x'; }");
    let back = source(&["c"], "fn f<'a>(thing: &'a crate::Thing) {}");
    let forth = source(&["c"], "#[cfg(test)] use crate::a;\nfn f() {}");
    assert_eq!(rings("k", &[lib.clone(), a.clone(), b.clone(), forth]), Vec::<String>::new());
    assert_eq!(rings("k", &[lib, a, b, back]).len(), 2, "a and c; a, b and c");
}

/// One file of a crate: the module it is, and what it refers to.
#[derive(Clone)]
struct Source {
    name: String,
    module: ModulePath,
    lines: usize,
    /// Every path that starts with `crate`, `super` or `self`, from the crate's root on.
    references: Vec<ModulePath>,
    /// What `use` brings into this module: the name it has here, and where it comes from.
    imports: Vec<(String, ModulePath)>,
}

/// The sources of every host crate, by the crate's folder.
fn host_crates() -> BTreeMap<String, Vec<Source>> {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host");
    let mut crates = BTreeMap::new();
    for entry in fs::read_dir(&host).expect("the host crates are beside the tests") {
        let folder = entry.expect("readable").path();
        if !folder.join("Cargo.toml").exists() {
            continue;
        }
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let mut sources = Vec::new();
        for file in rust_files(&folder.join("src")) {
            let inside = file.strip_prefix(folder.join("src")).expect("it was found there").with_extension("");
            let mut module: ModulePath = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            module.pop_if(|last| ["lib", "main", "mod"].contains(&last.as_str()));
            let mut source = Source::parse(&fs::read_to_string(&file).expect("readable"), module);
            source.name = format!("host/{name}/{}", file.strip_prefix(&folder).expect("it was found there").display());
            sources.push(source);
        }
        crates.insert(name, sources);
    }
    assert!(crates.len() >= 6, "the host crates are somewhere else");
    crates
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("every crate has sources") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

impl Source {
    fn parse(text: &str, module: ModulePath) -> Self {
        let code = without_tests(&without_comments_and_literals(text));
        // A cut line is marked, so that it can be told from an empty one.
        let lines = code.lines().filter(|line| !line.contains(CUT)).count();
        let tokens = tokens(&code);
        let mut references = Vec::new();
        let mut imports = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let starts_path = at == 0 || !["::", "$"].contains(&tokens[at - 1].as_str());
            if *token == "use" {
                for (path, alias) in tree(&tokens, at + 1).0 {
                    let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
                    imports.push((name, from_root(&path, &module)));
                }
            } else if starts_path && ["crate", "super", "self"].contains(&token.as_str()) {
                references.extend(tree(&tokens, at).0.iter().map(|(path, _)| from_root(path, &module)));
            }
        }
        Self { name: module.join("::"), module, lines, references, imports }
    }
}

/// Where `path`, written in `module`, leads; a path that starts with a plain name is taken to start at a child.
fn from_root(path: &[String], module: &[String]) -> ModulePath {
    let mut whole = module.to_vec();
    let mut rest = path;
    while let [first, after @ ..] = rest {
        match first.as_str() {
            "crate" => whole.clear(),
            "super" => drop(whole.pop()),
            "self" => {}
            _ => break,
        }
        rest = after;
    }
    whole.extend_from_slice(rest);
    whole
}

/// Every ring among modules that share a parent, one line each: the shortest one through each reference that closes one.
fn rings(name: &str, sources: &[Source]) -> Vec<String> {
    let modules: BTreeSet<&[String]> = sources.iter().map(|source| source.module.as_slice()).collect();
    let imports: BTreeMap<(&[String], &str), &ModulePath> = sources
        .iter()
        .flat_map(|source| source.imports.iter().map(|(name, path)| ((source.module.as_slice(), name.as_str()), path)))
        .collect();

    // Between siblings, by their parent: who refers to whom.
    let mut edges: BTreeMap<ModulePath, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in sources {
        for reference in &source.references {
            let target = home(reference, &modules, &imports);
            let shared = source.module.iter().zip(&target).take_while(|(ours, theirs)| ours == theirs).count();
            // A parent and what is inside it are one for this purpose.
            let (Some(from), Some(to)) = (source.module.get(shared), target.get(shared)) else { continue };
            edges.entry(target[..shared].to_vec()).or_default().entry(from.clone()).or_default().insert(to.clone());
        }
    }
    let mut found = BTreeMap::new();
    for (parent, graph) in &edges {
        for (from, targets) in graph {
            for to in targets {
                let Some(way) = shortest_way(graph, to, from) else { continue };
                let key: (_, BTreeSet<_>) = (parent, way.iter().cloned().collect());
                let place = [&[name.to_owned()], parent.as_slice()].concat().join("::");
                found.entry(key).or_insert_with(|| format!("  {place}: {from} → {}", way.join(" → ")));
            }
        }
    }
    found.into_values().collect()
}

/// The module that defines what `reference` names, found through what other modules re-export.
fn home(
    reference: &[String],
    modules: &BTreeSet<&[String]>,
    imports: &BTreeMap<(&[String], &str), &ModulePath>,
) -> ModulePath {
    let mut path = reference.to_vec();
    // Re-exports of re-exports end somewhere; the bound is for a source that does not compile.
    for _ in 0..8 {
        let depth = (0..=path.len()).rev().find(|&depth| modules.contains(&path[..depth])).unwrap_or(0);
        let import = path.get(depth).and_then(|item| imports.get(&(&path[..depth], item.as_str())));
        match import {
            Some(target) if **target != path => path = [target.as_slice(), &path[depth + 1..]].concat(),
            _ => {
                path.truncate(depth);
                return path;
            }
        }
    }
    path
}

/// The modules passed on the shortest way from `start` to `end`, both included.
fn shortest_way(graph: &BTreeMap<String, BTreeSet<String>>, start: &str, end: &str) -> Option<Vec<String>> {
    let mut ways = std::collections::VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::from([start.to_owned()]);
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        if last == end {
            return Some(way);
        }
        for next in graph.get(last).into_iter().flatten().filter(|next| seen.insert((*next).clone())) {
            ways.push_back([way.as_slice(), std::slice::from_ref(next)].concat());
        }
    }
    None
}

/// The paths of the `use` tree at `tokens[at..]`, each with the name it is given by `as`, and where the tree ends.
fn tree(tokens: &[String], mut at: usize) -> (Vec<(ModulePath, Option<String>)>, usize) {
    let mut path = Vec::new();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                let mut leaves = Vec::new();
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    let (branch, end) = tree(tokens, at);
                    leaves.extend(branch.into_iter().map(|(rest, alias)| ([path.as_slice(), &rest].concat(), alias)));
                    // On a comma, or on what this cannot read.
                    at = if tokens.get(end).is_some_and(|token| token == "}") { end } else { end + 1 };
                }
                return (leaves, at + 1);
            }
            Some(name) if is_name(name) => path.push(name.to_owned()),
            Some(_) | None => return (vec![(path, None)], at),
        }
        at += 1;
        match tokens.get(at).map(String::as_str) {
            Some("::") => at += 1,
            Some("as") => return (vec![(path, tokens.get(at + 1).cloned())], at + 2),
            _ => return (vec![(path, None)], at),
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphanumeric() || first == '_')
}

/// Names and numbers, `::`, and every other character that is no space on its own.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

/// Stands for every character of code that is only compiled for tests.
const CUT: char = '\u{1}';

/// The code with every item under `#[cfg(test)]` overwritten, lines kept.
fn without_tests(code: &str) -> String {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(ATTRIBUTE) {
        kept.push_str(&rest[..start]);
        let mut depth = 0;
        let end = rest[start + ATTRIBUTE.len()..].find(|next: char| {
            depth += match next {
                '{' | '(' | '[' => 1,
                '}' | ')' | ']' => -1,
                _ => 0,
            };
            // An item ends with its block or its semicolon, a field with its comma; an attribute in between does neither.
            depth == 0 && matches!(next, '}' | ';' | ',')
        });
        let end = end.map_or(rest.len(), |end| start + ATTRIBUTE.len() + end + 1);
        kept.extend(rest[start..end].chars().flat_map(|cut| if cut == '\n' { [CUT, '\n'] } else { [CUT, CUT] }));
        rest = &rest[end..];
    }
    kept + rest
}

/// The code with the text of comments, strings and characters overwritten by spaces, lines kept.
fn without_comments_and_literals(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // Inside a name, an `r` or `b` starts no literal.
        let in_name = kept.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        let (length, blank) = match literal(rest, in_name) {
            Some(length) => (length, true),
            None => (first.len_utf8(), false),
        };
        let (piece, after) = rest.split_at(length);
        if blank {
            kept.extend(piece.chars().map(|char| if char == '\n' { '\n' } else { ' ' }));
        } else {
            kept.push_str(piece);
        }
        rest = after;
    }
    kept
}

/// The length of the comment or literal that `rest` starts with, if it starts with one.
fn literal(rest: &str, in_name: bool) -> Option<usize> {
    let until = |from: usize, end: &str| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(until(2, "*/"));
    }
    let raw = rest.strip_prefix('b').unwrap_or(rest);
    if let (false, Some(hashes)) = (in_name, raw.strip_prefix('r')) {
        let fence = hashes.len() - hashes.trim_start_matches('#').len();
        if hashes[fence..].starts_with('"') {
            let from = rest.len() - hashes.len() + fence + 1;
            return Some(until(from, &format!("\"{}", "#".repeat(fence))));
        }
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.find(|next| {
            let ends = next == '"' && !escaped;
            escaped = next == '\\' && !escaped;
            ends
        });
        return Some(end.map_or(rest.len(), |end| end + 2));
    }
    // A character, not a lifetime: it is closed after one character or one escape.
    let quoted = rest.strip_prefix('\'')?;
    if let Some(escape) = quoted.strip_prefix('\\') {
        return Some(
            2 + escape.char_indices().skip(1).find(|(_, next)| *next == '\'').map_or(escape.len(), |(at, _)| at + 1),
        );
    }
    let char = quoted.chars().next()?;
    quoted[char.len_utf8()..].starts_with('\'').then_some(char.len_utf8() + 2)
}

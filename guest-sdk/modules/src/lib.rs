//! Which module of a map an import means: the one resolver, shared by the front end (which reports what cannot be found) and the
//! engine (which links, and answers dynamic `import()`). Names are paths like `lib/a.ts`; nothing is read from anywhere.
//! In `import_map`, what comes before it; in `builtins`, which modules are there without being sent; in `places`, how both speak of
//! where code comes from.

pub mod builtins;
pub mod import_map;
pub mod places;

/// Endings that may be left out, in the order they are tried.
const ENDINGS: [&str; 8] = [".ts", ".tsx", ".mts", ".js", ".mjs", ".jsx", ".cjs", ".json"];

/// What TypeScript's sources import under the name that compiling them would give (`./a.js` for `a.ts`).
const COMPILED: [(&str, &[&str]); 3] = [(".js", &[".ts", ".tsx"]), (".jsx", &[".tsx"]), (".mjs", &[".mts"])];

/// A specifier that begins so is a name, letter for letter. Users' names have no such character: the front end writes these.
pub const EXACT: char = '?';

/// How the address of a module begins (`import.meta.url`).
const ADDRESS: &str = "file:///";

/// The name that `specifier` means in module `base`, if `has` knows it: exact, relative, from the root, and with the usual
/// endings left out or, as TypeScript writes them, replaced.
pub fn resolve(has: impl Fn(&str) -> bool, base: &str, specifier: &str) -> Option<String> {
    if let Some(exact) = specifier.strip_prefix(EXACT) {
        return has(exact).then(|| exact.to_owned());
    }
    let path = path(base, specifier)?;
    if has(&path) {
        return Some(path);
    }
    let replaced = COMPILED.iter().filter_map(|(written, sources)| Some((path.strip_suffix(written)?, sources)));
    let replaced = replaced.flat_map(|(stem, sources)| sources.iter().map(move |source| format!("{stem}{source}")));
    let separator = if path.is_empty() { "" } else { "/" };
    let added = ENDINGS.iter().filter(|_| !path.is_empty()).map(|ending| format!("{path}{ending}"));
    let index = ENDINGS.iter().map(|ending| format!("{path}{separator}index{ending}"));
    replaced.chain(added).chain(index).find(|name| has(name))
}

/// The specifier as a path from the root; `None` when it climbs above it.
fn path(base: &str, specifier: &str) -> Option<String> {
    let is_relative = matches!(specifier, "." | "..") || specifier.starts_with("./") || specifier.starts_with("../");
    if !is_relative {
        let rooted = specifier.strip_prefix(ADDRESS).unwrap_or(specifier);
        return Some(rooted.trim_start_matches('/').to_owned());
    }
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The address of a module, as `import.meta.url` shows it.
pub fn address(name: &str) -> String {
    let mut out = String::from(ADDRESS);
    for byte in name.bytes() {
        // What a URL's path keeps as it is (WHATWG URL, path percent-encode set), and no percent sign.
        if byte.is_ascii_graphic() && !b"\"#<>?`{}%^|\\".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What `specifier` in `base` was perhaps meant to be, written as an import: a name few letters away, or the same file elsewhere.
pub fn nearest<'n>(names: impl Iterator<Item = &'n str>, base: &str, specifier: &str) -> Option<String> {
    let wanted = path(base, specifier).unwrap_or_else(|| specifier.trim_start_matches(['.', '/']).to_owned());
    let bare = |name: &str| stem(name).to_owned();
    let mut best: Option<(usize, &str)> = None;
    for name in names.filter(|name| !name.contains(EXACT) && *name != base) {
        let far = distance(name, &wanted).min(distance(&bare(name), &bare(&wanted)));
        let is_same_file = file(stem(name)) == file(stem(&wanted)) && !file(&wanted).is_empty();
        let far = if is_same_file { far.min(3) } else { far };
        // A third of a short name is another name.
        let allowed = if is_same_file { 3 } else { (wanted.len() / 3).clamp(1, 3) };
        if far <= allowed && best.is_none_or(|(least, _)| far < least) {
            best = Some((far, name));
        }
    }
    best.map(|(_, name)| relative(base, name))
}

fn file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name without a usual ending.
fn stem(name: &str) -> &str {
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// `name` as `base` would import it.
fn relative(base: &str, name: &str) -> String {
    let from: Vec<&str> = base.split('/').collect();
    let to: Vec<&str> = name.split('/').collect();
    let dirs = from.len() - 1;
    let shared = from[..dirs].iter().zip(&to[..to.len() - 1]).take_while(|(a, b)| a == b).count();
    let mut out = if shared == dirs { "./".to_owned() } else { "../".repeat(dirs - shared) };
    out.push_str(&to[shared..].join("/"));
    out
}

/// Levenshtein's distance, of short names only.
pub fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let cost = (before + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            before = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str], base: &str, specifier: &str) -> Option<String> {
        resolve(|name| names.contains(&name), base, specifier)
    }

    #[test]
    fn imports_find_their_modules() {
        let names =
            ["main.ts", "lib/a.ts", "lib/b.js", "lib/index.tsx", "hono", "c.cjs", "c.cjs?cjs", "data.json", "index.js"];
        for (base, specifier, name) in [
            ("main.ts", "./lib/a.ts", Some("lib/a.ts")),
            ("main.ts", "./lib/a", Some("lib/a.ts")),
            ("main.ts", "./lib/a.js", Some("lib/a.ts")),
            ("main.ts", "./lib/b", Some("lib/b.js")),
            ("main.ts", "./lib", Some("lib/index.tsx")),
            ("main.ts", "./lib/", Some("lib/index.tsx")),
            ("lib/a.ts", ".", Some("lib/index.tsx")),
            ("lib/a.ts", "..", Some("index.js")),
            ("lib/a.ts", "../main", Some("main.ts")),
            ("lib/a.ts", "/main.ts", Some("main.ts")),
            ("lib/a.ts", "file:///main.ts", Some("main.ts")),
            ("lib/a.ts", "hono", Some("hono")),
            ("lib/a.ts", "./b.js", Some("lib/b.js")),
            ("lib/a.ts", "../../x.ts", None),
            ("main.ts", "./data", Some("data.json")),
            ("main.ts", "?c.cjs?cjs", Some("c.cjs?cjs")),
            ("main.ts", "?c", None),
            ("main.ts", "./c", Some("c.cjs")),
            ("main.ts", "", Some("index.js")),
            ("main.ts", "./nope.js", None),
        ] {
            assert_eq!(found(&names, base, specifier).as_deref(), name, "{specifier} in {base}");
        }
    }

    #[test]
    fn an_exact_name_comes_before_a_compiled_one() {
        assert_eq!(found(&["a.js", "a.ts"], "m.js", "./a.js").as_deref(), Some("a.js"));
        assert_eq!(found(&["a.js", "a.ts"], "m.js", "./a").as_deref(), Some("a.ts"));
    }

    #[test]
    fn what_was_meant_is_written_as_an_import() {
        let near = |names: &[&str], base: &str, specifier: &str| nearest(names.iter().copied(), base, specifier);
        assert_eq!(near(&["lib/router.ts"], "main.ts", "./lib/ruoter").as_deref(), Some("./lib/router.ts"));
        assert_eq!(near(&["lib/router.ts"], "lib/main.ts", "./routr.js").as_deref(), Some("./router.ts"));
        assert_eq!(near(&["lib/router.ts"], "main.ts", "./router").as_deref(), Some("./lib/router.ts"));
        assert_eq!(near(&["util.ts"], "src/a/main.ts", "./util").as_deref(), Some("../../util.ts"));
        assert_eq!(near(&["a.ts", "b.ts"], "main.ts", "react").as_deref(), None);
        assert_eq!(near(&[&"x".repeat(10_000)], "main.ts", &"x".repeat(9_999)).as_deref(), None);
    }

    #[test]
    fn addresses_are_urls() {
        assert_eq!(address("lib/a b%.ts"), "file:///lib/a%20b%25.ts");
        assert_eq!(address("c.cjs?cjs"), "file:///c.cjs%3Fcjs");
    }
}

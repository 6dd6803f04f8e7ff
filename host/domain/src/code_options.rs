//! What code is built with beside its modules: they are part of its identity, as the same modules mean something else with others.

use std::collections::{BTreeMap, BTreeSet};

const MAX_ENTRIES: usize = 1_000;
const MAX_ENTRY_BYTES: usize = 255;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeOptions {
    /// Whether `eval` and `new Function` take text.
    pub allow_eval: bool,
    /// What a bare specifier means: a module of the map (`./vendor/hono.js`) or a built-in one. An entry that ends in a slash stands for
    /// all that begin with it, and so does what it means.
    pub import_map: BTreeMap<String, String>,
}

/// What is wrong with an entry of an import map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportMapFault {
    #[error("only names can be mapped, not paths: it must not begin with `.`, `/` or `?`, nor be empty")]
    Key,
    #[error("it and what it means have 1 to {MAX_ENTRY_BYTES} bytes, without control characters")]
    Form,
    #[error("either both it and what it means end in `/`, or neither")]
    Slash,
    #[error("it means `{target}`, which is not among the modules{}", .nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Target { target: String, nearest: Option<String> },
    #[error("no more than {MAX_ENTRIES} entries are allowed")]
    TooMany,
}

/// An entry that is not possible, by its name.
#[derive(Debug)]
pub(crate) struct InvalidEntry {
    pub key: String,
    pub fault: ImportMapFault,
}

impl CodeOptions {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the import map against the names of the modules.
    pub(crate) fn check(&self, names: &BTreeSet<&str>) -> Result<(), InvalidEntry> {
        if let Some(key) = self.import_map.keys().nth(MAX_ENTRIES) {
            return Err(InvalidEntry { key: key.clone(), fault: ImportMapFault::TooMany });
        }
        for (key, target) in &self.import_map {
            check_entry(names, key, target).map_err(|fault| InvalidEntry { key: key.clone(), fault })?;
        }
        Ok(())
    }
}

fn check_entry(names: &BTreeSet<&str>, key: &str, target: &str) -> Result<(), ImportMapFault> {
    let is_formed = |text: &str| (1..=MAX_ENTRY_BYTES).contains(&text.len()) && !text.contains(char::is_control);
    if !isolet_modules::import_map::is_key(key) {
        return Err(ImportMapFault::Key);
    }
    if !is_formed(key) || !is_formed(target) {
        return Err(ImportMapFault::Form);
    }
    match (key.ends_with('/'), target.ends_with('/')) {
        (true, true) => return Ok(()),
        (false, false) => {}
        _ => return Err(ImportMapFault::Slash),
    }
    let is_module = isolet_modules::resolve(|name| names.contains(name), "", target).is_some();
    if is_module || isolet_modules::builtins::find(target).is_some() {
        return Ok(());
    }
    let nearest = isolet_modules::nearest(names.iter().copied(), "", target);
    Err(ImportMapFault::Target { target: target.to_owned(), nearest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_lead_to_modules() {
        let names = BTreeSet::from(["main.js", "vendor/hono.js", "lib/a.ts"]);
        let check = |key: &str, target: &str| check_entry(&names, key, target);
        for (key, target) in [
            ("hono", "./vendor/hono.js"),
            ("hono", "vendor/hono"),
            ("x", "node:events"),
            ("a/", "./lib/"),
            ("#a", "/lib/a.ts"),
        ] {
            assert_eq!(check(key, target), Ok(()), "{key}: {target}");
        }
        for key in ["", "./a", "/a", "?a"] {
            assert_eq!(check(key, "main.js"), Err(ImportMapFault::Key), "{key}");
        }
        assert_eq!(check("a\n", "main.js"), Err(ImportMapFault::Form));
        assert_eq!(check("a", ""), Err(ImportMapFault::Form));
        assert_eq!(check("a/", "main.js"), Err(ImportMapFault::Slash));
        assert_eq!(check("a", "lib/"), Err(ImportMapFault::Slash));
        let missed = check("hono", "./vendor/hno.js").expect_err("not there");
        assert_eq!(
            missed.to_string(),
            "it means `./vendor/hno.js`, which is not among the modules; did you mean `./vendor/hono.js`?"
        );
    }
}

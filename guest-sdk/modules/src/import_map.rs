//! Import maps, as far as a module map needs them: a bare specifier, or all that begin with one and a slash, means a module under
//! another name. Whether that module is there is for the resolver to see.

/// What the specifier is to be taken for: the entry of its own name, or of the longest name that ends in a slash and begins it.
/// Itself where there is none.
pub fn apply<'m>(entries: impl Iterator<Item = (&'m str, &'m str)>, specifier: &str) -> Option<String> {
    let mut best: Option<(&str, &str)> = None;
    for (key, target) in entries {
        if key == specifier {
            return Some(target.to_owned());
        }
        let is_longer = best.is_none_or(|(least, _)| key.len() > least.len());
        if key.ends_with('/') && specifier.starts_with(key) && is_longer {
            best = Some((key, target));
        }
    }
    best.map(|(key, target)| format!("{target}{}", &specifier[key.len()..]))
}

/// Whether an import may be mapped by this key: a name, not a place.
pub fn is_key(key: &str) -> bool {
    !key.is_empty() && !key.starts_with(['.', '/', super::EXACT])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_entry_decides() {
        let map = [("hono", "./vendor/hono.js"), ("lib/", "./src/lib/"), ("lib/deep/", "./deep/"), ("lib/x", "./x.js")];
        let mapped = |specifier: &str| apply(map.into_iter(), specifier);
        assert_eq!(mapped("hono").as_deref(), Some("./vendor/hono.js"));
        assert_eq!(mapped("hono/jsx"), None);
        assert_eq!(mapped("lib/a.js").as_deref(), Some("./src/lib/a.js"));
        assert_eq!(mapped("lib/deep/a.js").as_deref(), Some("./deep/a.js"));
        assert_eq!(mapped("lib/x").as_deref(), Some("./x.js"));
        assert!(is_key("hono") && is_key("#own") && !is_key("./a.js") && !is_key("/a") && !is_key(""));
    }
}

//! Which of Node's modules the engine brings along. Their text is the engine's; everything else of Node's is not there.

/// What begins a specifier that means one of them and nothing else.
pub const PREFIX: &str = "node:";

/// Their names, with the prefix. A module of the user's can never have one: names have no colon.
pub const NAMES: [&str; 12] = [
    "node:assert",
    "node:assert/strict",
    "node:async_hooks",
    "node:buffer",
    "node:events",
    "node:path",
    "node:path/posix",
    "node:stream",
    "node:stream/promises",
    "node:url",
    "node:util",
    "node:util/types",
];

/// Modules of Node's that are not here.
const ABSENT: [&str; 34] = [
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "sqlite",
    "string_decoder",
    "sys",
    "test",
    "timers",
    "tls",
    "tty",
    "v8",
    "vm",
    "worker_threads",
    "zlib",
];

/// The built-in module that a specifier means, with the prefix or without it. What the user sent comes first: ask only where there is
/// nothing of that name.
pub fn find(specifier: &str) -> Option<&'static str> {
    let bare = specifier.strip_prefix(PREFIX).unwrap_or(specifier);
    NAMES.into_iter().find(|name| name.strip_prefix(PREFIX) == Some(bare))
}

/// What to say to somebody who imports a module of Node's that is not here; `None` where it is none of Node's.
pub fn help(specifier: &str) -> Option<String> {
    let bare = specifier.strip_prefix(PREFIX).unwrap_or(specifier);
    let is_nodes = bare.len() < specifier.len() || ABSENT.contains(&bare.split('/').next().unwrap_or_default());
    if !is_nodes {
        return None;
    }
    if let Some(near) = NAMES.into_iter().find(|name| super::distance(name, &format!("{PREFIX}{bare}")) <= 2) {
        return Some(format!("did you mean \"{near}\"?"));
    }
    let instead = match bare.split('/').next().unwrap_or_default() {
        "fs" => "there is no file system; send files along as text or data modules and import those",
        "crypto" => "use the global `crypto` and `crypto.subtle`",
        "http" | "https" | "http2" | "net" | "tls" | "dgram" | "dns" => "use `fetch`",
        "zlib" => "use `CompressionStream` and `DecompressionStream`",
        "timers" | "perf_hooks" | "console" | "worker_threads" => "use the global of the same purpose",
        _ => "use the web's own APIs, or bundle a replacement",
    };
    let names: Vec<&str> =
        NAMES.iter().filter(|name| !name.contains('/')).filter_map(|name| name.strip_prefix(PREFIX)).collect();
    Some(format!("of Node's modules there are {}; {instead}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_and_without_the_prefix() {
        assert_eq!(find("buffer"), Some("node:buffer"));
        assert_eq!(find("node:util/types"), Some("node:util/types"));
        assert_eq!(find("node:fs"), None);
        assert_eq!(find("hono"), None);
    }

    #[test]
    fn what_is_not_there_is_explained() {
        assert_eq!(help("node:evnts").as_deref(), Some("did you mean \"node:events\"?"));
        assert!(
            help("fs/promises")
                .is_some_and(|help| help.contains("no file system") && help.contains("async_hooks, buffer"))
        );
        assert!(help("node:nonsense").is_some());
        assert_eq!(help("left-pad"), None);
    }
}

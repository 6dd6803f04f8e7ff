//! The oldest versions we accept of the libraries that face hostile input, read off `Cargo.lock`. An advisory database knows more, but
//! it is not always within reach; this table always is. It holds floors, not the versions in use.

use std::path::Path;

/// Each floor is the first version without a flaw that matters here, or the one our measurements were made with.
const FLOORS: [(&str, [u64; 3]); 10] = [
    ("h2", [0, 4, 16]),
    ("hyper", [1, 12, 0]),
    // 48.0.0 to 48.0.7 have published advisories.
    ("wasmtime", [48, 0, 8]),
    ("wasmtime-environ", [48, 0, 8]),
    ("wasmtime-wasi", [48, 0, 8]),
    ("wasmtime-wasi-http", [48, 0, 8]),
    ("wasmtime-wizer", [48, 0, 8]),
    ("rustls", [0, 23, 0]),
    ("rustls-webpki", [0, 103, 17]),
    ("tokio", [1, 44, 2]),
];

#[test]
fn no_library_is_older_than_its_floor() {
    let packages = packages();
    for (name, floor) in FLOORS {
        let found: Vec<_> = packages.iter().filter(|(package, _)| package == name).collect();
        assert!(!found.is_empty(), "`{name}` is no longer in Cargo.lock: take its floor out");
        for (_, version) in found {
            assert!(numbers(version) >= floor, "`{name}` {version} is older than {floor:?}");
        }
    }
}

#[test]
fn everything_comes_from_the_checkout_or_the_registry() {
    let text = lock_file();
    let elsewhere: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .filter(|source| !source.starts_with("\"registry+"))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

/// Name and version of every package, in the order of the file: cargo writes each package's `name` line, then its `version` line.
fn packages() -> Vec<(String, String)> {
    let text = lock_file();
    let mut packages = Vec::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(value) = value(line, "name") {
            name = Some(value);
        } else if let (Some(version), Some(name)) = (value(line, "version"), name.take()) {
            packages.push((name.to_owned(), version.to_owned()));
        }
    }
    assert!(packages.len() > 100, "this is not how Cargo.lock is written any more");
    packages
}

fn lock_file() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    std::fs::read_to_string(file).expect("Cargo.lock is committed")
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

/// The three numbers of a version; a pre-release counts as older than any release.
fn numbers(version: &str) -> [u64; 3] {
    let release = version.split('+').next().unwrap_or_default();
    let mut parts = release.split('.').map(|part| part.parse().ok());
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None] => [major, minor, patch],
        _ => [0; 3],
    }
}

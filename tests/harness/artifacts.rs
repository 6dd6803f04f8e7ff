//! Digests of the build products that are committed (the guests, the console's `dist/`) and of the sources they are made from, so
//! that a plain `cargo test` notices a stale one. It rebuilds nothing: that is `guest-sdk/build` and `npm run build` in `ui/`.
//!
//! One digest stands for many files. Files are taken in the order of their relative paths (`/` between folders, compared as UTF-8
//! bytes); for each, BLAKE3 is fed the path, one NUL byte, the content's length in decimal digits, one NUL byte, and the content.
//! Names that start with a dot are left out when a folder is walked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the digests are kept, below the checkout: three lines, each a digest, two spaces and what it is a digest of.
pub const DIGESTS: &str = "guest-sdk/artifacts/digests.txt";

/// The folder of the committed guests, below the checkout.
pub const GUESTS: &str = "guest-sdk/artifacts";

/// The committed guests, in it.
pub const GUEST_FILES: [&str; 2] = ["engine.wasm", "frontend.wasm"];

/// What `guest-sdk/build` makes the guests from, below the checkout: folders are taken whole.
const GUEST_SOURCES: [&str; 19] = [
    "guest-sdk/build",
    "guest-sdk/engine/Cargo.lock",
    "guest-sdk/engine/Cargo.toml",
    "guest-sdk/engine/js/build.mjs",
    "guest-sdk/engine/js/builtins",
    "guest-sdk/engine/js/intl",
    "guest-sdk/engine/js/package-lock.json",
    "guest-sdk/engine/js/package.json",
    "guest-sdk/engine/js/src",
    "guest-sdk/engine/js/tsconfig.json",
    "guest-sdk/engine/patches",
    "guest-sdk/engine/src",
    "guest-sdk/frontend/Cargo.lock",
    "guest-sdk/frontend/Cargo.toml",
    "guest-sdk/frontend/clock",
    "guest-sdk/frontend/src",
    "guest-sdk/modules/Cargo.lock",
    "guest-sdk/modules/Cargo.toml",
    "guest-sdk/modules/src",
];

/// The same for the components that `guest-sdk/rust/build` makes of that crate's examples.
pub const COMPONENT_DIGESTS: &str = "guest-sdk/rust/components/digests.txt";
pub const COMPONENTS: &str = "guest-sdk/rust/components";
pub const COMPONENT_FILES: [&str; 2] = ["probe.wasm", "webhook.wasm"];
const COMPONENT_SOURCES: [&str; 5] = [
    "guest-sdk/rust/Cargo.lock",
    "guest-sdk/rust/Cargo.toml",
    "guest-sdk/rust/build",
    "guest-sdk/rust/examples",
    "guest-sdk/rust/src",
];

/// What the console is built from, below `ui/`; the same list as in `ui/stamp.mjs`.
const CONSOLE_SOURCES: [&str; 7] =
    ["index.html", "package-lock.json", "package.json", "src", "stamp.mjs", "tsconfig.json", "vite.config.ts"];

/// The checkout this crate was built from.
pub fn checkout() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The digest of everything the guests are built from.
///
/// # Errors
/// When a source is missing or cannot be read.
pub fn source_digest(root: &Path) -> io::Result<String> {
    digest_of_files(root, &GUEST_SOURCES)
}

/// The digest of a committed guest.
///
/// # Errors
/// When it is missing or cannot be read.
pub fn artifact_digest(root: &Path, guest: &str) -> io::Result<String> {
    file_digest(&root.join(GUESTS).join(guest))
}

/// The stamp that `ui/dist` has to carry: the digest of everything the console is built from.
///
/// # Errors
/// When a source is missing or cannot be read.
pub fn console_stamp(root: &Path) -> io::Result<String> {
    digest_of_files(&root.join("ui"), &CONSOLE_SOURCES)
}

/// What the digest file has to say when the guests in the folder `guests` are what the sources below `root` were built to.
///
/// # Errors
/// When a file is missing or cannot be read.
pub fn digests(root: &Path, guests: &Path) -> io::Result<String> {
    record(guests, &GUEST_FILES, &source_digest(root)?)
}

/// The same for the components of `guest-sdk/rust`.
///
/// # Errors
/// When a file is missing or cannot be read.
pub fn component_digests(root: &Path, components: &Path) -> io::Result<String> {
    record(components, &COMPONENT_FILES, &digest_of_files(root, &COMPONENT_SOURCES)?)
}

fn record(folder: &Path, files: &[&str], sources: &str) -> io::Result<String> {
    let mut out = String::new();
    for file in files {
        out += &format!("{}  {file}\n", file_digest(&folder.join(file))?);
    }
    Ok(format!("{out}{sources}  sources\n"))
}

fn file_digest(file: &Path) -> io::Result<String> {
    Ok(blake3::hash(&read(file)?).to_hex().to_string())
}

fn digest_of_files(root: &Path, parts: &[&str]) -> io::Result<String> {
    let mut files = Vec::new();
    for part in parts {
        collect(root, (*part).to_owned(), &mut files)?;
    }
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let content = read(&root.join(&file))?;
        hasher.update(file.as_bytes());
        hasher.update(format!("\0{}\0", content.len()).as_bytes());
        hasher.update(&content);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Adds `path` when it is a file, and every file at any depth below it when it is a folder.
fn collect(root: &Path, path: String, files: &mut Vec<String>) -> io::Result<()> {
    if !root.join(&path).is_dir() {
        files.push(path);
        return Ok(());
    }
    for entry in fs::read_dir(root.join(&path))? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{path}` holds `{}`, which is no UTF-8", name.display()),
            )
        })?;
        let kind = entry.file_type()?;
        if !name.starts_with('.') && (kind.is_dir() || kind.is_file()) {
            collect(root, format!("{path}/{name}"), files)?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    fs::read(file)
        .map_err(|source| io::Error::new(source.kind(), format!("cannot read `{}`: {source}", file.display())))
}

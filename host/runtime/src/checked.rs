//! What a component that was not made here may be, and compiling it: in the helper alone (see `compiler`), where a fault of parser or
//! compiler reaches nothing.

use wasmparser as parse;
use wasmtime::Engine;

use crate::target;

/// What a component may import, one name a line; `#` begins a comment.
static IMPORTS: &str = include_str!("../../../wit/imports.txt");
/// What it has to export, of any version that the host's can stand in for.
const HANDLER: &str = "wasi:http/incoming-handler";
const HANDLER_VERSION: &str = "0.2.12";

/// What the helper does: checks and compiles, for the same settings as the host's.
pub fn compile(component: &[u8]) -> Result<Vec<u8>, String> {
    check(component)?;
    let mut settings = target::settings();
    // One thread, so that its CPU time is all there is.
    settings.parallel_compilation(false);
    let engine = Engine::new(&settings).map_err(|error| format!("{error:#}"))?;
    engine.precompile_component(component).map_err(|error| format!("the component is not valid: {error:#}"))
}

/// Imports nothing but what is listed, exports a handler, and has one memory at most.
fn check(component: &[u8]) -> Result<(), String> {
    if !parse::Parser::is_component(component) {
        return Err("these bytes are no WebAssembly component".to_owned());
    }
    let (mut depth, mut memories, mut handles) = (0_u32, 0, false);
    for payload in parse::Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| format!("the component is not valid: {error}"))?;
        match payload {
            parse::Payload::Version { .. } => depth += 1,
            parse::Payload::End(_) => depth -= 1,
            parse::Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let name = import.map_err(|error| error.to_string())?.name;
                    if !IMPORTS.lines().any(|listed| stands_in(listed, name.name)) {
                        return Err(format!(
                            "the component imports `{}`, which is not among what a component may import",
                            name.name
                        ));
                    }
                }
            }
            parse::Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    let name = export.map_err(|error| error.to_string())?.name;
                    handles |= stands_in(&format!("{HANDLER}@{HANDLER_VERSION}"), name.name);
                }
            }
            parse::Payload::MemorySection(section) => memories += section.count(),
            _ => {}
        }
    }
    if !handles {
        return Err(format!(
            "the component does not export `{HANDLER}@{HANDLER_VERSION}`, by which it would be called"
        ));
    }
    if memories > 1 {
        return Err(format!("the component has {memories} memories; one is supported"));
    }
    Ok(())
}

/// Whether what is listed serves whoever asks for `wanted`: the same name, and of its minor version the same patch or a later one.
fn stands_in(listed: &str, wanted: &str) -> bool {
    let parts = |name: &str| {
        let (name, version) = name.split_once('@')?;
        let (minor, patch) = version.rsplit_once('.')?;
        Some((name.to_owned(), minor.to_owned(), patch.parse::<u32>().ok()?))
    };
    let (Some(listed), Some(wanted)) = (parts(listed), parts(wanted)) else { return false };
    listed.0 == wanted.0 && listed.1 == wanted.1 && listed.2 >= wanted.2
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::LazyLock;

    use super::*;

    /// Read when it is needed: the build of a host is without it.
    static WEBHOOK: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("..");
        std::fs::read(root.join("guest-sdk/rust/components/webhook.wasm")).expect("it is committed")
    });

    /// The component with one name in it replaced by another of its length, wherever it stands.
    fn renamed(from: &str, to: &str) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        let mut bytes = WEBHOOK.to_vec();
        let places: Vec<_> = bytes
            .windows(from.len())
            .enumerate()
            .filter(|(_, part)| *part == from.as_bytes())
            .map(|(at, _)| at)
            .collect();
        assert!(!places.is_empty(), "{from}");
        places.into_iter().for_each(|at| bytes[at..at + to.len()].copy_from_slice(to.as_bytes()));
        bytes
    }

    #[test]
    fn imports_exports_and_memories_are_checked_before_anything_is_compiled() {
        assert_eq!(check(&WEBHOOK), Ok(()));
        let foreign = renamed("wasi:random/insecure-seed@0.2.12", "wasi:socket/insecure-seed@0.2.12");
        assert!(check(&foreign).is_err_and(|why| why.contains("`wasi:socket/insecure-seed@0.2.12`")));
        let later = renamed("wasi:random/insecure-seed@0.2.12", "wasi:random/insecure-seed@0.2.13");
        assert!(check(&later).is_err_and(|why| why.contains("0.2.13")));
        let mute = renamed("wasi:http/incoming-handler@0.2.12", "wasi:http/incoming-hundler@0.2.12");
        assert!(check(&mute).is_err_and(|why| why.contains("does not export")));
        // A core module with a memory, beside the one that is there.
        let second = [&WEBHOOK[..], &[1, 13, 0, b'a', b's', b'm', 1, 0, 0, 0, 5, 3, 1, 0, 1]].concat();
        assert!(check(&second).is_err_and(|why| why.contains("2 memories")));
        for bytes in [&b""[..], b"\0asm\x01\0\0\0", &WEBHOOK[..8], &WEBHOOK[..WEBHOOK.len() / 2], &[0xff; 64]] {
            assert!(check(bytes).is_err());
        }
    }

    #[test]
    fn every_cut_and_flip_is_refused_or_compiled_and_never_a_panic() {
        for at in (0..WEBHOOK.len()).step_by(WEBHOOK.len() / 97) {
            let _ = check(&WEBHOOK[..at]);
            let mut flipped = WEBHOOK.to_vec();
            flipped[at] ^= 0x55;
            let _ = check(&flipped);
        }
    }
}

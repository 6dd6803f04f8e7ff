//! What is committed ready-made was built from the sources beside it. Whether a rebuild gives the same bytes is not asked here: that
//! takes `guest-sdk/build --check` and, for the console, `tests/run`.

use isolet_tests::artifacts;

/// The digest that the record holds for `name`.
fn recorded(name: &str) -> String {
    let record = artifacts::checkout().join(artifacts::DIGESTS);
    let text = std::fs::read_to_string(record).expect("guest-sdk/artifacts/digests.txt is committed");
    let line = text.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix("  "));
    line.unwrap_or_else(|| panic!("no line for `{name}` in {}", artifacts::DIGESTS)).to_owned()
}

#[test]
fn the_guests_are_the_ones_on_record() {
    for guest in artifacts::GUEST_FILES {
        let found = artifacts::artifact_digest(&artifacts::checkout(), guest).expect("it is committed");
        assert_eq!(found, recorded(guest), "{guest} changed without its record: run `guest-sdk/build`");
    }
}

#[test]
fn the_guests_were_built_from_the_sources_beside_them() {
    let found = artifacts::source_digest(&artifacts::checkout()).expect("they are committed");
    assert_eq!(found, recorded("sources"), "the guests' sources changed since they were built: run `guest-sdk/build`");
}

#[test]
fn the_components_were_built_from_the_sources_beside_them() {
    let root = artifacts::checkout();
    let recorded = std::fs::read_to_string(root.join(artifacts::COMPONENT_DIGESTS)).expect("it is committed");
    let found = artifacts::component_digests(&root, &root.join(artifacts::COMPONENTS)).expect("they are committed");
    assert_eq!(found, recorded, "the components or their sources changed: run `guest-sdk/rust/build`");
}

#[test]
fn the_front_end_has_no_imports() {
    let root = artifacts::checkout();
    let module = std::fs::read(root.join(artifacts::GUESTS).join("frontend.wasm")).expect("it is committed");
    let mut exports = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(&module) {
        match payload.expect("it is a core module") {
            wasmparser::Payload::ImportSection(section) => assert_eq!(section.count(), 0),
            wasmparser::Payload::ExportSection(section) => {
                exports.extend(section.into_iter().map(|export| export.expect("an export").name.to_owned()));
            }
            _ => {}
        }
    }
    for name in ["memory", "isolet-alloc", "isolet-transform"] {
        assert!(exports.iter().any(|export| export == name), "{name} is not in {exports:?}");
    }
}

#[test]
fn the_console_was_built_from_the_sources_beside_it() {
    let root = artifacts::checkout();
    let stamp = std::fs::read_to_string(root.join("ui/dist/build-stamp.txt")).expect("ui/dist is committed");
    let found = artifacts::console_stamp(&root).expect("they are committed");
    assert_eq!(found, stamp.trim_end(), "the console's sources changed since it was built: run `npm run build` in ui/");
}

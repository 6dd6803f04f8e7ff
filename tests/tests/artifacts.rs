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
fn the_engine_is_the_one_on_record() {
    let found = artifacts::artifact_digest(&artifacts::checkout()).expect("it is committed");
    assert_eq!(found, recorded("engine.wasm"), "engine.wasm changed without its record: run `guest-sdk/build`");
}

#[test]
fn the_engine_was_built_from_the_sources_beside_it() {
    let found = artifacts::source_digest(&artifacts::checkout()).expect("they are committed");
    assert_eq!(found, recorded("sources"), "the engine's sources changed since it was built: run `guest-sdk/build`");
}

#[test]
fn the_console_was_built_from_the_sources_beside_it() {
    let root = artifacts::checkout();
    let stamp = std::fs::read_to_string(root.join("ui/dist/build-stamp.txt")).expect("ui/dist is committed");
    let found = artifacts::console_stamp(&root).expect("they are committed");
    assert_eq!(found, stamp.trim_end(), "the console's sources changed since it was built: run `npm run build` in ui/");
}

//! The security page names tests; here they are looked up.

use std::path::Path;

#[test]
fn every_promise_names_tests_that_exist_or_says_not_yet() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let page = std::fs::read_to_string(root.join("host/docs/security.md")).expect("the page");
    let folders = [
        "tests/tests",
        "tests/binary",
        "host/api/src",
        "host/api/tests",
        "host/storage/tests",
        "host/domain/src",
        "host/domain/tests",
        "host/runtime/src",
    ];
    let mut sources = String::new();
    folders.iter().for_each(|folder| read(&root.join(folder), &mut sources));
    let mut promises = 0;
    for (number, text) in
        page.split("\n**").flat_map(|part| part.split("\n")).filter_map(|line| line.split_once(". **"))
    {
        assert!(number.trim().parse::<u32>().is_ok(), "{number}: {text}");
        promises += 1;
    }
    assert_eq!(promises, 10);
    let names = page.split('`').skip(1).step_by(2).filter(|name| name.contains('_') && !name.contains(['.', '/', ' ']));
    let mut found = 0;
    for name in names {
        assert!(sources.contains(&format!("fn {name}(")), "no test is named `{name}`");
        found += 1;
    }
    assert!(found >= 15, "{found}");
}

/// All of the folder's Rust, whatever is a test of it.
fn read(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the suites") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).expect("a suite"));
        }
    }
}

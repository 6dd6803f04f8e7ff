//! The gallery: every example runs and answers what `gallery.json` says. The console shows the same files; that they type-check is
//! tested beside the engine's JavaScript.

use std::collections::BTreeSet;
use std::path::Path;

use isolet_domain::code::Code;
use isolet_domain::outcome::Outcome;
use isolet_domain::prompt::Prompt;
use isolet_tests::artifacts::checkout;
use isolet_tests::guest::{Send, get, modules, run};
use serde_json::Value;

fn text(value: &Value, what: &str) -> String {
    value.as_str().unwrap_or_else(|| panic!("{what} is text")).to_owned()
}

fn code(folder: &Path, entry: &Value) -> Code {
    let names = entry["modules"].as_array().expect("a list").iter().map(|name| text(name, "a module's name"));
    let files: Vec<(String, String)> = names
        .map(|name| {
            let path = folder.join(text(&entry["id"], "the id")).join(&name);
            let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (name, source)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, source)| (name.as_str(), source.as_str())).collect();
    modules(&files)
}

#[tokio::test]
async fn every_example_answers_as_the_gallery_says() {
    let folder = checkout().join("ui/src/examples");
    let gallery = std::fs::read_to_string(folder.join("gallery.json")).expect("readable");
    let gallery: Vec<Value> = serde_json::from_str(&gallery).expect("a list");
    assert!(gallery.len() >= 12, "{}", gallery.len());
    for entry in &gallery {
        let id = text(&entry["id"], "the id");
        let prompt = Prompt::parse(text(&entry["prompt"], "the prompt")).expect("a prompt");
        let env = entry["env"].as_object().into_iter().flatten();
        let env = env.map(|(name, value)| (name.clone(), text(value, "a variable"))).collect();
        let ran = run(&code(&folder, entry), Send { env, ..get(&prompt.path()) }).await;
        let expect = &entry["expect"];
        assert_eq!(
            Some(ran.report.outcome),
            Outcome::parse(&text(&expect["outcome"], "the outcome")),
            "{id}: {}",
            ran.error()
        );
        assert_eq!(ran.status().map(u64::from), expect["status"].as_u64(), "{id}");
        if let Some(body) = expect["body"].as_str() {
            assert_eq!(ran.text(), body, "{id}");
        }
        if let Some(part) = expect["body_includes"].as_str() {
            assert!(ran.text().contains(part), "{id}: {}", ran.text());
        }
    }
    // No folder that the gallery does not know.
    let known: BTreeSet<String> = gallery.iter().map(|entry| text(&entry["id"], "the id")).collect();
    let entries = std::fs::read_dir(&folder).expect("readable").map(|entry| entry.expect("readable"));
    let folders =
        entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().expect("UTF-8"));
    assert_eq!(folders.collect::<BTreeSet<_>>(), known);
}

//! The OpenAPI document: the committed copy, its own consistency, and that it is true of every answer that any test here gets.

use std::collections::HashSet;
use std::sync::LazyLock;

use isolet_api::openapi_document;
use serde_json::Value;

use crate::host::{Answer, TestHost};

static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi_document);

/// An operation, by its place in the document.
pub struct Documented {
    pub id: String,
    pub method: String,
    pub path: String,
    pub operation: &'static Value,
}

pub fn operations() -> Vec<Documented> {
    let paths = DOCUMENT["paths"].as_object().expect("an object");
    let mut all = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("an object") {
            all.push(Documented {
                id: operation["operationId"].as_str().expect("text").to_owned(),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                operation,
            });
        }
    }
    all
}

/// What a reference leads to, or the value itself.
fn resolved(value: &'static Value) -> &'static Value {
    let Some(target) = value["$ref"].as_str() else { return value };
    DOCUMENT.pointer(target.strip_prefix('#').expect("within the document")).unwrap_or_else(|| panic!("{target}"))
}

/// Whether a path is one of a template, and how many of its segments are spelled out in it.
fn matches(template: &str, path: &str) -> Option<usize> {
    let mut segments = path.split('/');
    let mut literal = 0;
    for part in template.split('/') {
        if part == "{path}" {
            return Some(literal);
        }
        let segment = segments.next()?;
        match (part.starts_with('{'), part == segment) {
            (_, true) => literal += 1,
            (true, false) => {}
            (false, false) => return None,
        }
    }
    segments.next().is_none().then_some(literal)
}

/// Fails if the document does not have this answer to that request. Addresses that are no operation's are nobody's business here.
#[track_caller]
pub fn check(method: &str, path: &str, answer: &Answer) {
    let paths = DOCUMENT["paths"].as_object().expect("an object");
    let path = path.split('?').next().unwrap_or_default();
    let candidates = paths.iter().filter_map(|(template, methods)| Some((matches(template, path)?, template, methods)));
    let Some((_, template, methods)) = candidates.max_by_key(|(literal, ..)| *literal) else { return };
    let method = if method == "HEAD" && methods["head"].is_null() { "GET" } else { method };
    let operation = &methods[method.to_ascii_lowercase()];
    if operation.is_null() {
        assert!(answer.status == 405 || template.ends_with("{path}"), "{method} {template}: {answer:?}");
        return;
    }
    let responses = &operation["responses"];
    let status = answer.status.as_str();
    let response = if responses[status].is_null() { &responses["default"] } else { &responses[status] };
    assert!(response.is_object(), "{method} {template} is not documented to answer {status}: {}", answer.text());
    let response = resolved(response);
    let media_type = answer.header("content-type").split(';').next().unwrap_or_default();
    let content = &response["content"];
    let described = if content[media_type].is_null() { &content["*/*"] } else { &content[media_type] };
    assert!(
        !described.is_null() || (media_type.is_empty() && answer.body.is_empty()),
        "{method} {template}, {status}: `{media_type}` is not documented",
    );
    if media_type == "application/problem+json" && !(method == "HEAD" && answer.body.is_empty()) {
        let code = answer.json()["code"].clone();
        let listed =
            described.pointer("/schema/allOf/1/properties/code/enum").unwrap_or(&response["x-isolet-problems"]);
        let listed = listed.as_array().is_some_and(|codes| codes.contains(&code));
        assert!(listed, "{method} {template} is not documented to answer {status} `{code}`");
    }
}

#[test]
fn the_committed_copy_is_what_the_code_gives() {
    let committed: Value = serde_json::from_str(include_str!("../../openapi.json")).expect("JSON");
    assert!(
        committed == *DOCUMENT,
        "host/api/openapi.json is not what the code gives: `cargo run --release -p isolet-api --example openapi` rewrites it",
    );
}

#[tokio::test]
async fn the_document_is_served_to_anybody() {
    let host = TestHost::start().await;
    let answer = host.call("", "GET", "/v1/openapi.json", None).await.ok();
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json(), *DOCUMENT);
}

#[test]
fn every_operation_is_whole() {
    let mut ids = HashSet::new();
    for Documented { id, method, path, operation } in operations() {
        assert!(ids.insert(id.clone()), "two operations are called `{id}`");
        assert!(operation["summary"].as_str().is_some_and(|text| text.ends_with('.')), "{id}");
        let named: Vec<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let described: Vec<&str> =
            parameters.iter().filter(|one| one["in"] == "path").filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(named, described, "{method} {path}");
        let responses = operation["responses"].as_object().expect("an object");
        assert!(responses.keys().any(|status| status.starts_with('2') || status == "default"), "{id}");
        for (status, response) in responses {
            let bodyless = ["202", "204"].contains(&status.as_str());
            assert!(bodyless || resolved(response)["content"].is_object(), "{id}: {status} has no content");
        }
        let secured = operation["security"].as_array().is_some_and(|list| !list.is_empty());
        let refuses = responses.contains_key("401") || responses.contains_key("default");
        assert_eq!(secured, refuses && id != "open_session", "{id}");
    }
    assert!(ids.len() > 60, "{}", ids.len());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &'static Value, seen: &mut usize) {
        match value {
            Value::Object(fields) => {
                if fields.contains_key("$ref") {
                    resolved(value);
                    *seen += 1;
                }
                fields.values().for_each(|field| walk(field, seen));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, seen)),
            _ => {}
        }
    }
    let mut seen = 0;
    walk(&DOCUMENT, &mut seen);
    assert!(seen > 300, "{seen}");
}

/// A registration makes both the route and its description; this is the one place that makes a route.
#[test]
fn no_route_is_made_beside_the_document() {
    fn look(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                look(&entry, found);
            } else {
                let text = std::fs::read_to_string(&entry).expect("UTF-8");
                let makes = [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge("];
                let lines = text.lines().filter(|line| makes.iter().any(|call| line.contains(call)));
                found.extend(
                    lines.map(|line| format!("{}: {}", entry.file_name().expect("a name").display(), line.trim())),
                );
            }
        }
    }
    let mut found = Vec::new();
    look(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
    found.sort();
    assert_eq!(
        found,
        [
            "endpoint.rs: Some(base) => router.route(base, route),",
            "endpoint.rs: let router = router.route(path, route.clone());",
            r#"mod.rs: .nest("/v1", below.fallback(|| async { Failure::NoRoute }))"#,
        ],
    );
}

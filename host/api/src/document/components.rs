//! The document as JSON: operations under their paths, and what they share under `components`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::operation::{Operation, Schemas, Success};
use crate::catalogue::Row;
use crate::problem::Problem;

/// The whole document.
pub fn document(endpoints: &[Endpoint]) -> Value {
    let mut schemas = Schemas::default();
    let mut responses = Map::new();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints {
        for (method, id) in &endpoint.methods {
            let operation = endpoint.operation(method, &mut schemas);
            let mut written = written(&operation, &mut responses);
            written["operationId"] = json!(id);
            written["summary"] = json!(endpoint.summary);
            written["tags"] = json!([endpoint.tag]);
            let path = paths.entry(endpoint.path()).or_insert_with(|| json!({}));
            path[method.as_str().to_ascii_lowercase()] = written;
        }
    }
    schemas.written.subschema_for::<Problem<'static>>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "isolet",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The control plane of a host for other people's code. Failures are problem documents (RFC 9457) whose \
                            `code` is stable; each code has a page under `/problems/`.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key (`isl_…`) or a session token. The scope that an operation needs stands in its security \
                                    requirement and in `x-isolet-scope`.",
                },
            },
            "headers": headers(),
            "responses": responses,
            "schemas": merged(schemas),
        },
    })
}

/// The answers of an operation, by status.
fn responses(operation: &Operation<'_>, shared: &mut Map<String, Value>) -> Map<String, Value> {
    let mut responses = Map::new();
    for (status, success) in &operation.successes {
        responses.insert(status.to_string(), success.written());
    }
    if let Some(description) = operation.passed_on {
        responses.insert("default".to_owned(), passed_on(description, &operation.problems));
        return responses;
    }
    let mut by_status: BTreeMap<u16, Vec<&Row>> = BTreeMap::new();
    for row in &operation.problems {
        by_status.entry(row.status.as_u16()).or_default().push(row);
    }
    for (status, mut rows) in by_status {
        rows.sort_by_key(|row| row.code);
        let name = response_name(status, &rows);
        shared.entry(name.clone()).or_insert_with(|| problem(status, &rows));
        // A status that is an answer of its own as well keeps its description.
        responses
            .entry(status.to_string())
            .or_insert_with(|| json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    responses
}

/// Any status and any content. The host's own problems are listed beside, as they cannot be told from a guest's by their form.
fn passed_on(description: &str, problems: &[Row]) -> Value {
    let mut codes: Vec<&str> = problems.iter().map(|row| row.code).collect();
    codes.sort_unstable();
    codes.dedup();
    json!({
        "description": description,
        "headers": {
            "isolet-request-id": { "$ref": "#/components/headers/isolet-request-id" },
            "isolet-outcome": { "$ref": "#/components/headers/isolet-outcome" },
        },
        "content": { "*/*": {} },
        "x-isolet-problems": codes,
    })
}

fn written(operation: &Operation<'_>, shared: &mut Map<String, Value>) -> Value {
    let responses = responses(operation, shared);
    let mut value = json!({ "responses": responses });
    if !operation.parameters.is_empty() {
        value["parameters"] = json!(operation.parameters);
    }
    if let Some(body) = &operation.body {
        value["requestBody"] = body.clone();
    }
    let scopes: Vec<&str> = operation.scopes.iter().map(|scope| scope.as_str()).collect();
    value["security"] = if operation.secured { json!([{ "bearer": scopes }]) } else { json!([]) };
    if let Some(scope) = scopes.first() {
        value["x-isolet-scope"] = json!(scope);
    }
    value
}

impl Success {
    fn written(&self) -> Value {
        let mut value = json!({ "description": self.description });
        let headers: Map<String, Value> = ["isolet-request-id"]
            .iter()
            .chain(&self.headers)
            .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
            .collect();
        value["headers"] = json!(headers);
        if !self.content.is_empty() {
            let content: Map<String, Value> =
                self.content.iter().map(|(media, schema)| ((*media).to_owned(), json!({ "schema": schema }))).collect();
            value["content"] = json!(content);
        }
        value
    }
}

fn response_name(status: u16, rows: &[&Row]) -> String {
    let mut name = status.to_string();
    for row in rows {
        write!(name, ".{}", row.code).expect("writing to a string never fails");
    }
    name
}

fn problem(status: u16, rows: &[&Row]) -> Value {
    let codes: Vec<&str> = rows.iter().map(|row| row.code).collect();
    let mut titles: Vec<&str> = rows.iter().map(|row| row.title).collect();
    titles.dedup();
    let mut headers = json!({ "isolet-request-id": { "$ref": "#/components/headers/isolet-request-id" } });
    if status == 401 {
        headers["www-authenticate"] = json!({ "$ref": "#/components/headers/www-authenticate" });
    }
    if matches!(status, 429 | 503) {
        headers["retry-after"] = json!({ "$ref": "#/components/headers/retry-after" });
    }
    if status == 429 {
        for name in ["ratelimit-policy", "ratelimit"] {
            headers[name] = json!({ "$ref": format!("#/components/headers/{name}") });
        }
    }
    json!({
        "description": titles.join("; "),
        "headers": headers,
        "content": { "application/problem+json": { "schema": {
            "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "properties": { "status": { "const": status }, "code": { "enum": codes } } },
            ],
        } } },
    })
}

fn headers() -> Value {
    json!({
        "isolet-request-id": {
            "description": "Names this request in the host's log.",
            "required": true,
            "schema": { "type": "string" },
        },
        "isolet-outcome": {
            "description": "How the invocation ended; `ok` with a guest's own answer.",
            "schema": { "type": "string" },
        },
        "etag": {
            "description": "A strong validator of what is shown, for `If-Match`.",
            "required": true,
            "schema": { "type": "string" },
        },
        "location": {
            "description": "Where to look for what comes of it.",
            "required": true,
            "schema": { "type": "string", "format": "uri-reference" },
        },
        "preference-applied": {
            "description": "The preference that was honoured (RFC 7240).",
            "required": true,
            "schema": { "type": "string" },
        },
        "idempotent-replayed": {
            "description": "`true` where this is the answer that was given before.",
            "schema": { "type": "string" },
        },
        "ratelimit-policy": {
            "description": "What a tenant may do at most: `q` requests in `w` seconds.",
            "schema": { "type": "string" },
        },
        "ratelimit": {
            "description": "How many more of them now, and the seconds until it is all of them.",
            "schema": { "type": "string" },
        },
        "www-authenticate": { "description": "`Bearer`.", "required": true, "schema": { "type": "string" } },
        "retry-after": {
            "description": "Seconds to wait, where it is known that waiting helps.",
            "schema": { "type": "integer", "minimum": 0 },
        },
    })
}

/// The schemas of both directions. What is read and written and looks different gets a second name where it is written.
fn merged(mut schemas: Schemas) -> Value {
    let mut all = schemas.read.take_definitions(true);
    let mut written = Value::Object(schemas.written.take_definitions(true));
    let differing = |written: &Value| -> Vec<String> {
        let named = written.as_object().into_iter().flatten();
        named
            .filter(|(name, schema)| all.get(*name).is_some_and(|read| read != *schema))
            .map(|(name, _)| name.clone())
            .collect()
    };
    // A type that holds a renamed one differs in turn.
    loop {
        let names = differing(&written);
        if names.is_empty() {
            break;
        }
        for name in names {
            rename(&mut written, &name);
        }
    }
    if let Value::Object(written) = written {
        all.extend(written);
    }
    Value::Object(all)
}

fn rename(schemas: &mut Value, name: &str) {
    let new = format!("{name}Written");
    if let Some(schema) = schemas.as_object_mut().and_then(|schemas| schemas.remove(name)) {
        schemas[&new] = schema;
    }
    redirect(schemas, &format!("#/components/schemas/{name}"), &format!("#/components/schemas/{new}"));
}

fn redirect(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(fields) => {
            if fields.get("$ref").is_some_and(|target| target == from) {
                fields.insert("$ref".to_owned(), json!(to));
            }
            fields.values_mut().for_each(|field| redirect(field, from, to));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, from, to)),
        _ => {}
    }
}

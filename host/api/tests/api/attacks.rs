//! The same attacks on every operation that takes a body, and on every way of saying who one is: fields that are the host's own,
//! fields that nobody knows, keys said twice, bodies that are not what they say, headers spelled otherwise.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, request};
use crate::matrix::{Fixture, filled, sample};
use crate::openapi::{Documented, operations};

/// What only the host says of a thing, and what a neighbour's request may say.
const NOT_THE_CALLERS: [&str; 24] = [
    "id",
    "tenant",
    "tenant_id",
    "owner",
    "plan",
    "status",
    "scopes",
    "scope",
    "admin",
    "role",
    "hash",
    "created_at",
    "updated_at",
    "live",
    "live_version",
    "number",
    "next_number",
    "digest",
    "ceiling",
    "data_key",
    "secrets",
    "__proto__",
    "constructor",
    "",
];

/// Those that take JSON, with their path and a body that they take.
fn with_bodies(fixture: &Fixture) -> Vec<(Documented, String, Value)> {
    let with_body = |operation: Documented| {
        let body = sample(&operation, &fixture.own)?;
        let path = filled(&operation, &fixture.own);
        Some((operation, path, body))
    };
    let all: Vec<_> = operations().into_iter().filter_map(with_body).collect();
    assert!(all.len() > 15, "{}", all.len());
    all
}

async fn send(host: &TestHost, method: &str, path: &str, content_type: Option<&str>, body: impl Into<Bytes>) -> Answer {
    let mut request = request(&host.admin, method, path);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    host.raw(request.body(Full::new(body.into())).expect("a valid request")).await
}

/// All that the fixture's tenant has, as it is shown.
async fn shown(fixture: &Fixture) -> Vec<String> {
    let mut shown = Vec::new();
    for path in ["", "/keys", "/functions", "/functions/hello/env", "/functions/hello/versions", "/egress", "/secrets"]
    {
        shown.push(fixture.host.get(&format!("/v1/tenants/acme{path}")).await.ok().text());
    }
    shown.push(fixture.host.get("/v1/tenants").await.ok().text());
    shown
}

#[tokio::test]
async fn fields_that_are_not_the_callers_are_refused_everywhere() {
    let fixture = Fixture::new().await;
    let before = shown(&fixture).await;
    for (operation, path, body) in with_bodies(&fixture) {
        for field in NOT_THE_CALLERS {
            let mut more = body.clone();
            more.as_object_mut().expect("an object").insert(field.to_owned(), json!("admin"));
            let answer = fixture.host.call(&fixture.host.admin, &operation.method, &path, Some(more)).await;
            // The operator gives tenants their plan; there is none of that name.
            if field == "plan" && ["create_tenant", "update_tenant"].contains(&operation.id.as_str()) {
                answer.problem(422, "invalid_request");
            } else {
                answer.problem(400, "malformed_request");
            }
        }
    }
    assert_eq!(shown(&fixture).await, before);
}

/// Each object of the body with each of its keys once more, in front: whichever of the two a reader takes, another takes the other.
fn with_doubled_keys(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let mut all = Vec::new();
            let text = |fields: &serde_json::Map<String, Value>| {
                let all: Vec<String> = fields.iter().map(|(key, value)| format!("{}:{value}", json!(key))).collect();
                all.join(",")
            };
            for (key, inner) in fields {
                all.push(format!("{{{}:{inner},{}}}", json!(key), text(fields)));
                for doubled in with_doubled_keys(inner) {
                    let mut rest = fields.clone();
                    rest.remove(key);
                    let comma = if rest.is_empty() { "" } else { "," };
                    all.push(format!("{{{}:{doubled}{comma}{}}}", json!(key), text(&rest)));
                }
            }
            all
        }
        Value::Array(items) => items.iter().flat_map(with_doubled_keys).map(|doubled| format!("[{doubled}]")).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn keys_said_twice_are_refused_at_every_depth() {
    let fixture = Fixture::new().await;
    let before = shown(&fixture).await;
    let mut sent = 0;
    for (operation, path, body) in with_bodies(&fixture) {
        let deep = match operation.id.as_str() {
            "update_tenant" | "put_function" => json!({ "labels": { "a": "1", "b": "2" } }),
            "put_tenant_egress" | "put_ceiling" | "put_function_egress" => json!({ "rules": [{
                "action": "allow", "host": "a.example", "inject": [{ "header": "x-a", "secret": "A" }],
            }] }),
            "create_run" => json!({
                "code": { "modules": { "main.js": { "js": "x" } }, "main_module": "main.js" },
                "request": { "method": "POST", "body": { "text": "x" } },
                "env": { "A": "1" },
                "limits": { "cpu_ms": 5 },
                "options": { "import_map": { "x": "main.js" } },
            }),
            _ => body,
        };
        for doubled in with_doubled_keys(&deep) {
            sent += 1;
            let answer = send(&fixture.host, &operation.method, &path, Some("application/json"), doubled.clone()).await;
            assert_eq!(answer.status, 400, "{}: {doubled}: {}", operation.id, answer.text());
            answer.problem(400, "malformed_request");
        }
    }
    assert!(sent > 50, "{sent}");
    assert_eq!(shown(&fixture).await, before);
}

#[tokio::test]
async fn bodies_that_are_not_what_they_say_are_refused_everywhere() {
    let fixture = Fixture::new().await;
    let before = shown(&fixture).await;
    for (operation, path, body) in with_bodies(&fixture) {
        let (host, method, text) = (&fixture.host, operation.method.as_str(), body.to_string());
        for content_type in [
            None,
            Some(""),
            Some("text/plain"),
            Some("text/json"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("application/xml"),
            Some("application/jsonx"),
            Some("application/json+x"),
            Some("application/problem+json"),
            Some("application/json, text/plain"),
            Some("application/json; charset=utf-16"),
            Some("application/ json"),
        ] {
            let answer = send(host, method, &path, content_type, text.clone()).await;
            answer.problem(415, "unsupported_media_type");
        }
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with_mark = format!("\u{feff}{text}");
        for body in [&b""[..], b"null", b"[]", b"1", &utf16, with_mark.as_bytes(), &[text.as_bytes(), b"x"].concat()] {
            let answer = send(host, method, &path, Some("application/json"), body.to_vec()).await;
            answer.problem(400, "malformed_request");
        }
    }
    assert_eq!(shown(&fixture).await, before);
}

#[tokio::test]
async fn who_one_is_has_one_spelling() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let key = &keys["tenant"];
    let ask = |path: &'static str, fields: Vec<(&'static str, String)>| {
        let mut request = request("", "GET", path);
        for (name, value) in fields {
            request = request.header(name, value);
        }
        host.raw(request.body(Full::default()).expect("a valid request"))
    };
    let bearer = || format!("Bearer {key}");
    // Names of fields, and of the scheme, have no case (RFC 9110 §5.1, §11.1).
    for (name, value) in [
        ("authorization", bearer()),
        ("AUTHORIZATION", bearer()),
        ("Authorization", format!("bearer {key}")),
        ("Authorization", format!("BEARER {key}")),
    ] {
        ask("/v1/whoami", vec![(name, value)]).await.ok();
    }
    for fields in [
        vec![("authorization", key.clone())],
        vec![("authorization", format!("Basic {key}"))],
        vec![("authorization", format!("Bearer{key}"))],
        vec![("authorization", format!("Bearer\t{key}"))],
        vec![("authorization", format!("Bearer \"{key}\""))],
        vec![("authorization", format!("Bearer {key}, Bearer {key}"))],
        vec![("authorization", format!("Bearer {}", key.to_uppercase()))],
        vec![("authorization", bearer()), ("Authorization", bearer())],
        vec![("authorization", bearer()), ("authorization", format!("Bearer {}", host.admin))],
        vec![("proxy-authorization", bearer())],
        vec![("x-authorization", bearer())],
        vec![("x-api-key", key.clone())],
        vec![("cookie", format!("authorization={key}; token={key}"))],
    ] {
        ask("/v1/whoami", fields).await.problem(401, "unauthenticated");
    }
    for path in ["/v1/whoami?access_token=KEY", "/v1/whoami?token=KEY", "/v1/whoami?authorization=Bearer%20KEY"] {
        let path = path.replace("KEY", key);
        // No parameter says who one is, and what stood in it is not repeated.
        let refused = host.call("", "GET", &path, None).await;
        refused.problem(400, "malformed_request");
        assert!(!refused.text().contains(key.as_str()), "{}", refused.text());
    }
}

/// Headers by which some servers are told that a request is another one than it is.
#[tokio::test]
async fn a_request_is_what_it_is() {
    let fixture = Fixture::new().await;
    let host = &fixture.host;
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/v1/tenants/globex"),
        ("x-rewrite-url", "/v1/tenants/globex"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-prefix", "/v1/tenants/globex"),
        ("x-tenant", "globex"),
        ("x-tenant-id", "globex"),
        ("forwarded", "host=evil.example;for=127.0.0.1"),
    ] {
        for method in ["GET", "HEAD"] {
            let request = request(&fixture.tokens["own"], method, "/v1/tenants/~").header(name, value);
            let answer = host.raw(request.body(Full::default()).expect("a valid request")).await.ok();
            if method == "GET" {
                assert_eq!(answer.json()["slug"], "acme", "{name}");
            }
        }
    }
    // Neither does a query change the method.
    let disguised = host.call(&host.admin, "GET", "/v1/tenants/acme?_method=DELETE&confirm=acme", None).await;
    disguised.problem(400, "malformed_request");
    host.get("/v1/tenants/acme/functions/hello").await.ok();
    host.get("/v1/tenants/globex").await.ok();
}

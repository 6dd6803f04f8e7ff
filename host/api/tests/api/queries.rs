//! Queries: every operation takes the parameters that the OpenAPI document says, and no others.

use http_body_util::Full;
use serde_json::{Value, json};

use crate::host::{Answer, request};
use crate::matrix::{Fixture, filled, sample};
use crate::openapi::{Documented, operations};

impl Fixture {
    /// The operation as it is done, with this added to its query.
    async fn with_query(&self, operation: &Documented, more: &str) -> Answer {
        let path = filled(operation, &self.own);
        let joint = if path.contains('?') { '&' } else { '?' };
        let request = request(&self.host.admin, &operation.method, &format!("{path}{joint}{more}"));
        let body = sample(operation, &self.own).map(|body| body.to_string());
        let request = if body.is_some() { request.header("content-type", "application/json") } else { request };
        self.host.raw(request.body(Full::from(body.unwrap_or_default())).expect("a valid request")).await
    }
}

fn declared(operation: &Documented) -> impl Iterator<Item = &'static Value> {
    let parameters = operation.operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    parameters.iter().filter(|parameter| parameter["in"] == "query")
}

/// Whether the query is the guest's.
fn is_a_guests(operation: &Documented) -> bool {
    operation.operation["responses"]["default"].is_object()
}

#[tokio::test]
async fn no_operation_takes_a_parameter_that_it_does_not_declare() {
    let fixture = Fixture::new().await;
    let before = fixture.host.get("/v1/audit?limit=500").await.ok().json();
    let (mut refused, mut passed) = (0, 0);
    for operation in operations() {
        for name in ["nonsense", "dry-run", "LIMIT", "older%5Fthan"] {
            let answer = fixture.with_query(&operation, &format!("{name}=1")).await;
            if is_a_guests(&operation) {
                answer.ok();
                passed += 1;
                continue;
            }
            refused += 1;
            if operation.method == "HEAD" {
                assert_eq!(answer.status, 400, "{}", operation.id);
                continue;
            }
            let detail = answer.problem(400, "malformed_request")["detail"].clone();
            let name = name.replace("%5F", "_");
            let detail = detail.as_str().expect("text");
            assert!(detail.starts_with(&format!("there is no parameter `{name}` here")), "{}: {detail}", operation.id);
            for known in declared(&operation).filter_map(|parameter| parameter["name"].as_str()) {
                assert!(detail.contains(&format!("`{known}`")), "{}: {detail}", operation.id);
            }
        }
    }
    assert!(refused > 250 && passed > 20, "{refused} {passed}");
    assert_eq!(fixture.host.get("/v1/audit?limit=500").await.ok().json(), before, "and nothing came of any");
}

#[tokio::test]
async fn declared_parameters_are_there_once_and_well_formed() {
    let fixture = Fixture::new().await;
    let before = fixture.host.get("/v1/audit?limit=500").await.ok().json();
    let mut seen = 0;
    for operation in operations() {
        for parameter in declared(&operation) {
            let (name, schema) = (parameter["name"].as_str().expect("text"), &parameter["schema"]);
            let twice = fixture.with_query(&operation, &format!("{name}=1&{name}=1")).await;
            let twice = twice.problem(400, "malformed_request")["detail"].clone();
            assert_eq!(twice, format!("`{name}` is there twice"), "{}", operation.id);
            let is_restricted = ["pattern", "enum", "format", "minimum"].iter().any(|rule| !schema[*rule].is_null());
            // What must be there is in the sample already.
            if !is_restricted || parameter["required"] == true {
                continue;
            }
            for bad in ["", "abc!", "-1", "1e9", "%00"] {
                let answer = fixture.with_query(&operation, &format!("{name}={bad}")).await;
                // What names something is not found.
                assert!([400, 404].contains(&answer.status.as_u16()), "{} `{name}={bad}`: {answer:?}", operation.id);
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
    assert_eq!(fixture.host.get("/v1/audit?limit=500").await.ok().json(), before, "and nothing came of any");
}

#[tokio::test]
async fn what_was_meant_to_narrow_a_removal_removes_nothing() {
    let fixture = Fixture::new().await;
    let host = &fixture.host;
    for (method, path, body) in [
        ("DELETE", "/v1/tenants/acme/runs?function=web", None),
        ("DELETE", "/v1/tenants/acme/prompts?older_than=30d", None),
        ("POST", "/v1/tenants?dry_run=true", Some(json!({ "slug": "new" }))),
        ("GET", "/v1/tenants/acme/functions/hello/aliases?limit=abc", None),
        ("DELETE", "/v1/tenants/acme?confirm=acme&dry_run=1", None),
    ] {
        host.call(&host.admin, method, path, body).await.problem(400, "malformed_request");
    }
    assert_eq!(host.get("/v1/tenants/acme/runs").await.ok().json()["data"].as_array().map(Vec::len), Some(1));
    host.get("/v1/tenants/new").await.problem(404, "tenant_not_found");
}

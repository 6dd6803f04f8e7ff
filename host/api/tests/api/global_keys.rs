//! Keys that reach all tenants: made, shown, rotated and revoked by the operator alone, who cannot lock everybody out.

use serde_json::{Value, json};

use crate::host::{Answer, TestHost};

fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("no `{name}`: {}", answer.text())).to_owned()
}

async fn listed(host: &TestHost, by: &str) -> Vec<Value> {
    let list = host.call(by, "GET", "/v1/keys", None).await.ok().json();
    list["data"].as_array().expect("a list").clone()
}

async fn first(host: &TestHost) -> String {
    listed(host, &host.admin).await[0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_backend_gets_a_key_of_its_own_and_works_for_all_tenants() {
    let host = TestHost::start().await;
    let made = host.post("/v1/keys", json!({ "preset": "platform", "name": "saas" })).await;
    assert_eq!(made.status, 201);
    let (id, backend) = (text(&made, "id"), text(&made, "key"));
    assert!(backend.starts_with("isl_platform_"), "{backend}");
    assert_eq!(host.call(&backend, "POST", "/v1/tenants", Some(json!({ "slug": "acme" }))).await.status, 201);
    let own = json!({ "preset": "tenant" });
    assert_eq!(host.call(&backend, "POST", "/v1/tenants/acme/keys", Some(own)).await.status, 201);

    let keys = listed(&host, &host.admin).await;
    assert_eq!(keys.iter().map(|key| &key["preset"]).collect::<Vec<_>>(), ["admin", "platform"]);
    let shown = &keys[1];
    assert_eq!((&shown["id"], &shown["name"], shown.get("key")), (&json!(id), &json!("saas"), None));
    assert!(shown["last_used_at"].is_string(), "{shown}");

    let rotated = host.post(&format!("/v1/keys/{id}/rotate"), json!({ "grace_s": 60 })).await;
    assert_eq!((rotated.status.as_u16(), text(&rotated, "replaces")), (201, id.clone()));
    for field in ["name", "preset", "scopes", "expires_at"] {
        assert_eq!(rotated.json()[field], made.json()[field], "{field}");
    }
    let next = text(&rotated, "key");
    for key in [&backend, &next] {
        host.call(key, "GET", "/v1/tenants/acme", None).await.ok();
    }
    let session = text(&host.call("", "POST", "/v1/sessions", Some(json!({ "key": backend }))).await.ok(), "token");
    assert_eq!(host.call(&host.admin, "DELETE", &format!("/v1/keys/{id}"), None).await.status, 204);
    for gone in [&backend, &session] {
        host.call(gone, "GET", "/v1/tenants/acme", None).await.problem(401, "unauthenticated");
    }
    host.call(&next, "GET", "/v1/tenants/acme", None).await.ok();
    for (method, rest, body) in [("DELETE", "", None), ("POST", "/rotate", Some(json!({})))] {
        host.call(&host.admin, method, &format!("/v1/keys/{id}{rest}"), body).await.problem(404, "key_not_found");
    }
}

#[tokio::test]
async fn nobody_else_gets_there() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let backend = text(&host.post("/v1/keys", json!({ "preset": "platform" })).await.ok(), "key");
    let few = json!({ "preset": "admin", "scopes": ["tenants:read", "keys:read"] });
    let few = text(&host.post("/v1/keys", few).await.ok(), "key");
    let of_acme = text(&host.post("/v1/tenants/acme/keys", json!({ "preset": "tenant" })).await.ok(), "id");
    let admin = first(&host).await;
    let before = listed(&host, &host.admin).await.len();
    for by in [&tenant["tenant"], &tenant["deployer"], &tenant["invoke-only"], &tenant["read-only"], &backend] {
        host.call(by, "GET", "/v1/keys", None).await.problem(403, "forbidden");
    }
    assert_eq!(listed(&host, &few).await.len(), before);
    for by in [&tenant["tenant"], &backend, &few] {
        for preset in ["admin", "platform"] {
            host.call(by, "POST", "/v1/keys", Some(json!({ "preset": preset }))).await.problem(403, "forbidden");
        }
        for id in [&admin, &of_acme] {
            let at = format!("/v1/keys/{id}");
            host.call(by, "DELETE", &at, None).await.problem(403, "forbidden");
            host.call(by, "POST", &format!("{at}/rotate"), Some(json!({}))).await.problem(403, "forbidden");
        }
    }
    host.call("", "GET", "/v1/keys", None).await.problem(401, "unauthenticated");
    // A tenant's key is not among them, nor one of them among a tenant's.
    host.call(&host.admin, "DELETE", &format!("/v1/keys/{of_acme}"), None).await.problem(404, "key_not_found");
    let there = format!("/v1/tenants/acme/keys/{admin}");
    host.call(&host.admin, "DELETE", &there, None).await.problem(404, "key_not_found");
    assert_eq!(listed(&host, &host.admin).await.len(), before);
}

#[tokio::test]
async fn what_cannot_be_such_a_key_is_refused_by_its_field() {
    let host = TestHost::start().await;
    for (body, pointer) in [
        (json!({ "preset": "tenant" }), "/preset"),
        (json!({ "preset": "root" }), "/preset"),
        (json!({ "preset": "platform", "name": "x".repeat(101) }), "/name"),
        (json!({ "preset": "platform", "scopes": ["components:write"] }), "/scopes"),
        (json!({ "preset": "platform", "scopes": ["all"] }), "/scopes/0"),
        (json!({ "preset": "platform", "functions": [] }), "/functions"),
        (json!({ "preset": "admin", "expires_at": "2001-01-01T00:00:00Z" }), "/expires_at"),
    ] {
        let problem = host.post("/v1/keys", body).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    for body in [json!({}), json!({ "preset": "admin", "tenant": "acme" })] {
        host.post("/v1/keys", body).await.problem(400, "malformed_request");
    }
    let at = format!("/v1/keys/{}/rotate", first(&host).await);
    host.post(&at, json!({ "grace_s": 2_592_001 })).await.problem(422, "invalid_request");
    host.post(&at, json!({ "grace_s": -1 })).await.problem(400, "malformed_request");
    host.call(&host.admin, "DELETE", "/v1/keys/key_x", None).await.problem(404, "key_not_found");
    assert_eq!(listed(&host, &host.admin).await.len(), 1);
}

#[tokio::test]
async fn the_last_admin_key_that_never_ends_cannot_be_revoked() {
    let host = TestHost::start().await;
    let own = format!("/v1/keys/{}", first(&host).await);
    for body in [
        json!({ "preset": "platform" }),
        json!({ "preset": "admin", "expires_at": "2101-01-01T00:00:00Z" }),
        json!({ "preset": "admin", "scopes": ["keys:read"] }),
    ] {
        host.post("/v1/keys", body).await.ok();
    }
    host.call(&host.admin, "DELETE", &own, None).await.problem(409, "last_admin_key");
    // To rotate it is no loss.
    let rotated = host.post(&format!("{own}/rotate"), json!({})).await.ok();
    host.get("/v1/keys").await.problem(401, "unauthenticated");
    let next = text(&rotated, "key");
    let at = format!("/v1/keys/{}", text(&rotated, "id"));
    host.call(&next, "DELETE", &at, None).await.problem(409, "last_admin_key");
    let other = text(&host.call(&next, "POST", "/v1/keys", Some(json!({ "preset": "admin" }))).await.ok(), "key");
    host.call(&next, "DELETE", &at, None).await.ok();
    host.call(&other, "GET", "/v1/keys", None).await.ok();
}

//! Tenants, functions, versions and variables, as they should go.

use isolet_domain::fake_guests::words;
use serde_json::json;

use crate::host::{TestHost, modules};

#[tokio::test]
async fn tenants_are_made_listed_labelled_and_removed() {
    let host = TestHost::start().await;
    for slug in ["b", "a", "c"] {
        let made = host.post("/v1/tenants", json!({ "slug": slug, "labels": { "k": "v" } })).await;
        assert_eq!(made.status, 201);
        assert_eq!(made.json()["labels"]["k"], "v");
    }
    host.post("/v1/tenants", json!({ "slug": "a" })).await.problem(409, "slug_taken");
    let first = host.get("/v1/tenants?limit=2").await.ok().json();
    assert_eq!(first["data"][0]["slug"], "a");
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = host.get(&format!("/v1/tenants?limit=2&cursor={cursor}")).await.ok().json();
    assert_eq!(second["data"][0]["slug"], "c");
    assert!(second["next_cursor"].is_null());
    host.get(&format!("/v1/tenants/a/functions?cursor={cursor}")).await.problem(400, "malformed_request");
    let patched = host.call(&host.admin, "PATCH", "/v1/tenants/a", Some(json!({ "labels": { "x": "y" } }))).await;
    assert_eq!(patched.ok().json()["labels"], json!({ "x": "y" }));
    host.call(&host.admin, "DELETE", "/v1/tenants/a", None).await.problem(422, "invalid_request");
    host.call(&host.admin, "DELETE", "/v1/tenants/a?confirm=b", None).await.problem(422, "invalid_request");
    assert_eq!(host.call(&host.admin, "DELETE", "/v1/tenants/a?confirm=a", None).await.status, 202);
    host.get("/v1/tenants/a").await.problem(404, "tenant_not_found");
}

#[tokio::test]
async fn a_function_is_deployed_and_redeployed() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let path = "/v1/tenants/acme/functions/hello";
    assert_eq!(host.call(&host.admin, "PUT", path, Some(json!({}))).await.status, 201);
    let again = host.call(&host.admin, "PUT", path, Some(json!({ "labels": { "a": "b" } }))).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["url"], "http://hello--acme.localhost:8080/");
    assert!(again.json()["live_version"].is_null());

    let versions = format!("{path}/versions");
    let new = host.post(&versions, modules("one")).await;
    assert_eq!(new.status, 201);
    let same = host.post(&versions, modules("one")).await;
    assert_eq!(same.status, 200);
    assert_eq!(new.json(), same.json());
    let id = new.json()["id"].as_str().expect("an id").to_owned();
    let source = host.get(&format!("{versions}/{id}/source")).await.ok().json();
    assert_eq!(source, modules("one"));
    host.get(&format!("{path}/invoke")).await.problem(404, "not_deployed");

    let deployed = host.post(&format!("{path}/deploy"), json!({ "version": id })).await.ok().json();
    assert_eq!((&deployed["version"], &deployed["created"]), (&json!(id), &json!(false)));
    let second = host.post(&format!("{path}/deploy"), modules("two")).await.ok().json();
    assert_eq!(second["number"], 2);
    assert_eq!(host.get(path).await.json()["live_version"], second["version"]);
    let listed = host.get(&format!("{versions}?limit=1")).await.ok().json();
    assert_eq!(listed["data"][0]["number"], 2);
    let cursor = listed["next_cursor"].as_str().expect("more");
    let rest = host.get(&format!("{versions}?cursor={cursor}")).await.ok().json();
    assert_eq!(rest["data"][0]["number"], 1);
    assert_eq!(host.call(&host.admin, "DELETE", path, None).await.status, 204);
    host.get(path).await.problem(404, "function_not_found");
}

#[tokio::test]
async fn a_build_failure_shows_the_line() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "fine").await;
    let bad = format!("// {}\nlet = 1\n", words::SYNTAX);
    for (path, body) in [
        ("functions/hello/versions", modules(&bad)),
        ("functions/hello/deploy", modules(&bad)),
        ("runs", json!({ "code": modules(&bad) })),
    ] {
        let problem = host.post(&format!("/v1/tenants/acme/{path}"), body).await.problem(422, "build_failed");
        let error = &problem["errors"][0];
        assert_eq!((&error["file"], &error["line"], &error["column"]), (&json!("main.js"), &json!(2), &json!(5)));
        assert!(error["frame"].as_str().is_some_and(|frame| frame.contains(">     2 | let = 1")), "{error}");
    }
    assert!(host.get("/v1/tenants/acme/functions/hello/invoke").await.text().starts_with("GET http://sandbox/"));
}

#[tokio::test]
async fn variables_apply_to_the_next_invocation() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", words::ENV).await;
    let path = "/v1/tenants/acme/functions/hello";
    let invoke = format!("{path}/invoke");
    assert_eq!(host.get(&invoke).await.text(), "");
    host.post(&format!("{path}/env"), json!({ "name": "WHO", "value": "me" })).await.ok();
    assert_eq!(host.get(&invoke).await.text(), "WHO=me");
    let listed = host.get(&format!("{path}/env")).await.ok().json();
    assert_eq!(listed["data"], json!([{ "name": "WHO", "value": "me" }]));
    let too_large = json!({ "name": "BIG", "value": "x".repeat(70_000) });
    host.post(&format!("{path}/env"), too_large).await.problem(422, "invalid_request");
    assert_eq!(host.call(&host.admin, "DELETE", &format!("{path}/env/WHO"), None).await.status, 204);
    host.call(&host.admin, "DELETE", &format!("{path}/env/WHO"), None).await.problem(404, "variable_not_found");
    assert_eq!(host.get(&invoke).await.text(), "");
}

#[tokio::test]
async fn the_host_says_what_it_is() {
    let host = TestHost::start().await;
    let info = host.get("/v1/info").await.ok().json();
    assert_eq!(info["limits"]["defaults"]["cpu_ms"], 50);
    assert_eq!(info["ingress"], json!({ "base_domain": "localhost", "port": 8080, "scheme": "http" }));
    let metrics = host.get("/metrics").await.ok();
    assert!(metrics.text().contains("isolet_invocations_total{outcome=\"ok\"} 0"));
    assert!(metrics.text().contains("isolet_cached_components 3"));
    assert!(metrics.text().contains("isolet_wall_up{wall=\"files\"} 1\nisolet_wall_up{wall=\"system_calls\"} 0\n"));
    host.app.start_draining();
    assert_eq!(host.call("", "GET", "/readyz", None).await.status, 503);
    assert_eq!(host.call("", "GET", "/healthz", None).await.status, 200);
}

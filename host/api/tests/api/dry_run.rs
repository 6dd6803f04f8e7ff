//! Versions that are tried and not made.

use isolet_domain::access::TenantScope;
use isolet_domain::fake_guests::words;
use isolet_domain::ids::TenantSlug;
use isolet_domain::repository::TenantRepository as _;
use serde_json::{Value, json};

use crate::host::{TestHost, modules};

const VERSIONS: &str = "/v1/tenants/acme/functions/hello/versions";

async fn listed(host: &TestHost) -> Vec<Value> {
    host.get(VERSIONS).await.ok().json()["data"].as_array().expect("a list").clone()
}

async fn stored_bytes(host: &TestHost) -> u64 {
    let slug = TenantSlug::parse("acme").expect("a slug");
    let tenant = host.store.tenant_by_slug(&slug).await.expect("the store is there").expect("made before");
    let scope = TenantScope::of_route(&tenant);
    host.store.stored_bytes(&scope).await.expect("counted")
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_made_and_makes_nothing() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let first = host.deploy("acme", "hello", "one").await;
    let (before, bytes) = (host.get("/v1/audit?limit=500").await.ok().json(), stored_bytes(&host).await);
    let mut tried = Value::Null;
    for wish in ["1", "true"] {
        let path = format!("{VERSIONS}?dry_run={wish}");
        let answer = host.call(&keys["deployer"], "POST", &path, Some(modules("two"))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        tried = answer.json();
        assert_eq!((&tried["number"], &tried["main_module"]), (&json!(2), &json!("main.js")));
        let said = &tried["dry_run"];
        assert_eq!((&said["is_new"], &said["diagnostics"], &said["build_ms"]), (&json!(true), &json!([]), &json!(2.0)));
        assert_eq!(said["overlay_bytes"], 4_096);
    }
    let same = host.post(&format!("{VERSIONS}?dry_run=1"), modules("one")).await.ok().json();
    assert_eq!((same["id"].as_str(), &same["number"]), (Some(first.as_str()), &json!(1)));
    assert_eq!(same["dry_run"]["is_new"], false);

    assert_eq!(listed(&host).await.len(), 1);
    host.get(&format!("{VERSIONS}/{}", tried["id"].as_str().expect("an id"))).await.problem(404, "version_not_found");
    assert_eq!(host.get("/v1/audit?limit=500").await.ok().json(), before, "nothing was done");
    assert_eq!(stored_bytes(&host).await, bytes);

    for wish in ["?dry_run=0", "?dry_run=false", ""] {
        let made = host.post(&format!("{VERSIONS}{wish}"), modules("two")).await.ok().json();
        assert_eq!((&made["id"], &made["dry_run"]), (&tried["id"], &Value::Null), "{wish}");
    }
    assert_eq!(listed(&host).await.len(), 2);
}

#[tokio::test]
async fn a_dry_run_is_refused_as_the_real_one_is() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.tenant("globex").await;
    host.deploy("acme", "hello", "one").await;
    let dry = format!("{VERSIONS}?dry_run=1");
    let wrong = modules(words::SYNTAX);
    let without = host.post(VERSIONS, wrong.clone()).await.problem(422, "build_failed");
    let with = host.post(&dry, wrong).await.problem(422, "build_failed");
    assert_eq!((&with["errors"], &with["detail"]), (&without["errors"], &without["detail"]));
    host.post(&dry, json!({ "modules": {}, "main_module": "a" })).await.problem(422, "invalid_code");
    host.post(&dry, json!({ "modules": 1 })).await.problem(400, "malformed_request");
    host.call(&keys["read-only"], "POST", &dry, Some(modules("x"))).await.problem(403, "forbidden");
    host.call(&keys["tenant"], "POST", "/v1/tenants/globex/functions/hello/versions?dry_run=1", Some(modules("x")))
        .await
        .problem(404, "tenant_not_found");
    host.post("/v1/tenants/acme/functions/none/versions?dry_run=1", modules("x"))
        .await
        .problem(404, "function_not_found");
    for wish in ["", "yes", "2", "TRUE"] {
        let problem =
            host.post(&format!("{VERSIONS}?dry_run={wish}"), modules("x")).await.problem(400, "malformed_request");
        assert_eq!(problem["detail"], "`dry_run` must be `1` or `true`, `0` or `false`");
    }
    assert_eq!(listed(&host).await.len(), 1);
    // Only what has no effect beyond a version can be tried.
    let deploy = "/v1/tenants/acme/functions/hello/deploy?dry_run=1";
    host.post(deploy, modules("x")).await.problem(400, "malformed_request");
}

//! Checking code: who may, for whom, and what the answer looks like. What is found in real code is tested on a real runtime.

use isolet_domain::fake_guests::words;
use serde_json::json;

use crate::host::{TestHost, modules};

const CHECK: &str = "/v1/check";

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let good = host.call(&keys["tenant"], "POST", CHECK, Some(modules("x"))).await.ok().json();
    assert_eq!(good, json!({ "ok": true, "diagnostics": [] }));
    let bad = host.call(&keys["tenant"], "POST", CHECK, Some(modules(words::SYNTAX))).await.ok().json();
    let told = json!({
        "severity": "error", "code": null, "message": "unexpected token", "help": "take it out",
        "file": "main.js", "line": 2, "column": 5, "length": 1,
    });
    assert_eq!(bad, json!({ "ok": false, "diagnostics": [told] }));
    // An operator's key belongs to no tenant and may ask all the same.
    assert_eq!(host.post(CHECK, modules("x")).await.ok().json()["ok"], true);
}

#[tokio::test]
async fn whoever_may_not_run_may_not_check() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.call("isl_tenant_nonsense", "POST", CHECK, Some(modules("x"))).await.problem(401, "unauthenticated");
    let key = host.post("/v1/tenants/acme/keys", json!({ "preset": "read-only" })).await.ok().json();
    let key = key["key"].as_str().expect("a key");
    host.call(key, "POST", CHECK, Some(modules("x"))).await.problem(403, "forbidden");
    host.call(&keys["tenant"], "GET", CHECK, None).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn code_is_checked_before_anybody_looks_at_it() {
    let host = TestHost::start().await;
    for (modules, main, pointer) in [
        (json!({ "main.js": "x" }), "gone.js", "/main_module"),
        (json!({ "main.json": "{}" }), "main.json", "/main_module"),
        (json!({ "main.js": "x", "../b.js": "x" }), "main.js", "/modules/..~1b.js"),
        (json!({ "main.js": "x", "b.bin": { "data": "?" } }), "main.js", "/modules/b.bin"),
        (json!({ "main.js": "x", "b": { "wasm": "" } }), "main.js", "/modules/b"),
    ] {
        let problem = host.post(CHECK, json!({ "modules": modules, "main_module": main })).await;
        let problem = problem.problem(422, "invalid_code");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[tokio::test]
async fn asking_has_a_rate_of_its_own() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let mut limited = None;
    for _ in 0..100 {
        let answer = host.call(&keys["tenant"], "POST", CHECK, Some(modules("x"))).await;
        if answer.status != 200 {
            limited = Some(answer);
            break;
        }
    }
    limited.expect("a bucket of twenty a second runs dry").problem(429, "rate_limited");
    // Runs are not what ran out.
    host.post("/v1/tenants/acme/runs", json!({ "code": modules("x") })).await.ok();
}

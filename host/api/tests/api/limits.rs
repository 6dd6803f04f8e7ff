//! Limits by plan, tenant, function and call, and what a tenant may have going on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use isolet_domain::fake_guests::words;
use isolet_domain::limits::LimitBounds;
use isolet_domain::service::PlatformConfig;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules};

async fn with_plans() -> TestHost {
    let gold = LimitBounds {
        cpu: Some(Duration::from_millis(900)),
        request_body_bytes: Some(1_000),
        rate_per_second: Some(1_000_000),
        ..LimitBounds::default()
    };
    let plans = BTreeMap::from([("gold".to_owned(), gold)]);
    TestHost::with(PlatformConfig { plans: Some(Arc::new(plans)), ..PlatformConfig::ALONE }).await
}

async fn put(host: &TestHost, path: &str, body: Value) -> Answer {
    host.call(&host.admin, "PUT", &format!("/v1/tenants/{path}/limits"), Some(body)).await
}

async fn post_bytes(host: &TestHost, count: usize) -> Answer {
    let request = Request::post("/").header("host", "hello--acme.localhost").body(Full::from(vec![b'x'; count]));
    host.ingress(request.expect("valid")).await
}

#[tokio::test]
async fn the_lowest_of_plan_tenant_and_function_counts_at_once() {
    let host = with_plans().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    let effective = |path: &'static str| {
        let host = &host;
        async move { host.get(&format!("/v1/tenants/acme{path}/limits")).await.ok().json()["effective"].clone() }
    };
    assert_eq!(effective("").await["cpu_ms"], 50);
    let gold = host.call(&host.admin, "PATCH", "/v1/tenants/acme", Some(json!({ "plan": "gold" }))).await.ok();
    assert_eq!(gold.json()["plan"], "gold");
    assert_eq!(effective("").await["cpu_ms"], 900);
    assert_eq!(post_bytes(&host, 1_000).await.status, 200);
    post_bytes(&host, 1_001).await.problem(413, "body_too_large");

    put(&host, "acme", json!({ "request_body_bytes": 500, "cpu_ms": 300_000, "concurrency": 3 })).await.ok();
    assert_eq!(post_bytes(&host, 500).await.status, 200);
    post_bytes(&host, 501).await.problem(413, "body_too_large");
    let tenant = effective("").await;
    assert_eq!(
        (&tenant["cpu_ms"], &tenant["concurrency"], &tenant["rps"]),
        (&json!(900), &json!(3), &json!(1_000_000))
    );
    put(&host, "acme/functions/hello", json!({ "request_body_bytes": 100 })).await.ok();
    post_bytes(&host, 101).await.problem(413, "body_too_large");
    assert_eq!(effective("/functions/hello").await["request_body_bytes"], 100);
    assert_eq!(effective("").await["request_body_bytes"], 500);
    // A function raises nothing.
    put(&host, "acme/functions/hello", json!({ "request_body_bytes": 1_000_000 })).await.ok();
    post_bytes(&host, 501).await.problem(413, "body_too_large");
    // A put is the whole of what is set.
    let cleared = put(&host, "acme", json!({})).await.ok().json();
    assert_eq!((&cleared["set"], &cleared["plan"]), (&json!({}), &json!("gold")));
    assert_eq!(post_bytes(&host, 1_000).await.status, 200);

    // Runs are held to them as well.
    put(&host, "acme", json!({ "request_body_bytes": 10 })).await.ok();
    let run = json!({ "code": { "function": "hello" }, "limits": { "cpu_ms": 1_000_000 } });
    host.post("/v1/tenants/acme/runs", run).await.ok();
}

#[tokio::test]
async fn what_nobody_gets_and_nothing_runs_under_cannot_be_set() {
    let host = with_plans().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for (name, least, most) in [
        ("cpu_ms", 1, 300_000),
        ("wall_ms", 1, 900_000),
        ("streaming_wall_ms", 1, 900_000),
        ("memory_bytes", 12 << 20, 256 << 20),
        ("request_body_bytes", 0, 1 << 30),
        ("response_body_bytes", 0, 1 << 30),
        ("log_bytes", 0, 1 << 20),
        ("subrequests", 0, 1_000),
        ("wait_until_ms", 0, 30_000),
        ("startup_cpu_ms", 1, 1_000),
        ("build_cpu_ms", 1, 30_000),
    ] {
        for path in ["acme", "acme/functions/hello"] {
            for set in [least, most] {
                let held = put(&host, path, json!({ name: set })).await.ok().json();
                assert_eq!(held["set"], json!({ name: set }), "{path}");
            }
            let wrong = [(most + 1, format!("must be at most {most}"))].into_iter();
            let few = (least > 0).then(|| (least - 1, format!("must be at least {least}")));
            for (set, said) in wrong.chain(few) {
                let problem = put(&host, path, json!({ name: set })).await.problem(422, "invalid_request");
                let fault = &problem["errors"][0];
                assert_eq!((&fault["pointer"], &fault["detail"]), (&json!(format!("/{name}")), &json!(said)), "{path}");
                // What was refused changed nothing.
                let held = host.get(&format!("/v1/tenants/{path}/limits")).await.ok().json();
                assert_eq!(held["set"], json!({ name: most }), "{path}");
            }
        }
    }
    // All that is wrong, at once.
    let wrong = json!({ "memory_bytes": 1, "cpu_ms": 9_999_999, "wall_ms": 5 });
    let problem = put(&host, "acme", wrong).await.problem(422, "invalid_request");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(2));
    // A call may ask for anything: it gets the lowest.
    put(&host, "acme", json!({})).await.ok();
    put(&host, "acme/functions/hello", json!({})).await.ok();
    let run = json!({ "code": { "function": "hello" }, "limits": { "cpu_ms": 9_999_999, "memory_bytes": u64::MAX } });
    host.post("/v1/tenants/acme/runs", run).await.ok();
}

#[tokio::test]
async fn limits_are_checked_and_changed_under_their_tag() {
    let host = with_plans().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for name in ["cpu_ms", "wall_ms", "memory_bytes", "concurrency", "rps"] {
        let problem = put(&host, "acme", json!({ name: 0 })).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{name}"));
    }
    for body in [json!({ "cpu": 1 }), json!({ "cpu_ms": -1 }), json!({ "cpu_ms": "1" }), json!({ "overlay_bytes": 1 })]
    {
        put(&host, "acme", body).await.problem(400, "malformed_request");
    }
    put(&host, "acme/functions/hello", json!({ "rps": 1 })).await.problem(422, "invalid_request");
    put(&host, "acme/functions/nobody", json!({})).await.problem(404, "function_not_found");
    host.post("/v1/tenants", json!({ "slug": "x", "plan": "silver" })).await.problem(422, "invalid_request");
    let patch = host.call(&host.admin, "PATCH", "/v1/tenants/acme", Some(json!({ "plan": "silver" }))).await;
    patch.problem(422, "invalid_request");
    assert_eq!(host.post("/v1/tenants", json!({ "slug": "x", "plan": "gold" })).await.ok().json()["plan"], "gold");
    let tag = put(&host, "acme", json!({ "cpu_ms": 7 })).await.ok().header("etag").to_owned();
    assert_eq!(host.get("/v1/tenants/acme/limits").await.header("etag"), tag);
    let change = |tag: &str, cpu: u64| {
        let request = crate::host::request(&host.admin, "PUT", "/v1/tenants/acme/limits").header("if-match", tag);
        let body = Full::from(json!({ "cpu_ms": cpu }).to_string());
        request.header("content-type", "application/json").body(body).expect("valid")
    };
    host.raw(change("\"old\"", 8)).await.problem(412, "precondition_failed");
    host.raw(change(&tag, 8)).await.ok();
    host.raw(change(&tag, 9)).await.problem(412, "precondition_failed");
}

#[tokio::test(start_paused = true)]
async fn a_tenants_own_width_rate_and_queue_are_its_own() {
    let host = with_plans().await;
    host.tenant("acme").await;
    host.tenant("globex").await;
    host.deploy("acme", "hangs", words::HANGS).await;
    host.deploy("acme", "hello", "x").await;
    host.deploy("globex", "hello", "x").await;
    put(&host, "acme", json!({ "concurrency": 1, "rps": 5 })).await.ok();
    let visit = |name: &'static str| {
        let request = Request::get("/").header("host", name).body(Full::<Bytes>::default()).expect("valid");
        host.ingress(request)
    };
    let hog = tokio::time::timeout(Duration::from_millis(1), visit("hangs--acme.localhost"));
    let (hog, behind, other) = tokio::join!(hog, visit("hello--acme.localhost"), visit("hello--globex.localhost"));
    assert!(hog.is_err(), "it hangs");
    // It waited for its turn, which came when the hog's client went away.
    assert_eq!((behind.status, other.status), (http::StatusCode::OK, http::StatusCode::OK));
    let mut statuses = BTreeMap::new();
    let mut refused = None;
    for _ in 0..10 {
        let answer = visit("hello--acme.localhost").await;
        *statuses.entry(answer.status.as_u16()).or_insert(0) += 1;
        if answer.status == 429 {
            refused = Some(answer);
        }
    }
    assert!(statuses[&429] >= 5, "{statuses:?}");
    let refused = refused.expect("refused");
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(visit("hello--globex.localhost").await.status, 200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(visit("hello--acme.localhost").await.status, 200);
}

/// Everything of which a tenant can have more and more.
#[tokio::test(start_paused = true)]
async fn a_tenant_stores_as_much_as_it_may_and_no_more() {
    let host = with_plans().await;
    host.tenant("acme").await;
    host.tenant("globex").await;
    host.deploy("acme", "hello", "x").await;
    host.deploy("acme", "big", &"y".repeat(30_000)).await;
    assert_eq!(
        put(&host, "acme", json!({ "stored_bytes": 40_000 })).await.ok().json()["effective"]["stored_bytes"],
        40_000
    );
    let of = |path: &str| format!("/v1/tenants/acme/{path}");
    let code = |size: usize| modules(&"z".repeat(size));
    let deployed = host.post(&of("functions/hello/deploy"), code(20_000)).await;
    let problem = deployed.problem(409, "storage_full");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("may have 40000")), "{problem}");
    host.post(&of("functions/hello/versions"), code(20_001)).await.problem(409, "storage_full");
    let variable = json!({ "name": "A", "value": "v".repeat(20_000) });
    host.post(&of("functions/hello/env"), variable).await.problem(409, "storage_full");
    host.post(&of("prompts"), json!({ "prompt": "p".repeat(16_000) })).await.problem(409, "storage_full");
    // What it may store is no reason not to run anything.
    let ran = host.post(&of("runs"), json!({ "code": code(20_002) })).await.ok().json();
    assert!(ran["warnings"].to_string().contains("not recorded"), "{ran}");
    // But nobody waits for this one, and nothing would be left of it to look at.
    let later = crate::host::request(&host.admin, "POST", &of("runs")).header("content-type", "application/json");
    let later = later.header("prefer", "respond-async").body(Full::from(json!({ "code": code(20_003) }).to_string()));
    host.raw(later.expect("valid")).await.problem(409, "storage_full");
    assert_eq!(host.get(&of("runs")).await.ok().json()["data"], json!([]));
    let visit = Request::get("/").header("host", "hello--acme.localhost").body(Full::default()).expect("valid");
    assert_eq!(host.ingress(visit).await.status, 200);
    // Nothing of what was refused is there, others are not concerned, and the same code again is no more of it.
    assert_eq!(host.get(&of("functions/hello/versions")).await.ok().json()["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(host.get(&of("functions/hello/env")).await.ok().json()["data"], json!([]));
    host.deploy("globex", "hello", &"z".repeat(50_000)).await;
    host.deploy("acme", "hello", "x").await;
    // Little things fill it as well.
    let mut refused = None;
    for n in 0..100 {
        let made = host.call(&host.admin, "PUT", &of(&format!("functions/f{n}")), Some(json!({}))).await;
        if made.status == 409 {
            refused = Some(n);
            made.problem(409, "storage_full");
            break;
        }
    }
    assert!(refused.is_some_and(|n| n > 3), "{refused:?}");
    let secret = json!({ "value": "s".repeat(1_000) });
    host.call(&host.admin, "PUT", &of("secrets/S"), Some(secret.clone())).await.problem(409, "storage_full");
    // Room that is made can be used.
    host.call(&host.admin, "DELETE", &of("functions/big"), None).await.ok();
    tokio::time::advance(Duration::from_secs(1)).await;
    host.call(&host.admin, "PUT", &of("secrets/S"), Some(secret)).await.ok();
    host.post(&of("functions/hello/deploy"), code(20_000)).await.ok();
    put(&host, "acme", json!({ "stored_bytes": 0 })).await.ok();
    host.call(&host.admin, "PUT", &of("functions/more"), Some(json!({}))).await.problem(409, "storage_full");
}

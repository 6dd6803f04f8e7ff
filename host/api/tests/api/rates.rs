//! What a tenant is told of its rates, and what is told when one is exceeded.

use serde_json::json;

use crate::host::{TestHost, modules};

#[tokio::test]
async fn answers_say_how_much_is_left() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    for (path, body, policy) in [
        ("/v1/tenants/~/runs", json!({ "code": modules("x") }), "\"invoke\";q=200;w=1"),
        ("/v1/check", modules("x"), "\"check\";q=20;w=1"),
    ] {
        let answer = host.call(&keys["tenant"], "POST", path, Some(body)).await.ok();
        assert_eq!(answer.header("ratelimit-policy"), policy);
        let (name, _) = policy.split_once(';').expect("parameters");
        assert!(answer.header("ratelimit").starts_with(&format!("{name};r=")), "{}", answer.header("ratelimit"));
    }
    assert!(host.get("/v1/tenants/acme").await.ok().headers.get("ratelimit").is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_told_with_when_to_come_back() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let check = || host.call(&keys["tenant"], "POST", "/v1/check", Some(modules("x")));
    for left in (0..20).rev() {
        assert_eq!(check().await.ok().header("ratelimit"), format!("\"check\";r={left};t=1"));
    }
    let refused = check().await;
    assert_eq!(refused.problem(429, "rate_limited")["retry_after_ms"], 50);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("ratelimit-policy"), "\"check\";q=20;w=1");
    assert_eq!(refused.header("ratelimit"), "\"check\";r=0;t=1");
    tokio::time::advance(std::time::Duration::from_millis(50)).await;
    check().await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_used_up_is_told_by_its_name() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    host.tenant("globex").await;
    // Each invocation of these guests takes 700 µs.
    let limits = json!({ "cpu_ms_per_minute": 1 });
    let set = host.call(&host.admin, "PUT", "/v1/tenants/acme/limits", Some(limits)).await.ok().json();
    assert_eq!(set["effective"]["cpu_ms_per_minute"], 1);
    let invoke = || host.call(&keys["invoke-only"], "GET", "/v1/tenants/~/functions/hello/invoke/", None);
    for _ in 0..2 {
        invoke().await.ok();
    }
    let refused = invoke().await;
    assert_eq!(refused.problem(429, "quota_exceeded")["retry_after_ms"], 24_660);
    assert_eq!(refused.header("isolet-outcome"), "quota_exceeded");
    assert_eq!(refused.header("retry-after"), "25");
    assert_eq!(refused.header("ratelimit-policy"), "\"cpu_ms\";q=1;w=60");
    assert_eq!(refused.header("ratelimit"), "\"cpu_ms\";r=0;t=25");
    let run = |tenant: &'static str| {
        let body = json!({ "code": modules("x") });
        let host = &host;
        async move { host.post(&format!("/v1/tenants/{tenant}/runs"), body).await }
    };
    run("acme").await.problem(429, "quota_exceeded");
    run("globex").await.ok();
    // A width that changes forgives nothing.
    let wider = json!({ "cpu_ms_per_minute": 1, "concurrency": 5 });
    host.call(&host.admin, "PUT", "/v1/tenants/acme/limits", Some(wider)).await.ok();
    invoke().await.problem(429, "quota_exceeded");
    tokio::time::advance(std::time::Duration::from_millis(24_660)).await;
    invoke().await.ok();
}

#[tokio::test]
async fn a_function_has_no_budget_of_its_own() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for name in ["cpu_ms_per_minute", "egress_bytes_per_minute", "log_bytes_per_minute", "stored_bytes"] {
        let path = "/v1/tenants/~/functions/hello/limits";
        let put = host.call(&keys["tenant"], "PUT", path, Some(json!({ name: 5 }))).await;
        assert_eq!(put.problem(422, "invalid_request")["errors"][0]["pointer"], format!("/{name}"));
    }
}

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

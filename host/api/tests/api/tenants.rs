//! Tenants by label and status, suspended, resumed, and gone with all they had.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use isolet_domain::code::Code;
use isolet_domain::repository::BlobRepository as _;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules};

fn slugs(answer: &Answer) -> Vec<String> {
    let listed = answer.json();
    let slug = |tenant: &Value| tenant["slug"].as_str().expect("a slug").to_owned();
    listed["data"].as_array().expect("a list").iter().map(slug).collect()
}

#[tokio::test]
async fn tenants_are_found_by_label_plan_and_status() {
    let host = TestHost::start().await;
    for n in 0..30 {
        let labels = json!({ "tier": if n % 3 == 0 { "gold" } else { "tin" }, "eu region": (n % 2).to_string() });
        host.post("/v1/tenants", json!({ "slug": format!("t{n:02}"), "labels": labels })).await.ok();
    }
    host.post("/v1/tenants/t03/suspend", json!({})).await.ok();
    let gold = host.get("/v1/tenants?label.tier=gold").await.ok();
    assert_eq!(slugs(&gold).len(), 10);
    assert_eq!(slugs(&host.get("/v1/tenants?label.tier=gold&label.eu%20region=1").await.ok()).len(), 5);
    assert_eq!(slugs(&host.get("/v1/tenants?status=suspended").await.ok()), ["t03"]);
    assert_eq!(slugs(&host.get("/v1/tenants?status=active&label.tier=gold").await.ok()).len(), 9);
    assert_eq!(slugs(&host.get("/v1/tenants?plan=default&limit=500").await.ok()).len(), 30);
    assert!(slugs(&host.get("/v1/tenants?label.tier=").await.ok()).is_empty());
    // Pages of a filtered list have no gaps, and a cursor is good for its own filter only.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = host.get(&format!("/v1/tenants?label.tier=gold&limit=3{cursor}")).await.ok();
        seen.extend(slugs(&page));
        match page.json()["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, slugs(&gold));
    for other in ["label.tier=tin", "status=active", ""] {
        host.get(&format!("/v1/tenants?{other}{cursor}")).await.problem(400, "malformed_request");
    }
    for bad in ["status=gone", "lable.tier=gold", "label.a=1&label.a=2", "limit=0", "limit=x", "limit=501"] {
        host.get(&format!("/v1/tenants?{bad}")).await.problem(400, "malformed_request");
    }
    // A tenant's own key finds itself, or nothing.
    let key = host.post("/v1/tenants/t00/keys", json!({ "preset": "tenant" })).await.ok().json()["key"].clone();
    let key = key.as_str().expect("a key");
    assert_eq!(slugs(&host.call(key, "GET", "/v1/tenants?label.tier=gold", None).await.ok()), ["t00"]);
    assert!(slugs(&host.call(key, "GET", "/v1/tenants?label.tier=tin", None).await.ok()).is_empty());
}

#[tokio::test]
async fn nothing_of_a_suspended_tenant_runs() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let version = host.deploy("acme", "hello", "x").await;
    let visit = || async {
        let request = Request::get("/").header("host", "hello--acme.localhost").body(Full::<Bytes>::default());
        host.ingress(request.expect("valid")).await
    };
    assert_eq!(visit().await.status, 200);
    let suspended = host.post("/v1/tenants/acme/suspend", json!({ "reason": "unpaid", "code": "billing" })).await.ok();
    let told = suspended.json();
    assert_eq!((&told["status"], &told["suspension"]["code"]), (&json!("suspended"), &json!("billing")));
    let refused = visit().await;
    refused.problem(503, "suspended");
    assert_eq!((refused.header("isolet-outcome"), refused.header("retry-after")), ("suspended", "60"));
    assert!(!refused.text().contains("unpaid"), "the public is not told why");
    for (path, body) in [
        ("/functions/hello/invoke/", json!({})),
        ("/runs", json!({ "code": modules("x") })),
        ("/functions/hello/versions", modules("y")),
        ("/functions/hello/deploy", modules("y")),
        ("/functions/hello/rollback", json!({})),
    ] {
        for key in [&keys["tenant"], &host.admin] {
            let answer = host.call(key, "POST", &format!("/v1/tenants/acme{path}"), Some(body.clone())).await;
            answer.problem(503, "suspended");
            assert_eq!(answer.header("retry-after"), "60", "{path}");
        }
    }
    let component = format!("/v1/tenants/acme/functions/hello/versions/{version}/component");
    host.get(&component).await.problem(503, "suspended");
    // Its owner sees why and can go on to look after its things.
    let seen = host.call(&keys["tenant"], "GET", "/v1/tenants/~", None).await.ok().json();
    assert_eq!(seen["suspension"]["reason"], "unpaid");
    host.call(&keys["tenant"], "GET", "/v1/tenants/~/functions/hello", None).await.ok();
    host.call(&keys["tenant"], "POST", "/v1/tenants/~/resume", None).await.problem(403, "forbidden");
    // Said again it is the same suspension.
    let again = host.post("/v1/tenants/acme/suspend", json!({ "reason": "still unpaid" })).await.ok().json();
    assert_eq!(again["suspension"]["since"], told["suspension"]["since"]);
    for bad in [json!({ "code": "No!" }), json!({ "reason": "x".repeat(501) }), json!({ "reason": "a\u{7}" })] {
        host.post("/v1/tenants/acme/suspend", bad).await.problem(422, "invalid_request");
    }
    host.post("/v1/tenants/acme/suspend", json!({ "status": "active" })).await.problem(400, "malformed_request");
    let resumed = host.call(&host.admin, "POST", "/v1/tenants/acme/resume", None).await.ok().json();
    assert_eq!((&resumed["status"], resumed.get("suspension")), (&json!("active"), None));
    assert_eq!(visit().await.status, 200);
}

#[tokio::test]
async fn a_deleted_tenants_contents_go_unless_somebody_else_has_them() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.tenant("globex").await;
    for (tenant, source) in [("acme", "own"), ("acme", "shared"), ("globex", "shared")] {
        host.deploy(tenant, "hello", source).await;
    }
    let run = |source: &str| json!({ "code": modules(source) });
    host.post("/v1/tenants/acme/runs", run("run once")).await.ok();
    let there = |source: &'static str| {
        let digest = Code::single(source).expect("valid").digest();
        let store = host.store.clone();
        async move { store.blob(&digest).await.expect("readable").is_some() }
    };
    for source in ["own", "shared", "run once"] {
        assert!(there(source).await, "{source}");
    }
    assert_eq!(host.call(&host.admin, "DELETE", "/v1/tenants/acme?confirm=acme", None).await.status, 202);
    for _ in 0..500 {
        if !there("own").await && !there("run once").await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!there("own").await && !there("run once").await && there("shared").await);
    let request = Request::get("/").header("host", "hello--globex.localhost").body(Full::<Bytes>::default());
    assert_eq!(host.ingress(request.expect("valid")).await.status, 200);
}

//! `Idempotency-Key`: what is sent again is not done again.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules, request};

impl TestHost {
    async fn keyed(&self, token: &str, path: &str, key: &str, body: &Value) -> Answer {
        let request = request(token, "POST", path).header("content-type", "application/json");
        let request = request.header("idempotency-key", key).body(Full::from(Bytes::from(body.to_string())));
        self.raw(request.expect("a valid request")).await
    }
}

#[tokio::test]
async fn what_is_sent_again_is_answered_again() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    let own = &keys["tenant"];
    let requests = [
        (&host.admin, "/v1/tenants", json!({ "slug": "new" })),
        (&host.admin, "/v1/tenants/acme/keys", json!({ "preset": "read-only" })),
        (own, "/v1/tenants/~/functions/hello/versions", modules("y")),
        (own, "/v1/tenants/~/functions/hello/deploy", modules("z")),
        (own, "/v1/tenants/~/functions/hello/env", json!({ "name": "A", "value": "1" })),
        (own, "/v1/tenants/~/runs", json!({ "code": modules("x") })),
        (own, "/v1/tenants/~/prompts", json!({ "prompt": "p" })),
    ];
    for (index, (token, path, body)) in requests.into_iter().enumerate() {
        let key = format!("\"k {index}\"");
        let key = key.as_str();
        let first = host.keyed(token, path, key, &body).await.ok();
        assert!(first.headers.get("idempotent-replayed").is_none(), "{path}");
        let again = host.keyed(token, path, key, &body).await.ok();
        assert_eq!(again.header("idempotent-replayed"), "true", "{path}");
        assert_eq!((first.status, &first.body), (again.status, &again.body), "{path}");
        assert_eq!(first.headers.get("etag"), again.headers.get("etag"), "{path}");
        assert_ne!(first.header("isolet-request-id"), again.header("isolet-request-id"), "{path}");
        let other = host.keyed(token, path, key, &json!({ "other": 1 })).await;
        other.problem(422, "idempotency_key_reused");
    }
    for (list, count) in [("keys", 5), ("runs", 1), ("prompts", 2)] {
        let listed = host.get(&format!("/v1/tenants/acme/{list}")).await.ok().json();
        assert!(listed["data"].as_array().is_some_and(|all| all.len() <= count), "{list}: {listed}");
    }
    // One key is for one request, whatever its address; of another credential it is another key, however it is spelled.
    let run = json!({ "code": modules("x") });
    host.keyed(own, "/v1/tenants/acme/runs", "\"k 3\"", &run).await.problem(422, "idempotency_key_reused");
    let theirs = host.keyed(&keys["deployer"], "/v1/tenants/~/functions/hello/deploy", "\"k 3\"", &modules("z")).await;
    assert!(theirs.ok().headers.get("idempotent-replayed").is_none());
}

#[tokio::test]
async fn what_failed_can_be_tried_again() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let prompts = "/v1/tenants/acme/prompts";
    host.keyed(&host.admin, prompts, "k", &json!({ "prompt": "" })).await.problem(422, "invalid_request");
    host.keyed(&host.admin, prompts, "k", &json!({})).await.problem(400, "malformed_request");
    assert_eq!(host.keyed(&host.admin, prompts, "k", &json!({ "prompt": "x" })).await.status, 201);
    // A panic is our fault, and no reason to be told for long that the request is on its way.
    let run = json!({ "code": modules(isolet_domain::fake_guests::words::PANICS) });
    for _ in 0..2 {
        host.keyed(&host.admin, "/v1/tenants/acme/runs", "p", &run).await.problem(500, "internal");
    }
    // Without a credential nothing is looked up, remembered or told.
    host.keyed("", prompts, "k", &json!({ "prompt": "x" })).await.problem(401, "unauthenticated");
    let list = host.get(prompts).await.ok().json();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_key_that_lost_its_rights_is_not_answered_again() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let made = host.post("/v1/tenants/acme/keys", json!({ "preset": "tenant" })).await.ok().json();
    let (id, key) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    let body = json!({ "preset": "read-only" });
    host.keyed(key, "/v1/tenants/~/keys", "k", &body).await.ok();
    host.call(&host.admin, "DELETE", &format!("/v1/tenants/acme/keys/{id}"), None).await.ok();
    host.keyed(key, "/v1/tenants/~/keys", "k", &body).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn two_at_once_are_one() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let run = json!({ "code": modules("x") });
    let path = "/v1/tenants/acme/runs";
    let sent = || host.keyed(&host.admin, path, "k", &run);
    let (a, b, c) = tokio::join!(sent(), sent(), sent());
    let mut statuses = [a.status.as_u16(), b.status.as_u16(), c.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409], "{a:?} {b:?} {c:?}");
    let refused = [a, b, c].into_iter().find(|answer| answer.status == 409).expect("one of them");
    refused.problem(409, "idempotency_in_flight");
    assert_eq!(sent().await.ok().header("idempotent-replayed"), "true");
    let listed = host.get(path).await.ok().json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn keys_that_are_none_are_refused() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let path = "/v1/tenants/acme/prompts";
    let body = json!({ "prompt": "x" });
    let long = "k".repeat(256);
    for key in ["", "\"", "a b", "a, b", long.as_str()] {
        host.keyed(&host.admin, path, key, &body).await.problem(400, "malformed_request");
    }
    let twice = request(&host.admin, "POST", path)
        .header("content-type", "application/json")
        .header("idempotency-key", "a")
        .header("Idempotency-Key", "b")
        .body(Full::from(body.to_string()));
    host.raw(twice.expect("a valid request")).await.problem(400, "malformed_request");
    let events = request(&host.admin, "POST", "/v1/tenants/acme/runs")
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .header("idempotency-key", "a")
        .body(Full::from(json!({ "code": modules("x") }).to_string()));
    host.raw(events.expect("a valid request")).await.problem(400, "malformed_request");
    assert_eq!(host.get(path).await.ok().json()["data"], json!([]));
}

/// A new key's secret is in the answer, and must not be in the store.
#[tokio::test]
async fn remembered_answers_are_sealed() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let made = host.keyed(&host.admin, "/v1/tenants/acme/keys", "k", &json!({ "preset": "tenant" })).await.ok().json();
    let secret = made["key"].as_str().expect("a key").as_bytes();
    let stored = host.store.remembered();
    assert_eq!(stored.len(), 1);
    let sealed = stored[0].answer.as_ref().expect("answered").as_bytes();
    assert!(sealed.len() > secret.len() && !sealed.windows(secret.len()).any(|window| window == secret));
    assert!(!sealed.windows(6).any(|window| window == b"preset"));
}

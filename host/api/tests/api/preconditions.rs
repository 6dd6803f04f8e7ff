//! `ETag`, `If-Match` and `If-None-Match` on what can change.

use http_body_util::Full;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, request};

impl TestHost {
    async fn given(&self, method: &str, path: &str, condition: (&str, &str), body: Option<&Value>) -> Answer {
        let request = request(&self.admin, method, path).header(condition.0, condition.1);
        let request = request.header("content-type", "application/json");
        let body = body.map(Value::to_string).unwrap_or_default();
        self.raw(request.body(Full::from(body)).expect("a valid request")).await
    }
}

/// Where it is read, how it is changed, and a second change.
fn changes() -> Vec<(&'static str, &'static str, &'static str, Value, Value)> {
    const TENANT: &str = "/v1/tenants/acme";
    const HELLO: &str = "/v1/tenants/acme/functions/hello";
    const ENV: &str = "/v1/tenants/acme/functions/hello/env";
    const SHARED: &str = "/v1/tenants/acme/env";
    const RULES: &str = "/v1/tenants/acme/functions/hello/egress";
    let labels = |value: &str| json!({ "labels": { "k": value } });
    let variable = |value: &str| json!({ "name": "A", "value": value });
    let rules = |host: &str| json!({ "rules": [{ "action": "allow", "host": host }] });
    vec![
        (TENANT, "PATCH", TENANT, labels("1"), labels("2")),
        (HELLO, "PUT", HELLO, labels("1"), labels("2")),
        (ENV, "POST", ENV, variable("1"), variable("2")),
        (SHARED, "POST", SHARED, variable("1"), variable("2")),
        (RULES, "PUT", RULES, rules("a.example"), rules("b.example")),
    ]
}

#[tokio::test]
async fn two_who_change_it_at_once_do_not_undo_each_other() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for (read, method, change, first, second) in changes() {
        let before = host.get(read).await.ok();
        let tag = before.header("etag").to_owned();
        assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{read}: {tag}");
        assert_eq!(host.get(read).await.header("etag"), tag, "{read}: nothing changed");
        let (if_match, weak) = (("if-match", tag.as_str()), format!("W/{tag}"));
        host.given(method, change, if_match, Some(&first)).await.ok();
        let after = host.get(read).await.ok();
        assert_ne!(after.header("etag"), tag, "{read}");
        for stale in [tag.as_str(), &weak, "\"\"", "nonsense"] {
            let answer = host.given(method, change, ("if-match", stale), Some(&second)).await;
            answer.problem(412, "precondition_failed");
        }
        assert_eq!(host.get(read).await.ok().body, after.body, "{read}: what failed changed nothing");
        host.given(method, change, ("If-Match", after.header("etag")), Some(&second)).await.ok();
        host.given(method, change, ("if-match", "*"), Some(&first)).await.ok();
    }
}

#[tokio::test]
async fn what_is_put_says_its_tag() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let path = "/v1/tenants/acme/functions/hello";
    let body = json!({ "labels": { "a": "b" } });
    let put = host.given("PUT", path, ("if-none-match", "*"), Some(&body)).await;
    assert_eq!(put.status, 201);
    assert_eq!(put.header("etag"), host.get(path).await.header("etag"));
    host.given("PUT", path, ("if-none-match", "*"), Some(&json!({}))).await.problem(412, "precondition_failed");
    assert_eq!(host.get(path).await.json()["labels"], json!({ "a": "b" }));
    // What is not there matches nothing.
    let other = "/v1/tenants/acme/functions/other";
    host.given("PUT", other, ("if-match", "*"), Some(&json!({}))).await.problem(412, "precondition_failed");
    host.get(other).await.problem(404, "function_not_found");
    let rules = json!({ "rules": [] });
    let egress = "/v1/tenants/acme/egress";
    assert_eq!(host.given("PUT", egress, ("if-none-match", "*"), Some(&rules)).await.status, 200);
    host.given("PUT", egress, ("if-none-match", "*"), Some(&rules)).await.problem(412, "precondition_failed");
    host.call(&host.admin, "PUT", egress, Some(rules)).await.problem(428, "precondition_required");
}

#[tokio::test]
async fn what_is_removed_can_be_named_too() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    let env = "/v1/tenants/acme/functions/hello/env";
    host.post(env, json!({ "name": "A", "value": "1" })).await.ok();
    for (read, path) in [
        (env, "/v1/tenants/acme/functions/hello/env/A"),
        ("/v1/tenants/acme/functions/hello", "/v1/tenants/acme/functions/hello"),
        ("/v1/tenants/acme", "/v1/tenants/acme?confirm=acme"),
    ] {
        host.given("DELETE", path, ("if-match", "\"0\""), None).await.problem(412, "precondition_failed");
        let tag = host.get(read).await.ok().header("etag").to_owned();
        host.given("DELETE", path, ("if-match", &tag), None).await.ok();
    }
}

#[tokio::test]
async fn of_many_with_one_tag_one_wins() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for (read, method, change, first, second) in changes() {
        let tag = host.get(read).await.ok().header("etag").to_owned();
        let (a, b) = tokio::join!(
            host.given(method, change, ("if-match", &tag), Some(&first)),
            host.given(method, change, ("if-match", &tag), Some(&second)),
        );
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{change}");
    }
}

#[tokio::test]
async fn a_secret_can_be_made_only_if_there_is_none() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for path in ["/v1/tenants/acme/secrets/A", "/v1/tenants/acme/functions/hello/secrets/A"] {
        let value = json!({ "value": "x" });
        host.given("PUT", path, ("if-match", "*"), Some(&value)).await.problem(412, "precondition_failed");
        assert_eq!(host.given("PUT", path, ("if-none-match", "*"), Some(&value)).await.status, 204);
        host.given("PUT", path, ("if-none-match", "*"), Some(&value)).await.problem(412, "precondition_failed");
        host.given("PUT", path, ("if-match", "\"x\""), Some(&value)).await.problem(412, "precondition_failed");
        assert_eq!(host.given("PUT", path, ("if-match", "*"), Some(&value)).await.status, 204);
    }
}

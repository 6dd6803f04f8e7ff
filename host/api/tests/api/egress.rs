//! Egress rules and secrets over HTTP: who may set which, what is refused, and that nobody undoes what another has just set.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules, request};

const FUNCTION: &str = "/v1/tenants/acme/functions/hello/egress";
const TENANT: &str = "/v1/tenants/acme/egress";
const CEILING: &str = "/v1/tenants/acme/egress/ceiling";

fn allow(host: &str) -> Value {
    json!({ "rules": [{ "action": "allow", "host": host }] })
}

async fn put_if(host: &TestHost, token: &str, path: &str, etag: &str, body: &Value) -> Answer {
    let request = request(token, "PUT", path).header("content-type", "application/json").header("if-match", etag);
    host.raw(request.body(Full::from(Bytes::from(body.to_string()))).expect("a valid request")).await
}

#[tokio::test]
async fn rules_are_set_read_and_replaced_under_their_etag() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for path in [TENANT, FUNCTION] {
        assert_eq!(host.call(&keys["read-only"], "GET", path, None).await.ok().json(), json!({ "rules": null }));
        let full = json!({ "rules": [{
            "action": "allow", "host": "*.example.com", "ports": [443], "methods": ["GET"], "path_prefix": "/v1/",
            "inject": [{ "header": "authorization", "secret": "TOKEN", "prefix": "Bearer " }], "private_addresses": false,
        }] });
        let set = host.call(&keys["tenant"], "PUT", path, Some(full.clone())).await.ok();
        assert_eq!(set.json(), full);
        let read = host.call(&keys["tenant"], "GET", path, None).await.ok();
        assert_eq!((read.json(), read.header("etag")), (full.clone(), set.header("etag")));
        host.call(&keys["tenant"], "PUT", path, Some(allow("a.test"))).await.problem(428, "precondition_required");
        host.call(&keys["tenant"], "DELETE", path, None).await.problem(428, "precondition_required");
        put_if(&host, &keys["tenant"], path, "\"other\"", &allow("a.test")).await.problem(412, "precondition_failed");
        let replaced = put_if(&host, &keys["tenant"], path, set.header("etag"), &allow("a.test")).await.ok();
        assert_eq!(replaced.json()["rules"][0]["host"], "a.test");
        put_if(&host, &keys["tenant"], path, set.header("etag"), &allow("b.test"))
            .await
            .problem(412, "precondition_failed");
    }
}

#[tokio::test]
async fn nobody_but_the_operator_opens_what_is_not_global() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for name in [
        "127.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "localhost",
        "redis.internal",
        "a.localhost",
    ] {
        for (token, path) in [(&keys["tenant"], TENANT), (&keys["tenant"], FUNCTION), (&host.admin, FUNCTION)] {
            host.call(token, "PUT", path, Some(allow(name))).await.problem(403, "egress_not_allowed");
        }
        let run = json!({ "code": modules("x"), "egress": allow(name) });
        host.call(&keys["tenant"], "POST", "/v1/tenants/~/runs", Some(run)).await.problem(403, "egress_not_allowed");
        host.call(&keys["tenant"], "PUT", CEILING, Some(allow(name))).await.problem(403, "forbidden");
    }
    let private = json!({ "rules": [{ "action": "allow", "host": "a.test", "private_addresses": true }] });
    host.call(&keys["tenant"], "PUT", TENANT, Some(private.clone())).await.problem(403, "egress_not_allowed");
    assert_eq!(host.get(TENANT).await.ok().json(), json!({ "rules": null }), "nothing was kept");
    assert_eq!(host.call(&host.admin, "PUT", CEILING, Some(private)).await.status, 200);
    assert_eq!(host.call(&keys["tenant"], "GET", CEILING, None).await.ok().json()["rules"][0]["host"], "a.test");
}

#[tokio::test]
async fn rules_of_a_run_take_the_right_to_set_rules() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let made = host.post("/v1/tenants/acme/keys", json!({ "preset": "invoke-only" })).await.ok().json();
    let run = json!({ "code": modules("x"), "egress": allow("a.test") });
    let answer = host.call(made["key"].as_str().expect("shown"), "POST", "/v1/tenants/~/runs", Some(run.clone())).await;
    answer.problem(403, "forbidden");
    host.post("/v1/tenants/acme/runs", run).await.ok();
    host.post("/v1/tenants/acme/runs", json!({ "code": modules("x"), "egress": null })).await.ok();
}

#[tokio::test]
async fn what_no_rule_can_say_names_its_field() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let rule = |change: Value| {
        let mut rule = json!({ "action": "allow", "host": "a.test" });
        rule.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        json!({ "rules": [{ "action": "deny", "host": "*" }, rule] })
    };
    for (change, field) in [
        (json!({ "host": "a/b" }), "host"),
        (json!({ "host": "0x7f.1" }), "host"),
        (json!({ "ports": [0] }), "ports"),
        (json!({ "methods": ["get"] }), "methods"),
        (json!({ "path_prefix": "/a/../b" }), "path_prefix"),
        (json!({ "inject": [{ "header": "host", "secret": "A" }] }), "inject"),
        (json!({ "inject": [{ "header": "x-a", "secret": "a b" }] }), "inject"),
    ] {
        let problem = host.call(&host.admin, "PUT", TENANT, Some(rule(change))).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], format!("/rules/1/{field}"), "{problem}");
    }
    for change in [json!({ "port": 1 }), json!({ "action": "maybe" }), json!({ "ports": [70_000] })] {
        host.call(&host.admin, "PUT", TENANT, Some(rule(change))).await.problem(400, "malformed_request");
    }
    let many: Vec<Value> = (0..101).map(|_| json!({ "action": "deny", "host": "*" })).collect();
    host.call(&host.admin, "PUT", TENANT, Some(json!({ "rules": many }))).await.problem(422, "invalid_request");
}

#[tokio::test]
async fn secrets_are_written_listed_by_name_and_never_read() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for base in ["/v1/tenants/acme/secrets", "/v1/tenants/acme/functions/hello/secrets"] {
        let path = format!("{base}/TOKEN");
        let put = |value: &str| host.call(&keys["tenant"], "PUT", &path, Some(json!({ "value": value })));
        assert_eq!(put("s3cret-value").await.status, 204);
        let listed = host.call(&keys["read-only"], "GET", base, None).await.ok();
        assert_eq!(listed.json()["data"], json!([{ "name": "TOKEN" }]));
        assert!(!listed.text().contains("s3cret"));
        for bad in ["", "a\r\nb: c", " a", &"x".repeat(8_193)] {
            put(bad).await.problem(422, "invalid_request");
        }
        host.call(&keys["deployer"], "PUT", &path, Some(json!({ "value": "x" }))).await.problem(403, "forbidden");
        host.call(&keys["read-only"], "PUT", &path, Some(json!({ "value": "x" }))).await.problem(403, "forbidden");
        assert_eq!(host.call(&keys["tenant"], "DELETE", &path, None).await.status, 204);
        host.call(&keys["tenant"], "DELETE", &path, None).await.problem(404, "secret_not_found");
    }
}

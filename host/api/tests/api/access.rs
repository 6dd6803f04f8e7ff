//! Who may do what: 401, 403, and the 404 that tells nothing.

use serde_json::{Value, json};

use crate::aliases::split;
use crate::host::{TestHost, modules};

/// Every route under a tenant, with a body that would be taken.
fn tenant_routes() -> Vec<(&'static str, &'static str, Option<Value>)> {
    vec![
        ("GET", "", None),
        ("PATCH", "", Some(json!({ "labels": {} }))),
        ("GET", "/keys", None),
        ("POST", "/keys", Some(json!({ "preset": "read-only" }))),
        ("DELETE", "/keys/key_00000000000070008000000000000000", None),
        ("POST", "/keys/key_00000000000070008000000000000000/rotate", Some(json!({}))),
        ("GET", "/egress", None),
        ("PUT", "/egress", Some(json!({ "rules": [] }))),
        ("DELETE", "/egress", None),
        ("GET", "/secrets", None),
        ("PUT", "/secrets/A", Some(json!({ "value": "x" }))),
        ("DELETE", "/secrets/A", None),
        ("GET", "/functions/hello/egress", None),
        ("PUT", "/functions/hello/egress", Some(json!({ "rules": [] }))),
        ("DELETE", "/functions/hello/egress", None),
        ("GET", "/functions/hello/secrets", None),
        ("PUT", "/functions/hello/secrets/A", Some(json!({ "value": "x" }))),
        ("DELETE", "/functions/hello/secrets/A", None),
        ("GET", "/egress/ceiling", None),
        ("PUT", "/egress/ceiling", Some(json!({ "rules": [] }))),
        ("DELETE", "/egress/ceiling", None),
        ("GET", "/hosts", None),
        ("PUT", "/hosts/a.example", None),
        ("DELETE", "/hosts/a.example", None),
        ("GET", "/routes", None),
        ("GET", "/routes/r", None),
        ("PUT", "/routes/r", Some(json!({ "host": "a.example", "function": "hello" }))),
        ("DELETE", "/routes/r", None),
        ("GET", "/functions", None),
        ("PUT", "/functions/hello", Some(json!({}))),
        ("GET", "/functions/hello", None),
        ("GET", "/functions/hello/env", None),
        ("POST", "/functions/hello/env", Some(json!({ "name": "A", "value": "1" }))),
        ("DELETE", "/functions/hello/env/A", None),
        ("GET", "/functions/hello/versions", None),
        ("POST", "/functions/hello/versions", Some(modules("x"))),
        ("GET", "/functions/hello/versions/v_aaaaaaaaaaaaaaaaaaaaaaaaaa", None),
        ("GET", "/functions/hello/versions/v_aaaaaaaaaaaaaaaaaaaaaaaaaa/source", None),
        ("GET", "/functions/hello/versions/v_aaaaaaaaaaaaaaaaaaaaaaaaaa/diff", None),
        ("GET", "/functions/hello/versions/v_aaaaaaaaaaaaaaaaaaaaaaaaaa/component", None),
        ("POST", "/functions/hello/deploy", Some(modules("x"))),
        ("GET", "/functions/hello/aliases", None),
        ("GET", "/functions/hello/aliases/live", None),
        ("PUT", "/functions/hello/aliases/live", Some(split(&[("v_aaaaaaaaaaaaaaaaaaaaaaaaaa", 10_000)]))),
        ("DELETE", "/functions/hello/aliases/live", None),
        ("POST", "/functions/hello/rollback", Some(json!({}))),
        ("GET", "/functions/hello/invoke/a", None),
        ("POST", "/functions/hello/invoke", Some(json!({}))),
        ("POST", "/runs", Some(json!({ "code": modules("x") }))),
        ("GET", "/runs", None),
        ("DELETE", "/runs", None),
        ("GET", "/runs/run_00000000000070008000000000000000", None),
        ("DELETE", "/runs/run_00000000000070008000000000000000", None),
        ("POST", "/runs/run_00000000000070008000000000000000/replay", None),
        ("GET", "/prompts", None),
        ("POST", "/prompts", Some(json!({ "prompt": "x" }))),
        ("DELETE", "/prompts", None),
        ("DELETE", "/prompts/run_00000000000070008000000000000000", None),
        ("PUT", "/prompts/run_00000000000070008000000000000000/star", Some(json!({ "starred": true }))),
        ("DELETE", "/functions/hello", None),
        ("DELETE", "", None),
    ]
}

#[tokio::test]
async fn another_tenant_is_the_same_as_none() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.tenant("globex").await;
    host.deploy("globex", "hello", "x").await;
    for (method, route, body) in tenant_routes() {
        let [foreign, absent] = ["globex", "nobody"].map(|slug| format!("/v1/tenants/{slug}{route}"));
        let foreign = host.call(&keys["tenant"], method, &foreign, body.clone()).await;
        let absent = host.call(&keys["tenant"], method, &absent, body).await;
        let [foreign, absent] = [foreign, absent].map(|answer| {
            let mut problem = answer.problem(404, "tenant_not_found");
            let object = problem.as_object_mut().expect("an object");
            object.remove("request_id");
            object.remove("instance");
            let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            (problem, names)
        });
        assert_eq!(foreign, absent, "{method} {route}");
    }
    assert_eq!(host.get("/v1/tenants/globex/functions/hello").await.status, 200);
}

/// The list above is whole: every route below a tenant has a case in it.
#[test]
fn every_tenant_route_is_covered() {
    let all = crate::openapi::operations();
    let patterns: Vec<(&str, &str)> = all
        .iter()
        .filter_map(|one| Some((one.method.as_str(), one.path.strip_prefix("/v1/tenants/{tenant}")?)))
        .filter(|(_, path)| !path.contains("/invoke"))
        .collect();
    assert!(patterns.len() > 40, "{patterns:?}");
    let covered = |method: &str, pattern: &str| {
        let wanted: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
        tenant_routes().iter().any(|(with, route, _)| {
            let parts: Vec<&str> = route.split('/').collect();
            let same = |(wanted, part): (&&str, &&str)| wanted.starts_with('{') || wanted == part;
            *with == method && parts.len() == wanted.len() && wanted.iter().zip(&parts).all(same)
        })
    };
    for (method, pattern) in patterns {
        assert!(covered(method, pattern), "`{method} {pattern}` has no cross-tenant case");
    }
}

#[tokio::test]
async fn another_tenants_ids_are_not_found() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.tenant("globex").await;
    let version = host.deploy("globex", "hello", "theirs").await;
    let ours = host.deploy("acme", "hello", "ours").await;
    let run = host.post("/v1/tenants/globex/runs", json!({ "code": modules("x"), "prompt": "p" })).await.ok().json();
    let run = run["id"].as_str().expect("an id");
    let key = host.post("/v1/tenants/globex/keys", json!({ "preset": "read-only" })).await.ok().json();
    let key = key["id"].as_str().expect("an id");
    for (method, path, code) in [
        ("GET", format!("functions/hello/versions/{version}"), "version_not_found"),
        ("GET", format!("functions/hello/versions/{version}/source"), "version_not_found"),
        ("GET", format!("functions/hello/versions/{version}/diff"), "version_not_found"),
        ("GET", format!("functions/hello/versions/{version}/component"), "version_not_found"),
        ("GET", format!("functions/hello/versions/{ours}/diff?base={version}"), "version_not_found"),
        ("GET", format!("runs/{run}"), "run_not_found"),
        ("DELETE", format!("runs/{run}"), "run_not_found"),
        ("POST", format!("runs/{run}/replay"), "run_not_found"),
        ("DELETE", format!("prompts/{run}"), "run_not_found"),
        ("DELETE", format!("keys/{key}"), "key_not_found"),
        ("POST", format!("keys/{key}/rotate"), "key_not_found"),
    ] {
        let body = path.ends_with("/rotate").then(|| json!({}));
        host.call(&keys["tenant"], method, &format!("/v1/tenants/acme/{path}"), body).await.problem(404, code);
    }
    let own = |version: &str| json!({ "code": { "version": version } });
    host.call(&keys["tenant"], "POST", "/v1/tenants/~/runs", Some(own(&version)))
        .await
        .problem(404, "version_not_found");
    let deploy = json!({ "version": version });
    host.call(&keys["tenant"], "POST", "/v1/tenants/~/functions/hello/deploy", Some(deploy))
        .await
        .problem(404, "version_not_found");
    // Nor can they be put behind an alias, whether they are there or not.
    for id in [version.as_str(), "v_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let path = "/v1/tenants/~/functions/hello/aliases/next";
        let put = host.call(&keys["tenant"], "PUT", path, Some(split(&[(id, 10_000)]))).await;
        let problem = put.problem(422, "invalid_request");
        assert_eq!(problem["detail"], format!("the function has no version `{id}`"));
        let back = host
            .call(&keys["tenant"], "POST", "/v1/tenants/~/functions/hello/rollback", Some(json!({ "to": id })))
            .await;
        back.problem(422, "invalid_request");
    }
    assert_eq!(host.get(&format!("/v1/tenants/globex/runs/{run}")).await.status, 200);
}

#[tokio::test]
async fn nothing_is_answered_without_a_valid_credential() {
    let host = TestHost::start().await;
    let (rest, last) = host.admin.split_at(host.admin.len() - 1);
    let mistyped = format!("{rest}{}", if last == "x" { "y" } else { "x" });
    let unknown = isolet_domain::key::KeySecret::generate(isolet_domain::access::Preset::Admin);
    let mut routes = tenant_routes();
    routes.retain(|(_, route, _)| !route.is_empty());
    for token in ["", "x", &mistyped, unknown.expose(), "isl_session_0000"] {
        for (method, route, body) in &routes {
            let path = format!("/v1/tenants/demo{route}");
            let answer = host.call(token, method, &path, body.clone()).await;
            answer.problem(401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        for path in ["/v1/tenants", "/v1/whoami", "/v1/info", "/metrics"] {
            host.call(token, "GET", path, None).await.problem(401, "unauthenticated");
        }
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(host.call("", "GET", path, None).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn scopes_are_enforced() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    for (preset, method, path, body, status) in [
        ("tenant", "POST", "/v1/tenants", Some(json!({ "slug": "more" })), 403),
        ("tenant", "DELETE", "/v1/tenants/acme", None, 403),
        ("tenant", "GET", "/metrics", None, 403),
        ("tenant", "GET", "/v1/tenants/~", None, 200),
        ("deployer", "POST", "/v1/tenants/~/functions/hello/deploy", Some(modules("y")), 200),
        ("deployer", "POST", "/v1/tenants/~/runs", Some(json!({ "code": modules("x") })), 403),
        ("deployer", "POST", "/v1/tenants/~/keys", Some(json!({ "preset": "deployer" })), 403),
        ("invoke-only", "GET", "/v1/tenants/~/functions/hello/invoke/a", None, 200),
        ("invoke-only", "GET", "/v1/tenants/~/functions/hello", None, 403),
        ("read-only", "GET", "/v1/tenants/~/functions/hello", None, 200),
        ("read-only", "PUT", "/v1/tenants/~/functions/hello", Some(json!({})), 403),
        ("read-only", "GET", "/v1/tenants/~/functions/hello/invoke/a", None, 403),
        ("read-only", "GET", "/v1/tenants/~/functions/hello/aliases/live", None, 200),
        ("read-only", "GET", "/v1/tenants/~/routes", None, 200),
        ("read-only", "DELETE", "/v1/tenants/~/routes/r", None, 403),
        ("deployer", "GET", "/v1/tenants/~/hosts", None, 403),
        ("tenant", "DELETE", "/v1/tenants/~/hosts/a.example", None, 403),
        ("read-only", "DELETE", "/v1/tenants/~/functions/hello/aliases/live", None, 403),
        ("read-only", "POST", "/v1/tenants/~/functions/hello/rollback", Some(json!({})), 403),
        ("invoke-only", "GET", "/v1/tenants/~/functions/hello/aliases", None, 403),
        ("deployer", "DELETE", "/v1/tenants/~/functions/hello/aliases/live", None, 428),
        ("tenant", "POST", "/v1/tenants/~/keys", Some(json!({ "preset": "tenant" })), 201),
        ("tenant", "POST", "/v1/tenants/~/keys", Some(json!({ "preset": "admin" })), 422),
    ] {
        let answer = host.call(&keys[preset], method, path, body).await;
        assert_eq!(answer.status, status, "{preset} {method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_revoked_key_ends_at_once_here() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let made = host.post("/v1/tenants/acme/keys", json!({ "preset": "tenant" })).await.ok().json();
    let (id, key) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    let session = host.call("", "POST", "/v1/sessions", Some(json!({ "key": key }))).await.ok().json();
    let token = session["token"].as_str().expect("a token");
    assert_eq!(session["tenant"], "acme");
    assert_eq!(host.call(token, "GET", "/v1/whoami", None).await.ok().json()["preset"], "tenant");
    let listed = host.get("/v1/tenants/acme/keys").await.ok();
    assert!(!listed.text().contains(key), "a list never shows secrets");
    host.call(&host.admin, "DELETE", &format!("/v1/tenants/acme/keys/{id}"), None).await.ok();
    for gone in [key, token] {
        host.call(gone, "GET", "/v1/whoami", None).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn the_one_time_link_signs_in_once() {
    let host = TestHost::start().await;
    let link = host.app.platform().sign_in.issue_link();
    let session = host.call("", "POST", "/v1/sessions", Some(json!({ "link": link }))).await.ok().json();
    assert_eq!(session["tenant"], Value::Null);
    let token = session["token"].as_str().expect("a token");
    assert_eq!(host.call(token, "GET", "/v1/tenants", None).await.status, 200);
    host.call("", "POST", "/v1/sessions", Some(json!({ "link": link }))).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_expired_key_is_like_none() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let keys = "/v1/tenants/acme/keys";
    let ends = jiff::Timestamp::now() + std::time::Duration::from_millis(300);
    let body = json!({ "preset": "tenant", "expires_at": ends.to_string() });
    let made = host.post(keys, body).await.ok().json();
    assert_eq!(made["expires_at"], ends.to_string());
    let key = made["key"].as_str().expect("a key");
    host.call(key, "GET", "/v1/whoami", None).await.ok();
    for bad in ["1970-01-01T00:00:00Z", "tomorrow", "2026-13-01T00:00:00Z", ""] {
        let problem =
            host.post(keys, json!({ "preset": "tenant", "expires_at": bad })).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], "/expires_at", "{bad}");
    }
    tokio::time::sleep(std::time::Duration::from_millis(320)).await;
    host.call(key, "GET", "/v1/whoami", None).await.problem(401, "unauthenticated");
    host.call("", "POST", "/v1/sessions", Some(json!({ "key": key }))).await.problem(401, "unauthenticated");
}

//! Who may do what: 401, 403, and the 404 that tells nothing. Every operation with every credential is in `matrix`.

use serde_json::{Value, json};

use crate::aliases::split;
use crate::host::{TestHost, modules};

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
    host.tenant("acme").await;
    let made = host.post("/v1/tenants/acme/keys", json!({ "preset": "tenant" })).await.ok().json();
    let revoked = made["key"].as_str().expect("a key");
    let id = made["id"].as_str().expect("an id");
    host.call(&host.admin, "DELETE", &format!("/v1/tenants/acme/keys/{id}"), None).await.ok();
    let mut first = std::collections::HashMap::new();
    for token in ["", "x", &mistyped, unknown.expose(), revoked, "isl_session_0000"] {
        for path in ["/v1/tenants/demo/runs", "/v1/tenants", "/v1/whoami", "/v1/info", "/metrics"] {
            let answer = host.call(token, "GET", path, None).await;
            let mut problem = answer.problem(401, "unauthenticated");
            // Whatever is wrong with it, the answer is the same, word for word.
            problem["request_id"] = Value::Null;
            assert_eq!(problem, *first.entry(path).or_insert_with(|| problem.clone()), "{token}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
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
        ("tenant", "POST", "/v1/tenants/~/suspend", Some(json!({})), 403),
        ("tenant", "POST", "/v1/tenants/~/resume", None, 403),
        ("tenant", "PUT", "/v1/tenants/~/limits", Some(json!({})), 403),
        ("tenant", "GET", "/v1/tenants/~/limits", None, 200),
        ("tenant", "PATCH", "/v1/tenants/~", Some(json!({ "plan": "default" })), 403),
        ("read-only", "PUT", "/v1/tenants/~/functions/hello/limits", Some(json!({})), 403),
        ("deployer", "PUT", "/v1/tenants/~/functions/hello/limits", Some(json!({})), 200),
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
async fn a_link_signs_in_as_whoever_asked_for_it() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let sign_in = |link: Value| host.call("", "POST", "/v1/sessions", Some(json!({ "link": link })));
    for (key, preset, tenant) in [
        (&host.admin, "admin", Value::Null),
        (&keys["tenant"], "tenant", json!("acme")),
        (&keys["deployer"], "deployer", json!("acme")),
    ] {
        let made = host.call(key, "POST", "/v1/sessions/links", None).await.ok();
        assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"));
        let link = made.json()["token"].clone();
        let session = sign_in(link.clone()).await.ok().json();
        assert_eq!((&session["preset"], &session["tenant"]), (&json!(preset), &tenant));
        sign_in(link).await.problem(401, "unauthenticated");
        // A session may ask for one as well, for what it may itself.
        let token = session["token"].as_str().expect("a token");
        let again = host.call(token, "POST", "/v1/sessions/links", None).await.ok().json()["token"].clone();
        assert_eq!(sign_in(again).await.ok().json()["scopes"], session["scopes"]);
    }
    // A key that is gone takes what it asked for with it.
    let key = host.post("/v1/tenants/acme/keys", json!({ "preset": "tenant" })).await.ok().json();
    let (id, secret) = (key["id"].as_str().expect("an id"), key["key"].as_str().expect("a key"));
    let link = host.call(secret, "POST", "/v1/sessions/links", None).await.ok().json()["token"].clone();
    host.call(&host.admin, "DELETE", &format!("/v1/tenants/acme/keys/{id}"), None).await.ok();
    sign_in(link).await.problem(401, "unauthenticated");
    for nobody in [secret, "", "isl_session_0"] {
        host.call(nobody, "POST", "/v1/sessions/links", None).await.problem(401, "unauthenticated");
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

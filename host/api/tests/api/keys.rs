//! Keys that are bound: by scopes, by functions, by time; what they may hand out, and rotating them. From where those are good that are
//! bound to networks is in `key_networks`.

use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::ids::{Digest, KeyId, TenantSlug};
use isolet_domain::key::Key;
use isolet_domain::repository::{KeyRepository as _, TenantRepository as _};
use isolet_domain::service::keys::MAX_KEYS;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules};

async fn mint(host: &TestHost, by: &str, body: Value) -> Answer {
    host.call(by, "POST", "/v1/tenants/acme/keys", Some(body)).await
}

/// The secret of a key that could be minted.
async fn minted(host: &TestHost, by: &str, body: Value) -> String {
    secret(&mint(host, by, body).await.ok())
}

fn secret(answer: &Answer) -> String {
    answer.json()["key"].as_str().expect("shown once").to_owned()
}

fn in_seconds(seconds: i64) -> String {
    (Timestamp::now() + jiff::SignedDuration::from_secs(seconds)).to_string()
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_mints_no_more() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let scopes = json!(["keys:write", "functions:read", "invoke"]);
    let made = mint(&host, &host.admin, json!({ "preset": "tenant", "scopes": scopes })).await.ok();
    assert_eq!(made.json()["scopes"], json!(["keys:write", "functions:read", "invoke"]));
    let few = secret(&made);
    assert_eq!(host.call(&few, "GET", "/v1/tenants/~/functions", None).await.status, 200);
    host.call(&few, "GET", "/v1/tenants/~/keys", None).await.problem(403, "forbidden");
    host.call(&few, "PUT", "/v1/tenants/~/functions/hello", Some(json!({}))).await.problem(403, "forbidden");
    assert_eq!(host.call(&few, "GET", "/v1/whoami", None).await.ok().json()["scopes"], made.json()["scopes"]);

    mint(&host, &few, json!({ "preset": "invoke-only" })).await.ok();
    mint(&host, &few, json!({ "preset": "tenant", "scopes": ["functions:read"] })).await.ok();
    for body in [
        json!({ "preset": "tenant" }),
        json!({ "preset": "read-only" }),
        json!({ "preset": "deployer" }),
        json!({ "preset": "tenant", "scopes": ["functions:read", "functions:write"] }),
    ] {
        mint(&host, &few, body).await.problem(403, "forbidden");
    }
    for (body, pointer) in [
        (json!({ "preset": "tenant", "scopes": ["functions:read", "all"] }), "/scopes/1"),
        (json!({ "preset": "tenant", "functions": [] }), "/functions"),
        (json!({ "preset": "tenant", "functions": ["A*"] }), "/functions/0"),
        (json!({ "preset": "tenant", "expires_at": "tomorrow" }), "/expires_at"),
        (json!({ "preset": "tenant", "expires_at": in_seconds(-1) }), "/expires_at"),
    ] {
        let problem = mint(&host, &host.admin, body).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    // A scope beyond the preset, which nobody gets by naming it.
    for scope in ["tenants:write", "limits:write"] {
        let beyond = json!({ "preset": "tenant", "scopes": [scope] });
        mint(&host, &host.admin, beyond).await.problem(422, "invalid_request");
    }
    for body in [json!({ "preset": "tenant", "tenant": "globex" }), json!({ "preset": "tenant", "id": "key_x" })] {
        mint(&host, &host.admin, body).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn a_key_reaches_its_functions_and_nothing_else() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    for name in ["shop", "shop-a", "other"] {
        host.deploy("acme", name, "x").await;
    }
    let bound = minted(&host, &host.admin, json!({ "preset": "tenant", "functions": ["shop-*", "new"] })).await;
    let at = |rest: &str| format!("/v1/tenants/~/functions/{rest}");
    assert_eq!(host.call(&bound, "GET", &at("shop-a"), None).await.status, 200);
    assert_eq!(host.call(&bound, "GET", &at("shop-a/invoke/"), None).await.status, 200);
    assert_eq!(host.call(&bound, "PUT", &at("new"), Some(json!({}))).await.status, 201);
    assert_eq!(host.call(&bound, "POST", &at("new/deploy"), Some(modules("y"))).await.status, 200);
    // Others are the same as those that are not there.
    for (method, rest, body) in [
        ("GET", "", None),
        ("PUT", "", Some(json!({}))),
        ("DELETE", "", None),
        ("GET", "/env", None),
        ("GET", "/invoke/", None),
        ("GET", "/aliases", None),
        ("POST", "/deploy", Some(modules("y"))),
        ("GET", "/secrets", None),
    ] {
        for name in ["shop", "other", "nobody", "shop-A"] {
            let answer = host.call(&bound, method, &at(&format!("{name}{rest}")), body.clone()).await;
            answer.problem(404, "function_not_found");
        }
    }
    // What is the tenant's as a whole is not for such a key, keys least of all.
    for (method, path, body) in [
        ("GET", "/v1/tenants", None),
        ("GET", "/v1/tenants/~", None),
        ("GET", "/v1/tenants/~/keys", None),
        ("POST", "/v1/tenants/~/keys", Some(json!({ "preset": "tenant" }))),
        ("GET", "/v1/tenants/~/secrets", None),
        ("PUT", "/v1/tenants/~/egress", Some(json!({ "rules": [] }))),
        ("GET", "/v1/tenants/~/routes", None),
        ("POST", "/v1/tenants/~/runs", Some(json!({ "code": { "function": "other" } }))),
        ("GET", "/v1/tenants/~/runs", None),
        ("GET", "/v1/tenants/~/metrics?names=requests", None),
        ("GET", "/v1/usage", None),
    ] {
        let problem = host.call(&bound, method, path, body).await.problem(403, "forbidden");
        assert!(problem["detail"].as_str().is_some_and(|why| why.contains("bound to functions")), "{path}: {problem}");
    }
    // What it lacks is still said first.
    let few = json!({ "preset": "tenant", "functions": ["shop"], "scopes": ["invoke"] });
    let few = minted(&host, &host.admin, few).await;
    let problem = host.call(&few, "GET", "/v1/tenants/~/runs", None).await.problem(403, "forbidden");
    assert!(problem["detail"].as_str().is_some_and(|why| why.contains("`runs:read`")), "{problem}");
    // It sees which of its functions there are, a page at a time.
    let mut names = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page =
            host.call(&bound, "GET", &format!("/v1/tenants/~/functions?limit=1{cursor}"), None).await.ok().json();
        names.extend(page["data"].as_array().expect("a list").iter().map(|function| function["name"].clone()));
        next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
    }
    assert_eq!(names, ["new", "shop-a"]);
    assert_eq!(host.get("/v1/tenants/acme/functions/other").await.status, 200);
}

#[tokio::test]
async fn networks_are_read_shown_and_kept_by_a_rotation() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let of = |cidr: Value| json!({ "preset": "tenant", "cidr": cidr });
    let made =
        mint(&host, &host.admin, of(json!(["10.1.2.3", "2001:DB8::/32", "10.0.0.0/8", "10.1.2.3/32"]))).await.ok();
    let shown = json!(["10.0.0.0/8", "10.1.2.3/32", "2001:db8::/32"]);
    assert_eq!(made.json()["cidr"], shown);
    let id = made.json()["id"].clone();
    let listed = host.get("/v1/tenants/acme/keys").await.ok().json();
    let keys = listed["data"].as_array().expect("a list");
    assert!(keys.iter().all(|key| (key["id"] == id) == (key["cidr"] == shown)), "{listed}");
    assert!(keys.iter().all(|key| key["id"] == id || key.get("cidr").is_none()), "{listed}");
    // Nobody knows where a call within the process comes from.
    host.call(&secret(&made), "GET", "/v1/tenants/~", None).await.problem(401, "unauthenticated");
    let rotate = format!("/v1/tenants/acme/keys/{}/rotate", id.as_str().expect("an id"));
    let rotated = host.post(&rotate, json!({})).await.ok();
    assert_eq!(rotated.json()["cidr"], shown);
    host.call(&secret(&rotated), "GET", "/v1/tenants/~", None).await.problem(401, "unauthenticated");

    let many: Vec<_> = (0..51).map(|n| format!("10.0.{n}.0/24")).collect();
    for (cidr, pointer, code) in [
        (json!([]), "/cidr", "count"),
        (json!(many), "/cidr", "count"),
        (json!(["10.0.0.0/8", "localhost"]), "/cidr/1", "network"),
        (json!(["10.0.0.0/33"]), "/cidr/0", "network"),
        (json!(["10.0.0.1/8"]), "/cidr/0", "network"),
    ] {
        let problem = mint(&host, &host.admin, of(cidr)).await.problem(422, "invalid_request");
        let fault = &problem["errors"][0];
        assert_eq!((&fault["pointer"], &fault["code"]), (&json!(pointer), &json!(code)), "{problem}");
    }
    let problem = mint(&host, &host.admin, of(json!(["10.0.0.1/8"]))).await.problem(422, "invalid_request");
    assert!(problem["errors"][0]["detail"].as_str().is_some_and(|why| why.contains("`10.0.0.0/8`")), "{problem}");
    mint(&host, &host.admin, of(json!(many[..50]))).await.ok();
    mint(&host, &host.admin, of(json!("10.0.0.0/8"))).await.problem(400, "malformed_request");
}

#[tokio::test]
async fn an_expired_key_is_the_same_as_none() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let made = mint(&host, &host.admin, json!({ "preset": "tenant", "expires_at": in_seconds(3_600) })).await.ok();
    let key = secret(&made);
    let session = host.call("", "POST", "/v1/sessions", Some(json!({ "key": key }))).await.ok().json();
    let session = session["token"].as_str().expect("a token").to_owned();
    host.call(&key, "GET", "/v1/tenants/~", None).await.ok();
    // What it mints ends with it, at the latest.
    let child = mint(&host, &key, json!({ "preset": "deployer" })).await.ok();
    assert_eq!(child.json()["expires_at"], made.json()["expires_at"]);
    mint(&host, &key, json!({ "preset": "deployer", "expires_at": in_seconds(3_000) })).await.ok();
    let later = mint(&host, &key, json!({ "preset": "deployer", "expires_at": in_seconds(4_000) })).await;
    assert_eq!(later.problem(422, "invalid_request")["errors"][0]["pointer"], "/expires_at");

    let slug = TenantSlug::parse("acme").expect("valid");
    let tenant = host.store.tenant_by_slug(&slug).await.expect("readable").expect("there");
    let keys = host.store.list_keys(&TenantScope::of_route(&tenant)).await.expect("readable");
    let stored = keys.iter().find(|stored| made.json()["id"] == stored.id.to_string()).expect("listed");
    let end = |stored: &mut Key| stored.bounds.expires_at = Some(Timestamp::now());
    host.store.update_key(&stored.hash, &end).await.expect("changed");
    tokio::time::sleep(Duration::from_millis(1_010)).await;
    for token in [&key, &session] {
        host.call(token, "GET", "/v1/tenants/~", None).await.problem(401, "unauthenticated");
    }
    let rotate = format!("/v1/tenants/acme/keys/{}/rotate", stored.id);
    host.post(&rotate, json!({})).await.problem(404, "key_not_found");
}

#[tokio::test]
async fn a_rotated_key_is_good_for_its_grace_beside_the_new_one() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let body = json!({ "preset": "deployer", "name": "ci", "functions": ["a*"], "expires_at": in_seconds(100) });
    let made = mint(&host, &host.admin, body).await.ok();
    let (old, id) = (secret(&made), made.json()["id"].as_str().expect("an id").to_owned());
    let path = format!("/v1/tenants/acme/keys/{id}/rotate");
    let rotated = host.post(&path, json!({ "grace_s": 50 })).await;
    assert_eq!(rotated.status, 201);
    let answer = rotated.json();
    for field in ["name", "preset", "scopes", "functions", "expires_at"] {
        assert_eq!(answer[field], made.json()[field], "{field}");
    }
    assert_eq!(answer["replaces"], json!(id));
    let until: Timestamp = answer["replaced_until"].as_str().expect("a time").parse().expect("a time");
    assert!((45..=50).contains(&(until.as_second() - Timestamp::now().as_second())));
    let new = secret(&rotated);
    assert_ne!(new, old);
    for key in [&new, &old] {
        host.call(key, "GET", "/v1/tenants/~/functions/abc", None).await.problem(404, "function_not_found");
    }
    // Again without any grace, and at once.
    host.post(&path, json!({})).await.ok();
    host.call(&old, "GET", "/v1/tenants/~/functions/abc", None).await.problem(401, "unauthenticated");
    host.call(&new, "GET", "/v1/tenants/~/functions/abc", None).await.problem(404, "function_not_found");
    // The grace is no longer than the key's own time.
    let next = answer["id"].as_str().expect("an id");
    let path = format!("/v1/tenants/acme/keys/{next}/rotate");
    let late = host.post(&path, json!({ "grace_s": 1_000 })).await.ok().json();
    assert_eq!(late["replaced_until"], made.json()["expires_at"]);
    host.post(&path, json!({ "grace_s": 2_592_001 })).await.problem(422, "invalid_request");
    host.post(&path, json!({ "grace_s": -1 })).await.problem(400, "malformed_request");
}

#[tokio::test]
async fn a_tenants_keys_are_bounded() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.tenant("globex").await;
    let slug = TenantSlug::parse("acme").expect("valid");
    let tenant = host.store.tenant_by_slug(&slug).await.expect("readable").expect("there");
    let scope = TenantScope::of_route(&tenant);
    let one = host.store.list_keys(&scope).await.expect("readable").pop().expect("there");
    for n in host.store.list_keys(&scope).await.expect("readable").len()..MAX_KEYS {
        let key = Key { id: KeyId::generate(), hash: Digest::of(&n.to_be_bytes()), ..one.clone() };
        host.store.create_key(&key).await.expect("created");
    }
    let problem = mint(&host, &keys["tenant"], json!({ "preset": "tenant" })).await.problem(409, "too_many_keys");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("1000")), "{problem}");
    let path = format!("/v1/tenants/acme/keys/{}", one.id);
    host.post(&format!("{path}/rotate"), json!({ "grace_s": 60 })).await.problem(409, "too_many_keys");
    host.call(&host.admin, "POST", "/v1/tenants/globex/keys", Some(json!({ "preset": "tenant" }))).await.ok();
    host.call(&host.admin, "DELETE", &path, None).await.ok();
    mint(&host, &keys["tenant"], json!({ "preset": "tenant" })).await.ok();
}

#[tokio::test]
async fn nobody_gets_a_stronger_key_by_rotating_one() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let strong = mint(&host, &host.admin, json!({ "preset": "tenant" })).await.ok().json();
    let weak = minted(&host, &host.admin, json!({ "preset": "tenant", "scopes": ["keys:write", "keys:read"] })).await;
    let path = format!("/v1/tenants/~/keys/{}/rotate", strong["id"].as_str().expect("an id"));
    host.call(&weak, "POST", &path, Some(json!({}))).await.problem(403, "forbidden");
    let brief = minted(&host, &host.admin, json!({ "preset": "tenant", "expires_at": in_seconds(100) })).await;
    host.call(&brief, "POST", &path, Some(json!({}))).await.problem(403, "forbidden");
    host.call(&keys["tenant"], "POST", &path, Some(json!({}))).await.ok();
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_and_written_now_and_then() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let made = mint(&host, &host.admin, json!({ "preset": "tenant" })).await.ok();
    let id = made.json()["id"].clone();
    let last_used = || async {
        let listed = host.get("/v1/tenants/acme/keys").await.ok().json();
        let keys = listed["data"].as_array().expect("a list").clone();
        keys.into_iter().find(|key| key["id"] == id).expect("listed")["last_used_at"].clone()
    };
    assert_eq!(last_used().await, Value::Null);
    let key = secret(&made);
    for _ in 0..3 {
        host.call(&key, "GET", "/v1/tenants/~", None).await.ok();
    }
    let noted = last_used().await;
    assert!(noted.is_string());
    let slug = TenantSlug::parse("acme").expect("valid");
    let stored = || async {
        let tenant = host.store.tenant_by_slug(&slug).await.expect("readable").expect("there");
        let keys = host.store.list_keys(&TenantScope::of_route(&tenant)).await.expect("readable");
        keys.into_iter().find(|key| key.id.to_string() == id).expect("there").last_used_at
    };
    assert_eq!(stored().await, None, "no request writes");
    host.app.platform().tend().await.expect("written");
    let first = stored().await;
    assert_eq!(first.map(|used| used.to_string()).map(Value::from), Some(noted));
    host.call(&key, "GET", "/v1/tenants/~", None).await.ok();
    host.app.platform().tend().await.expect("written");
    assert_eq!(stored().await, first, "so soon it is not written again");
    host.app.platform().flush().await.expect("written");
    assert!(stored().await > first);
}

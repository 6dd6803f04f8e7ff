//! The audit: every change leaves an entry before it is answered, no entry holds what it should not, and nobody reads another's.

use std::collections::BTreeSet;

use isolet_domain::access::{Credential, Preset};
use isolet_domain::audit::Act;
use isolet_domain::ids::{RequestId, TenantId};
use isolet_domain::service::allowance::ENTRIES;
use serde_json::{Value, json};

use crate::host::{TestHost, modules};
use crate::matrix::{Fixture, filled, sample};
use crate::openapi::operations;

/// Running and looking is no change, and a sign-in that is refused is nobody's.
const UNRECORDED: [&str; 5] = ["check_code", "create_run", "open_session", "create_preview", "replay_run"];

async fn entries(host: &TestHost, token: &str, query: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = host.call(token, "GET", &format!("/v1/audit?limit=500{query}{cursor}"), None).await.ok().json();
        all.extend(page["data"].as_array().expect("a list").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn every_change_is_written_down_with_who_and_what_came_of_it() {
    let mut seen = BTreeSet::new();
    for operation in operations() {
        let reads = ["get", "head", "options"].contains(&operation.method.to_ascii_lowercase().as_str());
        if operation.id.starts_with("invoke_function") {
            continue;
        }
        let fixture = Fixture::new().await;
        let host = &fixture.host;
        let before = entries(host, &host.admin, "").await.len();
        let path = filled(&operation, &fixture.own);
        let answer = host.call(&host.admin, &operation.method, &path, sample(&operation, &fixture.own)).await;
        let after = entries(host, &host.admin, "").await;
        if reads || UNRECORDED.contains(&operation.id.as_str()) {
            assert_eq!(after.len(), before, "{}", operation.id);
            continue;
        }
        assert_eq!(after.len(), before + 1, "{}", operation.id);
        let newest = &after[0];
        assert_eq!(newest["operation"], operation.id, "{newest}");
        assert_eq!(newest["status"], answer.status.as_u16(), "{newest}");
        assert_eq!(newest["request_id"], answer.header("isolet-request-id"), "{newest}");
        assert_eq!(newest["target"], path.split('?').next().expect("a path"), "{newest}");
        assert!(newest["actor"].as_str().is_some_and(|actor| actor.starts_with("key_")), "{newest}");
        let about = match operation.id.as_str() {
            "create_tenant" => Some("new"),
            _ => operation.path.contains("{tenant}").then_some("acme"),
        };
        assert_eq!(newest["tenant"].as_str(), about, "{newest}");
        seen.insert(operation.id);
    }
    assert!(seen.len() > 30, "{seen:?}");
}

#[tokio::test]
async fn what_was_refused_is_written_down_and_what_nobody_tried_is_not() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.tenant("globex").await;
    let before = entries(&host, &host.admin, "").await.len();
    let put = |token: String, tenant: &'static str| {
        let host = &host;
        async move { host.call(&token, "PUT", &format!("/v1/tenants/{tenant}/functions/x"), Some(json!({}))).await.status }
    };
    assert_eq!(put(String::new(), "acme").await, 401);
    assert_eq!(put(format!("{}x", keys["tenant"]), "acme").await, 401);
    assert_eq!(entries(&host, &host.admin, "").await.len(), before);
    assert_eq!(put(keys["read-only"].clone(), "acme").await, 403);
    assert_eq!(put(keys["tenant"].clone(), "globex").await, 404);
    let all = entries(&host, &host.admin, "").await;
    // Whose the tenant is that was not reached is nobody's business: not the caller's, and the other one is not troubled.
    let told: Vec<_> = all[..2].iter().map(|entry| (entry["status"].as_u64(), entry["tenant"].as_str())).collect();
    assert_eq!(told, [(Some(404), None), (Some(403), Some("acme"))]);
}

#[tokio::test]
async fn a_tenants_entries_begin_with_its_birth() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let born = entries(&host, &host.admin, "&tenant=acme").await.pop().expect("an entry");
    assert_eq!(
        (&born["operation"], &born["status"], &born["subject"]),
        (&json!("create_tenant"), &json!(201), &json!("acme"))
    );
    assert_eq!(born["target"], "/v1/tenants");
    assert_eq!(entries(&host, &keys["tenant"], "").await.pop(), Some(born));
    // One that was not made is not the one that is there.
    host.post("/v1/tenants", json!({ "slug": "acme" })).await.problem(409, "slug_taken");
    let refused = entries(&host, &host.admin, "&operation=create_tenant").await.remove(0);
    assert_eq!((&refused["status"], &refused["tenant"]), (&json!(409), &Value::Null));
    assert_eq!(host.get("/v1/audit/verify").await.ok().json()["ok"], true);
}

#[tokio::test]
async fn signing_in_is_written_down() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let before = entries(&host, &host.admin, "").await.len();
    let sign_in = |proof: Value| {
        let host = &host;
        async move { host.call("", "POST", "/v1/sessions", Some(proof)).await }
    };
    assert_eq!(sign_in(json!({ "key": format!("{}x", keys["tenant"]) })).await.status, 401);
    assert_eq!(entries(&host, &host.admin, "").await.len(), before);
    sign_in(json!({ "key": keys["tenant"] })).await.ok();
    sign_in(json!({ "link": host.app.platform().sign_in.issue_link() })).await.ok();
    let all = entries(&host, &host.admin, "").await;
    let told: Vec<_> =
        all[..all.len() - before].iter().map(|entry| (&entry["operation"], entry["actor"].as_str())).collect();
    let by_key = told[1].1.expect("the key");
    assert!(
        by_key.starts_with("key_")
            && told[0].1.is_none()
            && told.iter().all(|(operation, _)| *operation == "open_session")
    );
    assert_eq!(told.len(), 2);
    // Who sees what is wrong with the store has to get in while something is.
    host.store.set_available(false);
    let link = host.app.platform().sign_in.issue_link();
    sign_in(json!({ "link": link })).await.ok();
    host.store.set_available(true);
    host.deploy("acme", "hello", "x").await;
    assert_eq!(entries(&host, &host.admin, "&operation=open_session").await.len(), 3);
}

#[tokio::test]
async fn a_tenants_key_sees_its_own_alone() {
    let host = TestHost::start().await;
    let (acme, globex) = (host.tenant("acme").await, host.tenant("globex").await);
    for tenant in ["acme", "globex"] {
        host.deploy(tenant, "hello", "x").await;
    }
    let own = entries(&host, &acme["tenant"], "").await;
    assert!(own.len() >= 6 && own.iter().all(|entry| entry["tenant"] == "acme"), "{own:?}");
    assert_eq!(entries(&host, &acme["tenant"], "&tenant=acme").await, own);
    let theirs = entries(&host, &globex["tenant"], "").await;
    assert!(theirs.iter().all(|entry| entry["tenant"] == "globex"));
    for other in ["globex", "nobody"] {
        let path = format!("/v1/audit?tenant={other}");
        host.call(&acme["tenant"], "GET", &path, None).await.problem(404, "tenant_not_found");
    }
    host.call(&acme["tenant"], "GET", "/v1/audit/verify", None).await.problem(403, "forbidden");
    host.call(&acme["read-only"], "GET", "/v1/audit", None).await.problem(403, "forbidden");
    // A page at a time, and a cursor is good for its own filter.
    let first = host.call(&acme["tenant"], "GET", "/v1/audit?limit=2", None).await.ok().json();
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let next = host.call(&acme["tenant"], "GET", &format!("/v1/audit?limit=2&cursor={cursor}"), None).await.ok().json();
    assert_eq!((&first["data"][1], &next["data"][0]), (&own[1], &own[2]));
    let elsewhere = format!("/v1/audit?operation=put_function&cursor={cursor}");
    host.call(&acme["tenant"], "GET", &elsewhere, None).await.problem(400, "malformed_request");
    for bad in ["start=yesterday", "actor=x", "who=me", "start=&start=", "limit=0"] {
        host.call(&host.admin, "GET", &format!("/v1/audit?{bad}"), None).await.problem(400, "malformed_request");
    }
    // Another tenant of the same name later on is another one.
    host.call(&host.admin, "DELETE", "/v1/tenants/acme?confirm=acme", None).await.ok();
    let anew = host.tenant("acme").await;
    assert_eq!(entries(&host, &anew["tenant"], "&operation=deploy_version").await, [] as [Value; 0]);
    let gone = &own[0]["tenant_id"];
    assert!(entries(&host, &host.admin, "").await.iter().any(|entry| entry["tenant_id"] == *gone));
}

#[tokio::test(start_paused = true)]
async fn a_flooding_key_costs_nobody_else_an_entry() {
    let host = TestHost::start().await;
    let (acme, globex) = (host.tenant("acme").await, host.tenant("globex").await);
    let born = entries(&host, &host.admin, "&operation=create_tenant").await;
    host.call(&globex["tenant"], "PUT", "/v1/tenants/~/functions/theirs", Some(json!({}))).await.ok();
    let tenant = TenantId::parse(born[1]["tenant_id"].as_str().expect("an id")).expect("an id");
    let flooding = Credential { preset: Preset::ReadOnly, tenant: Some(tenant), ..Credential::operator() };
    let act = |status| Act {
        request: RequestId::generate(),
        actor: None,
        operation: "put_function".to_owned(),
        tenant: None,
        target: "/v1/tenants/~/functions/x".to_owned(),
        subject: None,
        status,
    };
    let audit = &host.app.platform().audit;
    for _ in 0..ENTRIES {
        audit.record(None, &flooding, act(403)).await.expect("written, or counted");
    }
    let put = |token: String| {
        let host = &host;
        async move { host.call(&token, "PUT", "/v1/tenants/~/functions/x", Some(json!({}))).await }
    };
    put(acme["read-only"].clone()).await.problem(403, "forbidden");
    // Being refused keeps nobody from changing things; what is changed without end does.
    put(acme["tenant"].clone()).await.ok();
    while audit.begin(&flooding, act(0)).await.is_ok() {}
    let before = host.get("/v1/tenants/acme/functions/x").await.ok().json();
    let labels = json!({ "labels": { "a": "b" } });
    let refused = host.call(&acme["tenant"], "PUT", "/v1/tenants/~/functions/x", Some(labels)).await;
    let problem = refused.problem(429, "too_many_changes");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|wait| (1..=5).contains(&wait)), "{problem}");
    assert_eq!(host.get("/v1/tenants/acme/functions/x").await.ok().json(), before, "nothing was done");
    let sign_in = host.call("", "POST", "/v1/sessions", Some(json!({ "key": acme["tenant"] }))).await;
    sign_in.problem(429, "too_many_changes");
    // What floods can be stopped by the tenant itself.
    let leaked = json!({ "preset": "read-only", "name": "leaked" });
    host.call(&acme["tenant"], "POST", "/v1/tenants/~/keys", Some(leaked)).await.problem(429, "too_many_changes");
    let keys = host.call(&acme["tenant"], "GET", "/v1/tenants/~/keys", None).await.ok().json();
    let named = |preset: &str| {
        let key = keys["data"].as_array().and_then(|keys| keys.iter().find(|key| key["preset"] == preset));
        format!("/v1/tenants/~/keys/{}", key.expect("it is there")["id"].as_str().expect("an id"))
    };
    host.call(&acme["tenant"], "POST", &format!("{}/rotate", named("deployer")), Some(json!({}))).await.ok();
    host.call(&acme["tenant"], "DELETE", &named("read-only"), None).await.ok();
    // Reading and running is no change, and others change what they like.
    host.call(&acme["tenant"], "GET", "/v1/tenants/~/functions/x", None).await.ok();
    host.call(&acme["tenant"], "POST", "/v1/tenants/~/runs", Some(json!({ "code": modules("x") }))).await.ok();
    put(globex["tenant"].clone()).await.ok();
    host.post("/v1/tenants/acme/suspend", json!({})).await.ok();

    host.app.platform().flush().await.expect("written");
    let told = entries(&host, &host.admin, "&operation=refused_acts").await;
    let told: Vec<_> = told.iter().map(|entry| (&entry["tenant"], &entry["subject"], &entry["status"])).collect();
    // Half of the flood, one over the API, the changes that came too late and the sign-in.
    let count = json!((ENTRIES / 2 + 4).to_string());
    assert_eq!(told, [(&json!("acme"), &count, &json!(429))]);
    assert_eq!(entries(&host, &host.admin, "&operation=create_tenant").await, born);
    let theirs = entries(&host, &globex["tenant"], "").await;
    assert!(theirs.iter().all(|entry| entry["tenant"] == "globex" && entry["operation"] != "refused_acts"));
    assert_eq!(theirs.iter().filter(|entry| entry["operation"] == "put_function").count(), 2);
    assert_eq!(entries(&host, &acme["tenant"], "&operation=refused_acts").await.len(), 1);
    let verified = host.get("/v1/audit/verify").await.ok().json();
    assert_eq!((&verified["ok"], verified["heads"].as_array().map(Vec::len)), (&json!(true), Some(2)), "{verified}");
}

#[tokio::test]
async fn values_never_enter_it() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    const PLANTED: &str = "planted-4711";
    let at = "/v1/tenants/~/functions/hello";
    host.call(&keys["tenant"], "PUT", at, Some(json!({ "labels": { "a": PLANTED } }))).await.ok();
    host.call(&keys["tenant"], "POST", &format!("{at}/versions"), Some(modules(PLANTED))).await.ok();
    host.call(&keys["tenant"], "POST", &format!("{at}/env"), Some(json!({ "name": "A", "value": PLANTED }))).await.ok();
    host.call(&keys["tenant"], "PUT", "/v1/tenants/~/secrets/B", Some(json!({ "value": PLANTED }))).await.ok();
    let made = json!({ "preset": "tenant", "name": PLANTED });
    let made = host.call(&keys["tenant"], "POST", "/v1/tenants/~/keys", Some(made)).await.ok().json();
    let reason = json!({ "reason": PLANTED });
    host.call(&host.admin, "POST", "/v1/tenants/acme/suspend", Some(reason)).await.ok();
    let all = entries(&host, &host.admin, "").await;
    assert!(all.iter().any(|entry| entry["subject"] == made["id"] && entry["target"] == "/v1/tenants/acme/keys"));
    let text = Value::from(all).to_string();
    let secret = made["key"].as_str().expect("shown once");
    assert!(!text.contains(PLANTED) && !text.contains(secret), "{text}");
}

#[tokio::test]
async fn what_is_done_to_it_is_found() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    let verified = host.get("/v1/audit/verify").await.ok().json();
    assert_eq!((&verified["ok"], &verified["broken"]), (&json!(true), &Value::Null), "{verified}");
    assert_eq!(verified["heads"][0]["number"], verified["entries"]);
    // Altered, removed and reordered, each found at its place.
    let whole = std::cell::RefCell::new(Vec::new());
    host.store.tamper_with_audit(|entries| whole.borrow_mut().clone_from(entries));
    for (tamper, number) in [
        (|entries| entries[3].act.status = 418, 4),
        (|entries| drop(entries.remove(2)), 3),
        (|entries| entries.swap(1, 2), 2),
    ] as [(fn(&mut Vec<isolet_domain::audit::AuditEntry>), u64); 3]
    {
        host.store.tamper_with_audit(tamper);
        let verified = host.get("/v1/audit/verify").await.ok().json();
        assert_eq!((&verified["ok"], &verified["broken"]["number"]), (&json!(false), &json!(number)), "{verified}");
        host.store.tamper_with_audit(|entries| entries.clone_from(&whole.borrow()));
    }
    assert_eq!(host.get("/v1/audit/verify").await.ok().json()["ok"], true);
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_followed_by_more() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let before = entries(&host, &host.admin, "").await.len();
    let put = |name: &'static str| {
        let host = &host;
        async move {
            let path = format!("/v1/tenants/acme/functions/{name}");
            host.call(&host.admin, "PUT", &path, Some(json!({}))).await
        }
    };
    host.store.set_available(false);
    put("a").await.problem(503, "store_unavailable");
    host.store.set_available(true);
    assert_eq!(put("b").await.status, 201);
    let all = entries(&host, &host.admin, "").await;
    assert!(all.len() > before && all[0]["target"] == "/v1/tenants/acme/functions/b", "{all:?}");
    assert_eq!(host.get("/v1/audit/verify").await.ok().json()["ok"], true);
}

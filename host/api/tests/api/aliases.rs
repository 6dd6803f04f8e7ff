//! Aliases: splits, who gets which version, changes under an `ETag`, and going back.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules, request};

const PATH: &str = "/v1/tenants/acme/functions/hello";

pub fn split(shares: &[(&str, u32)]) -> Value {
    let share = |(version, weight): &(&str, u32)| json!({ "version": version, "weight": weight });
    json!({ "split": shares.iter().map(share).collect::<Vec<_>>() })
}

/// A host with a function, and the ids of versions whose answers differ: the fake guest answers with its method, so each version is
/// told by `isolet-version`.
async fn with_versions(count: usize) -> (TestHost, BTreeMap<&'static str, String>, Vec<String>) {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.call(&host.admin, "PUT", PATH, Some(json!({}))).await.ok();
    let mut versions = Vec::new();
    for n in 0..count {
        let added = host.post(&format!("{PATH}/versions"), modules(&format!("version {n}"))).await.ok().json();
        versions.push(added["id"].as_str().expect("an id").to_owned());
    }
    (host, keys, versions)
}

async fn put(host: &TestHost, alias: &str, fields: &[(&str, &str)], body: &Value) -> Answer {
    let mut request = request(&host.admin, "PUT", &format!("{PATH}/aliases/{alias}"));
    for (name, value) in fields.iter().chain(&[("content-type", "application/json")]) {
        request = request.header(*name, *value);
    }
    host.raw(request.body(Full::from(body.to_string())).expect("valid")).await
}

async fn invoke(host: &TestHost, key: &str, fields: &[(&str, &str)]) -> Answer {
    let mut request = request(key, "GET", &format!("{PATH}/invoke/"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    host.raw(request.body(Full::default()).expect("valid")).await
}

async fn answered_by(host: &TestHost, fields: &[(&str, &str)]) -> String {
    // Within the tenant's rate, where time stands still otherwise.
    tokio::time::sleep(std::time::Duration::from_millis(6)).await;
    let answer = invoke(host, &host.admin, fields).await.ok();
    answer.header("isolet-version").to_owned()
}

#[tokio::test]
async fn a_deploy_sends_the_traffic_of_the_alias_that_it_names() {
    let (host, keys, versions) = with_versions(2).await;
    let deploy = |body: Value| host.call(&keys["deployer"], "POST", "/v1/tenants/~/functions/hello/deploy", Some(body));
    let shares = |alias: &'static str| {
        let host = &host;
        async move { host.get(&format!("{PATH}/aliases/{alias}")).await.ok().json()["split"].clone() }
    };
    let deployed = deploy(json!({ "version": versions[0] })).await.ok().json();
    assert_eq!((&deployed["alias"], &deployed["version"]), (&json!("live"), &json!(versions[0])));
    // A name is made, and `live` is as it was.
    let mut code = modules("version 1");
    code["alias"] = json!("next");
    let deployed = deploy(code).await.ok().json();
    assert_eq!((&deployed["alias"], &deployed["version"]), (&json!("next"), &json!(versions[1])));
    assert_eq!(shares("next").await, json!([{ "version": versions[1], "weight": 10_000 }]));
    assert_eq!(shares("live").await, json!([{ "version": versions[0], "weight": 10_000 }]));
    // The condition is about the alias that is named.
    let tag = host.get(&format!("{PATH}/aliases/next")).await.ok().header("etag").to_owned();
    for (tag, status) in [("\"old\"", 412), (tag.as_str(), 200), (tag.as_str(), 412)] {
        let body = Full::from(json!({ "version": versions[0], "alias": "next" }).to_string());
        let request = request(&host.admin, "POST", &format!("{PATH}/deploy")).header("if-match", tag);
        let answer = host.raw(request.header("content-type", "application/json").body(body).expect("valid")).await;
        assert_eq!(answer.status.as_u16(), status, "{tag}");
    }
    for bad in ["", "No", "a--b", "xn", &"a".repeat(31)] {
        let problem = deploy(json!({ "version": versions[0], "alias": bad })).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], "/alias", "{bad}");
    }
    deploy(json!({ "version": versions[0], "alias": 1 })).await.problem(400, "malformed_request");
}

#[tokio::test]
async fn an_alias_is_made_read_listed_and_removed() {
    let (host, _, versions) = with_versions(2).await;
    host.get(&format!("{PATH}/aliases/live")).await.problem(404, "alias_not_found");
    let wanted = split(&[(&versions[0], 9_000), (&versions[1], 1_000)]);
    let made = put(&host, "live", &[], &wanted).await;
    assert_eq!(made.status, 201);
    assert_eq!((&made.json()["split"], &made.json()["sticky"]), (&wanted["split"], &json!({ "by": "none" })));
    let read = host.get(&format!("{PATH}/aliases/live")).await.ok();
    assert_eq!((read.json(), read.header("etag")), (made.json(), made.header("etag")));
    assert_eq!(host.get(PATH).await.json()["live_version"], json!(versions[0]));
    put(&host, "next", &[("if-none-match", "*")], &split(&[(&versions[1], 10_000)])).await.ok();
    put(&host, "next", &[("if-none-match", "*")], &wanted).await.problem(412, "precondition_failed");
    let listed = host.get(&format!("{PATH}/aliases")).await.ok().json();
    let names: Vec<_> = listed["data"].as_array().expect("a list").iter().map(|alias| alias["name"].clone()).collect();
    assert_eq!(names, ["live", "next"]);

    let path = format!("{PATH}/aliases/live");
    host.call(&host.admin, "DELETE", &path, None).await.problem(428, "precondition_required");
    let delete = |tag: &str| request(&host.admin, "DELETE", &path).header("if-match", tag).body(Full::default());
    host.raw(delete("\"other\"").expect("valid")).await.problem(412, "precondition_failed");
    assert_eq!(host.raw(delete(made.header("etag")).expect("valid")).await.status, 204);
    host.raw(delete("*").expect("valid")).await.problem(412, "precondition_failed");
    invoke(&host, &host.admin, &[]).await.problem(404, "not_deployed");
    host.get("/v1/tenants/acme/functions/nobody/aliases").await.problem(404, "function_not_found");
    put(&host, "live", &[], &split(&[("v_aaaaaaaaaaaaaaaaaaaaaaaaaa", 10_000)])).await.problem(422, "invalid_request");
}

#[tokio::test]
async fn splits_that_make_no_sense_are_refused_with_their_place() {
    let (host, _, versions) = with_versions(2).await;
    let [one, two] = [versions[0].as_str(), versions[1].as_str()];
    let sticky = |by: &str| json!({ "split": split(&[(one, 10_000)])["split"], "sticky": { "by": by } });
    for (body, pointer) in [
        (split(&[]), "/split"),
        (split(&[(one, 9_999)]), "/split"),
        (split(&[(one, 10_000), (two, 1)]), "/split"),
        (split(&[(one, 5_000), (one, 5_000)]), "/split"),
        (split(&[("v_x", 5_000), (one, 5_000)]), "/split/0/version"),
        (sticky("cookie"), "/sticky/by"),
        (sticky("header:"), "/sticky/by"),
        (sticky("header:a b"), "/sticky/by"),
        (sticky("header:X-User"), "/sticky/by"),
        (sticky("header:authorization"), "/sticky/by"),
        (sticky("header:isolet-version"), "/sticky/by"),
    ] {
        let problem = put(&host, "live", &[], &body).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    for body in [
        split(&[(one, 65_536)]),
        json!({ "split": [{ "version": one, "weight": -1 }] }),
        json!({ "split": [{ "version": one, "weight": 1.5 }] }),
        json!({ "split": [], "wieghts": [] }),
        json!({}),
    ] {
        put(&host, "live", &[], &body).await.problem(400, "malformed_request");
    }
    put(&host, "LIVE", &[], &split(&[(one, 10_000)])).await.problem(422, "invalid_request");
    for n in 0..32 {
        put(&host, &format!("a{n}"), &[], &split(&[(one, 10_000)])).await.ok();
    }
    put(&host, "one-more", &[], &split(&[(one, 10_000)])).await.problem(409, "too_many_aliases");
}

#[tokio::test(start_paused = true)]
async fn traffic_is_divided_and_sticks() {
    let (host, _, versions) = with_versions(3).await;
    let shares = split(&[(&versions[0], 8_000), (&versions[1], 2_000), (&versions[2], 0)]);
    let mut wanted = shares.clone();
    wanted["sticky"] = json!({ "by": "header:x-user" });
    let made = put(&host, "live", &[], &wanted).await.ok();
    fastrand::seed(3);
    let mut hits: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..2_000 {
        *hits.entry(answered_by(&host, &[]).await).or_default() += 1;
    }
    assert!(hits[&versions[1]].abs_diff(400) < 72 && hits.len() == 2, "{hits:?}");
    // Bound by the field that the alias names, or by the platform's own; each to one version.
    let (mut of_users, mut by_key) = (BTreeMap::new(), 0);
    for user in 0..200 {
        let user = format!("u{user}");
        let first = answered_by(&host, &[("x-user", &user)]).await;
        assert_eq!(answered_by(&host, &[("x-user", &user)]).await, first);
        let keyed = answered_by(&host, &[("isolet-sticky-key", &user), ("x-user", "somebody")]).await;
        assert_eq!(keyed, first);
        by_key += u32::from(keyed == versions[1]);
        of_users.insert(user, first);
    }
    assert!(by_key.abs_diff(40) < 24, "{by_key}");
    // The ingress divides in the same way and takes no orders.
    for user in ["u1", "u2", "u3"] {
        let sent = Request::get("/")
            .header("host", "hello--acme.localhost")
            .header("x-user", user)
            .header("isolet-version", &versions[2])
            .header("isolet-sticky-key", "x");
        let answer = host.ingress(sent.body(Full::<Bytes>::default()).expect("valid")).await.ok();
        assert!(answer.headers.get("isolet-version").is_none(), "{:?}", answer.headers);
    }
    // More for the second: those who had it keep it.
    let more = split(&[(&versions[0], 5_000), (&versions[1], 5_000)]);
    let mut more_sticky = more.clone();
    more_sticky["sticky"] = json!({ "by": "header:x-user" });
    put(&host, "live", &[("if-match", made.header("etag"))], &more_sticky).await.ok();
    for (user, first) in of_users {
        let now = answered_by(&host, &[("x-user", &user)]).await;
        assert!(now == first || (first == versions[0] && now == versions[1]), "{user}");
    }
}

#[tokio::test]
async fn a_version_can_be_asked_for_by_those_who_may_deploy_it() {
    let (host, keys, versions) = with_versions(3).await;
    put(&host, "live", &[], &split(&[(&versions[0], 10_000), (&versions[1], 0)])).await.ok();
    assert_eq!(answered_by(&host, &[]).await, versions[0]);
    assert_eq!(answered_by(&host, &[("isolet-version", &versions[1])]).await, versions[1]);
    for unnamed in [versions[2].as_str(), "v_aaaaaaaaaaaaaaaaaaaaaaaaaa", "v_x", "", "live"] {
        invoke(&host, &host.admin, &[("isolet-version", unnamed)]).await.problem(404, "version_not_found");
    }
    let twice = [("isolet-version", versions[0].as_str()), ("isolet-version", versions[1].as_str())];
    invoke(&host, &host.admin, &twice).await.problem(400, "malformed_request");
    let override_by = |preset: &'static str| {
        let (host, keys, version) = (&host, &keys, &versions[1]);
        async move { invoke(host, &keys[preset], &[("isolet-version", version)]).await }
    };
    override_by("invoke-only").await.problem(403, "forbidden");
    assert_eq!(override_by("tenant").await.ok().header("isolet-version"), versions[1]);
    assert_eq!(invoke(&host, &keys["invoke-only"], &[]).await.ok().header("isolet-version"), versions[0]);
    // A run may name an alias.
    put(&host, "next", &[], &split(&[(&versions[2], 10_000)])).await.ok();
    let run = |alias: &str| json!({ "code": { "function": "hello", "alias": alias } });
    assert_eq!(host.post("/v1/tenants/acme/runs", run("next")).await.ok().json()["version"], json!(versions[2]));
    host.post("/v1/tenants/acme/runs", run("other")).await.problem(409, "not_deployed");
    host.post("/v1/tenants/acme/runs", run("No")).await.problem(422, "invalid_request");
}

#[tokio::test]
async fn of_two_who_change_it_at_once_one_is_told() {
    let (host, _, versions) = with_versions(2).await;
    let mut tag = put(&host, "live", &[], &split(&[(&versions[0], 10_000)])).await.ok().header("etag").to_owned();
    put(&host, "live", &[], &split(&[(&versions[1], 10_000)])).await.problem(428, "precondition_required");
    for round in 0..50_u32 {
        // Also when both want the same.
        let other = if round % 2 == 0 { 5_000 } else { 4_000 };
        let wanted = [5_000, other].map(|weight| split(&[(&versions[0], weight), (&versions[1], 10_000 - weight)]));
        let fields = [("if-match", tag.as_str())];
        let (one, two) = tokio::join!(put(&host, "live", &fields, &wanted[0]), put(&host, "live", &fields, &wanted[1]));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
        let won = if one.status == 200 { one } else { two };
        tag = won.header("etag").to_owned();
        assert_eq!(host.get(&format!("{PATH}/aliases/live")).await.json(), won.json());
    }
    // Deploying and rolling back need no word, and are held to one that is given.
    let deploy = |tag: &str| {
        let body = Full::from(json!({ "version": versions[1] }).to_string());
        let request = request(&host.admin, "POST", &format!("{PATH}/deploy")).header("if-match", tag);
        request.header("content-type", "application/json").body(body).expect("valid")
    };
    host.raw(deploy("\"old\"")).await.problem(412, "precondition_failed");
    host.raw(deploy(&tag)).await.ok();
    host.raw(deploy(&tag)).await.problem(412, "precondition_failed");
    assert_eq!(answered_by(&host, &[]).await, versions[1]);
}

#[tokio::test]
async fn rolling_back_goes_to_the_split_before_or_to_a_version() {
    let (host, _, versions) = with_versions(3).await;
    let rollback = format!("{PATH}/rollback");
    host.post(&rollback, json!({})).await.problem(404, "alias_not_found");
    for version in [&versions[0], &versions[0], &versions[1]] {
        host.post(&format!("{PATH}/deploy"), json!({ "version": version })).await.ok();
    }
    let tag = host.get(&format!("{PATH}/aliases/live")).await.ok().header("etag").to_owned();
    let both = split(&[(&versions[1], 5_000), (&versions[2], 5_000)]);
    put(&host, "live", &[("if-match", &tag)], &both).await.ok();
    let back = host.post(&rollback, json!({})).await.ok();
    assert_eq!(back.json()["split"], split(&[(&versions[1], 10_000)])["split"]);
    assert_eq!(host.post(&rollback, json!({})).await.ok().json()["split"], split(&[(&versions[0], 10_000)])["split"]);
    assert_eq!(answered_by(&host, &[]).await, versions[0]);
    host.post(&rollback, json!({})).await.problem(409, "nothing_earlier");
    let to = host.post(&rollback, json!({ "to": versions[2] })).await.ok();
    assert_eq!(to.json()["split"], split(&[(&versions[2], 10_000)])["split"]);
    assert_eq!(host.post(&rollback, json!({})).await.ok().json()["split"], split(&[(&versions[0], 10_000)])["split"]);
    host.post(&rollback, json!({ "to": "v_x" })).await.problem(422, "invalid_request");
    host.post(&rollback, json!({ "version": versions[2] })).await.problem(400, "malformed_request");
    // Nothing was deleted by any of it.
    assert_eq!(host.get(&format!("{PATH}/versions")).await.json()["data"].as_array().map(Vec::len), Some(3));
}

//! Functions by their labels: listed, and removed together.

use serde_json::{Value, json};

use crate::host::TestHost;

const FUNCTIONS: &str = "/v1/tenants/acme/functions";

/// Functions with these labels, the last of them deployed.
async fn host(functions: &[(&str, Value)]) -> TestHost {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    for (name, labels) in functions {
        let put = json!({ "labels": labels });
        host.call(&host.admin, "PUT", &format!("{FUNCTIONS}/{name}"), Some(put)).await.ok();
    }
    host
}

async fn names(host: &TestHost, query: &str) -> Vec<String> {
    let listed = host.get(&format!("{FUNCTIONS}?{query}")).await.ok().json();
    let items = listed["data"].as_array().expect("a list").clone();
    items.iter().map(|function| function["name"].as_str().expect("text").to_owned()).collect()
}

async fn delete(host: &TestHost, query: &str) -> Value {
    host.call(&host.admin, "DELETE", &format!("{FUNCTIONS}?{query}"), None).await.ok().json()
}

#[tokio::test]
async fn a_list_has_those_with_all_the_labels() {
    let host = host(&[
        ("a", json!({ "team": "x", "tier": "1" })),
        ("b", json!({ "team": "x" })),
        ("c", json!({ "team": "y", "tier": "1" })),
        ("d", json!({})),
    ])
    .await;
    for (query, found) in [
        ("", &["a", "b", "c", "d"][..]),
        ("label.team=x", &["a", "b"]),
        ("label.team=x&label.tier=1", &["a"]),
        ("label.team=", &[]),
        ("label.=x", &[]),
    ] {
        assert_eq!(names(&host, query).await, found, "{query}");
    }
    let page = host.get(&format!("{FUNCTIONS}?label.team=x&limit=1")).await.ok().json();
    let cursor = page["next_cursor"].as_str().expect("there is more");
    assert_eq!(names(&host, &format!("label.team=x&cursor={cursor}")).await, ["b"]);
    // It is of that list, and of no other.
    host.get(&format!("{FUNCTIONS}?label.team=y&cursor={cursor}")).await.problem(400, "malformed_request");
    host.get(&format!("{FUNCTIONS}?cursor={cursor}")).await.problem(400, "malformed_request");
}

#[tokio::test]
async fn those_with_a_label_go_together_with_what_leads_to_them() {
    let labels = json!({ "preview": "pull/7" });
    let host = host(&[("a", labels.clone()), ("b", json!({ "preview": "pull/8" })), ("c", labels.clone())]).await;
    host.tenant("globex").await;
    host.call(&host.admin, "PUT", "/v1/tenants/globex/functions/a", Some(json!({ "labels": labels }))).await.ok();
    host.post(&format!("{FUNCTIONS}/c/deploy"), crate::host::modules("x")).await.ok();
    host.call(&host.admin, "PUT", "/v1/tenants/acme/hosts/acme.example", None).await.ok();
    let route = json!({ "host": "acme.example", "function": "c" });
    host.call(&host.admin, "PUT", "/v1/tenants/acme/routes/r", Some(route)).await.ok();

    let before = host.get("/v1/audit?limit=500").await.ok().json();
    let tried = delete(&host, "label.preview=pull%2F7&dry_run=1").await;
    assert_eq!(tried, json!({ "data": ["a", "c"], "more": false }));
    assert_eq!(host.get("/v1/audit?limit=500").await.ok().json(), before, "nothing was done");
    assert_eq!(names(&host, "").await, ["a", "b", "c"]);

    assert_eq!(delete(&host, "label.preview=pull%2F7").await, tried);
    assert_eq!(names(&host, "").await, ["b"]);
    host.get("/v1/tenants/acme/routes/r").await.problem(404, "route_not_found");
    host.get("/v1/tenants/globex/functions/a").await.ok();
    let last = host.get("/v1/audit?limit=1").await.ok().json();
    assert_eq!(
        (&last["data"][0]["operation"], &last["data"][0]["subject"]),
        (&json!("delete_functions"), &json!("a c"))
    );
    assert_eq!(delete(&host, "label.preview=pull%2F7").await, json!({ "data": [], "more": false }));
}

#[tokio::test]
async fn all_of_them_never_go_by_mistake() {
    let host = host(&[("a", json!({ "team": "x" }))]).await;
    for query in ["", "?", "?dry_run=1", "?label=x", "?label.team=x&team=x", "?label.team=x&label.team=y"] {
        let answer = host.call(&host.admin, "DELETE", &format!("{FUNCTIONS}{query}"), None).await;
        answer.problem(400, "malformed_request");
    }
    assert_eq!(names(&host, "").await, ["a"]);
}

#[tokio::test]
async fn a_key_of_some_functions_removes_none_by_their_labels() {
    let host = host(&[("a", json!({ "team": "x" })), ("b", json!({ "team": "x" }))]).await;
    let key = json!({ "preset": "tenant", "functions": ["a"] });
    let key = host.post("/v1/tenants/acme/keys", key).await.ok().json()["key"].as_str().expect("a key").to_owned();
    host.call(&key, "DELETE", &format!("{FUNCTIONS}?label.team=x"), None).await.problem(403, "forbidden");
    let listed = host.call(&key, "GET", &format!("{FUNCTIONS}?label.team=x"), None).await.ok().json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_more_than_fits_is_said() {
    let host = host(&[]).await;
    for n in 0..101 {
        let put = json!({ "labels": { "l": "1" } });
        host.call(&host.admin, "PUT", &format!("{FUNCTIONS}/f{n:03}"), Some(put)).await.ok();
    }
    let first = delete(&host, "label.l=1").await;
    assert_eq!((first["data"].as_array().map(Vec::len), &first["more"]), (Some(100), &json!(true)));
    assert_eq!(delete(&host, "label.l=1").await, json!({ "data": ["f100"], "more": false }));
}

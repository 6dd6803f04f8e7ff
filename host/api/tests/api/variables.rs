//! Variables of a tenant: who finds them, what counts where a function has one of the same name, and what of them is bounded.

use isolet_domain::fake_guests::words;
use serde_json::json;

use crate::host::{TestHost, modules};

const SHARED: &str = "/v1/tenants/acme/env";

impl TestHost {
    async fn set(&self, place: &str, name: &str, value: &str) {
        self.post(place, json!({ "name": name, "value": value })).await.ok();
    }

    async fn found_by(&self, function: &str) -> String {
        self.get(&format!("/v1/tenants/acme/functions/{function}/invoke")).await.text()
    }
}

#[tokio::test]
async fn all_functions_find_them_below_their_own() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.tenant("globex").await;
    for function in ["one", "two"] {
        host.deploy("acme", function, words::ENV).await;
    }
    host.deploy("globex", "three", words::ENV).await;
    assert_eq!(host.found_by("one").await, "");
    host.set(SHARED, "WHO", "all").await;
    host.set(SHARED, "REGION", "eu").await;
    host.set("/v1/tenants/acme/functions/two/env", "WHO", "two").await;
    assert_eq!(host.found_by("one").await, "REGION=eu;WHO=all");
    assert_eq!(host.found_by("two").await, "REGION=eu;WHO=two", "a function's own counts");
    assert_eq!(host.get("/v1/tenants/globex/functions/three/invoke").await.text(), "", "they are one tenant's");

    let listed = host.get(SHARED).await.ok().json();
    assert_eq!(listed["data"], json!([{ "name": "REGION", "value": "eu" }, { "name": "WHO", "value": "all" }]));
    let own = host.get("/v1/tenants/acme/functions/two/env").await.ok().json();
    assert_eq!(own["data"], json!([{ "name": "WHO", "value": "two" }]));

    host.call(&host.admin, "DELETE", "/v1/tenants/acme/functions/two/env/WHO", None).await.ok();
    assert_eq!(host.found_by("two").await, "REGION=eu;WHO=all", "what was hidden is there again");
    assert_eq!(host.call(&host.admin, "DELETE", &format!("{SHARED}/REGION"), None).await.status, 204);
    assert_eq!(host.found_by("one").await, "WHO=all");
    host.call(&host.admin, "DELETE", &format!("{SHARED}/REGION"), None).await.problem(404, "variable_not_found");
}

#[tokio::test]
async fn runs_find_them_below_what_they_bring() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.set(SHARED, "WHO", "all").await;
    host.set(SHARED, "REGION", "eu").await;
    let runs = "/v1/tenants/acme/runs";
    let text = |run: &serde_json::Value| run["response"]["body"]["text"].as_str().expect("text").to_owned();
    let plain = host.post(runs, json!({ "code": modules(words::ENV) })).await.ok().json();
    assert_eq!(text(&plain), "REGION=eu;WHO=all");
    let env = json!({ "WHO": "me", "OWN": "1" });
    let own = host.post(runs, json!({ "code": modules(words::ENV), "env": env })).await.ok().json();
    assert_eq!(text(&own), "OWN=1;REGION=eu;WHO=me");
    host.set(SHARED, "REGION", "us").await;
    let again = host.post(&format!("{runs}/{}/replay", own["id"].as_str().expect("an id")), json!({})).await;
    let again = again.ok().json();
    assert_eq!(text(&again), "REGION=us;WHO=all");
    let warning = again["warnings"][0].as_str().expect("a warning");
    assert!(warning.ends_with("without OWN"), "{warning}");
}

#[tokio::test]
async fn they_are_bounded_and_named_like_a_functions() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.tenant("globex").await;
    host.set(SHARED, "A", "1").await;
    for name in ["", "1A", "A-B", "a b", "é", &"A".repeat(300)] {
        let bad = host.post(SHARED, json!({ "name": name, "value": "1" })).await.problem(422, "invalid_request");
        assert_eq!(bad["errors"][0]["pointer"], "/name", "{name}");
        if !name.is_empty() && name.is_ascii() && !name.contains(' ') {
            host.call(&host.admin, "DELETE", &format!("{SHARED}/{name}"), None)
                .await
                .problem(404, "variable_not_found");
        }
    }
    let large = host.post(SHARED, json!({ "name": "B", "value": "x".repeat(70_000) })).await;
    assert_eq!(large.problem(422, "invalid_request")["errors"][0]["pointer"], "/value");
    for body in [
        json!({}),
        json!({ "name": "B" }),
        json!({ "name": "B", "value": 1 }),
        json!({ "name": "B", "value": "", "x": 1 }),
    ] {
        host.post(SHARED, body).await.problem(400, "malformed_request");
    }
    for n in 1..128 {
        host.set(SHARED, &format!("N{n}"), "").await;
    }
    host.post(SHARED, json!({ "name": "ONE_MORE", "value": "" })).await.problem(422, "invalid_request");
    host.set(SHARED, "N1", "again").await;
    assert_eq!(host.get(SHARED).await.ok().json()["data"].as_array().map(Vec::len), Some(128));

    // Of others, not even that they are there.
    for (method, path, body) in [
        ("GET", "/v1/tenants/globex/env", None),
        ("POST", "/v1/tenants/globex/env", Some(json!({ "name": "A", "value": "1" }))),
        ("DELETE", "/v1/tenants/globex/env/A", None),
    ] {
        host.call(&keys["tenant"], method, path, body).await.problem(404, "tenant_not_found");
    }
    host.call(&keys["read-only"], "POST", SHARED, Some(json!({ "name": "A", "value": "2" })))
        .await
        .problem(403, "forbidden");
    host.call(&keys["invoke-only"], "GET", SHARED, None).await.problem(403, "forbidden");
}

#[tokio::test]
async fn they_count_into_what_the_tenant_has_stored() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let limits = json!({ "stored_bytes": 20_000 });
    host.call(&host.admin, "PUT", "/v1/tenants/acme/limits", Some(limits)).await.ok();
    host.set(SHARED, "A", &"x".repeat(15_000)).await;
    host.post(SHARED, json!({ "name": "B", "value": "x".repeat(15_000) })).await.problem(409, "storage_full");
    assert_eq!(host.get(SHARED).await.ok().json()["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn they_go_with_their_tenant() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.set(SHARED, "A", "1").await;
    host.call(&host.admin, "DELETE", "/v1/tenants/acme?confirm=acme", None).await.ok();
    host.get(SHARED).await.problem(404, "tenant_not_found");
    host.tenant("acme").await;
    assert_eq!(host.get(SHARED).await.ok().json()["data"], json!([]));
}

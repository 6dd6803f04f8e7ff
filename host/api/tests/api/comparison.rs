//! What a version changed, and its component.

use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;

use crate::host::{TestHost, modules, request};

const PATH: &str = "/v1/tenants/acme/functions/hello/versions";

async fn with_versions(sources: &[&str]) -> (TestHost, Vec<String>) {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.call(&host.admin, "PUT", "/v1/tenants/acme/functions/hello", Some(json!({}))).await.ok();
    let mut versions = Vec::new();
    for source in sources {
        let added = host.post(PATH, modules(source)).await.ok().json();
        versions.push(added["id"].as_str().expect("an id").to_owned());
    }
    (host, versions)
}

#[tokio::test]
async fn a_version_is_compared_with_another_or_the_one_before() {
    let (host, versions) = with_versions(&["a\nb\n", "a\nB\n", "a\nB\nc\n"]).await;
    let diff = |version: &str, query: String| format!("{PATH}/{version}/diff{query}");
    let before = host.get(&diff(&versions[1], String::new())).await.ok().json();
    let unified = "--- a/main.js\n+++ b/main.js\n@@ -1,2 +1,2 @@\n a\n-b\n+B\n";
    assert_eq!(
        before,
        json!({
            "version": versions[1], "base": versions[0],
            "modules": [{
                "name": "main.js", "status": "changed", "kind": "js", "base_kind": "js",
                "added_lines": 1, "removed_lines": 1, "unified": unified,
            }],
            "main_module_changed": false, "options_changed": false, "approximate": false,
        })
    );
    let first = host.get(&diff(&versions[0], String::new())).await.ok().json();
    assert_eq!((&first["base"], &first["modules"][0]["status"]), (&json!(null), &json!("added")));
    let back = host.get(&diff(&versions[0], format!("?base={}", versions[2]))).await.ok().json();
    assert_eq!((&back["modules"][0]["added_lines"], &back["modules"][0]["removed_lines"]), (&json!(1), &json!(2)));
    let same = host.get(&diff(&versions[0], format!("?base={}", versions[0]))).await.ok().json();
    assert_eq!(same["modules"], json!([]));

    let text = request(&host.admin, "GET", &diff(&versions[1], String::new())).header("accept", "text/x-diff");
    let text = host.raw(text.body(Full::<Bytes>::default()).expect("valid")).await.ok();
    assert_eq!((text.text().as_str(), text.header("content-type")), (unified, "text/x-diff; charset=utf-8"));
    for query in ["?base=v_x", "?base=v_aaaaaaaaaaaaaaaaaaaaaaaaaa", "?base="] {
        host.get(&diff(&versions[1], query.to_owned())).await.problem(404, "version_not_found");
    }
    for query in ["?to=1", &format!("?base={0}&base={0}", versions[0])] {
        host.get(&diff(&versions[1], query.to_owned())).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn a_component_is_given_out() {
    let (host, versions) = with_versions(&["one", "two"]).await;
    let answers = [
        host.get(&format!("{PATH}/{}/component", versions[0])).await.ok(),
        host.get(&format!("{PATH}/{}/component", versions[1])).await.ok(),
    ];
    assert_eq!(answers[0].header("content-type"), "application/wasm");
    assert!(answers[0].header("content-disposition").contains(&versions[0]));
    assert_ne!(answers[0].body, answers[1].body);
    host.get(&format!("{PATH}/v_aaaaaaaaaaaaaaaaaaaaaaaaaa/component")).await.problem(404, "version_not_found");
}

//! Egress on a whole host: rules and secrets are set over HTTP, requests arrive through the ingress, and what a secret is stands
//! nowhere on disk.

use isolet_tests::host::TestHost;
use isolet_tests::outside::{Outside, answer};
use serde_json::{Value, json};

const SECRET: &str = "planted-s3cret-value-7f3a";

fn caller(port: u16) -> String {
    format!(
        "export default {{ async fetch() {{
            try {{ return new Response('got ' + await (await fetch('http://127.0.0.1:{port}/x')).text()) }}
            catch (error) {{ return new Response(error.message) }}
        }} }}"
    )
}

/// Whether any file below the folder has these bytes in it.
fn is_on_disk(folder: &std::path::Path, wanted: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("listed").flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return is_on_disk(&path, wanted);
        }
        std::fs::read(&path).is_ok_and(|bytes| memchr::memmem::find(&bytes, wanted).is_some())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_opened_over_the_api_is_open_and_closes_again() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("data");
    let host = TestHost::start_in(folder.clone(), None, &[]).await;
    let outside = Outside::start(answer("200 OK", &[], "answer")).await;
    let key = host.tenant("acme", "hello", &caller(outside.port)).await;
    let get = async || host.get("hello", "acme", "/").await.text();
    assert!(get().await.contains("no egress rules are set"));

    // The tenant opens what it may; the ceiling is still in the way, and is not the tenant's to move.
    let any = json!({ "rules": [{ "action": "allow", "host": "*", "ports": [outside.port],
        "inject": [{ "header": "x-token", "secret": "TOKEN" }] }] });
    let rules = "/v1/tenants/~/functions/hello/egress";
    assert_eq!(host.api_as(&key, "PUT", rules, Some(any)).await.status, 200);
    assert!(get().await.contains("no ceiling rule matches"));
    let ceiling = json!({ "rules": [{ "action": "allow", "host": "127.0.0.1", "ports": [outside.port], "private_addresses": true }] });
    let path = "/v1/tenants/acme/egress/ceiling";
    assert_eq!(host.api_as(&key, "PUT", path, Some(ceiling.clone())).await.status, 403);
    assert_eq!(outside.connections(), 0);
    assert_eq!(host.api("PUT", path, Some(ceiling)).await.status, 200);
    assert!(get().await.contains("needs the secret TOKEN"), "without its secret nothing is sent");
    let secret = json!({ "value": SECRET });
    assert_eq!(host.api_as(&key, "PUT", "/v1/tenants/~/secrets/TOKEN", Some(secret)).await.status, 204);
    assert_eq!(get().await, "got answer");
    assert!(outside.requests().iter().all(|request| request.contains(&format!("x-token: {SECRET}\r\n"))));

    // A run of the function has its rules; its record says which decided, and not what was injected.
    let run = host
        .api_as(&key, "POST", "/v1/tenants/~/runs", Some(json!({ "code": { "function": "hello" }, "prompt": "p" })))
        .await;
    let ran: Value = run.json();
    assert_eq!(ran["subrequests"][0]["allowed_by"], "function rule 1", "{ran}");
    assert!(!run.text().contains(SECRET));

    let etag = host.api_as(&key, "GET", rules, None).await.headers["etag"].to_str().expect("ascii").to_owned();
    let request = http::Request::delete(format!("http://{}{rules}", host.host.started.control_plane))
        .header("authorization", format!("Bearer {key}"))
        .header("if-match", etag)
        .body(http_body_util::Full::default())
        .expect("a valid request");
    assert_eq!(host.send(request).await.status, 204);
    let before = outside.connections();
    assert!(get().await.contains("no egress rules are set"));
    assert_eq!(outside.connections(), before);

    host.host.stop().await.expect("drained");
    assert!(is_on_disk(&folder, b"function rule 1"), "the search finds what is there");
    assert!(!is_on_disk(&folder, SECRET.as_bytes()));
}

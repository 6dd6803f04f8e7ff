//! Problem documents lead to pages, one for each code there is.

use isolet_api::PROBLEMS;
use serde_json::json;

use crate::host::TestHost;

#[tokio::test]
async fn every_code_has_a_page() {
    let host = TestHost::start().await;
    let index = host.call("", "GET", "/problems", None).await.ok().text();
    assert!(PROBLEMS.len() > 50);
    for kind in PROBLEMS {
        let page = host.call("", "GET", &format!("/problems/{}", kind.code), None).await.ok();
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'nonce-") && !policy.contains("unsafe"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
        let text = page.text();
        assert!(text.contains(&format!("<style nonce=\"{nonce}\">")) && !text.contains("<script"), "{text}");
        assert!(text.contains(&format!("Status <code>{}</code>", kind.status.as_u16())), "{}: {text}", kind.code);
        assert!(!text.contains('`') && text.contains(&format!("<code>{}</code>", kind.code)), "{text}");
        assert!(index.contains(&format!("href=\"/problems/{}\"", kind.code)), "{}", kind.code);
    }
    for path in ["/problems/nonsense", "/problems/%3Cscript%3E"] {
        host.call("", "GET", path, None).await.problem(404, "not_found");
    }
}

/// What a document says about itself leads to its page, which knows its status.
#[tokio::test]
async fn documents_lead_to_their_pages() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    for (method, path, body, status) in [
        ("GET", "/v1/tenants/nobody", None, 404),
        ("POST", "/v1/tenants", Some(json!({ "slug": "A" })), 422),
        ("POST", "/v1/tenants", Some(json!({ "slug": "acme" })), 409),
        ("PUT", "/v1/tenants", None, 405),
        ("POST", "/v1/tenants/acme/runs", Some(json!([])), 400),
    ] {
        let answer = host.call(&host.admin, method, path, body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        let problem = answer.json();
        let uri = problem["type"].as_str().expect("a type");
        assert_eq!(problem["docs"], uri);
        let address = uri.strip_prefix("http://127.0.0.1:8787").expect("absolute, at the control plane");
        let page = host.call("", "GET", address, None).await.ok().text();
        assert!(page.contains(&format!("Status <code>{status}</code>")), "{page}");
    }
}

//! The console's page and what guards the control plane against other sites' pages.

use http::Request;
use http_body_util::Full;

use crate::host::{TestHost, request};

#[tokio::test]
async fn the_page_has_a_policy_of_its_own_with_a_new_nonce_each_time() {
    let host = TestHost::start().await;
    let mut nonces = std::collections::HashSet::new();
    for path in ["/", "/index.html", "/tenants/demo"] {
        let page = host.call("", "GET", path, None).await;
        assert_eq!(page.status, 200, "{path}: is `ui/dist` built?");
        let policy = page.header("content-security-policy");
        let nonce = policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\'')).expect("a nonce").0;
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; \
                 img-src 'self' data:; font-src 'self'; frame-src http://preview.localhost:8080; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                 require-trusted-types-for 'script'"
            )
        );
        assert!(!page.text().contains("__CSP_NONCE__"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert!(nonces.insert(nonce.to_owned()));
    }
}

#[tokio::test]
async fn hashed_files_are_kept_for_ever() {
    let host = TestHost::start().await;
    let page = host.call("", "GET", "/", None).await.text();
    let (_, rest) = page.split_once("src=\"/assets/").expect("a script");
    let name = rest.split_once('"').expect("a quote").0;
    let script = host.call("", "GET", &format!("/assets/{name}"), None).await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn only_known_host_names_are_answered() {
    let host = TestHost::start().await;
    for (name, status) in [
        ("127.0.0.1:8787", 200),
        ("localhost", 200),
        ("LOCALHOST.:8787", 200),
        ("[::1]:8787", 200),
        ("127.8.8.8", 200),
        ("isolet.example:443", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("hello--demo.localhost", 421),
        ("10.0.0.1", 421),
        ("", 400),
        ("a b", 400),
    ] {
        let request = Request::get("/healthz").header("host", name).body(Full::default()).expect("valid");
        assert_eq!(host.raw(request).await.status, status, "{name:?}");
    }
    let none = Request::get("/healthz").body(Full::default()).expect("valid");
    host.raw(none).await.problem(400, "invalid_host");
}

#[tokio::test]
async fn other_sites_pages_change_nothing() {
    let host = TestHost::start().await;
    for (name, value, allowed) in [
        ("origin", "http://127.0.0.1:8787", true),
        ("origin", "http://127.0.0.1:8080", false),
        ("origin", "http://hello--demo.localhost:8787", false),
        ("origin", "https://evil.example", false),
        ("origin", "null", false),
        ("sec-fetch-site", "same-origin", true),
        ("sec-fetch-site", "none", true),
        ("sec-fetch-site", "same-site", false),
        ("sec-fetch-site", "cross-site", false),
    ] {
        let post = request("", "POST", "/v1/sessions").header(name, value).header("content-type", "application/json");
        let answer = host.raw(post.body(Full::from(r#"{"key":"x"}"#)).expect("valid")).await;
        if allowed {
            answer.problem(401, "unauthenticated");
        } else {
            answer.problem(403, "cross_site");
        }
        let get = request("", "GET", "/healthz").header(name, value).body(Full::default()).expect("valid");
        assert_eq!(host.raw(get).await.status, 200, "reading changes nothing");
    }
}

#[tokio::test]
async fn no_answer_is_for_another_sites_page() {
    let host = TestHost::start().await;
    for (method, path) in
        [("GET", "/"), ("GET", "/healthz"), ("GET", "/v1/info"), ("GET", "/v1/nonsense"), ("OPTIONS", "/v1/tenants")]
    {
        let asked = request(&host.admin, method, path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization");
        let answer = host.raw(asked.body(Full::default()).expect("valid")).await;
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), value, "{method} {path}: {name}");
        }
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{method} {path}");
        let shared = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(shared, None, "{method} {path}");
    }
}

#[tokio::test]
async fn every_answer_has_its_own_request_id() {
    let host = TestHost::start().await;
    let mut ids = std::collections::HashSet::new();
    for path in ["/", "/healthz", "/v1/nonsense", "/v1/tenants", "/v1/info"] {
        let answer = host.call("", "GET", path, None).await;
        assert!(ids.insert(answer.header("isolet-request-id").to_owned()), "{path}");
    }
    assert!(ids.iter().all(|id| id.starts_with("req_")));
}

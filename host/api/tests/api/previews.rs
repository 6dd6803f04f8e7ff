//! Answers of runs as pages: who gets an address, what is at it, and what a page may not do. What a browser makes of it is walked
//! through in `ui/dev`.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use isolet_domain::fake_guests::words;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules, request};

const RUNS: &str = "/v1/tenants/acme/runs";

/// A host, and the address of a run's answer that the console's page asked for.
async fn with_preview(source: &str) -> (TestHost, String, Value) {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let run = host.post(RUNS, json!({ "code": modules(source), "prompt": "<b>hi</b>" })).await.ok().json();
    let path = format!("{RUNS}/{}/preview", run["id"].as_str().expect("an id"));
    let preview = ask(&host, &path, Some("http://127.0.0.1:8787")).await.ok();
    assert_eq!(preview.status, 201);
    let preview = preview.json();
    let url = preview["url"].as_str().expect("an address").to_owned();
    (host, url, run)
}

async fn ask(host: &TestHost, path: &str, origin: Option<&str>) -> Answer {
    let mut post = request(&host.admin, "POST", path);
    if let Some(origin) = origin {
        post = post.header("origin", origin);
    }
    host.raw(post.body(Full::default()).expect("valid")).await
}

fn get(url: &str) -> Request<Full<Bytes>> {
    at("GET", "preview.localhost:8080", url.strip_prefix("http://preview.localhost:8080").expect("that origin"))
}

fn at(method: &str, host: &str, path: &str) -> Request<Full<Bytes>> {
    Request::builder().method(method).uri(path).header("host", host).body(Full::default()).expect("valid")
}

#[tokio::test]
async fn a_page_shows_the_answer_sealed_from_everything() {
    let (host, url, run) = with_preview("x").await;
    let page = host.ingress(get(&url)).await.ok();
    assert_eq!(page.text(), run["response"]["body"]["text"].as_str().expect("a text"));
    assert_eq!(page.header("content-type"), "text/plain");
    assert_eq!(
        page.header("content-security-policy"),
        "sandbox allow-scripts allow-forms; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; \
         style-src 'unsafe-inline' data: blob:; img-src data: blob:; font-src data: blob:; media-src data: blob:; \
         form-action 'none'; base-uri 'none'; frame-ancestors http://127.0.0.1:8787"
    );
    for (name, value) in
        [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")]
    {
        assert_eq!(page.header(name), value, "{name}");
    }
    assert!(page.header("permissions-policy").contains("clipboard-read=()"));
}

#[tokio::test]
async fn of_the_guests_head_only_what_describes_the_body_is_repeated() {
    let (host, url, _) = with_preview(words::FORGES).await;
    let page = host.ingress(get(&url)).await.ok();
    let mut names: Vec<_> = page.headers.keys().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "cache-control",
            "content-security-policy",
            "content-type",
            "isolet-request-id",
            "permissions-policy",
            "referrer-policy",
            "x-content-type-options"
        ]
    );
    // Without a type of the guest's own a browser must not guess one.
    let (host, url, _) = with_preview(words::ENV).await;
    assert_eq!(host.ingress(get(&url)).await.ok().header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn only_the_page_that_asked_may_show_it_within_itself() {
    let (host, _, run) = with_preview("x").await;
    let path = format!("{RUNS}/{}/preview", run["id"].as_str().expect("an id"));
    for (origin, within) in [(None, "'none'"), (Some("http://127.0.0.1:8787"), "http://127.0.0.1:8787")] {
        let preview = ask(&host, &path, origin).await.ok().json();
        let page = host.ingress(get(preview["url"].as_str().expect("an address"))).await.ok();
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.ends_with(&format!("; frame-ancestors {within}")), "{policy}");
    }
    // Another page asks in vain, and what is no origin never reaches a policy.
    for origin in ["https://evil.example", "http://127.0.0.1:8787; script-src *"] {
        ask(&host, &path, Some(origin)).await.problem(403, "cross_site");
    }
}

#[tokio::test]
async fn an_address_is_of_one_answer_on_one_origin() {
    let (host, url, run) = with_preview("x").await;
    let path = url.strip_prefix("http://preview.localhost:8080").expect("that origin");
    // It is long enough that nobody guesses one, and tells nothing.
    assert!(path.len() > 100 && !path.contains("acme") && !path.contains(&run["id"].as_str().expect("an id")[4..]));
    for bad in ["/", "/x", "/%2e", &path[..path.len() - 1], &format!("{path}A"), &format!("{path}/x")] {
        host.ingress(at("GET", "preview.localhost", bad)).await.problem(404, "run_not_found");
    }
    assert_eq!(host.ingress(at("HEAD", "PREVIEW.localhost.", path)).await.status, 200);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        host.ingress(at(method, "preview.localhost", path)).await.problem(405, "method_not_allowed");
    }
    for other in ["hello--acme.localhost", "x.preview.localhost", "preview--acme.localhost"] {
        let status = host.ingress(at("GET", other, path)).await.status.as_u16();
        assert!(matches!(status, 404 | 421), "{other}: {status}");
    }
    // Nor is it on the console's origin, where the same path is the console's page.
    let console = host.call("", "GET", path, None).await;
    assert!(console.text().contains("<div id=\"app\">") || console.status == 404, "{}", console.text());
    let id = run["id"].as_str().expect("an id");
    host.call(&host.admin, "DELETE", &format!("{RUNS}/{id}"), None).await.ok();
    host.ingress(get(&url)).await.problem(404, "run_not_found");
}

#[tokio::test]
async fn there_is_no_page_of_nothing_and_none_of_a_suspended_tenant() {
    let (host, url, _) = with_preview("x").await;
    let saved = host.post("/v1/tenants/acme/prompts", json!({ "prompt": "saved" })).await.ok().json();
    let silent = host.post(RUNS, json!({ "code": modules(words::THROWS), "prompt": "p" })).await.ok().json();
    for id in [&saved["id"], &silent["id"]] {
        let path = format!("{RUNS}/{}/preview", id.as_str().expect("an id"));
        ask(&host, &path, None).await.problem(409, "no_answer");
    }
    host.post("/v1/tenants/acme/suspend", json!({})).await.ok();
    host.ingress(get(&url)).await.problem(404, "run_not_found");
}

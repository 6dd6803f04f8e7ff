//! The ingress and the invoke route: host names, headers, and what a failure looks like from outside.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use isolet_domain::fake_guests::words;
use serde_json::json;

use crate::host::{Answer, TestHost};

fn to(host: &str, path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", host).body(Full::default()).expect("a valid request")
}

async fn with(source: &str) -> TestHost {
    let host = TestHost::start().await;
    host.tenant("demo").await;
    host.deploy("demo", "hello", source).await;
    host
}

#[tokio::test]
async fn host_names_lead_to_functions() {
    let host = with("x").await;
    for (name, status) in [
        ("hello--demo.localhost", 200),
        ("hello--demo.localhost:8080", 200),
        ("HELLO--Demo.LOCALHOST.", 200),
        ("hello--demo.localhost:", 200),
        ("other--demo.localhost", 404),
        ("hello--other.localhost", 404),
        ("hello.localhost", 404),
        ("localhost:8080", 421),
        ("127.0.0.1:8080", 421),
        ("[::1]:8080", 421),
        ("hello--demo.example", 421),
        ("x.hello--demo.localhost", 421),
        ("hello--demo.localhost.example", 421),
        ("", 400),
        ("a b", 400),
        ("hello--demo.localhost@evil", 400),
        ("hello--demo.localhost:x", 400),
    ] {
        let answer = host.ingress(to(name, "/")).await;
        assert_eq!(answer.status, status, "{name:?}: {}", answer.text());
    }
    let two = Request::get("/").header("host", "hello--demo.localhost").header("host", "hello--demo.localhost");
    host.ingress(two.body(Full::default()).expect("valid")).await.problem(400, "invalid_host");
    let none = Request::get("/").body(Full::default()).expect("valid");
    host.ingress(none).await.problem(400, "invalid_host");
    let forwarded = Request::get("/").header("host", "localhost").header("x-forwarded-host", "hello--demo.localhost");
    host.ingress(forwarded.body(Full::default()).expect("valid")).await.problem(421, "misdirected");
}

#[tokio::test]
async fn the_guest_sees_the_address_as_it_was_sent() {
    let host = with("x").await;
    let answer = host.ingress(to("Hello--demo.localhost:8080", "/a//b%2F/..?q=hi&q=%20")).await;
    assert_eq!(answer.text(), "GET http://hello--demo.localhost:8080/a//b%2F/..?q=hi&q=%20 ");
    let star = Request::builder().method("OPTIONS").uri("*").header("host", "hello--demo.localhost");
    host.ingress(star.body(Full::default()).expect("valid")).await.problem(400, "malformed_request");
    let long = format!("/{}", "a".repeat(16 << 10));
    host.ingress(to("hello--demo.localhost", &long)).await.problem(414, "address_too_long");
}

#[tokio::test]
async fn an_answer_is_the_guests_own() {
    let host = with(words::FORGES).await;
    let answer = host.ingress(to("hello--demo.localhost", "/")).await;
    let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, ["content-type", "isolet-request-id", "set-cookie", "x-guest"]);
    assert!(answer.header("isolet-request-id").starts_with("req_"));
    // Whom it shares a name with, it reaches neither by cookies nor by having them forgotten.
    let cookies = |answer: &Answer| -> Vec<_> { answer.headers.get_all("set-cookie").iter().cloned().collect() };
    assert_eq!(cookies(&answer), ["own=1; Path=/", "wide=1; Path=/"]);
    let answer = host.get("/v1/tenants/demo/functions/hello/invoke/").await;
    assert_eq!(cookies(&answer), ["own=1; Path=/", "wide=1; Path=/"]);
    assert!(!answer.headers.contains_key("clear-site-data") && !answer.headers.contains_key("service-worker-allowed"));
    // A host of the tenant's own is its own to say.
    let route = json!({ "host": "demo.example", "path_prefix": "/", "function": "hello" });
    for (path, body) in [("hosts/demo.example", None), ("routes/r", Some(route))] {
        host.call(&host.admin, "PUT", &format!("/v1/tenants/demo/{path}"), body).await.ok();
    }
    let answer = host.ingress(to("demo.example", "/")).await;
    assert_eq!(cookies(&answer), ["own=1; Path=/", "wide=1; Domain=localhost; Path=/"]);
    assert!(answer.headers.contains_key("clear-site-data"));
}

#[tokio::test]
async fn platform_headers_do_not_reach_the_guest() {
    let host = with(words::HEADERS).await;
    let request = Request::get("/")
        .header("host", "hello--demo.localhost")
        .header("isolet-version", "v_x")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .header("te", "trailers")
        .header("authorization", "Bearer theirs");
    let answer = host.ingress(request.body(Full::default()).expect("valid")).await;
    assert_eq!(answer.text(), "host: hello--demo.localhost\nauthorization: Bearer theirs");
    // The key that opens the API is for the API.
    let answer = host.get("/v1/tenants/demo/functions/hello/invoke/").await;
    assert_eq!(answer.text(), "host: sandbox");
}

#[track_caller]
fn check_failure(answer: &Answer, status: u16, outcome: &str) {
    let problem = answer.problem(status, outcome);
    assert_eq!(answer.header("isolet-outcome"), outcome);
    assert!(!problem.to_string().contains("secret words"), "{problem}");
}

#[tokio::test]
async fn failures_before_the_head_are_named_and_tell_no_tales() {
    for (word, status, outcome) in [(words::THROWS, 500, "exception"), (words::LOOPS, 503, "cpu_limit")] {
        let host = with(word).await;
        check_failure(&host.ingress(to("hello--demo.localhost", "/")).await, status, outcome);
        let own = host.get("/v1/tenants/demo/functions/hello/invoke").await;
        assert_eq!(own.header("isolet-outcome"), outcome);
        assert_eq!(own.problem(status, outcome)["detail"], "Error: secret words");
    }
    let host = with("x").await;
    let missing = host.ingress(to("other--demo.localhost", "/")).await;
    missing.problem(404, "function_not_found");
    assert_eq!(missing.header("isolet-outcome"), "not_found");
}

#[tokio::test]
async fn failures_after_the_head_cut_the_connection() {
    let host = with(words::BREAKS_OFF).await;
    let answer = host.ingress(to("hello--demo.localhost", "/")).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str(), answer.cut), (200, "partial", true));
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_by_their_length() {
    let host = with("x").await;
    let body = vec![b'x'; (10 << 20) + 1];
    let request = Request::post("/").header("host", "hello--demo.localhost").body(Full::from(body)).expect("valid");
    host.ingress(request).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn the_invoke_route_marks_the_answer() {
    let host = with("x").await;
    let answer = host.get("/v1/tenants/demo/functions/hello/invoke/a/b?c=d").await;
    assert_eq!(answer.text(), "GET http://sandbox/a/b?c=d ");
    assert_eq!(answer.header("isolet-outcome"), "ok");
    assert!(answer.header("isolet-request-id").starts_with("req_"));
    assert_eq!(answer.header("content-security-policy"), "", "the guest's headers are its own");
}

#[tokio::test]
async fn a_request_that_went_round_too_often_is_not_answered() {
    let host = with("x").await;
    let after = |hops: &str| {
        let request = Request::get("/").header("host", "hello--demo.localhost").header("cdn-loop", hops);
        request.body(Full::default()).expect("a valid request")
    };
    assert_eq!(host.ingress(after("isolet; hops=8")).await.status, 200);
    host.ingress(after("isolet; hops=9")).await.problem(508, "loop_detected");
    host.ingress(after("other, isolet; hops=8, isolet")).await.problem(508, "loop_detected");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_over_its_rate_is_told_when_to_come_back() {
    let host = with("x").await;
    let mut refused = None;
    for _ in 0..2_000 {
        let answer = host.ingress(to("hello--demo.localhost", "/")).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("200 a second, and as many at once");
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
}

//! Logs: what is in a record, what a search finds, what a listener gets.

use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt as _, Full};
use isolet_domain::fake_guests::words;
use isolet_domain::limits::Admission;
use isolet_domain::service::PlatformConfig;
use isolet_domain::service::log_buffer::LogRules;
use serde_json::{Value, json};

use crate::host::{TestHost, modules, request};

const LOGS: &str = "/v1/tenants/acme/logs";

async fn host() -> TestHost {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host
}

async fn visit(host: &TestHost, function: &str, path: &str) -> String {
    let request = Request::get(path).header("host", format!("{function}--acme.localhost"));
    let answer = host.ingress(request.body(Full::default()).expect("a valid request")).await;
    answer.header("isolet-request-id").to_owned()
}

async fn logs(host: &TestHost, query: &str) -> Vec<Value> {
    host.app.platform().logs.flush().await.expect("the store is there");
    let found = host.get(&format!("{LOGS}?{query}")).await.ok().json();
    found["data"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn each_way_in_leaves_a_record() {
    let host = host().await;
    let version = host.deploy("acme", "hello", "x").await;
    let request_id = visit(&host, "hello", "/a/b?token=secret").await;
    host.get("/v1/tenants/acme/functions/hello/invoke/c").await.ok();
    let run = host.post("/v1/tenants/acme/runs", json!({ "code": modules("y"), "prompt": "p" })).await.ok().json();
    let found = logs(&host, "").await;
    let sources: Vec<_> = found.iter().map(|record| record["source"].as_str().expect("text")).collect();
    assert_eq!(sources, ["run", "invoke", "ingress"]);
    assert_eq!(
        (&found[0]["run_id"], &found[0]["function"], &found[0]["cold"]),
        (&run["id"], &Value::Null, &json!(true))
    );
    let first = &found[2];
    assert_eq!(first["request_id"], request_id.as_str());
    assert_eq!((&first["path"], &first["method"], &first["status"]), (&json!("/a/b"), &json!("GET"), &json!(200)));
    let (function, alias, number) = (&first["function"], &first["alias"], &first["version_number"]);
    assert_eq!(
        (function, alias, &first["version"], number),
        (&json!("hello"), &json!("live"), &json!(version), &json!(1))
    );
    assert_eq!((&first["outcome"], &first["cpu_ms"]), (&json!("ok"), &json!(0.7)));
    assert_eq!(first["lines"], json!([{ "t_ms": 1, "level": "info", "message": "here", "file": null, "line": null }]));
    assert!(!json!(found).to_string().contains("secret"));
    // The run's own answer has its lines still.
    assert_eq!(run["logs"][0]["message"], "here");
}

#[tokio::test]
async fn the_trace_of_a_request_is_beside_it_and_goes_on_to_the_code() {
    let host = host().await;
    host.deploy("acme", "echo", words::HEADERS).await;
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let sent = format!("00-{id}-00f067aa0ba902b7-01");
    for (path, parent) in [("/a", &*sent), ("/b", "00-nonsense-1-01"), ("/c", "")] {
        let mut request = Request::get(path).header("host", "echo--acme.localhost");
        if !parent.is_empty() {
            request = request.header("traceparent", parent);
        }
        let answer = host.ingress(request.body(Full::default()).expect("a valid request")).await;
        assert!(answer.text().contains(parent), "the code has it as it was sent: {}", answer.text());
    }
    let found = logs(&host, "").await;
    let traces: Vec<_> = found.iter().map(|record| (record["path"].as_str(), record["trace_id"].as_str())).collect();
    assert_eq!(traces, [(Some("/c"), None), (Some("/b"), None), (Some("/a"), Some(id))]);
    let of_trace = logs(&host, &format!("trace_id={id}")).await;
    assert_eq!((of_trace.len(), &of_trace[0]["path"]), (1, &json!("/a")));
    assert!(logs(&host, &format!("trace_id={}", id.replace('4', "5"))).await.is_empty());
    let bad = host.get(&format!("{LOGS}?trace_id=4BF9")).await;
    assert_eq!(
        (bad.status, bad.json()["code"].as_str()),
        (400.try_into().expect("a status"), Some("malformed_request"))
    );
}

#[tokio::test]
async fn a_run_is_in_the_trace_of_whoever_asks_for_it() {
    let host = host().await;
    let [outer, inner] = ["4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"];
    let field = |id: &str| format!("00-{id}-00f067aa0ba902b7-01");
    let run = async |path: &str, outer: Option<&str>, inner: Option<&str>| {
        let mut request = request(&host.admin, "POST", path).header("content-type", "application/json");
        if let Some(id) = outer {
            request = request.header("traceparent", field(id));
        }
        let headers = inner.map(|id| json!(["traceparent", field(id)]));
        let body = json!({ "code": modules(words::HEADERS), "request": { "headers": Vec::from_iter(headers) } });
        let body = if path.ends_with("/replay") { json!({}) } else { body };
        host.raw(request.body(Full::from(body.to_string())).expect("a valid request")).await.ok().json()
    };
    let runs = "/v1/tenants/acme/runs";
    run(runs, Some(outer), Some(inner)).await;
    let by_code = run(runs, None, Some(inner)).await;
    run(runs, Some(outer), None).await;
    run(runs, None, None).await;
    // Once more: the trace of then is none of now's, and the code is sent what it was sent.
    let replay = format!("{runs}/{}/replay", by_code["id"].as_str().expect("an id"));
    for trace in [None, Some(outer)] {
        let text = run(&replay, trace, None).await["response"]["body"]["text"].as_str().expect("text").to_owned();
        assert!(text.contains(&field(inner)), "{text}");
    }
    let found = logs(&host, "").await;
    let traces: Vec<_> = found.iter().rev().map(|record| record["trace_id"].as_str()).collect();
    assert_eq!(traces, [Some(outer), Some(inner), Some(outer), None, None, Some(outer)]);
    assert_eq!(logs(&host, &format!("trace_id={outer}")).await.len(), 3);
}

#[tokio::test]
async fn what_goes_wrong_is_there_with_its_error_and_what_never_was_is_not() {
    let host = host().await;
    host.deploy("acme", "throws", words::THROWS).await;
    host.deploy("acme", "cut", words::BREAKS_OFF).await;
    visit(&host, "throws", "/").await;
    visit(&host, "cut", "/").await;
    visit(&host, "nothing", "/").await;
    host.post("/v1/tenants/acme/suspend", json!({})).await.ok();
    visit(&host, "throws", "/").await;
    let found = logs(&host, "").await;
    let ends: Vec<_> = found.iter().map(|record| (record["outcome"].as_str(), record["status"].as_u64())).collect();
    assert_eq!(ends, [(Some("suspended"), None), (Some("cpu_limit"), Some(200)), (Some("exception"), None)]);
    assert_eq!(found[2]["error"]["message"], "Error: secret words");
    assert_eq!(logs(&host, "level=error").await.len(), 3);
    assert_eq!(logs(&host, "outcome=exception").await.len(), 1);
    assert_eq!(logs(&host, "query=secret%20w").await.len(), 2);
}

#[tokio::test]
async fn a_client_that_leaves_is_on_record() {
    let host = host().await;
    host.deploy("acme", "hangs", words::HANGS).await;
    assert!(tokio::time::timeout(Duration::from_millis(20), visit(&host, "hangs", "/")).await.is_err());
    assert_eq!(logs(&host, "").await[0]["outcome"], "client_disconnected");
}

#[tokio::test]
async fn pages_follow_each_other_and_a_cursor_is_good_for_its_own_search() {
    let host = host().await;
    host.deploy("acme", "hello", "x").await;
    for number in 0..7 {
        visit(&host, "hello", &format!("/{number}")).await;
        // Several batches, and several records in one.
        if number % 3 == 0 {
            host.app.platform().logs.flush().await.expect("the store is there");
        }
    }
    host.app.platform().logs.flush().await.expect("the store is there");
    let (mut paths, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = host.get(&format!("{LOGS}?limit=2&function=hello{cursor}")).await.ok().json();
        paths.extend(page["data"].as_array().expect("a list").iter().map(|record| record["path"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paths, ["/6", "/5", "/4", "/3", "/2", "/1", "/0"]);
    host.get(&format!("{LOGS}?limit=2{cursor}")).await.problem(400, "malformed_request");
    let first = logs(&host, "limit=1").await[0]["time"].as_str().expect("a time").to_owned();
    assert_eq!(logs(&host, &format!("start={first}")).await.len(), 1);
    assert_eq!(logs(&host, &format!("end={first}")).await.len(), 6);
}

#[tokio::test]
async fn senseless_questions_are_refused() {
    let host = host().await;
    for bad in [
        "level=bad",
        "start=now",
        "outcome=x",
        "version=1",
        "request_id=1",
        "function=A",
        "query=",
        "x=1",
        "limit=0",
        "level=info&level=warn",
        "cursor=AAAA",
    ] {
        host.get(&format!("{LOGS}?{bad}")).await.problem(400, "malformed_request");
    }
    for (accept, last, query) in [
        ("text/event-stream", "0", "end=2026-01-01T00:00:00Z"),
        ("application/x-ndjson", "0", "limit=5"),
        ("text/event-stream", "-1", ""),
        ("text/event-stream", "x", ""),
    ] {
        let asked = request(&host.admin, "GET", &format!("{LOGS}?{query}")).header("accept", accept);
        let asked = asked.header("last-event-id", last).body(Full::default()).expect("a valid request");
        host.raw(asked).await.problem(400, "malformed_request");
    }
}

/// What a listener reads until a text is there.
async fn heard(body: &mut axum::body::Body, until: &str) -> String {
    let mut heard = String::new();
    while !heard.contains(until) {
        let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await;
        let frame = frame.unwrap_or_else(|_| panic!("nothing more came after {heard:?}"));
        let data = frame.expect("it goes on").expect("it does not break off").into_data().expect("data");
        heard.push_str(std::str::from_utf8(&data).expect("UTF-8"));
    }
    heard
}

async fn listen(host: &TestHost, token: &str, accept: &str, last: &str, query: &str) -> axum::body::Body {
    let mut asked = request(token, "GET", &format!("{LOGS}?{query}")).header("accept", accept);
    if !last.is_empty() {
        asked = asked.header("last-event-id", last);
    }
    let answer = host.open(asked.body(Full::default()).expect("a valid request")).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].as_bytes()), (200, accept.as_bytes()));
    answer.into_body()
}

#[tokio::test]
async fn a_listener_gets_what_comes_and_goes_on_where_it_was() {
    let host = host().await;
    host.deploy("acme", "hello", "x").await;
    visit(&host, "hello", "/before").await;
    host.app.platform().logs.flush().await.expect("the store is there");
    let mut body = listen(&host, &host.admin, "text/event-stream", "", "query=%2Fa").await;
    heard(&mut body, "retry").await;
    for path in ["/a1", "/b", "/a2"] {
        visit(&host, "hello", path).await;
    }
    host.app.platform().logs.flush().await.expect("the store is there");
    let events = heard(&mut body, "/a2").await;
    assert!(!events.contains("/b") && events.starts_with("event: log\nid: "), "{events}");
    let id = events["event: log\nid: ".len()..].split('\n').next().expect("a line").to_owned();
    drop(body);
    // After the first of them: the second one, and what came meanwhile.
    visit(&host, "hello", "/a3").await;
    host.app.platform().logs.flush().await.expect("the store is there");
    let mut body = listen(&host, &host.admin, "application/x-ndjson", &id, "").await;
    let lines = heard(&mut body, "/a3").await;
    let paths: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["path"].clone()).collect();
    assert_eq!(paths, ["/b", "/a2", "/a3"]);
}

#[tokio::test]
async fn a_listener_hears_how_many_are_missing() {
    let admission = Admission { rate_per_second: 100_000, ..Admission::DEFAULT };
    let keep = isolet_domain::log::LogKeep { records: 8, ..LogRules::DEFAULT.keep };
    let logs = LogRules { keep, batch_records: 5, ..LogRules::DEFAULT };
    let host = TestHost::with(PlatformConfig { admission, logs, ..PlatformConfig::ALONE }).await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    visit(&host, "hello", "/first").await;
    host.app.platform().logs.flush().await.expect("the store is there");
    let all = host.get(LOGS).await.ok().json();
    let first = all["data"][0]["id"].as_str().expect("an id").to_owned();
    // Five of nine fit.
    let mut body = listen(&host, &host.admin, "text/event-stream", &first, "").await;
    for number in 0..9 {
        visit(&host, "hello", &format!("/{number}")).await;
    }
    host.app.platform().logs.flush().await.expect("the store is there");
    let events = heard(&mut body, "/4").await;
    assert!(events.contains("event: dropped\ndata: {\"count\":4}\n\n"), "{events}");
    drop(body);
    // The store forgot the first five since, and the host had left out four before those that are there.
    for number in 10..15 {
        visit(&host, "hello", &format!("/{number}")).await;
    }
    host.app.platform().logs.flush().await.expect("the store is there");
    let mut body = listen(&host, &host.admin, "application/x-ndjson", &first, "").await;
    let lines = heard(&mut body, "/14").await;
    assert!(lines.starts_with("{\"dropped\":5}\n"), "{lines}");
}

#[tokio::test]
async fn nobody_listens_longer_than_they_may() {
    let host = host().await;
    let made = host.post("/v1/tenants/acme/keys", json!({ "preset": "read-only" })).await.ok().json();
    let (id, key) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    let mut body = listen(&host, key, "text/event-stream", "", "").await;
    heard(&mut body, "retry").await;
    tokio::time::pause();
    let quiet = tokio::time::timeout(Duration::from_secs(16), body.frame()).await.expect("a sign of life");
    assert_eq!(quiet.expect("it goes on").expect("whole").into_data().expect("data"), ":\n\n");
    host.call(&host.admin, "DELETE", &format!("/v1/tenants/acme/keys/{id}"), None).await.ok();
    let ended = tokio::time::timeout(Duration::from_secs(6), body.frame()).await;
    assert!(ended.expect("it ends").is_none());
    // Nor when the host is about to stop.
    let mut body = listen(&host, &host.admin, "application/x-ndjson", "", "").await;
    host.app.start_draining();
    let ended = tokio::time::timeout(Duration::from_secs(2), body.frame()).await;
    assert!(ended.expect("it ends").is_none());
}

/// What is in it of these words, by lines of JSON or events.
fn functions(text: &str) -> Vec<&str> {
    ["shop", "other", "none"].into_iter().filter(|name| text.contains(&format!("planted-{name}"))).collect()
}

#[tokio::test]
async fn a_key_of_some_functions_reads_what_those_said_and_nothing_else() {
    let host = host().await;
    for name in ["shop-a", "other", "shop"] {
        host.deploy("acme", name, "x").await;
    }
    let bound = json!({ "preset": "deployer", "functions": ["shop*"] });
    let bound = host.post("/v1/tenants/acme/keys", bound).await.ok().json()["key"].as_str().expect("a key").to_owned();
    let everything = async |round: u8| {
        visit(&host, "shop-a", &format!("/planted-shop-{round}")).await;
        visit(&host, "other", &format!("/planted-other-{round}")).await;
        let code = modules("planted-none");
        let asked = json!({ "method": "GET", "path": format!("/planted-none-{round}") });
        host.post("/v1/tenants/acme/runs", json!({ "code": code, "request": asked })).await.ok();
        host.app.platform().logs.flush().await.expect("the store is there");
    };
    everything(1).await;
    assert_eq!(functions(&json!(logs(&host, "").await).to_string()), ["shop", "other", "none"]);
    let read = async |query: &str| host.call(&bound, "GET", &format!("/v1/tenants/~/logs?{query}"), None).await.ok();
    for query in ["", "function=shop-a", "query=planted", "limit=1"] {
        assert_eq!(functions(&read(query).await.text()), ["shop"], "{query}");
    }
    // One that it does not reach is as one that is not there.
    for query in ["function=other", "function=nobody", "query=planted-other", "query=planted-none"] {
        assert_eq!(read(query).await.json(), json!({ "data": [], "next_cursor": null }), "{query}");
    }
    // A cursor of whoever sees everything leads on to nothing else.
    let all = host.get(&format!("{LOGS}?limit=1")).await.ok().json();
    let cursor = format!("limit=1&cursor={}", all["next_cursor"].as_str().expect("there is more"));
    let taken = host.call(&bound, "GET", &format!("{LOGS}?{cursor}"), None).await;
    taken.problem(400, "malformed_request");
    // What was stored before, and what comes.
    for (accept, start) in [("text/event-stream", "start=2001-01-01T00:00:00Z"), ("application/x-ndjson", "")] {
        let mut body = listen(&host, &bound, accept, "", start).await;
        everything(2).await;
        visit(&host, "shop", "/planted-shop-3").await;
        host.app.platform().logs.flush().await.expect("the store is there");
        assert_eq!(functions(&heard(&mut body, "planted-shop-3").await), ["shop"], "{accept}");
    }
    let other = host.call(&bound, "GET", "/v1/tenants/globex/logs", None).await;
    other.problem(404, "tenant_not_found");
}

#[tokio::test]
async fn a_tenant_has_so_many_listeners() {
    let host = host().await;
    host.tenant("globex").await;
    let mut bodies = Vec::new();
    for _ in 0..isolet_domain::service::logs::MAX_TAILS {
        bodies.push(listen(&host, &host.admin, "text/event-stream", "", "").await);
    }
    let asked = || request(&host.admin, "GET", LOGS).header("accept", "text/event-stream");
    host.raw(asked().body(Full::default()).expect("a valid request")).await.problem(503, "overloaded");
    bodies.pop();
    bodies.push(listen(&host, &host.admin, "text/event-stream", "", "").await);
}

#[tokio::test]
async fn records_wait_for_a_store_that_is_away() {
    let host = host().await;
    host.deploy("acme", "hello", "x").await;
    visit(&host, "hello", "/1").await;
    host.store.set_available(false);
    assert!(host.app.platform().logs.flush().await.is_err());
    visit(&host, "hello", "/2").await;
    assert!(host.app.platform().logs.flush().await.is_err());
    host.store.set_available(true);
    let found = logs(&host, "").await;
    assert_eq!(found.iter().map(|record| &record["path"]).collect::<Vec<_>>(), ["/2", "/1"]);
    assert!(host.get("/metrics").await.text().contains("isolet_log_batches_refused_total 2\n"));
}

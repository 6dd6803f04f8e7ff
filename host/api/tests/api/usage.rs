//! Series and usage: what is counted, who may read it, and in which form.

use http::Request;
use http_body_util::Full;
use isolet_domain::fake_guests::words;
use isolet_domain::ids::FunctionName;
use isolet_domain::repository::{SeriesRepository as _, TenantRepository as _};
use isolet_domain::series::{Keeping, Place, Step, Tallies, Tally, Writer};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::host::{TestHost, modules, request};

async fn host() -> TestHost {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    host.deploy("acme", "throws", words::THROWS).await;
    for function in ["hello", "hello", "hello", "throws"] {
        let request = Request::get("/").header("host", format!("{function}--acme.localhost"));
        host.ingress(request.body(Full::default()).expect("a valid request")).await;
    }
    host.post("/v1/tenants/acme/runs", json!({ "code": modules("y") })).await.ok();
    host.app.platform().count_activity().await.expect("the store is there");
    host
}

/// The sum of a column, by what it is grouped by.
fn column(answer: &Value, name: &str, label: &str, value: Option<&str>) -> f64 {
    let series = answer["series"].as_array().expect("columns");
    let wanted =
        |column: &&Value| column["name"] == name && (label.is_empty() || column["labels"][label] == json!(value));
    let found = series.iter().find(wanted).unwrap_or_else(|| panic!("no {name} of {value:?}: {answer}"));
    assert_eq!(found["values"].as_array().map(Vec::len), answer["times"].as_array().map(Vec::len));
    found["values"].as_array().expect("values").iter().filter_map(Value::as_f64).sum()
}

#[tokio::test]
async fn numbers_are_of_the_tenant_and_grouped_as_asked() {
    let host = host().await;
    let metrics = "/v1/tenants/acme/metrics";
    let all = host.get(metrics).await.ok().json();
    assert_eq!((all["step"].as_str(), all["step_s"].as_i64()), (Some("10s"), Some(10)));
    let sum = |name| column(&all, name, "", None);
    assert_eq!((sum("requests"), sum("errors"), sum("cold_starts"), sum("cpu_ms")), (5.0, 1.0, 1.0, 3.5));
    // In one window, or in two.
    assert!(sum("memory_peak_bytes") >= f64::from(1 << 20));
    assert!(sum("duration_p99_ms") > 0.0);
    let grouped = host.get(&format!("{metrics}?step=1m&names=requests,cpu_ms&group_by=function")).await.ok().json();
    for (function, expected) in [(Some("hello"), 3.0), (Some("throws"), 1.0), (None, 1.0)] {
        assert_eq!(column(&grouped, "requests", "function", function), expected);
    }
    let outcomes = host.get(&format!("{metrics}?step=1h&names=requests&group_by=outcome")).await.ok().json();
    assert_eq!(column(&outcomes, "requests", "outcome", Some("exception")), 1.0);
    assert_eq!(column(&outcomes, "requests", "outcome", Some("ok")), 4.0);
    let one = host.get(&format!("{metrics}?names=requests&function=throws")).await.ok().json();
    assert_eq!(column(&one, "requests", "", None), 1.0);
    for bad in [
        "names=x",
        "names=",
        "step=15m",
        "step=1s",
        "group_by=tenant",
        "group_by=outcome",
        "start=now",
        "function=A",
        "x=1",
        "step=10s&start=2026-01-01T00:00:00Z&end=2026-02-01T00:00:00Z",
        "start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z",
        "step=1m&step=1m",
    ] {
        host.get(&format!("{metrics}?{bad}")).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn usage_is_of_those_within_reach() {
    let host = host().await;
    let others = host.tenant("globex").await;
    let usage = host.get("/v1/usage?granularity=1d").await.ok().json();
    let row = &usage["data"][0];
    assert_eq!((&row["labels"], &row["requests"]), (&json!({ "tenant": "acme" }), &json!(5)));
    assert_eq!((&row["closed"], &row["digest"], &row["cpu_ms"]), (&json!(false), &Value::Null, &json!(3.5)));
    assert_eq!((usage["data"].as_array().map(Vec::len), &usage["next_cursor"]), (Some(1), &Value::Null));
    let theirs = host.call(&others["tenant"], "GET", "/v1/usage", None).await.ok().json();
    assert_eq!(theirs["data"], json!([]));
    host.call(&others["deployer"], "GET", "/v1/usage", None).await.problem(403, "forbidden");
    let by_function = host.get("/v1/usage?granularity=1d&group_by=function").await.ok().json();
    let named: Vec<_> =
        by_function["data"].as_array().expect("rows").iter().map(|row| &row["labels"]["function"]).collect();
    assert_eq!(named, [&Value::Null, &json!("hello"), &json!("throws")]);
    for bad in [
        "granularity=1m",
        "group_by=",
        "group_by=tenant,tenant",
        "group_by=label.",
        "group_by=plan",
        "x=1",
        "start=x",
        "granularity=15m&start=2026-01-01T00:00:00Z&end=2026-03-01T00:00:00Z",
        "group_by=label.a,label.b,label.c,label.d,label.e,label.f",
    ] {
        host.get(&format!("/v1/usage?{bad}")).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn usage_is_of_the_tenants_that_are_named() {
    let host = host().await;
    let others = host.tenant("globex").await;
    host.deploy("globex", "theirs", "x").await;
    let request = Request::get("/").header("host", "theirs--globex.localhost");
    host.ingress(request.body(Full::default()).expect("a valid request")).await;
    host.app.platform().count_activity().await.expect("the store is there");
    let slugs = |answer: &Value| -> Vec<String> {
        let rows = answer["data"].as_array().expect("rows").iter();
        rows.map(|row| row["labels"]["tenant"].as_str().expect("a slug").to_owned()).collect()
    };
    for (named, expected) in [
        ("globex", &["globex"][..]),
        ("acme", &["acme"]),
        ("globex,acme", &["acme", "globex"]),
        ("acme,acme", &["acme"]),
    ] {
        let path = format!("/v1/usage?granularity=1d&tenant={named}");
        assert_eq!(slugs(&host.get(&path).await.ok().json()), expected, "{named}");
        for (accept, head) in [("text/csv", 1), ("application/x-ndjson", 0)] {
            let ask = request_for(&host, &path, accept);
            let text = host.raw(ask).await.ok().text();
            assert_eq!(text.lines().count(), expected.len() + head, "{accept} {text}");
            assert_eq!(expected.iter().filter(|slug| text.contains(**slug)).count(), expected.len(), "{text}");
        }
    }
    // What adds up over tenants adds up over those alone.
    let sum = host.get("/v1/usage?granularity=1d&group_by=label.plan&tenant=globex").await.ok().json();
    assert_eq!(sum["data"][0]["requests"], 1);
    for named in ["globex", "~"] {
        let path = format!("/v1/usage?granularity=1d&tenant={named}");
        assert_eq!(slugs(&host.call(&others["tenant"], "GET", &path, None).await.ok().json()), ["globex"]);
    }
    for foreign in ["acme", "nobody", "globex,acme", "No"] {
        let path = format!("/v1/usage?tenant={foreign}");
        host.call(&others["tenant"], "GET", &path, None).await.problem(404, "tenant_not_found");
    }
    for absent in ["nobody", "acme,nobody", "~", "No"] {
        host.get(&format!("/v1/usage?tenant={absent}")).await.problem(404, "tenant_not_found");
    }
    let many: Vec<String> = (0..101).map(|number| format!("t{number}")).collect();
    for bad in ["", ",", "acme,", "acme&tenant=globex", &many.join(",")] {
        host.get(&format!("/v1/usage?tenant={bad}")).await.problem(400, "malformed_request");
    }
}

fn request_for(host: &TestHost, path: &str, accept: &str) -> Request<Full<bytes::Bytes>> {
    request(&host.admin, "GET", path).header("accept", accept).body(Full::default()).expect("valid")
}

#[tokio::test]
async fn a_closed_row_is_the_same_whenever_it_is_asked_for() {
    let host = host().await;
    let slug = "acme".parse().expect("a slug");
    let tenant = host.store.tenant_by_slug(&slug).await.expect("the store is there").expect("made before");
    let scope = isolet_domain::access::TenantScope::of_route(&tenant);
    let then = Step::Hour.window(Timestamp::now().as_second()) - 7_200;
    let open = Keeping { kept: 1_000_000, closes_after: None };
    for (writer, requests) in [(1, 3), (2, 4)] {
        let place = Place { step: Step::Quarter, start: then, writer: Writer([writer; 16]) };
        let tally = Tally { requests, cpu_us: 1_500, response_bytes: 10, ..Tally::default() };
        let tallies = Tallies::from([(FunctionName::parse("hello").ok(), tally)]);
        host.store.put_tallies(&scope, &place, &tallies, open).await.expect("put");
    }
    let from = Timestamp::from_second(then).expect("a time");
    let path = format!("/v1/usage?start={from}&granularity=1h&group_by=tenant,function");
    let asked = host.get(&path).await.ok().json();
    let closed = &asked["data"][0];
    assert_eq!((&closed["requests"], &closed["closed"], &closed["cpu_ms"]), (&json!(7), &json!(true), &json!(3.0)));
    let digest = closed["digest"].as_str().expect("a digest");
    assert!(digest.starts_with("b3:"));
    host.app.platform().count_activity().await.expect("the store is there");
    assert_eq!(&host.get(&path).await.ok().json()["data"][0], closed);
    // The same as a table and as lines.
    let table = host.raw(request_for(&host, &path, "text/csv")).await.ok();
    let lines: Vec<String> = table.text().lines().map(str::to_owned).collect();
    assert!(lines[0].starts_with("window_start,window_end,tenant,function,requests,"), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("{from},")) && lines[1].contains(",acme,hello,7,0,3,"), "{}", lines[1]);
    assert!(lines[1].ends_with(&format!(",true,{digest}")), "{}", lines[1]);
    assert_eq!(table.header("content-type"), "text/csv");
    let json_lines = host.raw(request_for(&host, &path, "application/x-ndjson")).await.ok().text();
    let first: Value = serde_json::from_str(json_lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(&first, closed);
    // What labels say can change, and with it the rows.
    let by_label = host.get(&format!("/v1/usage?start={from}&group_by=label.plan")).await.ok().json();
    assert_eq!((&by_label["data"][0]["requests"], &by_label["data"][0]["digest"]), (&json!(7), &Value::Null));
}

#[tokio::test]
async fn a_report_that_breaks_off_never_looks_whole() {
    let host = host().await;
    for number in 0..150 {
        host.post("/v1/tenants", json!({ "slug": format!("t-{number}") })).await.ok();
    }
    let asked = request(&host.admin, "GET", "/v1/usage").body(Full::default()).expect("valid");
    let answer = host.open(asked).await;
    host.store.set_available(false);
    let read = http_body_util::BodyExt::collect(answer.into_body()).await;
    assert!(read.is_err());
    host.get("/v1/usage").await.problem(503, "store_unavailable");
    host.store.set_available(true);
    assert!(host.get("/metrics").await.text().contains("isolet_store_failures_total 1\n"));
}

#[tokio::test]
async fn the_page_of_metrics_has_what_an_operator_needs() {
    let host = host().await;
    let page = host.get("/metrics").await.ok().text();
    for line in [
        "isolet_duration_seconds_count 5\n",
        "isolet_duration_seconds_bucket{le=\"+Inf\"} 5\n",
        "isolet_duration_seconds_bucket{le=\"60\"} 5\n",
        "isolet_queue_wait_seconds_count 0\n",
        "isolet_log_records_total{result=\"dropped\"} 0\n",
        "isolet_series_refused_total 0\n",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
    // However many tenants there are.
    let lines = page.lines().count();
    host.tenant("globex").await;
    host.deploy("globex", "theirs", "x").await;
    assert_eq!(host.get("/metrics").await.ok().text().lines().count(), lines);
}

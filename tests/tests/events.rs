//! Runs as server-sent events over real sockets: what comes, in which order and when, and what happens when nobody reads on.

use std::time::{Duration, Instant};

use isolet_tests::host::TestHost;
use serde_json::{Value, json};

/// Says something, then sends a chunk every 200 ms, `?q=` of them.
const STREAM: &str = "export default { fetch(request) {
    console.info('begun');
    const chunks = Number(new URL(request.url).searchParams.get('q'));
    let sent = 0;
    return new Response(new ReadableStream({ async pull(controller) {
        if (sent === chunks) return controller.close();
        if (sent > 0) await new Promise(done => setTimeout(done, 200));
        controller.enqueue(new TextEncoder().encode(`chunk ${sent++};`));
    } }), { status: 201, headers: { 'x-kind': 'stream' } }) } }";

fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

fn data<'e>(events: &'e [(String, Value)], wanted: &str) -> Vec<&'e Value> {
    events.iter().filter(|(name, _)| name == wanted).map(|(_, data)| data).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_order_and_while_the_run_goes_on() {
    let host = TestHost::start().await;
    let mut stream = host.run_events("demo", STREAM, json!({ "prompt": "6" })).await;
    assert_eq!(stream.head.status, 200);
    assert_eq!(stream.head.headers["content-type"], "text/event-stream");
    assert_eq!(stream.head.headers["cache-control"], "no-store");
    let (mut events, mut first_chunk) = (Vec::new(), None);
    while let Some(event) = stream.next().await {
        if event.0 == "body" {
            first_chunk.get_or_insert_with(Instant::now);
        }
        events.push(event);
    }
    // Five pauses of 200 ms lie between the first chunk and the end; most of that even on a machine that is busy.
    let ahead = first_chunk.expect("a chunk").elapsed();
    assert!(ahead > Duration::from_millis(500), "the first chunk came only {ahead:?} before the end");

    let mut in_order = names(&events);
    in_order.dedup();
    let phases = data(&events, "phase");
    let phase_names: Vec<&str> = phases.iter().map(|phase| phase["phase"].as_str().expect("a name")).collect();
    assert_eq!(phase_names, ["compile", "build", "instantiate", "run"]);
    assert!(phases.iter().all(|phase| phase["ms"].as_f64().is_some_and(|ms| ms >= 0.0)), "{phases:?}");
    assert_eq!(in_order, ["phase", "log", "head", "body", "phase", "done"], "{events:?}");
    let log = data(&events, "log")[0];
    assert_eq!((&log["level"], &log["message"]), (&"info".into(), &"begun".into()));
    assert_eq!((&log["file"], &log["line"], log["t_ms"].is_u64()), (&"main.js".into(), &2.into(), true), "{log}");
    let head = data(&events, "head")[0];
    assert_eq!(head["status"], 201);
    assert!(head["headers"].as_array().expect("a list").contains(&json!(["x-kind", "stream"])), "{head}");
    // "chunk 0;" to "chunk 5;", eight bytes each: base 64 of a fixed length and alphabet.
    let chunks = data(&events, "body");
    let encoded: Vec<&str> = chunks.iter().map(|chunk| chunk["base64"].as_str().expect("text")).collect();
    let expected = ["Y2h1bmsgMDs=", "Y2h1bmsgMTs=", "Y2h1bmsgMjs=", "Y2h1bmsgMzs=", "Y2h1bmsgNDs=", "Y2h1bmsgNTs="];
    assert_eq!(encoded, expected);

    let done = &events.last().expect("events").1;
    assert_eq!((&done["outcome"], &done["response"]["status"]), (&"ok".into(), &201.into()), "{done}");
    assert_eq!((done["response"].get("body"), &done["logs"][0]["message"]), (None, &"begun".into()), "{done}");
    for name in ["id", "version", "cached", "error", "timing", "usage", "subrequests", "warnings"] {
        assert!(done.get(name).is_some(), "{name}: {done}");
    }
    let path = format!("/v1/tenants/demo/runs/{}", done["id"].as_str().expect("an id"));
    let recorded = host.api("GET", &path, None).await.json();
    assert_eq!(recorded["response"]["body"]["text"], "chunk 0;chunk 1;chunk 2;chunk 3;chunk 4;chunk 5;", "{recorded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_guests_are_events_and_failures_before_are_not() {
    let host = TestHost::start().await;
    let all = async |text: &str, rest: Value| {
        let mut stream = host.run_events("demo", text, rest).await;
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(event);
        }
        (stream.head, events)
    };
    let (head, events) = all("export default { fetch() {\n throw new TypeError('no') } }", json!({})).await;
    let done = &events.last().expect("events").1;
    assert_eq!((head.status.as_u16(), names(&events).contains(&"head")), (200, false), "{events:?}");
    assert_eq!((&done["outcome"], &done["response"]), (&"exception".into(), &Value::Null));
    assert_eq!((&done["error"]["file"], &done["error"]["line"]), (&"main.js".into(), &2.into()), "{done}");
    let (_, events) = all(STREAM, json!({ "prompt": "50", "limits": { "response_body_bytes": 20 } })).await;
    let done = &events.last().expect("events").1;
    assert_eq!((&done["outcome"], &done["response"]["truncated"]), (&"output_limit".into(), &true.into()), "{done}");
    assert_eq!(data(&events, "body").len(), 2, "{events:?}");
    for (text, rest, status) in
        [("export default {", json!({}), 422), ("export default { fetch() {} }", json!({ "prompt": "" }), 422)]
    {
        let answer = host.run_events("demo", text, rest).await;
        assert_eq!(answer.head.status, status);
        assert_eq!(answer.head.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_the_events_ends_the_guest() {
    let host = TestHost::start().await;
    host.tenant("acme", "f", "export default { fetch: () => new Response('x') }").await;
    // In the middle of its body, and before it has answered at all.
    let silent =
        "export default { async fetch() { console.log('begun'); await new Promise(done => setTimeout(done, 60000)) } }";
    for (nth, (text, seen)) in [(STREAM, "body"), (silent, "log")].into_iter().enumerate() {
        let mut stream = host.run_events("acme", text, json!({ "prompt": "1000" })).await;
        while stream.next().await.expect("it goes on").0 != seen {}
        drop(stream);
        let left = Instant::now();
        let recorded = loop {
            let runs = host.api("GET", "/v1/tenants/acme/runs", None).await.json();
            let runs = runs["data"].as_array().expect("a list").clone();
            if runs.len() > nth {
                break runs[0].clone();
            }
            assert!(left.elapsed() < Duration::from_secs(5), "it goes on for nobody");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(recorded["outcome"], "client_disconnected", "{recorded}");
    }
    // The places are free again: one more run than there are would not begin otherwise.
    let ran = host.run("acme", "export default { fetch: () => new Response('next') }", json!({})).await;
    assert_eq!(ran.json()["response"]["body"]["text"], "next");
}

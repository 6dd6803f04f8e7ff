//! A whole host over real sockets: first start, ingress, isolation between tenants, runs and their record, bad input, drain.

use std::time::Duration;

use isolet_tests::host::TestHost;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_leaves_something_to_try() {
    let host = TestHost::start().await;
    assert_eq!(host.get("hello", "demo", "/?q=hi").await.text(), "HI");
    let runs = host.api("GET", "/v1/tenants/demo/runs", None).await.json();
    assert_eq!(runs["data"].as_array().map(Vec::len), Some(1), "{runs}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&host.host.started.admin_key_file).expect("there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    // The link works once.
    let session = json!({ "link": host.host.started.link });
    let opened = host.api_as("none", "POST", "/v1/sessions", Some(session.clone())).await;
    assert_eq!(opened.status, 201, "{}", opened.text());
    assert!(opened.headers.get("set-cookie").is_none());
    assert_eq!(host.api_as("none", "POST", "/v1/sessions", Some(session)).await.status, 401);
    let token = opened.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(host.api_as(&token, "GET", "/v1/tenants", None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_code_in_two_tenants_shares_nothing() {
    let host = TestHost::start().await;
    let text = "let n = 0; globalThis.seen ??= []; export default { fetch(r, env) { n++; seen.push(env.WHO); return new Response(`${env.WHO} ${new URL(r.url).searchParams.get('q')} ${n} ${seen.length}`) } }";
    for tenant in ["acme", "globex"] {
        host.tenant(tenant, "same", text).await;
        let env = json!({ "name": "WHO", "value": format!("{tenant}-secret") });
        assert_eq!(host.api("POST", &format!("/v1/tenants/{tenant}/functions/same/env"), Some(env)).await.status, 200);
    }
    let one = |index: usize| {
        let host = &host;
        async move {
            let tenant = if index.is_multiple_of(2) { "acme" } else { "globex" };
            let reply = host.get("same", tenant, &format!("/?q={index}")).await;
            assert_eq!(reply.text(), format!("{tenant}-secret {index} 1 1"), "{reply:?}");
        }
    };
    // 5,000 requests, fifty at a time, tenants in turn.
    for batch in 0..100 {
        futures_util::future::join_all((0..50).map(|index| one(batch * 50 + index))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_suspended_tenant_has_in_flight_ends() {
    let data = tempfile::tempdir().expect("a folder");
    let variables = [("ISOLET_ADMISSION__SUSPENSION_GRACE_MS", "0"), ("ISOLET_LIMITS__CPU_MS", "60000")];
    let host = TestHost::start_in(data.path().to_owned(), Some(data), &variables).await;
    let waits =
        "export default { fetch: () => new Promise(end => setTimeout(end, 8_000)).then(() => new Response('waited')) }";
    let computes = "export default { fetch() { for (;;); } }";
    host.tenant("acme", "waits", waits).await;
    host.deploy("acme", "computes", computes).await;
    host.tenant("globex", "waits", waits).await;
    let suspend = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let why = json!({ "reason": "", "code": "" });
        assert_eq!(host.api("POST", "/v1/tenants/acme/suspend", Some(why)).await.status, 200);
    };
    let (waiting, computing, other, ()) = tokio::join!(
        host.get("waits", "acme", "/"),
        host.get("computes", "acme", "/"),
        host.get("waits", "globex", "/"),
        suspend
    );
    for ended in [waiting, computing] {
        assert_eq!((ended.status, ended.code()), (503, "suspended".to_owned()), "{ended:?}");
        assert_eq!(ended.headers["isolet-outcome"], "suspended");
    }
    assert_eq!(other.text(), "waited");
    // Let in again, it is not ended for what was before.
    assert_eq!(host.api("POST", "/v1/tenants/acme/resume", None).await.status, 200);
    assert_eq!(host.get("waits", "acme", "/").await.text(), "waited");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_things_are_not_there() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme", "f", "export default { fetch: () => new Response('acme') }").await;
    let globex = host.tenant("globex", "f", "export default { fetch: () => new Response('globex') }").await;
    assert_eq!(host.api_as(&acme, "GET", "/v1/tenants/acme/functions/f", None).await.status, 200);
    for path in [
        "",
        "/functions",
        "/functions/f",
        "/functions/f/versions",
        "/functions/f/env",
        "/runs",
        "/prompts",
        "/keys",
        "/functions/f/invoke/",
    ] {
        let foreign = host.api_as(&globex, "GET", &format!("/v1/tenants/acme{path}"), None).await;
        let absent = host.api_as(&globex, "GET", &format!("/v1/tenants/nobody{path}"), None).await;
        assert_eq!((foreign.status, absent.status), (404, 404), "{path} {}", foreign.text());
        let shape = |reply: &isolet_tests::host::Reply| {
            let mut json = reply.json();
            json["request_id"] = json!("");
            json["instance"] = json!("");
            json
        };
        assert_eq!(shape(&foreign), shape(&absent), "{path}");
    }
    assert_eq!(host.api_as(&acme, "POST", "/v1/tenants", Some(json!({ "slug": "x" }))).await.status, 403);
    assert_eq!(host.api_as("isl_admin_nonsense", "GET", "/v1/tenants", None).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_recorded_and_can_be_had_again() {
    let host = TestHost::start().await;
    host.tenant("acme", "f", "export default { fetch: () => new Response('x') }").await;
    let text = "export default { fetch(r, env) { console.info('said'); return new Response(env.WHO + new URL(r.url).searchParams.get('q')) } }";
    for index in 0..25 {
        let reply = host
            .run("acme", text, json!({ "prompt": format!("p {index}"), "env": { "WHO": "planted-secret-" } }))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let result = reply.json();
        assert_eq!(result["response"]["body"]["text"], format!("planted-secret-p {index}"));
        assert_eq!((result["outcome"].as_str(), result["cached"].as_bool()), (Some("ok"), Some(index > 0)));
    }
    let prompts = host.api("GET", "/v1/tenants/acme/prompts", None).await.json();
    let texts: Vec<&str> =
        prompts["data"].as_array().expect("a list").iter().map(|item| item["prompt"].as_str().expect("text")).collect();
    assert_eq!((texts.len(), texts[0], texts[19]), (20, "p 24", "p 5"));
    let id = prompts["data"][0]["id"].as_str().expect("an id").to_owned();
    let run = host.api("GET", &format!("/v1/tenants/acme/runs/{id}"), None).await.json();
    assert_eq!(run["code"]["modules"]["main.js"], text);
    assert_eq!(host.api("POST", &format!("/v1/tenants/acme/runs/{id}/replay"), Some(json!({}))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_its_status_and_loses_nothing() {
    let host = TestHost::start().await;
    let runs = "/v1/tenants/demo/runs";
    for (body, status) in [
        (b"{".to_vec(), 400),
        (b"[]".to_vec(), 400),
        (b"{\"code\":{\"modules\":{\"main.js\":\"x\"},\"main_module\":\"main.js\"},\"typo\":1}".to_vec(), 400),
        (b"{\"code\":{\"modules\":{\"main.js\":5},\"main_module\":\"main.js\"}}".to_vec(), 400),
        (b"{\"code\":{\"modules\":{\"main.js\":\"\xFF\"},\"main_module\":\"main.js\"}}".to_vec(), 400),
        (vec![b'['; 4000], 400),
        (b"{\"code\":{\"modules\":{\"main.js\":\"\"},\"main_module\":\"main.js\"}}".to_vec(), 422),
        (b"{\"code\":{\"modules\":{\"a.js\":\"x\"},\"main_module\":\"main.js\"}}".to_vec(), 422),
        (b"{\"code\":{\"modules\":{\"main.js\":\"export default {\"},\"main_module\":\"main.js\"}}".to_vec(), 422),
        (
            format!(
                "{{\"code\":{{\"modules\":{{\"main.js\":\"{}\"}},\"main_module\":\"main.js\"}}}}",
                "x".repeat(11 << 20)
            )
            .into_bytes(),
            413,
        ),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(90)]).into_owned();
        let reply = host.raw(&host.key, "POST", runs, body).await;
        assert_eq!(reply.status, status, "{shown}: {}", reply.text());
        assert_eq!(reply.headers["content-type"], "application/problem+json", "{shown}");
        assert!(reply.headers.contains_key("isolet-request-id"));
    }
    let ok = "export default { fetch: () => new Response('ok') }";
    for (chars, status) in [(0, 422), (1, 200), (16_384, 200), (16_385, 422)] {
        assert_eq!(host.run("demo", ok, json!({ "prompt": "p".repeat(chars) })).await.status, status, "{chars}");
    }
    for (text, outcome) in [
        ("export default { fetch() { while (true) {} } }", "cpu_limit"),
        ("export default { fetch() { const a = []; for (;;) a.push(new Uint8Array(1 << 20)) } }", "memory_limit"),
        ("export default { fetch() { function f() { f() } f() } }", "stack_limit"),
        ("export default { fetch() { return new Promise(() => {}) } }", "no_response"),
        ("export default { fetch() { throw new Error('x') } }", "exception"),
    ] {
        // Little memory, so that filling it takes less than the CPU limit on any machine.
        let reply = host.run("demo", text, json!({ "limits": { "memory_bytes": 16 << 20 } })).await;
        assert_eq!((reply.status, reply.json()["outcome"].as_str()), (200, Some(outcome)), "{}", reply.text());
    }
    assert_eq!(host.get("hello", "demo", "/?q=still").await.text(), "STILL");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_through_the_ingress_are_named_in_headers() {
    let host = TestHost::start().await;
    for (function, text, status, outcome) in [
        ("cpu", "export default { fetch() { while (true) {} } }", 503, "cpu_limit"),
        ("boom", "export default { fetch() { throw new Error('secret detail') } }", 500, "exception"),
        (
            "teapot",
            "export default { fetch: () => new Response('short', { status: 418, headers: { 'isolet-outcome': 'forged' } }) }",
            418,
            "",
        ),
    ] {
        host.deploy("demo", function, text).await;
        let reply = host.get(function, "demo", "/").await;
        let named = reply.headers.get("isolet-outcome").map(|value| value.to_str().expect("text")).unwrap_or_default();
        assert_eq!((reply.status, named), (status, outcome), "{}", reply.text());
        assert!(!reply.text().contains("secret detail"));
    }
    assert_eq!(host.get("nope", "demo", "/").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data");
    let host = TestHost::start_in(path.clone(), None, &[]).await;
    host.tenant("acme", "f", "export default { fetch: () => new Response('one') }").await;
    host.deploy("acme", "f", "export default { fetch: () => new Response('two') }").await;
    host.host.stop().await.expect("drains");
    let host = TestHost::start_in(path, None, &[]).await;
    assert_eq!(host.get("f", "acme", "/").await.text(), "two");
    assert!(!host.host.started.first_start || host.get("hello", "demo", "/?q=x").await.status == 200);
}

/// Its last frames are taken after the guest ended.
#[tokio::test(flavor = "multi_thread")]
async fn every_byte_of_an_answer_is_on_the_bill() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data");
    let host = TestHost::start_in(path.clone(), None, &[]).await;
    let text = "export default { fetch: (r) => new Response('x'.repeat(new URL(r.url).searchParams.get('n'))) }";
    host.tenant("acme", "f", text).await;
    let mut sent = 0;
    for bytes in [0, 1, 1_000, 70_000, 500_000].into_iter().cycle().take(20) {
        let reply = host.get("f", "acme", &format!("/?n={bytes}")).await;
        assert_eq!((reply.status, reply.text().len()), (200, bytes));
        sent += bytes;
    }
    // What is counted is written on the way out at the latest.
    host.host.stop().await.expect("drains");
    let host = TestHost::start_in(path, None, &[]).await;
    let usage = host.api("GET", "/v1/usage?group_by=tenant", None).await.json();
    let of_acme = usage["data"].as_array().expect("rows").iter().filter(|row| row["labels"]["tenant"] == "acme");
    let counted: u64 = of_acme.map(|row| row["response_bytes"].as_u64().expect("a number")).sum();
    assert_eq!(counted, sent as u64, "{usage}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_lets_requests_in_flight_end() {
    let TestHost { host, key: _, .. } = TestHost::start().await;
    let ingress = host.started.ingress;
    let mut stream = tokio::net::TcpStream::connect(ingress).await.expect("connects");
    let head =
        "POST /?q=slow HTTP/1.1\r\nhost: hello--demo.localhost\r\ncontent-length: 1\r\nconnection: close\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.expect("sent");
    // Long enough for the connection to be accepted on a busy machine: one that still waits in the queue is not in flight.
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    let stopping = tokio::spawn(host.stop());
    tokio::time::sleep(Duration::from_millis(100)).await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"x").await.expect("sent");
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.expect("read");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("SLOW"), "{answer}");
    stopping.await.expect("no panic").expect("drains");
    assert!(tokio::net::TcpStream::connect(ingress).await.is_err(), "nobody listens any more");
}

/// The wire and the record of limits are written by hand, each in its crate: neither may leave one out.
#[tokio::test(flavor = "multi_thread")]
async fn every_limit_there_is_can_be_set_and_is_kept() {
    let host = TestHost::start().await;
    let document = isolet_api::openapi_document();
    let properties = document["components"]["schemas"]["LimitsText"]["properties"].as_object().expect("an object");
    let least = |name: &str| if name == "memory_bytes" { 16 << 20 } else { 1 };
    let set: serde_json::Map<_, _> =
        properties.keys().zip(0..).map(|(name, n)| (name.clone(), json!(least(name) + n))).collect();
    let known = format!("{:?}", isolet_domain::limits::LimitBounds::default()).matches(": None").count();
    assert_eq!(set.len(), known, "{set:?}");
    let path = "/v1/tenants/demo/limits";
    assert_eq!(host.api("PUT", path, Some(json!(set))).await.status, 200);
    let kept = host.api("GET", path, None).await.json();
    assert_eq!(kept["set"], json!(set));
}

/// Also by those who do not wait for the answer: they are charged for what ran.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_holds_whatever_callers_do() {
    let host = TestHost::start().await;
    host.tenant("acme", "burn", "export default { fetch: () => { for (;;) {} } }").await;
    host.tenant("globex", "hello", "export default { fetch: () => new Response('hi') }").await;
    let budget = json!({ "cpu_ms_per_minute": 300, "concurrency": 4 });
    assert_eq!(host.api("PUT", "/v1/tenants/acme/limits", Some(budget)).await.status, 200);
    let (mut refused, begun) = (0, std::time::Instant::now());
    while refused == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the budget never ended");
        // Four at once, who go away after some of the work is done.
        let impatient = (0..4).map(|_| tokio::time::timeout(Duration::from_millis(30), host.get("burn", "acme", "/")));
        for reply in futures_util::future::join_all(impatient).await.into_iter().flatten() {
            refused += u32::from(reply.status == 429);
        }
    }
    let reply = host.get("burn", "acme", "/").await;
    assert_eq!((reply.status, reply.code()), (429, "quota_exceeded".to_owned()));
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(host.get("hello", "globex", "/").await.text(), "hi");
}

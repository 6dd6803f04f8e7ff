//! Bad input: the status and the problem document, never a 500, and no record of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::Full;
use isolet_domain::service::PlatformConfig;
use serde_json::json;

use crate::host::{Answer, TestHost, modules, request};

impl TestHost {
    async fn send(&self, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let request = request(&self.admin, "POST", path).header("content-type", content_type);
        self.raw(request.body(Full::new(body.into())).expect("a valid request")).await
    }
}

const RUNS: &str = "/v1/tenants/acme/runs";

#[tokio::test]
async fn malformed_bodies_are_400() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    let nested = "[".repeat(4_096);
    let deep = format!(r#"{{"code":{{"modules":{{"main.js":{nested}"#);
    let deep_value = format!(r#"{{"code":{{"version":"v_x"}},"egress":{nested}"#);
    let bodies: [(&str, &[u8]); 15] = [
        ("nothing", b""),
        ("half an object", b"{"),
        ("not JSON", b"hello"),
        ("an array", b"[]"),
        ("an array of fields", br#"["acme", {}]"#),
        ("null", b"null"),
        ("rest", b"{} {}"),
        ("brackets", nested.as_bytes()),
        ("brackets inside", deep.as_bytes()),
        ("brackets in a value", deep_value.as_bytes()),
        ("unknown field", br#"{"nonsense":1}"#),
        ("wrong type", br#"{"code":1,"slug":1,"modules":1,"name":1,"value":1,"prompt":1,"preset":1,"labels":1}"#),
        ("repeated field", br#"{"slug":"a","slug":"b"}"#),
        ("invalid UTF-8", b"{\"slug\":\"\xff\"}"),
        ("lone surrogate", br#"{"slug":"\ud800"}"#),
    ];
    for path in [
        "/v1/tenants",
        "/v1/tenants/acme/keys",
        "/v1/tenants/acme/functions/hello/env",
        "/v1/tenants/acme/functions/hello/versions",
        "/v1/tenants/acme/functions/hello/deploy",
        "/v1/tenants/acme/prompts",
        RUNS,
        "/v1/check",
        "/v1/sessions",
    ] {
        for (what, body) in &bodies {
            let answer = host.send(path, "application/json", body.to_vec()).await;
            assert_eq!(answer.status, 400, "{path}: {what}");
            answer.problem(400, "malformed_request");
        }
    }
    for list in ["prompts", "runs"] {
        let kept = host.get(&format!("/v1/tenants/acme/{list}")).await.ok().json();
        assert_eq!(kept["data"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn bodies_that_are_held_back_keep_nobody_out() {
    const ALL: usize = 4 << 20;
    let host = TestHost::with_body_memory(ALL, PlatformConfig::ALONE).await;
    let (mut greedy, read) = (Vec::new(), Arc::<AtomicUsize>::default());
    for tenant in ["a", "b", "c", "d"] {
        greedy.push(host.tenant(tenant).await["tenant"].clone());
    }
    let late = host.tenant("e").await["tenant"].clone();
    let of = |key: &str| {
        let tenant = if key == host.admin { "e" } else { "~" };
        request(key, "POST", &format!("/v1/tenants/{tenant}/runs")).header("content-type", "application/json")
    };
    let sized = |bytes: usize| json!({ "code": modules(&"x".repeat(bytes)), "record": false }).to_string();
    // All but the end of them comes.
    let held = async |key: &str| {
        let read = read.clone();
        let begun = stream::once(async { Ok::<_, Infallible>(Bytes::from(vec![b' '; ALL / 4])) });
        let mut first = 1;
        let rest = stream::poll_fn(move |_| {
            read.fetch_add(std::mem::take(&mut first), Ordering::SeqCst);
            Poll::Pending
        });
        let body = axum::body::Body::from_stream(begun.chain(rest));
        let answer = host.open(of(key).body(body).expect("a valid request")).await;
        (answer.status(), answer.headers().contains_key("retry-after"))
    };
    let held: Vec<_> = greedy.iter().map(|key| held(key)).collect();
    let meanwhile = async {
        for _ in 0..100_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(read.load(Ordering::SeqCst), greedy.len(), "all of them are waited for");
        let send = async |key: &str, bytes: usize| {
            let request = of(key).header("idempotency-key", format!("\"{bytes}\""));
            host.raw(request.body(Full::from(sized(bytes))).expect("a valid request")).await
        };
        send(&greedy[0], 100 << 10).await.problem(503, "overloaded");
        send(&greedy[0], 1 << 10).await.ok();
        send(&host.admin, 3 << 20).await.ok();
        send(&late, 500 << 10).await.ok();
        send(&late, 501 << 10).await.ok();
    };
    let (first, ()) = tokio::join!(futures_util::future::select_all(held.into_iter().map(Box::pin)), meanwhile);
    assert_eq!(first.0, (http::StatusCode::SERVICE_UNAVAILABLE, true), "one of them gave way");
    let rest = futures_util::future::select_all(first.2);
    assert!(tokio::time::timeout(Duration::from_millis(50), rest).await.is_err(), "and one alone");
}

#[tokio::test]
async fn who_may_not_is_refused_before_anything_is_read() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let never = || axum::body::Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    for key in [None, Some("\"k\"")] {
        let mut asked =
            request(&keys["read-only"], "POST", "/v1/tenants/~/runs").header("content-type", "application/json");
        if let Some(key) = key {
            asked = asked.header("idempotency-key", key);
        }
        let answer = host.open(asked.body(never()).expect("a valid request"));
        let answer = tokio::time::timeout(Duration::from_secs(5), answer).await.expect("nothing is waited for");
        assert_eq!(answer.status(), 403, "{key:?}");
    }
}

#[tokio::test]
async fn what_a_run_is_sent_is_within_its_limits() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let sent = |bytes: usize| {
        let request = json!({ "method": "POST", "path": "/", "body": { "text": "x".repeat(bytes) } });
        json!({ "code": modules("x"), "request": request, "limits": { "request_body_bytes": 1_000 } })
    };
    host.post(RUNS, sent(1_000)).await.ok();
    host.post(RUNS, sent(1_001)).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn the_place_of_a_fault_is_named() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    for (body, pointer) in [
        (json!({ "code": { "modules": { "a/b.js": 1 }, "main_module": "a" } }), "/code/modules/a~1b.js"),
        (json!({ "code": { "modules": {} , "main_modul": "a" } }), "/code/main_modul"),
        (json!({ "code": modules("x"), "limits": { "cpu_ms": -1 } }), "/limits/cpu_ms"),
        (json!({ "code": modules("x"), "limits": { "cpu": 1 } }), "/limits/cpu"),
        (json!({ "code": modules("x"), "request": { "headers": [["a"]] } }), "/request/headers/0"),
        (json!({ "code": modules("x"), "reuse": "sometimes" }), "/reuse"),
    ] {
        let problem = host.post(RUNS, body).await.problem(400, "malformed_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[tokio::test]
async fn repeated_keys_are_refused_in_maps_too() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    for body in [
        r#"{"code":{"modules":{"main.js":"a","main.js":"b"},"main_module":"main.js"}}"#,
        r#"{"code":{"modules":{"main.js":"a"},"main_module":"main.js"},"env":{"A":"1","A":"2"}}"#,
        r#"{"code":{"modules":{"main.js":"a"},"main_module":"main.js"},"code":{"function":"x"}}"#,
    ] {
        host.send(RUNS, "application/json", body).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn code_that_cannot_be_code_is_422_or_413() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    let eleven = "x".repeat(11 << 20);
    let six = "x".repeat(6 << 20);
    for (code, status, slug) in [
        (json!({ "modules": {}, "main_module": "main.js" }), 422, "invalid_code"),
        (json!({ "modules": { "main.js": "" }, "main_module": "main.js" }), 422, "invalid_code"),
        (json!({ "modules": { "main.js": "x" }, "main_module": "other.js" }), 422, "invalid_code"),
        (json!({ "modules": { "../main.js": "x" }, "main_module": "../main.js" }), 422, "invalid_code"),
        (json!({ "modules": { "main.wasm": "x" }, "main_module": "main.wasm" }), 422, "invalid_code"),
        (json!({ "modules": { "main.js": eleven }, "main_module": "main.js" }), 413, "code_too_large"),
        (json!({ "modules": { "main.js": six, "b.js": six }, "main_module": "main.js" }), 413, "code_too_large"),
        (json!({ "modules": { "main.js": "x" } }), 422, "invalid_request"),
    ] {
        if slug != "invalid_request" {
            let path = "/v1/tenants/acme/functions/hello/versions";
            host.post(path, code.clone()).await.problem(status, slug);
        }
        host.post("/v1/tenants/acme/functions/hello/deploy", code.clone()).await.problem(status, slug);
        host.post(RUNS, json!({ "code": code })).await.problem(status, slug);
    }
    let versions = host.get("/v1/tenants/acme/functions/hello/versions").await.ok().json();
    assert_eq!(versions["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_import_map_is_checked_entry_by_entry() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    let with = |options: serde_json::Value| json!({ "modules": { "main.js": "x" }, "main_module": "main.js", "options": options });
    for (map, pointer) in [
        (json!({ "./a": "./main.js" }), "/options/import_map/.~1a"),
        (json!({ "hono": "./hono.js" }), "/options/import_map/hono"),
        (json!({ "lib/": "./main.js" }), "/options/import_map/lib~1"),
    ] {
        let body = with(json!({ "import_map": map }));
        let run =
            json!({ "code": { "modules": body["modules"], "main_module": "main.js" }, "options": body["options"] });
        for answer in [
            host.post("/v1/tenants/acme/functions/hello/versions", body.clone()).await,
            host.post("/v1/tenants/acme/functions/hello/deploy", body.clone()).await,
            host.post("/v1/check", body.clone()).await,
            host.post(RUNS, run.clone()).await,
        ] {
            let problem = answer.problem(422, "invalid_code");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
    }
    // A typo is no option, a version has its own, and what was asked for can be read again.
    let path = "/v1/tenants/acme/functions/hello/deploy";
    host.post(path, with(json!({ "alow_eval": true }))).await.problem(400, "malformed_request");
    let options = json!({ "allow_eval": true, "import_map": { "x": "main.js" } });
    let deployed = host.post(path, with(options.clone())).await.ok().json();
    let version = deployed["version"].as_str().expect("an id");
    let again = json!({ "version": version, "options": options });
    let problem = host.post(path, again).await.problem(422, "invalid_request");
    assert_eq!(problem["errors"][0]["pointer"], "/options");
    let source = host.get(&format!("/v1/tenants/acme/functions/hello/versions/{version}/source")).await.ok().json();
    assert_eq!(source["options"], options);
}

#[tokio::test]
async fn bodies_have_a_hard_cap() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.send(RUNS, "application/json", vec![b' '; (64 << 20) + 1]).await.problem(413, "body_too_large");
    host.send("/v1/tenants", "application/json", vec![b' '; (1 << 20) + 1]).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn only_json_is_read() {
    let host = TestHost::start().await;
    for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
        host.send("/v1/tenants", content_type, r#"{"slug":"a"}"#).await.problem(415, "unsupported_media_type");
    }
    let answer = host.send("/v1/tenants", "Application/JSON; charset=\"UTF-8\"", r#"{"slug":"a"}"#).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn prompts_have_1_to_16384_characters() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    for (length, good) in [(0, false), (1, true), (16_384, true), (16_385, false)] {
        let prompt = "ä".repeat(length);
        let run = host.post(RUNS, json!({ "code": modules("x"), "prompt": prompt })).await;
        let saved = host.post("/v1/tenants/acme/prompts", json!({ "prompt": prompt })).await;
        if good {
            assert_eq!((run.status.as_u16(), saved.status.as_u16()), (200, 201), "{length}");
            continue;
        }
        for answer in [run, saved] {
            let problem = answer.problem(422, "invalid_request");
            assert_eq!(problem["errors"][0]["pointer"], "/prompt", "{length}");
        }
    }
}

#[tokio::test]
async fn fields_that_make_no_sense_are_422_with_their_place() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let run = |more: serde_json::Value| {
        let mut body = json!({ "code": modules("x") });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    for (body, pointer) in [
        (run(json!({ "env": { "ISOLET_X": "1" } })), "/env/ISOLET_X"),
        (run(json!({ "env": { "a/b": "1" } })), "/env/a~1b"),
        (run(json!({ "env": { "A": "x".repeat(70_000) } })), "/env"),
        (run(json!({ "request": { "method": "G T" } })), "/request/method"),
        (run(json!({ "request": { "path": "x" } })), "/request/path"),
        (run(json!({ "request": { "headers": [["a", "b\r\nc: d"]] } })), "/request/headers/0"),
        (run(json!({ "request": { "body": { "base64": "!" } } })), "/request/body/base64"),
        (run(json!({ "request": { "body": {} } })), "/request/body"),
        (run(json!({ "limits": { "cpu_ms": 0 } })), "/limits/cpu_ms"),
        (run(json!({ "egress": { "rules": [{ "action": "allow", "host": "a b" }] } })), "/egress/rules/0/host"),
        (json!({ "code": { "function": "hello" }, "options": { "allow_eval": true } }), "/options"),
        (run(json!({ "entrypoint": "" })), "/entrypoint"),
        (json!({ "code": {} }), "/code"),
        (json!({ "code": { "version": "v_x" } }), "/code/version"),
        (json!({ "code": { "function": "a--b" } }), "/code/function"),
        (json!({ "code": { "function": "a", "version": "v_x" } }), "/code"),
    ] {
        let problem = host.post(RUNS, body).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    for slug in ["", "A", "a--b", "xn", &"a".repeat(31)] {
        host.post("/v1/tenants", json!({ "slug": slug })).await.problem(422, "invalid_request");
    }
    let put = host.call(&host.admin, "PUT", "/v1/tenants/acme/functions/a--b", Some(json!({}))).await;
    assert_eq!(put.problem(422, "invalid_request")["errors"][0]["pointer"], "/name");
}

#[tokio::test]
async fn list_parameters_are_checked() {
    let host = TestHost::start().await;
    for query in ["limit=0", "limit=501", "limit=x", "cursor=x", "nonsense=1", "limit=1&limit=2"] {
        host.get(&format!("/v1/tenants?{query}")).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn addresses_that_lead_nowhere() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    for path in
        ["/v1", "/v1/", "/v1/nonsense", "/v1/tenants/acme/nonsense", "/v1/tenants/acme/runs/x/y", "/nonsense.js"]
    {
        host.get(path).await.problem(404, "not_found");
    }
    for path in ["/v1/tenants/%ff", "/v1/tenants/%00", "/v1/tenants/..%2f..", "/v1/tenants/ACME"] {
        host.get(path).await.problem(404, "tenant_not_found");
    }
    let answer = host.call(&host.admin, "PUT", "/v1/tenants", Some(json!({}))).await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let long = format!("/v1/tenants?cursor={}", "a".repeat(16 << 10));
    host.get(&long).await.problem(414, "address_too_long");
}

#[tokio::test]
async fn without_a_store_writes_are_503_and_leave_nothing() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    // The admin key is believed for a second after this.
    host.get("/v1/whoami").await.ok();
    host.store.set_available(false);
    let answer = host.post("/v1/tenants", json!({ "slug": "late" })).await;
    answer.problem(503, "store_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(host.call("", "GET", "/readyz", None).await.status, 503);
    host.store.set_available(true);
    host.get("/v1/tenants/late").await.problem(404, "tenant_not_found");
}

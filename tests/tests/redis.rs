//! A whole host over a real Redis: everything is kept there, and what happens while it is frozen or gone. What the store itself
//! promises is tested in `host/storage/tests/contract`.

use std::time::{Duration, Instant};

use isolet_tests::host::{Reply, TestHost};
use isolet_tests::proxy::{Proxy, Weather};
use isolet_tests::server::Server;
use isolet_tests::trio::Trio;
use serde_json::{Value, json};

/// As in `variables`: after so long an operation has failed.
const TIMEOUT: Duration = Duration::from_millis(800);
/// Reads and writes one after the other that one request may need, and time to be scheduled on a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_millis(4_000);

/// Redis that loses nothing it has acknowledged, or `None` where there is none.
fn durable() -> Option<Server> {
    Server::start(&["appendonly yes", "appendfsync always"])
}

async fn host_over(server: &Server, folder: &tempfile::TempDir) -> TestHost {
    host_at(&server.url(), folder).await
}

async fn host_at(url: &str, folder: &tempfile::TempDir) -> TestHost {
    let timeout = TIMEOUT.as_millis().to_string();
    let variables = [
        ("ISOLET_STORAGE__REDIS__URL", url),
        ("ISOLET_STORAGE__REDIS__TIMEOUT_MS", &timeout),
        ("ISOLET_STORAGE__REDIS__BLOB_TIMEOUT_MS", &timeout),
    ];
    TestHost::start_in(folder.path().join("data"), None, &variables).await
}

fn answering(text: &str) -> String {
    format!("export default {{ fetch: (request, env) => new Response('{text}' + (env.WHO ?? '')) }}")
}

fn code(text: &str) -> Value {
    json!({ "modules": { "main.js": answering(text) }, "main_module": "main.js" })
}

/// `GET path` without a key.
async fn health(host: &TestHost, path: &str) -> (u16, Value) {
    let reply = host.api_as("none", "GET", path, None).await;
    (reply.status, reply.json()["status"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_in_redis_after_a_restart() {
    let Some(mut server) = durable() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let host = host_over(&server, &folder).await;
    assert_eq!(host.host.started.store, "redis");
    let key = host.tenant("acme", "f", &answering("one")).await;
    host.deploy("acme", "f", &answering("two")).await;
    let env = json!({ "name": "WHO", "value": "-me" });
    assert_eq!(host.api("POST", "/v1/tenants/acme/functions/f/env", Some(env)).await.status, 200);
    assert_eq!(host.get("f", "acme", "/").await.text(), "two-me");
    let ran = host.run("acme", &answering("run"), json!({ "prompt": "kept" })).await.json();
    assert_eq!((&ran["outcome"], &ran["warnings"]), (&"ok".into(), &json!([])));
    host.host.stop().await.expect("drains");
    assert!(!folder.path().join("data/data.redb").exists());

    server.kill();
    server.restart();
    let host = host_over(&server, &folder).await;
    assert!(!host.host.started.first_start);
    assert_eq!(host.get("f", "acme", "/").await.text(), "two-me");
    assert_eq!(host.api_as(&key, "GET", "/v1/tenants/acme/functions/f", None).await.status, 200);
    let versions = host.api("GET", "/v1/tenants/acme/functions/f/versions", None).await.json();
    assert_eq!(versions["data"].as_array().map(Vec::len), Some(2), "{versions}");
    let id = ran["id"].as_str().expect("an id");
    let run = host.api("GET", &format!("/v1/tenants/acme/runs/{id}"), None).await.json();
    assert_eq!((&run["response"]["body"]["text"], &run["prompt"]), (&"run".into(), &"kept".into()), "{run}");
    assert_eq!(host.get("hello", "demo", "/?q=hi").await.text(), "HI");
    host.host.stop().await.expect("drains");
}

#[tokio::test(flavor = "multi_thread")]
async fn known_functions_go_on_without_redis_and_nothing_is_half_done() {
    for killed in [false, true] {
        let Some(mut server) = durable() else { return };
        let folder = tempfile::tempdir().expect("a folder");
        let host = host_over(&server, &folder).await;
        let key = host.tenant("acme", "known", &answering("known")).await;
        host.deploy("acme", "unknown", &answering("unknown")).await;
        assert_eq!(host.get("known", "acme", "/").await.text(), "known");
        let before = state(&host).await;
        assert_eq!(health(&host, "/readyz").await, (200, "ok".into()));
        // The host's own notes of keys and readiness are from now on older than it believes them.
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(host.api_as(&key, "GET", "/v1/tenants/acme", None).await.status, 200);
        if killed {
            server.kill();
        } else {
            server.signal("STOP");
        }

        everything_is_refused(&host).await;
        // Once more, with nothing left that was believed a moment ago.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        everything_is_refused(&host).await;
        assert_eq!(health(&host, "/readyz").await, (503, "store_unavailable".into()));
        assert_eq!(health(&host, "/healthz").await.0, 200);
        let mut slow = 0;
        for _ in 0..50 {
            let begun = Instant::now();
            assert_eq!(host.get("known", "acme", "/").await.text(), "known", "killed: {killed}");
            slow += usize::from(begun.elapsed() > TIMEOUT / 4);
        }
        // The one that asks the store whether anything has changed, once a second.
        assert!(slow <= 3, "{slow} of 50 requests waited for a store that is not there");
        let begun = Instant::now();
        let refused = host.get("unknown", "acme", "/").await;
        assert!(begun.elapsed() < ANSWERED_WITHIN, "{:?}", begun.elapsed());
        assert_eq!((refused.status, refused.code()), (503, "store_unavailable".to_owned()), "{refused:?}");
        assert_eq!(refused.headers["isolet-outcome"], "internal");

        if killed {
            server.restart();
        } else {
            server.signal("CONT");
        }
        let back = Instant::now();
        while health(&host, "/readyz").await.0 != 200 {
            assert!(back.elapsed() < Duration::from_secs(10), "it does not come back by itself");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(state(&host).await, before, "killed: {killed}");
        assert_eq!(host.get("unknown", "acme", "/").await.text(), "unknown");
        host.deploy("acme", "known", &answering("changed")).await;
        assert_eq!(host.get("known", "acme", "/").await.text(), "changed");
        host.host.stop().await.expect("drains");
    }
}

/// Everything a client could see of what the refused requests were about.
async fn state(host: &TestHost) -> Vec<Value> {
    let mut found = Vec::new();
    for path in [
        "",
        "/acme/keys",
        "/acme/functions",
        "/acme/functions/known/versions",
        "/acme/functions/known/env",
        "/acme/runs",
    ] {
        let reply = host.api("GET", &format!("/v1/tenants{path}"), None).await;
        assert_eq!(reply.status, 200, "{path} {}", reply.text());
        let mut seen = reply.json();
        // A key that was used since is not another one.
        for item in seen["data"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            item.remove("last_used_at");
        }
        found.push(seen);
    }
    found
}

/// Reads and writes of each kind, all at once: each answers 503 in time.
async fn everything_is_refused(host: &TestHost) {
    let calls = [
        ("GET", "", None),
        ("POST", "", Some(json!({ "slug": "half-done" }))),
        ("DELETE", "/acme?confirm=acme", None),
        ("POST", "/acme/keys", Some(json!({ "preset": "tenant", "name": "half-done" }))),
        ("GET", "/acme/functions", None),
        ("PUT", "/acme/functions/half-done", Some(json!({}))),
        ("POST", "/acme/functions/known/deploy", Some(code("half-done"))),
        ("POST", "/acme/functions/known/versions", Some(code("half-done"))),
        ("POST", "/acme/functions/known/env", Some(json!({ "name": "WHO", "value": "half-done" }))),
        ("DELETE", "/acme/functions/known", None),
        ("POST", "/acme/runs", Some(json!({ "code": code("half-done") }))),
        ("GET", "/acme/runs", None),
        ("DELETE", "/acme/runs", None),
    ];
    let answers = calls.into_iter().map(async |(method, path, body)| {
        let begun = Instant::now();
        let reply = host.api(method, &format!("/v1/tenants{path}"), body).await;
        assert!(begun.elapsed() < ANSWERED_WITHIN, "{method} {path} took {:?}", begun.elapsed());
        unavailable(&format!("{method} {path}"), &reply);
    });
    futures_util::future::join_all(answers).await;
}

fn unavailable(what: &str, reply: &Reply) {
    assert_eq!(reply.status, 503, "{what}: {}", reply.text());
    assert_eq!(reply.headers["content-type"], "application/problem+json", "{what}");
    assert_eq!(
        (reply.code().as_str(), &reply.headers["retry-after"]),
        ("store_unavailable", &http::HeaderValue::from_static("1")),
        "{what}"
    );
}

/// What can be wrong with Redis while a host runs: how it is made so, and how it is made well again.
struct Trouble {
    name: &'static str,
    spoil: fn(&Server, &Proxy),
    mend: fn(&Server, &Proxy),
    /// Whether writes are done all the same, if slowly.
    writes: bool,
}

const TROUBLES: [Trouble; 7] = [
    Trouble {
        name: "out of memory",
        spoil: |server, _| drop(server.command("CONFIG SET maxmemory 1")),
        mend: |server, _| drop(server.command("CONFIG SET maxmemory 0")),
        writes: false,
    },
    Trouble {
        name: "read-only",
        spoil: |server, _| drop(server.command("REPLICAOF 127.0.0.1 1")),
        mend: |server, _| drop(server.command("REPLICAOF NO ONE")),
        writes: false,
    },
    Trouble {
        name: "paused",
        // `CLIENT PAUSE` would keep us from ending it.
        spoil: |server, _| server.signal("STOP"),
        mend: |server, _| server.signal("CONT"),
        writes: false,
    },
    Trouble {
        name: "silent",
        spoil: |_, proxy| proxy.set(Weather::Silent),
        mend: |_, proxy| proxy.set(Weather::Fair),
        writes: false,
    },
    Trouble {
        name: "garbled",
        spoil: |_, proxy| proxy.set(Weather::Garbage),
        mend: |_, proxy| proxy.set(Weather::Fair),
        writes: false,
    },
    Trouble {
        name: "cut off in the middle of replies",
        spoil: |_, proxy| proxy.set(Weather::Broken),
        mend: |_, proxy| proxy.set(Weather::Fair),
        writes: false,
    },
    Trouble {
        name: "replies byte by byte",
        spoil: |_, proxy| proxy.set(Weather::Sliced),
        mend: |_, proxy| proxy.set(Weather::Fair),
        writes: true,
    },
];

const TENANTS: usize = 6;

fn tenant_of(n: usize) -> String {
    format!("tenant-{n}")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_redis_known_functions_answer_and_nobody_gets_anothers() {
    let Some(server) = durable() else { return };
    let proxy = Proxy::start(server.port()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let host = host_at(&proxy.url, &folder).await;
    let mut keys = Vec::new();
    for n in 0..TENANTS {
        keys.push(host.tenant(&tenant_of(n), "known", &answering(&tenant_of(n))).await);
        assert_eq!(host.get("known", &tenant_of(n), "/").await.text(), tenant_of(n));
    }
    for trouble in &TROUBLES {
        (trouble.spoil)(&server, &proxy);
        // What was believed a moment ago is to be asked for again.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let served = futures_util::future::join_all((0..20 * TENANTS).map(async |n| {
            let tenant = tenant_of(n % TENANTS);
            let reply = host.get("known", &tenant, "/").await;
            assert_eq!((reply.status, reply.text()), (200, tenant), "{}", trouble.name);
        }));
        let read = futures_util::future::join_all(keys.iter().enumerate().map(async |(n, key)| {
            for _ in 0..10 {
                let reply = host.api_as(key, "GET", "/v1/tenants/~", None).await;
                match reply.status {
                    200 => assert_eq!(reply.json()["slug"], tenant_of(n).as_str(), "{}: another tenant", trouble.name),
                    _ => unavailable(trouble.name, &reply),
                }
            }
        }));
        let written = futures_util::future::join_all((0..TENANTS).map(async |n| {
            let path = format!("/v1/tenants/{}/functions/half-done", tenant_of(n));
            let reply = host.api("PUT", &path, Some(json!({}))).await;
            if trouble.writes {
                assert!(reply.status < 300, "{}: {}", trouble.name, reply.text());
            } else {
                unavailable(trouble.name, &reply);
            }
        }));
        tokio::join!(served, read, written);
        (trouble.mend)(&server, &proxy);
        let back = Instant::now();
        while health(&host, "/readyz").await.0 != 200 {
            assert!(back.elapsed() < Duration::from_secs(10), "{}: it does not come back by itself", trouble.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for n in 0..TENANTS {
            let path = format!("/v1/tenants/{}/functions", tenant_of(n));
            let listed = host.api("GET", &path, None).await.json();
            let names: Vec<&str> =
                listed["data"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
            let expected: &[&str] = if trouble.writes { &["half-done", "known"] } else { &["known"] };
            assert_eq!(names, expected, "{}", trouble.name);
        }
    }
    host.host.stop().await.expect("drains");
}

/// How long Sentinels may take to agree, and a machine that is busy to run them.
const TAKEN_OVER: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn while_another_master_takes_over_known_functions_answer_and_writes_wait_for_it() {
    let Some(mut trio) = Trio::start(&["appendonly yes"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let host = host_at(&trio.url(), &folder).await;
    host.tenant("acme", "known", &answering("before")).await;
    assert_eq!(host.get("known", "acme", "/").await.text(), "before");
    trio.servers[0].kill();
    let gone = Instant::now();
    let mut refused = 0;
    loop {
        assert_eq!(host.get("known", "acme", "/").await.text(), "before");
        let made = host.api("PUT", "/v1/tenants/acme/functions/during", Some(json!({}))).await;
        if made.status < 300 {
            break;
        }
        unavailable("a write while nobody is master", &made);
        refused += 1;
        assert!(gone.elapsed() < TAKEN_OVER, "nobody takes over");
    }
    assert!(refused > 0, "the test tests nothing");
    host.deploy("acme", "known", &answering("after")).await;
    assert_eq!(host.get("known", "acme", "/").await.text(), "after");
    host.host.stop().await.expect("drains");
}

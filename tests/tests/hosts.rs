//! Several hosts over one Redis: what is written on one is so on all of them at once, and one log is followed from each.

use std::path::Path;
use std::time::{Duration, Instant};

use isolet_tests::host::TestHost;
use isolet_tests::server::Server;
use serde_json::{Value, json};

/// Within which a write is to be seen everywhere. What is known is believed for a second, so without word from the others it would take
/// half of that on average.
const SEEN_WITHIN: Duration = Duration::from_millis(200);
/// Times that each kind of change is made, and how often it may come late on a machine that is busy with other tests: without word from the
/// others ten of twelve would.
const CHANGES: usize = 12;
const LATE: usize = 6;

/// Two hosts with the same keys.
async fn two_hosts(server: &Server, folder: &Path) -> [TestHost; 2] {
    let url = server.url();
    let variables = [("ISOLET_STORAGE__REDIS__URL", url.as_str())];
    let first = TestHost::start_in(folder.join("a"), None, &variables).await;
    std::fs::create_dir(folder.join("b")).expect("a new folder");
    for key in ["pepper.key", "master.key", "admin.key"] {
        std::fs::copy(folder.join("a").join(key), folder.join("b").join(key)).expect("copied");
    }
    let second = TestHost::start_in(folder.join("b"), None, &variables).await;
    [first, second]
}

fn answering(text: &str) -> String {
    format!("export default {{ fetch: (request, env) => new Response('{text}' + (env.WHO ?? '')) }}")
}

/// How long it takes until `seen`; a second is as long as ever.
async fn until(seen: impl AsyncFn() -> bool) -> Duration {
    let begun = Instant::now();
    while !seen().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is never seen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

#[track_caller]
fn seen_in_time(what: &str, took: &[Duration]) {
    let late = took.iter().filter(|took| **took > SEEN_WITHIN).count();
    assert!(late <= LATE, "{what}: {late} of {} were late: {took:?}", took.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_on_one_host_is_one_on_all_within_200_ms() {
    let Some(server) = Server::start(&["appendonly yes"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let [one, other] = two_hosts(&server, folder.path()).await;
    let key = one.tenant("acme", "f", &answering("0")).await;
    let path = "/v1/tenants/acme";
    assert_eq!(other.get("f", "acme", "/").await.text(), "0");

    let mut took = Vec::new();
    for n in 1..=CHANGES {
        // In turn, so that each is told by the other.
        let (writer, reader) = if n % 2 == 0 { (&other, &one) } else { (&one, &other) };
        writer.deploy("acme", "f", &answering(&n.to_string())).await;
        let expected = n.to_string();
        took.push(until(async || reader.get("f", "acme", "/").await.text() == expected).await);
        assert_eq!(writer.get("f", "acme", "/").await.text(), expected, "who wrote it has it at once");
    }
    seen_in_time("deploys", &took);

    let mut took = Vec::new();
    for n in 0..CHANGES {
        let env = json!({ "name": "WHO", "value": format!("-{n}") });
        assert_eq!(one.api("POST", &format!("{path}/functions/f/env"), Some(env)).await.status, 200);
        took.push(until(async || other.get("f", "acme", "/").await.text().ends_with(&format!("-{n}"))).await);
    }
    seen_in_time("variables", &took);

    // The tenant's, below the function's own.
    assert_eq!(one.api("DELETE", &format!("{path}/functions/f/env/WHO"), None).await.status, 204);
    let mut took = Vec::new();
    for n in 0..CHANGES {
        let env = json!({ "name": "WHO", "value": format!("-all{n}") });
        assert_eq!(one.api("POST", &format!("{path}/env"), Some(env)).await.status, 200);
        took.push(until(async || other.get("f", "acme", "/").await.text().ends_with(&format!("-all{n}"))).await);
    }
    seen_in_time("shared variables", &took);

    let mut took = Vec::new();
    for n in 0..CHANGES {
        let (verb, status) = if n % 2 == 0 { ("suspend", 503) } else { ("resume", 200) };
        let reason = (n % 2 == 0).then(|| json!({ "reason": "unpaid", "code": "billing" }));
        let changed = one.api("POST", &format!("{path}/{verb}"), reason).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        took.push(until(async || other.get("f", "acme", "/").await.status == status).await);
    }
    seen_in_time("suspensions", &took);

    for (keys, preset) in [(format!("{path}/keys"), "tenant"), ("/v1/keys".to_owned(), "platform")] {
        let mut took = Vec::new();
        for n in 0..CHANGES {
            let made = json!({ "preset": preset, "name": format!("key {n}") });
            let made = one.api("POST", &keys, Some(made)).await.json();
            let (id, secret) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
            assert_eq!(other.api_as(secret, "GET", path, None).await.status, 200);
            assert_eq!(one.api("DELETE", &format!("{keys}/{id}"), None).await.status, 204);
            took.push(until(async || other.api_as(secret, "GET", path, None).await.status == 401).await);
        }
        seen_in_time("revoked keys", &took);
    }
    assert_eq!(other.api_as(&key, "GET", path, None).await.status, 200);
    for host in [one, other] {
        host.host.stop().await.expect("drains");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_were_not_heard_for_a_while_are_heard_again() {
    let Some(mut server) = Server::start(&["appendonly yes", "appendfsync always"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let [one, other] = two_hosts(&server, folder.path()).await;
    one.tenant("acme", "f", &answering("before")).await;
    assert_eq!(other.get("f", "acme", "/").await.text(), "before");
    server.kill();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(other.get("f", "acme", "/").await.text(), "before");
    server.restart();
    // The first write may find the host on its way back; the notice of one that is missed is made up for when listening begins again.
    until(async || one.api("PUT", "/v1/tenants/acme/functions/g", Some(json!({}))).await.status < 300).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    let mut took = Vec::new();
    for n in 0..CHANGES {
        one.deploy("acme", "f", &answering(&n.to_string())).await;
        took.push(until(async || other.get("f", "acme", "/").await.text() == n.to_string()).await);
    }
    seen_in_time("deploys after an outage", &took);
    for host in [one, other] {
        host.host.stop().await.expect("drains");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_log_is_followed_from_each_host_and_nothing_is_told_twice() {
    let Some(server) = Server::start(&["appendonly yes"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let hosts = two_hosts(&server, folder.path()).await;
    hosts[0]
        .tenant(
            "acme",
            "f",
            "export default { fetch: (request) => { console.log(request.url); return new Response() } }",
        )
        .await;
    let mut tails = Vec::new();
    for host in &hosts {
        tails.push(host.follow("/v1/tenants/acme/logs?function=f").await);
    }
    const REQUESTS: usize = 40;
    for n in 0..REQUESTS {
        assert_eq!(hosts[n % 2].get("f", "acme", &format!("/{n}")).await.status, 200);
        if n % 10 == 9 {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
    let mut told = Vec::new();
    for tail in &mut tails {
        let mut paths = Vec::new();
        while paths.len() < REQUESTS {
            let next = tokio::time::timeout(Duration::from_secs(10), tail.next()).await.expect("in time");
            let (name, record) = next.expect("it goes on");
            assert_eq!(name, "log", "{record}");
            paths.push(path_of(&record));
        }
        told.push(paths);
    }
    assert_eq!(told[0], told[1], "each tells the same, in the same order");
    let mut each = told.swap_remove(0);
    each.sort();
    each.dedup();
    assert_eq!(each.len(), REQUESTS);
    drop(tails);
    for host in hosts {
        host.host.stop().await.expect("drains");
    }
}

fn path_of(record: &Value) -> String {
    record["path"].as_str().unwrap_or_else(|| panic!("no path: {record}")).to_owned()
}

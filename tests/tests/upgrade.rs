//! Hosts with another engine over a store that was filled before: functions are built anew from their sources when they are first asked
//! for, hosts with the engine before go on meanwhile, and one that does not start any more is told of and not lost.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isolet_tests::host::TestHost;
use isolet_tests::server::Server;

const HELLO: &str = "export default { fetch: () => new Response('hello') }";
/// Takes some tens of milliseconds to start.
const SLOW: &str =
    "let n = 0; for (let i = 0; i < 2e6; i++) n += i; export default { fetch: () => new Response('slow ' + (n > 0)) }";

/// The engine that is built in, and a section that nobody reads: it does the same and is another one.
fn another_engine() -> Arc<[u8]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk/artifacts/engine.wasm");
    let mut engine = std::fs::read(path).expect("the artifact");
    let name = b"later";
    let length = u8::try_from(name.len()).expect("short");
    engine.extend([0, length + 1, length]);
    engine.extend(name);
    engine.into()
}

async fn outcome(host: &TestHost, function: &str) -> (u16, String) {
    let reply = host.get(function, "acme", "/").await;
    let outcome = reply.headers.get("isolet-outcome").map(|name| name.to_str().expect("a name").to_owned());
    (reply.status, outcome.unwrap_or_else(|| reply.text()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_engine_builds_what_is_asked_for_and_tells_of_what_does_not_start() {
    let Some(server) = Server::start(&["appendonly yes"]) else { return };
    let (folder, url) = (tempfile::tempdir().expect("a folder"), server.url());
    let redis = ("ISOLET_STORAGE__REDIS__URL", url.as_str());
    let old = TestHost::start_in(folder.path().join("old"), None, &[redis]).await;
    old.tenant("acme", "f", HELLO).await;
    old.deploy("acme", "slow", SLOW).await;
    let versions = "/v1/tenants/acme/functions/f/versions";
    let before = old.api("GET", versions, None).await.json();
    std::fs::create_dir(folder.path().join("new")).expect("a new folder");
    for key in ["pepper.key", "master.key", "admin.key"] {
        std::fs::copy(folder.path().join("old").join(key), folder.path().join("new").join(key)).expect("copied");
    }
    // What no longer starts: here for want of time.
    let hasty = [redis, ("ISOLET_LIMITS__STARTUP_CPU_MS", "2")];
    let new = TestHost::start_on(folder.path().join("new"), Some(another_engine()), &hasty).await;
    assert_ne!(old.host.started.engine_digest, new.host.started.engine_digest);

    assert_eq!(outcome(&new, "slow").await, (500, "startup_limit".to_owned()));
    assert_eq!(outcome(&new, "f").await, (200, "hello".to_owned()));
    // The one before serves all of it.
    assert_eq!(outcome(&old, "slow").await, (200, "slow true".to_owned()));
    assert_eq!(outcome(&old, "f").await, (200, "hello".to_owned()));
    assert_eq!(new.api("GET", versions, None).await.json(), before, "versions are what they were");
    let told = "/v1/tenants/acme/logs?function=slow&outcome=startup_limit";
    let begun = Instant::now();
    loop {
        let logs = new.api("GET", told, None).await.json();
        if logs["data"].as_array().is_some_and(|records| !records.is_empty()) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody is told: {logs}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    new.host.stop().await.expect("drains");

    // Nothing of it was lost: with its time it starts there as well.
    let new = TestHost::start_on(folder.path().join("new"), Some(another_engine()), &[redis]).await;
    assert_eq!(outcome(&new, "slow").await, (200, "slow true".to_owned()));
    for host in [old, new] {
        host.host.stop().await.expect("drains");
    }
}

//! What all guests together may have as memory: who would exceed it is turned away, everybody else goes on.

use std::sync::Arc;
use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::execute::{BuildError, GuestExecutor as _, PrepareOptions, Prepared};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_runtime::WasmExecutor;
use isolet_runtime::config::{RuntimeConfig, Slow};
use isolet_tests::guest::{ENGINE_CACHE, Ran, code, get, run_on};

const BUDGET_BYTES: usize = 64 << 20;

fn executor() -> Arc<WasmExecutor> {
    let cache_dir = Some(std::env::temp_dir().join(ENGINE_CACHE));
    let config = RuntimeConfig {
        cache_dir,
        memory_budget_bytes: BUDGET_BYTES,
        verify_memories: true,
        ..RuntimeConfig::default()
    };
    let slow: Slow = Arc::new(|_| ());
    Arc::new(WasmExecutor::start(&config, &slow).unwrap_or_else(|error| panic!("{error:?}")))
}

async fn prepare(executor: &WasmExecutor, text: &str) -> Result<Prepared, BuildError> {
    let options = PrepareOptions { limits: Limits::DEFAULT, fresh: false };
    executor.prepare(&TenantScope::local(), &code(text), options).await
}

/// Takes the MiB that its query names and holds them for as many milliseconds.
const HOLDER: &str = "export default { async fetch(request) {
    const query = new URL(request.url).searchParams;
    const held = new Uint8Array(Number(query.get('mib')) << 20).fill(1);
    await new Promise((resolve) => setTimeout(resolve, Number(query.get('ms'))));
    return new Response(String(held.length >> 20));
} }";

async fn hold(executor: &WasmExecutor, prepared: &Prepared, mib: usize, ms: usize) -> Ran {
    run_on(executor, prepared, get(&format!("/?mib={mib}&ms={ms}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_exceed_what_all_may_have_is_turned_away_and_nobody_else() {
    let executor = executor();
    let holder = prepare(&executor, HOLDER).await.expect("builds");
    let first = {
        let (executor, holder) = (executor.clone(), holder.clone());
        tokio::spawn(async move { hold(&executor, &holder, 30, 1_500).await })
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    // Within its own limit of 64 MiB, but not within what is left.
    let second = hold(&executor, &holder, 40, 0).await;
    assert_eq!((second.report.outcome, second.status()), (Outcome::Overloaded, None), "{}", second.error());
    assert!(second.error().contains("no memory left"), "{}", second.error());
    assert_eq!(hold(&executor, &holder, 1, 0).await.text(), "1", "a small one still has room");
    assert_eq!(first.await.expect("ran").text(), "30");
    assert_eq!(hold(&executor, &holder, 40, 0).await.text(), "40", "what was given back is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_finds_no_room_is_overloaded_and_not_the_codes_fault() {
    let executor = executor();
    let holder = prepare(&executor, HOLDER).await.expect("builds");
    let first = {
        let (executor, holder) = (executor.clone(), holder.clone());
        tokio::spawn(async move { hold(&executor, &holder, 40, 1_500).await })
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    let large =
        "const state = new Uint8Array(30 << 20); export default { fetch: () => new Response(String(state[0])) }";
    assert!(matches!(prepare(&executor, large).await, Err(BuildError::Overloaded { .. })));
    assert_eq!(first.await.expect("ran").text(), "40");
    prepare(&executor, large).await.expect("there is room again");
}

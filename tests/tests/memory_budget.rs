//! What all guests together may have as memory: who would exceed it is turned away, everybody else goes on.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use isolet_domain::access::TenantScope;
use isolet_domain::body;
use isolet_domain::execute::{Answer, BuildError, GuestExecutor as _, Invocation, PrepareOptions, Prepared, Report};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_runtime::WasmExecutor;
use isolet_runtime::config::{RuntimeConfig, Slow};
use isolet_tests::guest::{ENGINE_CACHE, code};

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

/// Takes the MiB that its query names, answers, and holds them for as many milliseconds after that.
const HOLDER: &str = "export default { fetch(request, env, ctx) {
    const query = new URL(request.url).searchParams;
    const held = new Uint8Array(Number(query.get('mib')) << 20).fill(1);
    ctx.waitUntil(new Promise((resolve) => setTimeout(() => resolve(held), Number(query.get('ms')))));
    return new Response(String(held.length >> 20));
} }";

/// Returns with the answer, which is when the guest has what it takes; the report comes when it has given it back.
async fn hold(executor: &WasmExecutor, prepared: &Prepared, mib: usize, ms: usize) -> (Option<u16>, Report) {
    let answer = begin(executor, prepared, mib, ms).await;
    (answer.response.as_ref().map(|response| response.status().as_u16()), end(answer).await)
}

async fn begin(executor: &WasmExecutor, prepared: &Prepared, mib: usize, ms: usize) -> Answer {
    executor.invoke(prepared, holding(mib, ms)).await
}

fn holding(mib: usize, ms: usize) -> Invocation {
    let uri = format!("http://sandbox/?mib={mib}&ms={ms}");
    Invocation {
        request: http::Request::get(uri).body(body::empty()).expect("a valid request"),
        env: [].into(),
        tenant: TenantScope::local().id(),
        egress: Arc::default(),
        // Filling it takes more CPU on a busy machine; that is not what is tested.
        limits: Limits { cpu: Duration::from_secs(5), ..Limits::DEFAULT },
        held_bytes: 0,
        entrypoint: None,
        events: None,
        place: None,
        ended: None,
    }
}

async fn end(answer: Answer) -> Report {
    if let Some(response) = answer.response {
        response.into_body().collect().await.expect("a whole body");
    }
    answer.report.await.expect("every run reports")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_exceed_what_all_may_have_is_turned_away_and_nobody_else() {
    let executor = executor();
    let holder = prepare(&executor, HOLDER).await.expect("builds");
    let first = begin(&executor, &holder, 30, 1_500).await;
    assert!(first.response.is_some());
    // Within its own limit of 64 MiB, but not within what is left.
    let (status, second) = hold(&executor, &holder, 40, 0).await;
    let message = second.error.map(|error| error.message).unwrap_or_default();
    assert_eq!((second.outcome, status), (Outcome::Overloaded, None), "{message}");
    assert!(message.contains("no memory left"), "{message}");
    assert_eq!(hold(&executor, &holder, 1, 0).await.0, Some(200), "a small one still has room");
    assert_eq!(end(first).await.outcome, Outcome::Ok);
    assert_eq!(hold(&executor, &holder, 40, 0).await.0, Some(200), "what was given back is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_has_in_memory_counts_with_what_guests_have() {
    let executor = executor();
    let holder = prepare(&executor, HOLDER).await.expect("builds");
    let sent = |held_mib: u64| executor.invoke(&holder, Invocation { held_bytes: held_mib << 20, ..holding(1, 500) });
    let first = sent(40).await;
    assert!(first.response.is_some());
    let second = end(sent(40).await).await;
    assert_eq!(second.outcome, Outcome::Overloaded, "{:?}", second.error);
    assert_eq!(end(sent(1).await).await.outcome, Outcome::Ok, "a small one still has room");
    assert_eq!(end(first).await.outcome, Outcome::Ok);
    assert_eq!(end(sent(40).await).await.outcome, Outcome::Ok, "what was given back is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_finds_no_room_is_overloaded_and_not_the_codes_fault() {
    let executor = executor();
    let holder = prepare(&executor, HOLDER).await.expect("builds");
    let first = begin(&executor, &holder, 40, 1_500).await;
    assert!(first.response.is_some());
    let large =
        "const state = new Uint8Array(30 << 20); export default { fetch: () => new Response(String(state[0])) }";
    let refused = prepare(&executor, large).await.map(|_| ()).expect_err("there is no room");
    assert!(matches!(refused, BuildError::Overloaded { .. }), "{refused:?}");
    assert_eq!(end(first).await.outcome, Outcome::Ok);
    prepare(&executor, large).await.expect("there is room again");
}

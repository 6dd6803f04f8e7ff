//! What a guest can do to the host through its imports once nothing of its own code holds it back: whoever took over QuickJS calls any import,
//! in any order, with handles that are none, pointers to nowhere and lengths without sense. Here a core module does just that in the engine's
//! place, behind the engine's own imports, and runs as every other guest does. The host must not panic, nor grow, nor take what the guest did
//! for a fault of its own.

mod driver;
mod imports;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt as _;
use isolet_domain::body;
use isolet_domain::execute::Invocation;
use isolet_domain::ids::TenantId;
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;

use crate::config::RuntimeConfig;
use crate::native::{Guest, Native};
use crate::platform::Platform;
use crate::{checked, component, invoke};

static ENGINE: &[u8] = include_bytes!("../../../guest-sdk/artifacts/engine.wasm");

/// Enough for hundreds of calls.
const LIMITS: Limits = Limits {
    cpu: Duration::from_millis(5),
    wall: Duration::from_millis(100),
    wait_until: Duration::from_millis(50),
    memory_bytes: 16 << 20,
    ..Limits::DEFAULT
};

/// How much the whole process may have grown in the end: what the allocator keeps of many threads' buffers.
const GROWTH_BYTES: u64 = 96 << 20;

pub fn platform() -> Arc<Platform> {
    let cache_dir = Some(std::env::temp_dir().join("isolet-tests-engine"));
    let config = RuntimeConfig { cache_dir, max_instances: 64, ..RuntimeConfig::default() };
    Arc::new(Platform::start(&config, &(Arc::new(|_| ()) as crate::config::Slow), None).expect("it starts"))
}

fn driver(platform: &Platform) -> Arc<Native> {
    let main = &ENGINE[component::main_module(ENGINE).expect("a main module")];
    let driver = component::with_main_module(ENGINE, &driver::module(main)).expect("the layout is known");
    let code = checked::compile(&driver).expect("it compiles");
    let Ok(native) = platform.natives.ready(&platform.engine, &code) else { panic!("it links") };
    Arc::new(native)
}

/// One guest, which calls what the seed says; how it ended, and how much it computed.
async fn one(platform: Arc<Platform>, native: Arc<Native>, seed: u64) -> (Outcome, Duration) {
    let sent = if seed.is_multiple_of(3) { body::empty() } else { body::full(vec![b'x'; (seed % 5_000) as usize]) };
    let request = http::Request::post(format!("http://sandbox/{seed}?q")).header("x-a", "1").body(sent).expect("valid");
    let invocation = Invocation {
        request,
        // Eight characters, which it begins to count from.
        env: vec![("SEED".to_owned(), format!("{seed:08x}"))].into(),
        limits: LIMITS,
        tenant: TenantId::from_bytes([1; 16]),
        egress: Arc::default(),
        entrypoint: None,
        events: None,
        place: None,
        ended: None,
    };
    let answer = invoke::invoke(platform, Guest::Native(native), invocation).await;
    if let Some(response) = answer.response {
        let mut body = response.into_body();
        while let Some(Ok(_)) = body.frame().await {}
    }
    let report = answer.report.await.expect("every run reports");
    (report.outcome, report.usage.cpu)
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("there is one");
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("the second number");
    pages * 4_096
}

/// How the guests ended, and how much they computed together.
#[derive(Default)]
struct Told {
    outcomes: BTreeMap<&'static str, usize>,
    cpu: Duration,
}

impl Told {
    fn add(&mut self, (outcome, cpu): (Outcome, Duration)) {
        *self.outcomes.entry(outcome.as_str()).or_default() += 1;
        self.cpu += cpu;
    }
}

/// Panics anywhere in the process.
static PANICS: AtomicUsize = AtomicUsize::new(0);

async fn storm(seeds: std::ops::Range<u64>) -> Told {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(panic);
    }));
    let platform = platform();
    let native = driver(&platform);
    let (mut told, mut running) = (Told::default(), tokio::task::JoinSet::new());
    let (mut settled, count) = (0, seeds.end - seeds.start);
    for seed in seeds.clone() {
        running.spawn(one(platform.clone(), native.clone(), seed));
        if running.len() == 8 {
            told.add(running.join_next().await.expect("one runs").expect("no panic"));
        }
        if seed - seeds.start == count / 4 {
            settled = resident_bytes();
        }
    }
    while let Some(outcome) = running.join_next().await {
        told.add(outcome.expect("no panic"));
    }
    let now = resident_bytes();
    assert!(now < settled + GROWTH_BYTES, "it grew from {settled} to {now} bytes");
    told
}

fn judge(Told { outcomes, cpu }: &Told) {
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "the host panicked: {outcomes:?}");
    // Whatever it did, it did it itself.
    assert!(!outcomes.contains_key(Outcome::Internal.as_str()), "{outcomes:?}");
    // Some are stopped by a wrong handle at once; most must get far, or nothing is tried.
    let each = *cpu / outcomes.values().sum::<usize>() as u32;
    assert!(each > Duration::from_micros(200), "{each:?}: {outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_of_any_import_harms_the_host() {
    judge(&storm(1..2_000).await);
}

#[ignore = "ten minutes: tests/soak"]
#[tokio::test(flavor = "multi_thread")]
async fn no_call_of_any_import_harms_the_host_for_long() {
    judge(&storm(1..500_000).await);
}

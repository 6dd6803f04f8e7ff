//! What a guest can do to the host through its imports once nothing of its own code holds it back: whoever took over QuickJS calls any import,
//! in any order, with handles that are none, pointers to nowhere and lengths without sense. Here a core module does just that in the engine's
//! place, behind the engine's own imports, and runs as every other guest does. The host must not panic, nor grow, nor take what the guest did
//! for a fault of its own. Not in a host that is used: tests are in `storm`, and `tests/fuzz` has a fuzzer write the tapes.

mod driver;
mod imports;
#[cfg(test)]
mod storm;
mod tape;

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use isolet_domain::body;
use isolet_domain::execute::{Invocation, Report};
use isolet_domain::ids::TenantId;
use isolet_domain::limits::Limits;
#[cfg(feature = "wild-calls")]
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

pub(crate) fn platform() -> Arc<Platform> {
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

/// One guest, which calls what tape and seed say, and what is told of it.
async fn one(platform: Arc<Platform>, native: Arc<Native>, seed: u32, tape: &[u8]) -> Report {
    let sent = if seed.is_multiple_of(3) { body::empty() } else { body::full(vec![b'x'; (seed % 5_000) as usize]) };
    let request = http::Request::post(format!("http://sandbox/{seed}?q")).header("x-a", "1").body(sent).expect("valid");
    let invocation = Invocation {
        held_bytes: 0,
        request,
        env: vec![("CALLS".to_owned(), tape::variable(seed, tape))].into(),
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
    answer.report.await.expect("every run reports")
}

/// A host on which one guest after another runs, as a fuzzer has it.
#[cfg(feature = "wild-calls")]
pub struct Target {
    runtime: tokio::runtime::Runtime,
    platform: Arc<Platform>,
    native: Arc<Native>,
}

#[cfg(feature = "wild-calls")]
impl Target {
    /// # Panics
    /// When the host does not start.
    #[expect(clippy::new_without_default, reason = "it starts a host")]
    pub fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("it starts");
        let (platform, native) = {
            let _within = runtime.enter();
            let platform = platform();
            let native = driver(&platform);
            (platform, native)
        };
        Self { runtime, platform, native }
    }

    /// # Panics
    /// When the host took what the guest did for a fault of its own.
    pub fn run(&self, input: &[u8]) {
        let (seed, tape) = input.split_at(input.len().min(2));
        let seed = seed.iter().fold(0, |seed, byte| seed << 8 | u32::from(*byte));
        let report = self.runtime.block_on(one(self.platform.clone(), self.native.clone(), seed, tape));
        assert!(report.outcome != Outcome::Internal, "the host failed");
    }
}

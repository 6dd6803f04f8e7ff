//! Code on a real runtime, without a server around it.

use std::sync::{Arc, OnceLock};

use http_body_util::BodyExt as _;
use isolet_domain::access::TenantScope;
use isolet_domain::body;
use isolet_domain::code::{Code, Module, ModuleKind};
use isolet_domain::egress::Egress;
use isolet_domain::execute::{BuildError, GuestExecutor as _, Invocation, Place, PrepareOptions, Prepared, Report};
use isolet_domain::limits::Limits;
use isolet_runtime::WasmExecutor;
use isolet_runtime::config::RuntimeConfig;

/// Where the tests keep the compiled engine, below the folder for temporary files.
pub const ENGINE_CACHE: &str = "isolet-tests-engine";

/// The process's one executor.
pub fn executor() -> Arc<WasmExecutor> {
    static EXECUTOR: OnceLock<Arc<WasmExecutor>> = OnceLock::new();
    let start = || {
        let cache_dir = Some(std::env::temp_dir().join(ENGINE_CACHE));
        // Measurements leave out what only tests do.
        let verify_memories = std::env::var_os("ISOLET_TESTS_MEASURE").is_none();
        let config = RuntimeConfig { cache_dir, max_instances: 200, verify_memories, ..RuntimeConfig::default() };
        Arc::new(
            WasmExecutor::start(&config, &(Arc::new(|_| ()) as isolet_runtime::config::Slow))
                .unwrap_or_else(|error| panic!("{error:?}")),
        )
    };
    EXECUTOR.get_or_init(start).clone()
}

/// A module map of JavaScript modules; the first is the entry.
pub fn modules(modules: &[(&str, &str)]) -> Code {
    let map = modules
        .iter()
        .map(|(name, text)| {
            let kind = ModuleKind::from_name(name).expect("a known kind");
            ((*name).to_owned(), Module { kind, text: (*text).into() })
        })
        .collect();
    Code::new(map, modules[0].0.to_owned()).expect("a valid module map")
}

/// A single module `main.js`.
pub fn code(text: &str) -> Code {
    Code::single(text).expect("valid code")
}

pub async fn prepare(code: &Code, limits: Limits) -> Result<Prepared, BuildError> {
    let options = PrepareOptions { limits, fresh: false };
    executor().prepare(&TenantScope::local(), code, options).await
}

/// A finished run.
pub struct Ran {
    /// Status and headers, when there was a response head.
    pub head: Option<http::response::Parts>,
    pub body: Vec<u8>,
    /// Whether the body ended as it should.
    pub clean: bool,
    pub report: Report,
}

impl Ran {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn status(&self) -> Option<u16> {
        self.head.as_ref().map(|head| head.status.as_u16())
    }

    pub fn error(&self) -> String {
        self.report.error.as_ref().map(|error| error.message.clone()).unwrap_or_default()
    }
}

/// What to send.
#[derive(Clone)]
pub struct Send {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Vec<u8>,
    pub env: Vec<(String, String)>,
    pub limits: Limits,
    pub egress: Arc<Egress>,
    pub place: Option<Arc<dyn Place>>,
}

impl Default for Send {
    fn default() -> Self {
        Self {
            method: "GET",
            path: "/".into(),
            headers: Vec::new(),
            body: Vec::new(),
            env: Vec::new(),
            limits: Limits::DEFAULT,
            egress: Arc::default(),
            place: None,
        }
    }
}

/// `GET path`.
pub fn get(path: &str) -> Send {
    Send { path: path.to_owned(), ..Send::default() }
}

/// Prepares and runs; the code must build.
pub async fn run(code: &Code, send: Send) -> Ran {
    let prepared = prepare(code, send.limits).await.unwrap_or_else(|error| panic!("the code builds: {error:?}"));
    run_prepared(&prepared, send).await
}

pub async fn run_prepared(prepared: &Prepared, send: Send) -> Ran {
    run_on(&executor(), prepared, send).await
}

/// The same on another executor than the process's own.
pub async fn run_on(executor: &WasmExecutor, prepared: &Prepared, send: Send) -> Ran {
    let head = http::Request::builder().method(send.method).uri(format!("http://sandbox{}", send.path));
    let request = send
        .headers
        .iter()
        .fold(head, |head, (name, value)| head.header(*name, *value))
        .body(if send.body.is_empty() { body::empty() } else { body::full(send.body) })
        .expect("a valid request");
    let invocation = Invocation {
        held_bytes: 0,
        request,
        env: send.env.into(),
        limits: send.limits,
        tenant: TenantScope::local().id(),
        egress: send.egress,
        entrypoint: None,
        events: None,
        place: send.place,
        ended: None,
    };
    let answer = executor.invoke(prepared, invocation).await;
    let (mut head, mut bytes, mut clean) = (None, Vec::new(), true);
    if let Some(response) = answer.response {
        let (parts, mut body) = response.into_parts();
        head = Some(parts);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(frame.data_ref().expect("data")),
                Err(_) => clean = false,
            }
        }
    }
    let report = answer.report.await.expect("every run reports");
    Ran { head, body: bytes, clean, report }
}

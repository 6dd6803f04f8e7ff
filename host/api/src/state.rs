//! What every handler shares: the use cases, what the host says about itself, and counts of the control plane's own answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use isolet_domain::ids::{FunctionName, TenantSlug};
use isolet_domain::service::Platform;

use crate::guesses::Guesses;
use crate::room::Rooms;

/// Names of walls, and whether each stands.
pub type Walls = fn() -> [(&'static str, bool); 2];

/// What the HTTP side is told about its host.
#[derive(Clone)]
pub struct ApiConfig {
    /// isolet's own version.
    pub version: String,
    pub wasmtime_version: String,
    /// Of the engine artifact, as `b3:…`.
    pub engine_digest: String,
    /// `development` or `production`.
    pub mode: String,
    /// The domain under which `{function}--{tenant}` are host names.
    pub base_domain: String,
    /// The port that callers of the ingress use.
    pub ingress_port: u16,
    /// Whether they speak TLS with it.
    pub ingress_tls: bool,
    /// Where the control plane is reached, without a slash at the end: `http://127.0.0.1:8787`.
    pub public_url: String,
    /// Host names that the control plane answers to, beside loopback names and addresses. Without a port.
    pub allowed_hosts: Vec<String>,
    /// Bytes of request bodies that are read whole, of all tenants together, at one time.
    pub body_memory_bytes: usize,
    /// Components kept ready just now, for the metrics.
    pub cached_components: Option<Arc<dyn Fn() -> u64 + Send + Sync>>,
    /// The walls around the process, for the metrics.
    pub walls: Option<Walls>,
}

impl ApiConfig {
    pub(crate) fn ingress_scheme(&self) -> &'static str {
        if self.ingress_tls { "https" } else { "http" }
    }

    /// What a name under the base domain is reached by, without a slash at the end.
    pub(crate) fn ingress_url(&self, label: &str) -> String {
        let Self { base_domain, ingress_port, ingress_tls, .. } = self;
        let (scheme, usual) = (self.ingress_scheme(), if *ingress_tls { 443 } else { 80 });
        match ingress_port {
            port if *port == usual => format!("{scheme}://{label}.{base_domain}"),
            port => format!("{scheme}://{label}.{base_domain}:{port}"),
        }
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

struct Shared {
    platform: Arc<Platform>,
    config: ApiConfig,
    draining: AtomicBool,
    /// Answers of the control plane by the first digit of their status, 1 to 5.
    answers: [AtomicU64; 5],
    store_failures: AtomicU64,
    guesses: Guesses,
    rooms: Rooms,
}

impl AppState {
    pub fn new(platform: Arc<Platform>, config: ApiConfig) -> Self {
        let config = ApiConfig { base_domain: config.base_domain.to_ascii_lowercase(), ..config };
        Self(Arc::new(Shared {
            platform,
            rooms: Rooms::new(config.body_memory_bytes),
            config,
            draining: AtomicBool::new(false),
            answers: Default::default(),
            store_failures: AtomicU64::new(0),
            guesses: Guesses::default(),
        }))
    }

    pub fn platform(&self) -> &Platform {
        &self.0.platform
    }

    pub fn config(&self) -> &ApiConfig {
        &self.0.config
    }

    /// From now on `/readyz` says no, so that a balancer stops sending before the listeners close.
    pub fn start_draining(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// Wrong credentials, and from where.
    pub(crate) fn guesses(&self) -> &Guesses {
        &self.0.guesses
    }

    /// For bodies that are being read.
    pub(crate) fn rooms(&self) -> &Rooms {
        &self.0.rooms
    }

    pub(crate) fn count_answer(&self, status: http::StatusCode) {
        if let Some(count) = self.0.answers.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One request that failed for want of the store, on either side.
    pub(crate) fn count_store_failure(&self) {
        self.0.store_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn store_failures(&self) -> u64 {
        self.0.store_failures.load(Ordering::Relaxed)
    }

    pub(crate) fn answers(&self) -> [u64; 5] {
        std::array::from_fn(|class| self.0.answers[class].load(Ordering::Relaxed))
    }

    /// Where a function is reached through the ingress.
    pub(crate) fn function_url(&self, tenant: &TenantSlug, function: &FunctionName) -> String {
        format!("{}/", self.config().ingress_url(&format!("{function}--{tenant}")))
    }
}

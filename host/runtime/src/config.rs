//! The runtime's settings: the `[runtime]` table of `deploy/isolet.toml`, where the defaults stand with their reasons.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use crate::egress::{Resolve, SystemResolver};
use crate::machine;

/// The largest memory any instance can have.
pub const MAX_MEMORY_BYTES: usize = 256 << 20;

/// Of a machine that does not say what it has.
const ASSUMED_MACHINE_BYTES: usize = 1 << 30;
/// What may have to be compiled before it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The JavaScript engine, at start.
    Engine,
    /// What reads TypeScript, JSX and CommonJS, when it is first needed.
    FrontEnd,
}

/// Told before something is compiled that takes seconds.
pub type Slow = Arc<dyn Fn(Part) + Send + Sync>;

/// How the runtime is set up. Limits of a single run are in `isolet_domain::limits`.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// Another engine than the one that this was built with, as `guest-sdk/build` writes them; for tests of what an upgrade does.
    pub engine: Option<Arc<[u8]>>,
    /// Where compiled code of the engine is kept between starts, authenticated by a key beside it; `None` compiles every time.
    pub cache_dir: Option<PathBuf>,
    /// Bytes of overlays kept in files there, so that the next process need not build what this one did; 0 keeps none.
    pub kept_overlay_bytes: u64,
    /// Instances that may exist at once. Address space is reserved for each, memory only when used.
    pub max_instances: u32,
    /// Bytes that instances and builds may have as memory, all together: whoever would exceed it is turned away as `overloaded`.
    pub memory_budget_bytes: usize,
    /// Bytes of overlays kept ready, all tenants together, least recently used first.
    pub component_cache_bytes: u64,
    /// Builds that may run at once.
    pub max_builds: usize,
    /// Builds a tenant may have waiting; more get `overloaded`.
    pub max_queued_builds: usize,
    /// Bytes that instances' memories may hold on to between requests, all together, to be written over rather than faulted in.
    pub keep_resident_bytes: usize,
    /// Compare each memory, whole, with what it should contain when it is put back and when it is handed out, and end the process if
    /// it does not.
    pub verify_memories: bool,
    /// Where outgoing requests' names are looked up.
    pub resolver: Arc<dyn Resolve>,
    /// Certificates that outgoing requests trust beside the web's own roots.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            engine: None,
            cache_dir: None,
            kept_overlay_bytes: 0,
            max_instances: 1_000,
            memory_budget_bytes: machine::memory_bytes().unwrap_or(ASSUMED_MACHINE_BYTES) / 4 * 3,
            component_cache_bytes: 512 << 20,
            max_builds: cores,
            max_queued_builds: 64,
            keep_resident_bytes: 256 << 20,
            verify_memories: false,
            resolver: Arc::new(SystemResolver),
            extra_roots: Vec::new(),
        }
    }
}

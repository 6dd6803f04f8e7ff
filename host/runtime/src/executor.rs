//! The port's implementation: code to prepared component, once per tenant and code key however many ask, through a queue that one
//! tenant cannot fill for the others; and prepared component to answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use isolet_domain::access::TenantScope;
use isolet_domain::code::Code;
use isolet_domain::execute::{
    Answer, BuildError, BuildReport, Diagnostic, GuestExecutor, Invocation, PrepareOptions, Prepared,
};
use isolet_domain::ids::{Digest, TenantId};
use moka::policy::EvictionPolicy;

use crate::build_instance::Refusal;
use crate::build_queue::BuildQueue;
use crate::build_threads::BuildThreads;
use crate::compile::{self, Built};
use crate::compiler::Compiler;
use crate::config::{RuntimeConfig, Slow};
use crate::invoke;
use crate::kept::KeptOverlays;
use crate::native::{Guest, Native, NotReady};
use crate::overlay::Overlay;
use crate::platform::{Platform, StartError};

/// Bytes a prepared function takes beside its overlay's contents: the cache's own records, and for each run its place.
const ENTRY_BYTES: u64 = 2 << 10;
const SEGMENT_BYTES: u64 = 16;

/// When to try again once all memory is taken: most runs are over within milliseconds.
const AFTER_FULL: Duration = Duration::from_secs(1);

type Key = (TenantId, Digest);

/// Runs JavaScript in WebAssembly.
pub struct WasmExecutor {
    platform: Arc<Platform>,
    cache: moka::future::Cache<Key, Prepared>,
    kept: Option<Arc<KeptOverlays>>,
    queue: BuildQueue,
    threads: BuildThreads,
}

impl WasmExecutor {
    /// Compiles or loads the engine. `slow` is told before anything is compiled that takes seconds, now or later.
    ///
    /// # Errors
    /// When wasmtime or the cache folder do not work.
    pub fn start(config: &RuntimeConfig, slow: &Slow) -> Result<Self, StartError> {
        Self::start_with(config, slow, None)
    }

    /// The same, with what compiles components; without it none can be deployed.
    ///
    /// # Errors
    /// When wasmtime or the cache folder do not work.
    pub fn start_with(
        config: &RuntimeConfig,
        slow: &Slow,
        compiler: Option<Arc<Compiler>>,
    ) -> Result<Self, StartError> {
        let platform = Arc::new(Platform::start(config, slow, compiler)?);
        let cache = moka::future::Cache::builder()
            .max_capacity(config.component_cache_bytes)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_: &Key, prepared: &Prepared| {
                let (bytes, segments) = (prepared.build.overlay_bytes, u64::from(prepared.build.overlay_segments));
                u32::try_from(ENTRY_BYTES + bytes + segments * SEGMENT_BYTES).unwrap_or(u32::MAX)
            })
            .build();
        let threads = BuildThreads::start(config.max_builds).map_err(StartError::Threads)?;
        let queue = BuildQueue::new(config.max_builds, config.max_queued_builds);
        let kept = config.cache_dir.as_deref().filter(|_| config.kept_overlay_bytes > 0);
        let kept = kept.map(|dir| KeptOverlays::open(dir, config.kept_overlay_bytes)).transpose();
        let kept = kept.map_err(StartError::Cache)?.map(Arc::new);
        Ok(Self { platform, cache, kept, queue, threads })
    }

    /// The digest of the engine artifact.
    pub fn engine_digest(&self) -> Digest {
        self.platform.digest()
    }

    /// Functions kept ready.
    pub fn cached(&self) -> u64 {
        self.cache.entry_count()
    }

    /// Does what the cache puts off for up to a second: evictions, and counting what is there.
    pub async fn tidy(&self) {
        self.cache.run_pending_tasks().await;
    }

    async fn build(&self, tenant: &TenantScope, code: &Code, options: PrepareOptions) -> Result<Built, BuildError> {
        let place = self.queue.enter(tenant.id()).await?;
        let (platform, code) = (self.platform.clone(), code.clone());
        let kept = self.kept.clone().filter(|_| !options.fresh);
        let (tenant, code_key) = (tenant.id(), self.code_key(&code.digest()));
        let build = move || {
            // Given back when the build is over, not when whoever asked for it has gone.
            let _place = place;
            let found = kept.as_ref().and_then(|kept| kept.load(&platform.engine, tenant, &code_key));
            if let Some(found) = found {
                return Ok(found);
            }
            let built = compile::build(&platform, &code, &options.limits)?;
            if let Some(kept) = kept {
                kept.store(&platform.engine, tenant, &code_key, &built);
            }
            Ok(built)
        };
        answered(self.threads.run(build).await)
    }

    /// Has the front end compiled in the background, if that was never done in this cache folder: who needs it first would wait.
    pub fn make_ready(&self) {
        let platform = self.platform.clone();
        let make = move || {
            if let Err(error) = platform.front_end.make_ready(&platform.engine) {
                tracing::error!(error = format!("{error:#}"), "the front end could not be compiled");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("front end".to_owned()).spawn(make) {
            tracing::warn!(%error, "a thread cannot be started; the front end is compiled when it is first needed");
        }
    }

    async fn prepare_component(
        &self,
        tenant: &TenantScope,
        code_key: Digest,
        component: &str,
        options: PrepareOptions,
    ) -> Result<Prepared, BuildError> {
        let place = self.queue.enter(tenant.id()).await?;
        let (platform, component) = (self.platform.clone(), component.to_owned());
        let began = Instant::now();
        let build = move || {
            let _place = place;
            let loaded = platform.natives.load(&platform.engine, &decoded(&component), options.limits.build_cpu);
            loaded.map_err(|error| match error {
                NotReady::Code(outcome, error) => Refusal::Code(outcome, error),
                NotReady::Host(error) => Refusal::Host(error),
            })
        };
        let (native, cached) = answered(self.threads.run(build).await)?;
        let build = BuildReport { compile: began.elapsed(), overlay_bytes: native.bytes, ..BuildReport::default() };
        Ok(Prepared { code_key, cached, build, warnings: Arc::default(), artifact: Arc::new(native) })
    }

    async fn prepare_anew(
        &self,
        tenant: &TenantScope,
        code: &Code,
        options: PrepareOptions,
    ) -> Result<Prepared, BuildError> {
        let code_key = self.code_key(&code.digest());
        if let Some(component) = code.as_component() {
            return self.prepare_component(tenant, code_key, component, options).await;
        }
        let Built { overlay, report, warnings, kept } = self.build(tenant, code, options).await?;
        Ok(Prepared { code_key, cached: kept, build: report, warnings: warnings.into(), artifact: Arc::new(overlay) })
    }
}

/// What the domain checked is base64.
fn decoded(component: &str) -> Vec<u8> {
    STANDARD.decode(component).expect("a component's text is base64")
}

/// What a job on the build threads came to.
fn answered<R>(result: Option<Result<R, Refusal>>) -> Result<R, BuildError> {
    match result {
        Some(Ok(built)) => Ok(built),
        Some(Err(Refusal::Code(outcome, error))) => Err(BuildError::Code { outcome, error }),
        Some(Err(Refusal::Full)) => Err(BuildError::Overloaded { retry_after: AFTER_FULL }),
        Some(Err(Refusal::Host(error))) => Err(internal(error)),
        None => Err(internal(wasmtime::format_err!("a build panicked"))),
    }
}

fn internal(error: wasmtime::Error) -> BuildError {
    let error: Box<dyn std::error::Error + Send + Sync> = error.into();
    BuildError::Internal(error.into())
}

#[async_trait]
impl GuestExecutor for WasmExecutor {
    fn code_key(&self, code_digest: &Digest) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"isolet code key 2");
        hasher.update(self.platform.digest().as_bytes());
        hasher.update(self.platform.front_end.digest().as_bytes());
        hasher.update(code_digest.as_bytes());
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }

    async fn lookup(&self, tenant: &TenantScope, code_key: &Digest) -> Option<Prepared> {
        let found = self.cache.get(&(tenant.id(), *code_key)).await?;
        Some(Prepared { cached: true, ..found })
    }

    async fn prepare(
        &self,
        tenant: &TenantScope,
        code: &Code,
        options: PrepareOptions,
    ) -> Result<Prepared, BuildError> {
        if options.fresh {
            return self.prepare_anew(tenant, code, options).await;
        }
        let key = (tenant.id(), self.code_key(&code.digest()));
        if let Some(found) = self.cache.get(&key).await {
            return Ok(Prepared { cached: true, ..found });
        }
        let built = self.cache.try_get_with(key, self.prepare_anew(tenant, code, options)).await;
        built.map_err(|error| (*error).clone())
    }

    async fn check(
        &self,
        tenant: &TenantScope,
        code: &Code,
        options: PrepareOptions,
    ) -> Result<Vec<Diagnostic>, BuildError> {
        if code.as_component().is_some() {
            return self.prepare_anew(tenant, code, options).await.map(|_| Vec::new());
        }
        let place = self.queue.enter(tenant.id()).await?;
        let (platform, code) = (self.platform.clone(), code.clone());
        let check = move || {
            let _place = place;
            compile::check(&platform, &code, &options.limits)
        };
        answered(self.threads.run(check).await)
    }

    async fn invoke(&self, prepared: &Prepared, invocation: Invocation) -> Answer {
        let artifact = prepared.artifact.clone();
        let guest = match artifact.downcast::<Overlay>() {
            Ok(overlay) => Guest::Function(overlay),
            Err(other) => {
                Guest::Native(other.downcast::<Native>().expect("only this executor makes artifacts for itself"))
            }
        };
        invoke::invoke(self.platform.clone(), guest, invocation).await
    }

    async fn export(&self, tenant: &TenantScope, code: &Code, options: PrepareOptions) -> Result<Vec<u8>, BuildError> {
        if let Some(component) = code.as_component() {
            return Ok(decoded(component));
        }
        let built = self.build(tenant, code, options).await?;
        self.platform.export(&built.overlay).map_err(|error| internal(error.into()))
    }
}

//! What exists once per process: the wasmtime engine, the base (the frozen JavaScript engine, compiled), the shell around it, linked,
//! and the memories both run in. Per function there is only an overlay, per request only an instance: see `compile` and `invoke`.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use isolet_bindings::FunctionPre;
use isolet_domain::ids::Digest;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, Module, Store};

use crate::compiler::Compiler;
use crate::component::{self, SurgeryError};
use crate::config::{Part, RuntimeConfig, Slow};
use crate::egress::Door;
use crate::fair::Fair;
use crate::front_end::FrontEnd;
use crate::image::ImageCache;
use crate::instance::{InstanceState, link_guest};
use crate::memory::{self, BaseMemory, Content, MemoryBudget, MemoryPool, PoolSettings, Share, StackPool};
use crate::native::Natives;
use crate::overlay::{self, Overlay};
use crate::sealed::{BuildState, link_build};
use crate::target;
use crate::ticker::Ticker;

/// The engine component, frozen. Rebuilt by `guest-sdk/build`.
static ENGINE: &[u8] = include_bytes!("../../../guest-sdk/artifacts/engine.wasm");

/// Why the runtime cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// With its causes, which wasmtime's error does not expose as sources.
    #[error("WebAssembly cannot be set up: {0}")]
    Wasm(String),
    #[error(transparent)]
    Surgery(#[from] SurgeryError),
    #[error("no memory can be set aside")]
    Memory(#[source] std::io::Error),
    #[error("the folder for compiled code cannot be used")]
    Cache(#[source] std::io::Error),
    #[error("TLS for outgoing requests cannot be set up")]
    Tls(#[source] rustls::Error),
    #[error("a thread cannot be started")]
    Threads(#[source] std::io::Error),
}

impl From<wasmtime::Error> for StartError {
    fn from(error: wasmtime::Error) -> Self {
        Self::Wasm(format!("{error:#}"))
    }
}

/// The process-wide half of the runtime.
pub struct Platform {
    pub engine: Engine,
    pub ticker: Ticker,
    pub fair: Fair,
    pub front_end: FrontEnd,
    /// Components that were not made here.
    pub natives: Natives,
    /// The compiled base, which brings no data of its own, and a linker that has everything a build instance may import.
    pub base: Module,
    pub build_linker: wasmtime::Linker<BuildState>,
    /// The base's memory, and where memories that show it come from.
    pub base_memory: Arc<BaseMemory>,
    pub memories: MemoryPool,
    /// What they may come to, all together.
    pub budget: MemoryBudget,
    /// The way out.
    pub door: Arc<Door>,
    /// The stack's place in it, which is dead between calls.
    pub stack: Range<usize>,
    /// Shell and base, checked and linked. Functions differ in their memories alone.
    pub pre: FunctionPre<InstanceState>,
    artifact: Cow<'static, [u8]>,
    digest: Digest,
}

impl Platform {
    /// Compiles the base, or loads it from the cache. `slow` is told when it is going to be compiled, which takes seconds.
    ///
    /// # Errors
    /// When wasmtime, the cache folder or the committed artifact do not work.
    pub fn start(config: &RuntimeConfig, slow: &Slow, compiler: Option<Arc<Compiler>>) -> Result<Self, StartError> {
        let began = Instant::now();
        let artifact = config.engine.as_ref().map_or(Cow::Borrowed(ENGINE), |other| Cow::Owned(other.to_vec()));
        let digest = Digest::of(&artifact);
        let hollow = component::hollow(&artifact[component::main_module(&artifact)?])?;
        let base_memory = Arc::new(BaseMemory::new(&hollow.memory).map_err(StartError::Memory)?);
        let memories = MemoryPool::new(base_memory.clone(), pool_settings(config));
        let engine = Engine::new(&wasmtime_config(&memories))?;
        let ticker = Ticker::start(&engine).map_err(StartError::Threads)?;

        let shell = component::shell(&artifact, &hollow.module)?;
        let cache = config.cache_dir.as_deref().map(ImageCache::open).transpose().map_err(StartError::Cache)?;
        let shell = compiled(&engine, cache.as_ref(), &shell, slow)?;
        let base = main_module(&engine, &shell)?;

        let build_linker = link_build(&engine, &base)?;
        let door = Door::new(config.resolver.clone(), &config.extra_roots).map_err(StartError::Tls)?;
        let budget = MemoryBudget::new(config.memory_budget_bytes);
        let stack = find_stack(&engine, &build_linker, &base, budget.share())?;
        let pre = FunctionPre::new(link_guest(&engine)?.instantiate_pre(&shell)?)?;
        tracing::debug!(took_ms = began.elapsed().as_millis(), engine = %digest, "engine ready");
        let natives = Natives::new(compiler, cache.clone());
        let front_end = FrontEnd::new(cache, slow.clone());
        Ok(Self {
            engine,
            ticker,
            fair: Fair::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)),
            front_end,
            natives,
            base,
            build_linker,
            base_memory,
            memories,
            budget,
            door: Arc::new(door),
            stack,
            pre,
            artifact,
            digest,
        })
    }

    /// The digest of the frozen engine: part of every code key.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The stand-alone component of an overlay.
    pub fn export(&self, overlay: &Overlay) -> Result<Vec<u8>, SurgeryError> {
        let artifact = &*self.artifact;
        let ty = component::memory_type(&artifact[component::main_module(artifact)?])?;
        let overlay = overlay::module(overlay, ty, self.base_memory.len(), self.stack.end);
        component::with_overlay(artifact, &overlay)
    }
}

fn pool_settings(config: &RuntimeConfig) -> PoolSettings {
    PoolSettings {
        // A build has one instance at a time.
        max_memories: config.max_instances as usize + config.max_builds,
        keep_bytes: config.keep_resident_bytes,
        verify: config.verify_memories,
    }
}

fn wasmtime_config(memories: &MemoryPool) -> Config {
    let mut wasm = target::settings();
    // Memories and stacks, which are what is worth pooling, come from pools of ours.
    wasm.with_host_memory(Arc::new(memories.clone())).with_host_stack(Arc::new(StackPool::default()));
    wasm
}

/// The compiled shell, the base within it, from the cache when it has it.
fn compiled(engine: &Engine, cache: Option<&ImageCache>, shell: &[u8], slow: &Slow) -> wasmtime::Result<Component> {
    // By what is compiled, not by what it is made from: the making may change.
    let name = format!("engine-{}.bin", &Digest::of(shell).to_hex()[..32]);
    if let Some(cache) = cache
        && let Some(compiled) = cache.load(engine, &name)
    {
        // SAFETY: the cache's key proves that this host serialised these bytes with this engine's settings; they are in memory
        // of ours and are not read again from the file.
        if let Ok(compiled) = unsafe { Component::deserialize(engine, &compiled) } {
            return Ok(compiled);
        }
        tracing::warn!("compiled code of the engine does not load; compiling it anew");
    }
    slow(Part::Engine);
    let compiled = Component::new(engine, shell)?;
    if let Some(cache) = cache {
        cache.store(engine, &name, &compiled.serialize()?);
    }
    Ok(compiled)
}

/// The base as a module of its own, which builds run. It is the shell's: its code is compiled and loaded once, and what the shell has
/// inside is found by index, where an import would be looked up by name in every request.
fn main_module(engine: &Engine, shell: &Component) -> wasmtime::Result<Module> {
    let mut linker = wasmtime::component::Linker::new(engine);
    linker.define_unknown_imports_as_traps(shell)?;
    let mut store = Store::new(engine, ());
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = memory::supply(Content::Base, || linker.instantiate(&mut store, shell))?;
    let module = instance.get_module(&mut store, component::MAIN_MODULE);
    module.ok_or_else(|| wasmtime::format_err!("the shell does not export its main module"))
}

/// Where the base's stack is.
fn find_stack(
    engine: &Engine,
    linker: &wasmtime::Linker<BuildState>,
    base: &Module,
    share: Share,
) -> wasmtime::Result<Range<usize>> {
    let mut store = Store::new(engine, BuildState::for_reading(share));
    store.limiter(|state| state);
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = memory::supply(Content::Base, || linker.instantiate(&mut store, base))?;
    let bound = |store: &mut Store<BuildState>, name: &str| -> wasmtime::Result<usize> {
        let bound = instance.get_typed_func::<(), u32>(&mut *store, name)?.call(store, ())?;
        Ok(bound as usize)
    };
    Ok(bound(&mut store, "isolet-stack-low")?..bound(&mut store, "isolet-stack-high")?)
}

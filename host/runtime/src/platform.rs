//! What exists once per process: the wasmtime engine, the base (the frozen JavaScript engine, compiled), the shell and their
//! linkers. Per function there is only an overlay, per request only an instance; those live in `compile` and `invoke`.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use isolet_domain::ids::Digest;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, Module, PoolingAllocationConfig, Store, Strategy};

use crate::component::{self, OVERLAY_IMPORT, Source, SurgeryError};
use crate::config::{MAX_MEMORY_BYTES, RuntimeConfig};
use crate::dirty::PageMap;
use crate::image::ImageCache;
use crate::instance::{InstanceState, link_guest};
use crate::overlay::{self, Overlay};
use crate::sealed::{BuildState, link_build};
use crate::template::Templates;
use crate::ticker::Ticker;

/// The engine component, frozen. Rebuilt by `guest-sdk/build`.
static ENGINE: &[u8] = include_bytes!("../../../guest-sdk/artifacts/engine.wasm");

/// The base's stack, data and heap, and the first pages behind it where requests allocate. Each slot that was ever used keeps as much.
const KEEP_RESIDENT_BYTES: usize = 2_560 << 10;

/// Core instances of one shell: main module, shim, fix-ups, overlay.
const CORE_INSTANCES: u32 = 4;

/// Why the runtime cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// With its causes, which wasmtime's error does not expose as sources.
    #[error("WebAssembly cannot be set up: {0}")]
    Wasm(String),
    #[error(transparent)]
    Surgery(#[from] SurgeryError),
    #[error("the folder for compiled code cannot be used")]
    Cache(#[source] std::io::Error),
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
    /// The compiled base and a linker that has everything a build instance may import.
    pub base: Module,
    pub build_linker: wasmtime::Linker<BuildState>,
    /// The base's memory, to compare with.
    pub base_memory: Arc<[u8]>,
    /// The stack's place in it, which is dead between calls.
    pub stack: Range<usize>,
    pub page_map: PageMap,
    pub templates: Templates,
    shell: Component,
    linker: Linker<InstanceState>,
    main: Range<usize>,
    digest: Digest,
}

impl Platform {
    /// Compiles the base, or loads it from the cache. `slow` is told when it is going to be compiled, which takes seconds.
    ///
    /// # Errors
    /// When wasmtime, the cache folder or the committed artifact do not work.
    pub fn start(config: &RuntimeConfig, slow: &dyn Fn()) -> Result<Self, StartError> {
        let began = Instant::now();
        let engine = Engine::new(&wasmtime_config(config))?;
        let ticker = Ticker::start(&engine).map_err(StartError::Threads)?;
        let digest = Digest::of(ENGINE);
        let main = component::main_module(ENGINE)?;
        let engine_import = format!("isolet:engine/b{}", digest.to_hex());
        let shell_bytes = component::assemble(
            ENGINE,
            &ENGINE[main.clone()],
            Source::Import(&engine_import),
            Source::Import(OVERLAY_IMPORT),
        )?;
        let cache = config.cache_dir.as_deref().map(ImageCache::open).transpose().map_err(StartError::Cache)?;
        let (base, shell) = compiled(&engine, cache.as_ref(), &digest, &ENGINE[main.clone()], &shell_bytes, slow)?;

        let build_linker = link_build(&engine, &base)?;
        let (base_memory, stack) = read_base(&engine, &build_linker, &base)?;
        let mut linker = link_guest(&engine)?;
        linker.root().module(&engine_import, &base)?;
        tracing::debug!(took_ms = began.elapsed().as_millis(), engine = %digest, "engine ready");
        let templates = Templates::new(stack.end, component::memory_type(&ENGINE[main.clone()])?);
        let page_map = PageMap::open();
        Ok(Self {
            engine,
            ticker,
            base,
            build_linker,
            base_memory,
            stack,
            page_map,
            templates,
            shell,
            linker,
            main,
            digest,
        })
    }

    /// The digest of the frozen engine: part of every code key.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The base's core module.
    pub fn main_module(&self) -> &'static [u8] {
        &ENGINE[self.main.clone()]
    }

    /// Shell, base and a function's overlay, checked and ready to be instantiated.
    pub fn link(&self, overlay: &Module) -> wasmtime::Result<InstancePre<InstanceState>> {
        let mut linker = self.linker.clone();
        linker.root().module(OVERLAY_IMPORT, overlay)?;
        linker.instantiate_pre(&self.shell)
    }

    /// The stand-alone component of an overlay.
    pub fn export(&self, overlay: &Overlay) -> Result<Vec<u8>, SurgeryError> {
        let main = self.main_module();
        let overlay = overlay::module(&overlay.data, component::memory_type(main)?, self.stack.end);
        component::assemble(ENGINE, main, Source::Embed(main), Source::Embed(&overlay))
    }
}

fn wasmtime_config(config: &RuntimeConfig) -> Config {
    let instances = config.max_instances;
    let builds = u32::try_from(config.max_builds).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances)
        .total_core_instances(instances * CORE_INSTANCES + builds * 2)
        .total_memories(instances + builds * 2)
        .total_tables(instances * 3 + builds * 4)
        .total_stacks(instances)
        .max_memory_size(MAX_MEMORY_BYTES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(1)
        .max_tables_per_component(4)
        .max_memories_per_module(1)
        .table_elements(20_000)
        // What a request touches is cleared in place rather than given back and faulted in again: a fault costs 1 to 3 µs, a
        // megabyte of copying some 35 (see `examples/phases`).
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        // Off on wasmtime 48: with swap it can hand a previous tenant's page to the next instance (fixed in 50).
        .pagemap_scan(Enabled::No);
    let mut wasm = Config::new();
    wasm.strategy(Strategy::Cranelift)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        // QuickJS recurses on both stacks; its own check on the shadow stack comes first (T-13).
        .max_wasm_stack(2 << 20)
        .async_stack_size(4 << 20)
        .async_stack_zeroing(true)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16))
        .coredump_on_trap(false)
        .wasm_gc(false)
        .wasm_exceptions(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_stack_switching(false)
        .wasm_relaxed_simd(false)
        .wasm_component_model_async(false)
        .concurrency_support(false)
        .shared_memory(false);
    wasm
}

/// The compiled base and shell, from the cache when it has them.
fn compiled(
    engine: &Engine,
    cache: Option<&ImageCache>,
    digest: &Digest,
    base: &[u8],
    shell: &[u8],
    slow: &dyn Fn(),
) -> wasmtime::Result<(Module, Component)> {
    let name = |part: &str| format!("{part}-{}.bin", &digest.to_hex()[..32]);
    if let Some(cache) = cache
        && let (Some(base), Some(shell)) = (cache.load(engine, &name("base")), cache.load(engine, &name("shell")))
    {
        // SAFETY: the cache's key proves that this host serialised these bytes with this engine's settings; they are in memory
        // of ours and are not read again from the file.
        let loaded = unsafe { (Module::deserialize(engine, &base), Component::deserialize(engine, &shell)) };
        if let (Ok(base), Ok(shell)) = loaded {
            return Ok((base, shell));
        }
        tracing::warn!("compiled code of the engine does not load; compiling it anew");
    }
    slow();
    let base = Module::new(engine, base)?;
    let shell = Component::new(engine, shell)?;
    if let Some(cache) = cache {
        cache.store(engine, &name("base"), &base.serialize()?);
        cache.store(engine, &name("shell"), &shell.serialize()?);
    }
    Ok((base, shell))
}

/// The memory of a base nothing ran in, and where its stack is.
fn read_base(
    engine: &Engine,
    linker: &wasmtime::Linker<BuildState>,
    base: &Module,
) -> wasmtime::Result<(Arc<[u8]>, Range<usize>)> {
    let mut store = Store::new(engine, BuildState::for_reading());
    store.limiter(|state| state);
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = linker.instantiate(&mut store, base)?;
    let bound = |store: &mut Store<BuildState>, name: &str| -> wasmtime::Result<usize> {
        let bound = instance.get_typed_func::<(), u32>(&mut *store, name)?.call(store, ())?;
        Ok(bound as usize)
    };
    let stack = bound(&mut store, "isolet-stack-low")?..bound(&mut store, "isolet-stack-high")?;
    let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| wasmtime::format_err!("no memory"))?;
    Ok((memory.data(&store).into(), stack))
}

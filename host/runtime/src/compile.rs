//! Code to overlay: source to bytecode in one sealed build instance, bytecode to a started module in a second, clean one, and the
//! difference of its memory from the base's. Every import of a build instance traps or answers with a constant.

use std::time::{Duration, Instant};

use isolet_domain::code::{Code, ModuleKind};
use isolet_domain::execute::{BuildReport, GuestError};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use wasmtime::{Instance, Memory, Store, UpdateDeadline};

use crate::memory::{self, BudgetSpent, Content};
use crate::meter::{Meter, Tick};
use crate::overlay::{self, Overlay, TooLarge};
use crate::platform::Platform;
use crate::records::Failure;
use crate::sealed::BuildState;

/// What a build came to.
#[derive(Debug)]
pub struct Built {
    pub overlay: Overlay,
    pub report: BuildReport,
    /// Whether it was kept from before rather than built.
    pub kept: bool,
}

/// Why there is no overlay.
#[derive(Debug)]
pub enum Refusal {
    Code(Outcome, GuestError),
    /// All guests together have as much memory as they may.
    Full,
    Host(wasmtime::Error),
}

impl From<wasmtime::Error> for Refusal {
    fn from(error: wasmtime::Error) -> Self {
        if error.is::<BudgetSpent>() { Self::Full } else { Self::Host(error) }
    }
}

/// A fresh base with a budget.
struct BuildInstance {
    store: Store<BuildState>,
    instance: Instance,
    memory: Memory,
}

impl BuildInstance {
    fn new(platform: &Platform, cpu: Duration, memory_bytes: u64) -> wasmtime::Result<Self> {
        let state = BuildState::new(Meter::new(cpu), memory_bytes, platform.budget.share());
        let mut store = Store::new(&platform.engine, state);
        store.limiter(|state| state);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| match context.data().meter.tick() {
            Tick::GoOn => Ok(UpdateDeadline::Continue(1)),
            Tick::Stop(_) => Ok(UpdateDeadline::Interrupt),
        });
        let instantiate = || platform.build_linker.instantiate(&mut store, &platform.base);
        let instance = memory::supply(Content::Base, instantiate)?;
        let memory = instance.get_memory(&mut store, "memory");
        let memory = memory.ok_or_else(|| wasmtime::format_err!("the engine has no memory"))?;
        Ok(Self { store, instance, memory })
    }

    /// Hands `input` to one of the engine's build exports. The outer error is a trap, the inner one the code's own.
    fn call(&mut self, export: &str, input: &[u8]) -> wasmtime::Result<Result<Vec<u8>, Failure>> {
        let meter = self.store.data().meter.clone();
        meter.measure(|| {
            let len = u32::try_from(input.len())?;
            let alloc = self.instance.get_typed_func::<u32, u32>(&mut self.store, "isolet-alloc")?;
            let pointer = alloc.call(&mut self.store, len)?;
            self.memory.write(&mut self.store, pointer as usize, input)?;
            let call = self.instance.get_typed_func::<(u32, u32), u32>(&mut self.store, export)?;
            let answer = call.call(&mut self.store, (pointer, len))? as usize;
            let data = self.memory.data(&self.store);
            let word = |at: usize| -> wasmtime::Result<usize> {
                let bytes = data.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>());
                Ok(u32::from_le_bytes(*bytes.ok_or_else(|| wasmtime::format_err!("answer out of bounds"))?) as usize)
            };
            let (failed, start, len) = (word(answer)?, word(answer + 4)?, word(answer + 8)?);
            let end = start.saturating_add(len);
            let bytes = data.get(start..end).ok_or_else(|| wasmtime::format_err!("answer out of bounds"))?;
            if failed == 0 { Ok(Ok(bytes.to_vec())) } else { Ok(Err(serde_json::from_slice(bytes)?)) }
        })
    }

    /// What a trap or failure of this instance is called.
    fn refusal(&self, error: wasmtime::Error, cpu: Outcome, names: &Budget) -> Refusal {
        let state = self.store.data();
        if state.meter.stopped().is_some() || state.meter.asked_to_stop() {
            return Refusal::Code(cpu, names.cpu());
        }
        if state.refused_growth {
            return Refusal::Code(cpu, names.memory());
        }
        match error.downcast_ref::<wasmtime::Trap>() {
            Some(wasmtime::Trap::StackOverflow | wasmtime::Trap::MemoryOutOfBounds) => {
                Refusal::Code(cpu, plain(format!("{} recursed too deeply", names.what)))
            }
            Some(trap) => Refusal::Code(cpu, plain(format!("{} was stopped: {trap}", names.what))),
            None => error.into(),
        }
    }
}

/// A budget in words.
struct Budget {
    what: &'static str,
    cpu: Duration,
    memory_bytes: u64,
}

impl Budget {
    fn cpu(&self) -> GuestError {
        plain(format!("{} used up its {} ms of CPU", self.what, self.cpu.as_millis()))
    }

    fn memory(&self) -> GuestError {
        plain(format!("{} needs more than the {} MiB of memory it may have", self.what, self.memory_bytes >> 20))
    }
}

fn plain(message: String) -> GuestError {
    GuestError { message, ..GuestError::default() }
}

/// Compiles and starts `code`. Blocks for as long as that takes.
pub fn build(platform: &Platform, code: &Code, limits: &Limits) -> Result<Built, Refusal> {
    let _active = platform.ticker.activate();
    let began = Instant::now();
    let bytecode = compile(platform, code, limits)?;
    let compiled = began.elapsed();
    let (overlay, startup_cpu) = start(platform, &bytecode, limits)?;
    let report = BuildReport {
        compile: compiled,
        build: began.elapsed().saturating_sub(compiled),
        startup_cpu,
        overlay_bytes: overlay.bytes(),
        overlay_segments: overlay.segments(),
    };
    Ok(Built { overlay, report, kept: false })
}

fn compile(platform: &Platform, code: &Code, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let names = Budget { what: "compiling the code", cpu: limits.build_cpu, memory_bytes: limits.memory_bytes };
    let mut instance = BuildInstance::new(platform, limits.build_cpu, limits.memory_bytes)?;
    match instance.call("isolet-compile", &source_bundle(code)) {
        Ok(Ok(bytecode)) => Ok(bytecode),
        Ok(Err(_)) if instance.store.data().refused_growth => Err(Refusal::Code(Outcome::BuildLimit, names.memory())),
        Ok(Err(failure)) => Err(Refusal::Code(Outcome::BuildFailed, failure.into())),
        Err(trap) => Err(instance.refusal(trap, Outcome::BuildLimit, &names)),
    }
}

fn start(platform: &Platform, bytecode: &[u8], limits: &Limits) -> Result<(Overlay, Duration), Refusal> {
    let names = Budget { what: "the module's top level", cpu: limits.startup_cpu, memory_bytes: limits.memory_bytes };
    let mut instance = BuildInstance::new(platform, limits.startup_cpu, limits.memory_bytes)?;
    match instance.call("isolet-start", bytecode) {
        Ok(Ok(_)) => {}
        Ok(Err(failure)) => {
            let state = instance.store.data();
            let mut error = GuestError::from(failure);
            if state.meter.asked_to_stop() {
                error.message = names.cpu().message;
                return Err(Refusal::Code(Outcome::StartupLimit, error));
            }
            if state.refused_growth && error.message.contains("out of memory") {
                error.message = names.memory().message;
                return Err(Refusal::Code(Outcome::StartupLimit, error));
            }
            return Err(Refusal::Code(Outcome::StartupFailed, error));
        }
        Err(trap) => return Err(instance.refusal(trap, Outcome::StartupLimit, &names)),
    }
    let memory = instance.memory.data(&instance.store);
    let overlay = overlay::build(
        platform.base_memory.bytes(),
        memory,
        platform.memories.written(memory).as_deref(),
        platform.stack.end,
        limits.overlay_bytes,
        limits.overlay_segments,
    );
    let overlay = overlay.map_err(|large| {
        let message = match large {
            TooLarge::Bytes(bytes) => format!(
                "the module's top level left {bytes} bytes of state; at most {} are allowed",
                limits.overlay_bytes
            ),
            TooLarge::Segments(count) => format!(
                "the module's top level left its state in more than {count} separate places; allocate less, or in one piece"
            ),
        };
        Refusal::Code(Outcome::StartupLimit, plain(message))
    })?;
    Ok((overlay, instance.store.data().meter.used()))
}

/// The engine's source bundle (see its `bundle`).
fn source_bundle(code: &Code) -> Vec<u8> {
    fn put(out: &mut Vec<u8>, bytes: &[u8]) {
        // Module maps are bounded far below 4 GiB.
        out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(bytes);
    }
    let mut out = Vec::with_capacity(code.total_bytes() + 1024);
    put(&mut out, code.main_module().as_bytes());
    out.extend_from_slice(&u32::try_from(code.modules().len()).unwrap_or(u32::MAX).to_le_bytes());
    for (name, module) in code.modules() {
        let kind: u32 = match module.kind {
            ModuleKind::Js => 0,
            ModuleKind::Text => 1,
            ModuleKind::Json => 2,
        };
        out.extend_from_slice(&kind.to_le_bytes());
        put(&mut out, name.as_bytes());
        put(&mut out, module.text.as_bytes());
    }
    out
}

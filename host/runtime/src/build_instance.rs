//! A sealed instance with a budget, which a build runs one step in: of the engine or of the front end. What the steps are is in
//! `compile`.

use std::time::Duration;

use isolet_domain::execute::GuestError;
use isolet_domain::outcome::Outcome;
use wasmtime::{Instance, Linker, Memory, Module, Store, UpdateDeadline};

use crate::memory::{self, BudgetSpent, Content};
use crate::meter::{Meter, Tick};
use crate::platform::Platform;
use crate::priority::give_way;
use crate::records::Failure;
use crate::sealed::BuildState;

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

/// A fresh instance with a budget.
pub struct BuildInstance {
    pub store: Store<BuildState>,
    instance: Instance,
    pub memory: Memory,
}

impl BuildInstance {
    /// One of the engine, as it was frozen.
    pub fn of_engine(platform: &Platform, budget: &Budget) -> wasmtime::Result<Self> {
        Self::new(platform, (&platform.build_linker, &platform.base), Content::Base, budget)
    }

    /// One of a module that imports nothing.
    pub fn of_module(platform: &Platform, module: &Module, budget: &Budget) -> wasmtime::Result<Self> {
        Self::new(platform, (&Linker::new(&platform.engine), module), Content::Plain, budget)
    }

    fn new(
        platform: &Platform,
        (linker, module): (&Linker<BuildState>, &Module),
        content: Content,
        budget: &Budget,
    ) -> wasmtime::Result<Self> {
        let state = BuildState::new(
            Meter::new(budget.cpu.saturating_sub(budget.spent)),
            budget.memory_bytes,
            platform.budget.share(),
        );
        let mut store = Store::new(&platform.engine, state);
        store.limiter(|state| state);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| match context.data().meter.tick() {
            Tick::GoOn | Tick::Yield => {
                give_way();
                Ok(UpdateDeadline::Continue(1))
            }
            Tick::Stop(_) => Ok(UpdateDeadline::Interrupt),
        });
        // Measured as the rest is: what this thread did before would count as the code's.
        let meter = store.data().meter.clone();
        let instance = meter.measure(|| memory::supply(content, || linker.instantiate(&mut store, module)))?;
        let memory = instance.get_memory(&mut store, "memory");
        let memory = memory.ok_or_else(|| wasmtime::format_err!("the module has no memory"))?;
        Ok(Self { store, instance, memory })
    }

    /// Hands `input` to one of the module's build exports. The outer error is a trap, the inner one the code's own.
    pub fn call(&mut self, export: &str, input: &[u8]) -> wasmtime::Result<Result<Vec<u8>, Failure>> {
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

    /// Calls one of the module's exports that takes nothing and gives nothing.
    pub fn tell(&mut self, export: &str) -> wasmtime::Result<()> {
        let meter = self.store.data().meter.clone();
        meter.measure(|| self.instance.get_typed_func::<(), ()>(&mut self.store, export)?.call(&mut self.store, ()))
    }

    /// What a trap or failure of this instance is called.
    pub fn refusal(&self, error: wasmtime::Error, cpu: Outcome, names: &Budget) -> Refusal {
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
pub struct Budget {
    pub what: &'static str,
    pub cpu: Duration,
    /// What the steps before have used of it.
    pub spent: Duration,
    pub memory_bytes: u64,
}

impl Budget {
    pub fn cpu(&self) -> GuestError {
        plain(format!("{} used up its {} ms of CPU", self.what, self.cpu.as_millis()))
    }

    pub fn memory(&self) -> GuestError {
        plain(format!("{} needs more than the {} MiB of memory it may have", self.what, self.memory_bytes >> 20))
    }
}

pub fn plain(message: String) -> GuestError {
    GuestError { message, ..GuestError::default() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::config::MAX_MEMORY_BYTES;
    use crate::meter::thread_cpu;
    use crate::priority::tests::{beside_who_serves, waits};

    #[test]
    fn what_a_thread_did_before_is_not_the_codes() {
        let platform = crate::wild_calls::platform();
        let front_end = platform.front_end.module(&platform.engine).expect("it compiles");
        let cpu = Duration::from_millis(50);
        let budget = Budget { what: "a test", cpu, spent: Duration::ZERO, memory_bytes: MAX_MEMORY_BYTES as u64 };
        while thread_cpu() < 2 * budget.cpu {}
        let done = AtomicBool::new(false);
        let made: Vec<bool> = std::thread::scope(|scope| {
            // So that a tick falls into all that has one.
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    platform.engine.increment_epoch();
                }
            });
            let both = || {
                let engine = BuildInstance::of_engine(&platform, &budget);
                [engine.is_ok(), BuildInstance::of_module(&platform, front_end, &budget).is_ok()]
            };
            let made = (0..20).flat_map(|_| both()).collect();
            done.store(true, Ordering::Relaxed);
            made
        });
        assert!(made.iter().all(|made| *made), "{made:?}");
    }

    #[test]
    fn a_build_gives_way_at_every_tick_while_who_serves_is_at_work() {
        const ENDLESS: &str = "(module (memory (export \"memory\") 1) (func (export \"go\") (loop br 0)))";
        let platform = crate::wild_calls::platform();
        let module = Module::new(&platform.engine, ENDLESS).expect("it compiles");
        let cpu = Duration::from_millis(50);
        let budget = Budget { what: "a test", cpu, spent: Duration::ZERO, memory_bytes: MAX_MEMORY_BYTES as u64 };
        let mut instance = BuildInstance::of_module(&platform, &module, &budget).expect("there is room");
        let _ticks = platform.ticker.activate();
        let waited = beside_who_serves(|| {
            let before = waits();
            instance.tell("go").expect_err("its budget ends it");
            waits() - before
        });
        assert!(waited >= 10, "in 50 ms it gave way {waited} times");
    }
}

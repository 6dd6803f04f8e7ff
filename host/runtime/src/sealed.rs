//! The sealed world of a build instance: its state and its imports. What is done in it is in `compile`.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Caller, Engine, ExternType, Linker, Module, ResourceLimiter};

use crate::config::MAX_MEMORY_BYTES;
use crate::memory::Share;
use crate::meter::Meter;

/// A build instance's state: its meter, its memory's bound and its part of what all may have.
pub struct BuildState {
    pub meter: Arc<Meter>,
    max_memory_bytes: usize,
    share: Share,
    pub refused_growth: bool,
}

impl BuildState {
    pub fn new(meter: Arc<Meter>, memory_bytes: u64, share: Share) -> Self {
        let max_memory_bytes = usize::try_from(memory_bytes).unwrap_or(MAX_MEMORY_BYTES);
        Self { meter, max_memory_bytes, share, refused_growth: false }
    }

    /// For looking at the base; runs nothing of anybody's.
    pub fn for_reading(share: Share) -> Self {
        Self::new(Meter::new(Duration::MAX), MAX_MEMORY_BYTES as u64, share)
    }
}

impl ResourceLimiter for BuildState {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= self.max_memory_bytes;
        self.refused_growth |= !granted;
        if granted {
            self.share.grow_to(desired)?;
        }
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 20_000)
    }
}

/// Everything a build instance may import: clocks that stand still, a fixed hash seed, a stderr that goes nowhere. The rest traps.
pub fn link_build(engine: &Engine, base: &Module) -> wasmtime::Result<Linker<BuildState>> {
    let mut linker = Linker::new(engine);
    for import in base.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        let (module, name) = (import.module(), import.name());
        match (name, ty.params().len()) {
            ("insecure-seed", 1) => fill(&mut linker, module, name, [0x5A; 16])?,
            // wall-clock.now, written through a pointer: 2000-01-01, so that nothing mistakes it for a real time.
            ("now", 1) => {
                let mut time = [0; 16];
                time[..8].copy_from_slice(&946_684_800_u64.to_le_bytes());
                fill(&mut linker, module, name, time)?;
            }
            // monotonic-clock.now: stands still, or says stop.
            ("now", 0) => {
                linker.func_wrap(
                    module,
                    name,
                    |caller: Caller<'_, BuildState>| {
                        if caller.data().meter.asked_to_stop() { u64::MAX } else { 0 }
                    },
                )?;
            }
            ("get-stderr", 0) => {
                linker.func_wrap(module, name, || 1_u32)?;
            }
            ("[method]output-stream.blocking-write-and-flush", _) => {
                linker.func_wrap(
                    module,
                    name,
                    |mut caller: Caller<'_, BuildState>, _: u32, _: u32, _: u32, out: u32| {
                        write(&mut caller, out, &[0])
                    },
                )?;
            }
            _ => {}
        }
    }
    linker.define_unknown_imports_as_traps(base)?;
    Ok(linker)
}

fn fill(linker: &mut Linker<BuildState>, module: &str, name: &str, bytes: [u8; 16]) -> wasmtime::Result<()> {
    linker.func_wrap(module, name, move |mut caller: Caller<'_, BuildState>, pointer: u32| {
        write(&mut caller, pointer, &bytes)
    })?;
    Ok(())
}

fn write(caller: &mut Caller<'_, BuildState>, pointer: u32, bytes: &[u8]) -> wasmtime::Result<()> {
    let memory = caller.get_export("memory").and_then(wasmtime::Extern::into_memory);
    let memory = memory.ok_or_else(|| wasmtime::format_err!("the engine has no memory"))?;
    Ok(memory.write(caller, pointer as usize, bytes)?)
}

//! What code is compiled for, wherever that is done: wasmtime's settings as far as machine code depends on them, or its safety does.
//! What memories and stacks come from is told in `platform`.

use wasmtime::{Config, InstanceAllocationStrategy, Strategy};

use crate::memory;

/// The settings. Code compiled for others does not load.
pub fn settings() -> Config {
    let mut wasm = Config::new();
    wasm.strategy(Strategy::Cranelift)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .memory_reservation(memory::RESERVATION_BYTES as u64)
        .memory_guard_size(memory::GUARD_BYTES as u64)
        .memory_may_move(false)
        // Images of wasmtime's own need memories of its own; the base's is shown by the pool, the front end's data is copied.
        .memory_init_cow(false)
        .epoch_interruption(true)
        // QuickJS recurses on both stacks; its own check, on the one in memory, comes first (`patches/both-stacks.patch`).
        .max_wasm_stack(4 << 20)
        .async_stack_size(6 << 20)
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

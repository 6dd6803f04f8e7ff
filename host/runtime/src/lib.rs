//! Runs guests. Code becomes a component here (bytecode, start-up, snapshot), components become instances, instances answer
//! requests within their limits. Who may run what, and where code is kept, is decided elsewhere.

mod build_instance;
mod build_queue;
mod build_threads;
mod checked;
mod compile;
pub mod compiler;
pub mod component;
pub mod config;
pub mod egress;
mod exchange;
mod executor;
mod fair;
mod front_end;
mod head;
mod image;
mod instance;
mod invoke;
mod kept;
mod machine;
mod memory;
mod meter;
mod native;
mod overlay;
mod platform;
pub mod priority;
mod reading;
mod records;
mod sealed;
mod source_bundle;
mod target;
mod ticker;
#[cfg(any(test, feature = "wild-calls"))]
pub mod wild_calls;

pub use executor::WasmExecutor;
pub use platform::StartError;

/// The version of wasmtime this host is built with.
pub const WASMTIME_VERSION: &str = "48.0.8";

//! Where guests' memories come from: slots of address space that show the base copy-on-write and are put back, page by page as they
//! were written, after every use; and the stacks guests run on. What a memory is to contain is decided in `compile`, its size in
//! `config`; wasmtime is told of both in `platform`.
//!
//! wasmtime's own pool either gives every written page back to the kernel, to be faulted in again at one to three microseconds each,
//! or copies a fixed prefix however little of it was written. Its own way to ask the kernel (`pagemap_scan`) is not to be used on
//! this version: it misses pages that are swapped out or being moved. Here a slot's written pages are read from the page map, with
//! everything counted as written that is not provably clean, and a slot that goes back to the same function keeps what its start-up
//! left, so a large function is not copied anew for each request.

mod base;
mod budget;
mod page_map;
mod plain;
mod pool;
mod slot;
mod stacks;
mod supply;
mod sys;
mod watch;

pub use base::BaseMemory;
pub use budget::{BudgetSpent, MemoryBudget, Share};
pub use pool::{MemoryPool, PoolSettings};
pub use slot::GUARD_BYTES;
pub use slot::RESERVATION_BYTES;
pub use stacks::StackPool;
pub use supply::{Content, supply, supply_polls};
pub use sys::forget_signals;

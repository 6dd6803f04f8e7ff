//! An allocator that counts, for tests of what must not allocate. Each thread has its own count.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: everything is done by the system's allocator, with the arguments as they came. The count is a plain cell of the thread, made
// without allocating.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are those that the system's allocator wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; it was allocated by the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Of this thread, so far.
pub fn allocations() -> u64 {
    COUNT.try_with(Cell::get).unwrap_or(0)
}

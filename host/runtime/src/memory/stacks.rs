//! Stacks that guests' calls run on. One is used by one instance at a time and zeroed in between.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{Error, StackCreator, StackMemory};

use super::sys::Reservation;

/// Below each stack: what a frame of machine code cannot step over.
const GUARD_BYTES: usize = 64 << 10;
/// What is zeroed in place, from the top down; what lies below goes back to the kernel.
const KEEP_BYTES: usize = 64 << 10;
/// Free stacks that are kept.
const MAX_FREE: usize = 256;

/// The process's stacks, all of one size.
#[derive(Clone, Default)]
pub struct StackPool(Arc<Mutex<Vec<Stack>>>);

struct Stack {
    space: Reservation,
    len: usize,
}

impl Stack {
    fn new(len: usize) -> std::io::Result<Self> {
        let mut space = Reservation::new(GUARD_BYTES + len)?;
        space.small_pages()?;
        space.protect(GUARD_BYTES, len, true)?;
        Ok(Self { space, len })
    }

    fn clear(&mut self) -> std::io::Result<()> {
        let kept = KEEP_BYTES.min(self.len);
        // SAFETY: these are the topmost bytes of a stack nothing runs on.
        unsafe { self.space.at(GUARD_BYTES + self.len - kept).write_bytes(0, kept) };
        self.space.forget(GUARD_BYTES, self.len - kept)
    }
}

struct Lease {
    /// `None` only while it is being dropped.
    stack: Option<Stack>,
    pool: StackPool,
}

impl Lease {
    fn stack(&self) -> &Stack {
        self.stack.as_ref().expect("a lease has its stack until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut stack) = self.stack.take() else { return };
        if stack.clear().is_ok() {
            let mut free = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
            if free.len() < MAX_FREE {
                free.push(stack);
            }
        }
    }
}

// SAFETY: the stack is page-aligned, guarded below, does not move, and is used by nobody else while the lease lives.
unsafe impl StackMemory for Lease {
    fn top(&self) -> *mut u8 {
        self.stack().space.at(GUARD_BYTES + self.stack().len)
    }

    fn range(&self) -> Range<usize> {
        let start = self.stack().space.at(GUARD_BYTES) as usize;
        start..start + self.stack().len
    }

    fn guard_range(&self) -> Range<*mut u8> {
        self.stack().space.at(0)..self.stack().space.at(GUARD_BYTES)
    }
}

// SAFETY: see `Lease`; stacks are zero when they are handed out, whether that was asked for or not.
unsafe impl StackCreator for StackPool {
    fn new_stack(&self, size: usize, _zeroed: bool) -> Result<Box<dyn StackMemory>, Error> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let stack = match free.filter(|stack| stack.len == size) {
            Some(stack) => stack,
            None => Stack::new(size)?,
        };
        Ok(Box::new(Lease { stack: Some(stack), pool: self.clone() }))
    }
}

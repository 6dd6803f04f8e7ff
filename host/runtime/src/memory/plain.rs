//! Memories that show nothing and are used once: for modules of ours other than the engine. Their address space is like a slot's,
//! and goes back to the kernel with everything in it.

use std::io::Result;

use super::slot::{GUARD_BYTES, RESERVATION_BYTES};
use super::sys::{PAGE_BYTES, Reservation};

#[derive(Debug)]
pub struct PlainMemory {
    space: Reservation,
    accessible: usize,
}

impl PlainMemory {
    pub fn new(bytes: usize) -> Result<Self> {
        let space = Reservation::new(GUARD_BYTES + RESERVATION_BYTES + GUARD_BYTES)?;
        let mut memory = Self { space, accessible: 0 };
        memory.grow(bytes)?;
        Ok(memory)
    }

    pub fn start(&self) -> *mut u8 {
        self.space.at(GUARD_BYTES)
    }

    pub fn accessible(&self) -> usize {
        self.accessible
    }

    /// Lets the guest touch `len` bytes. New ones are zero.
    pub fn grow(&mut self, len: usize) -> Result<()> {
        assert!(len <= RESERVATION_BYTES && len.is_multiple_of(PAGE_BYTES), "whole pages within the reservation");
        if len > self.accessible {
            self.space.protect(GUARD_BYTES + self.accessible, len - self.accessible, true)?;
            self.accessible = len;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_zero_and_grows() {
        let mut memory = PlainMemory::new(2 * PAGE_BYTES).expect("made");
        memory.grow(5 * PAGE_BYTES).expect("grown");
        memory.grow(PAGE_BYTES).expect("nothing to do");
        assert_eq!(memory.accessible(), 5 * PAGE_BYTES);
        // SAFETY: that many bytes are accessible.
        let bytes = unsafe { std::slice::from_raw_parts_mut(memory.start(), memory.accessible()) };
        assert!(bytes.iter().all(|byte| *byte == 0));
        bytes.fill(1);
    }
}

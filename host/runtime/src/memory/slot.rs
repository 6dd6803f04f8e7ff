//! One slot: address space for one memory, showing the base, and the account of what else is in it. A slot is used by one instance
//! at a time; in between it is put back to exactly what the next one of the same function may see.

use std::io::Result;
use std::sync::Arc;

use super::base::BaseMemory;
use super::page_map::PageMap;
use super::sys::{PAGE_BYTES, Reservation};
use crate::overlay::Overlay;

/// Address space a 32-bit guest can name. Compiled code leaves out bounds checks because all of it is reserved.
pub const RESERVATION_BYTES: usize = 4 << 30;
/// Before and behind it: what an address plus a small constant offset can reach.
pub const GUARD_BYTES: usize = 32 << 20;

#[derive(Debug)]
pub struct Slot {
    space: Reservation,
    base: Arc<BaseMemory>,
    /// Bytes the guest may touch.
    accessible: usize,
    /// The function whose start-up state lies over the base.
    holds: Option<Arc<Overlay>>,
    /// Pages that stay in memory while the slot is free.
    kept_pages: usize,
}

impl Slot {
    pub fn new(base: &Arc<BaseMemory>) -> Result<Self> {
        let mut space = Reservation::new(GUARD_BYTES + RESERVATION_BYTES + GUARD_BYTES)?;
        space.show(GUARD_BYTES, base.file(), base.len())?;
        Ok(Self { space, base: base.clone(), accessible: base.len(), holds: None, kept_pages: 0 })
    }

    pub fn start(&self) -> *mut u8 {
        self.space.at(GUARD_BYTES)
    }

    pub fn accessible(&self) -> usize {
        self.accessible
    }

    pub fn kept_pages(&self) -> usize {
        self.kept_pages
    }

    pub fn holds(&self, overlay: Option<&Arc<Overlay>>) -> bool {
        match (&self.holds, overlay) {
            (Some(held), Some(overlay)) => Arc::ptr_eq(held, overlay),
            (None, None) => true,
            _ => false,
        }
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

    /// Makes a free slot contain the base and `overlay`.
    pub fn fill(&mut self, overlay: Option<&Arc<Overlay>>) -> Result<()> {
        if self.holds(overlay) {
            return Ok(());
        }
        if let Some(old) = self.holds.take() {
            let base = self.base.clone();
            for (range, _) in old.runs() {
                let (start, end) = (range.start.min(base.len()), range.end.min(base.len()));
                self.bytes_mut()[start..end].copy_from_slice(&base.bytes()[start..end]);
            }
        }
        if let Some(new) = overlay {
            self.grow(new.memory_bytes)?;
            self.apply(new);
            self.holds = Some(new.clone());
        }
        Ok(())
    }

    /// Puts back every page that was written. At most `keep_pages` of them stay in memory.
    ///
    /// # Errors
    /// When the kernel refuses, after which the slot must not be used again.
    pub fn reset(&mut self, page_map: &PageMap, keep_pages: usize) -> Result<()> {
        let base_len = self.base.len();
        let grew = self.accessible > base_len;
        if grew {
            self.space.forget(GUARD_BYTES + base_len, self.accessible - base_len)?;
            self.space.protect(GUARD_BYTES + base_len, self.accessible - base_len, false)?;
            self.accessible = base_len;
        }
        let written = page_map.written(self.start() as usize, base_len);
        let pages = written.as_ref().map_or(usize::MAX, |runs| runs.iter().map(ExactSizeIterator::len).sum());
        let lost = grew && self.holds.as_ref().is_some_and(|held| held.memory_bytes > base_len);
        let Some(written) = written.filter(|_| pages <= keep_pages && !lost) else {
            return self.clear();
        };
        let base = self.base.clone();
        let bytes = self.bytes_mut();
        for run in written {
            let range = run.start * PAGE_BYTES..run.end * PAGE_BYTES;
            bytes[range.clone()].copy_from_slice(&base.bytes()[range]);
        }
        if let Some(held) = self.holds.clone() {
            self.apply(&held);
        }
        self.kept_pages = pages;
        Ok(())
    }

    /// Gives all written pages back to the kernel: the slot is the base again.
    pub fn clear(&mut self) -> Result<()> {
        self.holds = None;
        self.kept_pages = 0;
        self.space.forget(GUARD_BYTES, self.accessible)
    }

    /// Whether a free slot contains what it should, byte for byte.
    pub fn is_as_it_should_be(&self) -> bool {
        let mut expected = self.base.bytes().to_vec();
        for (range, contents) in self.holds.iter().flat_map(|held| held.runs()) {
            expected[range].copy_from_slice(contents);
        }
        self.accessible == self.base.len() && self.bytes() == expected
    }

    fn apply(&mut self, overlay: &Overlay) {
        let bytes = self.bytes_mut();
        for (range, contents) in overlay.runs() {
            bytes[range].copy_from_slice(contents);
        }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: that much is mapped readable, and `&self` on a free slot means that no guest writes to it.
        unsafe { std::slice::from_raw_parts(self.start(), self.accessible) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: that much is mapped writable, and `&mut self` means that no guest has it.
        unsafe { std::slice::from_raw_parts_mut(self.start(), self.accessible) }
    }
}

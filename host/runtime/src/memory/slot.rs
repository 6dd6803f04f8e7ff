//! One slot: address space for one memory, showing the base, and the account of what else is in it. A slot is used by one instance
//! at a time; in between it is put back to exactly what the next one of the same function may see.

use std::io::Result;
use std::ops::Range;
use std::sync::Arc;

use super::base::BaseMemory;
use super::page_map::PageMap;
use super::sys::{PAGE_BYTES, Reservation};
use super::watch::Watch;
use crate::overlay::Overlay;

/// Address space a 32-bit guest can name. Compiled code leaves out bounds checks because all of it is reserved.
pub const RESERVATION_BYTES: usize = 4 << 30;
/// Before and behind it: what an address plus a small constant offset can reach.
pub const GUARD_BYTES: usize = 32 << 20;

/// What one table of the last level of the page tables covers. The kernel skips tables that are not there.
const PAGE_TABLE_BYTES: usize = 2 << 20;
/// A slot that changes hands with more written pages than this starts over: an ordinary request writes some twenty-five.
const COOL_PAGES: usize = 256;
/// An overlay of more pages than this is not put back whole after each request: most of what a large function's start-up made is only
/// read. Of a smaller one nearly every page is written, and a fault for each would cost more than the copy.
const LARGE_PAGES: usize = 64;
/// What most requests need beyond the base.
const USUAL_HEAP_BYTES: usize = 512 << 10;

#[derive(Debug)]
pub struct Slot {
    /// Knows which pages of the base were written, where that is possible; goes before the space it is about.
    watch: Option<Watch>,
    space: Reservation,
    /// Where in it the memory starts.
    offset: usize,
    base: Arc<BaseMemory>,
    /// Bytes the guest may touch.
    accessible: usize,
    /// Bytes that may have been made accessible: more than `accessible` after a growth that failed half-way.
    reached: usize,
    /// The function whose start-up state lies over the base.
    holds: Option<Arc<Overlay>>,
    /// Pages of a large overlay, which are not written anew unless a guest has written to them.
    apart_pages: usize,
    /// Pages that stay in memory while the slot is free.
    kept_pages: usize,
}

impl Slot {
    pub fn new(base: &Arc<BaseMemory>) -> Result<Self> {
        let mut space = Reservation::new(GUARD_BYTES + PAGE_TABLE_BYTES + RESERVATION_BYTES + GUARD_BYTES)?;
        // Where the usual requests' pages end, a page table shall end: asking which pages were written is the dearer half of putting
        // them back, and what lies in tables that nobody needed costs nothing.
        let usual = base.used() + USUAL_HEAP_BYTES;
        let start = space.at(GUARD_BYTES) as usize;
        let offset = GUARD_BYTES + (start + usual).next_multiple_of(PAGE_TABLE_BYTES) - (start + usual);
        space.show(offset, base.file(), base.len())?;
        // SAFETY: mapped just now, readable and writable, and until the slot is dropped, the watch first.
        let watch = unsafe { Watch::begin(space.at(offset) as usize, base.len() / PAGE_BYTES) };
        Ok(Self {
            watch,
            space,
            offset,
            base: base.clone(),
            accessible: base.len(),
            reached: base.len(),
            holds: None,
            apart_pages: 0,
            kept_pages: 0,
        })
    }

    pub fn start(&self) -> *mut u8 {
        self.space.at(self.offset)
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
            self.reached = self.reached.max(len);
            self.space.protect(self.offset + self.accessible, len - self.accessible, true)?;
            self.accessible = len;
        }
        Ok(())
    }

    /// Makes a free slot contain the base and `overlay`.
    pub fn fill(&mut self, overlay: Option<&Arc<Overlay>>) -> Result<()> {
        if self.holds(overlay) {
            return Ok(());
        }
        // A page once written is written anew at every reset; another function need not pay for what this one needed.
        if self.kept_pages > COOL_PAGES {
            self.clear()?;
        }
        let old = self.holds.take();
        if let Some(new) = overlay {
            self.grow(new.memory_bytes)?;
        }
        let pages_of = |one: Option<&Arc<Overlay>>| one.map_or(0, |one| one.pages);
        let (old_pages, new_pages) = (pages_of(old.as_ref()), pages_of(overlay));
        match self.watch.take() {
            Some(watch) if old_pages + new_pages > LARGE_PAGES => {
                watch.set_aside(|| self.turn_over(old.as_deref(), overlay.map(Arc::as_ref)));
                self.watch = Some(watch);
                self.apart_pages = new_pages;
            }
            watch => {
                self.watch = watch;
                self.turn_over(old.as_deref(), overlay.map(Arc::as_ref));
                self.apart_pages = 0;
            }
        }
        self.holds = overlay.cloned();
        Ok(())
    }

    /// The base in place of `old`, and `new` over it.
    fn turn_over(&mut self, old: Option<&Overlay>, new: Option<&Overlay>) {
        let base = self.base.clone();
        for (range, _) in old.iter().flat_map(|old| old.within(0..base.len())) {
            self.about_to_write(range.clone());
            self.bytes_mut()[range.clone()].copy_from_slice(&base.bytes()[range]);
        }
        for (range, contents) in new.iter().flat_map(|new| new.runs()) {
            self.about_to_write(range.clone());
            self.bytes_mut()[range].copy_from_slice(contents);
        }
    }

    /// Puts back every page that was written. At most `keep_pages` of them stay in memory.
    ///
    /// # Errors
    /// When the kernel refuses, after which the slot must not be used again.
    pub fn reset(&mut self, page_map: &PageMap, keep_pages: usize) -> Result<()> {
        let base_len = self.base.len();
        let grew = self.reached > base_len;
        if grew {
            self.space.forget(self.offset + base_len, self.reached - base_len)?;
            self.space.protect(self.offset + base_len, self.reached - base_len, false)?;
            (self.accessible, self.reached) = (base_len, base_len);
        }
        let noted = self.watch.as_ref().and_then(Watch::written);
        let written = noted.or_else(|| page_map.written(self.start() as usize, base_len));
        let held = self.holds.clone();
        let len_of =
            |runs: &Vec<Range<usize>>| self.apart_pages + runs.iter().map(ExactSizeIterator::len).sum::<usize>();
        let pages = written.as_ref().map_or(usize::MAX, len_of);
        let lost = grew && held.as_ref().is_some_and(|held| held.memory_bytes > base_len);
        let Some(written) = written.filter(|_| pages <= keep_pages && !lost) else {
            return self.clear();
        };
        let base = self.base.clone();
        let bytes = self.bytes_mut();
        for run in written {
            let range = run.start * PAGE_BYTES..run.end * PAGE_BYTES;
            bytes[range.clone()].copy_from_slice(&base.bytes()[range.clone()]);
            for (part, contents) in held.iter().flat_map(|held| held.within(range.clone())) {
                bytes[part].copy_from_slice(contents);
            }
        }
        self.kept_pages = pages;
        Ok(())
    }

    /// Gives all written pages back to the kernel: the slot is the base again.
    pub fn clear(&mut self) -> Result<()> {
        self.holds = None;
        (self.apart_pages, self.kept_pages) = (0, 0);
        self.space.forget(self.offset, self.reached)?;
        // Dropped, and so open for good, when the kernel does not close it: the kernel's account is asked then.
        self.watch.take_if(|watch| !watch.close_all());
        Ok(())
    }

    /// Whether a slot that no guest has contains what it should, byte for byte.
    pub fn is_as_it_should_be(&self) -> bool {
        let mut expected = self.base.bytes().to_vec();
        expected.resize(self.accessible, 0);
        for (range, contents) in self.holds.iter().flat_map(|held| held.runs()) {
            expected[range].copy_from_slice(contents);
        }
        self.bytes() == expected
    }

    fn about_to_write(&self, bytes: Range<usize>) {
        let end = bytes.end.min(self.base.len());
        if let Some(watch) = self.watch.as_ref().filter(|_| bytes.start < end) {
            watch.open(bytes.start / PAGE_BYTES..end.div_ceil(PAGE_BYTES));
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

#[cfg(test)]
mod tests {
    use std::sync::RwLock;

    use super::*;
    use crate::overlay;

    const PAGES: usize = 64;
    /// Slots that can be watched are counted in the whole process: who takes all of them keeps out those that need one.
    static WATCHED: RwLock<()> = RwLock::new(());

    fn base() -> Arc<BaseMemory> {
        let contents: Vec<u8> = (0..PAGES * PAGE_BYTES).map(|place| (place / PAGE_BYTES % 3) as u8).collect();
        Arc::new(BaseMemory::new(&contents).expect("made"))
    }

    /// The state of a function that wrote `marker` at these places.
    fn function(base: &BaseMemory, marker: u8, places: &[usize], memory_bytes: usize) -> Arc<Overlay> {
        let mut memory = base.bytes().to_vec();
        memory.resize(memory_bytes, 0);
        for place in places {
            memory[*place..*place + 4].fill(marker);
        }
        Arc::new(overlay::build(base.bytes(), &memory, None, 0, u64::MAX, u32::MAX).expect("small enough"))
    }

    fn write(slot: &mut Slot, places: impl Iterator<Item = usize>) {
        for place in places {
            slot.bytes_mut()[place] = 0xEE;
        }
    }

    fn assert_is_clean(slot: &mut Slot, base: &BaseMemory) {
        assert!(slot.is_as_it_should_be());
        slot.fill(None).expect("filled");
        assert!(slot.bytes() == base.bytes(), "nothing of anybody's is left");
    }

    #[test]
    fn what_a_guest_wrote_is_gone_and_what_its_start_up_left_is_there() {
        let (base, map) = (base(), PageMap::open());
        let overlay = function(&base, 7, &[0, 5 * PAGE_BYTES - 2, 40 * PAGE_BYTES], base.len());
        for keep_pages in [0, 3, PAGES] {
            let mut slot = Slot::new(&base).expect("made");
            for round in 0..3 {
                slot.fill(Some(&overlay)).expect("filled");
                assert_eq!(slot.bytes()[5 * PAGE_BYTES], 7);
                write(&mut slot, (0..PAGES).step_by(round + 1).map(|page| page * PAGE_BYTES + 99));
                write(&mut slot, 40 * PAGE_BYTES..41 * PAGE_BYTES);
                slot.reset(&map, keep_pages).expect("put back");
                assert!(slot.is_as_it_should_be());
                assert!(slot.kept_pages() <= keep_pages);
            }
            assert_is_clean(&mut slot, &base);
        }
    }

    #[test]
    fn one_functions_state_is_no_part_of_anothers() {
        let (base, map) = (base(), PageMap::open());
        let first = function(&base, 7, &[8, 9 * PAGE_BYTES], base.len());
        let second = function(&base, 8, &[9 * PAGE_BYTES + 512, 30 * PAGE_BYTES], base.len());
        let mut slot = Slot::new(&base).expect("made");
        for overlay in [&first, &second, &first] {
            slot.fill(Some(overlay)).expect("filled");
            assert!(slot.is_as_it_should_be());
            write(&mut slot, [1, 9 * PAGE_BYTES, 20 * PAGE_BYTES].into_iter());
            slot.reset(&map, PAGES).expect("put back");
        }
        assert_is_clean(&mut slot, &base);
    }

    #[test]
    fn a_memory_that_grew_is_as_small_and_as_empty_again() {
        let (base, map) = (base(), PageMap::open());
        let len = base.len() + 32 * PAGE_BYTES;
        let grown = function(&base, 7, &[8, base.len() + 17 * PAGE_BYTES], len);
        let mut slot = Slot::new(&base).expect("made");
        for overlay in [None, Some(&grown), None, Some(&grown)] {
            slot.fill(overlay).expect("filled");
            slot.grow(len).expect("grown");
            let place = base.len() + 17 * PAGE_BYTES;
            assert_eq!(slot.bytes()[place], if overlay.is_some() { 7 } else { 0 });
            assert!(slot.bytes()[place + 4..].iter().all(|byte| *byte == 0));
            write(&mut slot, base.len()..len);
            slot.reset(&map, PAGES).expect("put back");
            assert_eq!(slot.accessible(), base.len());
        }
        assert_is_clean(&mut slot, &base);
    }

    #[test]
    fn what_was_noted_is_put_back_without_the_kernels_account() {
        let _some = WATCHED.read();
        let base = base();
        let overlay = function(&base, 7, &[3 * PAGE_BYTES - 1, 40 * PAGE_BYTES], base.len());
        let mut slot = Slot::new(&base).expect("made");
        for places in [vec![0, 5], vec![63], vec![], vec![5, 6, 7, 20, 62]] {
            slot.fill(Some(&overlay)).expect("filled");
            write(&mut slot, places.into_iter().map(|page| page * PAGE_BYTES + 4095));
            slot.reset(&PageMap::none(), PAGES).expect("put back");
            assert!(slot.is_as_it_should_be());
        }
        // What was written stays in memory, and so do the pages of the overlay.
        assert_eq!(slot.kept_pages(), [0, 2, 3, 5, 6, 7, 20, 40, 62, 63].len());
        assert_is_clean(&mut slot, &base);
    }

    #[test]
    fn of_a_large_function_only_what_was_written_is_put_back() {
        let _some = WATCHED.read();
        let contents = vec![1; 300 * PAGE_BYTES];
        let base = Arc::new(BaseMemory::new(&contents).expect("made"));
        let places: Vec<usize> = (100..200).map(|page| page * PAGE_BYTES + 8).collect();
        let (large, small) =
            (function(&base, 7, &places, base.len()), function(&base, 8, &[100 * PAGE_BYTES], base.len()));
        let mut slot = Slot::new(&base).expect("made");
        for (overlay, written) in [(&large, 1), (&large, 2), (&small, 3), (&large, 3)] {
            slot.fill(Some(overlay)).expect("filled");
            assert!(slot.is_as_it_should_be());
            write(&mut slot, [5, 110, 299].into_iter().take(written).map(|page| page * PAGE_BYTES + 9));
            slot.reset(&PageMap::none(), 300).expect("put back");
            assert!(slot.is_as_it_should_be());
            let noted: usize = slot.watch.iter().flat_map(Watch::written).flatten().map(|run| run.len()).sum();
            assert_eq!(noted, written);
        }
        assert_is_clean(&mut slot, &base);
    }

    #[test]
    fn too_many_places_are_for_the_kernel_to_tell_and_all_go_where_it_does_not() {
        let _some = WATCHED.read();
        let contents = vec![1; 600 * PAGE_BYTES];
        let base = Arc::new(BaseMemory::new(&contents).expect("made"));
        for (map, kept) in [(PageMap::open(), 300), (PageMap::none(), 0)] {
            let mut slot = Slot::new(&base).expect("made");
            write(&mut slot, (0..600).step_by(2).map(|page| page * PAGE_BYTES));
            slot.reset(&map, 600).expect("put back");
            assert_eq!(slot.kept_pages(), kept);
            assert_is_clean(&mut slot, &base);
            // Started over, it is noted again.
            slot.clear().expect("cleared");
            write(&mut slot, std::iter::once(7 * PAGE_BYTES));
            slot.reset(&PageMap::none(), 600).expect("put back");
            assert_eq!(slot.kept_pages(), 1);
        }
    }

    #[test]
    fn slots_beyond_those_that_can_be_watched_ask_the_kernel() {
        let _all = WATCHED.write();
        let (base, map) = (base(), PageMap::open());
        let mut slots: Vec<Slot> = (0..300).map(|_| Slot::new(&base).expect("made")).collect();
        for slot in &mut slots {
            write(slot, [3 * PAGE_BYTES].into_iter());
            slot.reset(&map, PAGES).expect("put back");
            assert_eq!(slot.kept_pages(), 1);
            assert_is_clean(slot, &base);
        }
        assert!(slots.iter().any(|slot| slot.watch.is_none()) && slots.iter().any(|slot| slot.watch.is_some()));
    }
}

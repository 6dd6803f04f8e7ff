//! Which pages of a memory were written since they were mapped, by Linux' own account (proc_pid_pagemap(5)).

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;

use super::base::BaseMemory;
use super::sys::{PAGE_BYTES, Reservation};

const ENTRY_BYTES: usize = 8;
/// Entries read at once.
const CHUNK: usize = 512;
/// "Page is file-page or shared-anon": a page of the base that nobody wrote to.
const FILE_PAGE: u64 = 1 << 61;
const SWAPPED: u64 = 1 << 62;
const PRESENT: u64 = 1 << 63;

/// The process's page map, opened once: the process gives up opening files later.
#[derive(Debug)]
pub struct PageMap(Option<File>, u32);

impl PageMap {
    pub fn open() -> Self {
        // SAFETY: asks for a number.
        let page_bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let usable = usize::try_from(page_bytes) == Ok(PAGE_BYTES);
        let file = usable.then(|| File::open("/proc/self/pagemap").ok()).flatten();
        Self(file.filter(|file| tells_the_truth(file).unwrap_or(false)), std::process::id())
    }

    /// One that knows nothing, as on a machine without `/proc`.
    #[cfg(test)]
    pub fn none() -> Self {
        Self(None, 0)
    }

    /// The runs of pages among the `len` bytes at `start`, a page's address, that may differ from the file they show: all that is
    /// not provably clean, so pages swapped out or on the move are among them. `None` where there is no telling.
    pub fn written(&self, start: usize, len: usize) -> Option<Vec<Range<usize>>> {
        // The file is about the process that opened it, also in a process forked off that one.
        let file = self.0.as_ref().filter(|_| self.1 == std::process::id())?;
        scan(file, start, len).or_else(|| read(file, start, len))
    }
}

/// Whether the map is about this very memory and this kernel means by it what is read here: of three pages, one left alone, one read
/// and one written, it must name the last. An emulator or another kernel may well not.
fn tells_the_truth(file: &File) -> std::io::Result<bool> {
    let base = BaseMemory::new(&[1; 3 * PAGE_BYTES])?;
    let mut space = Reservation::new(3 * PAGE_BYTES)?;
    space.show(0, base.file(), 3 * PAGE_BYTES)?;
    // SAFETY: mapped readable and writable just now, and nobody else's.
    unsafe {
        space.at(PAGE_BYTES).read_volatile();
        space.at(2 * PAGE_BYTES).write_volatile(2);
    }
    let start = space.at(0) as usize;
    let written = |found: Option<Vec<Range<usize>>>| found == Some(std::iter::once(2..3).collect());
    let scanned = scan(file, start, 3 * PAGE_BYTES);
    Ok(written(read(file, start, 3 * PAGE_BYTES)) && (scanned.is_none() || written(scanned)))
}

/// `struct pm_scan_arg` and `struct page_region` of PAGEMAP_SCAN (ioctl, Linux 6.7), in that order.
#[repr(C)]
struct ScanArg {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    regions: u64,
    regions_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// Lets the kernel pick the pages, which spares the rest of them a copy; `None` on a kernel that cannot.
fn scan(file: &File, start: usize, len: usize) -> Option<Vec<Range<usize>>> {
    const PAGEMAP_SCAN: libc::Ioctl = 0xC060_6610_u32 as libc::Ioctl;
    const IS_FILE: u64 = 1 << 2;
    const IS_PRESENT: u64 = 1 << 3;
    const IS_SWAPPED: u64 = 1 << 4;
    let mut regions = [Region::default(); 128];
    let mut runs = Vec::new();
    let (mut at, end) = (start, start + len.next_multiple_of(PAGE_BYTES));
    while at < end {
        let mut arg = ScanArg {
            size: size_of::<ScanArg>() as u64,
            flags: 0,
            start: at as u64,
            end: end as u64,
            walk_end: 0,
            regions: regions.as_mut_ptr() as u64,
            regions_len: regions.len() as u64,
            max_pages: 0,
            // Not the file's, and there in one way or another: what is swapped out or on the move counts as swapped.
            category_inverted: IS_FILE,
            category_mask: IS_FILE,
            category_anyof_mask: IS_PRESENT | IS_SWAPPED,
            return_mask: IS_FILE,
        };
        // SAFETY: the argument and the regions it points to live on this stack and have the lengths it says.
        let found = unsafe { libc::ioctl(file.as_raw_fd(), PAGEMAP_SCAN, &raw mut arg) };
        let found = regions.get(..usize::try_from(found).ok()?)?;
        for region in found {
            let page = |address: u64| Some(usize::try_from(address).ok()?.checked_sub(start)? / PAGE_BYTES);
            let pages = page(region.start)?..page(region.end)?;
            if runs.last().is_some_and(|last: &Range<usize>| pages.start < last.end) {
                return None;
            }
            push(&mut runs, pages);
        }
        let walked = usize::try_from(arg.walk_end).ok()?;
        if walked <= at {
            return None;
        }
        at = walked;
    }
    Some(runs)
}

fn read(file: &File, start: usize, len: usize) -> Option<Vec<Range<usize>>> {
    let (first, pages) = (start / PAGE_BYTES, len.div_ceil(PAGE_BYTES));
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut entries = [0; CHUNK * ENTRY_BYTES];
    let mut at = 0;
    while at < pages {
        let count = CHUNK.min(pages - at);
        let entries = &mut entries[..count * ENTRY_BYTES];
        file.read_exact_at(entries, ((first + at) * ENTRY_BYTES) as u64).ok()?;
        for (index, bytes) in entries.chunks_exact(ENTRY_BYTES).enumerate() {
            let entry = bytes.first_chunk().map_or(SWAPPED, |bytes| u64::from_ne_bytes(*bytes));
            let clean = entry & (PRESENT | SWAPPED) == 0 || entry & (PRESENT | FILE_PAGE) == PRESENT | FILE_PAGE;
            if !clean {
                push(&mut runs, at + index..at + index + 1);
            }
        }
        at += count;
    }
    Some(runs)
}

fn push(runs: &mut Vec<Range<usize>>, pages: Range<usize>) {
    match runs.last_mut() {
        Some(last) if last.end == pages.start => last.end = pages.end,
        _ => runs.push(pages),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_ask_say_the_same() {
        const PAGES: usize = 2_000;
        let base = BaseMemory::new(&vec![1; PAGES * PAGE_BYTES]).expect("made");
        let mut space = Reservation::new(PAGES * PAGE_BYTES).expect("reserved");
        space.show(0, base.file(), PAGES * PAGE_BYTES).expect("shown");
        let map = PageMap::open();
        let file = map.0.as_ref().expect("Linux has a page map");
        let start = space.at(0) as usize;
        let touch = |page: usize, write: bool| {
            let place = space.at(page * PAGE_BYTES);
            // SAFETY: mapped readable and writable above, and nobody else's.
            unsafe { if write { place.write_volatile(7) } else { assert_eq!(place.read_volatile(), 1) } }
        };
        assert_eq!(read(file, start, PAGES * PAGE_BYTES), Some(Vec::new()));
        (0..PAGES).step_by(7).for_each(|page| touch(page, false));
        assert_eq!(read(file, start, PAGES * PAGE_BYTES), Some(Vec::new()), "reading is not writing");
        (0..PAGES).step_by(3).for_each(|page| touch(page, true));
        touch(1, true);
        let expected: Vec<Range<usize>> =
            std::iter::once(0..2).chain((3..PAGES).step_by(3).map(|page| page..page + 1)).collect();
        assert_eq!(read(file, start, PAGES * PAGE_BYTES), Some(expected.clone()));
        // A kernel without the call falls back to reading.
        if let Some(found) = scan(file, start, PAGES * PAGE_BYTES) {
            assert_eq!(found, expected);
        }
    }
}

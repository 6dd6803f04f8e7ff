//! Which pages of a memory were written since they were mapped, by Linux' own account (proc_pid_pagemap(5)): comparing only those
//! makes a snapshot cost what changed, not what is mapped. Without that account every page counts as written.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

pub const PAGE_BYTES: usize = 4096;
const ENTRY_BYTES: usize = 8;
/// "Page is file-page or shared-anon": a page of the image that nobody wrote to.
const FILE_PAGE: u64 = 1 << 61;
const SWAPPED: u64 = 1 << 62;
const PRESENT: u64 = 1 << 63;

/// The process's page map, opened once: the process gives up opening files later.
#[derive(Debug)]
pub struct PageMap(Option<File>);

impl PageMap {
    pub fn open() -> Self {
        // SAFETY: asks for a number.
        let page_bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let usable = usize::try_from(page_bytes) == Ok(PAGE_BYTES);
        Self(usable.then(|| File::open("/proc/self/pagemap").ok()).flatten())
    }

    /// For each page of `memory`, which starts at a page's start, whether it may differ from the image it was mapped from.
    pub fn written(&self, memory: &[u8]) -> Vec<bool> {
        let pages = memory.len().div_ceil(PAGE_BYTES);
        self.read(memory, pages).unwrap_or_else(|| vec![true; pages])
    }

    fn read(&self, memory: &[u8], pages: usize) -> Option<Vec<bool>> {
        let start = memory.as_ptr() as usize;
        if !start.is_multiple_of(PAGE_BYTES) {
            return None;
        }
        let mut entries = vec![0; pages * ENTRY_BYTES];
        self.0.as_ref()?.read_exact_at(&mut entries, (start / PAGE_BYTES * ENTRY_BYTES) as u64).ok()?;
        let written = |entry: u64| entry & SWAPPED != 0 || (entry & PRESENT != 0 && entry & FILE_PAGE == 0);
        Some(
            entries
                .chunks_exact(ENTRY_BYTES)
                .filter_map(|bytes| bytes.first_chunk())
                .map(|bytes| written(u64::from_ne_bytes(*bytes)))
                .collect(),
        )
    }
}

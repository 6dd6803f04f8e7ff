//! Which pages of a memory were written since they were mapped, by Linux' own account (proc_pid_pagemap(5)).

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use super::sys::PAGE_BYTES;

const ENTRY_BYTES: usize = 8;
/// Entries read at once.
const CHUNK: usize = 512;
/// "Page is file-page or shared-anon": a page of the base that nobody wrote to.
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

    /// One that knows nothing, as on a machine without `/proc`.
    #[cfg(test)]
    pub fn none() -> Self {
        Self(None)
    }

    /// The runs of pages among the `len` bytes at `start`, a page's address, that may differ from the file they show: all that is
    /// not provably clean, so pages swapped out or on the move are among them. `None` where there is no telling.
    pub fn written(&self, start: usize, len: usize) -> Option<Vec<Range<usize>>> {
        let file = self.0.as_ref()?;
        let (first, pages) = (start / PAGE_BYTES, len.div_ceil(PAGE_BYTES));
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut entries = [0; CHUNK * ENTRY_BYTES];
        let mut at = 0;
        while at < pages {
            let count = CHUNK.min(pages - at);
            let entries = &mut entries[..count * ENTRY_BYTES];
            file.read_exact_at(entries, ((first + at) * ENTRY_BYTES) as u64).ok()?;
            for (index, bytes) in entries.chunks_exact(ENTRY_BYTES).enumerate() {
                let entry = bytes.first_chunk().map_or(u64::MAX, |bytes| u64::from_ne_bytes(*bytes));
                let clean = entry & (PRESENT | SWAPPED) == 0 || entry & (PRESENT | FILE_PAGE) == PRESENT | FILE_PAGE;
                if !clean {
                    let page = at + index;
                    match runs.last_mut() {
                        Some(last) if last.end == page => last.end += 1,
                        _ => runs.push(page..page + 1),
                    }
                }
            }
            at += count;
        }
        Some(runs)
    }
}

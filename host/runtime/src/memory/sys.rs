//! Address space from the kernel, as little of it as the slots and stacks need. Each function says what its caller must see to.

use std::fs::File;
use std::io::{Error, Result};
use std::os::fd::AsRawFd as _;

pub const PAGE_BYTES: usize = 4096;

/// Address space of ours. Nothing in it may be accessed until part of it is given a use.
#[derive(Debug)]
pub struct Reservation {
    start: *mut u8,
    len: usize,
}

// SAFETY: owns plain address space; who may touch what in it is up to the slot or stack that holds it.
unsafe impl Send for Reservation {}
// SAFETY: as above.
unsafe impl Sync for Reservation {}

impl Reservation {
    pub fn new(len: usize) -> Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: asks for new address space anywhere.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), len, libc::PROT_NONE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        Ok(Self { start: start.cast(), len })
    }

    /// A read-only view of a file that nobody writes to any more.
    pub fn of_file(file: &File, len: usize) -> Result<Self> {
        // Private, though nobody writes: many kernels refuse a shared view of a file that is sealed against writing.
        // SAFETY: asks for a new mapping anywhere.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        Ok(Self { start: start.cast(), len })
    }

    /// The address `offset` bytes in.
    pub fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.len, "within the reservation");
        self.start.wrapping_add(offset)
    }

    /// Shows `len` bytes of the file at `offset`, readable and writable; what is written stays private.
    pub fn show(&mut self, offset: usize, file: &File, len: usize) -> Result<()> {
        self.check(offset, len);
        let flags = libc::MAP_PRIVATE | libc::MAP_FIXED | libc::MAP_NORESERVE;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: replaces part of this reservation, which lies in it by the check above.
        let shown = unsafe { libc::mmap(self.at(offset).cast(), len, access, flags, file.as_raw_fd(), 0) };
        if shown == libc::MAP_FAILED { Err(Error::last_os_error()) } else { Ok(()) }
    }

    /// Allows or forbids reading and writing.
    pub fn protect(&mut self, offset: usize, len: usize, access: bool) -> Result<()> {
        self.check(offset, len);
        let access = if access { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_NONE };
        // SAFETY: changes part of this reservation only.
        done(unsafe { libc::mprotect(self.at(offset).cast(), len, access) })
    }

    /// Gives written pages back to the kernel: they read as the file, or as zeros, again.
    pub fn forget(&mut self, offset: usize, len: usize) -> Result<()> {
        self.check(offset, len);
        // SAFETY: discards contents of this reservation only; whoever held references to them has ended.
        done(unsafe { libc::madvise(self.at(offset).cast(), len, libc::MADV_DONTNEED) })
    }

    /// Asks for small pages: of a huge one, no part can be given back.
    pub fn small_pages(&mut self) -> Result<()> {
        // SAFETY: advice about address space of ours; a kernel without huge pages refuses it, and needs none.
        let advised = done(unsafe { libc::madvise(self.start.cast(), self.len, libc::MADV_NOHUGEPAGE) });
        advised.or_else(|error| if error.raw_os_error() == Some(libc::EINVAL) { Ok(()) } else { Err(error) })
    }

    fn check(&self, offset: usize, len: usize) {
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.len), "within the reservation");
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the address space is ours and its holder is gone.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

fn done(status: libc::c_int) -> Result<()> {
    if status == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

//! The base: the memory of the frozen engine, once for the whole process, in a file that lives in memory and is sealed against
//! change. Slots show it; nothing here is a guest's.

use std::fs::File;
use std::io::{Error, Result};
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::os::unix::fs::FileExt as _;

use super::sys::{PAGE_BYTES, Reservation};

/// The engine's memory as it was frozen.
#[derive(Debug)]
pub struct BaseMemory {
    file: File,
    view: Reservation,
    len: usize,
    used: usize,
}

impl BaseMemory {
    /// Keeps `contents`, whose length is a multiple of the page's.
    ///
    /// # Errors
    /// When the kernel has no room or no sealed memory files.
    pub fn new(contents: &[u8]) -> Result<Self> {
        let len = contents.len();
        assert!(len > 0 && len.is_multiple_of(PAGE_BYTES), "WebAssembly memory is made of whole pages");
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        // SAFETY: the name is NUL-terminated.
        let file = unsafe { libc::memfd_create(c"isolet-base".as_ptr(), flags) };
        if file < 0 {
            return Err(Error::last_os_error());
        }
        // SAFETY: a new file descriptor that nobody else has.
        let file = unsafe { File::from_raw_fd(file) };
        file.set_len(len as u64)?;
        let mut used = 0;
        // Pages of zeros stay holes.
        for (index, page) in contents.chunks(PAGE_BYTES).enumerate() {
            if page.iter().any(|byte| *byte != 0) {
                file.write_all_at(page, (index * PAGE_BYTES) as u64)?;
                used = (index + 1) * PAGE_BYTES;
            }
        }
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_SEAL;
        // SAFETY: takes a file descriptor and a number.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } != 0 {
            return Err(Error::last_os_error());
        }
        let view = Reservation::of_file(&file, len)?;
        Ok(Self { file, view, len, used })
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Where its last page ends that is not all zeros.
    pub fn used(&self) -> usize {
        self.used
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the view is that long, lives as long as `self`, and the seals keep anybody from writing to it.
        unsafe { std::slice::from_raw_parts(self.view.at(0), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_cannot_be_written_to() {
        let mut contents = vec![0; 3 * PAGE_BYTES];
        contents[PAGE_BYTES + 7] = 9;
        let base = BaseMemory::new(&contents).expect("made");
        assert_eq!(base.bytes(), contents);
        assert!(base.file().write_at(&[1], 0).is_err());
        assert!(base.file().set_len(1).is_err());
    }
}

//! Address space from the kernel, as little of it as the slots and stacks need. Each function says what its caller must see to.

use std::cell::Cell;
use std::fs::File;
use std::io::{Error, Result};
use std::os::fd::AsRawFd as _;
use std::sync::OnceLock;

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

/// Allows or forbids writing to what may be read. In signal handlers too: it is one system call.
///
/// # Safety
/// The pages are the caller's, and whoever may write to them counts on being let.
pub unsafe fn set_writable(start: usize, len: usize, writable: bool) -> bool {
    let access = if writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
    // SAFETY: the caller's business.
    unsafe { libc::mprotect(start as *mut libc::c_void, len, access) == 0 }
}

type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

thread_local! {
    /// How far down this thread's signal stack handlers have been since it was wiped. Nothing to set up or drop: a handler may use it.
    static DEEPEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Wipes what signals left on this thread's stack for them: the kernel saves the registers there, and with them up to two kilobytes of
/// what the interrupted guest had in its hands. To be called whenever a guest has been on this thread.
pub fn forget_signals() {
    /// Of the handler's frames below the one that notes how deep it is.
    const BELOW: usize = 4 << 10;
    let deepest = DEEPEST.replace(usize::MAX);
    if deepest == usize::MAX {
        return;
    }
    // SAFETY: plain data for which zeros are a value, filled in by the kernel.
    let mut stack: libc::stack_t = unsafe { std::mem::zeroed() };
    // SAFETY: asks for the present stack.
    if unsafe { libc::sigaltstack(std::ptr::null(), &raw mut stack) } != 0 || stack.ss_flags != 0 {
        return;
    }
    let (start, end) = (stack.ss_sp as usize, stack.ss_sp as usize + stack.ss_size);
    // Elsewhere only when it was on the thread's own stack or on one that is no longer this thread's.
    if (start..end).contains(&deepest) {
        let from = deepest.saturating_sub(BELOW).max(start);
        // SAFETY: it is this thread's, and unused, since no handler is running.
        unsafe { std::ptr::write_bytes(from as *mut u8, 0, end - from) };
    }
}

type Admit = fn(usize) -> bool;

/// Who is asked about a refused access, and what handled them before.
static ASKED: OnceLock<(Admit, libc::sigaction)> = OnceLock::new();

/// From now on, an access that a mapping forbids happens again if `admit`, given its address, says so; otherwise it is for whoever
/// handled it before. `admit` runs in a signal handler. False when that is not possible, or was done before.
pub fn on_refused_access(admit: Admit) -> bool {
    // SAFETY: plain data for which zeros are a value, filled in by the kernel.
    let (mut before, mut ours): (libc::sigaction, libc::sigaction) =
        unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    // SAFETY: asks for the present handler.
    if unsafe { libc::sigaction(libc::SIGSEGV, std::ptr::null(), &raw mut before) } != 0
        || ASKED.set((admit, before)).is_err()
    {
        return false;
    }
    ours.sa_sigaction = on_fault as Handler as libc::sighandler_t;
    // On the stack that is kept for signals, as a fault may be about the other; and a fault within is not held back.
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // SAFETY: the handler below keeps to what handlers may do, and passes on what is not its own.
    unsafe { libc::sigaction(libc::SIGSEGV, &raw const ours, std::ptr::null_mut()) == 0 }
}

extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    /// There is a mapping, and it does not allow the access.
    const SEGV_ACCERR: libc::c_int = 2;
    let here = 0_u8;
    DEEPEST.set(DEEPEST.get().min(&raw const here as usize));
    let Some((admit, before)) = ASKED.get() else { return };
    // SAFETY: the kernel's, for as long as the handler runs.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // SAFETY: the thread's own; what was interrupted may be about to read it.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let kept = unsafe { *errno };
    let admitted = code == SEGV_ACCERR && admit(address);
    // SAFETY: as above.
    unsafe { *errno = kept };
    if admitted {
        return;
    }
    if before.sa_sigaction == libc::SIG_DFL || before.sa_sigaction == libc::SIG_IGN {
        // The access happens again, and then the process ends as it would have.
        // SAFETY: puts back what was there.
        unsafe { libc::sigaction(libc::SIGSEGV, before, std::ptr::null_mut()) };
    } else if before.sa_flags & libc::SA_SIGINFO != 0 {
        // SAFETY: the handler that was there before, called as the kernel would have.
        let handler = unsafe { std::mem::transmute::<libc::sighandler_t, Handler>(before.sa_sigaction) };
        handler(signal, info, context);
    } else {
        // SAFETY: as above.
        let handler =
            unsafe { std::mem::transmute::<libc::sighandler_t, extern "C" fn(libc::c_int)>(before.sa_sigaction) };
        handler(signal);
    }
}

fn done(status: libc::c_int) -> Result<()> {
    if status == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

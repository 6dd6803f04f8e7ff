//! What code that got out of its sandbox would try next, tried: reading and writing files elsewhere, starting a program, looking into
//! another process, listening, leaving the namespaces. And what a host still has to be able to do. `isolet doctor` and the tests run
//! them behind the walls.

use std::fs::{self, File};
use std::io::{self, Error};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

/// What was tried, and whether it should have been possible.
pub struct Attempt {
    pub what: &'static str,
    pub allowed: bool,
    pub result: io::Result<()>,
}

impl Attempt {
    /// Whether it went as it should.
    pub fn holds(&self) -> bool {
        match &self.result {
            Ok(()) => self.allowed,
            // Other errors come from within the call: nothing stood in its way.
            Err(error) => {
                !self.allowed && matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES | libc::ENOSYS))
            }
        }
    }
}

/// What has to be there before the walls are.
pub struct Preparation {
    listener: TcpListener,
    parent: libc::pid_t,
}

impl Preparation {
    /// # Errors
    /// When this machine has no loopback.
    pub fn new() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
        // SAFETY: asks for a number.
        Ok(Self { listener, parent: unsafe { libc::getppid() } })
    }
}

/// All of them, on this thread.
pub fn all(data: &Path, prepared: &Preparation) -> Vec<Attempt> {
    let denied = |what, result| Attempt { what, allowed: false, result };
    let needed = |what, result| Attempt { what, allowed: true, result };
    vec![
        denied("read a file of the system", File::open("/etc/passwd").map(drop)),
        denied("list the root folder", fs::read_dir("/").map(drop)),
        denied(
            "write beside the data folder",
            written(&std::env::temp_dir().join(format!("isolet-{}", std::process::id()))),
        ),
        denied(
            "write into its own memory through a file",
            File::options().write(true).open("/proc/self/mem").map(drop),
        ),
        denied("read the memory of its parent", peeked(prepared.parent)),
        denied("trace its parent", traced(prepared.parent)),
        denied("start a program", Command::new("/bin/true").status().map(drop)),
        denied("start a process", forked()),
        denied("listen", TcpListener::bind("127.0.0.1:0").map(drop)),
        denied("open a local socket", UnixDatagram::unbound().map(drop)),
        denied("open a raw socket", raw_socket()),
        denied("make namespaces of its own", called(libc::SYS_unshare, libc::CLONE_NEWUSER.into())),
        denied("make a ring of system calls", called(libc::SYS_io_uring_setup, 8)),
        denied("signal its parent", signalled(prepared.parent)),
        needed("keep files in the data folder", kept(data)),
        needed("connect to an address", connected(&prepared.listener)),
        needed("start a thread", std::thread::Builder::new().spawn(|| ()).map(drop)),
        needed("look up a name", looked_up()),
    ]
}

fn written(path: &Path) -> io::Result<()> {
    fs::write(path, b"escaped")?;
    fs::remove_file(path)
}

fn kept(data: &Path) -> io::Result<()> {
    // Several threads may be at it.
    let name = format!("walls-{:?}", std::thread::current().id());
    let (first, second) = (data.join(format!("{name}.tmp")), data.join(&name));
    fs::write(&first, b"kept")?;
    File::open(&first)?.sync_all()?;
    fs::rename(&first, &second)?;
    fs::remove_file(&second)
}

fn connected(listener: &TcpListener) -> io::Result<()> {
    TcpStream::connect(listener.local_addr()?).map(drop)
}

/// Of this machine, so that nobody is asked.
fn looked_up() -> io::Result<()> {
    let mut found = std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 80))?;
    if found.any(|address: SocketAddr| address.ip().is_loopback()) { Ok(()) } else { Err(Error::other("not found")) }
}

fn peeked(pid: libc::pid_t) -> io::Result<()> {
    let mut byte = 0_u8;
    let local = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let remote = libc::iovec { iov_base: std::ptr::without_provenance_mut(0x1000), iov_len: 1 };
    // SAFETY: reads at most one byte, into `byte`; the other address is the other process's.
    let read = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    let error = Error::last_os_error();
    // A process that may look is told that nothing is there.
    if read >= 0 || error.raw_os_error() == Some(libc::EFAULT) { Ok(()) } else { Err(error) }
}

fn traced(pid: libc::pid_t) -> io::Result<()> {
    // SAFETY: takes numbers; seizing does not stop the process.
    let seized = unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, 0, 0) };
    if seized != 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: as above.
    unsafe { libc::ptrace(libc::PTRACE_DETACH, pid, 0, 0) };
    Ok(())
}

fn forked() -> io::Result<()> {
    // SAFETY: without flags, this is a fork; the child, a copy of this thread alone, ends at once.
    let child = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
    match child {
        0 => {
            // SAFETY: ends the child without running anything of the process it is a copy of.
            unsafe { libc::_exit(0) }
        }
        -1 => Err(Error::last_os_error()),
        child => {
            // SAFETY: waits for the child above; its status is not asked for.
            unsafe { libc::waitpid(i32::try_from(child).unwrap_or(-1), std::ptr::null_mut(), 0) };
            Ok(())
        }
    }
}

fn raw_socket() -> io::Result<()> {
    // SAFETY: takes numbers.
    opened(unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0) })
}

fn opened(file: libc::c_int) -> io::Result<()> {
    if file < 0 {
        return Err(Error::last_os_error());
    }
    // SAFETY: opened just now and nobody else's.
    unsafe { libc::close(file) };
    Ok(())
}

/// A call whose first argument is a number and whose others are nothing.
fn called(call: libc::c_long, argument: libc::c_long) -> io::Result<()> {
    // SAFETY: the calls named here take no address in their first argument, and an absent one in the others is refused.
    if unsafe { libc::syscall(call, argument, 0, 0, 0, 0) } < 0 { Err(Error::last_os_error()) } else { Ok(()) }
}

fn signalled(pid: libc::pid_t) -> io::Result<()> {
    // SAFETY: signal 0 only asks whether one could be sent.
    if unsafe { libc::kill(pid, 0) } < 0 { Err(Error::last_os_error()) } else { Ok(()) }
}

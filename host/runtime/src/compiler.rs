//! Where components are compiled: in a helper, a process of this very binary that was started before the walls closed, and that forks
//! a child for each component. Whatever Cranelift makes of hostile bytes, it makes of them there: within bounds of CPU time and
//! memory that the kernel keeps, and with nothing open but the way back. What may be in a component is checked in `checked`.
//!
//! Asked: a byte count, seconds of CPU time (both u32, little-endian), and the component. Answered: one byte that says how it went, a
//! byte count, and the compiled code or a sentence.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::FromRawFd as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::checked;

/// Address space of a child: itself, the component, and what compiling takes.
const MAX_CHILD_BYTES: u64 = 3 << 30;
/// Bytes of an answer; compiled code of the largest component is far smaller.
const MAX_ANSWER_BYTES: u32 = 512 << 20;
const MAX_COMPONENT_BYTES: u32 = 64 << 20;
/// A child that waits instead of working ends with this.
const MAX_WALL_SECONDS: u32 = 120;

/// Characters of a refusal: names in a component are of any length.
const MAX_WORDS: usize = 1_000;

const COMPILED: u8 = 0;
const REFUSED: u8 = 1;
const OVER_BUDGET: u8 = 2;

/// How compiling went.
pub enum Compiled {
    Code(Vec<u8>),
    /// It is no component that can run here; in words.
    Refused(String),
    OverBudget,
}

/// The helper, from the host's side. It ends when this is dropped, or the host ends however: its standard input does. One that ended
/// before does not come back, as by then nothing can be started any more; what is compiled already goes on.
#[derive(Debug)]
pub struct Compiler {
    pipes: Mutex<(ChildStdin, ChildStdout)>,
    _child: Child,
}

impl Compiler {
    /// Starts the helper: `command` is to call [`serve`] with its standard input and output.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take()).ok_or_else(|| io::Error::other("no pipes"))?;
        Ok(Self { pipes: Mutex::new(pipes), _child: child })
    }

    /// Has a component compiled, one at a time.
    ///
    /// # Errors
    /// When the helper is gone.
    pub fn compile(&self, component: &[u8], cpu: Duration) -> io::Result<Compiled> {
        let length = u32::try_from(component.len()).map_err(io::Error::other)?;
        // The kernel counts whole seconds.
        let seconds = u32::try_from(cpu.as_secs() + u64::from(cpu.subsec_nanos() > 0)).unwrap_or(u32::MAX).max(1);
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let (to, from) = &mut *pipes;
        to.write_all(&length.to_le_bytes())?;
        to.write_all(&seconds.to_le_bytes())?;
        to.write_all(component)?;
        to.flush()?;
        let mut said = [0];
        from.read_exact(&mut said)?;
        let length = read_u32(from)?;
        if length > MAX_ANSWER_BYTES {
            return Err(io::Error::other("the helper does not keep to the protocol"));
        }
        let mut answer = Vec::new();
        from.take(u64::from(length)).read_to_end(&mut answer)?;
        match said[0] {
            COMPILED if answer.len() == length as usize => Ok(Compiled::Code(answer)),
            REFUSED => Ok(Compiled::Refused(String::from_utf8_lossy(&answer).chars().take(MAX_WORDS).collect())),
            OVER_BUDGET => Ok(Compiled::OverBudget),
            _ => Err(io::Error::other("the helper failed")),
        }
    }
}

/// The helper: answers until its standard input ends. `seal` is called in each child before it looks at a component. To be called while
/// the process has one thread.
///
/// # Errors
/// When the pipes break in the middle of something.
pub fn serve(seal: impl Fn()) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let mut first = [0; 4];
        match input.read_exact(&mut first) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let (length, seconds) = (u32::from_le_bytes(first), read_u32(&mut input)?);
        if length > MAX_COMPONENT_BYTES {
            return Err(io::Error::other("the host does not keep to the protocol"));
        }
        let mut component = vec![0; length as usize];
        input.read_exact(&mut component)?;
        let (said, answer) = in_a_child(&component, seconds, &seal)?;
        output.write_all(&[said])?;
        output.write_all(&u32::try_from(answer.len()).unwrap_or(u32::MAX).to_le_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
    }
}

/// Forks a child that compiles within its bounds, and reads what it says before it ends.
fn in_a_child(component: &[u8], seconds: u32, seal: &impl Fn()) -> io::Result<(u8, Vec<u8>)> {
    let mut ends = [0; 2];
    // SAFETY: the call writes two descriptors into the array.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both were opened just now and belong to nobody else.
    let (mut from, to) = unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
    // SAFETY: this process has one thread, so the child may do whatever the process may.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            drop(from);
            let code = i32::from(child(component, seconds, to, seal).is_err());
            // SAFETY: ends the child without running what its parent has at its end.
            unsafe { libc::_exit(code) }
        }
        child => {
            drop(to);
            let mut said = Vec::new();
            let read = from.read_to_end(&mut said);
            let mut status = 0;
            // SAFETY: the call writes the status of a child of this process.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            read?;
            let ended = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0;
            match said.split_first() {
                Some((how, answer)) if ended => Ok((*how, answer.to_vec())),
                // Ended by the kernel at a bound, or by itself where there was no memory any more.
                _ => Ok((OVER_BUDGET, Vec::new())),
            }
        }
    }
}

fn child(component: &[u8], seconds: u32, mut to: File, seal: &impl Fn()) -> io::Result<()> {
    bound(libc::RLIMIT_CPU, u64::from(seconds))?;
    bound(libc::RLIMIT_AS, MAX_CHILD_BYTES)?;
    // Where memory is short, the kernel ends this one before the helper, which cannot be started again, and before the host.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    // SAFETY: sets a timer whose signal ends the child.
    unsafe { libc::alarm(MAX_WALL_SECONDS) };
    seal();
    let (how, answer) = match checked::compile(component) {
        Ok(code) => (COMPILED, code),
        Err(why) => (REFUSED, why.into_bytes()),
    };
    to.write_all(&[how])?;
    to.write_all(&answer)
}

fn bound(what: libc::__rlimit_resource_t, most: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: the limit is read from the reference.
    if unsafe { libc::setrlimit(what, &raw const limit) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn read_u32(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

//! The keys that `isolet dev` obeys: what each of them means, and the terminal, which gives them one by one while somebody waits for them and
//! is as it was afterwards. What is then done is in `dev`.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal as _, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::time::Duration;

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// What the keys are, in a line.
pub const HINT: &str = "keys: b opens the function, o the console, r deploys again, l logs, c clears, x ends";

/// How long to wait for the terminal to be this process's again.
const IN_THE_BACKGROUND: Duration = Duration::from_millis(300);
/// No key sends more at a time.
const MAX_BYTES: usize = 64;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    OpenFunction,
    OpenConsole,
    DeployAgain,
    ToggleLogs,
    Clear,
    End,
}

impl Action {
    const fn of(key: u8) -> Option<Self> {
        match key.to_ascii_lowercase() {
            b'b' => Some(Self::OpenFunction),
            b'o' => Some(Self::OpenConsole),
            b'r' => Some(Self::DeployAgain),
            b'l' => Some(Self::ToggleLogs),
            b'c' => Some(Self::Clear),
            b'x' | b'q' => Some(Self::End),
            _ => None,
        }
    }
}

/// What was typed means. Arrows and the like come as an escape with letters behind it, which nobody typed.
fn actions(typed: &[u8]) -> Vec<Action> {
    match typed.first() {
        Some(0x1B) => Vec::new(),
        _ => typed.iter().copied().filter_map(Action::of).collect(),
    }
}

/// Waits for keys. When it is dropped, the terminal is as it was.
pub struct Hotkeys {
    terminal: SingleKeys,
    typed: mpsc::UnboundedReceiver<Action>,
    /// Signals that end the process, and would leave the terminal as it is now.
    hang_up: Signal,
    quit: Signal,
    /// Ctrl+Z, and what follows it.
    stop: Signal,
    go_on: Signal,
}

impl Hotkeys {
    /// `None` where nobody types at a terminal and looks at one, or this process runs behind somebody else's back.
    ///
    /// # Errors
    /// When signals cannot be waited for, or there can be no thread that reads.
    pub fn start() -> Result<Option<Self>> {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() || !in_the_foreground() {
            return Ok(None);
        }
        let Some(terminal) = SingleKeys::of_now() else { return Ok(None) };
        // Waited for before the terminal is changed, so that none comes in between.
        let (hang_up, quit) = (signal(SignalKind::hangup())?, signal(SignalKind::quit())?);
        let (stop, go_on) = (waited_for(libc::SIGTSTP)?, waited_for(libc::SIGCONT)?);
        let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        terminal.take();
        let (sender, typed) = mpsc::unbounded_channel();
        // A thread of its own, which is in the way of nobody when the process ends.
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || read(input, &sender))?;
        Ok(Some(Self { terminal, typed, hang_up, quit, stop, go_on }))
    }

    /// The next thing that is asked for.
    pub async fn next(&mut self) -> Action {
        loop {
            tokio::select! {
                Some(action) = self.typed.recv() => return action,
                _ = self.hang_up.recv() => return Action::End,
                _ = self.quit.recv() => return Action::End,
                _ = self.stop.recv() => {
                    self.terminal.give_back();
                    // SAFETY: it only stops this process, until somebody has it go on.
                    unsafe { libc::raise(libc::SIGSTOP) };
                }
                _ = self.go_on.recv() => self.terminal.take(),
            }
        }
    }
}

/// An empty screen.
pub fn clear() {
    let mut screen = std::io::stdout().lock();
    // A screen that is not cleared is no reason to end.
    let _ = screen.write_all(b"\x1b[2J\x1b[H").and_then(|()| screen.flush());
}

fn waited_for(number: libc::c_int) -> std::io::Result<Signal> {
    signal(SignalKind::from_raw(number))
}

/// Reads keys until nobody waits for them or the terminal is gone.
fn read(mut input: File, sender: &mpsc::UnboundedSender<Action>) {
    // In the background, reading would stop the whole process; where that signal is blocked, it is an error instead.
    block_in_this_thread(libc::SIGTTIN);
    let mut buffer = [0; MAX_BYTES];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                for action in actions(&buffer[..length]) {
                    if sender.send(action).is_err() {
                        return;
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.raw_os_error() == Some(libc::EIO) => {
                if sender.is_closed() {
                    return;
                }
                std::thread::sleep(IN_THE_BACKGROUND);
            }
            Err(_) => return,
        }
    }
}

fn block_in_this_thread(signal: libc::c_int) {
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: the set is emptied, and so written, before anything else is done with it; the set of before is not asked for.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}

/// Whether the terminal is this process's to read and to change. One that no shell divides among its jobs is.
fn in_the_foreground() -> bool {
    // SAFETY: neither takes anything but numbers.
    let (holder, own) = unsafe { (libc::tcgetpgrp(libc::STDIN_FILENO), libc::getpgrp()) };
    holder == -1 || holder == own
}

/// The terminal's settings, from before and of now: each key comes at once and is not shown. Signals and line ends are as before.
struct SingleKeys {
    before: libc::termios,
    single: libc::termios,
}

impl SingleKeys {
    /// Changes nothing yet.
    fn of_now() -> Option<Self> {
        let mut settings = std::mem::MaybeUninit::uninit();
        // SAFETY: the settings are read only when the call says that it wrote them.
        let before = unsafe {
            if libc::tcgetattr(libc::STDIN_FILENO, settings.as_mut_ptr()) != 0 {
                return None;
            }
            settings.assume_init()
        };
        Some(Self { before, single: single(before) })
    }

    fn take(&self) {
        set(&self.single);
    }

    fn give_back(&self) {
        set(&self.before);
    }
}

impl Drop for SingleKeys {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The same settings for single keys.
const fn single(before: libc::termios) -> libc::termios {
    let mut single = before;
    single.c_lflag &= !(libc::ICANON | libc::ECHO);
    single.c_cc[libc::VMIN] = 1;
    single.c_cc[libc::VTIME] = 0;
    single
}

fn set(settings: &libc::termios) {
    // In the background it is somebody else's, and to change it would stop the process.
    if in_the_foreground() {
        // SAFETY: the pointer is to settings that the terminal gave, a few of them changed.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, settings) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_action_and_others_none() {
        let expected = [
            (b'b', Action::OpenFunction),
            (b'o', Action::OpenConsole),
            (b'r', Action::DeployAgain),
            (b'l', Action::ToggleLogs),
            (b'c', Action::Clear),
            (b'x', Action::End),
            (b'q', Action::End),
        ];
        for (key, action) in expected {
            assert_eq!(actions(&[key]), [action]);
            assert_eq!(actions(&[key.to_ascii_uppercase()]), [action]);
        }
        let others: Vec<u8> = (0..=255).filter(|key: &u8| !b"borlcxq".contains(&key.to_ascii_lowercase())).collect();
        assert_eq!(actions(&others), []);
        assert_eq!(actions(b"r r\n"), [Action::DeployAgain, Action::DeployAgain]);
        // Arrows, F2, Alt with x.
        for escape in [&b"\x1b[C"[..], b"\x1bOB", b"\x1bOQ", b"\x1bx"] {
            assert_eq!(actions(escape), []);
        }
        assert_eq!(actions(b""), []);
    }

    #[test]
    fn signals_and_line_ends_stay_as_they_are() {
        // SAFETY: all of its fields are numbers.
        let mut before: libc::termios = unsafe { std::mem::zeroed() };
        before.c_lflag = libc::ICANON | libc::ECHO | libc::ISIG | libc::IEXTEN;
        before.c_oflag = libc::OPOST | libc::ONLCR;
        let single = single(before);
        assert_eq!(single.c_lflag, libc::ISIG | libc::IEXTEN);
        assert_eq!((single.c_oflag, single.c_iflag), (before.c_oflag, before.c_iflag));
        assert_eq!((single.c_cc[libc::VMIN], single.c_cc[libc::VTIME]), (1, 0));
    }
}

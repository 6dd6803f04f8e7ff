//! What is too secret for an argument, which every process of the machine can read: from standard input.

use std::io::{IsTerminal as _, Read as _};

use anyhow::{Context as _, Result, ensure};

/// More is no secret of anybody's.
const MAX_BYTES: u64 = 64 << 10;

/// The first line that is typed at a terminal, which does not show it, or all that a pipe or file has; without the last line break.
pub fn secret(question: &str) -> Result<String> {
    let input = std::io::stdin();
    let mut text = String::new();
    if input.is_terminal() {
        super::show::progress(question);
        let _hidden = Hidden::start();
        input.read_line(&mut text).context("cannot read from the terminal")?;
    } else {
        input.lock().take(MAX_BYTES + 1).read_to_string(&mut text).context("cannot read standard input as text")?;
        ensure!(text.len() as u64 <= MAX_BYTES, "standard input has more than {MAX_BYTES} bytes");
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// While it is there, the terminal does not show what is typed.
struct Hidden(Option<libc::termios>);

impl Hidden {
    fn start() -> Self {
        let mut settings = std::mem::MaybeUninit::uninit();
        // SAFETY: the settings are read only when the call says that it wrote them.
        let before = unsafe {
            if libc::tcgetattr(libc::STDIN_FILENO, settings.as_mut_ptr()) != 0 {
                return Self(None);
            }
            settings.assume_init()
        };
        let mut silent = before;
        silent.c_lflag &= !libc::ECHO;
        // SAFETY: the pointer is to settings that the terminal gave, one flag apart.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, &raw const silent) };
        Self(Some(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // SAFETY: the pointer is to settings that the terminal gave.
            unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, before) };
        }
    }
}

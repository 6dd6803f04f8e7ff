//! What is too secret for an argument, which every process of the machine can read: from standard input.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// More is no secret of anybody's.
const MAX_BYTES: u64 = 64 << 10;
/// More is no file of anybody's secrets.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The first line that is typed at a terminal, which does not show it, or all that a pipe or file has; without the last line break.
pub fn secret(question: &str) -> Result<String> {
    let input = std::io::stdin();
    let mut text = String::new();
    if input.is_terminal() {
        super::show::progress(question);
        let _hidden = Hidden::start();
        input.read_line(&mut text).context("cannot read from the terminal")?;
    } else {
        text = whole(input.lock(), MAX_BYTES, "standard input")?;
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// A file of secrets, or all that comes on standard input where none is named. Typed at a terminal, it would be shown.
pub fn secrets(file: Option<&Path>) -> Result<String> {
    match file.filter(|file| *file != Path::new("-")) {
        Some(file) => {
            let what = format!("`{}`", file.display());
            let open = File::open(file).with_context(|| format!("cannot read {what}"))?;
            whole(open, MAX_FILE_BYTES, &what)
        }
        None => {
            let input = std::io::stdin();
            ensure!(!input.is_terminal(), "give a file, or send one to standard input");
            whole(input.lock(), MAX_FILE_BYTES, "standard input")
        }
    }
}

fn whole(from: impl Read, max_bytes: u64, what: &str) -> Result<String> {
    let mut text = String::new();
    from.take(max_bytes + 1).read_to_string(&mut text).with_context(|| format!("cannot read {what} as text"))?;
    ensure!(text.len() as u64 <= max_bytes, "{what} has more than {max_bytes} bytes");
    Ok(text)
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

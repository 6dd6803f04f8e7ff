//! What a function says about itself: a line of JSON for each record, on standard error, where the host asks for that by the
//! variable ISOLET_RECORDS; on any other host plain lines.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Writes a line to the function's log; `info!` and its like are shorter.
pub fn log(level: Level, message: fmt::Arguments<'_>) {
    let message = message.to_string();
    if wanted() {
        write(&format!(r#"{{"kind":"log","level":"{}","message":{}}}"#, level.as_str(), Quoted(&message)));
    } else {
        write(&format!("{}: {message}", level.as_str()));
    }
}

/// There is no answer, and this is why.
pub fn failed(message: &str) {
    failed_at(message, None);
}

/// There is no answer because the code panicked.
pub fn panicked(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("the function panicked");
    let place = panic.location().map(|place| (place.file(), place.line(), place.column()));
    failed_at(message, place);
}

fn failed_at(message: &str, place: Option<(&str, u32, u32)>) {
    if !wanted() {
        match place {
            Some((file, line, column)) => write(&format!("{file}:{line}:{column}: {message}")),
            None => write(message),
        }
        return;
    }
    let place =
        place.map(|(file, line, column)| format!(r#","file":{},"line":{line},"column":{column}"#, Quoted(file)));
    write(&format!(
        r#"{{"kind":"failed","outcome":"exception","error":{{"message":{}{}}}}}"#,
        Quoted(message),
        place.unwrap_or_default(),
    ));
}

fn wanted() -> bool {
    std::env::var_os("ISOLET_RECORDS").is_some()
}

fn write(line: &str) {
    // What cannot be logged is not worth failing for.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A text as JSON writes it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                control if control < ' ' => write!(f, "\\u{:04x}", control as u32)?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_json_wants_it() {
        assert_eq!(Quoted("a\"b\\c\nd\u{1}e\u{7f}ü😀").to_string(), "\"a\\\"b\\\\c\\nd\\u0001e\u{7f}ü😀\"");
    }
}

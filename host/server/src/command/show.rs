//! What the command line shows on stderr. Text of tenants is made inert first: a terminal obeys what it is sent.

#![allow(clippy::print_stderr, reason = "this is where the command line writes to stderr")]

use isolet_domain::code::Code;
use isolet_domain::execute::{Diagnostic, Severity};
use isolet_domain::outcome::Outcome;
use isolet_runtime::config::Part;
use serde_json::Value;

/// The text with everything a terminal would act on made visible instead. Line breaks and tabs stay.
pub fn inert(text: &str) -> String {
    let spoofs = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}');
    text.chars()
        .flat_map(|c| {
            let acts = (c.is_control() && c != '\n' && c != '\t') || spoofs(c);
            let shown: Vec<char> = if acts { c.escape_unicode().collect() } else { vec![c] };
            shown
        })
        .collect()
}

pub fn error(message: &str) {
    eprintln!("error: {}", inert(message));
}

pub fn progress(message: &str) {
    eprintln!("{message}");
}

/// Something of ours is compiled, once per data folder.
pub fn compiling(part: Part) {
    progress(match part {
        Part::Engine => "Compiling the JavaScript engine (once, a few seconds) …",
        Part::FrontEnd => "Compiling the TypeScript front end (once, a few seconds) …",
    });
}

/// A console line of a run.
pub fn log(line: &Value) {
    let text = |name: &str| line[name].as_str().unwrap_or_default();
    let place = match (line["file"].as_str(), line["line"].as_u64()) {
        (Some(file), Some(number)) => format!("  ({file}:{number})"),
        _ => String::new(),
    };
    eprintln!("{:>5} {}{}", text("level"), inert(text("message")), inert(&place));
}

/// One thing that is wrong with code, or doubtful about it, with the lines around it.
pub fn diagnostic(outcome: Outcome, diagnostic: &Diagnostic, code: &Code) {
    match diagnostic.severity {
        Severity::Error => error(&format!("{}: {}", outcome.as_str(), diagnostic.message)),
        Severity::Warning => eprintln!("warning: {}", inert(&diagnostic.message)),
    }
    if let Some(place) = &diagnostic.position {
        let text = code.modules().get(&place.file).map(|module| &*module.text);
        located((&place.file, u64::from(place.line), u64::from(place.column)), text);
    }
    if let Some(help) = &diagnostic.help {
        eprintln!("  help: {}", inert(help));
    }
}

/// One of a problem document's errors about code.
pub fn error_of_problem(outcome: &str, error: &Value, code: &Code) {
    self::error(&format!("{outcome}: {}", error["detail"].as_str().unwrap_or("no details were given")));
    let number = |name: &str| error[name].as_u64().unwrap_or(0);
    if let Some(file) = error["file"].as_str() {
        located((file, number("line"), number("column")), code.modules().get(file).map(|module| &*module.text));
    }
    if let Some(help) = error["help"].as_str() {
        eprintln!("  help: {}", inert(help));
    }
}

fn located((file, line, column): (&str, u64, u64), source: Option<&str>) {
    if line == 0 {
        eprintln!("  --> {}", inert(file));
        return;
    }
    eprintln!("  --> {}:{line}:{column}", inert(file));
    if let Some(source) = source {
        eprint!("{}", inert(&frame(source, line, column)));
    }
}

/// What went wrong with code: message, place, the lines around it, and the stack.
pub fn fault(outcome: &str, message: &str, place: Option<(&str, u64, u64)>, source: Option<&str>, stack: &str) {
    error(&format!("{outcome}: {message}"));
    if let Some((file, line, column)) = place {
        located((file, line, column), source);
    }
    if !stack.is_empty() {
        eprintln!("{}", inert(stack.trim_end()));
    }
}

/// The line in question with two before and one after, numbered, and a caret below the column.
fn frame(source: &str, line: u64, column: u64) -> String {
    let mut out = String::new();
    for (number, text) in (1..).zip(source.lines()) {
        if number + 2 >= line && number <= line + 1 {
            let cut: String = text.chars().take(160).collect();
            out.push_str(&format!("{number:>5} | {cut}\n"));
            if number == line && column > 0 && column <= 160 {
                let indent: String = text
                    .chars()
                    .take(usize::try_from(column - 1).unwrap_or(0))
                    .map(|c| if c == '\t' { '\t' } else { ' ' })
                    .collect();
                out.push_str(&format!("      | {indent}^\n"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_not_obeyed() {
        let shown = inert("a\u{1b}]52;c;x\u{7}\u{202E}b\u{9b}31m\nc");
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202E}', '\u{9b}']));
        assert!(shown.starts_with("a\\u{1b}") && shown.ends_with("\nc"));
    }

    #[test]
    fn a_frame_points_at_the_column() {
        assert_eq!(frame("a\nbc\nd\ne", 2, 2), "    1 | a\n    2 | bc\n      |  ^\n    3 | d\n");
    }
}

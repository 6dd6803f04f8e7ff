//! What the command line shows on stderr. Text of tenants is made inert first: a terminal obeys what it is sent.

#![allow(clippy::print_stderr, reason = "this is where the command line writes to stderr")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};
use isolet_domain::code::Code;
use isolet_domain::execute::{Diagnostic, Severity};
use isolet_domain::outcome::Outcome;
use isolet_runtime::config::Part;
use serde_json::Value;

/// Where the lines around a place are found: in the modules, or on disk where those were bundled from files.
pub struct Texts<'t> {
    modules: BTreeMap<&'t str, &'t str>,
    folder: Option<&'t Path>,
}

impl<'t> Texts<'t> {
    pub fn of(code: &'t Code) -> Self {
        Self { modules: code.modules().iter().map(|(name, module)| (&**name, &*module.text)).collect(), folder: None }
    }

    /// Of modules as the API gives them.
    pub fn of_wire(modules: &'t Value) -> Self {
        let text = |(name, module): (&'t String, &'t Value)| Some((name.as_str(), module.as_str()?));
        Self { modules: modules.as_object().into_iter().flatten().filter_map(text).collect(), folder: None }
    }

    /// With the folder that the places of a bundle's map are relative to.
    pub fn bundled(code: &'t Code, folder: &'t Path) -> Self {
        Self { folder: Some(folder), ..Self::of(code) }
    }

    fn of_file(&self, file: &str) -> Option<Cow<'t, str>> {
        if let Some(text) = self.modules.get(file) {
            return Some(Cow::Borrowed(text));
        }
        std::fs::read_to_string(self.folder?.join(file)).ok().map(Cow::Owned)
    }
}

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

/// A command's answer, which is already inert.
#[allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]
pub fn answer(answer: &str) {
    println!("{answer}");
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
pub fn diagnostic(outcome: Outcome, diagnostic: &Diagnostic, texts: &Texts<'_>) {
    match diagnostic.severity {
        Severity::Error => error(&format!("{}: {}", outcome.as_str(), diagnostic.message)),
        Severity::Warning => eprintln!("warning: {}", inert(&diagnostic.message)),
    }
    if let Some(place) = &diagnostic.position {
        located((&place.file, u64::from(place.line), u64::from(place.column)), texts);
    }
    if let Some(help) = &diagnostic.help {
        eprintln!("  help: {}", inert(help));
    }
}

/// Shows a problem document; the exit code is that of the outcome it names.
///
/// # Errors
/// Where it names none.
pub fn problem(problem: &Value, texts: &Texts<'_>, as_json: bool) -> Result<u8> {
    let slug = problem["code"].as_str().unwrap_or("internal");
    let outcome = match slug {
        "tenant_not_found" | "function_not_found" | "version_not_found" => Some(Outcome::NotFound),
        slug => Outcome::parse(slug),
    };
    if as_json {
        return Ok(outcome.map_or(1, Outcome::exit_code));
    }
    let detail = problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("no details were given");
    let Some(outcome) = outcome else { return Err(anyhow!("{slug}: {detail}")) };
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    if errors.is_empty() {
        error(&format!("{slug}: {detail}"));
    }
    errors.iter().for_each(|error| error_of_problem(slug, error, texts));
    Ok(outcome.exit_code())
}

/// One of a problem document's errors about code.
fn error_of_problem(outcome: &str, error: &Value, texts: &Texts<'_>) {
    self::error(&format!("{outcome}: {}", error["detail"].as_str().unwrap_or("no details were given")));
    let number = |name: &str| error[name].as_u64().unwrap_or(0);
    if let Some(file) = error["file"].as_str() {
        located((file, number("line"), number("column")), texts);
    }
    if let Some(help) = error["help"].as_str() {
        eprintln!("  help: {}", inert(help));
    }
}

fn located((file, line, column): (&str, u64, u64), texts: &Texts<'_>) {
    if line == 0 {
        eprintln!("  --> {}", inert(file));
        return;
    }
    eprintln!("  --> {}:{line}:{column}", inert(file));
    if let Some(source) = texts.of_file(file) {
        eprint!("{}", inert(&frame(&source, line, column)));
    }
}

/// What went wrong with code: message, place, the lines around it, and the stack.
pub fn fault(outcome: &str, message: &str, place: Option<(&str, u64, u64)>, texts: &Texts<'_>, stack: &str) {
    error(&format!("{outcome}: {message}"));
    if let Some((file, line, column)) = place {
        located((file, line, column), texts);
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

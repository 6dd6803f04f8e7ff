//! What is said about code: diagnostics with their places, and how the parser's own become these. What is checked is elsewhere.

use oxc::diagnostics::{OxcDiagnostic, Severity};
use serde::Serialize;

/// Said at most; what is beyond is counted.
pub const MAX_DIAGNOSTICS: usize = 50;
/// Characters of one text.
const MAX_TEXT: usize = 500;

#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    pub severity: &'static str,
    pub code: Option<String>,
    pub message: String,
    pub help: Option<String>,
    pub file: String,
    /// From 1; 0 when it is about the whole file.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// In characters, within the line.
    pub length: u32,
}

/// Bytes of a text, from and to.
pub type Span = (u32, u32);

/// Collects them, up to the bound.
#[derive(Default)]
pub struct Reporter {
    pub said: Vec<Diagnostic>,
    /// How many were not kept.
    beyond: usize,
    pub errors: usize,
}

impl Reporter {
    pub fn error(&mut self, file: &File<'_>, span: Option<Span>, code: &str, message: String, help: Option<String>) {
        self.say("error", file, span, Some(code.to_owned()), message, help);
    }

    pub fn warning(&mut self, file: &File<'_>, span: Option<Span>, code: &str, message: String, help: Option<String>) {
        self.say("warning", file, span, Some(code.to_owned()), message, help);
    }

    /// All that was said, and how much more there is.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        if let (Some(last), 1..) = (self.said.last(), self.beyond) {
            let message = format!("there are {} more like these", self.beyond);
            let more = Diagnostic {
                severity: "warning",
                code: None,
                message,
                help: None,
                line: 0,
                column: 0,
                length: 0,
                ..last.clone()
            };
            self.said.push(more);
        }
        self.said
    }

    /// One of the parser's.
    pub fn parsers(&mut self, file: &File<'_>, said: &OxcDiagnostic, help: Option<&str>) {
        let severity = if said.severity == Severity::Error { "error" } else { "warning" };
        // Of several places, the last is where the error shows; the others are what it contradicts.
        let label = said.labels.iter().max_by_key(|label| label.span().start);
        let span = label.map(|label| (label.span().start, label.span().end));
        let code = said.code.is_some().then(|| said.code.to_string());
        let mut message = said.message.to_string();
        if let Some(label) = label.filter(|_| said.labels.len() == 1).and_then(|label| label.label())
            && !label.is_empty()
        {
            message = format!("{message}: {label}");
        }
        let help = help.or(said.help.as_deref()).map(str::to_owned);
        self.say(severity, file, span, code, message, help);
    }

    fn say(
        &mut self,
        severity: &'static str,
        file: &File<'_>,
        span: Option<Span>,
        code: Option<String>,
        message: String,
        help: Option<String>,
    ) {
        self.errors += usize::from(severity == "error");
        if self.said.len() >= MAX_DIAGNOSTICS {
            self.beyond += 1;
            return;
        }
        let (line, column, length) = span.map_or((0, 0, 0), |span| file.place(span));
        let (message, help) = (cut(message), help.map(cut));
        self.said.push(Diagnostic { severity, code, message, help, file: file.name.to_owned(), line, column, length });
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A module's name and text, for places.
#[derive(Clone, Copy)]
pub struct File<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl File<'_> {
    /// Line, column and length in characters.
    fn place(&self, (start, end): Span) -> (u32, u32, u32) {
        let start = floor(self.text, start as usize);
        let end = floor(self.text, end as usize).max(start);
        let before = &self.text[..start];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let marked = self.text[start..end].lines().next().unwrap_or_default();
        (line as u32, before[line_start..].chars().count() as u32 + 1, marked.chars().count() as u32)
    }
}

fn floor(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

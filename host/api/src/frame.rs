//! The lines of a tenant's code that an error is about, with a mark under the place.

use std::fmt::Write as _;

use isolet_domain::code::Code;
use isolet_domain::execute::{BuildError, Position};

use crate::failure::{Failure, Mark};
use crate::problem::escape;

/// Lines shown before and after the one in question.
const AROUND: usize = 2;
/// Characters of a line that are shown: minified code has one line.
const WIDTH: usize = 160;

/// The failure with what it is about in `code`, which the caller sent at the pointer `at`.
pub fn framed(failure: Failure, code: &Code, at: &str) -> Failure {
    let Some(BuildError::Code { error, .. }) = failure.build() else { return failure };
    let mark = |position: &Option<Position>| match position {
        Some(position) if code.modules().contains_key(&position.file) => {
            Mark { pointer: Some(format!("{at}/modules/{}", escape(&position.file))), frame: frame(code, position) }
        }
        _ => Mark::default(),
    };
    let mut marks: Vec<Mark> = error.errors().map(|diagnostic| mark(&diagnostic.position)).collect();
    if marks.is_empty() {
        marks.push(mark(&error.position));
    }
    Failure::Framed { build: Box::new(failure), marks }
}

/// The frame, or `None` when the place is not in these modules.
fn frame(code: &Code, position: &Position) -> Option<String> {
    let text = &code.modules().get(&position.file)?.text;
    let wanted = (position.line as usize).checked_sub(1)?;
    let first = wanted.saturating_sub(AROUND);
    let mut out = String::new();
    let mut found = false;
    for (index, line) in text.lines().enumerate().skip(first).take(wanted - first + 1 + AROUND) {
        let is_wanted = index == wanted;
        found |= is_wanted;
        let column = if is_wanted { position.column as usize } else { 1 };
        let from = column.saturating_sub(WIDTH / 2);
        let shown: String = line.chars().skip(from).take(WIDTH).map(|c| if c == '\t' { ' ' } else { c }).collect();
        let mark = if is_wanted { '>' } else { ' ' };
        writeln!(out, "{mark} {:>5} | {shown}", index + 1).expect("writing to a string never fails");
        if is_wanted && column > 0 {
            writeln!(out, "        | {:>1$}", '^', column - from).expect("writing to a string never fails");
        }
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_marked() {
        let code = Code::single("let a\nlet b = ;\nlet c").expect("valid");
        let at = |line, column| Position { file: "main.js".to_owned(), line, column };
        let text = frame(&code, &at(2, 9)).expect("the line is there");
        assert_eq!(text, "      1 | let a\n>     2 | let b = ;\n        |         ^\n      3 | let c\n");
        for (line, column) in [(0, 0), (4, 1), (u32::MAX, u32::MAX)] {
            assert_eq!(frame(&code, &at(line, column)), None, "{line}:{column}");
        }
        assert!(frame(&code, &at(1, u32::MAX)).is_some_and(|text| text.len() < 500));
    }
}

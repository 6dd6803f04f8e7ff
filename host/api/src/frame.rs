//! The lines of a tenant's code that an error is about, with a mark under the place.

use std::collections::{BTreeMap, BTreeSet};
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
    let mut places: Vec<Option<&Position>> = error.errors().map(|diagnostic| diagnostic.position.as_ref()).collect();
    if places.is_empty() {
        places.push(error.position.as_ref());
    }
    let shown = Shown::of(code, places.iter().copied().flatten());
    let mark = |position: Option<&Position>| match position {
        Some(position) if code.modules().contains_key(&position.file) => {
            Mark { pointer: Some(format!("{at}/modules/{}", escape(&position.file))), frame: shown.frame(position) }
        }
        _ => Mark::default(),
    };
    let marks = places.into_iter().map(mark).collect();
    Failure::Framed { build: Box::new(failure), marks }
}

/// The lines that frames show, by module and by number from 0. Each text is gone through once, however many places are in it.
struct Shown<'c>(BTreeMap<&'c str, BTreeMap<usize, &'c str>>);

impl<'c> Shown<'c> {
    fn of<'p>(code: &'c Code, places: impl Iterator<Item = &'p Position>) -> Self {
        let mut wanted = BTreeMap::<&str, BTreeSet<usize>>::new();
        for place in places {
            if let Some(line) = (place.line as usize).checked_sub(1) {
                wanted.entry(&place.file).or_default().extend(line.saturating_sub(AROUND)..=line + AROUND);
            }
        }
        let lines = code.modules().iter().filter_map(|(name, module)| {
            let wanted = wanted.get(name.as_str())?;
            let until = wanted.last().map_or(0, |last| last + 1);
            let lines = module.text.lines().enumerate().take(until).filter(|(index, _)| wanted.contains(index));
            Some((name.as_str(), lines.collect()))
        });
        Self(lines.collect())
    }

    /// The frame, or `None` when the place is not in these modules.
    fn frame(&self, position: &Position) -> Option<String> {
        let lines = self.0.get(position.file.as_str())?;
        let wanted = (position.line as usize).checked_sub(1).filter(|line| lines.contains_key(line))?;
        let mut out = String::new();
        for (&index, line) in lines.range(wanted.saturating_sub(AROUND)..=wanted + AROUND) {
            let is_wanted = index == wanted;
            let column = if is_wanted { position.column as usize } else { 1 };
            let from = column.saturating_sub(WIDTH / 2);
            let shown: String = line.chars().skip(from).take(WIDTH).map(|c| if c == '\t' { ' ' } else { c }).collect();
            let mark = if is_wanted { '>' } else { ' ' };
            writeln!(out, "{mark} {:>5} | {shown}", index + 1).expect("writing to a string never fails");
            if is_wanted && column > 0 {
                writeln!(out, "        | {:>1$}", '^', column - from).expect("writing to a string never fails");
            }
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_marked() {
        let code = Code::single("let a\nlet b = ;\nlet c").expect("valid");
        let at = |line, column| Position { file: "main.js".to_owned(), line, column };
        let frame = |position: Position| Shown::of(&code, std::iter::once(&position)).frame(&position);
        let text = frame(at(2, 9)).expect("the line is there");
        assert_eq!(text, "      1 | let a\n>     2 | let b = ;\n        |         ^\n      3 | let c\n");
        for (line, column) in [(0, 0), (4, 1), (u32::MAX, u32::MAX)] {
            assert_eq!(frame(at(line, column)), None, "{line}:{column}");
        }
        assert!(frame(at(1, u32::MAX)).is_some_and(|text| text.len() < 500));
        // Places that lie close together have each its own lines.
        let code = Code::single("1\n2\n3\n4\n5\n6\n7").expect("valid");
        let both = Shown::of(&code, [at(1, 0), at(5, 0)].iter());
        assert_eq!(both.frame(&at(1, 0)).as_deref(), Some(">     1 | 1\n      2 | 2\n      3 | 3\n"));
        let second = "      3 | 3\n      4 | 4\n>     5 | 5\n      6 | 6\n      7 | 7\n";
        assert_eq!(both.frame(&at(5, 0)).as_deref(), Some(second));
    }
}

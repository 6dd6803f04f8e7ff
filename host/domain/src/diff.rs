//! What changed between two module maps, line by line, within a bound of time and size. Which versions are compared is decided in
//! `service::versions`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use similar::{ChangeTag, TextDiff};

use crate::code::{Code, Module, ModuleKind};

/// How long lines are compared before what is left counts as replaced, all modules together.
pub const TIME: Duration = Duration::from_millis(500);
/// Lines that are compared, of both sides and all modules together: each costs some dozens of bytes.
pub const MAX_LINES: usize = 200_000;
/// Bytes of unified text, all modules together.
pub const MAX_UNIFIED_BYTES: usize = 2 << 20;

/// What became of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Added,
    Removed,
    Changed,
}

/// Why there is no text about a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omitted {
    /// It is bytes.
    Data,
    /// There is more than is compared or shown.
    Size,
}

/// A module that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleDiff {
    pub name: String,
    pub status: Status,
    /// On the base's side, and on the other.
    pub kinds: (Option<ModuleKind>, Option<ModuleKind>),
    pub added_lines: usize,
    pub removed_lines: usize,
    /// In the unified format, with three lines around each change.
    pub unified: Result<String, Omitted>,
}

/// All that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeDiff {
    pub modules: Vec<ModuleDiff>,
    pub main_module_changed: bool,
    pub options_changed: bool,
    /// The time was up: there may be a shorter way to say it.
    pub approximate: bool,
}

impl CodeDiff {
    /// Compares `code` with `base`, or with nothing. Takes the time of a processor: not for a thread that others wait for.
    pub fn between(base: Option<&Code>, code: &Code) -> Self {
        Self::within(base, code, TIME)
    }

    fn within(base: Option<&Code>, code: &Code, time: Duration) -> Self {
        let deadline = Instant::now() + time;
        let before = |name: &str| base.and_then(|base| base.modules().get(name));
        let names: BTreeSet<&String> =
            base.iter().flat_map(|base| base.modules().keys()).chain(code.modules().keys()).collect();
        let (mut lines, mut bytes) = (MAX_LINES, MAX_UNIFIED_BYTES);
        let mut modules = Vec::new();
        for name in names {
            let (old, new) = (before(name), code.modules().get(name));
            if old != new {
                let diff = module(name, old, new, (deadline, lines, bytes));
                lines = lines.saturating_sub(count(old) + count(new));
                bytes = bytes.saturating_sub(diff.unified.as_ref().map_or(0, String::len));
                modules.push(diff);
            }
        }
        Self {
            modules,
            main_module_changed: base.is_some_and(|base| base.main_module() != code.main_module()),
            options_changed: base.is_some_and(|base| base.options() != code.options()),
            approximate: Instant::now() >= deadline,
        }
    }

    /// Everything as one text, as `patch` would take it, with a line in place of what is left out.
    pub fn unified(&self) -> String {
        let mut text = String::new();
        for module in &self.modules {
            match &module.unified {
                Ok(unified) => text.push_str(unified),
                Err(Omitted::Data) => text.push_str(&format!("Binary modules a/{0} and b/{0} differ\n", module.name)),
                Err(Omitted::Size) => {
                    text.push_str(&format!("Modules a/{0} and b/{0} differ, too much to show\n", module.name));
                }
            }
        }
        text
    }
}

fn count(module: Option<&Module>) -> usize {
    module.map_or(0, |module| module.text.bytes().filter(|byte| *byte == b'\n').count() + 1)
}

fn module(
    name: &str,
    old: Option<&Module>,
    new: Option<&Module>,
    (deadline, lines, bytes): (Instant, usize, usize),
) -> ModuleDiff {
    let status = match (old, new) {
        (None, _) => Status::Added,
        (_, None) => Status::Removed,
        _ => Status::Changed,
    };
    let kind = |module: Option<&Module>| module.map(|module| module.kind);
    let mut diff = ModuleDiff {
        name: name.to_owned(),
        status,
        kinds: (kind(old), kind(new)),
        added_lines: 0,
        removed_lines: 0,
        unified: Err(Omitted::Data),
    };
    if [old, new].into_iter().flatten().any(|module| matches!(module.kind, ModuleKind::Data | ModuleKind::Component)) {
        return diff;
    }
    diff.unified = Err(Omitted::Size);
    if count(old) + count(new) > lines {
        return diff;
    }
    let text = |module: Option<&Module>| module.map(|module| module.text.clone()).unwrap_or_default();
    let (old_text, new_text) = (text(old), text(new));
    let compared = TextDiff::configure().deadline(deadline).diff_lines(&*old_text, &*new_text);
    for change in compared.iter_all_changes() {
        match change.tag() {
            ChangeTag::Insert => diff.added_lines += 1,
            ChangeTag::Delete => diff.removed_lines += 1,
            ChangeTag::Equal => {}
        }
    }
    let side = |letter: char, module: Option<&Module>| {
        if module.is_some() { format!("{letter}/{name}") } else { "/dev/null".to_owned() }
    };
    let mut unified = Bounded { text: String::new(), left: bytes };
    let written = write!(unified, "{}", compared.unified_diff().header(&side('a', old), &side('b', new)));
    if written.is_ok() {
        diff.unified = Ok(unified.text);
    }
    diff
}

/// Text that fails to be written where it gets too long, so that nobody makes it first and measures it then.
struct Bounded {
    text: String,
    left: usize,
}

impl std::fmt::Write for Bounded {
    fn write_str(&mut self, piece: &str) -> std::fmt::Result {
        self.left = self.left.checked_sub(piece.len()).ok_or(std::fmt::Error)?;
        self.text.push_str(piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn code(modules: &[(&str, ModuleKind, &str)]) -> Code {
        let modules = modules
            .iter()
            .map(|(name, kind, text)| ((*name).to_owned(), Module { kind: *kind, text: Arc::from(*text) }))
            .collect();
        Code::new(modules, "main.js".to_owned()).expect("acceptable")
    }

    #[test]
    fn modules_that_differ_are_told_by_lines() {
        use ModuleKind::{Data, Js, Text};
        let base = code(&[
            ("main.js", Js, "a\nb\nc\n"),
            ("gone.js", Js, "x\n"),
            ("same.txt", Text, "s"),
            ("d.bin", Data, "AAAA"),
        ]);
        let next = code(&[
            ("main.js", Js, "a\nB\nc\nd"),
            ("new.js", Js, "y\n"),
            ("same.txt", Text, "s"),
            ("d.bin", Data, "BBBB"),
        ]);
        let diff = CodeDiff::between(Some(&base), &next);
        let told: Vec<_> = diff
            .modules
            .iter()
            .map(|module| (module.name.as_str(), module.status, module.added_lines, module.removed_lines))
            .collect();
        assert_eq!(
            told,
            [
                ("d.bin", Status::Changed, 0, 0),
                ("gone.js", Status::Removed, 0, 1),
                ("main.js", Status::Changed, 2, 1),
                ("new.js", Status::Added, 1, 0),
            ]
        );
        assert!(!diff.main_module_changed && !diff.options_changed && !diff.approximate);
        let expected = "Binary modules a/d.bin and b/d.bin differ\n\
            --- a/gone.js\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\
            --- a/main.js\n+++ b/main.js\n@@ -1,3 +1,4 @@\n a\n-b\n+B\n c\n+d\n\\ No newline at end of file\n\
            --- /dev/null\n+++ b/new.js\n@@ -0,0 +1 @@\n+y\n";
        assert_eq!(diff.unified(), expected);
        assert!(CodeDiff::between(Some(&next), &next).modules.is_empty());
        assert_eq!(CodeDiff::between(None, &next).modules.len(), 4);
    }

    /// Lines without any order to them in common: what takes the algorithm longest.
    #[test]
    fn time_and_size_are_bounded_whatever_is_compared() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut lines = |count: usize| (0..count).map(|_| format!("{}\n", random.u8(..))).collect::<String>();
        let (one, two) = (lines(90_000), lines(90_000));
        let many = |text: &str| code(&[("main.js", ModuleKind::Js, text)]);
        let started = Instant::now();
        let diff = CodeDiff::within(Some(&many(&one)), &many(&two), Duration::from_millis(50));
        assert!(diff.approximate && started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        assert!(diff.modules[0].added_lines > 0);

        let newlines = "y\n".repeat(MAX_LINES);
        let diff = CodeDiff::between(Some(&many(&newlines)), &many("x"));
        assert_eq!(diff.modules[0].unified, Err(Omitted::Size));
        let wide = "x".repeat(MAX_UNIFIED_BYTES);
        let diff = CodeDiff::between(Some(&many("x")), &many(&wide));
        assert_eq!((&diff.modules[0].unified, diff.modules[0].added_lines), (&Err(Omitted::Size), 1));
        assert!(diff.unified().contains("too much to show"));
        // Together as well: the second one does not fit any more.
        let half = "y\n".repeat(MAX_LINES / 2);
        let two = |text: &str| code(&[("a.txt", ModuleKind::Text, text), ("main.js", ModuleKind::Js, text)]);
        let diff = CodeDiff::between(Some(&two("x")), &two(&half));
        assert!(diff.modules[0].unified.is_ok() && diff.modules[1].unified == Err(Omitted::Size));
    }
}

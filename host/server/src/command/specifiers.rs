//! What a module's text imports, as far as letters tell: enough to know which files to send along. What the text means is the compiler's
//! business; what it only mentions, in comments or other strings, is nobody's.

use std::borrow::Cow;

/// The specifiers of `import`, `export … from`, `import(…)` and `require(…)` with plain strings, and of a JSX pragma.
pub fn specifiers(text: &str) -> Vec<Cow<'_, str>> {
    let mut reader = Reader { text, at: 0, before: [Token::Other; 2], templates: Vec::new(), found: Vec::new() };
    while reader.step() {}
    reader.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t str),
    Mark(u8),
    Other,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// The last two tokens, the later one last.
    before: [Token<'t>; 2],
    /// For each template whose expression is being read, how many braces are open in that.
    templates: Vec<usize>,
    found: Vec<Cow<'t, str>>,
}

impl<'t> Reader<'t> {
    /// Reads one token; `false` at the end.
    fn step(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(first) = rest.bytes().next() else { return false };
        match first {
            b'/' if rest.starts_with("//") => self.at += rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => {
                let comment = rest[2..].find("*/").map_or(rest, |end| &rest[..end + 2]);
                self.pragma(comment);
                self.at += (comment.len() + 2).min(rest.len());
            }
            b'/' if self.may_begin_expression() => self.expression(),
            b'"' | b'\'' => self.string(first),
            b'`' => self.template(1),
            b'}' if self.templates.last() == Some(&0) => {
                self.templates.pop();
                self.template(1);
            }
            _ if first.is_ascii_whitespace() => self.at += 1,
            _ if is_of_word(first) => {
                let len = rest.bytes().position(|byte| !is_of_word(byte)).unwrap_or(rest.len());
                self.push(Token::Word(&rest[..len]));
                self.at += len;
            }
            mark => {
                match (mark, self.templates.last_mut()) {
                    (b'{', Some(open)) => *open += 1,
                    (b'}', Some(open)) => *open -= 1,
                    _ => {}
                }
                self.push(Token::Mark(mark));
                self.at += 1;
            }
        }
        true
    }

    fn push(&mut self, token: Token<'t>) {
        self.before = [self.before[1], token];
    }

    fn names_a_module(&self) -> bool {
        matches!(
            self.before,
            [_, Token::Word("from" | "import")] | [Token::Word("import" | "require"), Token::Mark(b'(')]
        )
    }

    fn note(&mut self, specifier: &'t str) {
        if self.names_a_module() && !specifier.contains(['\\', '\n', '\0']) {
            self.found.push(Cow::Borrowed(specifier));
        }
        self.push(Token::Other);
    }

    /// A string, or what is left of the line.
    fn string(&mut self, quote: u8) {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        while end < bytes.len() && bytes[end] != quote && bytes[end] != b'\n' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        self.at = (end + 1).min(bytes.len());
        match self.text.get(start..end) {
            Some(inner) if bytes.get(end) == Some(&quote) => self.note(inner),
            _ => self.realign(),
        }
    }

    /// The text of a template from `skip` bytes on, up to its end or to an expression in it.
    fn template(&mut self, skip: usize) {
        let start = self.at + skip;
        let whole = self.text.as_bytes()[self.at] == b'`';
        let bytes = self.text.as_bytes();
        let mut end = start;
        while end < bytes.len() && bytes[end] != b'`' && !bytes[end..].starts_with(b"${") {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        if bytes[end..].starts_with(b"${") {
            self.templates.push(0);
            self.push(Token::Mark(b'('));
            self.at = end + 2;
            return;
        }
        self.at = (end + 1).min(bytes.len());
        match self.text.get(start..end) {
            Some(inner) if whole => self.note(inner),
            _ => self.push(Token::Other),
        }
        self.realign();
    }

    /// Whether a slash begins a regular expression here and divides nothing.
    fn may_begin_expression(&self) -> bool {
        match self.before[1] {
            Token::Word(word) => matches!(
                word,
                "return" | "typeof" | "case" | "in" | "of" | "delete" | "void" | "throw" | "await" | "yield"
            ),
            Token::Mark(mark) => !matches!(mark, b')' | b']' | b'}'),
            Token::Other => false,
        }
    }

    /// A regular expression, or what is left of the line.
    fn expression(&mut self) {
        let bytes = self.text.as_bytes();
        let (mut end, mut in_set) = (self.at + 1, false);
        while end < bytes.len() && bytes[end] != b'\n' && (in_set || bytes[end] != b'/') {
            match bytes[end] {
                b'[' => in_set = true,
                b']' => in_set = false,
                b'\\' => end += 1,
                _ => {}
            }
            end += 1;
        }
        self.at = (end + 1).min(bytes.len());
        self.push(Token::Other);
        self.realign();
    }

    /// To the start of a character, where an escape was jumped over.
    fn realign(&mut self) {
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    /// `@jsxImportSource NAME`, which imports without saying so.
    fn pragma(&mut self, comment: &'t str) {
        const PRAGMA: &str = "@jsxImportSource";
        let Some(place) = comment.find(PRAGMA) else { return };
        let source = comment[place + PRAGMA.len()..].split_whitespace().next();
        self.found.extend(source.map(|source| Cow::Owned(format!("{source}/jsx-runtime"))));
    }
}

/// Letters beyond ASCII are parts of words as far as anything here depends on it.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::specifiers;

    #[test]
    fn what_is_imported_is_found_and_what_is_mentioned_is_not() {
        let text = r#"
            import a, { b } from "./a.js"; import './side effect.js'; import type { T } from'./$t'
            export * from "../up.js"; export { c } from /* here */ './c'
            const d = await import("./d.js"), e = require('./e.cjs'), f = import(`./f.js`)
            // keys are in "./.env", see import './no1.js'
            /*/ import './no2.js' */ const g = "import './no3.js'", h = ['./no4', "./.env"]
            const i = `a ${ await import('./i.js') } import './no5.js' ${ { x: `${ require("./j") }` }.x } './no6'`
            const k = /["'`]/.test(x) ? import('./k.js') : 4 / 2 / import("./l.js"), m = Array.from('./no7')
            import n from "bare"; import("./no8" + x); return /import '.\/no9'/
        "#;
        let wanted = [
            "./a.js",
            "./side effect.js",
            "./$t",
            "../up.js",
            "./c",
            "./d.js",
            "./e.cjs",
            "./f.js",
            "./i.js",
            "./j",
            "./k.js",
            "./l.js",
            "bare",
            "./no8",
        ];
        assert_eq!(specifiers(text), wanted);
        assert_eq!(specifiers("/** @jsxImportSource ./jx */\nexport default <a/>"), ["./jx/jsx-runtime"]);
    }

    #[test]
    fn text_that_is_none_ends_somewhere() {
        for text in [
            "",
            "'",
            "\"\\",
            "`",
            "`${",
            "`${`",
            "/",
            "/[",
            "/*",
            "//",
            "import 'ä",
            "import '\\ä'",
            "`\\ä`",
            "}",
            "import('",
            "/\\ä",
            "ä'ä\n'",
        ] {
            specifiers(text);
        }
        // What never closes ends with its line.
        assert_eq!(specifiers("<p>Don't</p>\nimport './x.js'"), ["./x.js"]);
    }
}

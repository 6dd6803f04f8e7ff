//! Files of `NAME=VALUE` lines, as `.env` is: a line may begin with `export`; a value in double quotes has escapes, one in single quotes is
//! as it is, and both may have several lines; a `#` at the beginning of a line, or after a space, begins a comment. Nothing is substituted.
//! What is wrong is told by line and never by what stands there, which may be a secret.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail, ensure};
use isolet_domain::ids::EnvName;

/// The pairs, in their order: each name once, and a name that can be one.
pub fn parse(text: &str) -> Result<Vec<(EnvName, String)>> {
    let mut rest = Rest { text: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    let (mut pairs, mut seen) = (Vec::new(), BTreeSet::new());
    loop {
        rest.skip_blank();
        if rest.text.is_empty() {
            return Ok(pairs);
        }
        let line = rest.line;
        let (name, value) = rest.pair()?;
        let name = EnvName::parse(name).map_err(|error| anyhow!("line {line}: the name {error}"))?;
        ensure!(seen.insert(name.clone()), "line {line}: `{name}` is there twice");
        pairs.push((name, value));
    }
}

/// What is not read yet, and the number of its first line.
struct Rest<'t> {
    text: &'t str,
    line: usize,
}

impl<'t> Rest<'t> {
    /// Takes so many bytes.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.text.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.text = rest;
        taken
    }

    fn skip_blank(&mut self) {
        loop {
            let blank = self.text.len() - self.text.trim_start().len();
            self.take(blank);
            if !self.text.starts_with('#') {
                return;
            }
            self.take_line();
        }
    }

    /// What is left of the line, without its end.
    fn take_line(&mut self) -> &'t str {
        let line = self.take(self.text.find('\n').unwrap_or(self.text.len()));
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn pair(&mut self) -> Result<(&'t str, String)> {
        let line = self.line;
        let end = self.text.find(['=', '\n']).filter(|end| self.text[*end..].starts_with('='));
        let end = end.ok_or_else(|| anyhow!("line {line} is not NAME=VALUE"))?;
        let name = self.take(end).trim();
        let name = name.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(name);
        self.take(1);
        let space = self.text.len() - self.text.trim_start_matches([' ', '\t']).len();
        self.take(space);
        let value = match self.text.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let value = self.quoted(quote)?;
                let after = self.take_line().trim();
                ensure!(after.is_empty() || after.starts_with('#'), "line {line} goes on after the closing quote");
                value
            }
            _ => plain(self.take_line()).to_owned(),
        };
        Ok((name.trim(), value))
    }

    fn quoted(&mut self, quote: char) -> Result<String> {
        let (line, mut value) = (self.line, String::new());
        let mut characters = self.text.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                character if character == quote => {
                    self.take(at + 1);
                    return Ok(value);
                }
                '\\' if quote == '"' => match characters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, same @ ('"' | '\\' | '$'))) => value.push(same),
                    _ => bail!("line {line}: an escape in it is none of \\n, \\r, \\t, \\\", \\$ and \\\\"),
                },
                character => value.push(character),
            }
        }
        bail!("the quote of line {line} is not closed")
    }
}

/// A value without quotes: up to a comment, without the space around it.
fn plain(line: &str) -> &str {
    let comment = line
        .char_indices()
        .find(|(at, character)| *character == '#' && (*at == 0 || line[..*at].ends_with([' ', '\t'])));
    line[..comment.map_or(line.len(), |(at, _)| at)].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let pairs = parse(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        pairs.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
    }

    #[track_caller]
    fn reads(text: &str, expected: &[(&str, &str)]) {
        let owned: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(read(text), owned, "{text:?}");
    }

    #[test]
    fn lines_are_names_and_values() {
        reads("", &[]);
        reads("\n# nothing\n   # here\n\n", &[]);
        reads("\u{feff}A=1\r\nB = two words \r\n", &[("A", "1"), ("B", "two words")]);
        reads("export A=1\nexported=2\nexport\tB=3", &[("A", "1"), ("exported", "2"), ("B", "3")]);
        reads(
            "A=a=b==\nB=postgres://u:p@h/d?x=1#frag\nC=x # said",
            &[("A", "a=b=="), ("B", "postgres://u:p@h/d?x=1#frag"), ("C", "x")],
        );
        reads("A=\nB=#none\nC=1", &[("A", ""), ("B", ""), ("C", "1")]);
        reads(
            "A='as $it \\n is' # said\nB=\"1\\n2\\\"\\\\ # no comment\"",
            &[("A", "as $it \\n is"), ("B", "1\n2\"\\ # no comment")],
        );
        reads(
            "KEY=\"-----BEGIN\nabc\n-----END\"\nB='x\ny'\nC=ü",
            &[("KEY", "-----BEGIN\nabc\n-----END"), ("B", "x\ny"), ("C", "ü")],
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_without_the_value() {
        for (text, said) in [
            ("A=1\nhunter2\nB=2", "line 2 is not NAME=VALUE"),
            ("A=\"hunter2", "the quote of line 1 is not closed"),
            ("\nA='hunter2\n\n", "the quote of line 2 is not closed"),
            ("A=\"x\ny\"hunter2", "line 1 goes on after the closing quote"),
            ("A=\"hunter2\\q\"", "line 1: an escape in it"),
            ("A=1\nB=2\nA=hunter2", "line 3: `A` is there twice"),
            ("A='1\n2'\n2B=hunter2", "line 3: the name"),
            ("=hunter2", "line 1: the name"),
            ("A B=hunter2", "line 1: the name"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.starts_with(said) && !error.contains("hunter2"), "{text:?}: {error}");
        }
    }
}

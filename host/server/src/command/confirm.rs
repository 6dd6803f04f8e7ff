//! The question before something is destroyed: `--yes` answers it; without that a terminal is asked, and nobody else's silence is taken
//! for consent.

use std::io::{BufRead, IsTerminal as _};

use anyhow::{Result, bail};
use clap::Args;

#[derive(Args)]
pub struct Confirmation {
    /// Do it without being asked.
    #[arg(long)]
    yes: bool,
}

/// What counts as consent.
#[derive(Clone, Copy)]
enum Consent<'a> {
    /// `y` or `yes`.
    Yes,
    /// What is to be destroyed, typed once more.
    Name(&'a str),
}

impl Confirmation {
    /// Goes on where it is consented to `deed`, such as "delete the variable `X`".
    ///
    /// # Errors
    /// When it is not, or nobody can be asked.
    pub fn ask(&self, deed: &str) -> Result<()> {
        self.consented(deed, Consent::Yes)
    }

    /// The same of what is too much for a `y`.
    ///
    /// # Errors
    /// As `ask`.
    pub fn ask_for_name(&self, deed: &str, name: &str) -> Result<()> {
        self.consented(deed, Consent::Name(name))
    }

    fn consented(&self, deed: &str, consent: Consent<'_>) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        let input = std::io::stdin();
        if !input.is_terminal() {
            bail!("say `--yes` to {deed}");
        }
        answered(deed, consent, &mut input.lock())
    }
}

fn answered(deed: &str, consent: Consent<'_>, input: &mut impl BufRead) -> Result<()> {
    super::show::progress(&match consent {
        Consent::Yes => format!("Really {deed}? [y/N]"),
        Consent::Name(name) => format!("Type `{name}` to {deed}:"),
    });
    let mut typed = String::new();
    input.read_line(&mut typed)?;
    let typed = typed.trim();
    let consented = match consent {
        Consent::Yes => ["y", "yes"].iter().any(|yes| typed.eq_ignore_ascii_case(yes)),
        Consent::Name(name) => typed == name,
    };
    if consented { Ok(()) } else { bail!("nothing was done: it was not consented to {deed}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        let ask = |consent, typed: &str| answered("delete it", consent, &mut typed.as_bytes()).is_ok();
        for typed in ["y\n", "Y\n", "yes\n", " YES \n", "y"] {
            assert!(ask(Consent::Yes, typed), "{typed:?}");
        }
        for typed in ["", "\n", "n\n", "no\n", "yess\n", "ye\n", "acme\n"] {
            assert!(!ask(Consent::Yes, typed), "{typed:?}");
        }
        assert!(ask(Consent::Name("acme"), "acme\n"));
        for typed in ["", "y\n", "yes\n", "Acme\n", "acm\n"] {
            assert!(!ask(Consent::Name("acme"), typed), "{typed:?}");
        }
    }
}

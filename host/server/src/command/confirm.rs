//! Asking before something goes that nobody can bring back.

use std::io::IsTerminal as _;

use anyhow::{Result, ensure};

/// Goes on where `--yes` was said, or whoever sits there types the name to have it deleted, or whatever `doing` says, `more` with it.
pub fn confirmed(yes: bool, doing: &str, name: &str, more: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    ensure!(std::io::stdin().is_terminal(), "say `--yes` to {doing} `{name}`{more}");
    super::show::progress(&format!("Type `{name}` to {doing} it{more}:"));
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    ensure!(typed.trim() == name, "it was left as it is");
    Ok(())
}

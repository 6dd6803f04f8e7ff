//! Asking before something goes that nobody can bring back.

use std::io::IsTerminal as _;

use anyhow::{Result, anyhow};

/// Whether whoever sits there types the name to have it deleted, or whatever `doing` says, `more` with it. Where nobody sits there it takes
/// `--yes`.
pub fn is_confirmed(doing: &str, name: &str, more: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(anyhow!("say `--yes` to {doing} `{name}`{more}"));
    }
    super::show::progress(&format!("Type `{name}` to {doing} it{more}:"));
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    Ok(typed.trim() == name)
}

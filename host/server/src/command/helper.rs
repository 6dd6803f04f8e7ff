//! What `isolet up` starts beside itself to compile components: this binary once more, by a verb that nobody types. How it is spoken to
//! is the runtime's; here is which walls it works behind.

use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use isolet_runtime::compiler::{self, Compiler};

use crate::walls::{self, Sandbox};

/// The verb.
pub const VERB: &str = "compile-components";

/// Starts the helper. To be called before the process gives up starting programs.
pub fn start(sandbox: Sandbox) -> Result<Arc<Compiler>> {
    let binary = std::env::current_exe().context("where this program is cannot be told")?;
    let mut command = Command::new(binary);
    let walled = if sandbox == Sandbox::Off { "off" } else { "on" };
    command.arg(VERB).arg(walled).env_clear();
    Ok(Arc::new(Compiler::start(command).context("the helper that compiles components does not start")?))
}

/// The helper itself. Each child that compiles gives up everything but memory and the pipe that it answers through.
pub fn serve(walled: &str) -> Result<u8> {
    let walled = walled != "off";
    compiler::serve(|| {
        if walled {
            walls::for_compiler();
        }
    })?;
    Ok(0)
}

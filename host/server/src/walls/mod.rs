//! The walls around the process: what code that got out of its WebAssembly would still run into. Files but those of the data folder are
//! out of reach (`files`, Landlock), and so are programs, other processes and new listeners (`calls`, seccomp). Whether they hold is
//! tried out in `attempts`. Walls around guests are the runtime's.

pub mod attempts;
mod calls;
mod files;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;

/// The `sandbox` setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    /// What the kernel has, with a warning for what it lacks.
    Auto,
    /// All of it, or no start.
    Required,
    Off,
}

/// How much of one wall there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wall {
    Up,
    /// Why it is missing, or which part of it is.
    Lacking(String),
}

/// Of this process. As the kernel keeps them: once for the process, and never taken down.
static FILES_UP: AtomicBool = AtomicBool::new(false);
static CALLS_UP: AtomicBool = AtomicBool::new(false);

/// The walls by name, and whether each was raised whole.
pub fn standing() -> [(&'static str, bool); 2] {
    [("files", FILES_UP.load(Ordering::Relaxed)), ("system_calls", CALLS_UP.load(Ordering::Relaxed))]
}

/// Raises the wall around files: for this thread, and for every one that it starts from now on. Beside the data folder, `read` is left to
/// be read.
///
/// # Errors
/// Where it is required and the kernel lacks something of it.
pub fn before_threads(sandbox: Sandbox, data: &Path, read: &[PathBuf]) -> Result<()> {
    raise(sandbox, "files", &FILES_UP, || files::close(data, read))
}

/// Raises the wall around system calls, for every thread there is, once everything is open that stays open.
///
/// # Errors
/// Where it is required and the kernel lacks something of it.
pub fn after_start(sandbox: Sandbox) -> Result<()> {
    raise(sandbox, "system calls", &CALLS_UP, || calls::close(calls::Threads::All))
}

/// Both walls, as far as the kernel has them, around a process that needs no file at all.
pub fn for_compiler() {
    for (what, wall) in [("files", files::close_all()), ("system calls", calls::close(calls::Threads::This))] {
        // It was said at the start what this kernel lacks, and required there where that was wanted.
        if let Ok(Wall::Lacking(_)) | Err(_) = wall {
            tracing::debug!("components are compiled without the wall around {what}");
        }
    }
}

fn raise(sandbox: Sandbox, what: &str, up: &AtomicBool, wall: impl FnOnce() -> Result<Wall>) -> Result<()> {
    if sandbox == Sandbox::Off {
        return Ok(());
    }
    let wall = wall().unwrap_or_else(|error| Wall::Lacking(format!("{error:#}")));
    match (wall, sandbox) {
        (Wall::Up, _) => {
            up.store(true, Ordering::Relaxed);
            Ok(())
        }
        (Wall::Lacking(why), Sandbox::Required) => Err(anyhow!(
            "the process cannot be walled off from {what}: {why}. `sandbox = \"auto\"` under [server] starts without"
        )),
        (Wall::Lacking(why), _) => {
            tracing::warn!("the process is not walled off from {what}: {why}");
            Ok(())
        }
    }
}

/// Both walls around a thread of its own, and what came of that.
pub struct Walled {
    pub files: Wall,
    pub calls: Wall,
    pub attempts: Vec<attempts::Attempt>,
}

/// Raises both walls around a new thread and tries there what they forbid, so that the process itself stays as it is.
///
/// # Errors
/// When the thread cannot be started.
pub fn try_out(data: &Path) -> Result<Walled> {
    let (data, preparation) = (data.to_owned(), attempts::Preparation::new()?);
    let tried = std::thread::Builder::new().name("walled".to_owned()).spawn(move || {
        let said = |wall: Result<Wall>| wall.unwrap_or_else(|error| Wall::Lacking(format!("{error:#}")));
        let files = said(files::close(&data, &[]));
        let calls = said(calls::close(calls::Threads::This));
        Walled { files, calls, attempts: attempts::all(&data, &preparation) }
    });
    tried.context("no thread")?.join().map_err(|_| anyhow!("the thread that tried the walls panicked"))
}

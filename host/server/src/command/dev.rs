//! `isolet dev`: deploys a project, and again after every change of its files, until Ctrl+C.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::deploy::{DeployArguments, deploy};
use super::show;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Files that are watched at most: more are no project's own.
const MAX_FILES: usize = 10_000;

#[derive(Args)]
pub struct DevArguments {
    #[command(flatten)]
    deploy: DeployArguments,
}

pub async fn dev(DevArguments { deploy: arguments }: DevArguments) -> Result<u8> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let folder = if arguments.code.path.is_dir() {
        arguments.code.path.clone()
    } else {
        arguments
            .code
            .path
            .parent()
            .map(Path::to_owned)
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(".".into())
    };
    let watch = async {
        loop {
            // Before the files are read: what changes meanwhile is a change.
            let deployed = state_of(&folder);
            // A mistake in the code, or a host that is away, is said and waited out.
            if let Err(error) = deploy(arguments.clone()).await {
                show::error(&format!("{error:#}"));
            }
            while state_of(&folder) == deployed {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            show::progress("changed");
        }
    };
    tokio::select! {
        () = watch => Ok(0),
        _ = interrupt.recv() => Ok(0),
        _ = terminate.recv() => Ok(0),
    }
}

/// Every file of the project by its size and time. Packages, version control and build products are not the project's own.
fn state_of(folder: &Path) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let own = name != "node_modules" && name != "target" && !name.to_string_lossy().starts_with('.');
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && own {
                folders.push(entry.path());
            } else if kind.is_file() && own && files.len() < MAX_FILES {
                let known = entry.metadata().map(|known| (known.len(), known.modified().ok())).unwrap_or_default();
                files.insert(entry.path(), known);
            }
        }
    }
    files
}

//! `isolet dev`: deploys a project, and again after every change of its files, until Ctrl+C; and does what single keys ask for meanwhile. Which
//! keys there are, and what the terminal has to do with it, is in `hotkeys`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use clap::Args;
use http::Method;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::access::encoded;
use super::deploy::{DeployArguments, deploy};
use super::hotkeys::{Action, HINT, Hotkeys, clear};
use super::{logs, open, show};

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
    let keys = if arguments.json { None } else { Hotkeys::start()? };
    if keys.is_some() {
        show::progress(HINT);
    }
    let (folder, again) = (arguments.folder(), Notify::new());
    let watch = async {
        loop {
            // Before the files are read: what changes meanwhile is a change.
            let deployed = state_of(folder);
            // A mistake in the code, or a host that is away, is said and waited out.
            if let Err(error) = deploy(arguments.clone()).await {
                show::error(&format!("{error:#}"));
            }
            tokio::select! {
                () = change(folder, &deployed) => show::progress("changed"),
                () = again.notified() => show::progress("again"),
            }
        }
    };
    tokio::select! {
        () = watch => Ok(0),
        () = obey(keys, &arguments, &again) => Ok(0),
        _ = interrupt.recv() => Ok(0),
        _ = terminate.recv() => Ok(0),
    }
}

/// Does what keys ask for, until one ends it all. Where nobody types, never.
async fn obey(keys: Option<Hotkeys>, arguments: &DeployArguments, again: &Notify) {
    let Some(mut keys) = keys else { return std::future::pending().await };
    let mut followed = None;
    loop {
        match keys.next().await {
            // The next key is obeyed at once, however long a browser or a host takes.
            Action::OpenFunction => drop(tokio::spawn(told(open_function(arguments.clone())))),
            Action::OpenConsole => drop(tokio::spawn(told(open_console(arguments.clone())))),
            Action::DeployAgain => again.notify_one(),
            Action::ToggleLogs => followed = toggle(followed, arguments),
            Action::Clear => clear(),
            Action::End => return,
        }
    }
}

/// What goes wrong with it is said, and no reason to end.
async fn told(action: impl Future<Output = Result<()>>) {
    if let Err(error) = action.await {
        show::error(&format!("{error:#}"));
    }
}

async fn open_function(arguments: DeployArguments) -> Result<()> {
    let (access, name) = arguments.target()?;
    let known = access.client()?.send(Method::GET, &access.path(&format!("/functions/{name}")), None).await?;
    let known = known.into_success()?;
    let address = known["url"].as_str().unwrap_or_default();
    show::progress(&show::inert(address));
    open::in_browser(address).await
}

/// A sign-in link leads to the console's first page; the function's own address is said before it.
async fn open_console(arguments: DeployArguments) -> Result<()> {
    let (access, name) = arguments.target()?;
    show::progress(&format!("{name} in the console: {}", page(&access.url, &access.tenant, name.as_str())));
    open::console(&access).await
}

/// A function's page in the console. Which tenant `~` is, a session of the same key knows.
fn page(url: &str, tenant: &str, function: &str) -> String {
    let query = if tenant == "~" { String::new() } else { format!("?tenant={}", encoded(tenant)) };
    format!("{}/#/functions/{}{query}", url.trim_end_matches('/'), encoded(function))
}

/// Shows the log, or no longer. One that broke off is shown anew.
fn toggle(followed: Option<JoinHandle<()>>, arguments: &DeployArguments) -> Option<JoinHandle<()>> {
    if let Some(task) = followed.filter(|task| !task.is_finished()) {
        task.abort();
        show::progress("the log is hidden");
        return None;
    }
    show::progress("the log is shown");
    let arguments = arguments.clone();
    Some(tokio::spawn(told(async move {
        let (access, name) = arguments.target()?;
        logs::follow(access, &name).await
    })))
}

/// Waits until the files are different.
async fn change(folder: &Path, deployed: &State) {
    while state_of(folder) == *deployed {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

type State = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// Every file of the project by its size and time. Packages, version control and build products are not the project's own.
fn state_of(folder: &Path) -> State {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_page_names_its_tenant() {
        assert_eq!(page("http://h:1/", "acme", "shop"), "http://h:1/#/functions/shop?tenant=acme");
        assert_eq!(page("https://h", "~", "shop"), "https://h/#/functions/shop");
    }
}

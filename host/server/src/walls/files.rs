//! Which files the process can reach once Landlock is on: all of the data folder, with what links in it lead to, and for reading what a
//! start and the look-up of names need, and what the settings name (certificates, and the authorities of Redis). Nothing can be executed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use landlock::{
    ABI, Access as _, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
    path_beneath_rules,
};

use super::Wall;

/// The newest kernel interface whose restrictions are asked for; of an older kernel, those that it has.
const NEWEST: ABI = ABI::V6;
/// The oldest that covers every way to change a file, truncation being the last that came.
const ENOUGH: ABI = ABI::V3;

/// Read by the C library when a name is looked up, which it does anew for each change.
const NAMES: [&str; 5] = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"];
/// Read at the start alone: which pages were written, how much memory and how many cores there are.
const MACHINE: [&str; 4] = ["/proc/self", "/proc/meminfo", "/sys/fs/cgroup", "/sys/devices/system/cpu"];

/// For this thread and its children.
pub fn close(data: &Path, more: &[PathBuf]) -> Result<Wall> {
    let within = AccessFs::from_all(NEWEST)
        & !(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeSock | AccessFs::MakeFifo);
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let read = NAMES.iter().chain(&MACHINE).map(PathBuf::from).chain(managed_folder(Path::new(NAMES[0])));
    let read = read.chain(more.iter().cloned());
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::Signal | Scope::AbstractUnixSocket)?
        .create()?
        .add_rules(path_beneath_rules(linked_from(data).chain([data.to_owned()]), within))?
        .add_rules(path_beneath_rules(read, reading))?
        .restrict_self()
        .context("Landlock refused")?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Wall::Up,
        RulesetStatus::PartiallyEnforced if enough(&status.landlock) => Wall::Up,
        RulesetStatus::PartiallyEnforced => {
            Wall::Lacking("this kernel has only part of Landlock (Linux 6.2 has enough of it)".to_owned())
        }
        RulesetStatus::NotEnforced => Wall::Lacking(
            "this kernel has no Landlock, or it is switched off (Linux 5.13 and later, `lsm=landlock,…`)".to_owned(),
        ),
    })
}

/// For this thread: nothing at all.
pub fn close_all() -> Result<Wall> {
    let ruleset = Ruleset::default().handle_access(AccessFs::from_all(NEWEST))?;
    let status = ruleset.create()?.restrict_self().context("Landlock refused")?;
    Ok(if status.ruleset == RulesetStatus::NotEnforced { Wall::Lacking("no Landlock".to_owned()) } else { Wall::Up })
}

/// Older kernels lack what comes on top: signals, abstract sockets, devices' controls.
fn enough(status: &landlock::LandlockStatus) -> bool {
    matches!(status, landlock::LandlockStatus::Available { effective_abi, .. } if *effective_abi >= ENOUGH)
}

/// Where links in the folder lead: an operator put them there.
fn linked_from(data: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(data).into_iter().flatten().flatten();
    let links = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    links.filter_map(|link| std::fs::canonicalize(link.path()).ok())
}

/// The folder of the file that a link leads to: whoever manages it replaces the file, and a rule is about the file that was there.
/// `/etc` itself is not opened.
fn managed_folder(link: &Path) -> Option<PathBuf> {
    let target = std::fs::canonicalize(link).ok().filter(|target| target != link)?;
    target.parent().filter(|folder| !folder.starts_with("/etc")).map(Path::to_owned)
}

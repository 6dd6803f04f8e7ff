//! What this machine, or the control group the process is in, has to give. What of it guests may take is a setting (`config`).

use std::path::{Path, PathBuf};

/// Bytes of memory that this process can count on; `None` where the kernel does not say.
pub fn memory_bytes() -> Option<usize> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| of_machine(&text));
    of_groups(Path::new("/sys/fs/cgroup"), &groups).into_iter().chain(machine).min()
}

/// `MemTotal` of proc_meminfo(5), which is in KiB.
fn of_machine(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1 << 10)
}

/// The limits of the process's group and of those above it (cgroups(7), version 2); a group without one says `max`.
fn of_groups(root: &Path, groups: &str) -> Vec<usize> {
    let Some(group) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else { return Vec::new() };
    let folder = root.join(group);
    let folders = folder.ancestors().take_while(|folder| folder.starts_with(root));
    let limit = |folder: PathBuf| std::fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse().ok();
    folders.filter_map(|folder| limit(folder.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_says_what_it_has() {
        assert!(memory_bytes().is_some_and(|bytes| bytes > 64 << 20));
        assert_eq!(of_machine("MemFree: 1 kB\nMemTotal:       2048 kB\n"), Some(2 << 20));
    }

    #[test]
    fn the_limits_of_all_groups_above_count() {
        let root = tempfile::tempdir().expect("a folder");
        let inner = root.path().join("a.slice/b.service");
        std::fs::create_dir_all(&inner).expect("folders");
        std::fs::write(inner.join("memory.max"), "max\n").expect("written");
        std::fs::write(root.path().join("a.slice/memory.max"), "4096\n").expect("written");
        assert_eq!(of_groups(root.path(), "1:cpu:/x\n0::/a.slice/b.service\n"), [4096]);
        assert_eq!(of_groups(root.path(), ""), [] as [usize; 0]);
    }
}

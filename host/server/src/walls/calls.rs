//! Which system calls the process can still make once seccomp is on: what memory, threads, files that are open or in reach of the data
//! folder, clocks and connections need. No programs, no other processes, no listeners, no mounts, no keys, no kernel's machinery; what
//! is not listed does not exist (`ENOSYS`), which libraries cope with.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};
use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::Wall;

/// Whom it is to hold for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    All,
    This,
}

const MEMORY: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_mincore,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_msync,
    libc::SYS_munmap,
    libc::SYS_pkey_mprotect,
];

const THREADS: &[c_long] = &[
    libc::SYS_capget,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_getcpu,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    // Signals of this process to itself: faults of guests come as such.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
];

const CLOCKS: &[c_long] = &[
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
];

const FILES: &[c_long] = &[
    libc::SYS_chdir,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_copy_file_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_linkat,
    libc::SYS_lseek,
    libc::SYS_mkdirat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_sync_file_range,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    libc::SYS_write,
    libc::SYS_writev,
];

const CONNECTIONS: &[c_long] = &[
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
];

/// The same by the names they have only on this architecture.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_arch_prctl,
    libc::SYS_chmod,
    libc::SYS_dup2,
    libc::SYS_epoll_wait,
    libc::SYS_getdents,
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// What a terminal is driven with, and the question which pages of this process were written to.
const CONTROLS: [u64; 5] = [
    // FIONREAD, FIONBIO, TCGETS, TIOCGWINSZ, and PAGEMAP_SCAN of linux/fs.h.
    0x541b,
    0x5421,
    0x5401,
    0x5413,
    0xc060_6610,
];

/// For this thread or all of them; what they start later has it too.
pub fn close(threads: Threads) -> Result<Wall> {
    // SAFETY: numbers only; it makes the process unreadable to others of the same user, and it leaves no core file behind.
    let dumpable = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is read from the reference.
    let core = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    if dumpable != 0 || core != 0 {
        return Err(anyhow!(std::io::Error::last_os_error())).context("core files cannot be switched off");
    }
    let program = program()?;
    let applied = match threads {
        Threads::All => seccompiler::apply_filter_all_threads(&program),
        Threads::This => seccompiler::apply_filter(&program),
    };
    applied.context("this kernel refuses a seccomp filter")?;
    Ok(Wall::Up)
}

fn program() -> Result<BpfProgram> {
    let plain = [MEMORY, THREADS, CLOCKS, FILES, CONNECTIONS, OLDER].into_iter().flatten();
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = plain.map(|call| (*call, Vec::new())).collect();
    // A thread, never a process; `clone3`, whose flags cannot be looked at, is left out and the C library then takes this one.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    rules.insert(libc::SYS_clone, vec![with(0, SeccompCmpOp::MaskedEq(thread), thread)?]);
    rules.insert(
        libc::SYS_ioctl,
        CONTROLS.iter().map(|&control| with(1, SeccompCmpOp::Eq, control)).collect::<Result<_>>()?,
    );
    let families =
        [libc::AF_INET, libc::AF_INET6].map(|family| with(0, SeccompCmpOp::Eq, u64::from(family.unsigned_abs())));
    rules.insert(libc::SYS_socket, families.into_iter().collect::<Result<_>>()?);
    // Threads have names; nothing else of this many-sided call.
    let name = u64::from(libc::PR_SET_NAME.unsigned_abs());
    rules.insert(libc::SYS_prctl, vec![with(0, SeccompCmpOp::Eq, name)?]);
    // Limits are read, by the C library when it makes a stack, and never set.
    rules.insert(libc::SYS_prlimit64, vec![with(2, SeccompCmpOp::Eq, 0)?]);
    // An abort ends this process; signals to others have no use.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![with(0, SeccompCmpOp::Eq, own)?]);
    rules.insert(libc::SYS_kill, vec![with(0, SeccompCmpOp::Eq, own)?]);
    let arch = std::env::consts::ARCH.try_into().map_err(|_| anyhow!("no filter for this architecture"))?;
    // The kernel's own number for "no such call".
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    Ok(SeccompFilter::new(rules, absent, SeccompAction::Allow, arch)?.try_into()?)
}

fn with(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule> {
    let length =
        if value > u64::from(u32::MAX) || argument == 2 { SeccompCmpArgLen::Qword } else { SeccompCmpArgLen::Dword };
    Ok(SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])?)
}

//! How many files and connections the process may have open at a time: as many as the system lets it, and divided so that the clients of one
//! listener take nothing that the other, or the store, needs.

/// For the store's files, requests to the outside, and whatever else is opened for a moment.
const KEPT: u64 = 128;
/// With fewer there is nothing to divide.
const FEWEST: u64 = 16;

/// Raises the limit as far as it can be raised, and says where it is then.
pub fn raise() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes and reads one plain structure that lives on this stack.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 {
            return u64::MAX;
        }
        let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) == 0 {
            limit = raised;
        }
    }
    limit.rlim_cur
}

/// What one of the two listeners may have of that.
pub fn connections(wanted: usize, limit: u64) -> usize {
    let each = (limit.saturating_sub(KEPT) / 2).max(FEWEST);
    let given = usize::try_from(each).map_or(wanted, |each| each.min(wanted));
    if given < wanted {
        let said = format!(
            "the process may have {limit} files open: each listener takes {given} connections at a time and not the {wanted} that are set; \
             raise the limit (`ulimit -n`, LimitNOFILE=)"
        );
        // A newcomer with the usual limit of a shell is not to be alarmed.
        if given < wanted / 2 { tracing::warn!("{said}") } else { tracing::info!("{said}") }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_listeners_fit_and_something_is_kept() {
        for (limit, given) in [(u64::MAX, 10_000), (1 << 20, 10_000), (1_024, 448), (256, 64), (64, 16), (0, 16)] {
            assert_eq!(connections(10_000, limit), given, "{limit}");
        }
        assert_eq!(connections(10, 1_024), 10);
        assert!(raise() > 0);
    }
}

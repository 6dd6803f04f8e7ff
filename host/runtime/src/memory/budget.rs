//! What all guests' memories together may come to. Each store takes its share before its memory is made or grows and gives it back
//! when it is dropped; how large one memory may become is a limit of its run and not decided here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The process's budget.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Account>);

#[derive(Debug)]
struct Account {
    bytes: usize,
    taken: AtomicUsize,
}

/// There is no room for more; nothing was taken.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the host has no memory left for guests")]
pub struct BudgetSpent;

/// One store's part of the budget.
#[derive(Debug)]
pub struct Share {
    account: Arc<Account>,
    bytes: usize,
}

impl MemoryBudget {
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Account { bytes, taken: AtomicUsize::new(0) }))
    }

    /// A part of nothing yet.
    pub fn share(&self) -> Share {
        Share { account: self.0.clone(), bytes: 0 }
    }
}

impl Share {
    /// Makes this part at least `bytes` large.
    ///
    /// # Errors
    /// When the budget has no room for the difference.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), BudgetSpent> {
        let more = bytes.saturating_sub(self.bytes);
        let room = |taken: usize| taken.checked_add(more).filter(|sum| *sum <= self.account.bytes);
        self.account.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).map_err(|_| BudgetSpent)?;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.account.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_exceed_the_budget_and_come_back() {
        let budget = MemoryBudget::new(100);
        let (mut first, mut second) = (budget.share(), budget.share());
        first.grow_to(60).expect("room");
        assert!(second.grow_to(41).is_err());
        second.grow_to(40).expect("a refusal takes nothing");
        assert!(first.grow_to(61).is_err());
        first.grow_to(50).expect("a share does not shrink");
        drop(first);
        assert!(second.grow_to(101).is_err());
        second.grow_to(100).expect("what was given back is there");
        assert!(budget.share().grow_to(usize::MAX).is_err());
    }
}

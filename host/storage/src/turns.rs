//! Turn-taking between the read-change-write loops of one process. It decides who goes first and nothing else: what makes such a
//! loop correct is the compare-and-set it ends with.

use std::hash::{BuildHasher, Hash, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// A fixed number of locks, shared by all records: two that fall on the same one wait for each other a little.
pub(crate) struct Turns {
    locks: [Mutex<()>; 64],
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { locks: std::array::from_fn(|_| Mutex::new(())), hasher: RandomState::new() }
    }
}

impl Turns {
    /// Waits until nobody else in this process changes this record. Without it, fifty callers at once would make each other
    /// start over again and again.
    pub(crate) async fn take(&self, record: &(impl Hash + Sync)) -> MutexGuard<'_, ()> {
        let at = self.hasher.hash_one(record) % self.locks.len() as u64;
        self.locks[at as usize].lock().await
    }
}

//! Answers of the store under a name, kept in memory: also that there is none, so that names which nobody has cost one question and
//! not one each time. What was read before a write and arrives after it is not kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

/// Names kept; past it all are forgotten, which costs a question each.
const MAX_ENTRIES: usize = 100_000;

pub(super) struct Known<V> {
    /// `None`: this host alone writes, and forgets what it wrote.
    max_age: Option<Duration>,
    // Held for one look or change, never across an await.
    table: RwLock<Table<V>>,
}

struct Table<V> {
    generation: u64,
    entries: HashMap<String, Entry<V>>,
}

struct Entry<V> {
    found: Option<Arc<V>>,
    /// `None`: another host has written since.
    asked: Option<Instant>,
    /// Somebody asks already; whoever comes meanwhile takes what is known.
    refreshing: AtomicBool,
}

/// What there is to do.
pub(super) enum Look<'k, V> {
    Fresh(Option<Arc<V>>),
    /// The store is to be asked, and the answer kept.
    Ask(Asking<'k, V>),
}

/// The right to ask the store. Dropped without an answer, it lets the next one ask.
pub(super) struct Asking<'k, V> {
    known: &'k Known<V>,
    name: String,
    generation: u64,
    /// What was known before.
    pub(super) stale: Option<Option<Arc<V>>>,
}

impl<V> Asking<'_, V> {
    pub(super) fn keep(self, found: Option<Arc<V>>) {
        self.known.keep(self.generation, &self.name, found);
    }
}

impl<V> Drop for Asking<'_, V> {
    fn drop(&mut self) {
        let table = self.known.table.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = table.entries.get(&self.name) {
            entry.refreshing.store(false, Ordering::Release);
        }
    }
}

impl<V> Known<V> {
    pub(super) fn new(max_age: Option<Duration>) -> Self {
        Self { max_age, table: RwLock::new(Table { generation: 0, entries: HashMap::new() }) }
    }

    pub(super) fn look(&self, name: &str) -> Look<'_, V> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let entry = table.entries.get(name);
        if let Some(entry) = entry {
            let asked = |max_age: Duration| entry.asked.is_some_and(|asked| asked.elapsed() < max_age);
            let fresh = self.max_age.is_none_or(asked);
            if fresh || entry.refreshing.swap(true, Ordering::AcqRel) {
                return Look::Fresh(entry.found.clone());
            }
        }
        let stale = entry.map(|entry| entry.found.clone());
        Look::Ask(Asking { known: self, name: name.to_owned(), generation: table.generation, stale })
    }

    fn keep(&self, generation: u64, name: &str, found: Option<Arc<V>>) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if table.generation != generation {
            return;
        }
        if table.entries.len() >= MAX_ENTRIES {
            table.entries.clear();
        }
        let entry = Entry { found, asked: Some(Instant::now()), refreshing: AtomicBool::new(false) };
        table.entries.insert(name.to_owned(), entry);
    }

    /// To be called after a write that concerns this name, successful or not.
    pub(super) fn forget(&self, name: &str) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.generation += 1;
        table.entries.remove(name);
    }

    /// To be called after another host wrote: what is known goes on serving until the store was asked, and where it cannot be.
    pub(super) fn doubt_all(&self) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.generation += 1;
        table.entries.values_mut().for_each(|entry| entry.asked = None);
    }

    pub(super) fn forget_all(&self) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.generation += 1;
        table.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(known: &Known<u8>) -> Asking<'_, u8> {
        match known.look("a") {
            Look::Ask(asking) => asking,
            Look::Fresh(_) => panic!("it was known"),
        }
    }

    fn told(known: &Known<u8>) -> Option<u8> {
        match known.look("a") {
            Look::Ask(_) => panic!("it was not known"),
            Look::Fresh(found) => found.map(|found| *found),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_is_believed_for_its_time_and_asked_for_once() {
        let known = Known::new(Some(Duration::from_secs(1)));
        ask(&known).keep(None);
        assert_eq!(told(&known), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        let asking = ask(&known);
        assert!(asking.stale.is_some());
        assert_eq!(told(&known), None, "somebody asks already");
        drop(asking);
        let asking = ask(&known);
        asking.keep(Some(Arc::new(1)));
        assert_eq!(told(&known), Some(1));
    }

    #[tokio::test]
    async fn what_was_read_before_a_write_is_not_kept_after_it() {
        let known = Known::new(None);
        for forget in [Known::forget_all as fn(&Known<u8>), |known| known.forget("a")] {
            let before = ask(&known);
            forget(&known);
            before.keep(Some(Arc::new(1)));
            ask(&known).keep(Some(Arc::new(2)));
            assert_eq!(told(&known), Some(2));
            forget(&known);
        }
    }
}

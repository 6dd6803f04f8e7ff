//! What this host has written and has not told the others yet. What is told twice is told once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::notice::Notice;
use crate::repository::{Repository, RepositoryError};

/// Notices that wait; past it all are one that says everything.
const MAX_WAITING: usize = 1_000;
/// After the store did not take them.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(super) struct Outbox {
    // Held to add one or to take all, never across an await.
    waiting: Mutex<BTreeSet<Notice>>,
    added: Notify,
}

impl Outbox {
    pub(super) fn add(&self, notice: Notice) {
        self.put_back([notice].into());
        self.added.notify_one();
    }

    fn put_back(&self, notices: BTreeSet<Notice>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(notices);
        if waiting.len() > MAX_WAITING {
            *waiting = [Notice::Everything].into();
        }
    }

    /// Waits until there is something, and tells the others. What the store does not take waits for the next time.
    ///
    /// # Errors
    /// The store's; a little later than it said so.
    pub(super) async fn send(&self, repository: &Arc<dyn Repository>) -> Result<(), RepositoryError> {
        let notices = loop {
            let notices = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            if !notices.is_empty() {
                break notices;
            }
            self.added.notified().await;
        };
        let told: Vec<Notice> = notices.iter().cloned().collect();
        let sent = repository.tell(&told).await;
        if sent.is_err() {
            self.put_back(notices);
            // Nobody is told sooner by asking more often.
            self.added.notify_one();
            tokio::time::sleep(PAUSE).await;
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::MemoryStore;
    use crate::ids::TenantSlug;
    use crate::repository::NoticeRepository as _;

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_told_is_told_later() {
        let fake = Arc::new(MemoryStore::new());
        let store: Arc<dyn Repository> = fake.clone();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listening = tokio::spawn({
            let (fake, heard) = (fake.clone(), heard.clone());
            async move { fake.listen(&|notice| heard.lock().expect("not poisoned").push(notice)).await }
        });
        tokio::task::yield_now().await;
        let outbox = Outbox::default();
        fake.set_available(false);
        outbox.add(Notice::Keys);
        outbox.add(Notice::Routes);
        outbox.add(Notice::Keys);
        assert!(outbox.send(&store).await.is_err());
        fake.set_available(true);
        outbox.send(&store).await.expect("told");
        for n in 0..=MAX_WAITING {
            outbox.add(Notice::Tenant(TenantSlug::parse(&format!("t{n}")).expect("valid")));
        }
        outbox.send(&store).await.expect("told");
        tokio::task::yield_now().await;
        let expected = [Notice::Everything, Notice::Routes, Notice::Keys, Notice::Everything];
        assert_eq!(*heard.lock().expect("not poisoned"), expected, "the first when it began to listen");
        listening.abort();
    }
}

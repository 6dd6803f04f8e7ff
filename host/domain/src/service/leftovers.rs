//! Contents that deleted functions named: removed now and then, all together, because finding out whether somebody else names them takes
//! a look at every version and run there is. What a host has not removed when it ends lies there, and grants nobody anything.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ids::Digest;
use crate::repository::{Repository, RepositoryError};

/// Contents that are remembered; more are left where they are.
const MAX_REMEMBERED: usize = 100_000;

#[derive(Default)]
pub(super) struct Leftovers(Mutex<BTreeSet<Digest>>);

impl Leftovers {
    pub(super) fn add(&self, named: BTreeSet<Digest>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_REMEMBERED.saturating_sub(all.len());
        all.extend(named.into_iter().take(room));
    }

    /// Removes what nobody names. What could not be looked at is tried again the next time.
    pub(super) async fn purge(&self, repository: &Arc<dyn Repository>) -> Result<(), RepositoryError> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if all.is_empty() {
            return Ok(());
        }
        let purged = repository.purge_blobs(all.clone()).await;
        if purged.is_err() {
            self.add(all);
        }
        purged.map(drop)
    }
}

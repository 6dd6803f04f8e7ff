//! When keys were last used: noted in memory, written once in a while. What a crash loses of it is less than the interval.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::ids::Digest;
use crate::key::Key;
use crate::repository::{Repository, RepositoryError, WriteError};

/// How exactly the time is kept: a key that is used all day is written a few times an hour.
const COARSE: Duration = Duration::from_secs(10 * 60);
/// Keys noted between two writings; what is beyond is not noted.
const MAX_NOTED: usize = 100_000;

#[derive(Default)]
pub struct KeyUse {
    // Held for one entry, or to take all; never across an await.
    noted: Mutex<HashMap<Digest, Noted>>,
}

#[derive(Clone, Copy)]
struct Noted {
    used_at: Timestamp,
    /// What the store was told last.
    written_at: Option<Timestamp>,
}

impl KeyUse {
    pub(super) fn note(&self, hash: &Digest, now: Timestamp) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MAX_NOTED || noted.contains_key(hash) {
            let held = noted.entry(*hash).or_insert(Noted { used_at: now, written_at: None });
            held.used_at = held.used_at.max(now);
        }
    }

    /// As far as this host knows.
    pub(super) fn of(&self, hash: &Digest) -> Option<Timestamp> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get(hash).map(|held| held.used_at)
    }

    /// Writes what is not in the store yet; with `all`, however little it is.
    pub(super) async fn write(&self, repository: &Arc<dyn Repository>, all: bool) -> Result<(), RepositoryError> {
        let due: Vec<(Digest, Timestamp)> = {
            let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            let least = if all { Duration::from_nanos(1) } else { COARSE };
            let is_due = |held: &Noted| held.written_at.is_none_or(|written| held.used_at >= written + least);
            noted.iter().filter(|(_, held)| is_due(held)).map(|(hash, held)| (*hash, held.used_at)).collect()
        };
        for (hash, used_at) in due {
            let touch = |key: &mut Key| key.last_used_at = key.last_used_at.max(Some(used_at));
            let written = match repository.update_key(&hash, &touch).await {
                Ok(_) => true,
                // Revoked since.
                Err(WriteError::Missing | WriteError::Exists) => false,
                Err(WriteError::Repository(error)) => return Err(error),
            };
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            match noted.get_mut(&hash) {
                Some(held) if written => held.written_at = Some(used_at),
                _ => drop(noted.remove(&hash)),
            }
        }
        Ok(())
    }
}

//! The newest runs of a tenant: how one is added, and which ones leave for it. Reading, starring and deleting them is in `runs`.

use isolet_domain::ids::{RunId, TenantId};
use redb::{ReadableTable, WriteTransaction};

use super::failure::Trouble;
use super::tables::{RUNS, STARS, TENANTS, ids_of};

/// A run's record on its way into the database. Writing it again changes nothing, so it can be repeated after a failure.
pub(super) struct RunWrite {
    pub(super) tenant: TenantId,
    pub(super) id: RunId,
    pub(super) record: Vec<u8>,
    pub(super) starred: bool,
    /// How many unstarred ones are kept.
    pub(super) keep: usize,
}

impl RunWrite {
    pub(super) fn bytes(&self) -> usize {
        self.record.len()
    }

    pub(super) fn apply(&self, txn: &WriteTransaction) -> Result<(), Trouble> {
        if txn.open_table(TENANTS)?.get(self.tenant.as_bytes())?.is_none() {
            // It was deleted while the run ran. A record now would be nobody's, and never be removed.
            return Ok(());
        }
        let mut runs = txn.open_table(RUNS)?;
        let mut stars = txn.open_table(STARS)?;
        let place = (self.tenant.as_bytes(), self.id.as_bytes());
        let starred = self.starred || stars.get(place)?.is_some_and(|star| star.value());
        runs.insert(place, self.record.as_slice())?;
        stars.insert(place, starred)?;

        let mut kept = 0;
        let mut surplus: Vec<[u8; 16]> = Vec::new();
        for row in stars.range(ids_of(&self.tenant))?.rev() {
            let (place, star) = row?;
            if star.value() {
                continue;
            }
            kept += 1;
            if kept > self.keep {
                surplus.push(*place.value().1);
            }
        }
        for id in &surplus {
            runs.remove((self.tenant.as_bytes(), id))?;
            stars.remove((self.tenant.as_bytes(), id))?;
        }
        Ok(())
    }
}

//! Logs in memory. Sizes are estimates, where the other stores count what they write.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryStore;
use crate::access::TenantScope;
use crate::log::{LogBatch, LogKeep, LogPosition, LogRecord, StoredLogs};
use crate::repository::{LogRepository, RepositoryError};

fn weight(stored: &StoredLogs) -> usize {
    stored.batch.records.iter().map(LogRecord::weight).sum()
}

/// As many as have so many bytes, and one at least.
fn some<'s>(batches: impl Iterator<Item = &'s StoredLogs>, bytes: usize) -> Vec<StoredLogs> {
    let mut left = bytes;
    let mut taken = Vec::new();
    for stored in batches {
        if !taken.is_empty() && weight(stored) > left {
            break;
        }
        left = left.saturating_sub(weight(stored));
        taken.push(stored.clone());
    }
    taken
}

#[async_trait]
impl LogRepository for MemoryStore {
    async fn append_logs(
        &self,
        tenant: &TenantScope,
        batch: &LogBatch,
        again: bool,
        keep: &LogKeep,
    ) -> Result<(), RepositoryError> {
        let mut contents = self.open()?;
        if batch.records.is_empty() || !contents.tenants.contains_key(&tenant.id()) {
            return Ok(());
        }
        let now = Timestamp::now();
        let batches = contents.logs.entry(tenant.id()).or_default();
        if again && batches.iter().any(|stored| stored.batch.id == batch.id) {
            return Ok(());
        }
        let begun = u64::try_from(now.as_microsecond()).unwrap_or(0);
        let first = LogPosition(batches.back().map_or(begun, |last| last.last().0 + 1));
        batches.push_back(StoredLogs { first, stored_at: now, batch: batch.clone() });
        let (mut bytes, mut records) = (0, 0);
        let mut kept = batches.len();
        for stored in batches.iter().rev() {
            bytes += weight(stored) as u64;
            records += stored.batch.records.len() as u64;
            let old = stored.stored_at + keep.age <= now;
            if bytes > keep.bytes || records > keep.records || old {
                break;
            }
            kept -= 1;
        }
        // The newest stays, however large it is.
        batches.drain(..kept.min(batches.len() - 1));
        Ok(())
    }

    async fn logs_after(
        &self,
        tenant: &TenantScope,
        after: LogPosition,
        bytes: usize,
    ) -> Result<Vec<StoredLogs>, RepositoryError> {
        let contents = self.open()?;
        let batches = contents.logs.get(&tenant.id()).into_iter().flatten();
        Ok(some(batches.filter(|stored| stored.last() > after), bytes))
    }

    async fn logs_before(
        &self,
        tenant: &TenantScope,
        before: Option<LogPosition>,
        bytes: usize,
    ) -> Result<Vec<StoredLogs>, RepositoryError> {
        let contents = self.open()?;
        let batches = contents.logs.get(&tenant.id()).map(|batches| batches.iter().rev()).into_iter().flatten();
        Ok(some(batches.filter(|stored| before.is_none_or(|before| stored.first < before)), bytes))
    }
}

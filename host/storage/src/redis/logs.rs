//! Tenants' logs in Redis: a stream with an entry for each batch, and beside it what they come to. Both end by themselves when nothing
//! was added for as long as records are kept.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::TenantId;
use isolet_domain::log::{LogBatch, LogKeep, LogPosition, StoredLogs};
use isolet_domain::repository::{LogRepository, RepositoryError};
use jiff::Timestamp;

use super::scripts::decide;
use super::store::RedisStore;
use crate::record::{LogBatchRecord, decode, encode, log_key};

/// Position of the last record, how many there are, when it was stored in milliseconds, the record.
type Row = (u64, u64, i64, Vec<u8>);

fn read(tenant: &TenantId, rows: Vec<Row>) -> Result<Vec<StoredLogs>, RepositoryError> {
    let key = log_key(tenant);
    let stored = rows.into_iter().map(|(last, count, at, record)| {
        Ok(StoredLogs {
            first: LogPosition((last + 1).saturating_sub(count)),
            stored_at: Timestamp::from_millisecond(at).unwrap_or_default(),
            batch: decode::<LogBatchRecord>(&key, &record)?,
        })
    });
    stored.collect()
}

#[async_trait]
impl LogRepository for RedisStore {
    async fn append_logs(
        &self,
        tenant: &TenantScope,
        batch: &LogBatch,
        again: bool,
        keep: &LogKeep,
    ) -> Result<(), RepositoryError> {
        if batch.records.is_empty() {
            return Ok(());
        }
        let keys = self.keys.of(&tenant.id());
        let record = encode::<LogBatchRecord>(&log_key(&tenant.id()), batch);
        let numbers = [
            batch.records.len().to_string(),
            u8::from(again).to_string(),
            keep.bytes.to_string(),
            keep.records.to_string(),
            keep.age.as_millis().to_string(),
        ];
        let mut args: Vec<&[u8]> = vec![&batch.id.0, &record];
        args.extend(numbers.iter().map(String::as_bytes));
        let keys = [keys.tenant(), keys.log(), keys.log_sizes()];
        // Batches are large: they must not hold up the small records.
        let (_, ()) = decide(&self.blob_link, &self.scripts.append_logs, &keys, &args).await?;
        Ok(())
    }

    async fn logs_after(
        &self,
        tenant: &TenantScope,
        after: LogPosition,
        bytes: usize,
    ) -> Result<Vec<StoredLogs>, RepositoryError> {
        let (from, bytes) = (after.0.saturating_add(1).to_string(), bytes.to_string());
        let args = [from.as_bytes(), bytes.as_bytes()];
        let keys = [self.keys.of(&tenant.id()).log()];
        read(&tenant.id(), self.blob_link.read(&self.scripts.logs_after, &keys, &args).await?)
    }

    async fn logs_before(
        &self,
        tenant: &TenantScope,
        before: Option<LogPosition>,
        bytes: usize,
    ) -> Result<Vec<StoredLogs>, RepositoryError> {
        let (before, bytes) = (before.map_or_else(String::new, |before| before.to_string()), bytes.to_string());
        let args = [before.as_bytes(), bytes.as_bytes()];
        let keys = [self.keys.of(&tenant.id()).log()];
        read(&tenant.id(), self.blob_link.read(&self.scripts.logs_before, &keys, &args).await?)
    }
}

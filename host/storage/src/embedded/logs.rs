//! Tenants' logs in the embedded database: a row for each batch, and one for each tenant with what they come to.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::TenantId;
use isolet_domain::log::{LogBatch, LogKeep, LogPosition, StoredLogs};
use isolet_domain::repository::{LogRepository, RepositoryError};
use jiff::Timestamp;
use redb::{ReadableTable, Table, WriteTransaction};

use super::failure::{Trouble, only_repository};
use super::store::EmbeddedStore;
use super::tables::{LOG_SIZES, LOGS, LogPlace, LogRow, TENANTS, logs_of};
use crate::record::{LogBatchRecord, decode, encode, log_key};

/// Batches among which one that is sent again is looked for.
const LOOKED_AT: usize = 32;

/// What a tenant's rows come to.
#[derive(Clone, Copy, Default)]
struct Sizes {
    next: u64,
    bytes: u64,
    records: u64,
}

struct Append {
    tenant: TenantId,
    id: u128,
    record: Vec<u8>,
    records: u64,
    again: bool,
    keep: LogKeep,
    now: Timestamp,
}

impl Append {
    fn apply(&self, txn: &WriteTransaction) -> Result<(), Trouble> {
        let owner = self.tenant.as_bytes();
        if txn.open_table(TENANTS)?.get(owner)?.is_none() {
            return Ok(());
        }
        let mut logs = txn.open_table(LOGS)?;
        if self.again {
            for row in logs.range(logs_of(&self.tenant))?.rev().take(LOOKED_AT) {
                if row?.1.value().1 == self.id {
                    return Ok(());
                }
            }
        }
        let mut table = txn.open_table(LOG_SIZES)?;
        let known = table.get(owner)?.map(|sizes| sizes.value());
        let mut sizes = known.map_or_else(
            || Sizes { next: u64::try_from(self.now.as_microsecond()).unwrap_or(0), ..Sizes::default() },
            |(next, bytes, records)| Sizes { next, bytes, records },
        );
        let (first, last) = (sizes.next, sizes.next + self.records - 1);
        logs.insert((owner, last, first), (milliseconds(self.now), self.id, self.record.as_slice()))?;
        sizes.next = last + 1;
        sizes.bytes += self.record.len() as u64;
        sizes.records += self.records;
        self.trim(&mut logs, &mut sizes)?;
        table.insert(owner, (sizes.next, sizes.bytes, sizes.records))?;
        Ok(())
    }

    fn trim(&self, logs: &mut Table<LogPlace, LogRow>, sizes: &mut Sizes) -> Result<(), Trouble> {
        let age = u64::try_from(self.keep.age.as_millis()).unwrap_or(u64::MAX);
        let mut surplus = Vec::new();
        for row in logs.range(logs_of(&self.tenant))? {
            let (place, row) = row?;
            let ((_, last, first), (at, _, record)) = (place.value(), row.value());
            let old = at.saturating_add(age) <= milliseconds(self.now);
            // The newest stays, however large it is.
            let over = sizes.bytes > self.keep.bytes || sizes.records > self.keep.records || old;
            if !over || last + 1 == sizes.next {
                break;
            }
            sizes.bytes -= record.len() as u64;
            sizes.records -= last - first + 1;
            surplus.push((last, first));
        }
        for (last, first) in surplus {
            logs.remove((self.tenant.as_bytes(), last, first))?;
        }
        Ok(())
    }
}

fn milliseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or(0)
}

/// As many rows as have so many bytes, and one at least.
fn some<'t>(
    tenant: &TenantId,
    rows: impl Iterator<Item = Result<(redb::AccessGuard<'t, LogPlace>, redb::AccessGuard<'t, LogRow>), redb::StorageError>>,
    bytes: usize,
) -> Result<Vec<StoredLogs>, Trouble> {
    let key = log_key(tenant);
    let (mut taken, mut size) = (Vec::new(), 0);
    for row in rows {
        let (place, row) = row?;
        let ((_, _, first), (at, _, record)) = (place.value(), row.value());
        let stored_at = Timestamp::from_millisecond(i64::try_from(at).unwrap_or(0)).unwrap_or_default();
        let batch = decode::<LogBatchRecord>(&key, record)?;
        taken.push(StoredLogs { first: LogPosition(first), stored_at, batch });
        size += record.len();
        if size >= bytes {
            break;
        }
    }
    Ok(taken)
}

#[async_trait]
impl LogRepository for EmbeddedStore {
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
        let append = Append {
            tenant: tenant.id(),
            id: u128::from_be_bytes(batch.id.0),
            record: encode::<LogBatchRecord>(&log_key(&tenant.id()), batch),
            records: batch.records.len() as u64,
            again,
            keep: *keep,
            now: Timestamp::now(),
        };
        self.write(move |txn| append.apply(txn)).await.map_err(only_repository)
    }

    async fn logs_after(
        &self,
        tenant: &TenantScope,
        after: LogPosition,
        bytes: usize,
    ) -> Result<Vec<StoredLogs>, RepositoryError> {
        let tenant = tenant.id();
        self.read_much(move |txn| {
            let logs = txn.open_table(LOGS)?;
            let from = (tenant.as_bytes(), after.0.saturating_add(1), 0);
            some(&tenant, logs.range(from..=*logs_of(&tenant).end())?, bytes)
        })
        .await
    }

    async fn logs_before(
        &self,
        tenant: &TenantScope,
        before: Option<LogPosition>,
        bytes: usize,
    ) -> Result<Vec<StoredLogs>, RepositoryError> {
        let tenant = tenant.id();
        self.read_much(move |txn| {
            let logs = txn.open_table(LOGS)?;
            let all = logs_of(&tenant);
            let Some(before) = before else { return some(&tenant, logs.range(all)?.rev(), bytes) };
            // The one that it lies in, if it is not that one's first.
            let edge = (tenant.as_bytes(), before.0, 0);
            let within = logs
                .range(edge..=*all.end())?
                .take(1)
                .filter(move |row| row.as_ref().is_ok_and(|(place, _)| place.value().2 < before.0));
            some(&tenant, within.chain(logs.range(*all.start()..edge)?.rev()), bytes)
        })
        .await
    }
}

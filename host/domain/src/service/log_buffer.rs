//! Records on their way into tenants' logs, for at most as long as one flush is from the next. What a tenant may have here at a time
//! is bounded, so one that floods its log loses records of its own and nobody else's. Sending them to the store is the work of `logs`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::counters::Counters;
use crate::access::TenantScope;
use crate::ids::TenantId;
use crate::log::{BatchId, LogBatch, LogKeep, LogRecord};

/// Locks that tenants share, so that two that are busy seldom wait for each other.
const SHARDS: usize = 16;
/// Bytes that a tenant has here even while all of them together have too many.
const SHARE_BYTES: usize = 16 << 10;

/// How much is kept, and how much may be on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRules {
    pub keep: LogKeep,
    /// What a tenant may have on its way from one flush to the next.
    pub batch_bytes: usize,
    pub batch_records: usize,
    /// What all tenants together may have, a small share for each aside.
    pub buffer_bytes: usize,
}

impl LogRules {
    pub const DEFAULT: Self = Self {
        keep: LogKeep { bytes: 16 << 20, records: 100_000, age: std::time::Duration::from_secs(7 * 24 * 3_600) },
        batch_bytes: 256 << 10,
        batch_records: 1_000,
        buffer_bytes: 32 << 20,
    };
}

pub(super) struct LogBuffer {
    rules: LogRules,
    counters: Arc<Counters>,
    // Each is held to add one record, or to take all; never across an await.
    shards: [Mutex<HashMap<TenantId, Gathered>>; SHARDS],
    /// Bytes of all tenants, those that are being sent among them.
    held: AtomicUsize,
}

struct Gathered {
    scope: Arc<TenantScope>,
    records: Vec<LogRecord>,
    bytes: usize,
    dropped: u64,
}

/// A batch that leaves. What it weighs counts as held until it is released.
#[derive(Clone)]
pub(super) struct Leaving {
    pub(super) scope: Arc<TenantScope>,
    pub(super) batch: Arc<LogBatch>,
    pub(super) bytes: usize,
}

impl LogBuffer {
    pub(super) fn new(rules: LogRules, counters: Arc<Counters>) -> Self {
        Self { rules, counters, shards: std::array::from_fn(|_| Mutex::default()), held: AtomicUsize::new(0) }
    }

    pub(super) fn rules(&self) -> &LogRules {
        &self.rules
    }

    /// Takes a record, or counts it as dropped. Those that say something have a quarter of the room to themselves. The record is made
    /// only where there is room: under a flood most of the work is not done.
    pub(super) fn note(
        &self,
        scope: &Arc<TenantScope>,
        (weight, says_something): (usize, bool),
        record: impl FnOnce() -> LogRecord,
    ) {
        let whole = if self.held.load(Ordering::Relaxed) < self.rules.buffer_bytes {
            self.rules.batch_bytes
        } else {
            SHARE_BYTES.min(self.rules.batch_bytes)
        };
        let of = |room: usize| if says_something { room } else { room / 4 * 3 };
        let mut shard = self.shard(scope.id());
        let gathered = shard.entry(scope.id()).or_insert_with(|| Gathered {
            scope: scope.clone(),
            records: Vec::new(),
            bytes: 0,
            dropped: 0,
        });
        let fits = gathered.bytes + weight <= of(whole) && gathered.records.len() < of(self.rules.batch_records);
        if !fits && !gathered.records.is_empty() {
            gathered.dropped += 1;
            self.counters.log_records_dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut record = record();
        let mut weight = weight;
        if !fits {
            // A single record that is too large: that there was such a request is kept.
            record.lines = Vec::new();
            record.lines_truncated = true;
            weight = record.weight();
        }
        gathered.records.push(record);
        gathered.bytes += weight;
        self.held.fetch_add(weight, Ordering::Relaxed);
    }

    /// All there is, but for tenants that are to wait.
    pub(super) fn take(&self, waits: impl Fn(&TenantId) -> bool) -> Vec<Leaving> {
        let mut leaving = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let gathered = shard.extract_if(|tenant, _| !waits(tenant)).map(|(_, gathered)| gathered);
            leaving.extend(gathered.map(|Gathered { scope, records, bytes, dropped }| {
                let batch = LogBatch { id: BatchId(Uuid::now_v7().into_bytes()), records, dropped };
                Leaving { scope, batch: Arc::new(batch), bytes }
            }));
            // What a burst left is not kept for ever.
            shard.shrink_to(64);
        }
        leaving
    }

    /// The batch is in the store.
    pub(super) fn release(&self, batch: &Leaving) {
        self.held.fetch_sub(batch.bytes, Ordering::Relaxed);
    }

    fn shard(&self, tenant: TenantId) -> MutexGuard<'_, HashMap<TenantId, Gathered>> {
        // The last byte of an id is random.
        let at = usize::from(tenant.as_bytes()[15]) % SHARDS;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::execute::{LogLevel, LogLine};
    use crate::ids::{Digest, RequestId, TenantSlug, VersionId};
    use crate::log::{Origin, Via};
    use crate::outcome::Outcome;
    use crate::tenant::Tenant;

    fn buffer(batch_records: usize, buffer_bytes: usize) -> LogBuffer {
        let rules = LogRules { batch_bytes: 100_000, batch_records, buffer_bytes, ..LogRules::DEFAULT };
        LogBuffer::new(rules, Arc::default())
    }

    fn scope(slug: &str) -> Arc<TenantScope> {
        let slug = TenantSlug::parse(slug).expect("valid");
        Arc::new(TenantScope::of_route(&Tenant::new(slug, Timestamp::UNIX_EPOCH)))
    }

    fn record(message_bytes: usize) -> LogRecord {
        let message = "x".repeat(message_bytes);
        let line = LogLine { t_ms: 0, level: LogLevel::Log, message, position: None };
        let version = VersionId::of(&Digest::of(b"x"));
        LogRecord {
            at: Timestamp::UNIX_EPOCH,
            via: Via::Ingress,
            origin: Arc::new(Origin { function: None, alias: None, version, number: None }),
            request: RequestId::generate(),
            trace: None,
            run: None,
            outcome: Outcome::Ok,
            status: Some(200),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            duration: Duration::ZERO,
            cpu: Duration::ZERO,
            memory_peak_bytes: 0,
            cold: false,
            error: None,
            lines: if message_bytes > 0 { vec![line] } else { Vec::new() },
            lines_truncated: false,
        }
    }

    fn note(buffer: &LogBuffer, scope: &Arc<TenantScope>, bytes: usize) {
        let record = record(bytes);
        buffer.note(scope, (record.weight(), record.says_something()), || record);
    }

    #[test]
    fn what_is_too_much_is_counted_and_what_says_something_has_room_of_its_own() {
        let (buffer, acme) = (buffer(8, 1 << 20), scope("acme"));
        (0..20).for_each(|_| note(&buffer, &acme, 0));
        (0..20).for_each(|_| note(&buffer, &acme, 5));
        let taken = buffer.take(|_| false);
        let batch = &taken[0].batch;
        let spoke = batch.records.iter().filter(|record| record.says_something()).count();
        assert_eq!((taken.len(), batch.records.len(), spoke, batch.dropped), (1, 8, 2, 32));
        assert!(buffer.take(|_| false).is_empty());
    }

    #[test]
    fn a_flood_leaves_the_others_their_share() {
        let buffer = buffer(10_000, 300_000);
        let floods: Vec<_> = (0..8).map(|number| scope(&format!("flood-{number}"))).collect();
        for _ in 0..1_000 {
            floods.iter().for_each(|scope| note(&buffer, scope, 1_000));
        }
        assert!(buffer.held.load(Ordering::Relaxed) < 8 * 100_000);
        let quiet = scope("quiet");
        (0..10).for_each(|_| note(&buffer, &quiet, 100));
        let taken = buffer.take(|_| false);
        let of_quiet = taken.iter().find(|leaving| leaving.scope.id() == quiet.id()).expect("it has a batch");
        assert_eq!((of_quiet.batch.records.len(), of_quiet.batch.dropped), (10, 0));
        taken.iter().for_each(|leaving| buffer.release(leaving));
        assert_eq!(buffer.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn one_record_is_kept_however_large() {
        let (buffer, acme) = (buffer(10, 1 << 20), scope("acme"));
        note(&buffer, &acme, 200_000);
        let taken = buffer.take(|_| false);
        let kept = &taken[0].batch.records[0];
        assert!(kept.lines.is_empty() && kept.lines_truncated && taken[0].bytes < 1_000);
    }

    #[test]
    fn who_waits_is_left() {
        let (buffer, acme) = (buffer(10, 1 << 20), scope("acme"));
        note(&buffer, &acme, 1);
        assert!(buffer.take(|tenant| *tenant == acme.id()).is_empty());
        assert_eq!(buffer.take(|_| false).len(), 1);
    }
}

//! Tenants' logs: gathered records go to the store, are searched there, and are followed as they come. What is gathered and what is left
//! out is decided in `log_buffer`. A host that ends without a drain loses what it gathered since the last flush; while the store
//! takes nothing, a tenant keeps the batch that was refused and the one after it, and the rest is counted as dropped.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::counters::Counters;
use super::log_buffer::{Leaving, LogBuffer};
use crate::access::TenantScope;
use crate::ids::TenantId;
use crate::log::{LogFilter, LogPosition, LogRecord, StoredLogs};
use crate::repository::{Repository, RepositoryError};

/// How often records should be sent.
pub const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Batches that are sent at a time.
const SENT_AT_ONCE: usize = 64;
/// Bytes that are read from the store at a time.
const READ_BYTES: usize = 1 << 20;
/// Bytes that one search looks at before it says where to go on.
const LOOKED_AT_BYTES: usize = 16 << 20;
/// How often a tail looks for what other hosts wrote.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Tails that a tenant may have on one host.
pub const MAX_TAILS: usize = 20;

pub struct Logs {
    repository: Arc<dyn Repository>,
    buffer: Arc<LogBuffer>,
    counters: Arc<Counters>,
    /// What the store did not take, and whoever is flushing.
    refused: tokio::sync::Mutex<Vec<Leaving>>,
    /// Changes when records of this host are in the store.
    flushed: watch::Sender<()>,
    // Held to count one in or out, never across an await.
    tails: Arc<Mutex<HashMap<TenantId, usize>>>,
}

/// A part of a log, newest first.
pub struct Found {
    pub records: Vec<(LogPosition, LogRecord)>,
    /// Where to go on, when there may be more: what is before it.
    pub next: Option<LogPosition>,
}

#[derive(Debug, thiserror::Error)]
pub enum TailError {
    #[error("the tenant's log is being followed {MAX_TAILS} times")]
    TooMany,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl Logs {
    pub(super) fn new(repository: Arc<dyn Repository>, buffer: Arc<LogBuffer>, counters: Arc<Counters>) -> Self {
        let flushed = watch::Sender::new(());
        Self { repository, buffer, counters, refused: tokio::sync::Mutex::default(), flushed, tails: Arc::default() }
    }

    /// Sends what was gathered. What the store does not take is tried again the next time, before anything newer of its tenant.
    ///
    /// # Errors
    /// The last of the store's, when there were any.
    pub async fn flush(&self) -> Result<(), RepositoryError> {
        let mut refused = self.refused.lock().await;
        let again = std::mem::take(&mut *refused);
        let mut failure = self.send(again, true, &mut refused).await;
        let waiting: HashSet<TenantId> = refused.iter().map(|leaving| leaving.scope.id()).collect();
        let new = self.buffer.take(|tenant| waiting.contains(tenant));
        failure = self.send(new, false, &mut refused).await.or(failure);
        self.flushed.send_replace(());
        failure.map_or(Ok(()), Err)
    }

    async fn send(&self, batches: Vec<Leaving>, again: bool, refused: &mut Vec<Leaving>) -> Option<RepositoryError> {
        let mut failure = None;
        let mut batches = batches.into_iter().peekable();
        while batches.peek().is_some() {
            let mut sending = JoinSet::new();
            for leaving in batches.by_ref().take(SENT_AT_ONCE) {
                let (repository, keep) = (self.repository.clone(), self.buffer.rules().keep);
                sending.spawn(async move {
                    let sent = repository.append_logs(&leaving.scope, &leaving.batch, again, &keep).await;
                    (leaving, sent)
                });
            }
            let mut any = false;
            while let Some(sent) = sending.join_next().await {
                let Ok((leaving, sent)) = sent else { continue };
                match sent {
                    Ok(()) => {
                        any = true;
                        self.buffer.release(&leaving);
                        let count = leaving.batch.records.len() as u64;
                        self.counters.log_records.fetch_add(count, Ordering::Relaxed);
                    }
                    Err(error) => {
                        self.counters.log_batches_refused.fetch_add(1, Ordering::Relaxed);
                        failure = Some(error);
                        refused.push(leaving);
                    }
                }
            }
            if !any {
                // It takes nothing just now: the others need not find that out one by one.
                refused.extend(batches.by_ref());
            }
        }
        failure
    }

    /// Records that are as wanted, newest first, from before a position on.
    pub async fn search(
        &self,
        tenant: &TenantScope,
        filter: &LogFilter,
        before: Option<LogPosition>,
        limit: usize,
    ) -> Result<Found, RepositoryError> {
        let (mut records, mut before, mut looked_at) = (Vec::new(), before, 0);
        // A store removes what is too old when it adds to it; for whoever reads it is gone at once.
        let start = filter.start.max(Timestamp::now().checked_sub(self.buffer.rules().keep.age).ok());
        loop {
            let read = self.repository.logs_before(tenant, before, READ_BYTES).await?;
            if read.is_empty() {
                return Ok(Found { records, next: None });
            }
            for stored in read {
                if start.is_some_and(|start| stored.stored_at < start) {
                    return Ok(Found { records, next: None });
                }
                let first = stored.first;
                for (position, record) in numbered(stored).rev() {
                    if before.is_some_and(|before| position >= before) {
                        continue;
                    }
                    looked_at += record.weight();
                    if filter.has(&record) {
                        records.push((position, record));
                        if records.len() == limit {
                            return Ok(Found { records, next: Some(position) });
                        }
                    }
                }
                before = Some(first);
            }
            if looked_at > LOOKED_AT_BYTES {
                return Ok(Found { records, next: before });
            }
        }
    }

    /// Follows the log: from after a position, else from the filter's start, else from now on.
    pub async fn tail(
        &self,
        tenant: &TenantScope,
        filter: LogFilter,
        after: Option<LogPosition>,
    ) -> Result<Tail, TailError> {
        let place = Place::take(&self.tails, tenant.id()).ok_or(TailError::TooMany)?;
        let at = match (after, filter.start) {
            (Some(after), _) => Some(after),
            (None, Some(_)) => None,
            (None, None) => {
                let newest = self.repository.logs_before(tenant, None, 1).await?;
                newest.first().map(StoredLogs::last)
            }
        };
        let (repository, flushed) = (self.repository.clone(), self.flushed.subscribe());
        Ok(Tail { repository, tenant: tenant.clone(), filter, at, flushed, _place: place })
    }
}

/// A batch's records with their positions.
fn numbered(stored: StoredLogs) -> impl DoubleEndedIterator<Item = (LogPosition, LogRecord)> + ExactSizeIterator {
    let first = stored.first.0;
    stored.batch.records.into_iter().enumerate().map(move |(at, record)| (LogPosition(first + at as u64), record))
}

/// What a tail has to say.
#[derive(Debug)]
pub enum TailEvent {
    Record(LogPosition, Box<LogRecord>),
    /// So many records are not among these: the host left them out, or the store forgot them before they were read.
    Dropped(u64),
}

/// A log as it comes.
pub struct Tail {
    repository: Arc<dyn Repository>,
    tenant: TenantScope,
    filter: LogFilter,
    /// Everything up to there was told.
    at: Option<LogPosition>,
    flushed: watch::Receiver<()>,
    _place: Place,
}

impl Tail {
    /// What came since the last call; nothing, after a little while in which nothing came.
    pub async fn next(&mut self) -> Result<Vec<TailEvent>, RepositoryError> {
        self.flushed.borrow_and_update();
        let read = self.read().await?;
        if !read.is_empty() {
            return Ok(read);
        }
        let _ = tokio::time::timeout(LOOK_EVERY, self.flushed.changed()).await;
        Ok(read)
    }

    async fn read(&mut self) -> Result<Vec<TailEvent>, RepositoryError> {
        let read = self.repository.logs_after(&self.tenant, self.at.unwrap_or_default(), READ_BYTES).await?;
        let mut events = Vec::new();
        for stored in read {
            let told = self.at.map_or(stored.first.0, |at| at.0 + 1);
            let forgotten = stored.first.0.saturating_sub(told);
            let dropped = forgotten + if stored.first.0 >= told { stored.batch.dropped } else { 0 };
            if dropped > 0 {
                events.push(TailEvent::Dropped(dropped));
            }
            self.at = Some(stored.last());
            for (position, record) in numbered(stored).filter(|(position, _)| position.0 >= told) {
                if self.filter.has(&record) {
                    events.push(TailEvent::Record(position, Box::new(record)));
                }
            }
        }
        Ok(events)
    }
}

/// One of the tenant's tails, given back when it is dropped.
struct Place {
    tails: Arc<Mutex<HashMap<TenantId, usize>>>,
    tenant: TenantId,
}

impl Place {
    fn take(tails: &Arc<Mutex<HashMap<TenantId, usize>>>, tenant: TenantId) -> Option<Self> {
        let mut counted = tails.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counted.entry(tenant).or_default();
        if *count >= MAX_TAILS {
            return None;
        }
        *count += 1;
        Some(Self { tails: tails.clone(), tenant })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counted = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.get_mut(&self.tenant) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counted.remove(&self.tenant)),
        }
    }
}

//! One chain of a host's audit, as it is written: an act is noted before it is done and recorded before it is answered; acts that come
//! together share one write. Noting is in `begun`; which acts come into which chain is decided in `audit`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::begun::{Beginnings, Begun};
use super::to_the_end::to_the_end;
use crate::audit::{Act, AuditChain, AuditEntry, AuditKey, Link, TRIMMED};
use crate::ids::{AuditId, RequestId};
use crate::repository::{Repository, RepositoryError, WriteError};

/// Entries in one write.
const BATCH: usize = 500;
/// How often another process may come between that writes the same chain: a data folder was copied.
const ATTEMPTS: usize = 5;

pub(super) struct Trail {
    repository: Arc<dyn Repository>,
    key: Arc<AuditKey>,
    chain: AuditChain,
    keep: u64,
    pub(super) beginnings: Beginnings,
    /// Whether what was broken off with an earlier process was added. Held while it is.
    recovered: tokio::sync::Mutex<bool>,
    // Held to add, look or remove, never across an await.
    queue: Mutex<Queue>,
    /// The number, as the queue counts, of the last act that is written.
    written: AtomicU64,
    /// The last attempt failed.
    failing: AtomicBool,
    // Held by whoever writes, for all that wait.
    turn: tokio::sync::Mutex<Turn>,
}

#[derive(Default)]
struct Queue {
    added: u64,
    acts: VecDeque<(u64, AuditId, Timestamp, Act)>,
}

#[derive(Default)]
struct Turn {
    last: Option<Link>,
    /// An attempt failed that may have been made all the same: after this number entries may be in the store already.
    doubtful_after: Option<u64>,
}

impl Trail {
    pub(super) fn new(repository: Arc<dyn Repository>, key: Arc<AuditKey>, chain: AuditChain, keep: u64) -> Arc<Self> {
        Arc::new(Self {
            beginnings: Beginnings::new(repository.clone(), chain.host),
            recovered: tokio::sync::Mutex::default(),
            repository,
            key,
            chain,
            keep: keep.max(1),
            queue: Mutex::default(),
            written: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// Adds what is left over, and writes what could not be written.
    pub(super) async fn ready(self: &Arc<Self>) -> Result<(), RepositoryError> {
        self.recover().await?;
        if !self.failing.load(Ordering::Acquire) {
            return Ok(());
        }
        let trail = self.clone();
        to_the_end(async move {
            let all = trail.queue().added;
            trail.write_up_to(all).await
        })
        .await
    }

    /// Returns once it is durable that this is about to be done.
    pub(super) async fn begin(self: &Arc<Self>, act: Act) -> Result<Begun, RepositoryError> {
        let trail = self.clone();
        to_the_end(async move { trail.beginnings.begin(act).await }).await
    }

    /// Returns once the act is durable. One that could not be written is kept, and written with the next.
    pub(super) async fn record(self: &Arc<Self>, begun: Option<Begun>, act: Act) -> Result<(), RepositoryError> {
        let trail = self.clone();
        to_the_end(async move {
            let begun = begun.unwrap_or_else(|| Begun { id: AuditId::generate(), at: Timestamp::now() });
            let ticket = trail.add(begun, act);
            trail.write_up_to(ticket).await?;
            trail.trim().await
        })
        .await
    }

    /// What was noted of its end elsewhere.
    pub(super) fn noted(&self) -> Option<Link> {
        self.chain.anchor.as_ref()?.noted().filter(|noted| noted.host == self.chain.host)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what an earlier process began and did not come to the end of, once, before this one begins anything.
    async fn recover(&self) -> Result<(), RepositoryError> {
        let mut recovered = self.recovered.lock().await;
        if *recovered {
            return Ok(());
        }
        let mut last = None;
        for entry in self.beginnings.broken_off().await? {
            last = Some(self.add(Begun { id: entry.id, at: entry.at }, entry.act));
        }
        *recovered = true;
        match last {
            Some(last) => self.write_up_to(last).await,
            None => Ok(()),
        }
    }

    fn add(&self, Begun { id, at }: Begun, act: Act) -> u64 {
        let mut queue = self.queue();
        queue.added += 1;
        let ticket = queue.added;
        queue.acts.push_back((ticket, id, at, act));
        ticket
    }

    async fn write_up_to(&self, ticket: u64) -> Result<(), RepositoryError> {
        while self.written.load(Ordering::Acquire) < ticket {
            let mut turn = self.turn.lock().await;
            // Whoever had the turn before may have written this one too.
            if self.written.load(Ordering::Acquire) >= ticket {
                break;
            }
            let wrote = self.write_batch(&mut turn).await;
            self.failing.store(wrote.is_err(), Ordering::Release);
            wrote?;
        }
        Ok(())
    }

    async fn write_batch(&self, turn: &mut Turn) -> Result<(), RepositoryError> {
        for _ in 0..ATTEMPTS {
            let (own, other) = self.repository.audit_heads(&self.chain.host).await?;
            if let Some(after) = turn.doubtful_after {
                self.leave_out_what_is_there(after).await?;
            }
            let acts: Vec<_> = self.queue().acts.iter().take(BATCH).cloned().collect();
            let Some((ticket, ..)) = acts.last().cloned() else {
                // All of it was there already.
                (turn.last, turn.doubtful_after) = (own, None);
                self.written.store(self.queue().added, Ordering::Release);
                return Ok(());
            };
            let mut entries: Vec<AuditEntry> = Vec::with_capacity(acts.len());
            for (_, id, at, act) in acts {
                let last = entries.last().map(AuditEntry::link).or(own);
                entries.push(AuditEntry::new(&self.key, self.chain.host, last, other, (id, at, act)));
            }
            turn.doubtful_after = Some(own.map_or(0, |own| own.number));
            match self.repository.append_audit(&entries).await {
                Ok(()) => {
                    self.queue().acts.retain(|(number, ..)| *number > ticket);
                    (turn.last, turn.doubtful_after) = (entries.last().map(AuditEntry::link), None);
                    if let Some(end) = turn.last {
                        self.note_end(own, end).await;
                    }
                    self.written.store(ticket, Ordering::Release);
                    return Ok(());
                }
                // Another process came between, or this very write had been made already.
                Err(WriteError::Exists | WriteError::Missing) => {}
                Err(WriteError::Repository(error)) => return Err(error),
            }
        }
        Err(RepositoryError::Unavailable("others write to this host's part of the audit".to_owned()))
    }

    /// Notes the chain's new end, unless what was noted before is no longer in it: that stays noted, so that it is missed.
    async fn note_end(&self, before: Option<Link>, end: Link) {
        let Some(anchor) = &self.chain.anchor else { return };
        if let Some(noted) = self.noted().filter(|noted| Some(*noted) != before) {
            let there = self.repository.audit_chain(&self.chain.host, noted.number.saturating_sub(1), 1).await;
            let found =
                there.ok().and_then(|there| there.into_iter().next()).and_then(|(_, entry)| Some(entry?.link()));
            if found != Some(noted) {
                return;
            }
        }
        anchor.note(end);
    }

    /// A write whose answer was lost may have been made.
    async fn leave_out_what_is_there(&self, after: u64) -> Result<(), RepositoryError> {
        let mut after = after;
        loop {
            let there = self.repository.audit_chain(&self.chain.host, after, BATCH).await?;
            let Some((last, _)) = there.last() else { return Ok(()) };
            after = *last;
            let ids: Vec<AuditId> = there.iter().filter_map(|(_, entry)| Some(entry.as_ref()?.id)).collect();
            self.queue().acts.retain(|(_, id, ..)| !ids.contains(id));
        }
    }

    /// Lets the oldest entries go now and then, and says so in the chain before.
    async fn trim(&self) -> Result<(), RepositoryError> {
        let step = (self.keep / 10).max(1);
        let up_to = {
            let turn = self.turn.lock().await;
            let number = turn.last.map_or(0, |last| last.number);
            number.saturating_sub(self.keep)
        };
        if up_to == 0 || !up_to.is_multiple_of(step) {
            return Ok(());
        }
        let act = Act {
            request: RequestId::generate(),
            actor: None,
            operation: TRIMMED.to_owned(),
            tenant: None,
            target: String::new(),
            subject: Some(up_to.to_string()),
            status: 200,
        };
        let ticket = self.add(Begun { id: AuditId::generate(), at: Timestamp::now() }, act);
        self.write_up_to(ticket).await?;
        while self.repository.trim_audit(&self.chain.host, up_to).await? {}
        Ok(())
    }
}

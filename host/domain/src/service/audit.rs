//! Writing down who changed what, looking it up, and going through the chains. An act is noted before it is done and recorded before it is
//! answered; acts that come together share one write. Noting is in `begun`. What an entry is, and what makes a chain whole, is in `audit`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::begun::{Beginnings, Begun};
use super::to_the_end::to_the_end;
use crate::access::{Credential, TenantScope};
pub use crate::audit::AuditFilter;
use crate::audit::{Act, Anchor, AuditEntry, AuditKey, Break, Link, TRIMMED, Walk};
use crate::ids::{AuditId, HostId, RequestId};
use crate::repository::{Repository, RepositoryError, WriteError};

/// Entries kept of each host.
pub const AUDIT_KEPT: u64 = 250_000;
/// Entries in one write, and in one step of going through a chain.
const BATCH: usize = 500;
/// Entries that one search looks at, before it says where to go on.
const LOOKED_AT: usize = 5_000;
/// How often another process may come between that writes the same chain: a data folder was copied.
const ATTEMPTS: usize = 5;

#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the chains are gone through for the operator alone")]
    NotTheOperator,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// What came of going through all chains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub entries: u64,
    /// Where each chain ends.
    pub heads: Vec<Link>,
    pub broken: Option<Break>,
}

pub struct Audit(Arc<Trail>);

struct Trail {
    repository: Arc<dyn Repository>,
    key: AuditKey,
    host: HostId,
    anchor: Option<Arc<dyn Anchor>>,
    keep: u64,
    beginnings: Beginnings,
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
    verifying: Semaphore,
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

impl Audit {
    pub(super) fn new(
        repository: Arc<dyn Repository>,
        key: AuditKey,
        (host, anchor): (HostId, Option<Arc<dyn Anchor>>),
        keep: u64,
    ) -> Self {
        Self(Arc::new(Trail {
            beginnings: Beginnings::new(repository.clone(), host),
            recovered: tokio::sync::Mutex::default(),
            repository,
            key,
            host,
            anchor,
            keep: keep.max(1),
            queue: Mutex::default(),
            written: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
            verifying: Semaphore::new(1),
        }))
    }

    /// To be asked before anything is changed: what could not be recorded is not to be followed by more.
    pub async fn ready(&self) -> Result<(), RepositoryError> {
        self.0.recover().await?;
        if !self.0.failing.load(Ordering::Acquire) {
            return Ok(());
        }
        let trail = self.0.clone();
        to_the_end(async move {
            let all = trail.queue().added;
            trail.write_up_to(all).await
        })
        .await
    }

    /// Returns once it is durable that this is about to be done. To be asked for after `ready`, by who is allowed to do it.
    pub async fn begin(&self, act: Act) -> Result<Begun, RepositoryError> {
        let trail = self.0.clone();
        to_the_end(async move { trail.beginnings.begin(act).await }).await
    }

    /// Returns once the act is durable. One that could not be written is kept, and written with the next.
    pub async fn record(&self, begun: Option<Begun>, act: Act) -> Result<(), RepositoryError> {
        let trail = self.0.clone();
        to_the_end(async move {
            let begun = begun.unwrap_or_else(|| Begun { id: AuditId::generate(), at: Timestamp::now() });
            let ticket = trail.add(begun, act);
            trail.write_up_to(ticket).await?;
            trail.trim().await
        })
        .await
    }

    /// Those that the filter has, newest first, and the one before which to go on. Only a credential that is bound to no tenant sees
    /// what is nobody's.
    pub async fn search(
        &self,
        tenant: Option<&TenantScope>,
        filter: &AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<(Vec<AuditEntry>, Option<AuditId>), RepositoryError> {
        // An id is given out a little after the time that is noted.
        let late = filter.end.and_then(|end| end.checked_add(Duration::from_secs(1)).ok()).map(AuditId::first_at);
        let early = filter.start.map(AuditId::first_at);
        let mut before = before.into_iter().chain(late).min();
        let (mut found, mut left) = (Vec::new(), LOOKED_AT);
        loop {
            let page = self.0.repository.list_audit(tenant, before.as_ref(), left.min(BATCH)).await?;
            left = left.saturating_sub(page.items.len());
            for entry in page.items {
                if early.is_some_and(|early| entry.id < early) {
                    return Ok((found, None));
                }
                if filter.has(&entry) {
                    if found.len() == limit {
                        return Ok((found, before));
                    }
                    before = Some(entry.id);
                    found.push(entry);
                } else {
                    before = Some(entry.id);
                }
            }
            if !page.more {
                return Ok((found, None));
            }
            if left == 0 {
                return Ok((found, before));
            }
        }
    }

    /// Goes through all chains, and names the first entry that is not as it was written.
    pub async fn verify(&self, caller: &Credential) -> Result<Verified, AuditError> {
        if caller.tenant.is_some() {
            return Err(AuditError::NotTheOperator);
        }
        let _turn = self.0.verifying.acquire().await.expect("it is never closed");
        Ok(self.0.verify().await?)
    }
}

impl Trail {
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
            let (own, other) = self.repository.audit_heads(&self.host).await?;
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
                entries.push(AuditEntry::new(&self.key, self.host, last, other, (id, at, act)));
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
        let Some(anchor) = &self.anchor else { return };
        if let Some(noted) = anchor.noted().filter(|noted| noted.host == self.host && Some(*noted) != before) {
            let there = self.repository.audit_chain(&self.host, noted.number.saturating_sub(1), 1).await;
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
            let there = self.repository.audit_chain(&self.host, after, BATCH).await?;
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
        while self.repository.trim_audit(&self.host, up_to).await? {}
        Ok(())
    }

    async fn verify(&self) -> Result<Verified, RepositoryError> {
        let heads = self.repository.audit_chains().await?;
        let mut verified = Verified { entries: 0, heads: heads.clone(), broken: None };
        // For each host the latest of its entries that another one saw.
        let mut seen: BTreeMap<HostId, Link> = BTreeMap::new();
        let mut let_go: BTreeMap<HostId, u64> = BTreeMap::new();
        for head in heads {
            let mut walk = Walk::new(&self.key, head.host);
            let walked = self.walk(&mut walk, head, &mut verified.entries, &mut seen).await?;
            let_go.insert(head.host, walk.began_after());
            if let Err(broken) = walked {
                verified.broken.get_or_insert(broken);
            }
        }
        // What this host noted itself, elsewhere.
        if let Some(noted) =
            self.anchor.as_ref().and_then(|anchor| anchor.noted()).filter(|noted| noted.host == self.host)
        {
            let latest = seen.entry(noted.host).or_insert(noted);
            if latest.number < noted.number {
                *latest = noted;
            }
        }
        for link in seen.into_values() {
            if verified.broken.is_some() || let_go.get(&link.host).is_some_and(|gone| link.number <= *gone) {
                continue;
            }
            let there = self.repository.audit_chain(&link.host, link.number - 1, 1).await?;
            let found = there.first().and_then(|(_, entry)| entry.as_ref()).map(AuditEntry::link);
            if found != Some(link) {
                let why = "it was noted elsewhere, and it is missing";
                verified.broken = Some(Break { host: link.host, number: link.number, id: None, why });
            }
        }
        Ok(verified)
    }

    async fn walk(
        &self,
        walk: &mut Walk<'_>,
        head: Link,
        entries: &mut u64,
        seen: &mut BTreeMap<HostId, Link>,
    ) -> Result<Result<(), Break>, RepositoryError> {
        let mut at = 0;
        // What is added meanwhile is for the next time.
        while at < head.number {
            let page = self.repository.audit_chain(&head.host, at, BATCH).await?;
            if page.is_empty() {
                break;
            }
            for (number, entry) in page.into_iter().filter(|(number, _)| *number <= head.number) {
                if let Err(broken) = walk.step(number, entry.as_ref()) {
                    return Ok(Err(broken));
                }
                at = number;
                *entries += 1;
                if let Some(link) = entry.and_then(|entry| entry.seen) {
                    let latest = seen.entry(link.host).or_insert(link);
                    if latest.number < link.number {
                        *latest = link;
                    }
                }
            }
        }
        Ok(walk.end(Some(head)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Preset;
    use crate::bounds::Bounds;
    use crate::fakes::MemoryStore;
    use crate::ids::TenantId;

    const KEY: [u8; 32] = [7; 32];

    fn act(n: u16) -> Act {
        Act {
            request: RequestId::generate(),
            actor: None,
            operation: "put_function".to_owned(),
            tenant: None,
            target: format!("/{n}"),
            subject: None,
            status: n,
        }
    }

    fn audit(store: &Arc<MemoryStore>, keep: u64) -> Audit {
        Audit::new(store.clone(), AuditKey::new(KEY), (HostId::generate(), None), keep)
    }

    async fn broken(audit: &Audit) -> Option<(u64, &'static str)> {
        let verified = audit.verify(&Credential::operator()).await.expect("the store is there");
        verified.broken.map(|broken| (broken.number, broken.why))
    }

    #[tokio::test]
    async fn what_comes_together_is_one_whole_chain() {
        let store = Arc::new(MemoryStore::new());
        let (one, two) = (Arc::new(audit(&store, 1_000)), audit(&store, 1_000));
        let acts = (0..200).map(|n| {
            let one = one.clone();
            tokio::spawn(async move { one.record(None, act(n)).await })
        });
        for recorded in acts.collect::<Vec<_>>() {
            recorded.await.expect("no panic").expect("recorded");
        }
        two.record(None, act(999)).await.expect("recorded");
        let verified = two.verify(&Credential::operator()).await.expect("readable");
        assert_eq!((verified.entries, verified.heads.len(), verified.broken), (201, 2, None));
        let bound = Credential {
            key: None,
            preset: Preset::Tenant,
            tenant: Some(TenantId::generate()),
            bounds: Bounds::default(),
        };
        assert!(matches!(two.verify(&bound).await, Err(AuditError::NotTheOperator)));
        // The end of the first chain is cut off, its head with it: only the second host's entry tells.
        store.tamper_with_audit(|entries| entries.retain(|entry| entry.act.status != 999 || entry.seen.is_some()));
        assert_eq!(broken(&two).await, None);
        store.tamper_with_audit(|entries| drop(entries.remove(199)));
        assert_eq!(broken(&two).await, Some((200, "it was noted elsewhere, and it is missing")));
    }

    #[tokio::test]
    async fn what_could_not_be_written_comes_with_the_next() {
        let store = Arc::new(MemoryStore::new());
        let audit = audit(&store, 1_000);
        audit.record(None, act(1)).await.expect("recorded");
        store.set_available(false);
        assert!(audit.record(None, act(2)).await.is_err());
        assert!(audit.ready().await.is_err());
        store.set_available(true);
        audit.ready().await.expect("written out");
        audit.record(None, act(3)).await.expect("recorded");
        let (found, _) = audit.search(None, &AuditFilter::default(), None, 10).await.expect("readable");
        assert_eq!(found.iter().map(|entry| entry.act.status).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(broken(&audit).await, None);
    }

    #[tokio::test]
    async fn the_oldest_go_and_the_chain_says_so() {
        let store = Arc::new(MemoryStore::new());
        let audit = audit(&store, 20);
        for n in 0..100 {
            audit.record(None, act(n)).await.expect("recorded");
        }
        let verified = audit.verify(&Credential::operator()).await.expect("readable");
        assert!((20..30).contains(&verified.entries) && verified.broken.is_none(), "{verified:?}");
        store.tamper_with_audit(|entries| drop(entries.remove(0)));
        store.tamper_with_audit(|entries| entries.retain(|entry| entry.act.operation != TRIMMED));
        assert!(broken(&audit).await.is_some());
    }

    #[tokio::test]
    async fn a_search_goes_on_where_it_ended() {
        let store = Arc::new(MemoryStore::new());
        let audit = audit(&store, 1_000);
        for n in 0..30 {
            let operation = if n % 3 == 0 { "a" } else { "b" };
            audit.record(None, Act { operation: operation.to_owned(), ..act(n) }).await.expect("recorded");
        }
        let filter = AuditFilter { operation: Some("a".to_owned()), ..AuditFilter::default() };
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let (found, next) = audit.search(None, &filter, before, 3).await.expect("readable");
            assert!(found.len() <= 3);
            all.extend(found.into_iter().map(|entry| entry.act.status));
            before = next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(all, [27, 24, 21, 18, 15, 12, 9, 6, 3, 0]);
        let between = AuditFilter { start: Some(Timestamp::now()), ..AuditFilter::default() };
        assert_eq!(audit.search(None, &between, None, 9).await.expect("readable").0, []);
        let until = AuditFilter { end: Some(Timestamp::now()), ..AuditFilter::default() };
        assert_eq!(audit.search(None, &until, None, 99).await.expect("readable").0.len(), 30);
    }

    #[tokio::test]
    async fn what_was_begun_is_on_record_whatever_becomes_of_the_host() {
        let store = Arc::new(MemoryStore::new());
        let host = HostId::generate();
        let process = || Audit::new(store.clone(), AuditKey::new(KEY), (host, None), 1_000);
        let statuses = async |audit: &Audit| {
            let (found, _) = audit.search(None, &AuditFilter::default(), None, 10).await.expect("readable");
            found.iter().map(|entry| entry.act.status).collect::<Vec<_>>()
        };
        let first = process();
        first.ready().await.expect("nothing is left over");
        let (done, broken_off) = (first.begin(act(0)).await.expect("noted"), first.begin(act(0)).await.expect("noted"));
        first.record(Some(done), act(201)).await.expect("recorded");
        assert_eq!(statuses(&first).await, [201]);
        // The process is gone, and another one takes its place.
        drop(first);
        let second = process();
        second.ready().await.expect("what is left over is written");
        let (found, _) = second.search(None, &AuditFilter::default(), None, 10).await.expect("readable");
        let told: Vec<_> = found.iter().map(|entry| (entry.id, entry.act.status)).collect();
        assert_eq!(told, [(broken_off.id, 0), (done.id, 201)]);
        second.ready().await.expect("once");
        assert_eq!((statuses(&second).await, broken(&second).await), (vec![0, 201], None));
        // What cannot be noted is not begun.
        store.set_available(false);
        assert!(second.begin(act(0)).await.is_err());
        store.set_available(true);
        drop(second);
        let third = process();
        third.ready().await.expect("nothing is left over");
        assert_eq!(statuses(&third).await, [0, 201]);
    }

    #[tokio::test]
    async fn acts_that_begin_together_are_all_noted() {
        let store = Arc::new(MemoryStore::new());
        let audit = Arc::new(audit(&store, 10_000));
        let begun = (0..1_200).map(|n| {
            let audit = audit.clone();
            tokio::spawn(async move { audit.begin(act(n)).await.map(|begun| (begun, n)) })
        });
        for begun in begun.collect::<Vec<_>>() {
            let (begun, n) = begun.await.expect("no panic").expect("noted");
            audit.record(Some(begun), act(n)).await.expect("recorded");
        }
        let verified = audit.verify(&Credential::operator()).await.expect("readable");
        assert_eq!((verified.entries, verified.broken), (1_200, None));
        assert_eq!(audit.0.beginnings.broken_off().await.expect("readable"), []);
    }

    /// An anchor in memory.
    #[derive(Debug, Default)]
    struct Noted(Mutex<Option<Link>>);

    impl Anchor for Noted {
        fn noted(&self) -> Option<Link> {
            *self.0.lock().expect("not poisoned")
        }

        fn note(&self, end: Link) {
            *self.0.lock().expect("not poisoned") = Some(end);
        }
    }

    #[tokio::test]
    async fn what_is_taken_off_a_lone_hosts_chain_is_missed() {
        let store = Arc::new(MemoryStore::new());
        let anchor = Arc::<Noted>::default();
        let audit = Audit::new(store.clone(), AuditKey::new(KEY), (HostId::generate(), Some(anchor)), 1_000);
        assert_eq!(broken(&audit).await, None);
        for n in 0..5 {
            audit.record(None, act(n)).await.expect("recorded");
            assert_eq!(broken(&audit).await, None);
        }
        // The memory store's heads are where its entries end.
        store.tamper_with_audit(|entries| entries.truncate(3));
        assert_eq!(broken(&audit).await, Some((5, "it was noted elsewhere, and it is missing")));
        // Nor does it help to go on from there.
        audit.record(None, act(7)).await.expect("recorded");
        audit.record(None, act(8)).await.expect("recorded");
        store.tamper_with_audit(|entries| entries.clear());
        assert_eq!(broken(&audit).await, Some((5, "it was noted elsewhere, and it is missing")));
    }
}

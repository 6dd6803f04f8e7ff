//! Writing down who changed what, looking it up, and going through the chains. A host has two chains: what credentials do that are bound
//! to a tenant is in one, what all others do in the other, so that no tenant's doing pushes out what the operator did; and what a tenant
//! may leave is bounded (`allowance`). How a chain is written is in `trail`; what an entry is, and what makes a chain whole, in `audit`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::allowance::{Allowances, Doing, Refused};
use super::begun::Begun;
use super::trail::Trail;
use crate::access::{Credential, TenantScope};
pub use crate::audit::AuditFilter;
use crate::audit::{Act, AuditChains, AuditEntry, AuditKey, Break, Link, REFUSED, Walk};
use crate::ids::{AuditId, HostId, RequestId, TenantId};
use crate::repository::{Repository, RepositoryError};

/// Entries kept of each chain.
pub const AUDIT_KEPT: u64 = 250_000;
/// Entries in one step of going through a chain.
const BATCH: usize = 500;
/// Entries that one search looks at, before it says where to go on.
const LOOKED_AT: usize = 5_000;
/// What a tenant can still do when its credentials have left as many entries of changes as they may.
const TAKE_BACK: [&str; 2] = ["delete_key", "rotate_key"];

#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the chains are gone through for the operator alone")]
    NotTheOperator,
    #[error("the tenant's keys do more than is written down of one tenant: try again later")]
    TooMuch { retry_after: Duration },
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

pub struct Audit {
    repository: Arc<dyn Repository>,
    key: Arc<AuditKey>,
    operators: Arc<Trail>,
    tenants: Arc<Trail>,
    allowances: Allowances,
    verifying: Semaphore,
}

impl Audit {
    pub(super) fn new(repository: Arc<dyn Repository>, key: AuditKey, chains: AuditChains, keep: u64) -> Self {
        let key = Arc::new(key);
        let trail = |chain| Trail::new(repository.clone(), key.clone(), chain, keep);
        let (operators, tenants) = (trail(chains.operators), trail(chains.tenants));
        Self { repository, key, operators, tenants, allowances: Allowances::default(), verifying: Semaphore::new(1) }
    }

    /// To be asked before anything is changed: what could not be recorded is not to be followed by more.
    pub async fn ready(&self) -> Result<(), RepositoryError> {
        self.operators.ready().await?;
        self.tenants.ready().await
    }

    /// Returns once it is durable that this is about to be done by somebody. To be asked for after `ready`, by who is allowed to do it.
    ///
    /// # Errors
    /// Then it is not to be done: it could not be noted, or their tenant has left as many entries as it may.
    pub async fn begin(&self, by: &Credential, act: Act) -> Result<Begun, AuditError> {
        let Some(tenant) = by.tenant else { return Ok(self.operators.begin(act).await?) };
        let takes_back = TAKE_BACK.contains(&act.operation.as_str());
        let doing = if takes_back { Doing::TakeBackAKey } else { Doing::Change };
        self.allowances.take(tenant, doing).map_err(|retry_after| AuditError::TooMuch { retry_after })?;
        Ok(self.tenants.begin(act).await?)
    }

    /// Returns once the act is durable. One that could not be written is kept, and written with the next; one of too many that were
    /// refused is counted.
    pub async fn record(&self, begun: Option<Begun>, by: &Credential, act: Act) -> Result<(), AuditError> {
        let Some(tenant) = by.tenant else { return Ok(self.operators.record(begun, act).await?) };
        if begun.is_none() && act.status < 400 {
            // Done without having begun, as a sign-in is: it is not to be answered.
            self.allowances.take(tenant, Doing::SignIn(by.key)).map_err(|retry_after| {
                self.allowances.count(tenant, 1);
                AuditError::TooMuch { retry_after }
            })?;
        } else if begun.is_none() {
            match self.allowances.refuse(tenant) {
                Refused::Write => {}
                Refused::Counted => return Ok(()),
                Refused::Tell(count) => return Ok(self.tell(tenant, count).await?),
            }
        }
        Ok(self.tenants.record(begun, act).await?)
    }

    /// Writes what could not be written before, and how many refused acts were counted since. To be called every minute or so; `at_last`
    /// when it is for the last time.
    pub async fn tend(&self, at_last: bool) -> Result<(), RepositoryError> {
        self.ready().await?;
        let mut told = Ok(());
        for (tenant, count) in self.allowances.counted(at_last) {
            match told {
                Ok(()) => told = self.tell(tenant, count).await,
                // The store takes nothing just now.
                Err(_) => self.allowances.count(tenant, count),
            }
        }
        told
    }

    /// Adds one entry for so many refused acts.
    async fn tell(&self, tenant: TenantId, count: u64) -> Result<(), RepositoryError> {
        let known = match self.repository.tenant_by_id(&tenant).await {
            Ok(known) => known,
            Err(error) => {
                self.allowances.count(tenant, count);
                return Err(error);
            }
        };
        let act = Act {
            request: RequestId::generate(),
            actor: None,
            operation: REFUSED.to_owned(),
            tenant: known.map(|tenant| (tenant.id, tenant.slug)),
            target: tenant.to_string(),
            subject: Some(count.to_string()),
            status: 429,
        };
        self.tenants.record(None, act).await
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
            let page = self.repository.list_audit(tenant, before.as_ref(), left.min(BATCH)).await?;
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
        let _turn = self.verifying.acquire().await.expect("it is never closed");
        Ok(self.go_through().await?)
    }

    async fn go_through(&self) -> Result<Verified, RepositoryError> {
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
        for noted in [&self.operators, &self.tenants].into_iter().filter_map(|trail| trail.noted()) {
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
    use std::sync::Mutex;

    use jiff::Timestamp;

    use super::*;
    use crate::access::Preset;
    use crate::audit::{Anchor, AuditChain, TRIMMED};
    use crate::bounds::Bounds;
    use crate::fakes::MemoryStore;
    use crate::ids::{TenantId, TenantSlug};
    use crate::repository::{AuditRepository as _, TenantRepository as _};
    use crate::service::allowance::{COMES_BACK, ENTRIES};
    use crate::tenant::Tenant;

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
        Audit::new(store.clone(), AuditKey::new(KEY), AuditChains::generate(), keep)
    }

    /// Those of a host whose operators' chain is this one.
    fn chains(host: HostId, anchor: Option<Arc<dyn Anchor>>) -> AuditChains {
        AuditChains { operators: AuditChain { host, anchor }, ..AuditChains::generate() }
    }

    fn operator() -> Credential {
        Credential::operator()
    }

    async fn broken(audit: &Audit) -> Option<(u64, &'static str)> {
        let verified = audit.verify(&operator()).await.expect("the store is there");
        verified.broken.map(|broken| (broken.number, broken.why))
    }

    #[tokio::test]
    async fn what_comes_together_is_one_whole_chain() {
        let store = Arc::new(MemoryStore::new());
        let (one, two) = (Arc::new(audit(&store, 1_000)), audit(&store, 1_000));
        let acts = (0..200).map(|n| {
            let one = one.clone();
            tokio::spawn(async move { one.record(None, &operator(), act(n)).await })
        });
        for recorded in acts.collect::<Vec<_>>() {
            recorded.await.expect("no panic").expect("recorded");
        }
        two.record(None, &operator(), act(999)).await.expect("recorded");
        let verified = two.verify(&operator()).await.expect("readable");
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
        audit.record(None, &operator(), act(1)).await.expect("recorded");
        store.set_available(false);
        assert!(audit.record(None, &operator(), act(2)).await.is_err());
        assert!(audit.ready().await.is_err());
        store.set_available(true);
        audit.ready().await.expect("written out");
        audit.record(None, &operator(), act(3)).await.expect("recorded");
        let (found, _) = audit.search(None, &AuditFilter::default(), None, 10).await.expect("readable");
        assert_eq!(found.iter().map(|entry| entry.act.status).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(broken(&audit).await, None);
    }

    #[tokio::test]
    async fn the_oldest_go_and_the_chain_says_so() {
        let store = Arc::new(MemoryStore::new());
        let audit = audit(&store, 20);
        for n in 0..100 {
            audit.record(None, &operator(), act(n)).await.expect("recorded");
        }
        let verified = audit.verify(&operator()).await.expect("readable");
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
            audit.record(None, &operator(), Act { operation: operation.to_owned(), ..act(n) }).await.expect("recorded");
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
        let process = || Audit::new(store.clone(), AuditKey::new(KEY), chains(host, None), 1_000);
        let statuses = async |audit: &Audit| {
            let (found, _) = audit.search(None, &AuditFilter::default(), None, 10).await.expect("readable");
            found.iter().map(|entry| entry.act.status).collect::<Vec<_>>()
        };
        let first = process();
        first.ready().await.expect("nothing is left over");
        let (done, broken_off) = (
            first.begin(&operator(), act(0)).await.expect("noted"),
            first.begin(&operator(), act(0)).await.expect("noted"),
        );
        first.record(Some(done), &operator(), act(201)).await.expect("recorded");
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
        assert!(second.begin(&operator(), act(0)).await.is_err());
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
            tokio::spawn(async move { audit.begin(&operator(), act(n)).await.map(|begun| (begun, n)) })
        });
        for begun in begun.collect::<Vec<_>>() {
            let (begun, n) = begun.await.expect("no panic").expect("noted");
            audit.record(Some(begun), &operator(), act(n)).await.expect("recorded");
        }
        let verified = audit.verify(&operator()).await.expect("readable");
        assert_eq!((verified.entries, verified.broken), (1_200, None));
        assert_eq!(audit.operators.beginnings.broken_off().await.expect("readable"), []);
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
        let audit = Audit::new(store.clone(), AuditKey::new(KEY), chains(HostId::generate(), Some(anchor)), 1_000);
        assert_eq!(broken(&audit).await, None);
        for n in 0..5 {
            audit.record(None, &operator(), act(n)).await.expect("recorded");
            assert_eq!(broken(&audit).await, None);
        }
        // The memory store's heads are where its entries end.
        store.tamper_with_audit(|entries| entries.truncate(3));
        assert_eq!(broken(&audit).await, Some((5, "it was noted elsewhere, and it is missing")));
        // Nor does it help to go on from there.
        audit.record(None, &operator(), act(7)).await.expect("recorded");
        audit.record(None, &operator(), act(8)).await.expect("recorded");
        store.tamper_with_audit(|entries| entries.clear());
        assert_eq!(broken(&audit).await, Some((5, "it was noted elsewhere, and it is missing")));
    }

    /// A key of that tenant's.
    fn bound(tenant: &Tenant) -> Credential {
        Credential { preset: Preset::ReadOnly, tenant: Some(tenant.id), ..operator() }
    }

    async fn tenant(store: &MemoryStore, slug: &str) -> Tenant {
        let tenant = Tenant::new(TenantSlug::parse(slug).expect("valid"), Timestamp::now());
        store.create_tenant(&tenant).await.expect("created");
        tenant
    }

    fn about(tenant: &Tenant, status: u16) -> Act {
        Act { tenant: Some((tenant.id, tenant.slug.clone())), ..act(status) }
    }

    async fn all(audit: &Audit, tenant: Option<&TenantScope>) -> Vec<AuditEntry> {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let (found, next) = audit.search(tenant, &AuditFilter::default(), before, 1_000).await.expect("readable");
            all.extend(found);
            before = next;
            if next.is_none() {
                return all;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_one_tenant_pushes_out_nothing_of_others() {
        let store = Arc::new(MemoryStore::new());
        let audit = audit(&store, 20_000);
        let (acme, globex) = (tenant(&store, "acme").await, tenant(&store, "globex").await);
        audit.record(None, &operator(), about(&acme, 201)).await.expect("recorded");
        audit.record(None, &bound(&globex), about(&globex, 403)).await.expect("recorded");
        // More than is kept, refused and done.
        for n in 0..25_000_u32 {
            audit.record(None, &bound(&acme), act(if n % 2 == 0 { 403 } else { 404 })).await.expect("counted");
        }
        let mut done = 0_u32;
        let wait = loop {
            match audit.begin(&bound(&acme), about(&acme, 0)).await {
                Ok(begun) => audit.record(Some(begun), &bound(&acme), about(&acme, 200)).await.expect("recorded"),
                Err(AuditError::TooMuch { retry_after }) => break retry_after,
                Err(error) => panic!("{error}"),
            }
            done += 1;
        };
        assert_eq!((done, wait), (ENTRIES / 2 - ENTRIES / 20, COMES_BACK));
        for _ in 0..ENTRIES / 20 {
            let revoke = Act { operation: "delete_key".to_owned(), ..about(&acme, 0) };
            let begun = audit.begin(&bound(&acme), revoke).await.expect("there are places for this");
            audit.record(Some(begun), &bound(&acme), about(&acme, 200)).await.expect("recorded");
        }
        let late = audit.record(None, &bound(&acme), about(&acme, 201)).await;
        assert!(matches!(late, Err(AuditError::TooMuch { .. })), "a sign-in");
        // The operator goes on, and so does the other tenant.
        let begun = audit.begin(&operator(), about(&acme, 0)).await.expect("noted");
        audit.record(Some(begun), &operator(), about(&acme, 202)).await.expect("recorded");
        let begun = audit.begin(&bound(&globex), about(&globex, 0)).await.expect("noted");
        audit.record(Some(begun), &bound(&globex), about(&globex, 202)).await.expect("recorded");
        audit.tend(false).await.expect("there is no place for it");
        assert!(all(&audit, None).await.iter().all(|entry| entry.act.operation != REFUSED));
        tokio::time::advance(COMES_BACK * (ENTRIES / 2 + 1)).await;
        audit.tend(false).await.expect("told");

        let found = all(&audit, None).await;
        assert!(found.is_sorted_by(|one, next| one.id > next.id), "both chains, by time");
        let statuses = |of: &Tenant| {
            let of = found.iter().filter(|entry| entry.act.tenant.as_ref().is_some_and(|(id, _)| *id == of.id));
            of.map(|entry| entry.act.status).filter(|status| *status != 200).collect::<Vec<_>>()
        };
        assert_eq!((statuses(&acme), statuses(&globex)), (vec![429, 202, 201], vec![202, 403]));
        let told = found.iter().find(|entry| entry.act.operation == REFUSED).expect("one entry").act.clone();
        let counted = (25_000 - ENTRIES / 2 + 1).to_string();
        assert_eq!((told.subject, told.target), (Some(counted), acme.id.to_string()));
        assert_eq!(found.len() as u32, 4 + ENTRIES + 1);
        let verified = audit.verify(&operator()).await.expect("readable");
        assert_eq!((verified.heads.len(), verified.broken), (2, None));
        let scope = TenantScope::of_route(&globex);
        let theirs: Vec<_> = all(&audit, Some(&scope)).await.iter().map(|entry| entry.act.status).collect();
        assert_eq!(theirs, [202, 403]);
    }

    #[tokio::test]
    async fn each_chain_lets_its_own_oldest_go_and_tells_of_the_other() {
        let store = Arc::new(MemoryStore::new());
        let (operators, tenants) = (Arc::<Noted>::default(), Arc::<Noted>::default());
        let chain = |anchor: &Arc<Noted>| AuditChain { host: HostId::generate(), anchor: Some(anchor.clone()) };
        let chains = AuditChains { operators: chain(&operators), tenants: chain(&tenants) };
        let audit = Audit::new(store.clone(), AuditKey::new(KEY), chains.clone(), 20);
        let acme = tenant(&store, "acme").await;
        for n in 0..5 {
            audit.record(None, &operator(), act(200 + n)).await.expect("recorded");
        }
        for _ in 0..100 {
            audit.record(None, &bound(&acme), about(&acme, 403)).await.expect("recorded");
        }
        assert_eq!(broken(&audit).await, None);
        let found = all(&audit, None).await;
        let of_operator: Vec<_> = found.iter().filter(|entry| entry.host == chains.operators.host).collect();
        assert_eq!(of_operator.iter().map(|entry| entry.act.status).collect::<Vec<_>>(), [204, 203, 202, 201, 200]);
        assert!(found.len() - of_operator.len() < 30);
        // What is taken off either end is missed, here by its own note,
        let whole = std::cell::RefCell::new(Vec::new());
        store.tamper_with_audit(|entries| whole.borrow_mut().clone_from(entries));
        for host in [chains.operators.host, chains.tenants.host] {
            store.tamper_with_audit(|entries| {
                let last = entries.iter().rposition(|entry| entry.host == host).expect("there");
                entries.remove(last);
            });
            assert!(broken(&audit).await.is_some());
            store.tamper_with_audit(|entries| entries.clone_from(&whole.borrow()));
        }
        // and by the other chain where nothing was noted.
        let other = Audit::new(store.clone(), AuditKey::new(KEY), AuditChains::generate(), 20);
        assert_eq!(broken(&other).await, None);
        store.tamper_with_audit(|entries| entries.retain(|entry| entry.act.status != 204));
        assert_eq!(broken(&other).await, Some((5, "it was noted elsewhere, and it is missing")));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_counted_is_not_lost_with_the_process_or_while_the_store_is_away() {
        let store = Arc::new(MemoryStore::new());
        let audit = audit(&store, 20_000);
        audit.ready().await.expect("nothing is left over");
        let (acme, globex) = (tenant(&store, "acme").await, tenant(&store, "globex").await);
        for of in [&acme, &globex] {
            for _ in 0..ENTRIES / 2 + 3 {
                audit.record(None, &bound(of), about(of, 403)).await.expect("counted");
            }
        }
        store.set_available(false);
        assert!(audit.tend(true).await.is_err());
        store.set_available(true);
        audit.tend(true).await.expect("told");
        let told: Vec<_> = all(&audit, None).await.into_iter().filter(|entry| entry.act.operation == REFUSED).collect();
        let counts: Vec<_> = told.iter().filter_map(|entry| entry.act.subject.as_deref()).collect();
        assert_eq!(counts, ["3", "3"]);
    }

    #[tokio::test]
    async fn the_chain_of_a_host_that_had_but_one_goes_on_as_the_operators() {
        let store = Arc::new(MemoryStore::new());
        let host = HostId::generate();
        let acme = tenant(&store, "acme").await;
        // As such a host wrote it: everybody's acts in one.
        let (key, mut last) = (AuditKey::new(KEY), None);
        for status in [200, 403] {
            let made = (AuditId::generate(), Timestamp::now(), about(&acme, status));
            let entry = AuditEntry::new(&key, host, last, None, made);
            last = Some(entry.link());
            store.append_audit(&[entry]).await.expect("it is the next");
        }
        let audit = Audit::new(store.clone(), AuditKey::new(KEY), chains(host, None), 1_000);
        audit.record(None, &operator(), act(201)).await.expect("recorded");
        audit.record(None, &bound(&acme), about(&acme, 404)).await.expect("recorded");
        let heads = audit.verify(&operator()).await.expect("readable").heads;
        let number = |of: &dyn Fn(&HostId) -> bool| heads.iter().find(|head| of(&head.host)).map(|head| head.number);
        assert_eq!((number(&|of| *of == host), number(&|of| *of != host)), (Some(3), Some(1)));
        assert_eq!(broken(&audit).await, None);
        let statuses: Vec<_> = all(&audit, None).await.iter().map(|entry| entry.act.status).collect();
        assert_eq!(statuses, [404, 201, 403, 200]);
    }
}

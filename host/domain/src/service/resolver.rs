//! From a name to what runs under it, kept in memory so that a known function needs no store. Local writes are seen at once,
//! other hosts' when they tell of it and after at most the age limit, and while the store is gone the last known answer goes on serving. What is kept of a
//! function is in `target`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::authority::Authority;
use super::outbox::Outbox;
use super::rulebook::Rulebook;
use super::target::{Choice, Target};
use crate::access::TenantScope;
use crate::execute::GuestExecutor;
use crate::function::{Function, Version};
use crate::ids::{FunctionName, TenantSlug};
use crate::notice::Notice;
use crate::repository::{Repository, RepositoryError};
use crate::tenant::TenantStatus;

/// Names kept; past it all are forgotten, which costs a look-up each.
const MAX_ENTRIES: usize = 100_000;

#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error("there is no such function")]
    UnknownFunction,
    #[error("nothing has been deployed to the function yet")]
    NotDeployed,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

pub struct Resolver {
    repository: Arc<dyn Repository>,
    executor: Arc<dyn GuestExecutor>,
    authority: Arc<Authority>,
    rulebook: Arc<Rulebook>,
    /// `None`: this host is the only one that writes, and what it wrote it forgot itself.
    max_age: Option<Duration>,
    outbox: Arc<Outbox>,
    // Held for one look-up or change, never across an await.
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// Counts writes. What was read from the store before a write and arrives after it must not be kept.
    generation: u64,
    entries: usize,
    tenants: HashMap<TenantSlug, HashMap<FunctionName, Arc<Entry>>>,
}

struct Entry {
    target: Arc<Target>,
    /// `None`: another host has written to it since.
    checked: Mutex<Option<Instant>>,
    refreshing: AtomicBool,
}

impl Entry {
    fn doubt(&self) {
        *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Lets the next one refresh, also when this one was dropped on the way.
struct Refreshing<'e>(&'e Entry);

impl Drop for Refreshing<'_> {
    fn drop(&mut self) {
        self.0.refreshing.store(false, Ordering::Release);
    }
}

impl Resolver {
    pub(super) fn new(
        repository: Arc<dyn Repository>,
        executor: Arc<dyn GuestExecutor>,
        (authority, rulebook): (Arc<Authority>, Arc<Rulebook>),
        (max_age, outbox): (Option<Duration>, Arc<Outbox>),
    ) -> Self {
        Self { repository, executor, authority, rulebook, max_age, outbox, known: RwLock::default() }
    }

    pub async fn resolve(&self, tenant: &TenantSlug, function: &FunctionName) -> Result<Arc<Target>, ResolveError> {
        let Some(entry) = self.entry(tenant, function) else { return self.load(tenant, function).await };
        if self.is_fresh(&entry) {
            return Ok(entry.target.clone());
        }
        // One asks; whoever comes meanwhile takes what is known, so that a slow store slows down one request and not all.
        if entry.refreshing.swap(true, Ordering::AcqRel) {
            return Ok(entry.target.clone());
        }
        let _refreshing = Refreshing(&entry);
        match self.load(tenant, function).await {
            Err(ResolveError::Repository(RepositoryError::Unavailable(_))) => {
                *entry.checked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                Ok(entry.target.clone())
            }
            Err(error @ (ResolveError::UnknownFunction | ResolveError::NotDeployed)) => {
                self.remove(tenant, function);
                Err(error)
            }
            other => other,
        }
    }

    /// To be called after a write to this function, successful or not.
    pub fn forget(&self, tenant: &TenantSlug, function: &FunctionName) {
        self.remove(tenant, function);
        self.outbox.add(Notice::Function(tenant.clone(), function.clone()));
    }

    fn remove(&self, tenant: &TenantSlug, function: &FunctionName) {
        self.change(|known| {
            if let Some(functions) = known.tenants.get_mut(tenant)
                && functions.remove(function).is_some()
            {
                known.entries -= 1;
            }
        });
    }

    /// To be called after a write to the tenant itself.
    pub fn forget_tenant(&self, tenant: &TenantSlug) {
        self.change(|known| known.entries -= known.tenants.remove(tenant).map_or(0, |functions| functions.len()));
        self.outbox.add(Notice::Tenant(tenant.clone()));
    }

    /// To be called after a write of which it is not known whom it concerned.
    pub fn forget_all(&self) {
        self.change(|known| {
            known.tenants.clear();
            known.entries = 0;
        });
        self.outbox.add(Notice::Everything);
    }

    /// To be called after another host wrote. What is known goes on serving until the store was asked, and where it cannot be.
    pub(super) fn heard(&self, notice: &Notice) {
        let doubt = |functions: &HashMap<FunctionName, Arc<Entry>>| functions.values().for_each(|entry| entry.doubt());
        self.change(|known| match notice {
            Notice::Everything => known.tenants.values().for_each(doubt),
            Notice::Tenant(tenant) => known.tenants.get(tenant).into_iter().for_each(doubt),
            Notice::Function(tenant, function) => {
                if let Some(entry) = known.tenants.get(tenant).and_then(|functions| functions.get(function)) {
                    entry.doubt();
                }
            }
            Notice::Routes | Notice::Keys => {}
        });
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.generation += 1;
        change(&mut known);
    }

    fn entry(&self, tenant: &TenantSlug, function: &FunctionName) -> Option<Arc<Entry>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.tenants.get(tenant)?.get(function).cloned()
    }

    fn is_fresh(&self, entry: &Entry) -> bool {
        let checked = || *entry.checked.lock().unwrap_or_else(PoisonError::into_inner);
        self.max_age.is_none_or(|max_age| checked().is_some_and(|checked| checked.elapsed() < max_age))
    }

    async fn load(&self, slug: &TenantSlug, name: &FunctionName) -> Result<Arc<Target>, ResolveError> {
        let generation = self.known.read().unwrap_or_else(PoisonError::into_inner).generation;
        let asked = Instant::now();
        let tenant = self.repository.tenant_by_slug(slug).await?.ok_or(ResolveError::UnknownFunction)?;
        let scope = TenantScope::of_route(&tenant);
        let mut function = self.repository.function(&scope, name).await?.ok_or(ResolveError::UnknownFunction)?;
        let mut versions = self.versions(&scope, &function).await?;
        // What an alias named a moment ago may be gone since the alias was changed.
        while let Some(changed) = self.changed_meanwhile(&scope, &function, &versions).await? {
            versions = self.versions(&scope, &changed).await?;
            function = changed;
        }
        let choices = function.aliases.iter().filter_map(|(alias_name, alias)| {
            let code_key = |code: &_| self.executor.code_key(code);
            Some((alias_name.clone(), Choice::new(&scope, &function, (alias_name, alias), &versions, code_key)?))
        });
        let aliases: Box<[_]> = choices.collect();
        if aliases.is_empty() {
            return Err(ResolveError::NotDeployed);
        }
        let (limits, admission) = self.rulebook.of(&tenant, Some(&function));
        let egress = Arc::new(self.authority.of(&tenant, Some(&function), None));
        let mut env = tenant.env;
        env.extend(function.env);
        let target = Arc::new(Target {
            limits,
            admission,
            suspended: tenant.status == TenantStatus::Suspended,
            scope: Arc::new(scope),
            function: name.clone(),
            egress,
            env: env.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect(),
            aliases,
        });
        self.keep(generation, asked, &target);
        Ok(target)
    }

    /// The function as it is now, where versions are missing and it is another one than before.
    async fn changed_meanwhile(
        &self,
        scope: &TenantScope,
        function: &Function,
        versions: &[Version],
    ) -> Result<Option<Function>, ResolveError> {
        let is_there = |id: &_| versions.iter().any(|version| version.id == *id);
        let mut named = function.aliases.values().flat_map(|alias| alias.split.shares());
        if named.all(|share| is_there(&share.version)) {
            return Ok(None);
        }
        let now = self.repository.function(scope, &function.name).await?.ok_or(ResolveError::UnknownFunction)?;
        Ok((now != *function).then_some(now))
    }

    /// The versions that the function's aliases name, each once.
    async fn versions(&self, scope: &TenantScope, function: &Function) -> Result<Vec<Version>, RepositoryError> {
        let mut versions: Vec<Version> = Vec::new();
        for share in function.aliases.values().flat_map(|alias| alias.split.shares()) {
            if versions.iter().all(|version| version.id != share.version) {
                versions.extend(self.repository.version(scope, &function.name, &share.version).await?);
            }
        }
        Ok(versions)
    }

    fn keep(&self, generation: u64, asked: Instant, target: &Arc<Target>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            return;
        }
        if known.entries >= MAX_ENTRIES {
            known.tenants.clear();
            known.entries = 0;
        }
        let entry =
            Entry { target: target.clone(), checked: Mutex::new(Some(asked)), refreshing: AtomicBool::new(false) };
        let functions = known.tenants.entry(target.scope.slug().clone()).or_default();
        if functions.insert(target.function.clone(), Arc::new(entry)).is_none() {
            known.entries += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_guests::FakeGuests;
    use crate::fakes::MemoryStore;
    use crate::limits::{Admission, Limits};
    use crate::tenant::Tenant;

    #[tokio::test]
    async fn what_was_read_before_a_write_is_not_kept_after_it() {
        let authority = Arc::new(Authority::new(None, crate::secret::MasterKey::new([1; 32])));
        let store = Arc::new(MemoryStore::new());
        let rulebook = Rulebook::new(store.clone(), (Limits::DEFAULT, Admission::DEFAULT), Arc::default());
        let known_as = (authority, Arc::new(rulebook));
        let resolver = Resolver::new(store, Arc::new(FakeGuests::new()), known_as, (None, Arc::default()));
        let slug = TenantSlug::parse("acme").expect("valid");
        let function = FunctionName::parse("hello").expect("valid");
        let target = Arc::new(Target {
            scope: Arc::new(TenantScope::of_route(&Tenant::new(slug.clone(), jiff::Timestamp::UNIX_EPOCH))),
            suspended: false,
            limits: Limits::DEFAULT,
            admission: Admission::DEFAULT,
            function: function.clone(),
            env: Arc::from([]),
            egress: Arc::default(),
            aliases: Box::default(),
        });
        let generation = resolver.known.read().expect("not poisoned").generation;
        resolver.forget(&slug, &function);
        resolver.keep(generation, Instant::now(), &target);
        assert!(resolver.entry(&slug, &function).is_none());
        resolver.keep(generation + 1, Instant::now(), &target);
        assert!(resolver.entry(&slug, &function).is_some());
        resolver.forget_tenant(&slug);
        assert_eq!(resolver.known.read().expect("not poisoned").entries, 0);
    }
}

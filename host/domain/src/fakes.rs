//! In-memory stand-ins for the ports, for tests. The contract suite in `storage` holds them to the same promises as the real
//! implementations, so that a use case tested against them means something.

mod answers;
mod audit;
mod contents;
mod logs;
mod notices;
mod rates;
mod routes;
mod series;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use crate::access::TenantScope;
use crate::answer::Remembered;
use crate::audit::AuditEntry;
use crate::function::{Function, Version};
use crate::ids::{AuditId, Digest, FunctionName, KeyId, RunId, TenantId, TenantSlug, VersionId};
use crate::key::Key;
use crate::key_mark::KeyMark;
use crate::log::StoredLogs;
use crate::notice::Notice;
use crate::repository::{
    FunctionRepository, KeyRepository, Page, Removal, Repository, RepositoryError, TenantRepository, WriteError,
};
use crate::route::{RouteHost, Routing};
use crate::run::Run;
use crate::series::{Place, Tallies};
use crate::tenant::Tenant;

/// A repository that forgets everything when it is dropped.
pub struct MemoryStore {
    // One lock, held for the length of one method and never across an await: every method is one atomic step.
    contents: Mutex<Contents>,
    told: broadcast::Sender<Notice>,
}

#[derive(Default)]
struct Contents {
    unavailable: bool,
    slugs: BTreeMap<TenantSlug, TenantId>,
    tenants: HashMap<TenantId, Tenant>,
    keys: BTreeMap<Digest, Key>,
    functions: BTreeMap<(TenantId, FunctionName), Function>,
    versions: BTreeMap<(TenantId, FunctionName, u64), Version>,
    hosts: HashMap<RouteHost, TenantId>,
    routing: HashMap<TenantId, Routing>,
    runs: BTreeMap<(TenantId, RunId), Run>,
    blobs: HashMap<Digest, Bytes>,
    answers: BTreeMap<(TenantId, Digest), Remembered>,
    audit: Vec<AuditEntry>,
    begun: BTreeMap<AuditId, AuditEntry>,
    logs: HashMap<TenantId, VecDeque<StoredLogs>>,
    rates: HashMap<TenantId, tokio::time::Instant>,
    series: BTreeMap<(TenantId, Place), Tallies>,
    key_mark: Option<KeyMark>,
}

impl Contents {
    /// What the versions and runs of these tenants name.
    fn named(&self, of: impl Fn(&TenantId) -> bool) -> BTreeSet<Digest> {
        let versions = self.versions.iter().filter(|((owner, _, _), _)| of(owner)).map(|(_, version)| version.digest);
        let runs = self.runs.iter().filter(|((owner, _), _)| of(owner));
        versions.chain(runs.filter_map(|(_, run)| run.result.as_ref().map(|result| result.code))).collect()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { contents: Mutex::default(), told: broadcast::Sender::new(64) }
    }
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::default()
    }

    /// With `false` every call fails with `Unavailable` and changes nothing, until it is set to `true` again.
    pub fn set_available(&self, available: bool) {
        self.lock().unavailable = !available;
    }

    /// The answers that are remembered, whosever they are.
    pub fn remembered(&self) -> Vec<Remembered> {
        self.lock().answers.values().cloned().collect()
    }

    /// Does something to the audit that no use case does.
    pub fn tamper_with_audit(&self, tamper: impl FnOnce(&mut Vec<AuditEntry>)) {
        tamper(&mut self.lock().audit);
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, Contents>, RepositoryError> {
        let contents = self.lock();
        if contents.unavailable {
            return Err(RepositoryError::Unavailable("it was switched off".to_owned()));
        }
        Ok(contents)
    }
}

/// The first `limit` of what an iterator gives.
fn page<T>(mut items: impl Iterator<Item = T>, limit: usize) -> Page<T> {
    let taken = items.by_ref().take(limit).collect();
    Page { items: taken, more: items.next().is_some() }
}

#[async_trait]
impl TenantRepository for MemoryStore {
    async fn create_tenant(&self, tenant: &Tenant) -> Result<(), WriteError> {
        let mut contents = self.open()?;
        if contents.slugs.contains_key(&tenant.slug) || contents.tenants.contains_key(&tenant.id) {
            return Err(WriteError::Exists);
        }
        contents.slugs.insert(tenant.slug.clone(), tenant.id);
        contents.tenants.insert(tenant.id, tenant.clone());
        Ok(())
    }

    async fn tenant_by_slug(&self, slug: &TenantSlug) -> Result<Option<Tenant>, RepositoryError> {
        let contents = self.open()?;
        Ok(contents.slugs.get(slug).and_then(|id| contents.tenants.get(id)).cloned())
    }

    async fn tenant_by_id(&self, id: &TenantId) -> Result<Option<Tenant>, RepositoryError> {
        Ok(self.open()?.tenants.get(id).cloned())
    }

    async fn update_tenant(
        &self,
        id: &TenantId,
        change: &(dyn for<'t> Fn(&'t mut Tenant) + Send + Sync),
    ) -> Result<Tenant, WriteError> {
        let mut contents = self.open()?;
        let stored = contents.tenants.get_mut(id).ok_or(WriteError::Missing)?;
        let mut changed = stored.clone();
        change(&mut changed);
        changed.id = stored.id;
        changed.slug.clone_from(&stored.slug);
        stored.clone_from(&changed);
        Ok(changed)
    }

    async fn delete_tenant(&self, id: &TenantId) -> Result<BTreeSet<Digest>, WriteError> {
        let mut contents = self.open()?;
        let named = contents.named(|owner| owner == id);
        let tenant = contents.tenants.remove(id).ok_or(WriteError::Missing)?;
        contents.slugs.remove(&tenant.slug);
        contents.keys.retain(|_, key| key.tenant != Some(*id));
        contents.functions.retain(|(owner, _), _| owner != id);
        contents.versions.retain(|(owner, _, _), _| owner != id);
        contents.runs.retain(|(owner, _), _| owner != id);
        contents.answers.retain(|(owner, _), _| owner != id);
        contents.hosts.retain(|_, owner| owner != id);
        contents.routing.remove(id);
        contents.logs.remove(id);
        contents.series.retain(|(owner, _), _| owner != id);
        Ok(named)
    }

    async fn stored_bytes(&self, tenant: &TenantScope) -> Result<u64, RepositoryError> {
        Ok(self.open()?.stored_bytes(&tenant.id()))
    }

    async fn list_tenants(&self, after: Option<&TenantSlug>, limit: usize) -> Result<Page<Tenant>, RepositoryError> {
        let contents = self.open()?;
        let later = contents.slugs.iter().filter(|(slug, _)| after.is_none_or(|after| *slug > after));
        Ok(page(later.filter_map(|(_, id)| contents.tenants.get(id)).cloned(), limit))
    }
}

#[async_trait]
impl KeyRepository for MemoryStore {
    async fn create_key(&self, key: &Key) -> Result<(), WriteError> {
        let mut contents = self.open()?;
        if key.tenant.is_some_and(|tenant| !contents.tenants.contains_key(&tenant)) {
            return Err(WriteError::Missing);
        }
        let same_id = |other: &Key| key.tenant.is_some() && other.tenant == key.tenant && other.id == key.id;
        if contents.keys.contains_key(&key.hash) || contents.keys.values().any(same_id) {
            return Err(WriteError::Exists);
        }
        contents.keys.insert(key.hash, key.clone());
        Ok(())
    }

    async fn key_by_hash(&self, hash: &Digest) -> Result<Option<Key>, RepositoryError> {
        Ok(self.open()?.keys.get(hash).cloned())
    }

    async fn update_key(
        &self,
        hash: &Digest,
        change: &(dyn for<'k> Fn(&'k mut Key) + Send + Sync),
    ) -> Result<Key, WriteError> {
        let mut contents = self.open()?;
        let stored = contents.keys.get_mut(hash).ok_or(WriteError::Missing)?;
        let mut changed = stored.clone();
        change(&mut changed);
        (changed.id, changed.hash, changed.tenant) = (stored.id, stored.hash, stored.tenant);
        stored.clone_from(&changed);
        Ok(changed)
    }

    async fn list_keys(&self, tenant: &TenantScope) -> Result<Vec<Key>, RepositoryError> {
        let contents = self.open()?;
        let mut keys: Vec<Key> =
            contents.keys.values().filter(|key| key.tenant == Some(tenant.id())).cloned().collect();
        keys.sort_by_key(|key| key.id);
        Ok(keys)
    }

    async fn delete_key(&self, tenant: &TenantScope, id: &KeyId) -> Result<(), WriteError> {
        let mut contents = self.open()?;
        let before = contents.keys.len();
        contents.keys.retain(|_, key| key.tenant != Some(tenant.id()) || key.id != *id);
        if contents.keys.len() < before { Ok(()) } else { Err(WriteError::Missing) }
    }

    async fn list_global_keys(&self) -> Result<Vec<Key>, RepositoryError> {
        let contents = self.open()?;
        let mut keys: Vec<Key> = contents.keys.values().filter(|key| key.tenant.is_none()).cloned().collect();
        keys.sort_by_key(|key| key.id);
        Ok(keys)
    }

    async fn delete_global_key(&self, hash: &Digest) -> Result<(), WriteError> {
        let mut contents = self.open()?;
        if contents.keys.get(hash).is_none_or(|key| key.tenant.is_some()) {
            return Err(WriteError::Missing);
        }
        contents.keys.remove(hash);
        Ok(())
    }
}

#[async_trait]
impl FunctionRepository for MemoryStore {
    async fn create_function(&self, tenant: &TenantScope, function: &Function) -> Result<(), WriteError> {
        let mut contents = self.open()?;
        if !contents.tenants.contains_key(&tenant.id()) {
            return Err(WriteError::Missing);
        }
        let place = (tenant.id(), function.name.clone());
        if contents.functions.contains_key(&place) {
            return Err(WriteError::Exists);
        }
        contents.functions.insert(place, function.clone());
        Ok(())
    }

    async fn function(&self, tenant: &TenantScope, name: &FunctionName) -> Result<Option<Function>, RepositoryError> {
        Ok(self.open()?.functions.get(&(tenant.id(), name.clone())).cloned())
    }

    async fn list_functions(
        &self,
        tenant: &TenantScope,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> Result<Page<Function>, RepositoryError> {
        let contents = self.open()?;
        let wanted = |name: &FunctionName| after.is_none_or(|after| name > after);
        let own = contents.functions.iter().filter(|((owner, name), _)| *owner == tenant.id() && wanted(name));
        Ok(page(own.map(|(_, function)| function.clone()), limit))
    }

    async fn update_function(
        &self,
        tenant: &TenantScope,
        name: &FunctionName,
        change: &(dyn for<'f> Fn(&'f mut Function) + Send + Sync),
    ) -> Result<Function, WriteError> {
        let mut contents = self.open()?;
        let stored = contents.functions.get_mut(&(tenant.id(), name.clone())).ok_or(WriteError::Missing)?;
        let mut changed = stored.clone();
        change(&mut changed);
        // The name is the record's place, and the counts are of `add_version` and `delete_version`: none is for the caller to change.
        changed.name.clone_from(&stored.name);
        (changed.next_number, changed.removals) = (stored.next_number, stored.removals);
        stored.clone_from(&changed);
        Ok(changed)
    }

    async fn delete_function(&self, tenant: &TenantScope, name: &FunctionName) -> Result<BTreeSet<Digest>, WriteError> {
        let mut contents = self.open()?;
        contents.functions.remove(&(tenant.id(), name.clone())).ok_or(WriteError::Missing)?;
        let mut named = BTreeSet::new();
        contents.versions.retain(|(owner, function, _), version| {
            let stays = *owner != tenant.id() || function != name;
            if !stays {
                named.insert(version.digest);
            }
            stays
        });
        Ok(named)
    }

    async fn add_version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        mut version: Version,
    ) -> Result<(Version, bool), WriteError> {
        let contents = &mut *self.open()?;
        let owner = contents.functions.get_mut(&(tenant.id(), function.clone())).ok_or(WriteError::Missing)?;
        let same = |((at, name, _), known): &(&(TenantId, FunctionName, u64), &Version)| {
            *at == tenant.id() && name == function && known.digest == version.digest
        };
        if let Some((_, known)) = contents.versions.iter().find(same) {
            return Ok((known.clone(), false));
        }
        version.number = owner.next_number;
        owner.next_number += 1;
        contents.versions.insert((tenant.id(), function.clone(), version.number), version.clone());
        Ok((version, true))
    }

    async fn version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Option<Version>, RepositoryError> {
        let contents = self.open()?;
        let own = contents.versions.iter().filter(|((at, name, _), _)| *at == tenant.id() && name == function);
        Ok(own.map(|(_, version)| version).find(|version| version.id == *id).cloned())
    }

    async fn delete_version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Removal, WriteError> {
        let contents = &mut *self.open()?;
        let owner = contents.functions.get_mut(&(tenant.id(), function.clone())).ok_or(WriteError::Missing)?;
        let mut own = contents.versions.iter().filter(|((at, name, _), _)| *at == tenant.id() && name == function);
        let (place, digest) = own
            .find(|(_, version)| version.id == *id)
            .map(|(place, version)| (place.clone(), version.digest))
            .ok_or(WriteError::Missing)?;
        if let Err(alias) = owner.let_go(id) {
            return Ok(Removal::Named(alias));
        }
        contents.versions.remove(&place);
        Ok(Removal::Gone(digest))
    }

    async fn list_versions(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Version>, RepositoryError> {
        let contents = self.open()?;
        let wanted = |number: u64| before.is_none_or(|before| number < before);
        let own = contents
            .versions
            .iter()
            .rev()
            .filter(|((at, name, number), _)| *at == tenant.id() && name == function && wanted(*number));
        Ok(page(own.map(|(_, version)| version.clone()), limit))
    }
}

#[async_trait]
impl Repository for MemoryStore {
    async fn check(&self) -> Result<(), RepositoryError> {
        self.open().map(drop)
    }

    async fn key_mark(&self, ours: &KeyMark) -> Result<KeyMark, RepositoryError> {
        Ok(self.open()?.key_mark.get_or_insert_with(|| ours.clone()).clone())
    }

    async fn flush(&self) -> Result<(), RepositoryError> {
        self.open().map(drop)
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}

//! How much a tenant may have stored: the sources of its versions and runs, and its records with their variables and secrets. What the
//! store says it has is believed for a while, and what is let in meanwhile is added; before anybody is refused the store is asked again. Logs
//! and series are not counted: they have bounds of their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::rulebook::Rulebook;
use crate::access::TenantScope;
use crate::ids::TenantId;
use crate::repository::{Repository, RepositoryError};

/// How long a count is believed. Other hosts may store as much as fits into that time on top.
const BELIEVED_FOR: Duration = Duration::from_secs(10);
/// Counting takes a while, so whoever is refused cannot have it done for each attempt.
const COUNTED_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Tenants whose count is remembered; forgotten all at once when there are more.
const REMEMBERED: usize = 4_096;
/// What a record takes beside what its author put into it.
pub(super) const RECORD_BYTES: u64 = 512;

/// The tenant has stored what it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tenant has {stored_bytes} bytes stored and may have {limit_bytes}; delete what is no longer used")]
pub struct StorageFull {
    pub stored_bytes: u64,
    pub limit_bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error(transparent)]
    Full(#[from] StorageFull),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

pub(super) struct Storage {
    repository: Arc<dyn Repository>,
    rulebook: Arc<Rulebook>,
    // Held to find or make an entry, never across an await.
    counted: Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<Count>>>>,
}

/// Held while the store counts, so that all of a tenant's writes wait for one count.
#[derive(Default)]
struct Count {
    at: Option<Instant>,
    bytes: u64,
}

impl Storage {
    pub(super) fn new(repository: Arc<dyn Repository>, rulebook: Arc<Rulebook>) -> Self {
        Self { repository, rulebook, counted: Mutex::default() }
    }

    /// Takes room for so many bytes that are about to be stored. What comes of the write is seen by the next count.
    pub(super) async fn take(&self, tenant: &TenantScope, bytes: u64) -> Result<(), StorageError> {
        // Whoever writes to a tenant that is gone is told so by the write.
        let Some(owner) = self.repository.tenant_by_id(&tenant.id()).await? else { return Ok(()) };
        let limit_bytes = self.rulebook.of(&owner, None).1.stored_bytes;
        self.take_within(limit_bytes, tenant, bytes).await
    }

    /// The same by who knows what the tenant may have.
    pub(super) async fn take_within(
        &self,
        limit_bytes: Option<u64>,
        tenant: &TenantScope,
        bytes: u64,
    ) -> Result<(), StorageError> {
        let Some(limit_bytes) = limit_bytes else { return Ok(()) };
        let count = self.count(tenant.id());
        let mut count = count.lock().await;
        let fits = |count: &Count| count.bytes.saturating_add(bytes) <= limit_bytes;
        let believed_for = if fits(&count) { BELIEVED_FOR } else { COUNTED_AGAIN_AFTER };
        if count.at.is_none_or(|at| at.elapsed() >= believed_for) {
            let stored = self.repository.stored_bytes(tenant).await?;
            *count = Count { at: Some(Instant::now()), bytes: stored };
        }
        if !fits(&count) {
            return Err(StorageFull { stored_bytes: count.bytes, limit_bytes }.into());
        }
        count.bytes = count.bytes.saturating_add(bytes);
        Ok(())
    }

    fn count(&self, tenant: TenantId) -> Arc<tokio::sync::Mutex<Count>> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= REMEMBERED && !counted.contains_key(&tenant) {
            counted.clear();
        }
        counted.entry(tenant).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::fakes::MemoryStore;
    use crate::function::Function;
    use crate::ids::{EnvName, FunctionName, TenantSlug};
    use crate::limits::{Admission, LimitBounds, Limits};
    use crate::repository::{FunctionRepository as _, TenantRepository as _};
    use crate::tenant::Tenant;

    /// A tenant whose plan lets it store so much, and the function that fills it.
    async fn tenant(store: &Arc<MemoryStore>, stored_bytes: Option<u64>) -> (Storage, TenantScope) {
        let plans =
            Arc::new(BTreeMap::from([("small".to_owned(), LimitBounds { stored_bytes, ..LimitBounds::default() })]));
        let admission = Admission { stored_bytes: None, ..Admission::DEFAULT };
        let rulebook = Rulebook::new(store.clone(), (Limits::DEFAULT, admission), plans);
        let slug = TenantSlug::parse("acme").expect("valid");
        let tenant = Tenant { plan: "small".to_owned(), ..Tenant::new(slug, Timestamp::UNIX_EPOCH) };
        store.create_tenant(&tenant).await.expect("made");
        let scope = TenantScope::of_route(&tenant);
        let name = FunctionName::parse("hello").expect("valid");
        store.create_function(&scope, &Function::new(name, Timestamp::UNIX_EPOCH)).await.expect("made");
        (Storage::new(store.clone(), Arc::new(rulebook)), scope)
    }

    async fn fill(store: &MemoryStore, scope: &TenantScope, bytes: usize) {
        let (name, variable) = (FunctionName::parse("hello").expect("valid"), EnvName::parse("A").expect("valid"));
        let fill = |stored: &mut Function| drop(stored.env.insert(variable.clone(), "x".repeat(bytes)));
        store.update_function(scope, &name, &fill).await.expect("it is there");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stored_counts_and_what_is_about_to_be() {
        let store = Arc::new(MemoryStore::new());
        let (storage, scope) = tenant(&store, Some(100_000)).await;
        fill(&store, &scope, 60_000).await;
        assert!(matches!(storage.take(&scope, 50_000).await, Err(StorageError::Full(_))));
        storage.take(&scope, 20_000).await.expect("room");
        // Not stored yet, and counted all the same.
        assert!(matches!(storage.take(&scope, 20_000).await, Err(StorageError::Full(_))));
        tokio::time::advance(COUNTED_AGAIN_AFTER).await;
        storage.take(&scope, 20_000).await.expect("it never was stored");
        fill(&store, &scope, 10).await;
        tokio::time::advance(COUNTED_AGAIN_AFTER).await;
        storage.take(&scope, 90_000).await.expect("room was made");
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_stored_is_seen_by_and_by() {
        let store = Arc::new(MemoryStore::new());
        let (storage, scope) = tenant(&store, Some(100_000)).await;
        storage.take(&scope, 1).await.expect("room");
        fill(&store, &scope, 99_999).await;
        storage.take(&scope, 1).await.expect("believed");
        tokio::time::advance(BELIEVED_FOR).await;
        assert!(matches!(storage.take(&scope, 1).await, Err(StorageError::Full(_))));
        store.set_available(false);
        assert!(matches!(storage.take(&scope, 1).await, Err(StorageError::Repository(_))));
    }

    #[tokio::test]
    async fn without_a_bound_nothing_is_counted() {
        let store = Arc::new(MemoryStore::new());
        let (storage, scope) = tenant(&store, None).await;
        for _ in 0..3 {
            storage.take(&scope, u64::MAX / 2).await.expect("room");
        }
    }
}

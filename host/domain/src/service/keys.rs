//! API keys: minting, rotating, listing, revoking, and recognising one. Those that are bound to no tenant are handed out in `global`;
//! sessions that stand for a key are in `sign_in`; when keys were last used is in `key_use`.

mod global;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

pub use self::global::Brought;
use super::key_use::KeyUse;
use super::outbox::Outbox;
use super::to_the_end::to_the_end;
use crate::access::{Credential, Preset, TenantScope};
use crate::bounds::Bounds;
use crate::ids::{Digest, KeyId};
use crate::key::{self, Key, KeyPepper, KeySecret};
use crate::notice::Notice;
use crate::repository::{Repository, RepositoryError, WriteError};

/// How long a key found once is believed without asking the store: the design's bound on a revocation.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// Keys believed at one time; past it all are forgotten, which costs a look-up each.
const MAX_BELIEVED: usize = 4_096;
/// Keys of one tenant that are good at one time.
pub const MAX_KEYS: usize = 1_000;
/// The longest name of a key, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// The longest time that a rotated key can stay good beside its successor.
pub const MAX_GRACE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a key of preset `{}` would do more than the one that asks for it", .0.as_str())]
    Exceeds(Preset),
    #[error(
        "the key would reach more functions, be good from more networks, or last longer, than the one that asks for it"
    )]
    Unbounded,
    #[error("keys of preset `{}` do not have all of these scopes", .0.as_str())]
    NotOfPreset(Preset),
    #[error("keys of preset `{}` reach all tenants and are not made within one", .0.as_str())]
    NotForTenants(Preset),
    #[error("keys of preset `{}` are bound to a tenant and are made within it", .0.as_str())]
    NotForAll(Preset),
    #[error("keys that reach all tenants are for the operator: an admin key is needed")]
    NotTheOperator,
    #[error("this is the last admin key that never ends: make another one before this one goes")]
    LastAdmin,
    #[error("a key may not outlive the one that asks for it")]
    Outlives,
    #[error("the time at which it is to expire is not in the future")]
    Past,
    #[error("a tenant can have {MAX_KEYS} keys")]
    TooMany,
    #[error("there is no such key")]
    Unknown,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<WriteError> for KeyError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Exists | WriteError::Missing => Self::Unknown,
            WriteError::Repository(error) => Self::Repository(error),
        }
    }
}

/// A key as it is asked for.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub preset: Preset,
    pub name: String,
    pub bounds: Bounds,
}

impl NewKey {
    /// Without a name, and without bounds of its own.
    pub fn of(preset: Preset) -> Self {
        Self { preset, name: String::new(), bounds: Bounds::default() }
    }
}

/// A key that took another one's place.
pub struct Rotated {
    pub key: Key,
    pub secret: KeySecret,
    /// Until when the one before is good.
    pub replaced_until: Timestamp,
}

pub struct Keys {
    repository: Arc<dyn Repository>,
    pepper: KeyPepper,
    used: Arc<KeyUse>,
    outbox: Arc<Outbox>,
    // Held for a look-up or an insertion, never across an await.
    believed: Arc<Mutex<HashMap<Digest, (Credential, Instant)>>>,
    /// Held while a key of all tenants goes, so that no two take each other for the one that stays.
    ending: tokio::sync::Mutex<()>,
}

impl Keys {
    pub(super) fn new(
        repository: Arc<dyn Repository>,
        pepper: KeyPepper,
        used: Arc<KeyUse>,
        outbox: Arc<Outbox>,
    ) -> Self {
        Self { repository, pepper, used, outbox, believed: Arc::default(), ending: tokio::sync::Mutex::default() }
    }

    /// To be called after another host wrote.
    pub(super) fn heard(&self) {
        self.lock().clear();
    }

    /// Makes a key for one tenant. Nobody hands out more than they hold: neither scopes, nor functions, nor networks, nor time. What
    /// is not said about these last three is as it is for the caller.
    pub async fn mint(
        &self,
        caller: &Credential,
        tenant: &TenantScope,
        new: NewKey,
    ) -> Result<(Key, KeySecret), KeyError> {
        if new.preset.is_global() {
            return Err(KeyError::NotForTenants(new.preset));
        }
        let new = narrowed(caller, new)?;
        self.make_room(tenant, self.repository.list_keys(tenant).await?, None).await?;
        let made = self.store(new, Some(tenant)).await?;
        self.fits(tenant, &made.0, None).await?;
        Ok(made)
    }

    /// Makes a key that reaches all tenants, for the host's own start-up and command line; no route leads here.
    pub async fn mint_global(&self, preset: Preset, name: String) -> Result<(Key, KeySecret), KeyError> {
        if !preset.is_global() {
            return Err(KeyError::Exceeds(preset));
        }
        self.store(NewKey { name, ..NewKey::of(preset) }, None).await
    }

    /// Makes a key that may do what this one may, and lets this one be good for so long. Nobody gets a key by it that they could not
    /// have minted.
    pub async fn rotate(
        &self,
        caller: &Credential,
        tenant: &TenantScope,
        id: &KeyId,
        grace: Duration,
    ) -> Result<Rotated, KeyError> {
        let keys = self.repository.list_keys(tenant).await?;
        let old = good(&keys, id)?;
        // They are two only while both are good.
        let leaves = grace.is_zero().then_some(*id);
        check(caller, old.preset, &old.bounds)?;
        self.make_room(tenant, keys, leaves).await?;
        let made = self.successor(&old, Some(tenant)).await?;
        self.fits(tenant, &made.0, leaves).await?;
        self.replace(old, made, grace).await
    }

    /// A key that may do what this one may.
    async fn successor(&self, old: &Key, tenant: Option<&TenantScope>) -> Result<(Key, KeySecret), KeyError> {
        let new = NewKey { preset: old.preset, name: old.name.clone(), bounds: old.bounds.clone() };
        self.store(new, tenant).await
    }

    /// Sees to it that the tenant can have one more key beside these, when one of them leaves: those that have ended go if they stand in
    /// the way, the oldest first.
    async fn make_room(&self, tenant: &TenantScope, keys: Vec<Key>, leaves: Option<KeyId>) -> Result<(), KeyError> {
        if count(&keys, leaves) >= MAX_KEYS {
            return Err(KeyError::TooMany);
        }
        let too_many = (keys.len() + 1).saturating_sub(MAX_KEYS);
        let now = Timestamp::now();
        for key in keys.into_iter().filter(|key| key.bounds.has_expired(now)).take(too_many) {
            match self.repository.delete_key(tenant, &key.id).await {
                Ok(()) | Err(WriteError::Missing) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes a key back that was made at the same moment as others, here or on another host, and is one too many with them.
    async fn fits(&self, tenant: &TenantScope, new: &Key, leaves: Option<KeyId>) -> Result<(), KeyError> {
        if count(&self.repository.list_keys(tenant).await?, leaves) <= MAX_KEYS {
            return Ok(());
        }
        self.repository.delete_key(tenant, &new.id).await?;
        Err(KeyError::TooMany)
    }

    /// Lets a key that has a successor be good for so long.
    async fn replace(&self, old: Key, (key, secret): (Key, KeySecret), grace: Duration) -> Result<Rotated, KeyError> {
        let grace_ends = Timestamp::now() + grace.min(MAX_GRACE);
        let until = old.bounds.expires_at.map_or(grace_ends, |end| end.min(grace_ends));
        let (repository, believed, outbox) = (self.repository.clone(), self.believed.clone(), self.outbox.clone());
        let ended = to_the_end(async move {
            let end = |stored: &mut Key| stored.bounds.expires_at = Some(until);
            let ended = repository.update_key(&old.hash, &end).await;
            believed.lock().unwrap_or_else(PoisonError::into_inner).clear();
            outbox.add(Notice::Keys);
            ended
        });
        ended.await?;
        Ok(Rotated { key, secret, replaced_until: until })
    }

    async fn store(&self, new: NewKey, tenant: Option<&TenantScope>) -> Result<(Key, KeySecret), KeyError> {
        let secret = KeySecret::generate(new.preset);
        let key = self.enter(new, secret.expose(), tenant).await?;
        Ok((key, secret))
    }

    async fn enter(&self, new: NewKey, secret: &str, tenant: Option<&TenantScope>) -> Result<Key, KeyError> {
        let key = Key {
            id: KeyId::generate(),
            name: new.name,
            preset: new.preset,
            tenant: tenant.map(TenantScope::id),
            bounds: new.bounds,
            hash: self.pepper.hash(secret),
            created_at: Timestamp::now(),
            last_used_at: None,
        };
        self.repository.create_key(&key).await?;
        Ok(key)
    }

    /// With what this host knows of their use and has not written yet.
    pub async fn list(&self, tenant: &TenantScope) -> Result<Vec<Key>, RepositoryError> {
        let keys = self.repository.list_keys(tenant).await?;
        Ok(keys.into_iter().map(|key| self.as_used(key)).collect())
    }

    fn as_used(&self, key: Key) -> Key {
        Key { last_used_at: key.last_used_at.max(self.used.of(&key.hash)), ..key }
    }

    pub async fn delete(&self, tenant: &TenantScope, id: &KeyId) -> Result<(), KeyError> {
        let deleted = self.repository.delete_key(tenant, id).await;
        self.ended();
        Ok(deleted?)
    }

    /// To be called after a key was ended, here or, if the answer was lost, perhaps.
    fn ended(&self) {
        self.lock().clear();
        self.outbox.add(Notice::Keys);
    }

    /// What the store knows this text by, or `None` when it cannot be a key: most guesses end here.
    pub(super) fn hash(&self, token: &str) -> Option<Digest> {
        key::is_well_formed(token).then(|| self.pepper.hash(token))
    }

    /// The credential of the key with this hash, if there is such a key and it is still good for whoever asks from there.
    pub(super) async fn by_hash(
        &self,
        hash: &Digest,
        from: Option<IpAddr>,
    ) -> Result<Option<Credential>, RepositoryError> {
        let now = Timestamp::now();
        let good = |credential: &Credential| !credential.bounds.has_expired(now);
        let Some(found) = self.find(hash).await?.filter(good) else { return Ok(None) };
        if !found.bounds.admits(from) {
            // Answered like no key at all, so that a thief does not learn that it is one; the operator does.
            tracing::info!(
                key.id = found.key.map(tracing::field::display),
                client.address = from.map(tracing::field::display),
                "a key was refused: it is not good from this address"
            );
            return Ok(None);
        }
        self.used.note(hash, now);
        Ok(Some(found))
    }

    async fn find(&self, hash: &Digest) -> Result<Option<Credential>, RepositoryError> {
        if let Some((credential, at)) = self.lock().get(hash)
            && at.elapsed() < BELIEVED_FOR
        {
            return Ok(Some(credential.clone()));
        }
        // Taken before the store is asked, so that the answer is never believed for longer than it may be.
        let asked = Instant::now();
        let found = self.repository.key_by_hash(hash).await?.map(|key| key.credential());
        let mut believed = self.lock();
        match &found {
            Some(credential) => {
                if believed.len() >= MAX_BELIEVED {
                    believed.clear();
                }
                believed.insert(*hash, (credential.clone(), asked));
            }
            None => {
                believed.remove(hash);
            }
        }
        drop(believed);
        Ok(found)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, (Credential, Instant)>> {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of that id, if it is still good.
fn good(keys: &[Key], id: &KeyId) -> Result<Key, KeyError> {
    let now = Timestamp::now();
    let usable = |key: &&Key| key.id == *id && !key.bounds.has_expired(now);
    keys.iter().find(usable).cloned().ok_or(KeyError::Unknown)
}

/// Those that are good, without one.
fn count(keys: &[Key], without: Option<KeyId>) -> usize {
    let now = Timestamp::now();
    keys.iter().filter(|key| !key.bounds.has_expired(now) && Some(key.id) != without).count()
}

/// What is asked for, bound by what the caller is bound by, if the caller may hand that out.
fn narrowed(caller: &Credential, new: NewKey) -> Result<NewKey, KeyError> {
    let of_preset = new.preset.scopes();
    if new.bounds.scopes.iter().flatten().any(|scope| !of_preset.contains(scope)) {
        return Err(KeyError::NotOfPreset(new.preset));
    }
    if new.bounds.has_expired(Timestamp::now()) {
        return Err(KeyError::Past);
    }
    let beyond = |end| caller.bounds.expires_at.is_some_and(|own| end > own);
    if new.bounds.expires_at.is_some_and(beyond) {
        return Err(KeyError::Outlives);
    }
    let new = NewKey { bounds: new.bounds.within(&caller.bounds), ..new };
    check(caller, new.preset, &new.bounds)?;
    Ok(new)
}

/// Whether the caller may hand out a key like that.
fn check(caller: &Credential, preset: Preset, bounds: &Bounds) -> Result<(), KeyError> {
    if !caller.may_mint(preset, bounds) {
        return Err(KeyError::Exceeds(preset));
    }
    if caller.bounds.allow(bounds) { Ok(()) } else { Err(KeyError::Unbounded) }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::fakes::MemoryStore;
    use crate::ids::TenantSlug;
    use crate::repository::{KeyRepository as _, TenantRepository as _};
    use crate::tenant::Tenant;

    /// A tenant that has as many keys as it can have.
    async fn full() -> (Arc<MemoryStore>, Keys, TenantScope) {
        let store = Arc::new(MemoryStore::new());
        let keys = Keys::new(store.clone(), KeyPepper::new([1; 32]), Arc::default(), Arc::default());
        let tenant = Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::now());
        store.create_tenant(&tenant).await.expect("created");
        let scope = TenantScope::of_route(&tenant);
        for _ in 0..MAX_KEYS {
            keys.store(NewKey::of(Preset::InvokeOnly), Some(&scope)).await.expect("stored");
        }
        (store, keys, scope)
    }

    async fn end(store: &MemoryStore, key: &Key) {
        let past = Timestamp::now() - SignedDuration::from_secs(1);
        store.update_key(&key.hash, &|stored| stored.bounds.expires_at = Some(past)).await.expect("changed");
    }

    #[tokio::test]
    async fn a_tenant_has_so_many_keys_and_those_that_ended_make_room() {
        let (store, keys, scope) = full().await;
        let operator = Credential::operator();
        let mint = || keys.mint(&operator, &scope, NewKey::of(Preset::ReadOnly));
        assert!(matches!(mint().await, Err(KeyError::TooMany)));
        let all = keys.list(&scope).await.expect("readable");
        assert_eq!(all.len(), MAX_KEYS);
        for ended in &all[3..5] {
            end(&store, ended).await;
        }
        for _ in 0..2 {
            mint().await.expect("there is room");
        }
        assert!(matches!(mint().await, Err(KeyError::TooMany)));
        let after = keys.list(&scope).await.expect("readable");
        assert!(after.len() == MAX_KEYS && all[3..5].iter().all(|gone| !after.contains(gone)));
        assert!(all[..3].iter().chain(&all[5..]).all(|good| after.contains(good)));
        // Another tenant has room of its own.
        let globex = Tenant::new(TenantSlug::parse("globex").expect("valid"), Timestamp::now());
        store.create_tenant(&globex).await.expect("created");
        let other = TenantScope::of_route(&globex);
        keys.mint(&operator, &other, NewKey::of(Preset::ReadOnly)).await.expect("minted");
    }

    #[tokio::test]
    async fn a_rotated_key_counts_beside_its_successor_while_both_are_good() {
        let (_, keys, scope) = full().await;
        let operator = Credential::operator();
        let last = keys.list(&scope).await.expect("readable").pop().expect("there").id;
        let brief = keys.rotate(&operator, &scope, &last, Duration::from_secs(60)).await;
        assert!(matches!(brief, Err(KeyError::TooMany)));
        let next = keys.rotate(&operator, &scope, &last, Duration::ZERO).await.expect("in its place").key;
        keys.rotate(&operator, &scope, &next.id, Duration::ZERO).await.expect("again");
        assert!(matches!(keys.rotate(&operator, &scope, &last, Duration::ZERO).await, Err(KeyError::Unknown)));
        assert_eq!(count(&keys.list(&scope).await.expect("readable"), None), MAX_KEYS);
    }

    #[tokio::test]
    async fn a_key_that_is_one_too_many_with_others_made_meanwhile_is_taken_back() {
        let (_, keys, scope) = full().await;
        let (late, secret) = keys.store(NewKey::of(Preset::ReadOnly), Some(&scope)).await.expect("stored");
        assert!(matches!(keys.fits(&scope, &late, None).await, Err(KeyError::TooMany)));
        let hash = keys.hash(secret.expose()).expect("well formed");
        assert!(keys.by_hash(&hash, None).await.expect("readable").is_none());
        assert_eq!(count(&keys.list(&scope).await.expect("readable"), None), MAX_KEYS);
        // It may be the one that takes another's place.
        let other = keys.list(&scope).await.expect("readable").remove(0);
        let (next, _) = keys.successor(&other, Some(&scope)).await.expect("stored");
        keys.fits(&scope, &next, Some(other.id)).await.expect("it fits");
    }
}

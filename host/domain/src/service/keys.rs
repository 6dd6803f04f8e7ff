//! API keys: minting, rotating, listing, revoking, and recognising one. Those that are bound to no tenant are handed out in `global`;
//! sessions that stand for a key are in `sign_in`; when keys were last used is in `key_use`.

mod global;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

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
/// The longest name of a key, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// The longest time that a rotated key can stay good beside its successor.
pub const MAX_GRACE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a key of preset `{}` would do more than the one that asks for it", .0.as_str())]
    Exceeds(Preset),
    #[error("the key would reach more functions, or last longer, than the one that asks for it")]
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

    /// Makes a key for one tenant. Nobody hands out more than they hold: neither scopes, nor functions, nor time. What is not said
    /// about functions and time is as it is for the caller.
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
        self.store(new, Some(tenant)).await
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
        let old = good(self.repository.list_keys(tenant).await?, id)?;
        self.replace(caller, old, Some(tenant), grace).await
    }

    async fn replace(
        &self,
        caller: &Credential,
        old: Key,
        tenant: Option<&TenantScope>,
        grace: Duration,
    ) -> Result<Rotated, KeyError> {
        check(caller, old.preset, &old.bounds)?;
        let new = NewKey { preset: old.preset, name: old.name.clone(), bounds: old.bounds.clone() };
        let (key, secret) = self.store(new, tenant).await?;
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
        let key = Key {
            id: KeyId::generate(),
            name: new.name,
            preset: new.preset,
            tenant: tenant.map(TenantScope::id),
            bounds: new.bounds,
            hash: self.pepper.hash(secret.expose()),
            created_at: Timestamp::now(),
            last_used_at: None,
        };
        self.repository.create_key(&key).await?;
        Ok((key, secret))
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

    /// The credential of the key with this hash, if there is such a key and it is still good.
    pub(super) async fn by_hash(&self, hash: &Digest) -> Result<Option<Credential>, RepositoryError> {
        let now = Timestamp::now();
        let found = self.find(hash).await?.filter(|credential| !credential.bounds.has_expired(now));
        if found.is_some() {
            self.used.note(hash, now);
        }
        Ok(found)
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
fn good(keys: Vec<Key>, id: &KeyId) -> Result<Key, KeyError> {
    let now = Timestamp::now();
    let usable = |key: &Key| key.id == *id && !key.bounds.has_expired(now);
    keys.into_iter().find(usable).ok_or(KeyError::Unknown)
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

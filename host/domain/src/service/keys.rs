//! API keys: minting, listing, revoking, and recognising one. Sessions that stand for a key are in `sign_in`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::access::{Credential, Preset, TenantScope};
use crate::ids::{Digest, KeyId};
use crate::key::{self, Key, KeyPepper, KeySecret};
use crate::repository::{Repository, RepositoryError, WriteError};

/// How long a key found once is believed without asking the store: the design's bound on a revocation.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// Keys believed at one time; past it all are forgotten, which costs a look-up each.
const MAX_BELIEVED: usize = 4_096;
/// The longest name of a key, in characters.
pub const MAX_NAME_CHARS: usize = 100;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a key of preset `{}` would do more than the one that asks for it", .0.as_str())]
    Exceeds(Preset),
    #[error("keys of preset `{}` reach all tenants and are made by the operator's own command", .0.as_str())]
    NotForTenants(Preset),
    #[error("a key may not outlive the one that asks for it")]
    Outlives,
    #[error("the time at which it is to expire is not in the future")]
    Past,
    #[error("there is no such key")]
    Unknown,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub preset: Preset,
    pub name: String,
    /// `None`: when the key that asks for it does, if ever.
    pub expires_at: Option<Timestamp>,
}

impl NewKey {
    /// Without a name, and without an end of its own.
    pub fn of(preset: Preset) -> Self {
        Self { preset, name: String::new(), expires_at: None }
    }
}

pub struct Keys {
    repository: Arc<dyn Repository>,
    pepper: KeyPepper,
    // Held for a look-up or an insertion, never across an await.
    believed: Mutex<HashMap<Digest, (Credential, Instant)>>,
}

impl Keys {
    pub(super) fn new(repository: Arc<dyn Repository>, pepper: KeyPepper) -> Self {
        Self { repository, pepper, believed: Mutex::default() }
    }

    /// Makes a key for one tenant. Nobody hands out more than they hold.
    pub async fn mint(
        &self,
        caller: &Credential,
        tenant: &TenantScope,
        new: NewKey,
    ) -> Result<(Key, KeySecret), KeyError> {
        if new.preset.is_global() {
            return Err(KeyError::NotForTenants(new.preset));
        }
        if !caller.may_mint(new.preset) {
            return Err(KeyError::Exceeds(new.preset));
        }
        if new.expires_at.is_some_and(|end| end <= Timestamp::now()) {
            return Err(KeyError::Past);
        }
        let expires_at = match (new.expires_at, caller.expires_at) {
            (Some(asked), Some(own)) if asked > own => return Err(KeyError::Outlives),
            (asked, own) => asked.or(own),
        };
        self.store(NewKey { expires_at, ..new }, Some(tenant)).await
    }

    /// Makes a key that reaches all tenants. For the host's own start-up and command line; no route leads here.
    pub async fn mint_global(&self, preset: Preset, name: String) -> Result<(Key, KeySecret), KeyError> {
        if !preset.is_global() {
            return Err(KeyError::Exceeds(preset));
        }
        self.store(NewKey { name, ..NewKey::of(preset) }, None).await
    }

    async fn store(&self, new: NewKey, tenant: Option<&TenantScope>) -> Result<(Key, KeySecret), KeyError> {
        let NewKey { preset, name, expires_at } = new;
        let secret = KeySecret::generate(preset);
        let key = Key {
            id: KeyId::generate(),
            name,
            preset,
            tenant: tenant.map(TenantScope::id),
            hash: self.pepper.hash(secret.expose()),
            created_at: Timestamp::now(),
            expires_at,
        };
        match self.repository.create_key(&key).await {
            Ok(()) => Ok((key, secret)),
            Err(WriteError::Exists | WriteError::Missing) => Err(KeyError::Unknown),
            Err(WriteError::Repository(error)) => Err(error.into()),
        }
    }

    pub async fn list(&self, tenant: &TenantScope) -> Result<Vec<Key>, RepositoryError> {
        self.repository.list_keys(tenant).await
    }

    pub async fn delete(&self, tenant: &TenantScope, id: &KeyId) -> Result<(), KeyError> {
        let deleted = self.repository.delete_key(tenant, id).await;
        self.lock().clear();
        match deleted {
            Ok(()) => Ok(()),
            Err(WriteError::Exists | WriteError::Missing) => Err(KeyError::Unknown),
            Err(WriteError::Repository(error)) => Err(error.into()),
        }
    }

    /// What the store knows this text by, or `None` when it cannot be a key: most guesses end here.
    pub(super) fn hash(&self, token: &str) -> Option<Digest> {
        key::is_well_formed(token).then(|| self.pepper.hash(token))
    }

    /// The credential of the key with this hash, if there is such a key.
    pub(super) async fn by_hash(&self, hash: &Digest) -> Result<Option<Credential>, RepositoryError> {
        if let Some((credential, at)) = self.lock().get(hash)
            && at.elapsed() < BELIEVED_FOR
        {
            return Ok(Some(credential.clone()).filter(|credential| credential.is_current(Timestamp::now())));
        }
        // Taken before the store is asked, so that the answer is never believed for longer than it may be.
        let asked = Instant::now();
        let found = self.repository.key_by_hash(hash).await?.map(|key| key.credential());
        let found = found.filter(|credential| credential.is_current(Timestamp::now()));
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

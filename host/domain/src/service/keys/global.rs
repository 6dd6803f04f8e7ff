//! Keys that are bound to no tenant: the operator's, and those of backends that work for all tenants. Only an admin key hands them out,
//! shows or ends them, and one admin key that never ends always stays. What all keys have in common is one level up.

use super::{
    Credential, Duration, Key, KeyError, KeyId, KeySecret, Keys, NewKey, Preset, Rotated, Timestamp, check, good,
    narrowed,
};

/// What a key is to the store that an operator brought along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// It is good.
    Known,
    /// It is the first one from now on.
    Taken,
    /// There are others, and it is none of them.
    Unknown,
    /// It is no key.
    NoKey,
}

impl Keys {
    /// Makes a key that reaches all tenants. Nobody hands out more than they hold.
    pub async fn mint_for_all(&self, caller: &Credential, new: NewKey) -> Result<(Key, KeySecret), KeyError> {
        operator(caller)?;
        if !new.preset.is_global() {
            return Err(KeyError::NotForAll(new.preset));
        }
        self.store(narrowed(caller, new)?, None).await
    }

    /// Takes an admin key that the operator brought along, where the store is new: it has no admin key that stays, and no tenant. In one
    /// with tenants a key that is not known may be one that was revoked. Not for a route.
    pub async fn bring(&self, secret: &str) -> Result<Brought, KeyError> {
        let Some(hash) = self.hash(secret) else { return Ok(Brought::NoKey) };
        // Wherever it is good from; and asked of the store itself, as only that says what there is now.
        let found = self.repository.key_by_hash(&hash).await?;
        if found.is_some_and(|key| !key.bounds.has_expired(Timestamp::now())) {
            return Ok(Brought::Known);
        }
        let is_new = self.repository.list_tenants(None, 1).await?.items.is_empty();
        if !is_new || self.repository.list_global_keys().await?.iter().any(stays) {
            return Ok(Brought::Unknown);
        }
        self.enter(NewKey { name: "brought along".to_owned(), ..NewKey::of(Preset::Admin) }, secret, None).await?;
        Ok(Brought::Taken)
    }

    /// As `list`, of those that reach all tenants.
    pub async fn list_for_all(&self, caller: &Credential) -> Result<Vec<Key>, KeyError> {
        operator(caller)?;
        let keys = self.repository.list_global_keys().await?;
        Ok(keys.into_iter().map(|key| self.as_used(key)).collect())
    }

    /// As `rotate`, of one that reaches all tenants.
    pub async fn rotate_for_all(&self, caller: &Credential, id: &KeyId, grace: Duration) -> Result<Rotated, KeyError> {
        operator(caller)?;
        // Its successor never ends if it does not, so one stays; but until then the two are not two.
        let _turn = self.ending.lock().await;
        let old = good(&self.repository.list_global_keys().await?, id)?;
        check(caller, old.preset, &old.bounds)?;
        let made = self.successor(&old, None).await?;
        self.replace(old, made, grace).await
    }

    /// Ends a key that reaches all tenants, unless nobody could get in then. Two hosts that end the last two at the same moment do not see
    /// each other: then the host makes a new one when it starts without its file `admin.key`.
    pub async fn delete_for_all(&self, caller: &Credential, id: &KeyId) -> Result<(), KeyError> {
        operator(caller)?;
        let _turn = self.ending.lock().await;
        let keys = self.repository.list_global_keys().await?;
        let old = keys.iter().find(|key| key.id == *id).ok_or(KeyError::Unknown)?;
        if stays(old) && !keys.iter().any(|key| key.id != *id && stays(key)) {
            return Err(KeyError::LastAdmin);
        }
        let deleted = self.repository.delete_global_key(&old.hash).await;
        self.ended();
        Ok(deleted?)
    }
}

/// Scopes do not tell the operator from who works for all tenants.
fn operator(caller: &Credential) -> Result<(), KeyError> {
    let is_operator = caller.preset == Preset::Admin && caller.tenant.is_none();
    if is_operator { Ok(()) } else { Err(KeyError::NotTheOperator) }
}

/// Whether it lets its holder do everything, for ever.
fn stays(key: &Key) -> bool {
    key.preset == Preset::Admin && key.bounds.is_none()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;

    use super::*;
    use crate::access::Scope;
    use crate::bounds::Bounds;
    use crate::fakes::MemoryStore;
    use crate::ids::{TenantId, TenantSlug};
    use crate::key::KeyPepper;
    use crate::network::Network;
    use crate::repository::{KeyRepository as _, NoticeRepository as _, Repository};
    use crate::service::outbox::Outbox;
    use crate::tenant::Tenant;

    fn keys(store: &Arc<MemoryStore>) -> Keys {
        Keys::new(store.clone(), KeyPepper::new([1; 32]), Arc::default(), Arc::default())
    }

    async fn recognised(keys: &Keys, secret: &KeySecret) -> Option<Credential> {
        let hash = keys.hash(secret.expose()).expect("well formed");
        keys.by_hash(&hash, None).await.expect("readable")
    }

    #[tokio::test]
    async fn the_operator_alone_hands_out_keys_of_all_tenants() {
        let keys = keys(&Arc::default());
        let operator = Credential::operator();
        let (platform, secret) = keys.mint_for_all(&operator, NewKey::of(Preset::Platform)).await.expect("minted");
        let backend = recognised(&keys, &secret).await.expect("good");
        assert_eq!((backend.preset, backend.tenant), (Preset::Platform, None));
        let bound = Credential { tenant: Some(TenantId::generate()), ..operator.clone() };
        for caller in [&backend, &bound] {
            for preset in [Preset::Admin, Preset::Platform] {
                let minted = keys.mint_for_all(caller, NewKey::of(preset)).await;
                assert!(matches!(minted, Err(KeyError::NotTheOperator)));
            }
            assert!(matches!(keys.list_for_all(caller).await, Err(KeyError::NotTheOperator)));
            let rotated = keys.rotate_for_all(caller, &platform.id, Duration::ZERO).await;
            assert!(matches!(rotated, Err(KeyError::NotTheOperator)));
            assert!(matches!(keys.delete_for_all(caller, &platform.id).await, Err(KeyError::NotTheOperator)));
        }
        for preset in [Preset::Tenant, Preset::Deployer, Preset::InvokeOnly, Preset::ReadOnly] {
            let minted = keys.mint_for_all(&operator, NewKey::of(preset)).await;
            assert!(matches!(minted, Err(KeyError::NotForAll(refused)) if refused == preset));
        }
        assert_eq!(keys.list_for_all(&operator).await.expect("readable").len(), 1);
    }

    #[tokio::test]
    async fn a_narrowed_admin_key_hands_out_no_more_than_it_holds() {
        let keys = keys(&Arc::default());
        let end = Timestamp::now() + SignedDuration::from_secs(60);
        let few = [Scope::KeysRead, Scope::KeysWrite, Scope::UsageRead];
        let bounds = Bounds { scopes: Some(few.into()), expires_at: Some(end), ..Bounds::default() };
        let narrow = Credential { bounds: bounds.clone(), ..Credential::operator() };
        let minted = keys.mint_for_all(&narrow, NewKey::of(Preset::Platform)).await;
        assert!(matches!(minted, Err(KeyError::Exceeds(Preset::Platform))));
        let scopes = Bounds { scopes: Some([Scope::UsageRead].into()), ..Bounds::default() };
        let new = NewKey { bounds: scopes, ..NewKey::of(Preset::Platform) };
        let (made, _) = keys.mint_for_all(&narrow, new.clone()).await.expect("minted");
        assert_eq!(made.bounds.expires_at, Some(end), "it ends with the one that asked for it");
        let (wide, _) = keys.mint_for_all(&Credential::operator(), NewKey::of(Preset::Admin)).await.expect("minted");
        let rotated = keys.rotate_for_all(&narrow, &wide.id, Duration::ZERO).await;
        assert!(matches!(rotated, Err(KeyError::Exceeds(Preset::Admin))));
        let later = Bounds { expires_at: Some(end + SignedDuration::from_secs(1)), ..new.bounds };
        let new = NewKey { bounds: later, ..NewKey::of(Preset::Platform) };
        assert!(matches!(keys.mint_for_all(&narrow, new).await, Err(KeyError::Outlives)));
    }

    #[tokio::test]
    async fn the_last_admin_key_that_never_ends_stays() {
        let keys = Arc::new(keys(&Arc::default()));
        let operator = Credential::operator();
        let (first, _) = keys.mint_global(Preset::Admin, "first start".to_owned()).await.expect("minted");
        keys.mint_for_all(&operator, NewKey::of(Preset::Platform)).await.expect("minted");
        // Neither what ends, nor what is not good from everywhere, nor what may do less lets anybody in later.
        let end = Some(Timestamp::now() + SignedDuration::from_secs(60));
        let few = Some([Scope::UsageRead].into());
        let brief = Bounds { expires_at: end, ..Bounds::default() };
        let inside = Some([Network::parse("10.0.0.0/8").expect("valid")].into());
        let near = Bounds { networks: inside, ..Bounds::default() };
        for bounds in [brief, near, Bounds { scopes: few, ..Bounds::default() }] {
            keys.mint_for_all(&operator, NewKey { bounds, ..NewKey::of(Preset::Admin) }).await.expect("minted");
        }
        assert!(matches!(keys.delete_for_all(&operator, &first.id).await, Err(KeyError::LastAdmin)));
        let rotated = keys.rotate_for_all(&operator, &first.id, Duration::from_secs(60)).await.expect("rotated");
        keys.delete_for_all(&operator, &first.id).await.expect("it has a successor, and an end");
        assert!(matches!(keys.delete_for_all(&operator, &rotated.key.id).await, Err(KeyError::LastAdmin)));
        // Of many that go at once one stays.
        let mut all = vec![rotated.key];
        for _ in 0..9 {
            all.push(keys.mint_for_all(&operator, NewKey::of(Preset::Admin)).await.expect("minted").0);
        }
        let ended = all.into_iter().map(|key| {
            let (keys, operator) = (keys.clone(), operator.clone());
            tokio::spawn(async move { keys.delete_for_all(&operator, &key.id).await.is_ok() })
        });
        let mut gone = 0;
        for one in ended.collect::<Vec<_>>() {
            gone += usize::from(one.await.expect("no panic"));
        }
        assert_eq!(gone, 9);
        assert!(matches!(keys.delete_for_all(&operator, &KeyId::generate()).await, Err(KeyError::Unknown)));
    }

    #[tokio::test]
    async fn a_key_that_is_brought_is_taken_by_a_new_store_alone() {
        let store = Arc::<MemoryStore>::default();
        let (keys, operator) = (keys(&store), Credential::operator());
        let brought = async |secret: &KeySecret| keys.bring(secret.expose()).await.expect("readable");
        assert_eq!(keys.bring("isl_admin_guess").await.expect("readable"), Brought::NoKey);
        let secret = KeySecret::generate(Preset::Admin);
        assert_eq!(brought(&secret).await, Brought::Taken);
        assert_eq!(brought(&secret).await, Brought::Known);
        assert_eq!(brought(&KeySecret::generate(Preset::Admin)).await, Brought::Unknown);
        // A store that is in use, and whose last admin key two hosts ended at once: this one may be it.
        let tenant = Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::now());
        crate::repository::TenantRepository::create_tenant(&*store, &tenant).await.expect("created");
        for key in keys.list_for_all(&operator).await.expect("readable") {
            store.delete_global_key(&key.hash).await.expect("deleted");
        }
        assert_eq!(brought(&secret).await, Brought::Unknown);
    }

    #[tokio::test]
    async fn what_is_ended_is_good_nowhere_and_tenants_keys_are_out_of_reach() {
        let store = Arc::<MemoryStore>::default();
        let keys = keys(&store);
        let operator = Credential::operator();
        let tenant = Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::now());
        crate::repository::TenantRepository::create_tenant(&*store, &tenant).await.expect("created");
        let scope = operator.scope_over(&tenant).expect("the operator reaches all");
        let (bound, _) = keys.mint(&operator, &scope, NewKey::of(Preset::Tenant)).await.expect("minted");
        assert!(matches!(keys.delete_for_all(&operator, &bound.id).await, Err(KeyError::Unknown)));
        let rotated = keys.rotate_for_all(&operator, &bound.id, Duration::ZERO).await;
        assert!(matches!(rotated, Err(KeyError::Unknown)));
        let (platform, secret) = keys.mint_for_all(&operator, NewKey::of(Preset::Platform)).await.expect("minted");
        assert!(matches!(keys.delete(&scope, &platform.id).await, Err(KeyError::Unknown)));
        assert!(recognised(&keys, &secret).await.is_some());
        let listed = keys.list_for_all(&operator).await.expect("readable");
        assert!(listed.len() == 1 && listed[0].last_used_at.is_some(), "{listed:?}");
        let rotated = keys.rotate_for_all(&operator, &platform.id, Duration::ZERO).await.expect("rotated");
        assert!(recognised(&keys, &secret).await.is_none());
        assert!(recognised(&keys, &rotated.secret).await.is_some());
        keys.delete_for_all(&operator, &rotated.key.id).await.expect("deleted");
        assert!(recognised(&keys, &rotated.secret).await.is_none());
        assert_eq!(keys.list(&scope).await.expect("readable").len(), 1);
    }

    #[tokio::test]
    async fn the_other_hosts_hear_that_a_key_was_ended() {
        let store = Arc::<MemoryStore>::default();
        let repository: Arc<dyn Repository> = store.clone();
        let (one, other) = (Arc::<Outbox>::default(), Arc::<Outbox>::default());
        let made = |outbox: &Arc<Outbox>| {
            Arc::new(Keys::new(store.clone(), KeyPepper::new([1; 32]), Arc::default(), outbox.clone()))
        };
        let (here, there) = (made(&one), made(&other));
        let listening = tokio::spawn({
            let (store, there) = (store.clone(), there.clone());
            async move { store.listen(&|_| there.heard()).await }
        });
        tokio::task::yield_now().await;
        let operator = Credential::operator();
        let (key, secret) = here.mint_for_all(&operator, NewKey::of(Preset::Platform)).await.expect("minted");
        assert!(recognised(&there, &secret).await.is_some());
        let rotated = here.rotate_for_all(&operator, &key.id, Duration::ZERO).await.expect("rotated");
        one.send(&repository).await.expect("told");
        tokio::task::yield_now().await;
        assert!(recognised(&there, &secret).await.is_none());
        assert!(recognised(&there, &rotated.secret).await.is_some());
        here.delete_for_all(&operator, &rotated.key.id).await.expect("deleted");
        one.send(&repository).await.expect("told");
        tokio::task::yield_now().await;
        assert!(recognised(&there, &rotated.secret).await.is_none());
        listening.abort();
    }
}

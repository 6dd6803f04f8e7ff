//! API keys: found by hash, listed and removed by their own tenant only.

use isolet_domain::bounds::Bounds;
use isolet_domain::ids::{Digest, KeyId, TenantId};
use isolet_domain::key::{Key, KeyPepper};
use isolet_domain::key_mark::KeyMark;
use isolet_domain::repository::WriteError;
use isolet_domain::secret::MasterKey;
use jiff::Timestamp;

use crate::samples::key;
use crate::stores::Store;

crate::contract!(
    a_key_is_found_by_its_hash,
    keys_are_listed_by_id,
    a_hash_or_an_id_is_taken_once,
    a_deleted_key_opens_nothing,
    keys_of_all_tenants_are_listed_and_removed_apart,
    a_key_needs_its_tenant,
    one_of_many_creates_a_key,
    changes_of_a_key_leave_what_it_is,
    changes_of_a_key_add_up_under_concurrency,
    the_mark_of_the_hosts_keys_is_the_first_ones,
);

async fn a_key_is_found_by_its_hash(store: Store) {
    let acme = store.tenant("acme").await;
    let (bound, global) = (key(Some(acme.id()), "bound"), key(None, "global"));
    assert_eq!(store.key_by_hash(&bound.hash).await.expect("readable"), None);
    store.create_key(&bound).await.expect("created");
    store.create_key(&global).await.expect("created");
    assert_eq!(store.key_by_hash(&bound.hash).await.expect("readable"), Some(bound));
    assert_eq!(store.key_by_hash(&global.hash).await.expect("readable"), Some(global));
    assert_eq!(store.key_by_hash(&Digest::of(b"guess")).await.expect("readable"), None);
}

async fn keys_are_listed_by_id(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    assert!(store.list_keys(&acme).await.expect("readable").is_empty());
    let mut keys: Vec<Key> = (0..12).map(|n| key(Some(acme.id()), &n.to_string())).collect();
    for key in keys.iter().rev() {
        store.create_key(key).await.expect("created");
    }
    store.create_key(&key(Some(globex.id()), "other")).await.expect("created");
    store.create_key(&key(None, "global")).await.expect("created");
    keys.sort_by_key(|key| key.id);
    assert_eq!(store.list_keys(&acme).await.expect("readable"), keys);
}

async fn a_hash_or_an_id_is_taken_once(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let first = key(Some(acme.id()), "secret");
    store.create_key(&first).await.expect("created");
    let same_id = Key { hash: Digest::of(b"another"), ..first.clone() };
    for taken in [
        first.clone(),
        key(Some(acme.id()), "secret"),
        key(Some(globex.id()), "secret"),
        key(None, "secret"),
        same_id.clone(),
    ] {
        assert!(matches!(store.create_key(&taken).await, Err(WriteError::Exists)), "{taken:?}");
    }
    let global = key(None, "global");
    store.create_key(&global).await.expect("created");
    assert!(matches!(store.create_key(&global).await, Err(WriteError::Exists)));
    assert_eq!(store.key_by_hash(&same_id.hash).await.expect("readable"), None);
    assert_eq!(store.key_by_hash(&first.hash).await.expect("readable").as_ref(), Some(&first));
    assert_eq!(store.list_keys(&acme).await.expect("readable"), [first]);
    assert!(store.list_keys(&globex).await.expect("readable").is_empty());
}

async fn a_deleted_key_opens_nothing(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    let (bound, global) = (key(Some(acme.id()), "bound"), key(None, "global"));
    store.create_key(&bound).await.expect("created");
    store.create_key(&global).await.expect("created");
    for (scope, id) in [(&globex, bound.id), (&acme, global.id), (&acme, KeyId::generate())] {
        assert!(matches!(store.delete_key(scope, &id).await, Err(WriteError::Missing)));
    }
    assert!(store.key_by_hash(&bound.hash).await.expect("readable").is_some());
    store.delete_key(&acme, &bound.id).await.expect("deleted");
    assert!(matches!(store.delete_key(&acme, &bound.id).await, Err(WriteError::Missing)));
    assert_eq!(store.key_by_hash(&bound.hash).await.expect("readable"), None);
    assert!(store.list_keys(&acme).await.expect("readable").is_empty());
    assert_eq!(store.key_by_hash(&global.hash).await.expect("readable"), Some(global));
}

async fn keys_of_all_tenants_are_listed_and_removed_apart(store: Store) {
    let acme = store.tenant("acme").await;
    assert!(store.list_global_keys().await.expect("readable").is_empty());
    let bound = key(Some(acme.id()), "bound");
    store.create_key(&bound).await.expect("created");
    let mut global: Vec<Key> = (0..12).map(|n| key(None, &n.to_string())).collect();
    for key in global.iter().rev() {
        store.create_key(key).await.expect("created");
    }
    // Bounds are kept here as there.
    let narrowed = |stored: &mut Key| stored.bounds = bound.bounds.clone();
    global[3] = store.update_key(&global[3].hash, &narrowed).await.expect("changed");
    assert_eq!(store.list_global_keys().await.expect("readable"), global);

    assert!(matches!(store.delete_global_key(&bound.hash).await, Err(WriteError::Missing)));
    assert!(matches!(store.delete_global_key(&Digest::of(b"guess")).await, Err(WriteError::Missing)));
    let gone = global.remove(5);
    store.delete_global_key(&gone.hash).await.expect("deleted");
    assert!(matches!(store.delete_global_key(&gone.hash).await, Err(WriteError::Missing)));
    assert!(matches!(store.update_key(&gone.hash, &|_| {}).await, Err(WriteError::Missing)));
    assert_eq!(store.key_by_hash(&gone.hash).await.expect("readable"), None);
    assert_eq!(store.list_global_keys().await.expect("readable"), global);
    assert_eq!(store.list_keys(&acme).await.expect("readable"), [bound]);
    // Nor do they go with a tenant.
    store.delete_tenant(&acme.id()).await.expect("deleted");
    assert_eq!(store.list_global_keys().await.expect("readable"), global);
}

async fn a_key_needs_its_tenant(store: Store) {
    let orphan = key(Some(TenantId::generate()), "orphan");
    assert!(matches!(store.create_key(&orphan).await, Err(WriteError::Missing)));
    assert_eq!(store.key_by_hash(&orphan.hash).await.expect("readable"), None);
}

async fn one_of_many_creates_a_key(store: Store) {
    let acme = store.tenant("acme").await;
    let key = key(Some(acme.id()), "secret");
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { store.create_key(&key).await.is_ok() })
        })
        .collect();
    let mut created = 0;
    for attempt in attempts {
        created += usize::from(attempt.await.expect("no panic"));
    }
    assert_eq!(created, 1);
    assert_eq!(store.key_by_hash(&key.hash).await.expect("readable"), Some(key));
}

async fn changes_of_a_key_leave_what_it_is(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    for tenant in [Some(acme.id()), None] {
        let key = key(tenant, if tenant.is_some() { "bound" } else { "global" });
        assert!(matches!(store.update_key(&key.hash, &|_| {}).await, Err(WriteError::Missing)));
        store.create_key(&key).await.expect("created");
        let change = |stored: &mut Key| {
            (stored.id, stored.hash, stored.tenant) = (KeyId::generate(), Digest::of(b"other"), Some(globex.id()));
            stored.bounds = Bounds { expires_at: Some(Timestamp::UNIX_EPOCH), ..Bounds::default() };
            stored.last_used_at = Some(Timestamp::MAX);
        };
        let changed = store.update_key(&key.hash, &change).await.expect("changed");
        assert_eq!((changed.id, changed.hash, changed.tenant), (key.id, key.hash, key.tenant));
        assert_eq!(changed.last_used_at, Some(Timestamp::MAX));
        assert_eq!(store.key_by_hash(&key.hash).await.expect("readable"), Some(changed));
        assert_eq!(store.key_by_hash(&Digest::of(b"other")).await.expect("readable"), None);
    }
    let deleted = store.list_keys(&acme).await.expect("readable").pop().expect("there");
    store.delete_key(&acme, &deleted.id).await.expect("deleted");
    assert!(matches!(store.update_key(&deleted.hash, &|_| {}).await, Err(WriteError::Missing)));
    assert_eq!(store.key_by_hash(&deleted.hash).await.expect("readable"), None);
}

async fn changes_of_a_key_add_up_under_concurrency(store: Store) {
    let acme = store.tenant("acme").await;
    let key = Key { name: String::new(), ..key(Some(acme.id()), "secret") };
    store.create_key(&key).await.expect("created");
    let changes: Vec<_> = (0..30)
        .map(|_| {
            let (store, hash) = (store.clone(), key.hash);
            tokio::spawn(async move {
                store.update_key(&hash, &|stored| stored.name.push('x')).await.expect("changed");
            })
        })
        .collect();
    for change in changes {
        change.await.expect("no panic");
    }
    assert_eq!(store.key_by_hash(&key.hash).await.expect("readable").expect("there").name.len(), 30);
}

async fn the_mark_of_the_hosts_keys_is_the_first_ones(store: Store) {
    let mark = |n| KeyMark::of(&KeyPepper::new([n; 32]), &MasterKey::new([n; 32]));
    assert_eq!(store.key_mark(&mark(1)).await.expect("noted"), mark(1));
    assert_eq!(store.key_mark(&mark(2)).await.expect("readable"), mark(1));
    let other_pepper = KeyMark::of(&KeyPepper::new([2; 32]), &MasterKey::new([1; 32]));
    assert!(other_pepper != mark(1) && other_pepper.master == mark(1).master);
}

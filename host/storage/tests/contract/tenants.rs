//! Tenants: unique slugs, ordered lists, and nothing left of a deleted one.

use std::collections::BTreeMap;

use isolet_domain::access::TenantScope;
use isolet_domain::ids::{EnvName, TenantId, TenantSlug, VersionId};
use isolet_domain::repository::WriteError;
use isolet_domain::secret::Sealed;
use isolet_domain::tenant::{Suspension, Tenant, TenantStatus};
use jiff::Timestamp;

use crate::samples::{NASTY, function, key, limits, name, policy, prompt, run, version};
use crate::stores::{Store, new_tenant};

crate::contract!(
    a_tenant_is_found_by_slug_and_by_id,
    a_taken_slug_is_refused_and_the_loser_is_nowhere,
    one_of_many_gets_a_slug,
    updates_change_all_but_id_and_slug,
    updates_of_a_tenant_add_up_under_concurrency,
    tenants_are_listed_by_slug,
    pages_of_tenants_have_no_gaps,
    a_deleted_tenant_takes_everything_along,
    the_store_is_well,
);

fn slug(raw: &str) -> TenantSlug {
    TenantSlug::parse(raw).expect("a good slug")
}

async fn a_tenant_is_found_by_slug_and_by_id(store: Store) {
    let mut tenant = new_tenant("acme");
    tenant.labels = BTreeMap::from([(NASTY.to_owned(), NASTY.to_owned()), (String::new(), String::new())]);
    tenant.plan = NASTY.to_owned();
    tenant.status = TenantStatus::Suspended;
    assert_eq!(store.tenant_by_slug(&tenant.slug).await.expect("readable"), None);
    assert_eq!(store.tenant_by_id(&tenant.id).await.expect("readable"), None);
    store.create_tenant(&tenant).await.expect("created");
    assert_eq!(store.tenant_by_slug(&tenant.slug).await.expect("readable").as_ref(), Some(&tenant));
    assert_eq!(store.tenant_by_id(&tenant.id).await.expect("readable"), Some(tenant));
    for other in ["acm", "acme-2", "a"] {
        assert_eq!(store.tenant_by_slug(&slug(other)).await.expect("readable"), None, "{other}");
    }
}

async fn a_taken_slug_is_refused_and_the_loser_is_nowhere(store: Store) {
    let (first, second) = (new_tenant("acme"), new_tenant("acme"));
    store.create_tenant(&first).await.expect("created");
    assert!(matches!(store.create_tenant(&second).await, Err(WriteError::Exists)));
    assert!(matches!(store.create_tenant(&first).await, Err(WriteError::Exists)));
    let same_id = Tenant { slug: slug("other"), ..first.clone() };
    assert!(matches!(store.create_tenant(&same_id).await, Err(WriteError::Exists)));
    assert_eq!(store.tenant_by_id(&second.id).await.expect("readable"), None);
    assert_eq!(store.tenant_by_slug(&same_id.slug).await.expect("readable"), None);
    assert_eq!(store.tenant_by_slug(&first.slug).await.expect("readable"), Some(first));
}

async fn one_of_many_gets_a_slug(store: Store) {
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let tenant = new_tenant("acme");
                match store.create_tenant(&tenant).await {
                    Ok(()) => Some(tenant),
                    Err(WriteError::Exists) => None,
                    Err(err) => panic!("{err}"),
                }
            })
        })
        .collect();
    let mut winners = Vec::new();
    for attempt in attempts {
        winners.extend(attempt.await.expect("no panic"));
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(store.tenant_by_slug(&slug("acme")).await.expect("readable"), winners.pop());
    assert_eq!(store.list_tenants(None, 10).await.expect("readable").items.len(), 1);
}

async fn updates_change_all_but_id_and_slug(store: Store) {
    let tenant = new_tenant("acme");
    assert!(matches!(store.update_tenant(&tenant.id, &|_| {}).await, Err(WriteError::Missing)));
    store.create_tenant(&tenant).await.expect("created");
    let change = |stored: &mut Tenant| {
        stored.id = TenantId::from_bytes([9; 16]);
        stored.slug = slug("other");
        stored.plan = "gold".to_owned();
        stored.status = TenantStatus::Suspended;
        stored.suspension =
            Some(Suspension { reason: NASTY.to_owned(), code: NASTY.to_owned(), since: Timestamp::now() });
        stored.limits = limits();
        stored.ceiling = Some(policy());
        stored.egress = Some(policy());
        stored.data_key = Some(Sealed::from_bytes((0..=0xFF).collect()));
        stored.secrets.insert(EnvName::parse("TOKEN").expect("valid"), Sealed::from_bytes((0..=0xFF).rev().collect()));
        stored.env.insert(EnvName::parse("WHO").expect("valid"), NASTY.to_owned());
        stored.env.insert(EnvName::parse("EMPTY").expect("valid"), String::new());
    };
    let changed = store.update_tenant(&tenant.id, &change).await.expect("updated");
    assert_eq!((changed.id, &changed.slug, changed.plan.as_str()), (tenant.id, &tenant.slug, "gold"));
    assert_eq!((&changed.egress, changed.secrets.len(), changed.env.len()), (&Some(policy()), 1, 2));
    assert_eq!(store.tenant_by_slug(&tenant.slug).await.expect("readable").as_ref(), Some(&changed));
    assert_eq!(store.tenant_by_id(&tenant.id).await.expect("readable"), Some(changed));
    assert_eq!(store.tenant_by_slug(&slug("other")).await.expect("readable"), None);
}

async fn updates_of_a_tenant_add_up_under_concurrency(store: Store) {
    let tenant = new_tenant("acme");
    store.create_tenant(&tenant).await.expect("created");
    let changes: Vec<_> = (0..50)
        .map(|n| {
            let (store, id) = (store.clone(), tenant.id);
            tokio::spawn(async move {
                let change = |stored: &mut Tenant| drop(stored.labels.insert(format!("l{n}"), String::new()));
                store.update_tenant(&id, &change).await.expect("updated");
            })
        })
        .collect();
    for change in changes {
        change.await.expect("no panic");
    }
    let labels = store.tenant_by_id(&tenant.id).await.expect("readable").expect("there").labels;
    assert_eq!(labels.len(), 50);
}

async fn tenants_are_listed_by_slug(store: Store) {
    let slugs = ["0", "a", "a-0", "a-b", "a0", "aa", "ab", "b", "z-9"];
    for slug in slugs.iter().rev() {
        store.tenant(slug).await;
    }
    for (at, after) in std::iter::once(None).chain(slugs.iter().map(Some)).enumerate() {
        let page = store.list_tenants(after.map(|raw| slug(raw)).as_ref(), 100).await.expect("readable");
        let listed: Vec<&str> = page.items.iter().map(|tenant| tenant.slug.as_str()).collect();
        assert_eq!((listed, page.more), (slugs[at..].to_vec(), false));
    }
    // After one that is not there.
    let page = store.list_tenants(Some(&slug("a-a")), 2).await.expect("readable");
    assert_eq!(page.items.iter().map(|tenant| tenant.slug.as_str()).collect::<Vec<_>>(), ["a-b", "a0"]);
    assert!(page.more);
    assert!(store.list_tenants(None, 0).await.expect("readable").more);
}

async fn pages_of_tenants_have_no_gaps(store: Store) {
    // More than either store looks up at once.
    let slugs: Vec<String> = (0..230).map(|n| format!("t{n:03}")).collect();
    for slug in &slugs {
        store.tenant(slug).await;
    }
    for limit in [1, 7, 100, 229, 230, 500] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.list_tenants(after.as_ref(), limit).await.expect("readable");
            after = page.items.last().map(|tenant| tenant.slug.clone());
            seen.extend(page.items.into_iter().map(|tenant| tenant.slug.as_str().to_owned()));
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, slugs, "{limit}");
    }
}

async fn a_deleted_tenant_takes_everything_along(store: Store) {
    let (acme, globex) = (store.tenant("acme").await, store.tenant("globex").await);
    for scope in [&acme, &globex] {
        for raw in ["a", "a-b"] {
            store.create_function(scope, &function(raw)).await.expect("created");
            store.add_version(scope, &name(raw), version(raw)).await.expect("added");
        }
        store.create_key(&key(Some(scope.id()), scope.slug().as_str())).await.expect("created");
        store.record_run(scope, &run("1"), 20).await.expect("recorded");
        let starred = prompt("2");
        store.record_run(scope, &starred, 20).await.expect("recorded");
        store.star_run(scope, &starred.id, true).await.expect("starred");
    }
    let acme_key = key(None, "acme").hash;
    assert!(store.key_by_hash(&acme_key).await.expect("readable").is_some());

    store.delete_tenant(&acme.id()).await.expect("deleted");

    assert!(matches!(store.delete_tenant(&acme.id()).await, Err(WriteError::Missing)));
    assert!(matches!(store.delete_tenant(&TenantId::generate()).await, Err(WriteError::Missing)));
    assert_eq!(store.tenant_by_slug(acme.slug()).await.expect("readable"), None);
    assert_eq!(store.tenant_by_id(&acme.id()).await.expect("readable"), None);
    assert_eq!(store.key_by_hash(&acme_key).await.expect("readable"), None);
    nothing_in(&store, &acme).await;
    // Nor can anything be added to what is gone.
    assert!(matches!(store.create_function(&acme, &function("a")).await, Err(WriteError::Missing)));
    assert!(matches!(store.create_key(&key(Some(acme.id()), "new")).await, Err(WriteError::Missing)));
    assert!(matches!(store.add_version(&acme, &name("a"), version("b")).await, Err(WriteError::Missing)));
    store.record_run(&acme, &run("3"), 20).await.expect("a run that ends after its tenant is no error");
    store.record_run(&acme, &prompt("4"), 20).await.expect("nor is a prompt");
    nothing_in(&store, &acme).await;

    // The slug is free, and whoever takes it inherits nothing.
    let next = store.tenant("acme").await;
    assert_ne!(next.id(), acme.id());
    nothing_in(&store, &next).await;
    nothing_in(&store, &acme).await;

    // The other tenant has lost nothing.
    assert_eq!(store.list_functions(&globex, None, 10).await.expect("readable").items.len(), 2);
    assert_eq!(store.list_versions(&globex, &name("a"), None, 10).await.expect("readable").items.len(), 1);
    assert_eq!(store.list_keys(&globex).await.expect("readable").len(), 1);
    assert_eq!(store.list_runs(&globex, None, 10).await.expect("readable").items.len(), 2);
    let listed = store.list_tenants(None, 10).await.expect("readable").items;
    assert_eq!(listed.iter().map(|tenant| tenant.slug.as_str()).collect::<Vec<_>>(), ["acme", "globex"]);
}

async fn nothing_in(store: &Store, scope: &TenantScope) {
    assert!(store.list_functions(scope, None, 10).await.expect("readable").items.is_empty());
    assert!(store.list_versions(scope, &name("a"), None, 10).await.expect("readable").items.is_empty());
    assert!(store.list_keys(scope).await.expect("readable").is_empty());
    assert!(store.list_runs(scope, None, 10).await.expect("readable").items.is_empty());
    assert_eq!(store.function(scope, &name("a")).await.expect("readable"), None);
    let id: VersionId = version("a").id;
    assert_eq!(store.version(scope, &name("a"), &id).await.expect("readable"), None);
}

async fn the_store_is_well(store: Store) {
    store.check().await.expect("well");
    store.flush().await.expect("flushed");
    assert!(["memory", "embedded", "redis"].contains(&store.kind()));
    store.check().await.expect("still well");
}

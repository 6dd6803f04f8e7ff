//! What every call answers while the store is gone, and that it leaves nothing behind.

use std::time::{Duration, Instant};

use bytes::Bytes;
use isolet_domain::access::TenantScope;
use isolet_domain::fakes::MemoryStore;
use isolet_domain::function::{Function, Version};
use isolet_domain::ids::Digest;
use isolet_domain::key::Key;
use isolet_domain::repository::{Repository, RepositoryError, WriteError};
use isolet_domain::route::{RouteHost, Routing};
use isolet_domain::run::Run;
use isolet_domain::tenant::Tenant;

use crate::samples::{function, key, name, prompt, run, version};
use crate::stores::new_tenant;

/// A store with a bit of everything in it, and what was in it.
#[derive(Debug, PartialEq)]
pub struct Contents {
    tenants: Vec<Tenant>,
    keys: Vec<Key>,
    functions: Vec<Function>,
    versions: Vec<Version>,
    routing: Routing,
    runs: Vec<Run>,
}

impl Contents {
    /// Leaves what is this one's.
    pub fn forget_other_tenants(&mut self, scope: &TenantScope) {
        self.tenants.retain(|tenant| tenant.id == scope.id());
    }
}

fn host(raw: &str) -> RouteHost {
    RouteHost::parse(raw).expect("a good host")
}

pub async fn fill(store: &dyn Repository) -> TenantScope {
    let acme = new_tenant("acme");
    store.create_tenant(&acme).await.expect("created");
    let scope = TenantScope::of_route(&acme);
    store.create_key(&key(Some(acme.id), "secret")).await.expect("created");
    store.create_function(&scope, &function("hello")).await.expect("created");
    store.add_version(&scope, &name("hello"), version("x")).await.expect("added");
    store.claim_host(&scope, &host("a.example")).await.expect("free");
    store.record_run(&scope, &run("run"), 20).await.expect("recorded");
    store.record_run(&scope, &prompt("prompt"), 20).await.expect("recorded");
    store.put_blob(Bytes::from_static(b"content")).await.expect("stored");
    scope
}

pub async fn contents(store: &dyn Repository, scope: &TenantScope) -> Contents {
    assert!(store.blob(&Digest::of(b"content")).await.expect("readable").is_some());
    Contents {
        tenants: store.list_tenants(None, 100).await.expect("readable").items,
        keys: store.list_keys(scope).await.expect("readable"),
        functions: store.list_functions(scope, None, 100).await.expect("readable").items,
        versions: store.list_versions(scope, &name("hello"), None, 100).await.expect("readable").items,
        routing: store.routing(scope).await.expect("readable"),
        runs: store.list_runs(scope, None, 100).await.expect("readable").items,
    }
}

#[track_caller]
fn unavailable<T>(call: &str, result: Result<T, RepositoryError>) {
    assert!(matches!(result, Err(RepositoryError::Unavailable(_))), "{call} did not say that the store is gone");
}

#[track_caller]
fn refused<T>(call: &str, result: Result<T, WriteError>) {
    let gone = matches!(result, Err(WriteError::Repository(RepositoryError::Unavailable(_))));
    assert!(gone, "{call} did not say that the store is gone");
}

/// Tries every call that reads.
pub async fn reads_fail(store: &dyn Repository, scope: &TenantScope, within: Duration) {
    let seen = scope.clone();
    macro_rules! tried {
        ($($call:ident($($arg:expr),*)),* $(,)?) => {$(
            let begun = Instant::now();
            unavailable(stringify!($call), store.$call($($arg),*).await);
            assert!(begun.elapsed() < within, "{} took {:?}", stringify!($call), begun.elapsed());
        )*};
    }
    tried!(
        tenant_by_slug(seen.slug()),
        tenant_by_id(&seen.id()),
        list_tenants(None, 10),
        key_by_hash(&Digest::of(b"secret")),
        list_keys(scope),
        list_global_keys(),
        function(scope, &name("hello")),
        list_functions(scope, None, 10),
        version(scope, &name("hello"), &version("x").id),
        list_versions(scope, &name("hello"), None, 10),
        host_owner(&host("a.example")),
        routing(scope),
        blob(&Digest::of(b"content")),
        run(scope, &prompt("").id),
        list_runs(scope, None, 10),
    );
}

/// Tries every call that writes.
pub async fn writes_fail(store: &dyn Repository, scope: &TenantScope, known: &Contents, within: Duration) {
    let first = known.runs[0].id;
    macro_rules! tried {
        ($($check:ident $call:ident($($arg:expr),*)),* $(,)?) => {$(
            let begun = Instant::now();
            $check(stringify!($call), store.$call($($arg),*).await);
            assert!(begun.elapsed() < within, "{} took {:?}", stringify!($call), begun.elapsed());
        )*};
    }
    tried!(
        unavailable check(),
        refused create_tenant(&new_tenant("globex")),
        refused update_tenant(&scope.id(), &|tenant| tenant.plan = "other".to_owned()),
        refused create_key(&key(Some(scope.id()), "another")),
        refused create_key(&key(None, "global")),
        refused update_key(&known.keys[0].hash, &|key| key.name.clear()),
        refused delete_key(scope, &known.keys[0].id),
        refused delete_global_key(&Digest::of(b"of all")),
        refused create_function(scope, &function("other")),
        refused update_function(scope, &name("hello"), &|function| function.labels.clear()),
        refused add_version(scope, &name("hello"), version("y")),
        refused delete_version(scope, &name("hello"), &known.versions[0].id),
        refused delete_function(scope, &name("hello")),
        refused claim_host(scope, &host("b.example")),
        refused update_routing(scope, &|routing| routing.routes.clear()),
        refused release_host(scope, &host("a.example")),
        unavailable put_blob(Bytes::from_static(b"other content")),
        unavailable record_run(scope, &run("other"), 1),
        unavailable record_run(scope, &prompt("other"), 1),
        refused star_run(scope, &first, true),
        refused delete_run(scope, &first),
        unavailable clear_runs(scope),
        refused delete_tenant(&scope.id()),
    );
}

#[tokio::test]
async fn a_fake_that_is_switched_off_fails_every_call_and_forgets_nothing() {
    let fake = MemoryStore::new();
    let store: &dyn Repository = &fake;
    let scope = fill(store).await;
    let before = contents(store, &scope).await;
    fake.set_available(false);
    let at_once = Duration::from_secs(1);
    reads_fail(store, &scope, at_once).await;
    writes_fail(store, &scope, &before, at_once).await;
    unavailable("flush", store.flush().await);
    fake.set_available(true);
    assert_eq!(contents(store, &scope).await, before);
}

//! A store that is shared with a later isolet: what only that one knows stays where it is, and what cannot be read is refused by name.

use std::path::PathBuf;
use std::sync::Arc;

use isolet_domain::access::TenantScope;
use isolet_domain::function::Function;
use isolet_domain::ids::EnvName;
use isolet_domain::repository::{Repository, RepositoryError, WriteError};
use isolet_domain::tenant::Tenant;
use redb::{Database, ReadableDatabase, TableDefinition};
use redis::AsyncCommands;
use serde_json::{Value, json};

use crate::outage::fill;
use crate::samples::{name, version};
use crate::server::{Server, shared_server};
use crate::stores::{connect, open, options};

const TENANTS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("tenants");
const FUNCTIONS: TableDefinition<(&[u8; 16], &str), &[u8]> = TableDefinition::new("functions");

/// A way to the records of `acme` and of its function `hello` past the store.
enum Past {
    Folder(PathBuf),
    Redis { server: &'static Server, prefix: &'static str },
}

impl Past {
    async fn open(&self) -> Arc<dyn Repository> {
        match self {
            Self::Folder(folder) => open(folder),
            Self::Redis { server, prefix } => connect(&server.url(), options(prefix)).await,
        }
    }

    /// Has both records changed while the store is closed, and gives them as they are then.
    async fn change(&self, acme: &TenantScope, change: impl Fn(&mut Value)) -> [Value; 2] {
        let changed = |bytes: &[u8]| {
            let mut record: Value = serde_json::from_slice(bytes).expect("JSON");
            change(&mut record);
            record
        };
        let id = acme.id();
        match self {
            Self::Folder(folder) => {
                let database = Database::open(folder.join("data.redb")).expect("the store is closed");
                let read = database.begin_read().expect("readable");
                let tenant = read.open_table(TENANTS).expect("there").get(id.as_bytes()).expect("readable");
                let tenant = changed(tenant.expect("there").value());
                let function = read.open_table(FUNCTIONS).expect("there").get((id.as_bytes(), "hello"));
                let function = changed(function.expect("readable").expect("there").value());
                let txn = database.begin_write().expect("writable");
                let (t, f) = (tenant.to_string(), function.to_string());
                txn.open_table(TENANTS).expect("there").insert(id.as_bytes(), t.as_bytes()).expect("written");
                let place = (id.as_bytes(), "hello");
                txn.open_table(FUNCTIONS).expect("there").insert(place, f.as_bytes()).expect("written");
                txn.commit().expect("written");
                [tenant, function]
            }
            Self::Redis { server, prefix } => {
                let client = redis::Client::open(server.url()).expect("a good address");
                let mut redis = client.get_multiplexed_async_connection().await.expect("it is up");
                let (at_tenant, at_functions) =
                    (format!("{prefix}:{{{id}}}:tenant"), format!("{prefix}:{{{id}}}:functions"));
                let tenant: Vec<u8> = redis.get(&at_tenant).await.expect("there");
                let function: Vec<u8> = redis.hget(&at_functions, "hello").await.expect("there");
                let (tenant, function) = (changed(&tenant), changed(&function));
                let () = redis.set(&at_tenant, tenant.to_string()).await.expect("written");
                let () = redis.hset(&at_functions, "hello", function.to_string()).await.expect("written");
                [tenant, function]
            }
        }
    }
}

/// What a later isolet may add: beside the data, in it, and in the parts that the data has.
fn add_later_things(record: &mut Value) {
    record["v"] = json!(2);
    record["later"] = json!({ "a": [1] });
    record["data"]["later"] = json!([{ "b": null }]);
    for rule in record["data"]["egress"].as_array_mut().into_iter().flatten() {
        rule["later"] = json!(true);
    }
}

async fn later_things_stay(past: Past) {
    let store = past.open().await;
    let acme = fill(&*store).await;
    let give_rules = |tenant: &mut Tenant| tenant.egress = Some(crate::samples::policy());
    store.update_tenant(&acme.id(), &give_rules).await.expect("changed");
    drop(store);
    let [tenant, function] = past.change(&acme, add_later_things).await;

    let store = past.open().await;
    let relabel = |tenant: &mut Tenant| drop(tenant.labels.insert("a".to_owned(), "b".to_owned()));
    let changed = store.update_tenant(&acme.id(), &relabel).await.expect("changed");
    assert_eq!(store.tenant_by_id(&acme.id()).await.expect("readable"), Some(changed));
    let who = EnvName::parse("WHO").expect("valid");
    let forget = |function: &mut Function| drop(function.env.remove(&who));
    store.update_function(&acme, &name("hello"), &forget).await.expect("changed");
    store.add_version(&acme, &name("hello"), version("another")).await.expect("added");
    let read = store.function(&acme, &name("hello")).await.expect("readable").expect("there");
    assert_eq!((read.env.len(), read.next_number), (0, 3));
    drop(store);

    let [after_tenant, after_function] = past.change(&acme, |_| {}).await;
    let mut wanted = tenant;
    wanted["data"]["labels"]["a"] = json!("b");
    assert_eq!(after_tenant, wanted);
    let mut wanted = function;
    (wanted["data"]["env"], wanted["data"]["next_number"]) = (json!({}), json!(3));
    assert_eq!(after_function, wanted);
}

async fn what_is_too_new_is_refused(past: Past) {
    let store = past.open().await;
    let acme = fill(&*store).await;
    drop(store);
    let before = past.change(&acme, |record| record["v"] = json!(3)).await;
    let store = past.open().await;
    let newer = |error: RepositoryError, what: &str| {
        assert!(matches!(error, RepositoryError::Newer { version: 3, .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    };
    let newer_write = |error: WriteError, what: &str| match error {
        WriteError::Repository(error) => newer(error, what),
        other => panic!("{other}"),
    };
    let (tenant, function) = (format!("tenant/{}", acme.id()), format!("function/{}/hello", acme.id()));
    newer(store.tenant_by_slug(acme.slug()).await.expect_err("refused"), &tenant);
    newer(store.tenant_by_id(&acme.id()).await.expect_err("refused"), &tenant);
    newer(store.list_tenants(None, 10).await.expect_err("refused"), &tenant);
    newer(store.function(&acme, &name("hello")).await.expect_err("refused"), &function);
    newer(store.list_functions(&acme, None, 10).await.expect_err("refused"), &function);
    newer_write(store.update_tenant(&acme.id(), &|_| {}).await.expect_err("refused"), &tenant);
    newer_write(store.update_function(&acme, &name("hello"), &|_| {}).await.expect_err("refused"), &function);
    newer_write(store.add_version(&acme, &name("hello"), version("y")).await.expect_err("refused"), &function);
    newer_write(store.delete_tenant(&acme.id()).await.expect_err("refused"), &tenant);
    drop(store);
    assert_eq!(past.change(&acme, |_| {}).await, before);
}

#[tokio::test]
async fn embedded_keeps_what_a_later_host_wrote() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    later_things_stay(Past::Folder(folder.path().to_owned())).await;
}

#[tokio::test]
async fn embedded_refuses_what_is_too_new() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    what_is_too_new_is_refused(Past::Folder(folder.path().to_owned())).await;
}

#[tokio::test]
async fn redis_keeps_what_a_later_host_wrote() {
    let Some(server) = shared_server() else { return };
    later_things_stay(Past::Redis { server, prefix: "later-1" }).await;
}

#[tokio::test]
async fn redis_refuses_what_is_too_new() {
    let Some(server) = shared_server() else { return };
    what_is_too_new_is_refused(Past::Redis { server, prefix: "later-2" }).await;
}

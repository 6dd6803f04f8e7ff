//! What crashes and accidents may leave in Redis, and that no reader takes it for something it is not.

use std::sync::Arc;

use isolet_domain::access::TenantScope;
use isolet_domain::repository::{Repository, RepositoryError, WriteError};
use isolet_storage::{OpenError, RedisStore};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use crate::outage::{contents, fill};
use crate::samples::{function, key, name, version};
use crate::server::{Server, shared_server};
use crate::stores::{connect, new_tenant, options};

/// A store under a prefix of its own, and a way past it.
async fn open(prefix: &str) -> Option<(Arc<dyn Repository>, MultiplexedConnection)> {
    let server = shared_server()?;
    Some((connect(&server.url(), options(prefix)).await, raw(server).await))
}

async fn raw(server: &Server) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).expect("a good address");
    client.get_multiplexed_async_connection().await.expect("the server was just started")
}

#[track_caller]
fn corrupt<T>(result: Result<T, RepositoryError>) {
    assert!(matches!(result, Err(RepositoryError::Corrupt { .. })), "it was read");
}

#[tokio::test]
async fn records_that_are_damaged_or_someone_elses_are_refused() {
    let Some((store, mut redis)) = open("records-1").await else { return };
    let acme = fill(&*store).await;
    let globex = new_tenant("globex");
    store.create_tenant(&globex).await.expect("created");
    let globex = TenantScope::of_route(&globex);
    let at = |scope: &TenantScope, what: &str| format!("records-1:{{{}}}:{what}", scope.id());

    // Another tenant's record under this tenant's key, as a mixed-up reply would look.
    let record: Vec<u8> = redis.hget(at(&acme, "functions"), "hello").await.expect("there");
    let () = redis.hset(at(&globex, "functions"), "hello", &record).await.expect("set");
    corrupt(store.function(&globex, &name("hello")).await);
    let () = redis.zadd(at(&globex, "names"), "hello", 0).await.expect("set");
    corrupt(store.list_functions(&globex, None, 10).await);
    let update = store.update_function(&globex, &name("hello"), &|_| {}).await;
    assert!(matches!(update, Err(WriteError::Repository(RepositoryError::Corrupt { .. }))));

    // Half a record, and something that is none.
    for damaged in [&record[..record.len() / 2], b"", b"null", b"\xFF\0"] {
        let () = redis.hset(at(&acme, "functions"), "hello", damaged).await.expect("set");
        corrupt(store.function(&acme, &name("hello")).await);
        corrupt(store.list_functions(&acme, None, 10).await);
        let added = store.add_version(&acme, &name("hello"), version("y")).await;
        assert!(matches!(added, Err(WriteError::Repository(RepositoryError::Corrupt { .. }))));
    }
    // A key of another kind.
    let () = redis.del(at(&acme, "runs")).await.expect("deleted");
    let () = redis.set(at(&acme, "runs"), "text").await.expect("set");
    corrupt(store.list_runs(&acme, None, 10).await);
    // An index that names what is not there.
    let () = redis.del(at(&acme, "functions")).await.expect("deleted");
    corrupt(store.list_functions(&acme, None, 10).await);
    // None of it keeps the tenant from being removed.
    store.delete_tenant(&acme.id()).await.expect("deleted");
    assert!(store.check().await.is_ok());
}

#[tokio::test]
async fn damaged_contents_are_refused_and_can_be_put_again() {
    let Some((store, mut redis)) = open("records-2").await else { return };
    let digest = store.put_blob("content".into()).await.expect("stored");
    let place = format!("records-2:blob:{}", digest.to_hex());
    for damaged in ["", "contents", "Content"] {
        let () = redis.set(&place, damaged).await.expect("set");
        corrupt(store.blob(&digest).await);
    }
    let () = redis.set(&place, "conten").await.expect("set");
    store.put_blob("content".into()).await.expect("stored");
    assert_eq!(store.blob(&digest).await.expect("readable").as_deref(), Some(&b"content"[..]));
}

#[tokio::test]
async fn what_a_crash_leaves_between_two_keys_is_seen_by_nobody() {
    let Some((store, mut redis)) = open("records-3").await else { return };
    let acme = fill(&*store).await;
    let at = |what: &str| format!("records-3:{{{}}}:{what}", acme.id());
    let hash = key(None, "secret").hash;
    let stored_key: Vec<u8> = redis.get(format!("records-3:key:{}", hash.to_hex())).await.expect("there");

    // A tenant that was being created: its record is there, the index does not name it yet.
    let () = redis.zrem("records-3:tenants", format!("acme {}", acme.id())).await.expect("removed");
    assert_eq!(store.tenant_by_slug(acme.slug()).await.expect("readable"), None);
    assert_eq!(store.tenant_by_id(&acme.id()).await.expect("readable"), None);
    assert!(store.list_tenants(None, 10).await.expect("readable").items.is_empty());
    let () = redis.zadd("records-3:tenants", format!("acme {}", acme.id()), 0).await.expect("set");
    assert!(store.tenant_by_id(&acme.id()).await.expect("readable").is_some());

    // A key that was being created or deleted: its record is there, the tenant does not name it.
    let () = redis.del(at("keys")).await.expect("deleted");
    assert_eq!(store.key_by_hash(&hash).await.expect("readable"), None);
    assert!(store.list_keys(&acme).await.expect("readable").is_empty());

    // A tenant that was being deleted: all of its own is gone, the index still names it.
    store.delete_tenant(&acme.id()).await.expect("deleted");
    let () = redis.zadd("records-3:tenants", format!("acme {}", acme.id()), 0).await.expect("set");
    let () = redis.set(format!("records-3:key:{}", hash.to_hex()), stored_key).await.expect("set");
    assert_eq!(store.tenant_by_slug(acme.slug()).await.expect("readable"), None);
    assert!(store.list_tenants(None, 10).await.expect("readable").items.is_empty());
    assert_eq!(store.key_by_hash(&hash).await.expect("readable"), None);
    assert!(matches!(store.delete_tenant(&acme.id()).await, Err(WriteError::Missing)));
    // It keeps the slug from nobody.
    let next = new_tenant("acme");
    store.create_tenant(&next).await.expect("created");
    assert_eq!(store.tenant_by_slug(&next.slug).await.expect("readable"), Some(next.clone()));
    assert!(matches!(store.create_tenant(&new_tenant("acme")).await, Err(WriteError::Exists)));
    let index: Vec<String> = redis.zrange("records-3:tenants", 0, -1).await.expect("there");
    assert_eq!(index, [format!("acme {}", next.id)]);
}

#[tokio::test]
async fn a_call_that_failed_half_way_can_be_made_again() {
    let Some((store, mut redis)) = open("records-4").await else { return };
    let tenant = new_tenant("acme");
    store.create_tenant(&tenant).await.expect("created");
    let () = redis.del("records-4:tenants").await.expect("deleted");
    store.create_tenant(&tenant).await.expect("taken up where it failed");
    assert!(matches!(store.create_tenant(&tenant).await, Err(WriteError::Exists)));
    let key = key(Some(tenant.id), "secret");
    store.create_key(&key).await.expect("created");
    let () = redis.del(format!("records-4:{{{}}}:keys", tenant.id)).await.expect("deleted");
    store.create_key(&key).await.expect("taken up where it failed");
    assert!(matches!(store.create_key(&key).await, Err(WriteError::Exists)));
}

#[tokio::test]
async fn refused_creations_leave_no_records() {
    let Some((store, mut redis)) = open("records-5").await else { return };
    let acme = fill(&*store).await;
    let count = async |redis: &mut MultiplexedConnection| {
        let keys: Vec<String> = redis.keys("records-5:*").await.expect("readable");
        keys.len()
    };
    let before = count(&mut redis).await;
    assert!(store.create_tenant(&new_tenant("acme")).await.is_err());
    assert!(store.create_key(&key(Some(new_tenant("x").id), "orphan")).await.is_err());
    let taken = store.list_keys(&acme).await.expect("readable").remove(0);
    let same_id = isolet_domain::key::Key { hash: key(None, "other").hash, ..taken };
    assert!(store.create_key(&same_id).await.is_err());
    assert_eq!(count(&mut redis).await, before);
    // And a deleted tenant leaves the format, the contents and the empty index.
    store.delete_tenant(&acme.id()).await.expect("deleted");
    let mut left: Vec<String> = redis.keys("records-5:*").await.expect("readable");
    left.retain(|key| !key.contains(":blob:"));
    assert_eq!(left, ["records-5:format"]);
}

#[tokio::test]
async fn keys_have_the_prefix_and_no_time_to_live() {
    let Some(server) = Server::start(&[]) else { return };
    let store = connect(&server.url(), options("my-own:isolet")).await;
    fill(&*store).await;
    store.check().await.expect("well");
    let mut redis = raw(&server).await;
    let keys: Vec<String> = redis.keys("*").await.expect("readable");
    assert!(keys.len() > 10);
    for key in keys {
        assert!(key.starts_with("my-own:isolet:"), "{key}");
        let time: i64 = redis.ttl(&key).await.expect("readable");
        assert_eq!(time, -1, "{key}");
    }
}

#[tokio::test]
async fn other_prefixes_and_a_wiped_server_are_empty_stores() {
    let Some(server) = Server::start(&[]) else { return };
    let store = connect(&server.url(), options("one")).await;
    let acme = fill(&*store).await;
    let other = connect(&server.url(), options("two")).await;
    assert_eq!(other.tenant_by_id(&acme.id()).await.expect("readable"), None);
    let before = contents(&*store, &acme).await;
    let again = connect(&server.url(), options("one")).await;
    assert_eq!(contents(&*again, &acme).await, before);
    server.command("FLUSHALL");
    assert_eq!(store.tenant_by_slug(acme.slug()).await.expect("readable"), None);
    assert!(matches!(store.create_function(&acme, &function("x")).await, Err(WriteError::Missing)));
}

#[tokio::test]
async fn scripts_are_sent_again_to_a_server_that_forgot_them() {
    let Some(server) = Server::start(&[]) else { return };
    let store = connect(&server.url(), options("x")).await;
    let acme = fill(&*store).await;
    server.command("SCRIPT FLUSH");
    store.create_function(&acme, &function("other")).await.expect("created");
    server.command("SCRIPT FLUSH");
    assert_eq!(store.list_functions(&acme, None, 10).await.expect("readable").items.len(), 2);
}

#[tokio::test]
async fn keys_of_another_format_are_refused() {
    let Some(server) = shared_server() else { return };
    let () = raw(server).await.set("records-6:format", "isolet 9").await.expect("set");
    let refused = RedisStore::connect(&server.url(), options("records-6")).await.err().expect("refused");
    assert!(matches!(&refused, OpenError::Unsuitable(why) if why.contains("isolet 9")), "{refused}");
}

//! Stores as files: what one store gives another one takes, of either kind, to the byte; and what was changed on the way is refused.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use isolet_domain::access::TenantScope;
use isolet_domain::audit::{Act, AuditEntry, AuditKey};
use isolet_domain::ids::{AuditId, EnvName, HostId, RequestId, TenantSlug};
use isolet_domain::repository::Repository;
use isolet_domain::series::{Keeping, Place, Step, Writer};
use isolet_domain::tenant::Tenant;
use isolet_storage::{ArchiveError, Archives, RedisAddress, RedisConfig, StorageConfig, open_archives, verify_archive};
use jiff::Timestamp;

use crate::outage::{contents, fill};
use crate::samples::{NASTY, function, key, name, version};
use crate::server::Server;
use crate::stores::{connect, new_tenant, open, options};

const KEY: [u8; 32] = [7; 32];

/// Something of everything, and two tenants.
async fn fill_all(store: &dyn Repository) -> TenantScope {
    let acme = fill(store).await;
    for content in ["x", "only once"] {
        store.put_blob(Bytes::from_static(content.as_bytes())).await.expect("stored");
    }
    // Contents that nothing names are not kept.
    store.add_version(&acme, &name("hello"), version("content")).await.expect("added");
    let variable = |tenant: &mut Tenant| {
        tenant.env.insert(EnvName::parse("WHO").expect("valid"), NASTY.to_owned());
    };
    store.update_tenant(&acme.id(), &variable).await.expect("changed");
    let globex = new_tenant("globex");
    store.create_tenant(&globex).await.expect("created");
    let globex = TenantScope::of_route(&globex);
    store.create_function(&globex, &function("other")).await.expect("created");
    for code in ["x", "only once"] {
        store.add_version(&globex, &name("other"), version(code)).await.expect("added");
    }
    store.create_key(&key(None, "everywhere")).await.expect("created");
    for (records, scope) in [(3, &acme), (1, &acme), (2, &globex)] {
        let batch = crate::logs::batch(records);
        store.append_logs(scope, &batch, false, &crate::logs::KEEP).await.expect("appended");
    }
    let keeping = Keeping { kept: 1_000_000, closes_after: None };
    for (step, writer) in [(Step::Minute, 1), (Step::Minute, 0xFF), (Step::Quarter, 1)] {
        let place = Place { step, start: step.window(Timestamp::now().as_second()), writer: Writer([writer; 16]) };
        store.put_tallies(&acme, &place, &crate::series::tallies(3), keeping).await.expect("put");
    }
    let audit_key = AuditKey::new([3; 32]);
    for host in [HostId::generate(), HostId::generate()] {
        for tenant in [None, Some(&acme), Some(&globex)] {
            let (own, other) = store.audit_heads(&host).await.expect("readable");
            let act = Act {
                request: RequestId::generate(),
                actor: None,
                operation: "put_function".to_owned(),
                tenant: tenant.map(|tenant| (tenant.id(), tenant.slug().clone())),
                target: "/".to_owned(),
                subject: None,
                status: 200,
            };
            let entry = AuditEntry::new(&audit_key, host, own, other, (AuditId::generate(), Timestamp::now(), act));
            store.append_audit(&[entry]).await.expect("it is the next");
        }
    }
    acme
}

fn config(url: Option<&str>) -> StorageConfig {
    let ms = |ms| std::num::NonZeroU64::new(ms).expect("not zero");
    StorageConfig {
        redis: RedisConfig {
            url: url.map(RedisAddress::new),
            prefix: "archive".to_owned(),
            timeout_ms: ms(5_000),
            blob_timeout_ms: ms(10_000),
            wait_replicas: None,
            ca_file: None,
        },
    }
}

async fn embedded(folder: &Path) -> Archives {
    open_archives(&config(None), folder, KEY).await.expect("it opens")
}

async fn in_redis(url: &str) -> Archives {
    open_archives(&config(Some(url)), Path::new("."), KEY).await.expect("it opens")
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("it is there")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_goes_to_the_other_kind_and_back_and_is_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let store = open(&at("a"));
    let acme = fill_all(&*store).await;
    let before = contents(&*store, &acme).await;
    drop(store);
    let rows = embedded(&at("a")).await.backup(&at("1")).await.expect("written");
    assert!(rows > 25, "{rows}");
    assert_eq!(verify_archive(&at("1"), &KEY).expect("whole"), rows);

    let cluster = crate::cluster::Cluster::start(&[]);
    let servers = Server::start(&[]).into_iter().map(|server| (server.url(), Some(server)));
    let servers = servers.chain(cluster.iter().map(|cluster| (cluster.url(), None)));
    for (url, _server) in servers {
        let redis = in_redis(&url).await;
        assert_eq!(redis.restore(&at("1"), false).await.expect("restored"), rows);
        let store = connect(&url, options("archive")).await;
        assert_eq!(contents(&*store, &acme).await, before);
        assert_eq!(redis.backup(&at("2")).await.expect("written"), rows);
        assert!(bytes(&at("1")) == bytes(&at("2")), "what came out of Redis is another archive");
        // It goes on where it was: nothing that is counted begins anew.
        let globex = TenantSlug::parse("globex").expect("valid");
        let globex = store.tenant_by_slug(&globex).await.expect("readable").expect("there");
        let globex = TenantScope::of_route(&globex);
        store.put_blob(Bytes::from_static(b"new")).await.expect("stored");
        let (added, _) = store.add_version(&globex, &name("other"), version("new")).await.expect("added");
        assert_eq!(added.number, 3);
        store.delete_tenant(&acme.id()).await.expect("deleted");

        let back = embedded(&at("b")).await;
        back.restore(&at("2"), false).await.expect("restored");
        back.backup(&at("3")).await.expect("written");
        assert!(bytes(&at("1")) == bytes(&at("3")), "what came back is another archive");
        // It is not put over what is there, unless that is said; then nothing of it is left.
        assert!(matches!(redis.restore(&at("1"), false).await, Err(ArchiveError::NotEmpty)));
        redis.restore(&at("1"), true).await.expect("restored");
        std::fs::remove_file(at("2")).expect("removed");
        redis.backup(&at("2")).await.expect("written");
        assert!(bytes(&at("1")) == bytes(&at("2")), "something was left");
        drop(back);
        std::fs::remove_dir_all(at("b")).expect("removed");
        for file in ["2", "3"] {
            std::fs::remove_file(at(file)).expect("removed");
        }
    }
    let again = embedded(&at("a")).await;
    assert!(matches!(again.restore(&at("1"), false).await, Err(ArchiveError::NotEmpty)));
    again.restore(&at("1"), true).await.expect("restored");
    again.backup(&at("4")).await.expect("written");
    assert!(bytes(&at("1")) == bytes(&at("4")));
    assert!(matches!(again.backup(&at("4")).await, Err(ArchiveError::Exists(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_on_the_way_is_refused_and_nothing_done() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let store = open(&at("a"));
    let acme = new_tenant("acme");
    store.create_tenant(&acme).await.expect("created");
    store.create_key(&key(None, "x")).await.expect("created");
    drop(store);
    embedded(&at("a")).await.backup(&at("good")).await.expect("written");
    let good = bytes(&at("good"));
    let target = embedded(&at("b")).await;
    let refused = async |changed: &[u8], what: String| {
        std::fs::write(at("bad"), changed).expect("written");
        assert!(verify_archive(&at("bad"), &KEY).is_err(), "{what}");
        assert!(target.restore(&at("bad"), true).await.is_err(), "{what}");
    };
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        refused(&changed, format!("byte {at}")).await;
    }
    for end in (0..good.len()).step_by(7) {
        refused(&good[..end], format!("cut off at {end}")).await;
    }
    refused(&[&good[..], b"x"].concat(), "something behind it".to_owned()).await;
    refused(b"isolet archive 1\nblob x 99999999999999999999\n", "a length beyond all".to_owned()).await;
    std::fs::write(at("bad"), &good).expect("written");
    assert!(matches!(verify_archive(&at("bad"), &[8; 32]), Err(ArchiveError::Unauthentic)));
    target.restore(&at("good"), false).await.expect("nothing was put there before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_tenant_goes_to_another_store_and_takes_nobodys_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let store = open(&at("a"));
    let acme = fill_all(&*store).await;
    let before = contents(&*store, &acme).await;
    drop(store);
    let from = embedded(&at("a")).await;
    let slug = acme.slug();
    from.export(slug, &at("acme")).await.expect("written");
    let nobody = TenantSlug::parse("nobody").expect("valid");
    assert!(matches!(from.export(&nobody, &at("x")).await, Err(ArchiveError::UnknownTenant(_))));
    from.backup(&at("all")).await.expect("written");

    let to: Arc<dyn Repository> = open(&at("b"));
    to.create_tenant(&new_tenant("initech")).await.expect("created");
    drop(to);
    let into = embedded(&at("b")).await;
    assert!(matches!(into.import(&at("all")).await, Err(ArchiveError::Conflict(_))));
    into.import(&at("acme")).await.expect("imported");
    assert!(matches!(into.import(&at("acme")).await, Err(ArchiveError::Conflict(_))));
    drop(into);
    let to = open(&at("b"));
    // The other tenant is there as it was; of what came, everything.
    let initech = TenantSlug::parse("initech").expect("valid");
    assert!(to.tenant_by_slug(&initech).await.expect("readable").is_some());
    assert!(to.blob(&version("only once").digest).await.expect("readable").is_none());
    to.put_blob(Bytes::from_static(b"content")).await.expect("stored");
    let mut there = contents(&*to, &acme).await;
    there.forget_other_tenants(&acme);
    let mut expected = before;
    expected.forget_other_tenants(&acme);
    assert_eq!(there, expected);

    // Hosts are nobody's twice.
    drop(to);
    let third: Arc<dyn Repository> = open(&at("c"));
    let rival = new_tenant("rival");
    third.create_tenant(&rival).await.expect("created");
    let host = isolet_domain::route::RouteHost::parse("a.example").expect("valid");
    third.claim_host(&TenantScope::of_route(&rival), &host).await.expect("free");
    drop(third);
    let into = embedded(&at("c")).await;
    assert!(matches!(into.import(&at("acme")).await, Err(ArchiveError::Conflict(_))));
    drop(into);
    let third = open(&at("c"));
    assert_eq!(third.list_tenants(None, 10).await.expect("readable").items.len(), 1);
    assert!(third.key_by_hash(&isolet_domain::ids::Digest::of(b"secret")).await.expect("readable").is_none());
}

//! What is done to the audit behind a store's back is found, in the stores that keep it: entries altered, taken out, exchanged, and taken off the
//! end together with the note of where the end is.

use std::path::Path;
use std::sync::{Arc, Mutex};

use isolet_domain::access::Credential;
use isolet_domain::audit::{Act, Anchor, AuditChain, AuditChains, Link};
use isolet_domain::fake_guests::FakeGuests;
use isolet_domain::ids::{Digest, HostId, RequestId};
use isolet_domain::key::KeyPepper;
use isolet_domain::repository::Repository;
use isolet_domain::secret::MasterKey;
use isolet_domain::service::{Platform, PlatformConfig};
use redb::{Database, ReadableTable, TableDefinition, WriteTransaction};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use serde_json::Value;

use crate::server::shared_server;
use crate::stores::{connect, open, options};

type Id = &'static [u8; 16];
const AUDIT: TableDefinition<(Id, u64), (Id, &[u8])> = TableDefinition::new("audit");
const HEADS: TableDefinition<Id, (u64, i64, &[u8; 32])> = TableDefinition::new("audit_heads");

/// Entries in the chain.
const ENTRIES: u64 = 6;

/// What a host notes beside its store.
#[derive(Debug, Default)]
struct Noted(Mutex<Option<Link>>);

impl Anchor for Noted {
    fn noted(&self) -> Option<Link> {
        *self.0.lock().expect("not poisoned")
    }

    fn note(&self, end: Link) {
        *self.0.lock().expect("not poisoned") = Some(end);
    }
}

fn platform(repository: Arc<dyn Repository>, host: HostId, anchor: &Arc<Noted>) -> Platform {
    let anchor: Arc<dyn Anchor> = anchor.clone();
    let chains = AuditChains { operators: AuditChain { host, anchor: Some(anchor) }, ..AuditChains::generate() };
    let config = PlatformConfig { audit: Some(chains), ..PlatformConfig::ALONE };
    let (pepper, master) = (KeyPepper::new([9; 32]), MasterKey::new([9; 32]));
    Platform::new(repository, Arc::new(FakeGuests::new()), pepper, master, config)
}

/// A chain of entries, each about another address.
async fn fill(platform: &Platform) {
    for n in 1..=ENTRIES {
        let act = Act {
            request: RequestId::generate(),
            actor: None,
            operation: "put_function".to_owned(),
            tenant: None,
            target: format!("/{n}"),
            subject: None,
            status: 201,
        };
        platform.audit.record(None, &Credential::operator(), act).await.expect("recorded");
    }
    assert_eq!(broken(platform).await, None);
}

/// The number of the first entry that is not as it was written.
async fn broken(platform: &Platform) -> Option<u64> {
    let verified = platform.audit.verify(&Credential::operator()).await.expect("the store is there");
    verified.broken.map(|broken| broken.number)
}

/// The record with another address in it.
fn altered(record: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(record.to_vec()).expect("JSON");
    let other = text.replace("\"target\":\"/4\"", "\"target\":\"/x\"");
    assert_ne!(text, other);
    other.into_bytes()
}

fn digest_in(record: &[u8]) -> Digest {
    let record: Value = serde_json::from_slice(record).expect("JSON");
    Digest::parse(record["data"]["digest"].as_str().expect("a text")).expect("a digest")
}

type Tamper = fn(&WriteTransaction, &HostId);

fn record(txn: &WriteTransaction, host: &HostId, number: u64) -> ([u8; 16], Vec<u8>) {
    let audit = txn.open_table(AUDIT).expect("there");
    let row = audit.get((host.as_bytes(), number)).expect("readable").expect("there");
    (*row.value().0, row.value().1.to_vec())
}

fn put(txn: &WriteTransaction, host: &HostId, number: u64, (id, record): &([u8; 16], Vec<u8>)) {
    let mut audit = txn.open_table(AUDIT).expect("there");
    audit.insert((host.as_bytes(), number), (id, record.as_slice())).expect("written");
}

fn remove(txn: &WriteTransaction, host: &HostId, number: u64) {
    let mut audit = txn.open_table(AUDIT).expect("there");
    assert!(audit.remove((host.as_bytes(), number)).expect("removed").is_some());
}

fn alter(txn: &WriteTransaction, host: &HostId) {
    let (id, before) = record(txn, host, 4);
    put(txn, host, 4, &(id, altered(&before)));
}

fn take_out(txn: &WriteTransaction, host: &HostId) {
    remove(txn, host, 3);
}

fn exchange(txn: &WriteTransaction, host: &HostId) {
    let (two, three) = (record(txn, host, 2), record(txn, host, 3));
    put(txn, host, 2, &three);
    put(txn, host, 3, &two);
}

/// With the note of the end moved along: what is left is whole in itself.
fn take_off_the_end(txn: &WriteTransaction, host: &HostId) {
    let digest = digest_in(&record(txn, host, ENTRIES - 1).1);
    remove(txn, host, ENTRIES);
    let mut heads = txn.open_table(HEADS).expect("there");
    heads.insert(host.as_bytes(), (ENTRIES - 1, 0, digest.as_bytes())).expect("written");
}

fn tamper_with_file(folder: &Path, host: &HostId, tamper: Tamper) {
    let database = Database::open(folder.join("data.redb")).expect("the store is closed");
    let txn = database.begin_write().expect("writable");
    tamper(&txn, host);
    txn.commit().expect("written");
}

#[tokio::test]
async fn what_is_done_to_the_embedded_audit_is_found() {
    for (tamper, number) in
        [(alter as Tamper, 4), (take_out as Tamper, 3), (exchange as Tamper, 2), (take_off_the_end as Tamper, ENTRIES)]
    {
        let (folder, host, anchor) =
            (tempfile::tempdir().expect("a folder"), HostId::generate(), Arc::<Noted>::default());
        let before = platform(open(folder.path()), host, &anchor);
        fill(&before).await;
        drop(before);
        tamper_with_file(folder.path(), &host, tamper);
        let after = platform(open(folder.path()), host, &anchor);
        assert_eq!(broken(&after).await, Some(number));
    }
}

/// The audit of one prefix in Redis, and a way past the store.
struct Behind {
    redis: MultiplexedConnection,
    base: String,
    host: HostId,
}

impl Behind {
    fn key(&self, what: &str) -> String {
        format!("{}:{{audit}}:{what}", self.base)
    }

    fn chain(&self) -> String {
        self.key(&format!("chain:{}", self.host))
    }

    async fn record(&mut self, number: u64) -> (String, Vec<u8>) {
        let ids: Vec<String> = self.redis.zrangebyscore(self.chain(), number, number).await.expect("there");
        let record = self.redis.hget(self.key("entries"), &ids[0]).await.expect("there");
        (ids[0].clone(), record)
    }

    async fn tamper(&mut self, number: u64) {
        match number {
            4 => {
                let (id, record) = self.record(4).await;
                let () = self.redis.hset(self.key("entries"), id, altered(&record)).await.expect("set");
            }
            3 => {
                let (id, _) = self.record(3).await;
                let () = self.redis.hdel(self.key("entries"), &id).await.expect("deleted");
                let () = self.redis.zrem(self.chain(), &id).await.expect("deleted");
            }
            2 => {
                let (two, three) = (self.record(2).await.0, self.record(3).await.0);
                let () = self.redis.zadd_multiple(self.chain(), &[(3, two), (2, three)]).await.expect("set");
            }
            _ => {
                let (id, _) = self.record(ENTRIES).await;
                let digest = digest_in(&self.record(ENTRIES - 1).await.1);
                let () = self.redis.hdel(self.key("entries"), &id).await.expect("deleted");
                let () = self.redis.zrem(self.chain(), &id).await.expect("deleted");
                let end = format!("{} {digest}", ENTRIES - 1);
                let () = self.redis.hset(self.key("heads"), self.host.to_string(), end).await.expect("set");
            }
        }
    }
}

#[tokio::test]
async fn what_is_done_to_the_audit_in_redis_is_found() {
    let Some(server) = shared_server() else { return };
    let client = redis::Client::open(server.url()).expect("a good address");
    for number in [4, 3, 2, ENTRIES] {
        let (base, host, anchor) = (format!("tampered-{number}"), HostId::generate(), Arc::<Noted>::default());
        let platform = platform(connect(&server.url(), options(&base)).await, host, &anchor);
        fill(&platform).await;
        let redis = client.get_multiplexed_async_connection().await.expect("the server was just started");
        Behind { redis, base, host }.tamper(number).await;
        assert_eq!(broken(&platform).await, Some(number));
    }
}

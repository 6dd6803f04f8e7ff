//! Redis that goes on without one of its servers: what was acknowledged is there afterwards, what was refused meanwhile was refused in
//! time, and who has nothing to do with the server that is gone notices nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use isolet_domain::access::TenantScope;
use isolet_domain::repository::{Repository, RepositoryError, WriteError};
use isolet_storage::RedisOptions;
use tokio::task::JoinHandle;

use crate::cluster::Cluster;
use crate::outage::{contents, fill};
use crate::samples::{function, name};
use crate::stores::{connect, new_tenant, options};
use crate::trio::Trio;

const DEADLINE: Duration = Duration::from_millis(1_000);
const SLACK: Duration = Duration::from_millis(1_000);
/// Within which another server has to be at work: the servers' own patience, an election, and a machine that is busy.
const TAKEN_OVER: Duration = Duration::from_secs(20);
const DURABLE: [&str; 2] = ["appendonly yes", "appendfsync everysec"];

async fn over(url: &str) -> Arc<dyn Repository> {
    let options = RedisOptions { timeout: DEADLINE, blob_timeout: DEADLINE, ..options("failover") };
    connect(url, options).await
}

/// Somebody who makes one function after the other until told to stop.
struct Writer {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Written>,
}

#[derive(Default)]
struct Written {
    acknowledged: Vec<String>,
    refused: usize,
    /// From the first refusal to the next that was not refused.
    longest_gap: Duration,
}

impl Writer {
    fn start(store: &Arc<dyn Repository>, scope: &TenantScope) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (store, scope, stopped) = (Arc::clone(store), scope.clone(), Arc::clone(&stop));
        let task = tokio::spawn(async move {
            let mut written = Written::default();
            let mut gap = None;
            for n in 0.. {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (raw, begun) = (format!("f-{n}"), Instant::now());
                match store.create_function(&scope, &function(&raw)).await {
                    Ok(()) => {
                        written.acknowledged.push(raw);
                        let ended: Option<Instant> = gap.take();
                        written.longest_gap = written.longest_gap.max(ended.map_or(Duration::ZERO, |at| at.elapsed()));
                    }
                    Err(WriteError::Repository(RepositoryError::Unavailable(_))) => {
                        assert!(begun.elapsed() < DEADLINE + SLACK, "refused after {:?}", begun.elapsed());
                        gap.get_or_insert(begun);
                        written.refused += 1;
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    Err(other) => panic!("{raw}: {other}"),
                }
            }
            written
        });
        Self { stop, task }
    }

    async fn stop(self) -> Written {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.expect("no panic")
    }
}

async fn functions(store: &dyn Repository, scope: &TenantScope) -> BTreeSet<String> {
    let all = store.list_functions(scope, None, 1_000_000).await.expect("readable").items;
    all.into_iter().map(|function| function.name.to_string()).collect()
}

/// Everything acknowledged is there.
async fn nothing_lost(store: &dyn Repository, scope: &TenantScope, written: &Written) {
    let there = functions(store, scope).await;
    let lost: Vec<_> = written.acknowledged.iter().filter(|raw| !there.contains(*raw)).collect();
    assert!(lost.is_empty(), "{lost:?} of {} were lost", written.acknowledged.len());
}

async fn recovered(store: &dyn Repository) {
    let begun = Instant::now();
    while let Err(err) = store.check().await {
        assert!(begun.elapsed() < TAKEN_OVER, "still not back: {err}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_masters_end_loses_nothing_that_was_acknowledged() {
    for frozen in [false, true] {
        let Some(mut trio) = Trio::start(&DURABLE) else { return };
        let store = over(&trio.url()).await;
        let scope = fill(&*store).await;
        let acme = new_tenant("writer");
        store.create_tenant(&acme).await.expect("created");
        let before = contents(&*store, &scope).await;
        let acme = TenantScope::of_route(&acme);
        let writer = Writer::start(&store, &acme);
        tokio::time::sleep(Duration::from_millis(500)).await;
        if frozen {
            trio.servers[0].signal("STOP");
        } else {
            trio.servers[0].kill();
        }
        let gone = Instant::now();
        while store.check().await.is_ok() && gone.elapsed() < DEADLINE {}
        recovered(&*store).await;
        assert!(gone.elapsed() < TAKEN_OVER, "{:?}", gone.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
        let written = writer.stop().await;
        assert!(written.refused > 0 && written.longest_gap < TAKEN_OVER, "{:?}", written.longest_gap);
        nothing_lost(&*store, &acme, &written).await;
        assert_eq!(contents(&*store, &scope).await, before);

        // The one that was the master comes back, and takes no part in it as if it still were.
        if frozen {
            trio.servers[0].signal("CONT");
        } else {
            trio.servers[0].restart();
        }
        trio.wait(|trio| trio.servers[0].command("INFO replication").contains("role:slave"));
        recovered(&*store).await;
        let writer = Writer::start(&store, &acme_again(&*store).await);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let again = writer.stop().await;
        assert_eq!(again.refused, 0);
        nothing_lost(&*store, &acme, &written).await;
    }
}

/// A tenant of another name, so that its functions are new.
async fn acme_again(store: &dyn Repository) -> TenantScope {
    let tenant = new_tenant("writer-again");
    store.create_tenant(&tenant).await.expect("created");
    TenantScope::of_route(&tenant)
}

#[tokio::test]
async fn a_write_that_no_replica_has_is_not_acknowledged() {
    let Some(mut trio) = Trio::start(&DURABLE) else { return };
    let store = over(&trio.url()).await;
    let scope = fill(&*store).await;
    trio.servers[2].kill();
    store.create_function(&scope, &function("one-is-enough")).await.expect("one replica has it");
    trio.servers[1].signal("STOP");
    let begun = Instant::now();
    let refused = store.create_function(&scope, &function("alone")).await.expect_err("no replica").to_string();
    assert!(refused.contains("replicas") && begun.elapsed() < DEADLINE + SLACK, "{refused}");
    assert!(store.check().await.is_err());
    // Reading does not wait for anybody.
    let begun = Instant::now();
    assert!(store.function(&scope, &name("hello")).await.expect("readable").is_some());
    assert!(begun.elapsed() < DEADLINE / 2, "{:?}", begun.elapsed());
    trio.servers[1].signal("CONT");
    recovered(&*store).await;
    store.create_function(&scope, &function("together")).await.expect("created");
}

/// As many tenants as it takes for each master to have one. The number is the node.
async fn tenant_of_each_master(store: &dyn Repository, cluster: &Cluster) -> Vec<TenantScope> {
    let mut found: [Option<TenantScope>; 3] = Default::default();
    for n in 0.. {
        let tenant = new_tenant(&format!("tenant-{n}"));
        let slot = slot(cluster, &format!("{{{}}}", tenant.id));
        let at = &mut found[slot * 3 / 16_384];
        if at.is_none() {
            store.create_tenant(&tenant).await.expect("created");
            *at = Some(TenantScope::of_route(&tenant));
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found.into_iter().flatten().collect()
}

fn slot(cluster: &Cluster, key: &str) -> usize {
    let told = cluster.nodes[0].command(&format!("CLUSTER KEYSLOT {key}"));
    told.trim().trim_start_matches(':').parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nodes_end_is_noticed_by_those_alone_whose_keys_it_had() {
    let [one, other] = DURABLE;
    for frozen in [false, true] {
        // By default the others stop as well until there is somebody for all keys again.
        let options = [one, other, "cluster-require-full-coverage no"];
        let Some(mut cluster) = Cluster::start(&options) else { return };
        let store = over(&cluster.url()).await;
        let tenants = tenant_of_each_master(&*store, &cluster).await;
        let writers: Vec<_> = tenants.iter().map(|scope| Writer::start(&store, scope)).collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
        if frozen {
            cluster.nodes[1].signal("STOP");
        } else {
            cluster.nodes[1].kill();
        }
        let begun = Instant::now();
        while store.function(&tenants[1], &name("hello")).await.is_err() {
            assert!(begun.elapsed() < TAKEN_OVER, "the replica does not take over");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // It has no replica of its own, so a write would be lost with it.
        loop {
            let refused = store.create_function(&tenants[1], &function("marker")).await.expect_err("it is alone");
            if refused.to_string().contains("replicas") {
                break;
            }
            assert!(begun.elapsed() < TAKEN_OVER, "{refused}");
        }
        for (at, (writer, scope)) in writers.into_iter().zip(&tenants).enumerate() {
            let written = writer.stop().await;
            assert_eq!(written.refused > 0, at == 1, "node {at}: {} refused, frozen: {frozen}", written.refused);
            assert!(written.acknowledged.len() > 50, "node {at}: {}", written.acknowledged.len());
            nothing_lost(&*store, scope, &written).await;
        }
        if frozen {
            cluster.nodes[1].signal("CONT");
        } else {
            cluster.nodes[1].restart();
        }
        cluster.wait(|cluster| cluster.nodes[1].command("INFO replication").contains("role:slave"));
        let begun = Instant::now();
        while let Err(err) = store.create_function(&tenants[1], &function("after")).await {
            assert!(begun.elapsed() < TAKEN_OVER, "it takes no writes: {err}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(functions(&*store, &tenants[1]).await.contains("after"));
    }
}

#[tokio::test]
async fn keys_that_move_to_another_node_are_followed() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let store = over(&cluster.url()).await;
    let scope = fill(&*store).await;
    let before = contents(&*store, &scope).await;
    let slot = slot(&cluster, &format!("{{{}}}", scope.id()));
    let from = slot * 3 / 16_384;
    let to = (from + 1) % 3;
    let (from, to) = (&cluster.nodes[from], &cluster.nodes[to]);
    let id = |node: &crate::server::Server| node.command("CLUSTER MYID").lines().nth(1).expect("an id").to_owned();
    assert!(to.command(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", id(from))).starts_with("+OK"));
    assert!(from.command(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", id(to))).starts_with("+OK"));
    let keys = from.command(&format!("CLUSTER GETKEYSINSLOT {slot} 100"));
    let keys: Vec<&str> = keys.lines().skip(1).filter(|line| !line.starts_with('$')).collect();
    assert!(keys.len() > 5, "{keys:?}");
    // On their way: the old node sends every question about them on.
    for key in keys {
        let moved = from.command(&format!("MIGRATE 127.0.0.1 {} {key} 0 5000", to.port()));
        assert!(moved.starts_with("+OK"), "{moved}");
    }
    assert_eq!(contents(&*store, &scope).await, before);
    store.create_function(&scope, &function("meanwhile")).await.expect("created");
    // There for good.
    for node in [to, from] {
        assert!(node.command(&format!("CLUSTER SETSLOT {slot} NODE {}", id(to))).starts_with("+OK"));
    }
    store.create_function(&scope, &function("afterwards")).await.expect("created");
    let there = functions(&*store, &scope).await;
    assert!(["hello", "meanwhile", "afterwards"].iter().all(|raw| there.contains(*raw)), "{there:?}");
}

#[tokio::test]
async fn addresses_that_lead_to_something_else_are_refused() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let one = format!("redis://127.0.0.1:{}", cluster.nodes[0].port());
    let refused = isolet_storage::RedisStore::connect(&one, options("x")).await.err().expect("refused").to_string();
    assert!(refused.contains("redis+cluster://"), "{refused}");
    let Some(alone) = crate::server::shared_server() else { return };
    let url = alone.url().replace("redis://", "redis+cluster://").trim_end_matches('/').to_owned();
    let refused = isolet_storage::RedisStore::connect(&url, options("x")).await.err().expect("refused").to_string();
    assert!(refused.contains("cluster support disabled"), "{refused}");
    let url = format!("redis+sentinel://127.0.0.1:{}?master=main", alone.port());
    assert!(isolet_storage::RedisStore::connect(&url, options("x")).await.is_err());
}

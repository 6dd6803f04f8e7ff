//! A network that delays, cuts, swallows and garbles: calls fail in time, and nobody ever gets what somebody else asked for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use isolet_domain::access::TenantScope;
use isolet_domain::ids::EnvName;
use isolet_domain::repository::{Repository, RepositoryError, WriteError};
use isolet_storage::RedisOptions;
use tokio::runtime::Builder;

use crate::outage::{contents, fill, reads_fail, writes_fail};
use crate::proxy::{Proxy, Weather};
use crate::samples::{function, name, version};
use crate::server::Server;
use crate::stores::{connect, new_tenant, options};

const DEADLINE: Duration = Duration::from_millis(500);
const SLACK: Duration = Duration::from_millis(1_000);

async fn behind_proxy() -> Option<(Server, Proxy, Arc<dyn Repository>)> {
    let server = Server::start(&[])?;
    let proxy = Proxy::start(server.port()).await;
    let options = RedisOptions { timeout: DEADLINE, blob_timeout: DEADLINE, ..options("network") };
    let store = connect(&proxy.url, options).await;
    Some((server, proxy, store))
}

async fn recovered(store: &dyn Repository) {
    let begun = Instant::now();
    while let Err(err) = store.check().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "still not back: {err}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn replies_that_come_byte_by_byte_are_whole() {
    let Some((_server, proxy, store)) = behind_proxy().await else { return };
    let scope = fill(&*store).await;
    let before = contents(&*store, &scope).await;
    proxy.set(Weather::Sliced);
    assert_eq!(contents(&*store, &scope).await, before);
}

/// What serves and what manages are runtimes of one process, and neither drives what the other asks.
#[test]
fn each_runtime_has_connections_of_its_own() {
    let runtime = || Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let (one, other) = (runtime(), runtime());
    let Some((_server, proxy, store)) = one.block_on(behind_proxy()) else { return };
    let scope = one.block_on(fill(&*store));
    let before = one.block_on(contents(&*store, &scope));
    let connections = proxy.connections();
    assert_eq!(other.block_on(contents(&*store, &scope)), before);
    assert!(proxy.connections() > connections, "it went over the connections of another runtime");
    // Nothing of one is on the threads of the other.
    let connections = proxy.connections();
    other.shutdown_background();
    assert_eq!(one.block_on(contents(&*store, &scope)), before);
    assert_eq!(proxy.connections(), connections);
}

#[tokio::test]
async fn a_silent_connection_is_left_for_a_new_one() {
    let Some((_server, proxy, store)) = behind_proxy().await else { return };
    let scope = fill(&*store).await;
    let before = contents(&*store, &scope).await;
    let connections = proxy.connections();
    proxy.set(Weather::Silent);
    reads_fail(&*store, &scope, DEADLINE + SLACK).await;
    proxy.set(Weather::Fair);
    recovered(&*store).await;
    assert!(proxy.connections() > connections);
    assert_eq!(contents(&*store, &scope).await, before);
}

#[tokio::test]
async fn garbled_and_broken_replies_fail_the_call_and_the_connection() {
    let Some((_server, proxy, store)) = behind_proxy().await else { return };
    let scope = fill(&*store).await;
    let before = contents(&*store, &scope).await;
    for weather in [Weather::Garbage, Weather::Broken] {
        proxy.set(weather);
        reads_fail(&*store, &scope, DEADLINE + SLACK).await;
        proxy.set(Weather::Fair);
        recovered(&*store).await;
        assert_eq!(contents(&*store, &scope).await, before, "{weather:?}");
    }
    // Calls that write are answered the same way. (What was done in time and could not be told is done: see `link`.)
    proxy.set(Weather::Garbage);
    let _ = store.check().await;
    writes_fail(&*store, &scope, &before, DEADLINE + SLACK).await;
}

/// The one that matters: replies that come after their callers have gone must not be taken for anybody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_replies_never_reach_another_caller() {
    let Some((_server, proxy, store)) = behind_proxy().await else { return };
    let who = EnvName::parse("WHO").expect("a good name");
    let mut scopes = Vec::new();
    for n in 0..8 {
        let tenant = new_tenant(&format!("tenant-{n}"));
        store.create_tenant(&tenant).await.expect("created");
        let scope = TenantScope::of_route(&tenant);
        let mut hello = function("hello");
        hello.env.insert(who.clone(), n.to_string());
        store.create_function(&scope, &hello).await.expect("created");
        scopes.push(scope);
    }
    // Three times the deadline at most: many replies come in time and many do not.
    proxy.set(Weather::Late(DEADLINE * 3));
    let callers: Vec<_> = scopes
        .into_iter()
        .enumerate()
        .map(|(n, scope)| {
            let (store, who) = (Arc::clone(&store), who.clone());
            tokio::spawn(async move {
                let (mut answered, mut late) = (0, 0);
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_secs(6) {
                    match store.function(&scope, &name("hello")).await {
                        Ok(Some(hello)) => {
                            assert_eq!(hello.env[&who], n.to_string(), "another tenant's record");
                            answered += 1;
                        }
                        Ok(None) => panic!("a function that is there was not found"),
                        // Not `Corrupt` either: that would be a mix-up that was noticed.
                        Err(RepositoryError::Unavailable(_)) => {
                            late += 1;
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                        Err(err @ (RepositoryError::Corrupt { .. } | RepositoryError::Newer { .. })) => panic!("{err}"),
                    }
                }
                (answered, late)
            })
        })
        .collect();
    let (mut answered, mut late) = (0, 0);
    for caller in callers {
        let (a, l) = caller.await.expect("no panic");
        answered += a;
        late += l;
    }
    assert!(answered > 100 && late > 10, "{answered} answered, {late} late: the test tests nothing");
}

/// Versions added in bad weather: whatever was acknowledged is there, once, and the numbers have no gaps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_in_bad_weather_are_there() {
    let Some((_server, proxy, store)) = behind_proxy().await else { return };
    let scope = fill(&*store).await;
    proxy.set(Weather::Late(DEADLINE));
    let callers: Vec<_> = (0..4)
        .map(|n| {
            let (store, scope) = (Arc::clone(&store), scope.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                let begun = Instant::now();
                for k in 0.. {
                    if begun.elapsed() > Duration::from_secs(4) {
                        break;
                    }
                    match store.add_version(&scope, &name("hello"), version(&format!("{n} {k}"))).await {
                        Ok((added, _)) => acknowledged.push(added),
                        Err(WriteError::Repository(RepositoryError::Unavailable(_))) => {}
                        Err(err) => panic!("{err}"),
                    }
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for caller in callers {
        acknowledged.extend(caller.await.expect("no panic"));
    }
    proxy.set(Weather::Fair);
    recovered(&*store).await;
    let listed = store.list_versions(&scope, &name("hello"), None, 10_000).await.expect("readable").items;
    assert!(acknowledged.iter().all(|version| listed.contains(version)));
    let numbers: Vec<u64> = listed.iter().rev().map(|version| version.number).collect();
    assert_eq!(numbers, (1..=listed.len() as u64).collect::<Vec<_>>());
}

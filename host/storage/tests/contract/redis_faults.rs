//! A Redis that is gone, frozen, full, read-only, locked or of the wrong kind. Each test breaks a server of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use isolet_domain::repository::{Repository, RepositoryError, WriteError};
use isolet_storage::{OpenError, RedisOptions, RedisStore};

use crate::outage::{contents, fill, reads_fail, writes_fail};
use crate::samples::{function, name, version};
use crate::server::Server;
use crate::stores::{self, new_tenant, options};

/// Short, so that the tests are; long enough for a machine that is busy with the other tests.
const DEADLINE: Duration = Duration::from_millis(1_000);
/// What a call may take on top: the deadline is for Redis, not for this process to be scheduled.
const SLACK: Duration = Duration::from_millis(700);

async fn connect(server: &Server) -> Arc<dyn Repository> {
    let options = RedisOptions { timeout: DEADLINE, blob_timeout: DEADLINE, ..options("faults") };
    stores::connect(&server.url(), options).await
}

/// Waits until the store takes writes again.
async fn recovered(store: &dyn Repository) {
    let begun = Instant::now();
    while let Err(err) = store.check().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "still not back: {err}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_killed_server_fails_every_call_and_nothing_is_lost() {
    let Some(mut server) = Server::start(&["appendonly yes", "appendfsync always"]) else { return };
    let store = connect(&server).await;
    let scope = fill(&*store).await;
    let before = contents(&*store, &scope).await;
    server.kill();
    reads_fail(&*store, &scope, DEADLINE + SLACK).await;
    writes_fail(&*store, &scope, &before, DEADLINE + SLACK).await;
    server.restart();
    recovered(&*store).await;
    assert_eq!(contents(&*store, &scope).await, before);
}

#[tokio::test]
async fn a_frozen_server_fails_every_call_and_does_none_of_it_later() {
    let Some(server) = Server::start(&[]) else { return };
    let store = connect(&server).await;
    let scope = fill(&*store).await;
    let before = contents(&*store, &scope).await;
    server.signal("STOP");
    // Its sockets still take what is sent: this is what a write that happens later would be made of.
    let frozen = Instant::now();
    let (tenant, other, one) = (new_tenant("globex"), function("other"), version("1"));
    let (hello, next, id) = (name("hello"), version("2"), scope.id());
    let (a, b, c, d, e) = tokio::join!(
        store.create_tenant(&tenant),
        store.create_function(&scope, &other),
        store.add_version(&scope, &hello, one),
        store.delete_function(&scope, &hello),
        store.delete_tenant(&id),
    );
    let gone =
        |result: Result<(), WriteError>| matches!(result, Err(WriteError::Repository(RepositoryError::Unavailable(_))));
    assert!(gone(a) && gone(b) && gone(c.map(drop)) && gone(d.map(drop)) && gone(e.map(drop)));
    assert!(frozen.elapsed() < DEADLINE + SLACK, "{:?}", frozen.elapsed());
    reads_fail(&*store, &scope, DEADLINE + SLACK).await;
    writes_fail(&*store, &scope, &before, DEADLINE + SLACK).await;
    server.signal("CONT");
    recovered(&*store).await;
    assert_eq!(contents(&*store, &scope).await, before);
    assert!(store.tenant_by_id(&tenant.id).await.expect("readable").is_none());
    // And it goes on as if nothing had been.
    let (added, new) = store.add_version(&scope, &hello, next).await.expect("added");
    assert_eq!((added.number, new), (2, true));
}

/// Makes a server refuse writes, and looks whether they are refused wholly and reads go on.
async fn refuses(spoil: &[&str], mend: &[&str], because: &str) {
    let Some(server) = Server::start(&[]) else { return };
    let store = connect(&server).await;
    let scope = fill(&*store).await;
    let before = contents(&*store, &scope).await;
    for line in spoil {
        let answer = server.command(line);
        assert!(!answer.starts_with("-ERR"), "{line}: {answer}");
    }
    let error = store.create_function(&scope, &function("other")).await.expect_err("refused").to_string();
    assert!(error.contains(because), "{error}");
    assert_eq!(contents(&*store, &scope).await, before);
    // Removing is no harder to refuse than adding, where it is refused at all.
    let _ = store.update_function(&scope, &name("hello"), &|_| {}).await;
    assert!(store.add_version(&scope, &name("hello"), version("y")).await.is_err());
    assert!(store.create_tenant(&new_tenant("globex")).await.is_err());
    assert!(store.check().await.is_err());
    assert_eq!(contents(&*store, &scope).await, before);
    for line in mend {
        server.command(line);
    }
    recovered(&*store).await;
    assert_eq!(contents(&*store, &scope).await, before);
    store.create_function(&scope, &function("other")).await.expect("created");
}

#[tokio::test]
async fn a_full_server_takes_no_writes() {
    refuses(&["CONFIG SET maxmemory 1"], &["CONFIG SET maxmemory 0"], "maxmemory").await;
}

#[tokio::test]
async fn a_server_without_its_replicas_takes_no_writes() {
    refuses(&["CONFIG SET min-replicas-to-write 1"], &["CONFIG SET min-replicas-to-write 0"], "replicas").await;
}

#[tokio::test]
async fn a_server_that_became_a_replica_takes_no_writes() {
    // Of nobody: port 1 answers nothing, so it keeps what it has.
    refuses(&["REPLICAOF 127.0.0.1 1"], &["REPLICAOF NO ONE"], "replica").await;
}

#[tokio::test]
async fn a_server_that_cannot_save_takes_no_writes() {
    let Some(server) = Server::start(&["save 3600 1", "enable-protected-configs yes"]) else { return };
    let store = connect(&server).await;
    let scope = fill(&*store).await;
    let before = contents(&*store, &scope).await;
    // A folder where the file should go: it cannot be replaced by a file.
    let blocked = server.folder().join("blocked.rdb");
    std::fs::create_dir(&blocked).expect("a new folder");
    std::fs::write(blocked.join("x"), "").expect("a new file");
    assert!(server.command("CONFIG SET dbfilename blocked.rdb").starts_with("+OK"));
    server.command("BGSAVE");
    let begun = Instant::now();
    let error = loop {
        match store.create_function(&scope, &function("other")).await {
            Err(err) => break err.to_string(),
            Ok(()) => store.delete_function(&scope, &name("other")).await.map(drop).unwrap_or_default(),
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "it goes on taking writes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(error.contains("MISCONF"), "{error}");
    assert_eq!(contents(&*store, &scope).await, before);
    server.command("CONFIG SET stop-writes-on-bgsave-error no");
    recovered(&*store).await;
}

#[tokio::test]
async fn a_server_that_changed_its_password_is_unavailable_until_it_is_told() {
    let Some(server) = Server::start(&[]) else { return };
    let store = connect(&server).await;
    let scope = fill(&*store).await;
    server.command("CONFIG SET requirepass hunter2");
    // What is connected stays so until the server cuts it off.
    let mut line = server.authenticated("hunter2");
    line("CLIENT KILL TYPE normal SKIPME yes");
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The first call may still meet the cut connection; the next one asks to be let in.
    let _ = store.check().await;
    let error = store.check().await.expect_err("locked out").to_string();
    assert!(error.contains("NOAUTH") || error.contains("password"), "{error}");
    assert!(!error.contains("hunter2"));
    line("CONFIG SET requirepass \"\"");
    recovered(&*store).await;
    assert!(store.function(&scope, &name("hello")).await.expect("readable").is_some());
}

#[tokio::test]
async fn a_server_that_evicts_is_refused() {
    let Some(server) = Server::start(&["maxmemory-policy allkeys-lru"]) else { return };
    let refused = RedisStore::connect(&server.url(), options("x")).await.err().expect("refused");
    assert!(matches!(&refused, OpenError::Unsuitable(why) if why.contains("allkeys-lru")), "{refused}");
    // Also when it hides its settings.
    let Some(server) =
        Server::start(&["maxmemory-policy allkeys-random", "user default on nopass ~* &* +@all -config"])
    else {
        return;
    };
    let refused = RedisStore::connect(&server.url(), options("x")).await.err().expect("refused");
    assert!(matches!(&refused, OpenError::Unsuitable(why) if why.contains("allkeys-random")), "{refused}");
    let Some(server) = Server::start(&["maxmemory-policy volatile-lru", "maxmemory 100mb"]) else { return };
    RedisStore::connect(&server.url(), options("x")).await.map(drop).expect("it evicts none of our keys");
}

#[tokio::test]
async fn nobody_at_the_address_is_said_so() {
    let refused = RedisStore::connect("redis://127.0.0.1:1/", options("x")).await.err().expect("refused");
    assert!(matches!(&refused, OpenError::Repository(RepositoryError::Unavailable(_))), "{refused}");
    let Some(server) = Server::start(&["requirepass hunter2"]) else { return };
    let wrong = server.url().replace("redis://", "redis://:hunter3@");
    let refused = RedisStore::connect(&wrong, options("x")).await.err().expect("refused").to_string();
    assert!(refused.contains("password") && !refused.contains("hunter"), "{refused}");
    let right = server.url().replace("redis://", "redis://:hunter2@");
    RedisStore::connect(&right, options("x")).await.map(drop).expect("the right password");
}

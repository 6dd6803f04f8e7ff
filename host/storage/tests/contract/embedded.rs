//! The embedded store's files: opened again, opened twice, not ours, damaged.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use isolet_domain::access::TenantScope;
use isolet_domain::repository::{Repository, RepositoryError, WriteError};
use isolet_storage::{EmbeddedStore, OpenError};
use redb::{Database, ReadableTable, TableDefinition};

use crate::outage::{contents, fill};
use crate::samples::{function, name, version};
use crate::stores::{new_tenant, open};

const FUNCTIONS: TableDefinition<(&[u8; 16], &str), &[u8]> = TableDefinition::new("functions");

/// Changes the file behind the store's back.
fn tamper(folder: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(folder.join("data.redb")).expect("the store is closed");
    let txn = database.begin_write().expect("writable");
    change(&txn);
    txn.commit().expect("writable");
}

fn open_error(folder: &Path) -> OpenError {
    EmbeddedStore::open(folder).err().expect("it was opened")
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("new/folder");
    let store = open(&data);
    let acme = fill(&*store).await;
    let before = contents(&*store, &acme).await;
    // Without a flush: closing is one.
    for _ in 0..3 {
        drop(open(&folder.path().join("other")));
    }
    drop(store);
    let store = open(&data);
    assert_eq!(contents(&*store, &acme).await, before);
}

#[tokio::test]
async fn a_file_of_an_earlier_isolet_gets_the_tables_it_lacks() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path());
    let acme = fill(&*store).await;
    store
        .release_host(&acme, &isolet_domain::route::RouteHost::parse("a.example").expect("valid"))
        .await
        .expect("its own");
    let before = contents(&*store, &acme).await;
    drop(store);
    tamper(folder.path(), |txn| {
        for table in ["hosts", "routing", "answers", "answer_ends", "answer_counts"] {
            assert!(
                txn.delete_table(TableDefinition::<&str, &str>::new(table)).is_ok_and(|was_there| was_there),
                "{table}"
            );
        }
    });
    let store = open(folder.path());
    assert_eq!(contents(&*store, &acme).await, before);
    let host = isolet_domain::route::RouteHost::parse("b.example").expect("valid");
    assert_eq!(store.host_owner(&host).await.expect("readable"), None);
    store.claim_host(&acme, &host).await.expect("free");
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path());
    let refused = open_error(folder.path());
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("in use"), "{refused}");
    store.check().await.expect("the first one is not disturbed");
    drop(store);
    open(folder.path());
}

#[test]
fn other_files_are_refused_and_not_touched() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("data.redb");
    for content in [&b"x"[..], b"SQLite format 3\0", &[0; 8_192], &[0xFF; 70_000]] {
        std::fs::write(&file, content).expect("written");
        let refused = open_error(folder.path());
        assert!(matches!(refused, OpenError::Foreign { .. } | OpenError::Damaged { .. }), "{refused}");
        assert!(std::fs::read(&file).expect("there") == content, "it was written to: {refused}");
    }
    std::fs::remove_file(&file).expect("there");
    // A database, and another program's.
    tamper_new(&file, "things");
    let refused = open_error(folder.path());
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    // Ours, and a later version's.
    std::fs::remove_file(&file).expect("there");
    tamper_new(&file, "meta");
    let refused = open_error(folder.path());
    assert!(matches!(&refused, OpenError::Foreign { .. }) && refused.to_string().contains("later"), "{refused}");
}

fn tamper_new(file: &Path, table: &str) {
    let database = Database::create(file).expect("a new file");
    let txn = database.begin_write().expect("writable");
    txn.open_table(TableDefinition::<&str, &str>::new(table)).expect("new").insert("format", "later").expect("new");
    txn.commit().expect("writable");
}

#[tokio::test]
async fn a_cut_file_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("data.redb");
    let store = open(folder.path());
    fill(&*store).await;
    drop(store);
    let whole = std::fs::read(&file).expect("there");
    for length in [1, 100, 4_096, whole.len() / 2, whole.len() - 4_096] {
        std::fs::write(&file, &whole[..length]).expect("written");
        let refused = open_error(folder.path());
        assert!(matches!(refused, OpenError::Foreign { .. } | OpenError::Damaged { .. }), "{length}: {refused}");
    }
    std::fs::write(&file, &whole).expect("written");
    open(folder.path());
}

#[tokio::test]
async fn a_flipped_byte_is_noticed_or_harmless_and_never_a_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("data.redb");
    let store = open(folder.path());
    let acme = fill(&*store).await;
    drop(store);
    let whole = std::fs::read(&file).expect("there");
    for at in (0..whole.len()).step_by(whole.len() / 150) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        std::fs::write(&file, &flipped).expect("written");
        let Ok(store) = EmbeddedStore::open(folder.path()) else { continue };
        let store: Arc<dyn Repository> = Arc::new(store);
        let _ = store.list_tenants(None, 10).await;
        let _ = store.list_functions(&acme, None, 10).await;
        let _ = store.list_runs(&acme, None, 10).await;
        let _ = store.create_function(&acme, &function("other")).await;
    }
}

#[tokio::test]
async fn records_that_are_damaged_or_someone_elses_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path());
    let acme = fill(&*store).await;
    store.create_function(&acme, &function("well")).await.expect("created");
    let globex = new_tenant("globex");
    store.create_tenant(&globex).await.expect("created");
    let globex = TenantScope::of_route(&globex);
    drop(store);
    tamper(folder.path(), |txn| {
        let mut functions = txn.open_table(FUNCTIONS).expect("there");
        let record = functions.get((acme.id().as_bytes(), "hello")).expect("readable").expect("there").value().to_vec();
        functions.insert((globex.id().as_bytes(), "hello"), record.as_slice()).expect("writable");
        functions.insert((acme.id().as_bytes(), "hello"), &record[..record.len() / 2]).expect("writable");
    });
    let store = open(folder.path());
    for scope in [&acme, &globex] {
        let read = store.function(scope, &name("hello")).await;
        assert!(matches!(read, Err(RepositoryError::Corrupt { .. })));
        assert!(matches!(store.list_functions(scope, None, 10).await, Err(RepositoryError::Corrupt { .. })));
    }
    assert!(store.function(&acme, &name("well")).await.expect("readable").is_some());

    // Writes that share a commit with one that fails on such a record do not fail with it.
    let adds: Vec<_> = (0..60)
        .map(|n| {
            let (store, acme) = (Arc::clone(&store), acme.clone());
            let to = if n % 3 == 0 { "hello" } else { "well" };
            tokio::spawn(async move { (to, store.add_version(&acme, &name(to), version(&n.to_string())).await) })
        })
        .collect();
    for add in adds {
        match add.await.expect("no panic") {
            ("well", added) => assert!(added.expect("added").1),
            (_, failed) => {
                let corrupt = matches!(failed, Err(WriteError::Repository(RepositoryError::Corrupt { .. })));
                assert!(corrupt);
            }
        }
    }
    let well = store.list_versions(&acme, &name("well"), None, 100).await.expect("readable").items;
    assert_eq!(well.iter().map(|version| version.number).collect::<Vec<_>>(), (1..=40).rev().collect::<Vec<_>>());
    // And it can be removed, alone or with its tenant.
    store.delete_function(&acme, &name("hello")).await.expect("deleted");
    assert_eq!(store.list_functions(&acme, None, 10).await.expect("readable").items.len(), 1);
    store.delete_tenant(&globex.id()).await.expect("deleted");
}

#[tokio::test]
async fn damaged_contents_are_refused_and_can_be_put_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path());
    let digest = store.put_blob("content".into()).await.expect("stored");
    let hex = digest.to_hex();
    let file = folder.path().join("blobs/b3").join(&hex[..2]).join(&hex);
    assert_eq!(std::fs::read(&file).expect("there"), b"content");
    for damaged in ["", "contents", "Content"] {
        std::fs::write(&file, damaged).expect("written");
        assert!(matches!(store.blob(&digest).await, Err(RepositoryError::Corrupt { .. })), "{damaged}");
        store.put_blob("content".into()).await.expect("stored");
        assert_eq!(store.blob(&digest).await.expect("readable").as_deref(), Some(&b"content"[..]));
    }
    std::fs::remove_file(&file).expect("there");
    assert_eq!(store.blob(&digest).await.expect("readable"), None);
    store.put_blob("content".into()).await.expect("stored");
    assert!(file.exists());
}

#[test]
fn what_a_crash_left_unfinished_is_removed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    drop(open(folder.path()));
    let unfinished = folder.path().join("blobs/unfinished/7");
    std::fs::write(&unfinished, "half").expect("written");
    drop(open(folder.path()));
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn nobody_else_can_read_the_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let store = open(&data);
    fill(&*store).await;
    let mut folders = vec![data];
    while let Some(folder) = folders.pop() {
        let mode = std::fs::metadata(&folder).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(&folder).expect("readable") {
            let entry = entry.expect("readable");
            let found = entry.metadata().expect("there");
            if found.is_dir() {
                folders.push(entry.path());
            } else {
                assert_eq!(found.permissions().mode() & 0o777, 0o600, "{}", entry.path().display());
            }
        }
    }
}

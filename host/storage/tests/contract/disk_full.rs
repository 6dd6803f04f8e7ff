//! A full disk under the embedded store: writes are refused, reads go on, and everything goes on once there is space. The disk is
//! a small tmpfs in a mount namespace, which only a child process can enter: this test binary again.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use isolet_domain::repository::{RepositoryError, WriteError};

use crate::outage::fill;
use crate::samples::{function, name, run, version};
use crate::stores::open;

const FOLDER: &str = "ISOLET_TEST_FULL_FOLDER";

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mount = "mount -t tmpfs -o size=16m none \"$1\"";
    let script = format!("{mount} || exit 99; exec \"$0\" --exact disk_full::fills_the_disk --ignored --nocapture");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(std::env::current_exe().expect("this is a file"))
        .arg(folder.path())
        .env(FOLDER, folder.path())
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            // Not `eprintln!`, whose output is hidden when the test passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED: no mount namespace here, a full disk is not tested");
        }
    }
}

fn fill_disk(folder: &Path) -> PathBuf {
    let filler = folder.join("filler");
    let mut file = std::fs::File::create(&filler).expect("a new file");
    for size in [1 << 16, 1 << 12] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
    filler
}

fn is_gone(error: &WriteError) -> bool {
    matches!(error, WriteError::Repository(RepositoryError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of `a_full_disk_refuses_writes_and_loses_nothing`"]
async fn fills_the_disk() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let store = open(&folder);
    let acme = fill(&*store).await;
    let (mut acknowledged, mut refused) = (vec!["hello".to_owned()], Vec::new());
    for round in 0..3 {
        // In memory only when the disk fills up: it must not be lost either.
        let last = run(&round.to_string());
        store.record_run(&acme, &last, 1_000).await.expect("recorded");
        // As a crash would leave it.
        let crashed = folder.join("crashed");
        std::fs::create_dir_all(&crashed).expect("writable");
        std::fs::copy(folder.join("data.redb"), crashed.join("data.redb")).expect("writable");
        let filler = fill_disk(&folder);
        {
            let store = open(&crashed);
            assert!(store.function(&acme, &name("hello")).await.expect("readable").is_some());
            assert!(store.put_blob(vec![9; 1 << 20].into()).await.is_err());
        }
        let mut attempts = 0;
        // The file has some room inside.
        while refused.len() < 20 * (round + 1) {
            let raw = format!("f{round}-{attempts}");
            match store.create_function(&acme, &function(&raw)).await {
                Ok(()) => acknowledged.push(raw),
                Err(err) if is_gone(&err) => refused.push(raw),
                Err(err) => panic!("{err}"),
            }
            attempts += 1;
            assert!(attempts < 10_000, "the disk is not full");
        }
        assert!(store.put_blob(vec![round as u8 + 1; 1 << 20].into()).await.is_err());
        assert!(store.check().await.is_err());
        let version = store.add_version(&acme, &name("hello"), version(&round.to_string())).await;
        assert!(version.is_err_and(|err| is_gone(&err)));
        // Reads go on.
        let functions = store.list_functions(&acme, None, 10_000).await.expect("readable").items;
        assert_eq!(functions.len(), acknowledged.len());
        assert!(store.function(&acme, &name("hello")).await.expect("readable").is_some());
        assert!(store.run(&acme, &last.id).await.expect("readable").is_some());

        std::fs::remove_file(filler).expect("it is there");
        let begun = Instant::now();
        while let Err(err) = store.check().await {
            assert!(begun.elapsed() < Duration::from_secs(5), "there is space and still: {err}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(store.run(&acme, &last.id).await.expect("readable"), Some(last));
        let raw = format!("after-{round}");
        store.create_function(&acme, &function(&raw)).await.expect("created");
        acknowledged.push(raw);
    }
    drop(store);
    let store = open(&folder);
    for raw in &acknowledged {
        assert!(store.function(&acme, &name(raw)).await.expect("readable").is_some(), "{raw} was lost");
    }
    for raw in &refused {
        assert!(store.function(&acme, &name(raw)).await.expect("readable").is_none(), "{raw} was refused");
    }
    assert_eq!(store.list_versions(&acme, &name("hello"), None, 10).await.expect("readable").items.len(), 1);
}

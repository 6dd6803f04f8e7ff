//! `kill -9` while the embedded store writes: what was acknowledged is there, and nothing is half there. The child is this test
//! binary again, running the one ignored test that writes until it is killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::repository::Repository;
use isolet_domain::run::Run;

use crate::samples::{function, name, prompt, run, version};
use crate::stores::{new_tenant, open};

const FOLDER: &str = "ISOLET_TEST_KILL_FOLDER";

async fn tenant(store: &dyn Repository) -> TenantScope {
    let acme = new_tenant("acme");
    let acme = match store.tenant_by_slug(&acme.slug).await.expect("readable") {
        Some(acme) => acme,
        None => {
            store.create_tenant(&acme).await.expect("created");
            acme
        }
    };
    TenantScope::of_route(&acme)
}

fn spawn(test: &str, folder: &Path) -> (Child, impl Iterator<Item = String>) {
    let mut child = Command::new(std::env::current_exe().expect("this is a file"))
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this binary again");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    // libtest writes too; ours are the lines that start with a word and a blank.
    let ours = lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("ack ")?.1.to_owned()));
    (child, ours)
}

fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

fn acknowledge(what: &str) {
    use std::io::Write;
    // One write, so that lines of several threads do not mix; not `println!`, which takes a lock of libtest's.
    let _ = std::io::stdout().write_all(format!("ack {what}\n").as_bytes());
}

#[tokio::test]
async fn acknowledged_writes_survive_kill_9() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut acknowledged = std::collections::HashSet::new();
    for round in 0..8 {
        let (mut child, mut lines) = spawn("kill::writes_until_killed", folder.path());
        acknowledged.extend(lines.by_ref().take(3 + round * 17));
        child.kill().expect("it runs");
        // What it had acknowledged by then.
        acknowledged.extend(lines);
        let _ = child.wait();

        let store = open(folder.path());
        let acme = tenant(&*store).await;
        let functions = store.list_functions(&acme, None, 100_000).await.expect("readable").items;
        let mut there = std::collections::HashSet::new();
        for function in functions {
            let versions = store.list_versions(&acme, &function.name, None, 10).await.expect("readable").items;
            // The version, its number and the function's next number came together or not at all.
            assert_eq!(function.next_number, 1 + versions.len() as u64);
            if let Some(version) = versions.first() {
                assert!(store.blob(&version.digest).await.expect("whole").is_some());
                there.insert(function.name.to_string());
            }
        }
        for run in store.list_runs(&acme, None, 100_000).await.expect("readable").items {
            there.insert(run.prompt.expect("they all have one"));
        }
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} of {} were lost", acknowledged.len());
    }
    assert!(acknowledged.len() > 200, "only {} writes: the test tests nothing", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of `acknowledged_writes_survive_kill_9`"]
async fn writes_until_killed() {
    let Some(folder) = folder() else { return };
    let store = open(&folder);
    let acme = tenant(&*store).await;
    let writers: Vec<_> = (0..4)
        .map(|n| {
            let (store, acme) = (Arc::clone(&store), acme.clone());
            tokio::spawn(async move {
                for k in 0.. {
                    let raw = format!("f-{}-{n}-{k}", std::process::id());
                    let code = version(&raw);
                    store.put_blob(raw.clone().into()).await.expect("stored");
                    store.create_function(&acme, &function(&raw)).await.expect("created");
                    store.add_version(&acme, &name(&raw), code).await.expect("added");
                    acknowledge(&raw);
                    let saved = Run { starred: true, ..prompt(&format!("{raw} saved")) };
                    store.record_run(&acme, &saved, 20).await.expect("recorded");
                    acknowledge(&format!("{raw} saved"));
                    // Not acknowledged: these may be lost, and must not take anything else along.
                    store.record_run(&acme, &run(&raw), 20).await.expect("recorded");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
}

#[tokio::test]
async fn runs_are_on_the_disk_within_a_second() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut child, lines) = spawn("kill::records_runs_and_waits", folder.path());
    let recorded: Vec<String> = lines.take(5).collect();
    std::thread::sleep(Duration::from_secs(1));
    child.kill().expect("it runs");
    let _ = child.wait();
    let store = open(folder.path());
    let acme = tenant(&*store).await;
    let there = store.list_runs(&acme, None, 100).await.expect("readable").items;
    let there: Vec<String> = there.into_iter().rev().filter_map(|run| run.prompt).collect();
    assert_eq!(there, recorded);
}

#[tokio::test]
#[ignore = "the child of `runs_are_on_the_disk_within_a_second`"]
async fn records_runs_and_waits() {
    let Some(folder) = folder() else { return };
    let store = open(&folder);
    let acme = tenant(&*store).await;
    for n in 0..5 {
        store.record_run(&acme, &run(&n.to_string()), 20).await.expect("recorded");
        acknowledge(&n.to_string());
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
}

//! The walls around the host's process: what gets out of a guest runs into them. The child below stands for such code: it is a host, started
//! as `isolet up` starts one, that then tries to leave from within. What a guest can reach is the other suites' business.

#![allow(clippy::print_stdout, reason = "the child tells what it tried")]

mod up;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;

use isolet_server::Host;
use isolet_server::config::Config;
use isolet_server::walls::attempts::{self, Preparation};
use isolet_server::walls::{self, Sandbox};
use serde_json::{Value, json};
use up::{Up, cache, exchange, isolet};

/// Where the child keeps its data; who has no such variable is the parent.
const CHILD: &str = "ISOLET_WALLS_TEST";

#[test]
fn code_that_left_its_guest_meets_the_walls() {
    if let Some(data) = std::env::var_os(CHILD) {
        return leave(Path::new(&data));
    }
    let folder = tempfile::tempdir().expect("a folder");
    symlink(cache().join("isolet/engine"), folder.path().join("engine")).expect("linked");
    let name = "code_that_left_its_guest_meets_the_walls";
    let child = Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, folder.path())
        .output()
        .expect("it starts");
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success(), "{out}\n{err}");
    assert!(out.contains("tried 18 things on 3 threads"), "{out}\n{err}");
}

/// A host behind its walls, which then tries everything: on a thread that was there before, on one of the runtime's, and on a new one.
fn leave(data: &Path) {
    let prepared = Arc::new(Preparation::new().expect("loopback"));
    let variables = [
        ("ISOLET_SERVER__DATA_DIR", data.to_str().expect("text")),
        ("ISOLET_CONTROL_PLANE__ADDRESS", "127.0.0.1:0"),
        ("ISOLET_INGRESS__ADDRESS", "127.0.0.1:0"),
    ];
    let config =
        Config::load(None, variables.map(|(name, value)| (name.to_owned(), value.to_owned()))).expect("settings");
    walls::before_threads(Sandbox::Required, data, &[]).expect("a kernel with Landlock");
    let everything = |prepared: Arc<Preparation>, data: &Path| {
        let data = data.to_owned();
        move || attempts::all(&data, &prepared)
    };
    let (go, waiting) = channel::<()>();
    let old = std::thread::spawn({
        let everything = everything(prepared.clone(), data);
        move || waiting.recv().map(|()| everything())
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let (host, on_runtime) = runtime.block_on(async {
        let host = Host::start(&config, Arc::new(|_| ())).await.expect("a host");
        walls::after_start(Sandbox::Required).expect("a kernel with seccomp");
        (
            host,
            tokio::spawn({
                let everything = everything(prepared.clone(), data);
                async move { everything() }
            })
            .await,
        )
    });
    go.send(()).expect("it waits");
    let new = std::thread::spawn(everything(prepared, data)).join().expect("no panic");
    let all = [old.join().expect("no panic").expect("it was told"), on_runtime.expect("no panic"), new];
    for attempt in all.iter().flatten() {
        assert!(attempt.holds(), "{}, which is {}: {:?}", attempt.what, attempt.allowed, attempt.result);
    }
    let (status, body) =
        exchange(&host.started.ingress.to_string(), "hello--demo.localhost", "GET /?q=walls HTTP/1.1", b"");
    assert_eq!((status, body.contains("WALLS")), (200, true), "{body}");
    println!("tried {} things on {} threads", all[0].len(), all.len());
}

/// Of every thread of a process, what this line of its status says.
fn status_of_threads(process: u32, name: &str) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    let status = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
    let line =
        |status: String| status.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
    threads.filter_map(|thread| line(status(thread.ok()?))).collect()
}

#[test]
fn every_thread_of_a_host_is_behind_the_walls() {
    let host = Up::start(&[("ISOLET_SERVER__SANDBOX", "required")]);
    for (name, value) in [("Seccomp:", "2"), ("NoNewPrivs:", "1")] {
        let found = status_of_threads(host.process(), name);
        assert!(found.len() > 2 && found.iter().all(|found| found == value), "{name} {found:?}");
    }
    // And it does its work: builds, writes, answers, makes threads.
    let text = "export default { fetch: (): Response => new Response('at work') }";
    let run = json!({ "code": { "modules": { "main.ts": text }, "main_module": "main.ts" } });
    let (status, answer) = host.api("POST", "/v1/tenants/demo/runs", &run.to_string());
    assert_eq!((status, answer.contains("at work")), (200, true), "{answer}");
    let (status, _) = exchange(host.address("ingress"), "hello--demo.localhost", "GET / HTTP/1.1", b"");
    assert_eq!(status, 200);
    let open = Up::start(&[("ISOLET_SERVER__SANDBOX", "off")]);
    assert!(status_of_threads(open.process(), "Seccomp:").iter().all(|found| found == "0"));
    // What they say of themselves to who watches them.
    for (host, up) in [(&host, 1), (&open, 0)] {
        let (_, metrics) = host.api("GET", "/metrics", "");
        for wall in ["files", "system_calls"] {
            let line = format!("isolet_wall_up{{wall=\"{wall}\"}} {up}\n");
            assert!(metrics.contains(&line), "{line} {metrics}");
        }
    }
}

/// A way out that the store itself would take: its folders lead elsewhere since the start.
#[test]
fn a_host_that_runs_writes_nowhere_else() {
    for (sandbox, allowed) in [("required", false), ("off", true)] {
        let host = Up::start(&[("ISOLET_SERVER__SANDBOX", sandbox)]);
        let outside = host.folder.path().join("outside");
        std::fs::create_dir(&outside).expect("made");
        for shard in std::fs::read_dir(host.folder.path().join("data/blobs/b3")).expect("it is there") {
            let shard = shard.expect("readable").path();
            std::fs::rename(&shard, outside.join(shard.file_name().expect("named"))).expect("moved");
            symlink(outside.join(shard.file_name().expect("named")), &shard).expect("linked");
        }
        let before = files_below(&outside);
        let code = json!({ "modules": { "main.js": "export default { fetch: () => new Response('x') }" }, "main_module": "main.js" });
        let (status, answer) = host.api("POST", "/v1/tenants/demo/functions/hello/versions", &code.to_string());
        assert_eq!(status, if allowed { 201 } else { 503 }, "{sandbox}: {answer}");
        assert_eq!(files_below(&outside) > before, allowed, "{sandbox}");
    }
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[test]
fn the_doctor_says_what_there_is_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let doctor = |more: &[&str]| {
        let mut command = isolet();
        command.env("XDG_CACHE_HOME", cache()).args(["doctor", "--data"]).arg(&data).args(more);
        let output = command.output().expect("it starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, said) = doctor(&["--json"]);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, &said["ok"]), (Some(0), &Value::Bool(true)), "{said}");
    let findings = said["findings"].as_array().expect("a list");
    let detail = |name: &str| findings.iter().find(|found| found["name"] == name).expect("found")["detail"].clone();
    assert_eq!(detail("attempts"), "14 ways out tried and closed, 4 things a host needs possible");
    assert!(!data.exists());
    // A file is no folder.
    std::fs::write(&data, "").expect("written");
    let (code, said) = doctor(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("failure  data folder"), "{said}");
}

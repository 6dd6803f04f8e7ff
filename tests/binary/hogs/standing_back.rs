//! Which threads of the host stand back behind those that serve, and that they give way while one is at work: what only a hog would notice
//! otherwise, and only on a machine that is quiet. What standing back is good for is measured in `hogs.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::callers::{Addresses, Caller, HOG_FROM};
use crate::up::{Up, exchange};

const SERVING: &str = "tokio-rt-worker";
const MANAGING: &str = "control plane";

/// A thread of a process: how nice it is, its time on a core in nanoseconds, and how often it let go of one of its own accord
/// (proc_pid_stat(5), proc_pid_schedstat, proc_pid_status(5)).
#[derive(Debug)]
struct Thread {
    nice: i64,
    ran: u64,
    waited: u64,
}

fn threads(process: u32, name: &str) -> Vec<Thread> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("it runs").flatten();
    let told =
        |file: &str, task: &std::fs::DirEntry| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
    let named = tasks.filter(|task| told("comm", task).trim_end().starts_with(name));
    let numbers = named.map(|task| {
        let stat = told("stat", &task);
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let nice = after_name.split_whitespace().nth(16).and_then(|nice| nice.parse().ok());
        let ran = told("schedstat", &task).split(' ').next().and_then(|ran| ran.parse().ok());
        let status = told("status", &task);
        let waited = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        let waited = waited.and_then(|waited| waited.trim().parse().ok());
        Thread {
            nice: nice.expect("its niceness"),
            ran: ran.expect("its time"),
            waited: waited.expect("how often it waited"),
        }
    });
    numbers.collect()
}

#[test]
fn what_manages_stands_back_behind_what_serves() {
    let host = Up::start(&[]);
    let ran = |name| threads(host.process(), name).iter().map(|thread| thread.ran).sum::<u64>();
    let before = [ran(MANAGING), ran(SERVING)];
    for _ in 0..300 {
        assert_eq!(host.api("GET", "/v1/tenants", "").0, 200);
    }
    let [managing, serving] = [ran(MANAGING) - before[0], ran(SERVING) - before[1]];
    assert!(managing > 2 * serving, "the API's requests took {managing} ns of its own threads and {serving} of others");
    // SAFETY: it takes no pointers. The host is as nice as who started it.
    let own = i64::from(unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) });
    for (name, nicer_by) in [(MANAGING, 10), ("isolet-writer", 10), (SERVING, 0)] {
        let found = threads(host.process(), name);
        assert!(
            !found.is_empty() && found.iter().all(|thread| thread.nice == (own + nicer_by).min(19)),
            "{name}: {found:?}"
        );
    }
}

/// Does `work` while the ingress has code to run that never ends.
fn while_it_serves<R>(host: &Up, work: impl FnOnce() -> R) -> R {
    let code =
        json!({ "modules": { "main.js": "export default { fetch() { for (;;) {} } }" }, "main_module": "main.js" });
    for (method, path, body) in [
        ("POST", "/v1/tenants", json!({ "slug": "busy" })),
        ("PUT", "/v1/tenants/busy/functions/busy", json!({})),
        ("POST", "/v1/tenants/busy/functions/busy/deploy", code),
    ] {
        let (status, answer) = host.api(method, path, &body.to_string());
        assert!((200..300).contains(&status), "{method} {path}: {answer}");
    }
    let (at, done) = (Addresses::of(host), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let asks = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut caller = Caller::new(at.clone(), HOG_FROM);
                while !done.load(Ordering::Relaxed) {
                    assert_ne!(caller.get("busy--busy.localhost", "/").await, Some(200));
                }
            });
        });
        // Told of a panic as well: it would be asked for ever otherwise.
        let did = catch_unwind(AssertUnwindSafe(work));
        done.store(true, Ordering::Relaxed);
        asks.join().expect("no panic");
        did.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

#[test]
fn builds_and_what_manages_give_way_while_the_ingress_is_at_work() {
    let host = Up::start(&[("ISOLET_LIMITS__STARTUP_CPU_MS", "100"), ("ISOLET_LIMITS__CPU_MS", "2000")]);
    let waited = |name| threads(host.process(), name).iter().map(|thread| thread.waited).sum::<u64>();
    let waits = |name, work: &dyn Fn()| {
        let before = waited(name);
        work();
        waited(name) - before
    };
    let endless = json!({ "modules": { "main.js": "for (;;) {}" }, "main_module": "main.js" });
    let builds = || {
        for _ in 0..3 {
            let (status, answer) = host.api("POST", "/v1/tenants/demo/runs", &json!({ "code": endless }).to_string());
            assert!(status == 422 && answer.contains("startup_limit"), "{status}: {answer}");
        }
    };
    let requests = || {
        for _ in 0..100 {
            assert_eq!(host.api("GET", "/v1/tenants", "").0, 200);
        }
    };
    let at_once = || {
        let head = "GET /readyz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".repeat(299) + "GET /readyz HTTP/1.1";
        let (status, others) = exchange(host.address("control_plane"), "127.0.0.1", &head, b"");
        assert_eq!((status, others.matches("HTTP/1.1 200").count()), (200, 299));
    };
    let all = || [waits("build", &builds), waits(MANAGING, &requests), waits(MANAGING, &at_once)];
    let alone = all();
    let beside = while_it_serves(&host, all);
    // A build waits for its job, and then at each of 300 ticks; a thread that manages each time that it wakes up, and at each request: of those
    // that come at once it takes up many without having slept.
    assert!(
        alone[0] < 50 && beside[0] > 150,
        "builds let go of their core {} times alone, and beside {}",
        alone[0],
        beside[0]
    );
    assert!(
        beside[1] > alone[1] + 150,
        "requests let go of their core {} times alone, and beside {}",
        alone[1],
        beside[1]
    );
    assert!(
        alone[2] < 100 && beside[2] > 250,
        "{} waits alone at requests that come at once, and {} beside",
        alone[2],
        beside[2]
    );
}

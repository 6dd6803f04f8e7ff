//! What a host has to reach with ten thousand tenants: how soon it is ready, how long a list takes, what it holds in memory, how many changes and
//! reads it does in a second, and how long its metrics are. Run by `tests/soak`: what else the machine does counts in full, and the
//! clients are on the same cores.

#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

#[allow(dead_code, reason = "it keeps its folder, and starts hosts of its own")]
mod up;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use isolet_domain::access::TenantScope;
use isolet_domain::function::{Function, Version};
use isolet_domain::ids::{AliasName, Digest, FunctionName, TenantSlug, VersionId};
use isolet_domain::repository::{FunctionRepository as _, Repository as _, TenantRepository as _};
use isolet_domain::tenant::Tenant;
use isolet_storage::EmbeddedStore;
use jiff::Timestamp;
use serde_json::Value;
use up::{cache, isolet};

const TENANTS: usize = 10_000;
const FUNCTIONS: usize = 10;

/// A host over a folder that stays when it ends.
struct Host {
    child: Child,
    api: String,
    key: String,
    ready_after: Duration,
}

impl Host {
    fn start(data: &Path, variables: &[(&str, &str)]) -> Self {
        let began = Instant::now();
        let mut command = isolet();
        command.args(["up", "--json", "--api", "127.0.0.1:0", "--ingress", "127.0.0.1:0", "--data"]).arg(data);
        let mut child = command.envs(variables.iter().copied()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("readable");
        let started: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let api = started["control_plane"].as_str().expect("an address").trim_start_matches("http://").to_owned();
        let key = std::fs::read_to_string(data.join("admin.key")).expect("a key").trim().to_owned();
        let mut host = Self { child, api, key, ready_after: Duration::ZERO };
        assert_eq!(host.caller().ask("GET", "/readyz", "").0, 200);
        host.ready_after = began.elapsed();
        host
    }

    fn caller(&self) -> Caller {
        let stream = TcpStream::connect(&self.api).expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        Caller { stream: BufReader::new(stream), key: self.key.clone() }
    }

    fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }

    fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }

    /// How often in a second so many callers at once have this done, each time with a number of its own.
    fn per_second(&self, callers: usize, ask: impl Fn(u64) -> (&'static str, String, String) + Sync) -> u64 {
        let (stop, next, done) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..callers {
                scope.spawn(|| {
                    let mut caller = self.caller();
                    while !stop.load(Ordering::Relaxed) {
                        let (method, path, body) = ask(next.fetch_add(1, Ordering::Relaxed));
                        let (status, answer) = caller.ask(method, &path, &body);
                        assert!((200..300).contains(&status), "{status} {answer}");
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            std::thread::sleep(Duration::from_secs(5));
            stop.store(true, Ordering::Relaxed);
        });
        (done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()) as u64
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One connection that is kept.
struct Caller {
    stream: BufReader<TcpStream>,
    key: String,
}

impl Caller {
    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            assert!(self.stream.read_line(&mut line).expect("an answer") > 0, "it hung up");
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().expect("a length");
                }
                Some(_) => {}
                None if line.starts_with("HTTP/") => status = line[9..12].parse().expect("a status"),
                None => break,
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).expect("a whole body");
        (status, String::from_utf8_lossy(&answer).into_owned())
    }
}

/// Puts tenants and functions into the store, each with a live version, whose content is nowhere: nothing of it is run.
fn fill(data: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let store = Arc::new(EmbeddedStore::open(data).expect("nobody has it"));
    runtime.block_on(async {
        let mut filling = tokio::task::JoinSet::new();
        for n in 0..TENANTS {
            let store = store.clone();
            filling.spawn(async move { fill_one(&store, n).await });
            if filling.len() >= 500 {
                filling.join_next().await.expect("there are some").expect("filled");
            }
        }
        while let Some(filled) = filling.join_next().await {
            filled.expect("filled");
        }
        store.flush().await.expect("written");
    });
}

async fn fill_one(store: &EmbeddedStore, n: usize) {
    let now = Timestamp::now();
    let tenant = Tenant::new(TenantSlug::parse(&format!("t{n}")).expect("valid"), now);
    store.create_tenant(&tenant).await.expect("made");
    let scope = TenantScope::of_route(&tenant);
    for f in 0..FUNCTIONS {
        let name = FunctionName::parse(&format!("f{f}")).expect("valid");
        let digest = Digest::of(format!("{n} {f}").as_bytes());
        let version = Version {
            id: VersionId::of(&digest),
            digest,
            number: 0,
            main_module: "main.js".to_owned(),
            message: String::new(),
            overlay_bytes: 3_000,
            startup_cpu_us: 100,
            created_at: now,
        };
        store.create_function(&scope, &Function::new(name.clone(), now)).await.expect("made");
        let (version, _) = store.add_version(&scope, &name, version).await.expect("added");
        let deploy = |stored: &mut Function| stored.deploy(AliasName::live(), version.id.clone(), now);
        store.update_function(&scope, &name, &deploy).await.expect("deployed");
    }
}

/// A data folder with the engine already compiled.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("made");
    std::os::unix::fs::symlink(cache().join("isolet/engine"), data.join("engine")).expect("linked");
    folder
}

fn told(what: &str, value: impl std::fmt::Display, bound: &str, holds: bool, failed: &mut Vec<String>) {
    println!("{what}: {value} ({bound})");
    if !holds {
        failed.push(format!("{what}: {value}, and it is to be {bound}"));
    }
}

const VARIABLES: &[(&str, &str)] = &[("ISOLET_ADMISSION__RATE_PER_SECOND", "1000000")];

#[ignore = "five minutes, with the machine to itself: tests/soak"]
#[test]
fn ten_thousand_tenants_are_no_burden() {
    let folder = folder();
    let data = folder.path().join("data");
    // Makes the keys and the demo.
    Host::start(&data, VARIABLES).stop();
    fill(&data);
    let host = Host::start(&data, VARIABLES);
    let mut failed = Vec::new();
    told(
        "ready",
        format!("{:.2?}", host.ready_after),
        "below 2 s",
        host.ready_after < Duration::from_secs(2),
        &mut failed,
    );
    let (mut caller, mut times) = (host.caller(), Vec::new());
    for n in 0..1_000 {
        let path = match n % 2 {
            0 => format!("/v1/tenants/t{}/functions", n * 7 % TENANTS),
            _ => "/v1/tenants?limit=50".to_owned(),
        };
        let began = Instant::now();
        let (status, answer) = caller.ask("GET", &path, "");
        times.push(began.elapsed());
        assert_eq!(status, 200, "{path}: {answer}");
    }
    times.sort();
    let p99 = times[times.len() * 99 / 100];
    told("listing, p99", format!("{p99:.2?}"), "below 20 ms", p99 < Duration::from_millis(20), &mut failed);
    let (_, metrics) = caller.ask("GET", "/metrics", "");
    told("/metrics", metrics.len(), "below 1 MB", metrics.len() < 1_000_000, &mut failed);
    let reads =
        host.per_second(32, |n| ("GET", format!("/v1/tenants/t{}/functions/f{}", n % 10_000, n % 10), String::new()));
    told("reads a second", reads, "at least 10,000", reads >= 10_000, &mut failed);
    let writes = host.per_second(64, |n| {
        (
            "PUT",
            format!("/v1/tenants/t{}/functions/f{}", n % 10_000, n % 10),
            format!("{{\"labels\":{{\"n\":\"{n}\"}}}}"),
        )
    });
    told("writes a second, embedded", writes, "at least 300", writes >= 300, &mut failed);
    let resident = host.resident_bytes() >> 20;
    told("resident MiB", resident, "below 400", resident < 400, &mut failed);
    assert!(failed.is_empty(), "{failed:#?}");
}

/// A Redis that writes its file every second, ended when dropped.
struct Redis {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Redis {
    fn start() -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]);
        command.args(["--port", &port.to_string(), "--dir"]).arg(folder.path());
        let child = command.stdout(Stdio::null()).spawn().ok()?;
        let up = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(up, "it does not listen");
        Some(Self { child, url: format!("redis://127.0.0.1:{port}"), _folder: folder })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[ignore = "with the machine to itself: tests/soak"]
#[test]
fn redis_takes_changes_by_the_thousand() {
    let redis = Redis::start().expect("there is a redis-server");
    let folder = folder();
    let url = ("ISOLET_STORAGE__REDIS__URL", redis.url.as_str());
    let host = Host::start(&folder.path().join("data"), &[url, VARIABLES[0]]);
    let mut caller = host.caller();
    for n in 0..100 {
        assert_eq!(caller.ask("POST", "/v1/tenants", &format!("{{\"slug\":\"t{n}\"}}")).0, 201);
    }
    let mut failed = Vec::new();
    let write = |n: u64| ("PUT", format!("/v1/tenants/t{}/functions/f{}", n % 100, n / 100 % 50), "{}".to_owned());
    let writes = host.per_second(64, write);
    told("writes a second, Redis", writes, "at least 1,500", writes >= 1_500, &mut failed);
    let reads = host.per_second(32, |n| ("GET", format!("/v1/tenants/t{}/functions/f0", n % 100), String::new()));
    told("reads a second, Redis", reads, "no bound", true, &mut failed);
    assert!(failed.is_empty(), "{failed:#?}");
}

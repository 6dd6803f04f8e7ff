//! Hosts behind haproxy: one of three is killed under load, and what it had in hand fails, and nothing else; and what a client sends with two
//! readings has one for haproxy and a host.

mod up;

#[path = "../../host/api/tests/api/readings.rs"]
mod readings;
#[path = "../../host/storage/tests/contract/server.rs"]
#[allow(dead_code, reason = "the storage tests use more of it")]
mod server;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use readings::{BARE_LINE_FEEDS, CHUNKED, TWO_ENDS};
use serde_json::json;
use server::{Server, free_port};
use up::{Up, try_exchange};

/// Requests that are on their way at a time.
const CALLERS: usize = 24;
/// From when the process was told to end until it is gone and every connection to it refused.
const DYING: Duration = Duration::from_millis(250);

/// haproxy in front of these, ended when dropped.
struct Balancer {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Balancer {
    /// In front of these, with this line among those for them.
    fn start(hosts: &[Up], more: &str) -> Option<Self> {
        if Command::new("haproxy").arg("-v").stdout(Stdio::null()).status().is_err() {
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: no `haproxy` here (apt-get install haproxy), a killed host is not tested"
            );
            return None;
        }
        let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
        let mut lines = format!(
            "defaults\n mode http\n timeout connect 1s\n timeout client 30s\n timeout server 30s\n retries 3\n option redispatch 1\n\
             frontend in\n bind 127.0.0.1:{port}\n default_backend hosts\nbackend hosts\n balance roundrobin\n \
             {more}\n option httpchk GET /\n http-check send hdr host hello--demo.localhost\n default-server check inter 200ms fall 1 rise 1\n"
        );
        for (n, host) in hosts.iter().enumerate() {
            lines.push_str(&format!(" server host{n} {}\n", host.address("ingress")));
        }
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, lines).expect("written");
        let child = Command::new("haproxy").arg("-f").arg(&file).stdin(Stdio::null()).spawn().expect("it starts");
        let balancer = Self { child, address: format!("127.0.0.1:{port}"), _folder: folder };
        let begun = Instant::now();
        while get(&balancer.address, "hello").is_none_or(|(status, _)| status != 200) {
            assert!(begun.elapsed() < Duration::from_secs(10), "haproxy does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(balancer)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(address: &str, function: &str) -> Option<(u16, String)> {
    try_exchange(address, &format!("{function}--demo.localhost"), "GET /?q=hi HTTP/1.1", b"")
}

/// Hosts with the same keys.
fn hosts(server: &Server) -> Vec<Up> {
    let url = server.url();
    let variables = [("ISOLET_STORAGE__REDIS__URL", url.as_str()), ("ISOLET_ADMISSION__RATE_PER_SECOND", "1000000")];
    let mut hosts = vec![Up::start(&variables)];
    for _ in 0..2 {
        let data = hosts[0].folder.path().join("data");
        hosts.push(Up::start_with_keys_of(&data, &variables));
    }
    hosts
}

/// A request that failed: when it began, and how.
type Failed = (Instant, String);

#[test]
fn of_three_hosts_one_that_is_killed_takes_what_it_had_in_hand_along_and_nothing_else() {
    let Some(server) = Server::start(&["appendonly yes"]) else { return };
    let hosts = hosts(&server);
    // Long enough that some are on their way at each moment.
    let slow = "export default { async fetch() { await new Promise((done) => setTimeout(done, 20)); return new Response('slow') } }";
    let code = json!({ "modules": { "main.js": slow }, "main_module": "main.js" }).to_string();
    assert_eq!(hosts[0].api("PUT", "/v1/tenants/demo/functions/slow", "{}").0, 201);
    assert_eq!(hosts[0].api("POST", "/v1/tenants/demo/functions/slow/deploy", &code).0, 200);
    let Some(balancer) = Balancer::start(&hosts, "") else { return };
    for host in &hosts {
        assert_eq!(get(host.address("ingress"), "slow"), Some((200, "slow".to_owned())));
    }
    let stop = AtomicBool::new(false);
    let (killed_at, answered, failed) = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (stop, address) = (&stop, balancer.address.as_str());
                scope.spawn(move || calls(address, stop))
            })
            .collect();
        std::thread::sleep(Duration::from_secs(2));
        let killed_at = Instant::now();
        hosts[1].kill();
        std::thread::sleep(Duration::from_secs(3));
        stop.store(true, Ordering::SeqCst);
        let (mut answered, mut failed) = (0, Vec::new());
        for caller in callers {
            let (count, wrong) = caller.join().expect("no panic");
            answered += count;
            failed.extend(wrong);
        }
        (killed_at, answered, failed)
    });
    assert!(answered > 1_000, "only {answered}: the test tests nothing");
    let late: Vec<&Failed> = failed.iter().filter(|(begun, _)| *begun > killed_at + DYING).collect();
    assert!(late.is_empty(), "{} requests failed that began after it was killed: {late:?}", late.len());
    assert!(failed.len() <= CALLERS, "{} failed, {CALLERS} were on their way on all three: {failed:?}", failed.len());
    // And what it did before is on the others.
    assert!(!Path::new(&hosts[0].folder.path().join("data/data.redb")).exists());
    let listed = hosts[2].api("GET", "/v1/tenants/demo/functions/slow", "");
    assert_eq!(listed.0, 200, "{}", listed.1);
}

fn calls(address: &str, stop: &AtomicBool) -> (usize, Vec<Failed>) {
    let (mut answered, mut failed) = (0, Vec::new());
    while !stop.load(Ordering::SeqCst) {
        let begun = Instant::now();
        match get(address, "slow") {
            Some((200, said)) if said == "slow" => answered += 1,
            other => failed.push((begun, format!("{other:?}"))),
        }
    }
    (answered, failed)
}

/// What comes back from haproxy within a moment.
fn sent(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_millis(150))).expect("a socket");
    let _ = stream.write_all(request.as_bytes());
    let (mut answer, mut part) = (Vec::new(), [0; 4_096]);
    while let Ok(read @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn haproxy_and_a_host_see_the_same_requests() {
    let host = Up::start(&[("ISOLET_ADMISSION__RATE_PER_SECOND", "1000000")]);
    let path = "export default { fetch: (request) => new Response(new URL(request.url).pathname) }";
    let code = json!({ "modules": { "main.js": path }, "main_module": "main.js" }).to_string();
    assert_eq!(host.api("PUT", "/v1/tenants/demo/functions/path", "{}").0, 201);
    assert_eq!(host.api("POST", "/v1/tenants/demo/functions/path/deploy", &code).0, 200);
    // Whoever comes next is given the same connections to the host.
    let Some(balancer) = Balancer::start(std::slice::from_ref(&host), "http-reuse always") else { return };
    let request = |path: &str, head: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: path--demo.localhost\r\n{head}\r\n{body}")
    };
    let (mut refused, mut passed) = (0, 0);
    for (head, body) in TWO_ENDS.iter().chain(CHUNKED).chain(BARE_LINE_FEEDS) {
        let smuggled = request("/smuggled", "", "");
        let answer = sent(&balancer.address, &(request("/first", head, body) + &smuggled));
        let count = answer.matches("HTTP/1.1 ").count();
        assert!(count <= 3, "{head:?}: {answer}");
        if answer.starts_with("HTTP/1.1 200") {
            passed += 1
        } else {
            refused += 1
        }
        for next in ["/next", "/after"] {
            let answer = sent(&balancer.address, &request(next, "connection: close\r\n", ""));
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(next), "{head:?}, then {next}: {answer}");
        }
    }
    assert!(refused > 30 && passed > 3, "{refused} were refused and {passed} answered: nothing is tested");
}

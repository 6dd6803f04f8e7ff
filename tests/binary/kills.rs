//! Hosts killed in the middle of deploys, over either store: what was acknowledged is there and whole, and what is served is a version that
//! somebody deployed, the last one acknowledged or one that was on its way.

mod up;

#[path = "../../host/storage/tests/contract/server.rs"]
#[allow(dead_code, reason = "the storage tests use more of it")]
mod server;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use server::Server;
use up::{Up, try_exchange};

/// Kills in a test, and in the long version of it.
const KILLS: usize = 30;
const MANY: usize = 1_000;
const WRITERS: usize = 3;
/// Deployed by each before the host is killed at the latest.
const AT_MOST: usize = 40;

#[test]
fn a_host_killed_while_it_deploys_loses_nothing_embedded() {
    kill_and_look(KILLS, &[]);
}

#[test]
fn a_host_killed_while_it_deploys_loses_nothing_in_redis() {
    in_redis(KILLS);
}

#[test]
#[ignore = "ten minutes and more: tests/soak runs it"]
fn a_host_killed_a_thousand_times_loses_nothing_embedded() {
    kill_and_look(MANY, &[]);
}

#[test]
#[ignore = "ten minutes and more: tests/soak runs it"]
fn a_host_killed_a_thousand_times_loses_nothing_in_redis() {
    in_redis(MANY);
}

fn in_redis(kills: usize) {
    let Some(server) = Server::start(&["appendonly yes", "appendfsync everysec"]) else { return };
    kill_and_look(kills, &[("ISOLET_STORAGE__REDIS__URL", &server.url())]);
}

/// What one writer did to its function.
#[derive(Default)]
struct Deployed {
    /// Every number that was acknowledged.
    acknowledged: Vec<usize>,
    /// The last that was tried, acknowledged or not.
    tried: usize,
}

fn function(writer: usize) -> String {
    format!("f{writer}")
}

/// Deploys one version after the other until the host is gone.
fn deploy(host: &Up, key: &str, writer: usize, done: &mut Deployed, stop: &AtomicBool) {
    for _ in 0..AT_MOST {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let n = done.tried + 1;
        done.tried = n;
        let text = format!("export default {{ fetch: () => new Response('{writer} {n}') }}");
        let body = json!({ "modules": { "main.js": text }, "main_module": "main.js", "message": n.to_string() });
        let path = format!("/v1/tenants/demo/functions/{}/deploy", function(writer));
        match request(host, key, "POST", &path, &body.to_string()) {
            Some((200, _)) => done.acknowledged.push(n),
            // Cut off, or refused while it was ending: it is not known what became of it.
            Some((status, said)) => panic!("{status}: {said}"),
            None => return,
        }
    }
}

fn request(host: &Up, key: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let head = format!("{method} {path} HTTP/1.1\r\nauthorization: Bearer {key}\r\ncontent-type: application/json");
    try_exchange(host.address("control_plane"), "127.0.0.1", &head, body.as_bytes())
}

fn kill_and_look(kills: usize, variables: &[(&str, &str)]) {
    let variables = [variables, &[("ISOLET_ADMISSION__RATE_PER_SECOND", "1000000")]].concat();
    let mut host = Up::start(&variables);
    let key = std::fs::read_to_string(host.key_file()).expect("a key").trim().to_owned();
    for writer in 0..WRITERS {
        let path = format!("/v1/tenants/demo/functions/{}", function(writer));
        let made = request(&host, &key, "PUT", &path, "{}").expect("an answer");
        assert!(made.0 < 300, "{}", made.1);
    }
    let mut all: [Deployed; WRITERS] = std::array::from_fn(|_| Deployed::default());
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..kills {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let after = Duration::from_micros(random % 300_000);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for (writer, done) in all.iter_mut().enumerate() {
                let (host, key, stop) = (&host, &key, &stop);
                scope.spawn(move || deploy(host, key, writer, done, stop));
            }
            std::thread::sleep(after);
            host.kill();
            stop.store(true, Ordering::SeqCst);
        });
        host.start_again(&variables);
        for (writer, done) in all.iter().enumerate() {
            serves(&host, writer, done, round);
        }
    }
    for (writer, done) in all.iter().enumerate() {
        assert!(done.acknowledged.len() >= kills, "only {}: the test tests nothing", done.acknowledged.len());
        has_all(&host, &key, writer, done);
    }
}

/// The function answers with its last version, or with one that came after it.
fn serves(host: &Up, writer: usize, done: &Deployed, round: usize) {
    let Some(last) = done.acknowledged.last() else { return };
    let name = format!("{}--demo.localhost", function(writer));
    let (status, said) = try_exchange(host.address("ingress"), &name, "GET / HTTP/1.1", b"").expect("an answer");
    assert_eq!(status, 200, "round {round}: {said}");
    let served = said.strip_prefix(&format!("{writer} ")).and_then(|n| n.parse::<usize>().ok());
    let served = served.unwrap_or_else(|| panic!("round {round}: {said:?} is nothing that was deployed"));
    assert!((*last..=done.tried).contains(&served), "round {round}: {served} is served, {last} was acknowledged");
}

/// Every version that was acknowledged is there with its source.
fn has_all(host: &Up, key: &str, writer: usize, done: &Deployed) {
    let path = format!("/v1/tenants/demo/functions/{}/versions", function(writer));
    let mut there = std::collections::HashMap::new();
    let mut cursor = String::new();
    loop {
        let (status, said) = request(host, key, "GET", &format!("{path}?limit=500{cursor}"), "").expect("an answer");
        assert_eq!(status, 200, "{said}");
        let page: Value = serde_json::from_str(&said).expect("JSON");
        for version in page["data"].as_array().expect("a list") {
            let message = version["message"].as_str().expect("a message").to_owned();
            there.insert(message, version["id"].as_str().expect("an id").to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for n in &done.acknowledged {
        assert!(there.contains_key(&n.to_string()), "version {n} of {} was lost", done.acknowledged.len());
    }
    // Whole: a few of them read back, the last among them.
    for n in done.acknowledged.iter().rev().step_by(done.acknowledged.len().div_ceil(20)) {
        let id = &there[&n.to_string()];
        let (status, source) = request(host, key, "GET", &format!("{path}/{id}/source"), "").expect("an answer");
        assert!(status == 200 && source.contains(&format!("'{writer} {n}'")), "{status} {source}");
    }
}

//! Three real Redis servers, one of them the master, and three Sentinels that watch over them.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::server::Server;

/// How long a master may be gone before the Sentinels agree on another one.
const DOWN_AFTER_MS: u32 = 500;

pub struct Trio {
    pub servers: Vec<Server>,
    pub sentinels: Vec<Server>,
}

/// The one that all tests share which do it no harm.
pub fn shared_trio() -> Option<&'static Trio> {
    static TRIO: OnceLock<Option<Trio>> = OnceLock::new();
    TRIO.get_or_init(|| Trio::start(&[])).as_ref()
}

impl Trio {
    /// Starts everything, each server with these lines of configuration, and waits until all know each other.
    pub fn start(options: &[&str]) -> Option<Self> {
        let master = Server::start(options)?;
        let of = format!("replicaof 127.0.0.1 {}", master.port());
        let replica: Vec<&str> = options.iter().copied().chain([of.as_str(), "repl-diskless-sync-delay 0"]).collect();
        let replicas: Vec<Server> = (0..2).map_while(|_| Server::start(&replica)).collect();
        let watched = [
            format!("sentinel monitor main 127.0.0.1 {} 2", master.port()),
            format!("sentinel down-after-milliseconds main {DOWN_AFTER_MS}"),
            "sentinel failover-timeout main 3000".to_owned(),
        ];
        let watched = watched.each_ref().map(String::as_str);
        let sentinels: Vec<Server> = (0..3).map_while(|_| Server::start_sentinel(&watched)).collect();
        let trio = Self { servers: [master].into_iter().chain(replicas).collect(), sentinels };
        trio.wait(|trio| {
            trio.servers[0].command("INFO replication").matches("state=online").count() == 2
                && trio.sentinels.iter().all(|sentinel| {
                    let told = sentinel.command("SENTINEL MASTER main");
                    has(&told, "num-slaves", "2") && has(&told, "num-other-sentinels", "2")
                })
        });
        Some(trio)
    }

    pub fn url(&self) -> String {
        let each: Vec<String> = self.sentinels.iter().map(|one| format!("127.0.0.1:{}", one.port())).collect();
        format!("redis+sentinel://{}?master=main", each.join(","))
    }

    pub fn wait(&self, until: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !until(self) {
            assert!(begun.elapsed() < Duration::from_secs(30), "the Sentinels do not agree");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Whether a list of names and values in Redis' own form has this pair.
fn has(told: &str, name: &str, value: &str) -> bool {
    let mut lines = told.lines().filter(|line| !line.starts_with('$'));
    while let Some(line) = lines.next() {
        if line == name {
            return lines.next() == Some(value);
        }
    }
    false
}

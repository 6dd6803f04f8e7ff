//! A real Redis Cluster of six nodes: three masters, and a replica for each.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::server::{Server, free_port};

const MASTERS: usize = 3;
const SLOTS: usize = 16_384;

pub struct Cluster {
    pub nodes: Vec<Server>,
}

/// The one that all tests share which do it no harm.
pub fn shared_cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&[])).as_ref()
}

impl Cluster {
    /// Starts the nodes, each with these lines of configuration, and waits until all know each other.
    pub fn start(options: &[&str]) -> Option<Self> {
        let nodes: Vec<(Server, u16)> = (0..2 * MASTERS).map_while(|_| node(options)).collect();
        if nodes.len() < 2 * MASTERS {
            return None;
        }
        let (first, bus) = (nodes[0].0.port(), nodes[0].1);
        for (node, _) in &nodes[1..] {
            ok(node, &format!("CLUSTER MEET 127.0.0.1 {first} {bus}"));
        }
        let cluster = Self { nodes: nodes.into_iter().map(|(node, _)| node).collect() };
        for (at, node) in cluster.nodes[..MASTERS].iter().enumerate() {
            let (from, to) = (at * SLOTS / MASTERS, (at + 1) * SLOTS / MASTERS - 1);
            ok(node, &format!("CLUSTER ADDSLOTSRANGE {from} {to}"));
        }
        let knows = |text: &str| format!("cluster_known_nodes:{text}");
        cluster.wait(|cluster| cluster.nodes.iter().all(|node| node.command("CLUSTER INFO").contains(&knows("6"))));
        for (at, node) in cluster.nodes[MASTERS..].iter().enumerate() {
            let id = cluster.nodes[at].command("CLUSTER MYID");
            let id = id.lines().nth(1).expect("an id");
            // It is refused until the node has heard of the other by itself.
            cluster.wait(|_| node.command(&format!("CLUSTER REPLICATE {id}")).starts_with("+OK"));
        }
        cluster.wait(|cluster| {
            cluster.nodes.iter().all(|node| node.command("CLUSTER INFO").contains("cluster_state:ok"))
                && cluster.nodes[..MASTERS].iter().all(|node| node.command("INFO replication").contains("state=online"))
        });
        Some(cluster)
    }

    pub fn url(&self) -> String {
        let each: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+cluster://{}", each.join(","))
    }

    pub fn wait(&self, until: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !until(self) {
            assert!(begun.elapsed() < Duration::from_secs(30), "the nodes of the Cluster do not agree");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn node(options: &[&str]) -> Option<(Server, u16)> {
    // By default the bus is on a port that is too high for those that are free.
    let bus = free_port();
    let port = format!("cluster-port {bus}");
    let own = ["cluster-enabled yes", "cluster-node-timeout 1000", "repl-diskless-sync-delay 0", &port];
    let lines: Vec<&str> = own.into_iter().chain(options.iter().copied()).collect();
    Some((Server::start(&lines)?, bus))
}

fn ok(node: &Server, line: &str) {
    let said = node.command(line);
    assert!(said.starts_with("+OK"), "{line}: {said}");
}

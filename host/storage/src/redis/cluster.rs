//! A Redis Cluster: which of its nodes an order goes to. Each node has a connection of its own, with its own clock and its own deadlines,
//! so that one that hangs holds up nobody but those who ask for its part of the keys. (That is why the crate's cluster connection, which
//! is given up as a whole, is not used here.)
//!
//! Which node has which keys is asked of the nodes when it is first needed, and again when one is gone or says that another has them.
//! An order is put again only where it is certain that nothing came of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::future::{join_all, select_ok};
use isolet_domain::repository::RepositoryError;
use redis::cluster_routing::Slot;
use redis::{Client, Cmd, ConnectionAddr, FromRedisValue, Value};

use super::link::{FailureKind, Link, Source, scan};
use super::order::{Order, Way};

/// How often an order is sent on: a key that is on its way takes two.
const TRIES: usize = 5;
/// Nodes are not asked again sooner, however many ask for it.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Cluster {
    /// Those that the operator named. All of them take the same credentials.
    seeds: Vec<Client>,
    timeout: Duration,
    replicas: u32,
    // Locked for a look or a change, never across an await.
    map: RwLock<Map>,
    // Held while the nodes are asked, so that one caller does it for all.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Map {
    owners: HashMap<Slot, Arc<Node>>,
    /// By `host:port`.
    nodes: HashMap<String, Arc<Node>>,
    asked: Option<Instant>,
    /// Something has happened since that speaks against it.
    in_doubt: bool,
}

struct Node {
    host: String,
    link: Link,
}

impl Cluster {
    pub(super) fn new(seeds: Vec<Client>, timeout: Duration, replicas: u32) -> Self {
        Self { seeds, timeout, replicas, map: RwLock::default(), asking: tokio::sync::Mutex::default() }
    }

    pub(super) async fn put<T: FromRedisValue>(&self, order: &Order<'_>) -> Result<T, RepositoryError> {
        let until = Instant::now() + self.timeout;
        // Without a key any part will do.
        let slot = order.slot().unwrap_or(const { Slot::new(0).expect("it is one") });
        let mut node = self.owner(slot).await?;
        let mut way = Way::Straight;
        let mut tries = TRIES;
        loop {
            let failure = match node.link.put(order, way, until).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            tries -= 1;
            if tries == 0 {
                return Err(failure.error);
            }
            way = Way::Straight;
            match failure.kind {
                FailureKind::Moved(address) => {
                    node = self.node(&address, &node.host)?;
                    let mut map = self.write();
                    map.owners.insert(slot, node.clone());
                    // Seldom is it one alone that moved.
                    map.in_doubt = true;
                }
                FailureKind::Asked(address) => {
                    node = self.node(&address, &node.host)?;
                    way = Way::Asking;
                }
                FailureKind::NotSent => {
                    self.write().in_doubt = true;
                    let now = self.owner(slot).await?;
                    if Arc::ptr_eq(&now, &node) {
                        return Err(failure.error);
                    }
                    node = now;
                }
                FailureKind::Lost => {
                    self.write().in_doubt = true;
                    return Err(failure.error);
                }
                FailureKind::Refused => return Err(failure.error),
            }
        }
    }

    /// Puts a command to every node that has keys.
    pub(super) async fn everywhere<T: FromRedisValue>(&self, command: &Cmd) -> Result<Vec<T>, RepositoryError> {
        let until = Instant::now() + self.timeout;
        let nodes = self.masters().await?;
        let order = Order::Command { command, writes: false };
        let answers = join_all(nodes.iter().map(|node| node.link.put(&order, Way::Straight, until))).await;
        answers.into_iter().map(|answer| answer.map_err(|failure| failure.error)).collect()
    }

    /// The keys that match on any of the nodes.
    pub(super) async fn scan(&self, pattern: &str, at_once: usize) -> Result<BTreeSet<String>, RepositoryError> {
        let mut found = BTreeSet::new();
        for node in self.masters().await? {
            let there = scan(&node.link, pattern, at_once, self.timeout).await;
            found.extend(there.map_err(|failure| failure.error)?);
        }
        Ok(found)
    }

    /// The nodes that have keys.
    async fn masters(&self) -> Result<Vec<Arc<Node>>, RepositoryError> {
        self.owner(const { Slot::new(0).expect("it is one") }).await?;
        let mut nodes: Vec<Arc<Node>> = Vec::new();
        for node in self.read().owners.values() {
            if nodes.iter().all(|known| !Arc::ptr_eq(known, node)) {
                nodes.push(node.clone());
            }
        }
        Ok(nodes)
    }

    /// Clients for the nodes, those first that are known to be there.
    pub(super) fn clients(&self) -> Vec<Client> {
        let known: Vec<String> = self.read().nodes.keys().cloned().collect();
        known.iter().filter_map(|address| self.client(address).ok()).chain(self.seeds.iter().cloned()).collect()
    }

    async fn owner(&self, slot: Slot) -> Result<Arc<Node>, RepositoryError> {
        let known = |map: &Map| map.owners.get(&slot).cloned();
        {
            let map = self.read();
            if let (Some(node), false) = (known(&map), map.in_doubt) {
                return Ok(node);
            }
        }
        let asked = self.ask().await;
        let map = self.read();
        // Who cannot ask goes on with what there was: it may still be right.
        match (known(&map), asked) {
            (Some(node), _) => Ok(node),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => {
                Err(RepositoryError::Unavailable("no node of the Redis Cluster has this part of the keys".to_owned()))
            }
        }
    }

    /// Asks the nodes who has what. The first that answers is believed: what it does not know yet, the nodes it leads to say.
    async fn ask(&self) -> Result<(), RepositoryError> {
        let _turn = self.asking.lock().await;
        if self.read().asked.is_some_and(|asked| asked.elapsed() < PAUSE) {
            return Ok(());
        }
        let mut nodes: Vec<Arc<Node>> = self.read().nodes.values().cloned().collect();
        for seed in &self.seeds {
            let (ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. }) =
                seed.get_connection_info().addr()
            else {
                continue;
            };
            nodes.push(self.node(&address(host, *port), host)?);
        }
        let until = Instant::now() + self.timeout / 2;
        let mut slots = redis::cmd("CLUSTER");
        slots.arg("SLOTS");
        let order = Order::Command { command: &slots, writes: false };
        let asked = nodes.iter().map(|node| {
            Box::pin(async move {
                let said: Vec<Vec<Value>> =
                    node.link.put(&order, Way::Straight, until).await.map_err(|failure| failure.error)?;
                // One that was just started, or that lost the others, knows nobody.
                if said.is_empty() { Err(nothing_known()) } else { Ok((node.host.clone(), said)) }
            })
        });
        let ((host, said), _) = select_ok(asked).await?;
        let mut owners = HashMap::new();
        for range in &said {
            let (from, to, address) = owner_of(range, &host).ok_or_else(nothing_known)?;
            let node = self.node(&address, &host)?;
            owners.extend((from..=to).filter_map(Slot::new).map(|slot| (slot, node.clone())));
        }
        let mut map = self.write();
        // Nodes that have no keys now may have some later; those that are gone are a few words.
        (map.owners, map.in_doubt, map.asked) = (owners, false, Some(Instant::now()));
        Ok(())
    }

    /// The node at this address; without a host it is the same as the one that said so.
    fn node(&self, at: &str, said_by: &str) -> Result<Arc<Node>, RepositoryError> {
        let at = if at.starts_with(':') { format!("{said_by}{at}") } else { at.to_owned() };
        if let Some(node) = self.read().nodes.get(&at) {
            return Ok(node.clone());
        }
        let client = self.client(&at)?;
        let host = at.rsplit_once(':').map_or(at.as_str(), |(host, _)| host).to_owned();
        let link = Link::new(Source::Fixed(Box::new(client)), self.timeout, self.replicas);
        Ok(self.write().nodes.entry(at).or_insert_with(|| Arc::new(Node { host, link })).clone())
    }

    /// With the credentials, and the way to speak, that the operator gave for all.
    fn client(&self, at: &str) -> Result<Client, RepositoryError> {
        let unclear =
            || RepositoryError::Unavailable(format!("the Redis Cluster names a node {at:?}, which is no address"));
        let (host, port) = at.rsplit_once(':').ok_or_else(unclear)?;
        let (host, port) = (host.to_owned(), port.parse().map_err(|_| unclear())?);
        let info = self.seeds.first().ok_or_else(unclear)?.get_connection_info().clone();
        let address = match info.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        Client::open(info.set_addr(address)).map_err(|_| unclear())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Map> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nothing_known() -> RepositoryError {
    RepositoryError::Unavailable("the Redis Cluster does not say which node has which keys".to_owned())
}

fn address(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

/// One range of `CLUSTER SLOTS`: from, to, and the address of the master. Where its host is not known, it is that of whoever answered.
fn owner_of(range: &[Value], answered: &str) -> Option<(u16, u16, String)> {
    let [Value::Int(from), Value::Int(to), Value::Array(master), ..] = range else { return None };
    let [host, Value::Int(port), ..] = master.as_slice() else { return None };
    let host = match host {
        Value::BulkString(host) => std::str::from_utf8(host).ok()?,
        Value::SimpleString(host) => host,
        Value::Nil => "",
        _ => return None,
    };
    let host = if host.is_empty() { answered } else { host };
    Some((u16::try_from(*from).ok()?, u16::try_from(*to).ok()?, address(host, u16::try_from(*port).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_servers_write_them() {
        let text = |word: &str| Value::BulkString(word.as_bytes().to_vec());
        let range = |host: Value| {
            let master = Value::Array(vec![host, Value::Int(7_000), text("id"), Value::Array(Vec::new())]);
            vec![Value::Int(0), Value::Int(5_460), master.clone(), master]
        };
        let told = |host| owner_of(&range(host), "10.0.0.1").map(|(_, _, address)| address);
        assert_eq!(told(text("10.0.0.2")).as_deref(), Some("10.0.0.2:7000"));
        assert_eq!(told(text("")).as_deref(), Some("10.0.0.1:7000"));
        assert_eq!(told(Value::Nil).as_deref(), Some("10.0.0.1:7000"));
        assert_eq!(told(Value::Int(1)), None);
        assert_eq!(owner_of(&[Value::Int(0), Value::Int(70_000)], "x"), None);
        let far = [Value::Int(0), Value::Int(70_000), Value::Array(vec![text("x"), Value::Int(1)])];
        assert_eq!(owner_of(&far, "x"), None);
    }

    #[test]
    fn nodes_are_spoken_to_as_the_first_was() {
        let seed = Client::open("redis://user:word@[::1]:7000").expect("an address");
        let cluster = Cluster::new(vec![seed], Duration::from_secs(1), 0);
        let client = cluster.client("::1:7001").expect("an address");
        assert_eq!(client.get_connection_info().addr().to_string(), "::1:7001");
        assert_eq!(client.get_connection_info().redis_settings().password(), Some("word"));
        assert!(cluster.client("nowhere").is_err() && cluster.client("a:b").is_err());
        let node = cluster.node(":7002", "10.0.0.9").expect("an address");
        assert_eq!(node.host, "10.0.0.9");
        assert!(Arc::ptr_eq(&node, &cluster.node("10.0.0.9:7002", "x").expect("an address")));
    }
}

//! All of Redis as the repositories see it: they say what is to be done, and it is done by the server that has the key, within the
//! deadline.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use isolet_domain::repository::RepositoryError;
use redis::{Client, Cmd, FromRedisValue, RedisResult, Script};
use tokio::sync::Mutex;

use super::address::Address;
use super::cluster::Cluster;
use super::failure::classify;
use super::link::{Link, Source, scan};
use super::order::{Order, Way};

pub(super) struct Servers {
    timeout: Duration,
    kind: Kind,
}

enum Kind {
    One(Box<Link>),
    Cluster(Box<Cluster>),
}

/// Of a new connection to one server.
fn source(address: &Address) -> RedisResult<Option<Source>> {
    Ok(match address {
        Address::Alone(client) => Some(Source::Fixed(Box::new(client.clone()))),
        Address::Sentinels(sentinels) => {
            Some(Source::Sentinels(sentinels.clients()?.into_iter().map(Mutex::new).collect()))
        }
        Address::Cluster(_) => None,
    })
}

impl Servers {
    /// With `replicas`, writes count once so many have them.
    pub(super) fn new(address: &Address, timeout: Duration, replicas: u32) -> Result<Self, RepositoryError> {
        let kind = match (address, source(address).map_err(|err| classify(&err).0)?) {
            (Address::Cluster(seeds), _) => Kind::Cluster(Box::new(Cluster::new(seeds.clone(), timeout, replicas))),
            (_, Some(source)) => Kind::One(Box::new(Link::new(source, timeout, replicas))),
            (_, None) => return Err(RepositoryError::Unavailable("the address leads to no Redis".to_owned())),
        };
        Ok(Self { timeout, kind })
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster(_))
    }

    /// One command that changes nothing, or nothing that matters when it happens late or twice.
    pub(super) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RepositoryError> {
        self.put(&Order::Command { command, writes: false }).await
    }

    /// One command that changes something and does no harm however late it comes.
    pub(super) async fn change<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RepositoryError> {
        self.put(&Order::Command { command, writes: true }).await
    }

    /// Several commands that change nothing, not as one atomic step. Their answers are in their order.
    pub(super) async fn commands<T: FromRedisValue>(&self, commands: &[Cmd]) -> Result<Vec<T>, RepositoryError> {
        match &self.kind {
            Kind::One(_) => self.put(&Order::Commands(commands)).await,
            // Each has its node; over one connection they go out together all the same.
            Kind::Cluster(_) => try_join_all(commands.iter().map(|command| self.command(command))).await,
        }
    }

    /// Several commands that change something, as [`Servers::change`] does one.
    pub(super) async fn changes<T: FromRedisValue>(&self, commands: &[Cmd]) -> Result<Vec<T>, RepositoryError> {
        try_join_all(commands.iter().map(|command| self.change(command))).await
    }

    /// The keys that match, each once, in no order.
    pub(super) async fn scan(&self, pattern: &str, at_once: usize) -> Result<BTreeSet<String>, RepositoryError> {
        match &self.kind {
            Kind::One(link) => scan(link, pattern, at_once, self.timeout).await.map_err(|failure| failure.error),
            Kind::Cluster(cluster) => cluster.scan(pattern, at_once).await,
        }
    }

    /// One command that changes nothing, put to every server that has keys.
    pub(super) async fn everywhere<T: FromRedisValue>(&self, command: &Cmd) -> Result<Vec<T>, RepositoryError> {
        match &self.kind {
            Kind::One(_) => Ok(vec![self.command(command).await?]),
            Kind::Cluster(cluster) => cluster.everywhere(command).await,
        }
    }

    /// A script that only reads.
    pub(super) async fn read<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        args: &[&[u8]],
    ) -> Result<T, RepositoryError> {
        self.put(&Order::Script { script, keys, args, fence: None }).await
    }

    /// A script that starts with `fence.lua`. Its own arguments start at `ARGV[2]`.
    pub(super) async fn write<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        args: &[&[u8]],
    ) -> Result<T, RepositoryError> {
        // A quarter of the time is for the reply to come back.
        let fence = Some(Instant::now() + self.timeout * 3 / 4);
        self.put(&Order::Script { script, keys, args, fence }).await
    }

    async fn put<T: FromRedisValue>(&self, order: &Order<'_>) -> Result<T, RepositoryError> {
        match &self.kind {
            Kind::One(link) => {
                let put = link.put(order, Way::Straight, Instant::now() + self.timeout).await;
                put.map_err(|failure| failure.error)
            }
            Kind::Cluster(cluster) => cluster.put(order).await,
        }
    }

    /// Clients for servers that have word of everything, the likeliest first.
    pub(super) async fn clients(&self) -> Result<Vec<Client>, RepositoryError> {
        match &self.kind {
            Kind::One(link) => Ok(vec![link.client().await.map_err(|err| classify(&err).0)?]),
            Kind::Cluster(cluster) => Ok(cluster.clients()),
        }
    }
}

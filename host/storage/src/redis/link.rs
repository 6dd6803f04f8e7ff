//! The connections to one Redis server: one for many requests at a time, with a deadline on each, replaced when it is in doubt. Which
//! server that is can be asked of Sentinels anew each time a connection is made.
//!
//! Each tokio runtime that asks has a connection of its own, driven by its own threads: what manages wakes no thread that serves, waits for
//! none, and has nothing lie before what serving asks.
//!
//! Replies come in the order of the requests; nothing in the protocol says which reply is whose. The crate's multiplexed
//! connection keeps a place in its queue for every request it has sent, also when the caller is gone, so a late reply is thrown
//! away and cannot be taken for another's. On top of that a connection over which anything was late, broken or not understood is
//! used for nothing new, and every record that is read is checked to be the one that was asked for (`record::decode`).
//! (The crate's own connection manager stays on a connection that timed out, which is why it is not used here.)
//!
//! A write that we gave up on must not happen afterwards: Redis may have been frozen with our command in its socket buffer. So
//! every write is a script that first compares the server's clock with a time of its own, and does nothing once that has passed
//! (`fence.lua`). What remains, as over any network: a write that was done in time and whose reply was lost is reported as
//! failed. Writes are made so that trying again is safe.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::select_ok;
use isolet_domain::repository::RepositoryError;
use redis::aio::MultiplexedConnection;
use redis::sentinel::SentinelClient;
use redis::{AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind};
use tokio::runtime::{Handle, Id};
use tokio::time::{timeout, timeout_at};

use super::clock::Clock;
use super::failure::{classify, too_few_replicas, too_slow};
use super::order::{Order, Way};

/// After a failed attempt to connect, how long everybody else is told so at once instead of waiting in line to find out.
const PAUSE: Duration = Duration::from_millis(200);
/// A connection that was quiet for so long is asked whether it is still there before a request is trusted to it.
const QUIET: Duration = Duration::from_secs(1);

pub(super) struct Link {
    source: Source,
    timeout: Duration,
    /// Replicas that must have a write before it counts.
    replicas: u32,
    // Locked for moments only, never across an await.
    lines: Mutex<HashMap<Id, Arc<Line>>>,
    /// Until when, and why, nobody tries to connect: what one runtime found is so for all, and so is that the server is back.
    failed: Mutex<Option<(Instant, String)>>,
}

/// The connection of one runtime.
#[derive(Default)]
struct Line {
    // Locked for moments only, never across an await.
    slot: Mutex<Slot>,
    // Held while a connection is made or looked after, so that one caller does it for all.
    connecting: tokio::sync::Mutex<()>,
}

/// Which server it is.
pub(super) enum Source {
    Fixed(Box<Client>),
    /// The master that one of these names and that says so itself.
    Sentinels(Vec<tokio::sync::Mutex<SentinelClient>>),
}

/// How an order failed.
pub(super) struct Failure {
    pub(super) error: RepositoryError,
    pub(super) kind: FailureKind,
}

pub(super) enum FailureKind {
    /// There is no connection, so nothing was sent.
    NotSent,
    /// Another server of the Cluster has the key: for good, or for this once.
    Moved(String),
    Asked(String),
    /// The connection was given up: it is not known what became of the order.
    Lost,
    Refused,
}

/// Why an order did not come to its end at the server.
enum Stop {
    Unsent(RepositoryError),
    Said(RedisError),
    /// Done, by too few.
    Alone,
}

#[derive(Default)]
struct Slot {
    connected: Option<Connected>,
    made: u64,
    used_at: Option<Instant>,
}

#[derive(Clone)]
struct Connected {
    connection: MultiplexedConnection,
    /// Which one of those made so far.
    number: u64,
    clock: Clock,
}

impl Source {
    async fn client(&self) -> RedisResult<Client> {
        match self {
            Self::Fixed(client) => Ok(Client::clone(client)),
            Self::Sentinels(sentinels) => {
                // All at once: one that hangs, as it does beside a master that does, holds up nobody.
                let asked =
                    sentinels.iter().map(|one| Box::pin(async move { one.lock().await.async_get_client().await }));
                Ok(select_ok(asked).await?.0)
            }
        }
    }
}

impl Link {
    pub(super) fn new(source: Source, timeout: Duration, replicas: u32) -> Self {
        Self { source, timeout, replicas, lines: Mutex::default(), failed: Mutex::default() }
    }

    /// Puts an order to the server, and gives the connection up if that is called for. `until` is when nobody waits any more.
    pub(super) async fn put<T: FromRedisValue>(
        &self,
        order: &Order<'_>,
        way: Way,
        until: Instant,
    ) -> Result<T, Failure> {
        let (line, mut lent) = (self.line(), None);
        let ended = timeout_at(until.into(), async {
            let mut connected = self.connected(&line).await.map_err(Stop::Unsent)?;
            lent = Some(connected.number);
            let done = order.put(&mut connected.connection, connected.clock, way).await.map_err(Stop::Said)?;
            if order.writes() && self.replicas > 0 {
                self.replicated(&mut connected.connection, until).await?;
            }
            Ok::<T, Stop>(done)
        });
        let (error, give_up) = match ended.await {
            Ok(Ok(value)) => return Ok(value),
            // Not connected: there is nothing to give up.
            Ok(Err(Stop::Unsent(error))) => return Err(Failure { error, kind: FailureKind::NotSent }),
            Ok(Err(Stop::Alone)) => (too_few_replicas(), false),
            Ok(Err(Stop::Said(err))) => match elsewhere(&err) {
                Some(kind) => return Err(Failure { error: classify(&err).0, kind }),
                None => classify(&err),
            },
            Err(_) => (too_slow(), true),
        };
        let kind = match lent {
            None => FailureKind::NotSent,
            Some(number) if give_up => {
                // Requests of others that are on their way keep it until their own deadlines; nothing new goes over it.
                line.slot().connected.take_if(|connected| connected.number == number);
                FailureKind::Lost
            }
            Some(_) => FailureKind::Refused,
        };
        Err(Failure { error, kind })
    }

    /// A client for the server as it is now.
    pub(super) async fn client(&self) -> RedisResult<Client> {
        self.source.client().await
    }

    /// Waits until enough replicas have what was written over this connection.
    async fn replicated(&self, connection: &mut MultiplexedConnection, until: Instant) -> Result<(), Stop> {
        // Half of what is left, so that the answer comes before nobody waits for it; nothing would be for ever.
        let patience = (until.saturating_duration_since(Instant::now()) / 2).as_millis().max(1) as u64;
        let mut wait = redis::cmd("WAIT");
        let reached: u32 = wait.arg(self.replicas).arg(patience).query_async(connection).await.map_err(Stop::Said)?;
        if reached < self.replicas { Err(Stop::Alone) } else { Ok(()) }
    }

    /// The calling runtime's.
    fn line(&self) -> Arc<Line> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).entry(Handle::current().id()).or_default().clone()
    }

    async fn connected(&self, line: &Line) -> Result<Connected, RepositoryError> {
        if let Some(connected) = line.slot().fresh() {
            return Ok(connected);
        }
        let _turn = line.connecting.lock().await;
        // Somebody may have done it while this one waited.
        if let Some(connected) = line.slot().fresh() {
            return Ok(connected);
        }
        let quiet = line.slot().connected.clone();
        if let Some(mut connected) = quiet {
            if still_there(&mut connected.connection, self.timeout / 4).await {
                line.slot().used_at = Some(Instant::now());
                return Ok(connected);
            }
            line.slot().connected = None;
        }
        if let Some(why) = self.recent_failure() {
            return Err(RepositoryError::Unavailable(why));
        }
        // Less than the deadline, so that the failure is on record when it passes.
        let attempt = match timeout(self.timeout / 2, self.connect()).await {
            Ok(attempt) => attempt.map_err(|err| classify(&err).0),
            Err(_) => Err(too_slow()),
        };
        match attempt {
            Ok((connection, clock)) => {
                *self.failed() = None;
                let mut slot = line.slot();
                slot.made += 1;
                let connected = Connected { connection, number: slot.made, clock };
                slot.connected = Some(connected.clone());
                slot.used_at = Some(Instant::now());
                Ok(connected)
            }
            Err(err) => {
                let why = match err {
                    RepositoryError::Unavailable(why) => why,
                    other @ (RepositoryError::Corrupt { .. } | RepositoryError::Newer { .. }) => other.to_string(),
                };
                tracing::warn!(why, "could not connect to Redis");
                *self.failed() = Some((Instant::now() + PAUSE, why.clone()));
                Err(RepositoryError::Unavailable(why))
            }
        }
    }

    fn failed(&self) -> MutexGuard<'_, Option<(Instant, String)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recent_failure(&self) -> Option<String> {
        self.failed().as_ref().filter(|(until, _)| Instant::now() < *until).map(|(_, why)| why.clone())
    }

    async fn connect(&self) -> RedisResult<(MultiplexedConnection, Clock)> {
        // The deadlines are ours: the crate's own would end a request without our noticing that the connection is in doubt.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(1_024);
        let client = self.source.client().await?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut connection).await?;
        Ok((connection, Clock { server_ms: seconds * 1_000 + micros / 1_000, at: Instant::now() }))
    }
}

impl Line {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// The connection, if it was in use just now.
    fn fresh(&mut self) -> Option<Connected> {
        let now = Instant::now();
        self.used_at.filter(|used| now.duration_since(*used) <= QUIET)?;
        let connected = self.connected.clone()?;
        self.used_at = Some(now);
        Some(connected)
    }
}

async fn still_there(connection: &mut MultiplexedConnection, patience: Duration) -> bool {
    let answer = timeout(patience, redis::cmd("PING").exec_async(connection)).await;
    matches!(answer, Ok(Ok(())))
}

/// Where in the Cluster the key is, if that is what was said.
fn elsewhere(error: &RedisError) -> Option<FailureKind> {
    let (address, _) = error.redirect_node()?;
    let asked = error.kind() == ErrorKind::Server(ServerErrorKind::Ask);
    Some(if asked { FailureKind::Asked(address.to_owned()) } else { FailureKind::Moved(address.to_owned()) })
}

/// The keys of one server that match.
pub(super) async fn scan(
    link: &Link,
    pattern: &str,
    at_once: usize,
    timeout: Duration,
) -> Result<BTreeSet<String>, Failure> {
    let (mut found, mut cursor) = (BTreeSet::new(), 0_u64);
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(at_once);
        let order = Order::Command { command: &scan, writes: false };
        let (next, keys): (u64, Vec<String>) = link.put(&order, Way::Straight, Instant::now() + timeout).await?;
        found.extend(keys);
        cursor = next;
        if cursor == 0 {
            return Ok(found);
        }
    }
}

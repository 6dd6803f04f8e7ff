//! The connection to Redis: one for many requests at a time, with a deadline on each, replaced when it is in doubt.
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

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use isolet_domain::repository::RepositoryError;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisResult, Script};
use tokio::time::timeout;

use super::failure::{classify, too_slow};

/// After a failed attempt to connect, how long everybody else is told so at once instead of waiting in line to find out.
const PAUSE: Duration = Duration::from_millis(200);
/// A connection that was quiet for so long is asked whether it is still there before a request is trusted to it.
const QUIET: Duration = Duration::from_secs(1);

pub(super) struct Link {
    client: Client,
    timeout: Duration,
    // Locked for moments only, never across an await.
    slot: Mutex<Slot>,
    // Held while a connection is made or looked after, so that one caller does it for all.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Slot {
    connected: Option<Connected>,
    made: u64,
    used_at: Option<Instant>,
    failed: Option<(Instant, String)>,
}

#[derive(Clone)]
struct Connected {
    connection: MultiplexedConnection,
    /// Which one of those made so far.
    number: u64,
    clock: Clock,
}

/// What the server's clock says, without asking it again.
#[derive(Clone, Copy)]
struct Clock {
    server_ms: i64,
    /// When the answer came, so that an estimate is never ahead of the server: a fence is rather too strict.
    at: Instant,
}

impl Link {
    pub(super) fn new(client: Client, timeout: Duration) -> Self {
        Self { client, timeout, slot: Mutex::default(), connecting: tokio::sync::Mutex::default() }
    }

    /// One command that changes nothing, or nothing that matters when it happens late or twice.
    pub(super) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RepositoryError> {
        self.run(async |mut connected| command.query_async(&mut connected.connection).await).await
    }

    /// Several such commands in one go, not as one atomic step.
    pub(super) async fn commands<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, RepositoryError> {
        self.run(async |mut connected| commands.query_async(&mut connected.connection).await).await
    }

    /// A script that only reads.
    pub(super) async fn read<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        args: &[&[u8]],
    ) -> Result<T, RepositoryError> {
        self.run(async |mut connected| script.key(keys).arg(args).invoke_async(&mut connected.connection).await).await
    }

    /// A script that starts with `fence.lua`. Its own arguments start at `ARGV[2]`.
    pub(super) async fn write<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        args: &[&[u8]],
    ) -> Result<T, RepositoryError> {
        let begun = Instant::now();
        let write = async |mut connected: Connected| {
            // A quarter of the time is for the reply to come back.
            let fence = connected.clock.server_ms_at(begun + self.timeout * 3 / 4);
            script.key(keys).arg(fence).arg(args).invoke_async(&mut connected.connection).await
        };
        self.run(write).await
    }

    /// Lends the connection out under the deadline, and gives it up if that is called for.
    async fn run<T>(&self, work: impl AsyncFnOnce(Connected) -> RedisResult<T>) -> Result<T, RepositoryError> {
        let mut lent = None;
        let ended = timeout(self.timeout, async {
            let connected = self.connected().await?;
            lent = Some(connected.number);
            Ok::<_, RepositoryError>(work(connected).await)
        });
        let (error, give_up) = match ended.await {
            Ok(Ok(Ok(value))) => return Ok(value),
            Ok(Ok(Err(err))) => classify(&err),
            // Not connected: there is nothing to give up.
            Ok(Err(err)) => return Err(err),
            Err(_) => (too_slow(), true),
        };
        if let (true, Some(number)) = (give_up, lent) {
            // Requests of others that are on their way keep it until their own deadlines; nothing new goes over it.
            self.slot().connected.take_if(|connected| connected.number == number);
        }
        Err(error)
    }

    async fn connected(&self) -> Result<Connected, RepositoryError> {
        if let Some(connected) = self.slot().fresh() {
            return Ok(connected);
        }
        let _turn = self.connecting.lock().await;
        // Somebody may have done it while this one waited.
        if let Some(connected) = self.slot().fresh() {
            return Ok(connected);
        }
        let quiet = self.slot().connected.clone();
        if let Some(mut connected) = quiet {
            if still_there(&mut connected.connection, self.timeout / 4).await {
                self.slot().used_at = Some(Instant::now());
                return Ok(connected);
            }
            self.slot().connected = None;
        }
        if let Some(why) = self.slot().recent_failure() {
            return Err(RepositoryError::Unavailable(why));
        }
        // Less than the deadline, so that the failure is on record when it passes.
        let attempt = match timeout(self.timeout / 2, self.connect()).await {
            Ok(attempt) => attempt.map_err(|err| classify(&err).0),
            Err(_) => Err(too_slow()),
        };
        let mut slot = self.slot();
        match attempt {
            Ok((connection, clock)) => {
                slot.made += 1;
                let connected = Connected { connection, number: slot.made, clock };
                slot.connected = Some(connected.clone());
                slot.used_at = Some(Instant::now());
                slot.failed = None;
                Ok(connected)
            }
            Err(err) => {
                let why = match err {
                    RepositoryError::Unavailable(why) => why,
                    other @ (RepositoryError::Corrupt { .. } | RepositoryError::Newer { .. }) => other.to_string(),
                };
                tracing::warn!(why, "could not connect to Redis");
                slot.failed = Some((Instant::now() + PAUSE, why.clone()));
                Err(RepositoryError::Unavailable(why))
            }
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> RedisResult<(MultiplexedConnection, Clock)> {
        // The deadlines are ours: the crate's own would end a request without our noticing that the connection is in doubt.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(1_024);
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut connection).await?;
        Ok((connection, Clock { server_ms: seconds * 1_000 + micros / 1_000, at: Instant::now() }))
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

    fn recent_failure(&self) -> Option<String> {
        self.failed.as_ref().filter(|(until, _)| Instant::now() < *until).map(|(_, why)| why.clone())
    }
}

impl Clock {
    fn server_ms_at(self, instant: Instant) -> i64 {
        let later = instant.saturating_duration_since(self.at).as_millis();
        self.server_ms.saturating_add(i64::try_from(later).unwrap_or(i64::MAX))
    }
}

async fn still_there(connection: &mut MultiplexedConnection, patience: Duration) -> bool {
    let answer = timeout(patience, redis::cmd("PING").exec_async(connection)).await;
    matches!(answer, Ok(Ok(())))
}

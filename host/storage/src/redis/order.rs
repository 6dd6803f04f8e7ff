//! What is asked of a Redis server, and how it is put to one over a connection.

use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::cluster_routing::Slot;
use redis::{Arg, Cmd, ErrorKind, FromRedisValue, RedisResult, Script, ServerErrorKind};

use super::clock::Clock;

/// One step of a server's.
#[derive(Clone, Copy)]
pub(super) enum Order<'a> {
    /// A command whose first argument, if it has any, is the key that it is about.
    Command { command: &'a Cmd, writes: bool },
    /// Several such commands, one after the other but not as one atomic step. Each may be about another key.
    Commands(&'a [Cmd]),
    /// A script. With a fence it writes, starts with `fence.lua`, and its own arguments start at `ARGV[2]`; the fence is when nobody
    /// waits for it any more.
    Script { script: &'a Script, keys: &'a [String], args: &'a [&'a [u8]], fence: Option<Instant> },
}

/// How an order reaches a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Straight,
    /// The key is on its way there, and another server said so.
    Asking,
}

impl Order<'_> {
    pub(super) fn writes(&self) -> bool {
        match self {
            Self::Command { writes, .. } => *writes,
            Self::Commands(_) => false,
            Self::Script { fence, .. } => fence.is_some(),
        }
    }

    /// The part of a Cluster's keys that it is about; `None`: any server can do it.
    pub(super) fn slot(&self) -> Option<Slot> {
        match self {
            Self::Command { command, .. } => slot_of(command),
            Self::Commands(commands) => commands.first().and_then(slot_of),
            Self::Script { keys, .. } => keys.first().map(Slot::for_key),
        }
    }

    pub(super) async fn put<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        clock: Clock,
        way: Way,
    ) -> RedisResult<T> {
        match self {
            Self::Command { command, .. } => query(command, connection, way).await,
            Self::Commands(commands) => {
                let mut pipeline = redis::pipe();
                for command in *commands {
                    pipeline.add_command(command.clone());
                }
                pipeline.query_async(connection).await
            }
            Self::Script { script, keys, args, fence } => {
                let mut call = redis::cmd("EVALSHA");
                call.arg(script.get_hash()).arg(keys.len()).arg(*keys);
                if let Some(fence) = fence {
                    call.arg(clock.server_ms_at(*fence));
                }
                call.arg(*args);
                match query(&call, connection, way).await {
                    Err(err) if err.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                        script.load_async(connection).await?;
                        query(&call, connection, way).await
                    }
                    other => other,
                }
            }
        }
    }
}

fn slot_of(command: &Cmd) -> Option<Slot> {
    command.args_iter().nth(1).and_then(|key| match key {
        Arg::Simple(key) => Some(Slot::for_key(key)),
        _ => None,
    })
}

async fn query<T: FromRedisValue>(command: &Cmd, connection: &mut MultiplexedConnection, way: Way) -> RedisResult<T> {
    match way {
        Way::Straight => command.query_async(connection).await,
        Way::Asking => {
            // In one go: what others send over this connection must not come between the two.
            let mut both = redis::pipe();
            both.cmd("ASKING").ignore().add_command(command.clone());
            let (answer,) = both.query_async(connection).await?;
            Ok(answer)
        }
    }
}

//! The Redis store as a whole: what it holds together, and which servers it refuses.

use async_trait::async_trait;
use isolet_domain::ids::HostId;
use isolet_domain::key_mark::KeyMark;
use isolet_domain::repository::{Repository, RepositoryError};

use super::address::Address;
use super::keys::Keys;
use super::options::RedisOptions;
use super::scripts::{Scripts, Verdict, decide};
use super::servers::Servers;
use crate::open_error::OpenError;
use crate::record::unread_mark;
use crate::turns::Turns;

/// Under `format`. Another value is a later isolet's.
const FORMAT: &str = "isolet 1";
/// Effects of scripts rather than scripts are replicated from 5 on, and 6 is the oldest we test with.
const OLDEST_MAJOR: u32 = 6;

/// Everything in Redis.
pub struct RedisStore {
    /// What is read.
    pub(super) link: Servers,
    /// What is written, by connections of its own: where replicas have to have it, they wait.
    pub(super) writes: Servers,
    /// Megabytes on their way must not hold up the small records behind them.
    pub(super) blob_link: Servers,
    pub(super) keys: Keys,
    pub(super) scripts: Scripts,
    pub(super) turns: Turns,
    /// What this host is called among those that it tells of its writes.
    pub(super) name: String,
}

impl RedisStore {
    /// Connects, and refuses a server that would lose what is entrusted to it.
    pub async fn connect(url: &str, options: RedisOptions) -> Result<Self, OpenError> {
        let address = Address::parse(url, &options)?;
        // One where another server takes over by itself.
        let replicas = options.wait_replicas.unwrap_or(u32::from(!matches!(address, Address::Alone(_))));
        let store = Self {
            link: Servers::new(&address, options.timeout, 0)?,
            writes: Servers::new(&address, options.timeout, replicas)?,
            blob_link: Servers::new(&address, options.blob_timeout, replicas)?,
            keys: Keys::new(&options.prefix),
            scripts: Scripts::new(),
            turns: Turns::default(),
            name: HostId::generate().to_string(),
        };
        store.examine().await?;
        store.claim_prefix().await?;
        Ok(store)
    }

    async fn examine(&self) -> Result<(), OpenError> {
        let infos: Vec<String> = match self.link.everywhere(&redis::cmd("INFO")).await {
            Ok(infos) => infos,
            Err(RepositoryError::Unavailable(why)) if why.contains("NOPERM") => {
                tracing::warn!("the Redis user may not read INFO: whether the server evicts keys is not known");
                return Ok(());
            }
            Err(err) => return Err(err.into()),
        };
        // Providers that hide the policy from INFO may still show it here, and the other way round.
        let asked: Result<Vec<Vec<String>>, _> =
            self.link.everywhere(redis::cmd("CONFIG").arg("GET").arg("maxmemory-policy")).await;
        let policies = asked.unwrap_or_default();
        for (at, info) in infos.iter().enumerate() {
            let policy = policies.get(at).and_then(|pair| pair.get(1)).map(String::as_str);
            judge(info, policy, self.link.is_cluster())?;
        }
        Ok(())
    }

    pub(super) async fn claim_prefix(&self) -> Result<(), OpenError> {
        let keys = [self.keys.format()];
        let (_, found): (Verdict, Option<String>) =
            decide(&self.writes, &self.scripts.set_new, &keys, &[FORMAT.as_bytes()]).await?;
        match found {
            Some(found) if found != FORMAT => Err(OpenError::Unsuitable(format!(
                "the keys with this prefix are of format {found:?}, this host knows {FORMAT:?}; choose another prefix"
            ))),
            _ => Ok(()),
        }
    }
}

/// Whether what a server says about itself is good enough.
fn judge(info: &str, configured_policy: Option<&str>, in_cluster: bool) -> Result<(), OpenError> {
    let field = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
    let unsuitable = |why: String| Err(OpenError::Unsuitable(why));
    let version = field("redis_version").unwrap_or("0");
    if version.split('.').next().and_then(|major| major.parse().ok()).is_none_or(|major: u32| major < OLDEST_MAJOR) {
        return unsuitable(format!("it is version {version}, isolet needs {OLDEST_MAJOR} or later"));
    }
    match (field("cluster_enabled") == Some("1"), in_cluster) {
        (true, false) => {
            return unsuitable("it is a node of a Redis Cluster; give its address as `redis+cluster://`".to_owned());
        }
        (false, true) => {
            return unsuitable("it is no node of a Redis Cluster; give its address as `redis://`".to_owned());
        }
        _ => {}
    }
    if field("role") == Some("slave") {
        return unsuitable("it is a replica; give the address of its master".to_owned());
    }
    match configured_policy.or(field("maxmemory_policy")) {
        Some(policy) if policy.starts_with("allkeys-") => {
            return unsuitable(format!(
                "its `maxmemory-policy` is `{policy}`, which throws away functions and keys when memory is short; set it to `noeviction`"
            ));
        }
        // `volatile-…` evicts only keys with a time to live, and none of ours has one.
        Some(_) => {}
        None => tracing::warn!("Redis does not tell its `maxmemory-policy`: make sure that it is `noeviction`"),
    }
    if field("aof_enabled") == Some("0") {
        tracing::warn!(
            "Redis writes no append-only file: what was deployed since its last snapshot is lost when it crashes"
        );
    }
    Ok(())
}

#[async_trait]
impl Repository for RedisStore {
    async fn check(&self) -> Result<(), RepositoryError> {
        // Both have connections of their own.
        let () = self.link.command(&redis::cmd("PING")).await?;
        let (_, ()) = decide(&self.writes, &self.scripts.set, &[self.keys.probe()], &[b"probe"]).await?;
        Ok(())
    }

    async fn key_mark(&self, ours: &KeyMark) -> Result<KeyMark, RepositoryError> {
        let (keys, ours) = ([self.keys.key_mark()], ours.to_text());
        let (_, noted): (Verdict, Option<String>) =
            decide(&self.writes, &self.scripts.set_new, &keys, &[ours.as_bytes()]).await?;
        KeyMark::parse(noted.as_deref().unwrap_or(&ours)).ok_or_else(unread_mark)
    }

    /// Nothing is batched here: every call has been answered by Redis.
    async fn flush(&self) -> Result<(), RepositoryError> {
        Ok(())
    }

    fn kind(&self) -> &'static str {
        "redis"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:0\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n";

    #[track_caller]
    fn refused(info: &str, policy: Option<&str>, because: &str) {
        let err = judge(info, policy, false).expect_err("refused").to_string();
        assert!(err.contains(because), "{err}");
    }

    #[test]
    fn servers_that_lose_things_are_refused() {
        assert!(judge(GOOD, None, false).is_ok());
        assert!(judge(GOOD, Some("volatile-lru"), false).is_ok());
        refused(GOOD, Some("allkeys-lru"), "`noeviction`");
        refused(&GOOD.replace("noeviction", "allkeys-random"), None, "allkeys-random");
        refused(&GOOD.replace("7.0.15", "5.0.14"), None, "5.0.14");
        let node = GOOD.replace("cluster_enabled:0", "cluster_enabled:1");
        refused(&node, None, "redis+cluster://");
        assert!(judge(&node, None, true).is_ok() && judge(GOOD, None, true).is_err());
        refused(&GOOD.replace("master", "slave"), None, "replica");
        refused("", None, "version");
    }
}

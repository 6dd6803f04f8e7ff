//! The Redis store as a whole: what it holds together, and which servers it refuses.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use isolet_domain::repository::{Repository, RepositoryError};
use redis::{Client, TlsCertificates};

use super::keys::Keys;
use super::link::Link;
use super::scripts::{Scripts, Verdict, decide};
use crate::config::RedisConfig;
use crate::open_error::OpenError;
use crate::turns::Turns;

/// Under `format`. Another value is a later isolet's.
const FORMAT: &str = "isolet 1";
/// Effects of scripts rather than scripts are replicated from 5 on, and 6 is the oldest we test with.
const OLDEST_MAJOR: u32 = 6;

/// How to use a Redis server; the fields are those of [`RedisConfig`].
#[derive(Clone, Debug)]
pub struct RedisOptions {
    pub prefix: String,
    pub timeout: Duration,
    pub blob_timeout: Duration,
    pub ca_file: Option<PathBuf>,
}

impl RedisOptions {
    /// # Errors
    /// When the prefix would break the layout of the keys.
    pub fn of(config: &RedisConfig) -> Result<Self, OpenError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_:.".contains(c);
        // Braces would move all keys into one slot of a cluster.
        if config.prefix.is_empty() || config.prefix.len() > 64 || !config.prefix.chars().all(plain) {
            return Err(OpenError::Address(format!(
                "the prefix {:?} is not 1 to 64 characters of a-z, 0-9, `-`, `_`, `:` and `.`",
                config.prefix
            )));
        }
        Ok(Self {
            prefix: config.prefix.clone(),
            timeout: Duration::from_millis(config.timeout_ms.get()),
            blob_timeout: Duration::from_millis(config.blob_timeout_ms.get()),
            ca_file: config.ca_file.clone(),
        })
    }
}

/// Everything in one Redis server.
pub struct RedisStore {
    pub(super) link: Link,
    /// Megabytes on their way must not hold up the small records behind them.
    pub(super) blob_link: Link,
    pub(super) keys: Keys,
    pub(super) scripts: Scripts,
    pub(super) turns: Turns,
}

impl RedisStore {
    /// Connects, and refuses a server that would lose what is entrusted to it.
    pub async fn connect(url: &str, options: RedisOptions) -> Result<Self, OpenError> {
        let client = client(url, &options)?;
        let store = Self {
            link: Link::new(client.clone(), options.timeout),
            blob_link: Link::new(client, options.blob_timeout),
            keys: Keys::new(&options.prefix),
            scripts: Scripts::new(),
            turns: Turns::default(),
        };
        store.examine().await?;
        store.claim_prefix().await?;
        Ok(store)
    }

    async fn examine(&self) -> Result<(), OpenError> {
        let info: String = match self.link.command(&redis::cmd("INFO")).await {
            Ok(info) => info,
            Err(RepositoryError::Unavailable(why)) if why.contains("NOPERM") => {
                tracing::warn!("the Redis user may not read INFO: whether the server evicts keys is not known");
                return Ok(());
            }
            Err(err) => return Err(err.into()),
        };
        // Providers that hide the policy from INFO may still show it here, and the other way round.
        let asked: Result<Vec<String>, _> =
            self.link.command(redis::cmd("CONFIG").arg("GET").arg("maxmemory-policy")).await;
        judge(&info, asked.ok().and_then(|pair| pair.into_iter().nth(1)).as_deref())
    }

    async fn claim_prefix(&self) -> Result<(), OpenError> {
        let keys = [self.keys.format()];
        let (_, found): (Verdict, Option<String>) =
            decide(&self.link, &self.scripts.set_new, &keys, &[FORMAT.as_bytes()]).await?;
        match found {
            Some(found) if found != FORMAT => Err(OpenError::Unsuitable(format!(
                "the keys with this prefix are of format {found:?}, this host knows {FORMAT:?}; choose another prefix"
            ))),
            _ => Ok(()),
        }
    }
}

fn client(url: &str, options: &RedisOptions) -> Result<Client, OpenError> {
    // Not with the crate's own words: they may repeat the address, and with it the password.
    let unusable = || OpenError::Address("it is not `redis://` or `rediss://`, a host, and a port".to_owned());
    let secure = url.starts_with("rediss://");
    if !secure && !url.starts_with("redis://") {
        return Err(unusable());
    }
    let Some(file) = options.ca_file.as_ref().filter(|_| secure) else {
        return Client::open(url).map_err(|_| unusable());
    };
    let root_cert = std::fs::read(file).map_err(|source| OpenError::Folder { path: file.clone(), source })?;
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(root_cert) };
    Client::build_with_tls(url, certificates).map_err(|err| {
        OpenError::Address(format!("`{}` has no certificate authorities to trust ({})", file.display(), err.category()))
    })
}

/// Whether what a server says about itself is good enough.
fn judge(info: &str, configured_policy: Option<&str>) -> Result<(), OpenError> {
    let field = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
    let unsuitable = |why: String| Err(OpenError::Unsuitable(why));
    let version = field("redis_version").unwrap_or("0");
    if version.split('.').next().and_then(|major| major.parse().ok()).is_none_or(|major: u32| major < OLDEST_MAJOR) {
        return unsuitable(format!("it is version {version}, isolet needs {OLDEST_MAJOR} or later"));
    }
    if field("cluster_enabled") == Some("1") {
        return unsuitable("it is a node of a Redis Cluster, which isolet does not speak to yet".to_owned());
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
        let (_, ()) = decide(&self.link, &self.scripts.set, &[self.keys.probe()], &[b"probe"]).await?;
        Ok(())
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
        let err = judge(info, policy).expect_err("refused").to_string();
        assert!(err.contains(because), "{err}");
    }

    #[test]
    fn servers_that_lose_things_are_refused() {
        assert!(judge(GOOD, None).is_ok());
        assert!(judge(GOOD, Some("volatile-lru")).is_ok());
        refused(GOOD, Some("allkeys-lru"), "`noeviction`");
        refused(&GOOD.replace("noeviction", "allkeys-random"), None, "allkeys-random");
        refused(&GOOD.replace("7.0.15", "5.0.14"), None, "5.0.14");
        refused(&GOOD.replace("cluster_enabled:0", "cluster_enabled:1"), None, "Cluster");
        refused(&GOOD.replace("master", "slave"), None, "replica");
        refused("", None, "version");
    }

    #[test]
    fn a_bad_address_is_refused_without_being_repeated() {
        let options = RedisOptions {
            prefix: "isolet".to_owned(),
            timeout: Duration::from_secs(1),
            blob_timeout: Duration::from_secs(1),
            ca_file: None,
        };
        for url in ["", "http://x", "redis://:hunter2@", "redis://user:hunter2@host:port", "hunter2@localhost"] {
            let err = client(url, &options).expect_err(url).to_string();
            assert!(!err.contains("hunter2"), "{err}");
        }
    }
}

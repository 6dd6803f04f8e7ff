//! The settings of this crate. Their defaults, with the reasons, are in `deploy/isolet.toml`.

use std::fmt;
use std::num::NonZeroU64;
use std::path::PathBuf;

use serde::Deserialize;

/// The `[storage]` table of `deploy/isolet.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    pub redis: RedisConfig,
}

/// The `[storage.redis]` table of `deploy/isolet.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    /// Address of what several hosts share: `redis://` for one server, `redis+sentinel://` or `redis+cluster://`, each with `rediss` for
    /// TLS. Absent: this host keeps everything in its own data folder.
    pub url: Option<RedisAddress>,
    /// Put before every key, with a colon, so that the server can be shared with something else: 1 to 64 of `a-z 0-9 - _ : .`.
    pub prefix: String,
    /// Milliseconds after which an operation on records has failed, connecting included.
    pub timeout_ms: NonZeroU64,
    /// The same for operations on blobs, which may be 10 MiB and larger.
    pub blob_timeout_ms: NonZeroU64,
    /// Replicas that must have a write before it is acknowledged. Absent: one with Sentinels and in a Cluster, else none.
    pub wait_replicas: Option<u32>,
    /// PEM file with the certificate authorities that `rediss://` trusts instead of the public ones.
    pub ca_file: Option<PathBuf>,
}

/// The address of Redis. It may hold a password, so it shows itself to nobody who does not ask for it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct RedisAddress(String);

impl RedisAddress {
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"redis":{"url":"redis://:hunter2@host/","prefix":"isolet","timeout_ms":2000,"blob_timeout_ms":10000}}"#;

    #[test]
    fn unknown_and_senseless_settings_are_refused() {
        assert!(serde_json::from_str::<StorageConfig>(GOOD).is_ok());
        for (from, to) in [
            (r#""prefix""#, r#""prefx""#),
            (r#""prefix""#, r#""pool":5,"prefix""#),
            ("2000", "0"),
            ("2000", "-1"),
            (r#""isolet""#, "null"),
        ] {
            assert!(serde_json::from_str::<StorageConfig>(&GOOD.replacen(from, to, 1)).is_err(), "{to}");
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        let config: StorageConfig = serde_json::from_str(GOOD).expect("good");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}

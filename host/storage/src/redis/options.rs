//! How Redis is to be used, and what of that is refused before anything is connected.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::RedisConfig;
use crate::open_error::OpenError;

/// How to use Redis; the fields are those of [`RedisConfig`].
#[derive(Clone, Debug)]
pub struct RedisOptions {
    pub prefix: String,
    pub timeout: Duration,
    pub blob_timeout: Duration,
    pub wait_replicas: Option<u32>,
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
            wait_replicas: config.wait_replicas,
            ca_file: config.ca_file.clone(),
        })
    }
}

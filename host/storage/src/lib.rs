//! Where things are kept: the domain's repositories over an embedded database and over Redis, held to one contract by
//! `tests/contract`, and both as files (`archive`). What is kept, and what may be done with it, is decided in `domain`.

mod archive;
mod config;
mod embedded;
mod open_error;
mod record;
mod redis;
mod turns;

use std::path::Path;
use std::sync::Arc;

use isolet_domain::repository::Repository;

pub use archive::{ArchiveError, ArchiveKey, Archives, verify_archive};
pub use config::{RedisAddress, RedisConfig, StorageConfig};
pub use embedded::{Compacted, EmbeddedStore, compact};
pub use open_error::OpenError;
pub use redis::{RedisOptions, RedisStore};

/// The store that the configuration asks for: Redis when there is an address, else a file in the data folder, which has a thread of its own
/// that begins with `on_thread_start`.
pub async fn open(
    config: &StorageConfig,
    data: &Path,
    on_thread_start: impl FnOnce() + Send + 'static,
) -> Result<Arc<dyn Repository>, OpenError> {
    match &config.redis.url {
        Some(url) => Ok(Arc::new(RedisStore::connect(url.expose(), RedisOptions::of(&config.redis)?).await?)),
        None => Ok(Arc::new(EmbeddedStore::open_with(data, on_thread_start)?)),
    }
}

/// The same store, to be written to archives and from them.
pub async fn open_archives(config: &StorageConfig, data: &Path, key: ArchiveKey) -> Result<Archives, OpenError> {
    Ok(match &config.redis.url {
        Some(url) => {
            Archives::new(Arc::new(RedisStore::connect(url.expose(), RedisOptions::of(&config.redis)?).await?), key)
        }
        None => Archives::new(Arc::new(EmbeddedStore::open(data)?), key),
    })
}

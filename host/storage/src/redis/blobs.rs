//! Contents in Redis, one key each, named by the digest. They belong to no tenant.

use async_trait::async_trait;
use bytes::Bytes;
use isolet_domain::ids::Digest;
use isolet_domain::repository::{BlobRepository, RepositoryError};

use super::store::RedisStore;

#[async_trait]
impl BlobRepository for RedisStore {
    async fn put_blob(&self, bytes: Bytes) -> Result<Digest, RepositoryError> {
        let digest = Digest::of(&bytes);
        let key = self.keys.blob(&digest);
        let length: usize = self.blob_link.command(redis::cmd("STRLEN").arg(&key)).await?;
        // Nothing has length 0 as well as what is not there. The length alone stands for the content: only a fault of the
        // server could make it differ, and that is seen when it is read.
        if length != bytes.len() || bytes.is_empty() {
            // No fence: the same bytes under the same name do no harm however late they come.
            let () = self.blob_link.command(redis::cmd("SET").arg(&key).arg(&*bytes)).await?;
        }
        Ok(digest)
    }

    async fn blob(&self, digest: &Digest) -> Result<Option<Bytes>, RepositoryError> {
        let bytes: Option<Vec<u8>> = self.blob_link.command(redis::cmd("GET").arg(self.keys.blob(digest))).await?;
        let Some(bytes) = bytes else { return Ok(None) };
        if Digest::of(&bytes) != *digest {
            let why = "its content is not what its name says".to_owned();
            return Err(RepositoryError::Corrupt { what: digest.to_string(), why });
        }
        Ok(Some(bytes.into()))
    }
}

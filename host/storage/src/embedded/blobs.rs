//! Contents in the embedded store. The files are in `contents`.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use isolet_domain::ids::Digest;
use isolet_domain::repository::{BlobRepository, RepositoryError};

use super::store::{EmbeddedStore, blocking};

#[async_trait]
impl BlobRepository for EmbeddedStore {
    async fn put_blob(&self, bytes: Bytes) -> Result<Digest, RepositoryError> {
        let contents = Arc::clone(&self.contents);
        blocking(move || contents.put(&bytes).map_err(|err| RepositoryError::Unavailable(err.to_string()))).await
    }

    async fn blob(&self, digest: &Digest) -> Result<Option<Bytes>, RepositoryError> {
        let (contents, digest) = (Arc::clone(&self.contents), *digest);
        blocking(move || contents.get(&digest)).await
    }
}

//! Contents in the embedded store. The files are in `contents`; which of them something names is read off the records.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use isolet_domain::ids::{Digest, TenantId};
use isolet_domain::repository::{BlobRepository, RepositoryError};
use redb::{ReadableTable, Table, WriteTransaction};

use super::failure::{Trouble, only_repository};
use super::store::{EmbeddedStore, blocking};
use super::tables::{Id, RUNS, VERSIONS, ids_of, versions_of};
use crate::record::{content_of_run, content_of_version};

/// What the versions and runs of a tenant name that is about to be deleted. What cannot be read of them holds nothing up.
pub(super) fn named_by(txn: &WriteTransaction, tenant: &TenantId) -> Result<BTreeSet<Digest>, Trouble> {
    let mut named = BTreeSet::new();
    let versions: Table<'_, (Id, &str, &str), &[u8]> = txn.open_table(VERSIONS)?;
    for row in versions.range(versions_of(tenant, None))? {
        named.extend(content_of_version(row?.1.value()).ok());
    }
    let runs: Table<'_, (Id, Id), &[u8]> = txn.open_table(RUNS)?;
    for row in runs.range(ids_of(tenant))? {
        named.extend(content_of_run(row?.1.value()).ok().flatten());
    }
    Ok(named)
}

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

    async fn purge_blobs(&self, candidates: BTreeSet<Digest>) -> Result<usize, RepositoryError> {
        if candidates.is_empty() {
            return Ok(0);
        }
        // Runs are many and large, so they are read beside the writer: one that is recorded meanwhile may lose its code, and then
        // says that it cannot be repeated.
        let unnamed = self
            .read_much(move |txn| {
                let mut unnamed = candidates.clone();
                for row in txn.open_table(VERSIONS)?.iter()? {
                    unnamed.remove(&content_of_version(row?.1.value())?);
                }
                for row in txn.open_table(RUNS)?.iter()? {
                    if let Some(digest) = content_of_run(row?.1.value())? {
                        unnamed.remove(&digest);
                    }
                }
                Ok(unnamed)
            })
            .await?;
        if unnamed.is_empty() {
            return Ok(0);
        }
        // Versions are read again where they are added: nobody adds one between this look and the removal.
        let contents = Arc::clone(&self.contents);
        let purge = move |txn: &WriteTransaction| {
            let mut doomed = unnamed.clone();
            for row in txn.open_table(VERSIONS)?.iter()? {
                doomed.remove(&content_of_version(row?.1.value())?);
            }
            let mut removed = 0;
            for digest in &doomed {
                let gone = contents.remove(digest).map_err(|err| RepositoryError::Unavailable(err.to_string()))?;
                removed += usize::from(gone);
            }
            Ok(removed)
        };
        self.write(purge).await.map_err(only_repository)
    }
}

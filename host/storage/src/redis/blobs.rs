//! Contents in Redis, one key each, named by the digest. They belong to no tenant.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bytes::Bytes;
use isolet_domain::ids::{Digest, TenantId, TenantSlug};
use isolet_domain::repository::{BlobRepository, RepositoryError, TenantRepository as _};

use super::scripts::{Verdict, decide};
use super::store::RedisStore;
use crate::record::{content_of_run, content_of_version};

/// Tenants that are asked for in one go.
const TENANTS_AT_ONCE: usize = 500;

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
            let () = self.blob_link.change(redis::cmd("SET").arg(&key).arg(&*bytes)).await?;
        }
        Ok(digest)
    }

    async fn blob(&self, digest: &Digest) -> Result<Option<Bytes>, RepositoryError> {
        let mut bytes: Option<Vec<u8>> = None;
        // Somebody may be about to remove it, and come to see that it is named after all.
        for key in [self.keys.blob(digest), self.keys.trash(digest), self.keys.earlier_trash(digest)] {
            bytes = self.blob_link.command(redis::cmd("GET").arg(key)).await?;
            if bytes.is_some() {
                break;
            }
        }
        let Some(bytes) = bytes else { return Ok(None) };
        if Digest::of(&bytes) != *digest {
            let why = "its content is not what its name says".to_owned();
            return Err(RepositoryError::Corrupt { what: digest.to_string(), why });
        }
        Ok(Some(bytes.into()))
    }

    async fn purge_blobs(&self, candidates: BTreeSet<Digest>) -> Result<usize, RepositoryError> {
        let unnamed = self.unnamed(candidates).await?;
        // Out of the way first, and looked for again then: whoever added a version before this second look is seen by it, and whoever
        // adds one after it finds the content missing and puts it.
        let mut moved = BTreeSet::new();
        for digest in unnamed {
            if self.rename(&self.keys.blob(&digest), &self.keys.trash(&digest)).await? {
                moved.insert(digest);
            }
        }
        let doomed = self.unnamed(moved.clone()).await?;
        for digest in &moved {
            let trash = self.keys.trash(digest);
            if doomed.contains(digest) {
                let () = self.blob_link.change(redis::cmd("UNLINK").arg(&trash)).await?;
            } else {
                self.rename(&trash, &self.keys.blob(digest)).await?;
            }
        }
        Ok(doomed.len())
    }
}

impl RedisStore {
    /// `false`: there was nothing under that key.
    async fn rename(&self, from: &str, to: &str) -> Result<bool, RepositoryError> {
        let keys = [from.to_owned(), to.to_owned()];
        let (verdict, ()) = decide(&self.writes, &self.scripts.rename, &keys, &[]).await?;
        Ok(verdict == Verdict::Done)
    }

    /// Those of these contents that no tenant's version or run names.
    async fn unnamed(&self, mut candidates: BTreeSet<Digest>) -> Result<BTreeSet<Digest>, RepositoryError> {
        let mut after: Option<TenantSlug> = None;
        while !candidates.is_empty() {
            let page = self.list_tenants(after.as_ref(), TENANTS_AT_ONCE).await?;
            for tenant in &page.items {
                for digest in self.named_by(&tenant.id).await? {
                    candidates.remove(&digest);
                }
            }
            match page.items.into_iter().next_back() {
                Some(last) if page.more => after = Some(last.slug),
                _ => break,
            }
        }
        Ok(candidates)
    }

    /// What a tenant's versions and runs name.
    pub(super) async fn named_by(&self, tenant: &TenantId) -> Result<BTreeSet<Digest>, RepositoryError> {
        let keys = self.keys.of(tenant);
        let versions: Vec<Vec<u8>> = self.blob_link.command(redis::cmd("HVALS").arg(keys.versions())).await?;
        let runs: Vec<Vec<u8>> = self.blob_link.command(redis::cmd("HVALS").arg(keys.runs())).await?;
        let mut named = versions.iter().map(|record| content_of_version(record)).collect::<Result<BTreeSet<_>, _>>()?;
        for record in &runs {
            named.extend(content_of_run(record)?);
        }
        Ok(named)
    }
}

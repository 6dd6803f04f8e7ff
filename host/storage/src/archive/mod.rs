//! Whole stores, and single tenants of one, as files: written from one store and put into another of either kind. Secrets in them are as
//! they are in the store, sealed with keys that are sealed with the master key, which is not among them.
//!
//! What is not in an archive: answers that are remembered for `Idempotency-Key` and how full tenants' rates are. Both are of a day at most.

mod file;
mod row;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use isolet_domain::ids::{TenantId, TenantSlug};
use isolet_domain::repository::{Repository, RepositoryError};
use tokio::sync::mpsc;

pub use file::{ArchiveError, ArchiveKey};
use file::{ArchiveReader, ArchiveWriter};
pub(crate) use row::{Place, Row, corrupt};

use crate::record::{KeyRecord, RoutingRecord, TenantRecord, decode, key_key, routing_key, tenant_key};

/// Rows that are put in one go, by number and by bytes.
const ROWS_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 8 << 20;

/// A store that gives and takes rows. Places are in one order, the same for both stores.
#[async_trait]
pub(crate) trait Rows: Repository {
    /// Sends everything, or what is one tenant's, as of one moment for each tenant, contents last. It ends when nobody takes the rows.
    async fn rows(&self, only: Option<TenantId>, to: mpsc::Sender<Row>) -> Result<(), RepositoryError>;
    /// Puts rows where they belong, whatever is there, with all that follows from them. A tenant is there once its own row is.
    async fn put_rows(&self, rows: Vec<Row>) -> Result<(), RepositoryError>;
    /// Whether there is nothing that an archive would have.
    async fn is_empty(&self) -> Result<bool, RepositoryError>;
    /// Removes everything.
    async fn clear(&self) -> Result<(), RepositoryError>;
}

/// A store to be written to archives and from them. No host may use an embedded one meanwhile.
pub struct Archives {
    store: Arc<dyn Rows>,
    key: ArchiveKey,
}

impl Archives {
    pub(crate) fn new(store: Arc<dyn Rows>, key: ArchiveKey) -> Self {
        Self { store, key }
    }

    /// Writes all of the store, and says how many rows that is.
    pub async fn backup(&self, path: &Path) -> Result<u64, ArchiveError> {
        self.write(None, path).await
    }

    /// Writes one tenant with all it has.
    pub async fn export(&self, tenant: &TenantSlug, path: &Path) -> Result<u64, ArchiveError> {
        let found = self.store.tenant_by_slug(tenant).await?;
        let found = found.ok_or_else(|| ArchiveError::UnknownTenant(tenant.to_string()))?;
        self.write(Some(found.id), path).await
    }

    async fn write(&self, only: Option<TenantId>, path: &Path) -> Result<u64, ArchiveError> {
        // What is batched belongs to it.
        self.store.flush().await?;
        let mut file = ArchiveWriter::create(path, &self.key)?;
        let (to, mut from) = mpsc::channel(64);
        let store = self.store.clone();
        let giving = tokio::spawn(async move { store.rows(only, to).await });
        while let Some(row) = from.recv().await {
            file.add(&row)?;
        }
        giving.await.map_err(|_| RepositoryError::Unavailable("reading the store broke off".to_owned()))??;
        file.finish()
    }

    /// Puts an archive into the store, which has to be empty or is emptied first. Nothing is changed where the archive is no good.
    pub async fn restore(&self, path: &Path, force: bool) -> Result<u64, ArchiveError> {
        verify_archive(path, &self.key)?;
        if !self.store.is_empty().await? {
            if !force {
                return Err(ArchiveError::NotEmpty);
            }
            self.store.clear().await?;
        }
        self.put(path).await
    }

    /// Adds an archive's tenants to the store. Nothing is changed where one of them, a host or a key of theirs is there already.
    pub async fn import(&self, path: &Path) -> Result<u64, ArchiveError> {
        let mut file = ArchiveReader::open(path, &self.key)?;
        while let Some(row) = file.next()? {
            self.free(&row).await?;
        }
        self.put(path).await
    }

    /// Refuses what would take the place of something, or what is not a tenant's.
    async fn free(&self, row: &Row) -> Result<(), ArchiveError> {
        let taken = |what: String| Err(ArchiveError::Conflict(what));
        match &row.place {
            Place::Tenant(id) => {
                let tenant = decode::<TenantRecord>(&tenant_key(id), &row.value)?;
                let known = self.store.tenant_by_slug(&tenant.slug).await?.is_some();
                if known || self.store.tenant_by_id(id).await?.is_some() {
                    return taken(format!("there is a tenant `{}` already", tenant.slug));
                }
            }
            Place::Routing(tenant) => {
                for host in decode::<RoutingRecord>(&routing_key(tenant), &row.value)?.hosts {
                    if self.store.host_owner(&host).await?.is_some_and(|owner| owner != *tenant) {
                        return taken(format!("the host `{host}` is another tenant's"));
                    }
                }
            }
            Place::Key(hash) => {
                if decode::<KeyRecord>(&key_key(hash), &row.value)?.tenant.is_none() {
                    return taken("the archive has keys that reach all tenants: it is of a whole store".to_owned());
                }
                if self.store.key_by_hash(hash).await?.is_some() {
                    return taken("a key of the archive is there already".to_owned());
                }
            }
            Place::Head { .. } | Place::Audit { .. } => {
                return taken("the archive has an audit: it is of a whole store".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    async fn put(&self, path: &Path) -> Result<u64, ArchiveError> {
        let mut file = ArchiveReader::open(path, &self.key)?;
        let (mut rows, mut bytes, mut tenants) = (Vec::new(), 0, Vec::new());
        while let Some(row) = file.next()? {
            if matches!(row.place, Place::Tenant(_)) {
                // Last, so that nobody sees half of one.
                tenants.push(row);
                continue;
            }
            bytes += row.value.len();
            rows.push(row);
            if rows.len() >= ROWS_AT_ONCE || bytes >= BYTES_AT_ONCE {
                self.store.put_rows(std::mem::take(&mut rows)).await?;
                bytes = 0;
            }
        }
        self.store.put_rows(rows).await?;
        while !tenants.is_empty() {
            let some = tenants.split_off(tenants.len().saturating_sub(ROWS_AT_ONCE));
            self.store.put_rows(some).await?;
        }
        self.store.flush().await?;
        Ok(file.rows())
    }
}

/// Whether an archive is whole, as it was written, and every row what its place says. Says how many rows it has.
///
/// # Errors
/// What is wrong with it.
pub fn verify_archive(path: &Path, key: &ArchiveKey) -> Result<u64, ArchiveError> {
    let mut file = ArchiveReader::open(path, key)?;
    while file.next()?.is_some() {}
    Ok(file.rows())
}

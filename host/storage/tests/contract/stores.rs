//! The stores under test, each one empty and alone.

use std::any::Any;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::fakes::MemoryStore;
use isolet_domain::ids::TenantSlug;
use isolet_domain::repository::Repository;
use isolet_domain::tenant::Tenant;
use isolet_storage::{EmbeddedStore, RedisOptions, RedisStore};
use jiff::Timestamp;

use crate::cluster::shared_cluster;
use crate::server::shared_server;
use crate::trio::shared_trio;

/// A store and what must live as long as it does.
#[derive(Clone)]
pub struct Store {
    repository: Arc<dyn Repository>,
    // After the repository, which still writes into it when it is dropped.
    _folder: Arc<dyn Any + Send + Sync>,
}

impl Deref for Store {
    type Target = dyn Repository;

    fn deref(&self) -> &Self::Target {
        &*self.repository
    }
}

impl Store {
    /// For use cases.
    pub fn repository(&self) -> Arc<dyn Repository> {
        self.repository.clone()
    }

    /// Adds a tenant.
    pub async fn tenant(&self, slug: &str) -> TenantScope {
        let tenant = new_tenant(slug);
        self.create_tenant(&tenant).await.expect("the slug is free");
        TenantScope::of_route(&tenant)
    }
}

pub fn new_tenant(slug: &str) -> Tenant {
    Tenant::new(TenantSlug::parse(slug).expect("a good slug"), Timestamp::now())
}

pub fn memory() -> Store {
    Store { repository: Arc::new(MemoryStore::new()), _folder: Arc::new(()) }
}

pub fn embedded() -> Store {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Store { repository: open(folder.path()), _folder: Arc::new(folder) }
}

/// A part of the shared Redis server, or `None` where there is no `redis-server`.
pub async fn redis() -> Option<Store> {
    Some(part_of(&shared_server()?.url()).await)
}

/// A part of what the shared Sentinels lead to.
pub async fn sentinels() -> Option<Store> {
    Some(part_of(&shared_trio()?.url()).await)
}

/// A part of the shared Cluster.
pub async fn cluster() -> Option<Store> {
    Some(part_of(&shared_cluster()?.url()).await)
}

async fn part_of(url: &str) -> Store {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let options = options(&format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    // Nothing here is about time, and all of it shares one server with the tests that run beside it.
    let patient = RedisOptions { timeout: Duration::from_secs(20), ..options };
    Store { repository: connect(url, patient).await, _folder: Arc::new(()) }
}

/// The store in this folder.
pub fn open(folder: &Path) -> Arc<dyn Repository> {
    Arc::new(EmbeddedStore::open(folder).expect("the folder is a store's or empty"))
}

/// The store in this Redis.
pub async fn connect(url: &str, options: RedisOptions) -> Arc<dyn Repository> {
    Arc::new(RedisStore::connect(url, options).await.expect("a server that is up"))
}

/// The product's own deadlines.
pub fn options(prefix: &str) -> RedisOptions {
    RedisOptions {
        prefix: prefix.to_owned(),
        timeout: Duration::from_secs(2),
        blob_timeout: Duration::from_secs(10),
        wait_replicas: None,
        ca_file: None,
    }
}

//! The contract of the repositories: one set of tests for the memory fake, the embedded store and a real Redis, alone, with Sentinels
//! and in a Cluster, and further ones for what can only happen to one of them.

mod answers;
mod archive;
mod audit;
mod audit_tampering;
mod blobs;
mod cluster;
mod disk_full;
mod embedded;
mod functions;
mod isolation;
mod keys;
mod kill;
mod later_hosts;
mod logs;
mod outage;
mod proxy;
mod rates;
mod redis_failover;
mod redis_faults;
mod redis_network;
mod redis_records;
mod redis_tls;
mod routes;
mod runs;
mod samples;
mod series;
mod server;
mod stores;
mod tenants;
mod trio;
mod versions;

/// Makes of each of these functions one test for each store.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                super::$name(crate::stores::memory()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$name(crate::stores::embedded()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                if let Some(store) = crate::stores::redis().await {
                    super::$name(store).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sentinels() {
                if let Some(store) = crate::stores::sentinels().await {
                    super::$name(store).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn cluster() {
                if let Some(store) = crate::stores::cluster().await {
                    super::$name(store).await;
                }
            }
        }
    )*};
}
pub(crate) use contract;

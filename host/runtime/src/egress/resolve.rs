//! Names to addresses. What is done with the addresses is in `connect`.

use std::fmt;
use std::io::Result;
use std::net::IpAddr;

use async_trait::async_trait;

/// Where addresses come from: the operating system, or a test's own list.
#[async_trait]
pub trait Resolve: fmt::Debug + Send + Sync {
    /// All addresses of a host name in lower case without trailing dot.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>>;
}

/// getaddrinfo(3), on a thread where it may block.
#[derive(Debug)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>> {
        // With its dot the name is whole: it is not tried below the machine's own domains.
        let addresses = tokio::net::lookup_host((format!("{host}."), 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

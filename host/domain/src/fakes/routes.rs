//! Hosts and routes in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::access::TenantScope;
use crate::ids::TenantId;
use crate::repository::{RepositoryError, RouteRepository, WriteError};
use crate::route::{RouteHost, Routing};

#[async_trait]
impl RouteRepository for MemoryStore {
    async fn claim_host(&self, tenant: &TenantScope, host: &RouteHost) -> Result<(), WriteError> {
        let mut contents = self.open()?;
        if !contents.tenants.contains_key(&tenant.id()) {
            return Err(WriteError::Missing);
        }
        if contents.hosts.get(host).is_some_and(|owner| *owner != tenant.id()) {
            return Err(WriteError::Exists);
        }
        contents.hosts.insert(host.clone(), tenant.id());
        contents.routing.entry(tenant.id()).or_default().hosts.insert(host.clone());
        Ok(())
    }

    async fn release_host(&self, tenant: &TenantScope, host: &RouteHost) -> Result<(), WriteError> {
        let mut contents = self.open()?;
        if contents.hosts.get(host) != Some(&tenant.id()) {
            return Err(WriteError::Missing);
        }
        contents.hosts.remove(host);
        contents.routing.entry(tenant.id()).or_default().release(host);
        Ok(())
    }

    async fn host_owner(&self, host: &RouteHost) -> Result<Option<TenantId>, RepositoryError> {
        Ok(self.open()?.hosts.get(host).copied())
    }

    async fn routing(&self, tenant: &TenantScope) -> Result<Routing, RepositoryError> {
        Ok(self.open()?.routing.get(&tenant.id()).cloned().unwrap_or_default())
    }

    async fn update_routing(
        &self,
        tenant: &TenantScope,
        change: &(dyn for<'r> Fn(&'r mut Routing) + Send + Sync),
    ) -> Result<Routing, WriteError> {
        let mut contents = self.open()?;
        if !contents.tenants.contains_key(&tenant.id()) {
            return Err(WriteError::Missing);
        }
        let stored = contents.routing.entry(tenant.id()).or_default();
        let mut changed = stored.clone();
        change(&mut changed);
        changed.hosts.clone_from(&stored.hosts);
        stored.clone_from(&changed);
        Ok(changed)
    }
}

//! Hosts and routes in the embedded database: a record for each tenant, and which host is whose.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::TenantId;
use isolet_domain::repository::{RepositoryError, RouteRepository, WriteError};
use isolet_domain::route::{RouteHost, Routing};
use redb::{ReadableTable, WriteTransaction};

use super::failure::Trouble;
use super::store::EmbeddedStore;
use super::tables::{HOSTS, ROUTING, TENANTS};
use crate::record::{RoutingRecord, decode, encode, rewrite, routing_key};

/// Changes the record inside a transaction, made by the caller, that touches the index as well.
fn change(txn: &WriteTransaction, tenant: &TenantId, change: impl FnOnce(&mut Routing)) -> Result<(), Trouble> {
    let key = routing_key(tenant);
    let mut table = txn.open_table(ROUTING)?;
    let before = table.get(tenant.as_bytes())?.map(|record| record.value().to_vec());
    let mut routing = read(&key, before.as_deref())?;
    change(&mut routing);
    table.insert(tenant.as_bytes(), written(&key, before.as_deref(), &routing)?.as_slice())?;
    Ok(())
}

fn read(key: &str, record: Option<&[u8]>) -> Result<Routing, RepositoryError> {
    record.map_or(Ok(Routing::default()), |record| decode::<RoutingRecord>(key, record))
}

fn written(key: &str, before: Option<&[u8]>, routing: &Routing) -> Result<Vec<u8>, RepositoryError> {
    match before {
        Some(before) => rewrite::<RoutingRecord>(key, before, routing),
        None => Ok(encode::<RoutingRecord>(key, routing)),
    }
}

/// Gives back what the tenant's record names. A record that cannot be read holds nothing up: the tenant is gone then, and an index
/// entry of nobody's is as good as none.
pub(super) fn delete(txn: &WriteTransaction, tenant: &TenantId) -> Result<(), Trouble> {
    txn.open_table(ROUTING)?.remove(tenant.as_bytes())?;
    txn.open_table(HOSTS)?.retain(|_, owner| owner != tenant.as_bytes())?;
    Ok(())
}

impl EmbeddedStore {
    async fn routing_bytes(&self, tenant: &TenantId) -> Result<Option<Vec<u8>>, RepositoryError> {
        self.read(|txn| {
            let record = txn.open_table(ROUTING)?.get(tenant.as_bytes())?;
            Ok(record.map(|record| record.value().to_vec()))
        })
        .await
    }
}

#[async_trait]
impl RouteRepository for EmbeddedStore {
    async fn claim_host(&self, tenant: &TenantScope, host: &RouteHost) -> Result<(), WriteError> {
        let (tenant, host) = (tenant.id(), host.clone());
        let claim = move |txn: &WriteTransaction| {
            if txn.open_table(TENANTS)?.get(tenant.as_bytes())?.is_none() {
                return Err(WriteError::Missing.into());
            }
            let mut hosts = txn.open_table(HOSTS)?;
            if hosts.get(host.as_str())?.is_some_and(|owner| owner.value() != tenant.as_bytes()) {
                return Err(WriteError::Exists.into());
            }
            change(txn, &tenant, |routing| _ = routing.hosts.insert(host.clone()))?;
            hosts.insert(host.as_str(), tenant.as_bytes())?;
            Ok(())
        };
        self.write(claim).await
    }

    async fn release_host(&self, tenant: &TenantScope, host: &RouteHost) -> Result<(), WriteError> {
        let (tenant, host) = (tenant.id(), host.clone());
        let release = move |txn: &WriteTransaction| {
            let mut hosts = txn.open_table(HOSTS)?;
            if hosts.get(host.as_str())?.is_none_or(|owner| owner.value() != tenant.as_bytes()) {
                return Err(WriteError::Missing.into());
            }
            change(txn, &tenant, |routing| _ = routing.release(&host))?;
            hosts.remove(host.as_str())?;
            Ok(())
        };
        self.write(release).await
    }

    async fn host_owner(&self, host: &RouteHost) -> Result<Option<TenantId>, RepositoryError> {
        self.read(|txn| {
            let owner = txn.open_table(HOSTS)?.get(host.as_str())?;
            Ok(owner.map(|owner| TenantId::from_bytes(*owner.value())))
        })
        .await
    }

    async fn routing(&self, tenant: &TenantScope) -> Result<Routing, RepositoryError> {
        let record = self.routing_bytes(&tenant.id()).await?;
        read(&routing_key(&tenant.id()), record.as_deref())
    }

    async fn update_routing(
        &self,
        tenant: &TenantScope,
        change: &(dyn for<'r> Fn(&'r mut Routing) + Send + Sync),
    ) -> Result<Routing, WriteError> {
        let tenant = tenant.id();
        let key = routing_key(&tenant);
        let _turn = self.turns.take(&(tenant, "routing")).await;
        loop {
            // As with functions: changed here, and put in place only if nothing else was in between.
            let before = self.routing_bytes(&tenant).await?;
            let stored = read(&key, before.as_deref())?;
            let mut changed = stored.clone();
            change(&mut changed);
            changed.hosts = stored.hosts;
            let after = written(&key, before.as_deref(), &changed)?;
            let exchange = move |txn: &WriteTransaction| {
                if txn.open_table(TENANTS)?.get(tenant.as_bytes())?.is_none() {
                    return Err(WriteError::Missing.into());
                }
                let mut table = txn.open_table(ROUTING)?;
                if table.get(tenant.as_bytes())?.map(|record| record.value().to_vec()) != before {
                    return Ok(false);
                }
                table.insert(tenant.as_bytes(), after.as_slice())?;
                Ok(true)
            };
            if self.write(exchange).await? {
                return Ok(changed);
            }
        }
    }
}

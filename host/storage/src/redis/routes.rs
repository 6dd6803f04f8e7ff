//! Hosts and routes in Redis. A host is a tenant's when the index names the tenant and the tenant's record names the host; the record
//! is written first and the index after it, so that a host that is in the index alone is nobody's.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::TenantId;
use isolet_domain::repository::{RepositoryError, RouteRepository, WriteError};
use isolet_domain::route::{RouteHost, Routing};

use super::scripts::{Verdict, decide};
use super::servers::Servers;
use super::store::RedisStore;
use crate::record::{RoutingRecord, decode, encode, rewrite, routing_key};

impl RedisStore {
    async fn routing_bytes(&self, servers: &Servers, tenant: &TenantId) -> Result<Option<Vec<u8>>, RepositoryError> {
        servers.command(redis::cmd("GET").arg(self.keys.of(tenant).routing())).await
    }

    async fn routing_of(&self, tenant: &TenantId) -> Result<Routing, RepositoryError> {
        let record = self.routing_bytes(&self.link, tenant).await?;
        record.map_or(Ok(Routing::default()), |record| decode::<RoutingRecord>(&routing_key(tenant), &record))
    }

    /// Changes all of the record, the hosts too.
    async fn change_routing(
        &self,
        tenant: &TenantId,
        change: &(dyn for<'r> Fn(&'r mut Routing) + Send + Sync),
    ) -> Result<Routing, WriteError> {
        let key = routing_key(tenant);
        let of_tenant = self.keys.of(tenant);
        let keys = [of_tenant.tenant(), of_tenant.routing()];
        let _turn = self.turns.take(&(tenant, "routing")).await;
        loop {
            let before = self.routing_bytes(&self.writes, tenant).await?;
            let mut routing = match &before {
                Some(before) => decode::<RoutingRecord>(&key, before)?,
                None => Routing::default(),
            };
            change(&mut routing);
            let after = match &before {
                Some(before) => rewrite::<RoutingRecord>(&key, before, &routing)?,
                None => encode::<RoutingRecord>(&key, &routing),
            };
            let args: [&[u8]; 2] = [before.as_deref().unwrap_or_default(), &after];
            let (verdict, ()) = decide(&self.writes, &self.scripts.exchange_routing, &keys, &args).await?;
            match verdict {
                Verdict::Done => return Ok(routing),
                Verdict::Missing => return Err(WriteError::Missing),
                // Another host was faster, so at least one of them gets on.
                Verdict::Conflict | Verdict::Exists => {}
            }
        }
    }

    async fn index_host(
        &self,
        tenant: &TenantId,
        host: &RouteHost,
        push_out: &str,
    ) -> Result<(Verdict, Option<String>), RepositoryError> {
        let (keys, tenant) = ([self.keys.hosts()], tenant.to_string());
        let args = [host.as_str().as_bytes(), tenant.as_bytes(), push_out.as_bytes()];
        decide(&self.writes, &self.scripts.claim_host, &keys, &args).await
    }

    /// Takes the host out of the index if it is this tenant's there.
    pub(super) async fn unindex_host(&self, tenant: &TenantId, host: &RouteHost) -> Result<Verdict, RepositoryError> {
        let (keys, tenant) = ([self.keys.hosts()], tenant.to_string());
        let args = [host.as_str().as_bytes(), tenant.as_bytes()];
        let (verdict, ()) = decide(&self.writes, &self.scripts.release_host, &keys, &args).await?;
        Ok(verdict)
    }

    /// The hosts of a tenant that is about to be deleted. One whose record cannot be read leaves entries that are nobody's.
    pub(super) async fn hosts_of(&self, tenant: &TenantId) -> Vec<RouteHost> {
        self.routing_of(tenant).await.map(|routing| routing.hosts.into_iter().collect()).unwrap_or_default()
    }
}

#[async_trait]
impl RouteRepository for RedisStore {
    async fn claim_host(&self, tenant: &TenantScope, host: &RouteHost) -> Result<(), WriteError> {
        let tenant = tenant.id();
        let had = self.routing_of(&tenant).await?.hosts.contains(host);
        self.change_routing(&tenant, &|routing| _ = routing.hosts.insert(host.clone())).await?;
        let mut push_out = String::new();
        loop {
            let (verdict, held) = self.index_host(&tenant, host, &push_out).await?;
            let Some(held) = held.filter(|_| verdict == Verdict::Exists) else { return Ok(()) };
            let holder = TenantId::parse(&held).map_err(|err| RepositoryError::Corrupt {
                what: format!("the owner of {host}"),
                why: err.to_string(),
            })?;
            let is_there = self.tenant_record(&holder).await?.is_some();
            if is_there && self.routing_of(&holder).await?.hosts.contains(host) {
                if !had {
                    self.change_routing(&tenant, &|routing| _ = routing.hosts.remove(host)).await?;
                }
                return Err(WriteError::Exists);
            }
            // An assignment that was broken off, or a tenant that is gone.
            push_out = held;
        }
    }

    async fn release_host(&self, tenant: &TenantScope, host: &RouteHost) -> Result<(), WriteError> {
        let tenant = tenant.id();
        let listed = self.routing_of(&tenant).await?.hosts.contains(host);
        if listed {
            self.change_routing(&tenant, &|routing| _ = routing.release(host)).await?;
        }
        match (self.unindex_host(&tenant, host).await?, listed) {
            (Verdict::Done, true) => Ok(()),
            _ => Err(WriteError::Missing),
        }
    }

    async fn host_owner(&self, host: &RouteHost) -> Result<Option<TenantId>, RepositoryError> {
        let mut find = redis::cmd("HGET");
        find.arg(self.keys.hosts()).arg(host.as_str());
        let owner: Option<String> = self.link.command(&find).await?;
        Ok(owner.and_then(|owner| TenantId::parse(&owner).ok()))
    }

    async fn routing(&self, tenant: &TenantScope) -> Result<Routing, RepositoryError> {
        self.routing_of(&tenant.id()).await
    }

    async fn update_routing(
        &self,
        tenant: &TenantScope,
        change: &(dyn for<'r> Fn(&'r mut Routing) + Send + Sync),
    ) -> Result<Routing, WriteError> {
        let keep_hosts = |routing: &mut Routing| {
            let hosts = routing.hosts.clone();
            change(routing);
            routing.hosts = hosts;
        };
        self.change_routing(&tenant.id(), &keep_hosts).await
    }
}

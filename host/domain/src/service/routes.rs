//! Hosts of a tenant's own, and their routes: assigning, changing, and finding the one of a request. A host is assigned by whoever
//! may change tenants; within it the tenant routes as it likes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::condition::{Condition, Verdict};
use super::known::{Known, Look};
use super::outbox::Outbox;
use super::to_the_end::to_the_end;
use crate::access::TenantScope;
use crate::ids::{AliasName, FunctionName, RouteId, TenantId, TenantSlug};
use crate::notice::Notice;
use crate::repository::{Repository, RepositoryError, WriteError};
use crate::route::{MAX_HOSTS, MAX_ROUTES, PathPrefix, Route, RouteHost, Routing};

#[derive(Clone, Debug, thiserror::Error)]
pub enum RouteError {
    #[error("there is no such tenant")]
    UnknownTenant,
    #[error("there is no such route")]
    Unknown,
    #[error("the tenant has no such host")]
    UnknownHost,
    #[error("the host `{0}` is another tenant's")]
    HostTaken(RouteHost),
    /// The same whether it is another tenant's or nobody's.
    #[error("the host `{0}` is not assigned to this tenant")]
    HostNotAssigned(RouteHost),
    #[error("the tenant has no function `{0}`")]
    UnknownFunction(FunctionName),
    #[error("the route `{0}` has this host and path prefix already")]
    PrefixTaken(RouteId),
    #[error("a tenant can have {MAX_HOSTS} hosts")]
    TooManyHosts,
    #[error("a tenant can have {MAX_ROUTES} routes")]
    TooManyRoutes,
    #[error("the route is not what the request is about; read it again")]
    ConditionFailed,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<WriteError> for RouteError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Exists | WriteError::Missing => Self::UnknownTenant,
            WriteError::Repository(error) => Self::Repository(error),
        }
    }
}

/// A host's routes, ready to be asked for every request.
#[derive(Debug)]
pub struct HostRoutes {
    pub tenant: TenantId,
    pub slug: TenantSlug,
    /// The longest prefix first.
    routes: Vec<(PathPrefix, FunctionName, AliasName)>,
}

impl HostRoutes {
    /// Function and alias of the longest prefix that the path has.
    pub fn find(&self, path: &str) -> Option<(&FunctionName, &AliasName)> {
        let found = self.routes.iter().find(|(prefix, _, _)| prefix.has(path));
        found.map(|(_, function, alias)| (function, alias))
    }
}

pub struct Routes {
    repository: Arc<dyn Repository>,
    hosts: Arc<Known<HostRoutes>>,
    outbox: Arc<Outbox>,
}

impl Routes {
    pub(super) fn new(repository: Arc<dyn Repository>, max_age: Option<Duration>, outbox: Arc<Outbox>) -> Self {
        Self { repository, hosts: Arc::new(Known::new(max_age)), outbox }
    }

    /// The routes of a host in its canonical spelling; `None` when it is nobody's.
    pub async fn of_host(&self, host: &str) -> Result<Option<Arc<HostRoutes>>, RepositoryError> {
        let asking = match self.hosts.look(host) {
            Look::Fresh(found) => return Ok(found),
            Look::Ask(asking) => asking,
        };
        match self.load(host).await {
            Ok(found) => {
                let found = found.map(Arc::new);
                asking.keep(found.clone());
                Ok(found)
            }
            // The last known answer goes on serving.
            Err(error) => match (&error, asking.stale.clone()) {
                (RepositoryError::Unavailable(_), Some(stale)) => {
                    asking.keep(stale.clone());
                    Ok(stale)
                }
                _ => Err(error),
            },
        }
    }

    async fn load(&self, host: &str) -> Result<Option<HostRoutes>, RepositoryError> {
        let Ok(host) = RouteHost::parse(host) else { return Ok(None) };
        let Some(id) = self.repository.host_owner(&host).await? else { return Ok(None) };
        let Some(tenant) = self.repository.tenant_by_id(&id).await? else { return Ok(None) };
        let routing = self.repository.routing(&TenantScope::of_route(&tenant)).await?;
        // The index alone grants nothing: an assignment that was broken off is none.
        if !routing.hosts.contains(&host) {
            return Ok(None);
        }
        let own = routing.routes.into_values().filter(|route| route.host == host);
        let mut routes: Vec<_> = own.map(|route| (route.path_prefix, route.function, route.alias)).collect();
        routes.sort_by_key(|(prefix, _, _)| std::cmp::Reverse(prefix.as_str().len()));
        Ok(Some(HostRoutes { tenant: tenant.id, slug: tenant.slug, routes }))
    }

    /// To be called after a tenant is gone.
    pub(super) fn forget_all(&self) {
        self.hosts.forget_all();
        self.outbox.add(Notice::Routes);
    }

    /// To be called after another host wrote.
    pub(super) fn heard(&self) {
        self.hosts.doubt_all();
    }

    pub async fn routing(&self, tenant: &TenantScope) -> Result<Routing, RepositoryError> {
        self.repository.routing(tenant).await
    }

    /// Assigns a host to a tenant. Says whether it is new.
    pub async fn assign(&self, tenant: &TenantScope, host: RouteHost) -> Result<bool, RouteError> {
        let hosts: BTreeSet<RouteHost> = self.repository.routing(tenant).await?.hosts;
        if !hosts.contains(&host) && hosts.len() >= MAX_HOSTS {
            return Err(RouteError::TooManyHosts);
        }
        let new = !hosts.contains(&host);
        let (repository, known, tenant) = (self.repository.clone(), self.hosts.clone(), tenant.clone());
        let outbox = self.outbox.clone();
        to_the_end(async move {
            let claimed = repository.claim_host(&tenant, &host).await;
            known.forget(host.as_str());
            outbox.add(Notice::Routes);
            match claimed {
                Ok(()) => Ok(new),
                Err(WriteError::Exists) => Err(RouteError::HostTaken(host)),
                Err(other) => Err(other.into()),
            }
        })
        .await
    }

    /// Takes a host away from a tenant, with the routes on it.
    pub async fn release(&self, tenant: &TenantScope, host: RouteHost) -> Result<(), RouteError> {
        let (repository, known, tenant) = (self.repository.clone(), self.hosts.clone(), tenant.clone());
        let outbox = self.outbox.clone();
        to_the_end(async move {
            let released = repository.release_host(&tenant, &host).await;
            known.forget(host.as_str());
            outbox.add(Notice::Routes);
            match released {
                Ok(()) => Ok(()),
                Err(WriteError::Exists | WriteError::Missing) => Err(RouteError::UnknownHost),
                Err(WriteError::Repository(error)) => Err(error.into()),
            }
        })
        .await
    }

    pub async fn get(&self, tenant: &TenantScope, id: &RouteId) -> Result<Route, RouteError> {
        self.repository.routing(tenant).await?.routes.remove(id).ok_or(RouteError::Unknown)
    }

    /// Makes the route or puts this one in its place, if the condition holds. Says whether it is new.
    pub async fn put(
        &self,
        tenant: &TenantScope,
        id: RouteId,
        route: Route,
        condition: Condition<Route>,
    ) -> Result<(Route, bool), RouteError> {
        if self.repository.function(tenant, &route.function).await?.is_none() {
            return Err(RouteError::UnknownFunction(route.function));
        }
        self.change(tenant, move |routing| {
            if condition(routing.routes.get(&id)) != Verdict::Holds {
                return Err(RouteError::ConditionFailed);
            }
            if !routing.hosts.contains(&route.host) {
                return Err(RouteError::HostNotAssigned(route.host.clone()));
            }
            let same = |(other, held): &(&RouteId, &Route)| {
                **other != id && held.host == route.host && held.path_prefix == route.path_prefix
            };
            if let Some((other, _)) = routing.routes.iter().find(same) {
                return Err(RouteError::PrefixTaken(other.clone()));
            }
            let new = !routing.routes.contains_key(&id);
            if new && routing.routes.len() >= MAX_ROUTES {
                return Err(RouteError::TooManyRoutes);
            }
            let route = Route { updated_at: Timestamp::now(), ..route.clone() };
            routing.routes.insert(id.clone(), route.clone());
            Ok((route, new))
        })
        .await
    }

    pub async fn delete(
        &self,
        tenant: &TenantScope,
        id: RouteId,
        condition: Condition<Route>,
    ) -> Result<(), RouteError> {
        let remove = move |routing: &mut Routing| {
            if condition(routing.routes.get(&id)) != Verdict::Holds {
                return Err(RouteError::ConditionFailed);
            }
            routing.routes.remove(&id).map(drop).ok_or(RouteError::Unknown)
        };
        self.change(tenant, remove).await
    }

    /// Removes the routes to a function, whatever alias they lead to.
    pub(super) async fn drop_those_to(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
    ) -> Result<(), RepositoryError> {
        let held = self.repository.routing(tenant).await?.routes;
        if held.values().all(|route| route.function != *function) {
            return Ok(());
        }
        let function = function.clone();
        let dropped = self.change(tenant, move |routing| {
            routing.routes.retain(|_, route| route.function != function);
            Ok(())
        });
        match dropped.await {
            Err(RouteError::Repository(error)) => Err(error),
            // Without the tenant there is none of its routes either.
            _ => Ok(()),
        }
    }

    /// Applies a change that says what came of it, or changes nothing.
    async fn change<T: Send + 'static>(
        &self,
        tenant: &TenantScope,
        change: impl Fn(&mut Routing) -> Result<T, RouteError> + Send + Sync + 'static,
    ) -> Result<T, RouteError> {
        let (repository, known, tenant) = (self.repository.clone(), self.hosts.clone(), tenant.clone());
        let outbox = self.outbox.clone();
        to_the_end(async move {
            let verdict = Mutex::new(Err(RouteError::UnknownTenant));
            let apply = |routing: &mut Routing| {
                *verdict.lock().unwrap_or_else(PoisonError::into_inner) = change(routing);
            };
            let changed = repository.update_routing(&tenant, &apply).await;
            // A route may have moved from one host to another.
            known.forget_all();
            outbox.add(Notice::Routes);
            changed?;
            verdict.into_inner().unwrap_or_else(PoisonError::into_inner)
        })
        .await
    }
}

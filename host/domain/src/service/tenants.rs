//! Tenants: making, finding, labelling and removing them. Their keys are in `keys`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::condition::{Gate, Holds};
use super::resolver::Resolver;
use super::routes::Routes;
use super::to_the_end::to_the_end;
use crate::access::Credential;
use crate::ids::{TenantId, TenantSlug};
use crate::repository::{Page, Repository, RepositoryError, WriteError};
use crate::tenant::Tenant;

#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    #[error("the slug `{0}` is taken")]
    SlugTaken(TenantSlug),
    #[error("there is no such tenant")]
    Unknown,
    #[error("the tenant is not as the request demands; read it again")]
    Changed,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

pub struct Tenants {
    repository: Arc<dyn Repository>,
    resolver: Arc<Resolver>,
    routes: Arc<Routes>,
}

impl Tenants {
    pub(super) fn new(repository: Arc<dyn Repository>, resolver: Arc<Resolver>, routes: Arc<Routes>) -> Self {
        Self { repository, resolver, routes }
    }

    /// Adds a tenant of a slug that is free.
    pub async fn create(&self, slug: TenantSlug, labels: BTreeMap<String, String>) -> Result<Tenant, TenantError> {
        let tenant = Tenant { labels, ..Tenant::new(slug, Timestamp::now()) };
        match self.repository.create_tenant(&tenant).await {
            Ok(()) => Ok(tenant),
            Err(WriteError::Exists) => Err(TenantError::SlugTaken(tenant.slug)),
            Err(WriteError::Missing) => Err(TenantError::Unknown),
            Err(WriteError::Repository(error)) => Err(error.into()),
        }
    }

    /// The tenant of that slug, whoever asks: callers turn it into a scope with their credential before they show anything.
    pub async fn find(&self, slug: &TenantSlug) -> Result<Option<Tenant>, RepositoryError> {
        self.repository.tenant_by_slug(slug).await
    }

    /// The one tenant a credential is bound to, if it is bound and the tenant still there.
    pub async fn of(&self, credential: &Credential) -> Result<Option<Tenant>, RepositoryError> {
        match credential.tenant {
            Some(id) => self.repository.tenant_by_id(&id).await,
            None => Ok(None),
        }
    }

    /// The tenants this credential reaches, by slug.
    pub async fn list(
        &self,
        caller: &Credential,
        after: Option<&TenantSlug>,
        limit: usize,
    ) -> Result<Page<Tenant>, RepositoryError> {
        if caller.tenant.is_none() {
            return self.repository.list_tenants(after, limit).await;
        }
        let own = self.of(caller).await?;
        let items = own.into_iter().filter(|tenant| after.is_none_or(|after| tenant.slug > *after)).collect();
        Ok(Page { items, more: false })
    }

    /// Gives the tenant these labels, if the condition holds of it.
    pub async fn set_labels(
        &self,
        id: &TenantId,
        labels: BTreeMap<String, String>,
        holds: Holds<Tenant>,
    ) -> Result<Tenant, TenantError> {
        let gate = Gate::new(holds);
        let relabel = |tenant: &mut Tenant| {
            if gate.ask(Some(tenant)) {
                tenant.labels.clone_from(&labels);
            }
        };
        match self.repository.update_tenant(id, &relabel).await {
            Ok(_) if !gate.held() => Err(TenantError::Changed),
            Ok(changed) => Ok(changed),
            Err(WriteError::Exists | WriteError::Missing) => Err(TenantError::Unknown),
            Err(WriteError::Repository(error)) => Err(error.into()),
        }
    }

    /// Removes a tenant and all it owns.
    pub async fn delete(&self, tenant: Tenant) -> Result<(), TenantError> {
        let (repository, resolver, routes) = (self.repository.clone(), self.resolver.clone(), self.routes.clone());
        to_the_end(async move {
            let removed = repository.delete_tenant(&tenant.id).await;
            resolver.forget_tenant(&tenant.slug);
            routes.forget_all();
            match removed {
                Ok(()) => Ok(()),
                Err(WriteError::Exists | WriteError::Missing) => Err(TenantError::Unknown),
                Err(WriteError::Repository(error)) => Err(error.into()),
            }
        })
        .await
    }
}

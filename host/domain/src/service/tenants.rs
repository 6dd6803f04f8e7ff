//! Tenants: making, finding, changing, suspending and removing them. Their keys are in `keys`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::condition::{Condition, Gate};
use super::resolver::Resolver;
use super::routes::Routes;
use super::to_the_end::to_the_end;
use crate::access::Credential;
use crate::ids::{TenantId, TenantSlug};
use crate::labels;
use crate::repository::{Page, Repository, RepositoryError, WriteError};
use crate::tenant::{Suspension, Tenant, TenantStatus};

#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    #[error("the slug `{0}` is taken")]
    SlugTaken(TenantSlug),
    #[error("there is no such tenant")]
    Unknown,
    #[error("the tenant is not as the request demands; read it again")]
    Changed,
    #[error("there is no plan `{0}`")]
    UnknownPlan(String),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<WriteError> for TenantError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Exists | WriteError::Missing => Self::Unknown,
            WriteError::Repository(error) => Self::Repository(error),
        }
    }
}

/// Which tenants are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFilter {
    pub status: Option<TenantStatus>,
    pub plan: Option<String>,
    /// All of them, each with this value.
    pub labels: BTreeMap<String, String>,
}

impl TenantFilter {
    pub fn has(&self, tenant: &Tenant) -> bool {
        self.status.is_none_or(|status| status == tenant.status)
            && self.plan.as_ref().is_none_or(|plan| *plan == tenant.plan)
            && labels::has_all(&tenant.labels, &self.labels)
    }
}

/// What is different from now on; what is not mentioned stays.
#[derive(Clone, Debug, Default)]
pub struct TenantChange {
    pub labels: Option<BTreeMap<String, String>>,
    pub plan: Option<String>,
}

/// Ends with how many contents were removed.
pub type Purge = JoinHandle<Result<usize, RepositoryError>>;

/// Tenants that one search looks at, before it says where to go on.
const LOOKED_AT: usize = 5_000;

pub struct Tenants {
    repository: Arc<dyn Repository>,
    resolver: Arc<Resolver>,
    routes: Arc<Routes>,
    /// Those that the host knows.
    plans: BTreeSet<String>,
}

impl Tenants {
    pub(super) fn new(
        repository: Arc<dyn Repository>,
        resolver: Arc<Resolver>,
        routes: Arc<Routes>,
        plans: BTreeSet<String>,
    ) -> Self {
        Self { repository, resolver, routes, plans }
    }

    /// Adds a tenant of a slug that is free.
    pub async fn create(&self, slug: TenantSlug, change: TenantChange) -> Result<Tenant, TenantError> {
        self.check(&change)?;
        let new = Tenant::new(slug, Timestamp::now());
        let labels = change.labels.unwrap_or_default();
        let tenant = Tenant { labels, plan: change.plan.unwrap_or_else(|| new.plan.clone()), ..new };
        match self.repository.create_tenant(&tenant).await {
            Ok(()) => Ok(tenant),
            Err(WriteError::Exists) => Err(TenantError::SlugTaken(tenant.slug)),
            Err(other) => Err(other.into()),
        }
    }

    fn check(&self, change: &TenantChange) -> Result<(), TenantError> {
        match &change.plan {
            Some(plan) if !self.plans.contains(plan) => Err(TenantError::UnknownPlan(plan.clone())),
            _ => Ok(()),
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

    /// Those of the tenants that this credential reaches which the filter has, and the slug after which to go on.
    pub async fn search(
        &self,
        caller: &Credential,
        filter: &TenantFilter,
        after: Option<TenantSlug>,
        limit: usize,
    ) -> Result<(Vec<Tenant>, Option<TenantSlug>), RepositoryError> {
        let (mut found, mut after, mut left) = (Vec::new(), after, LOOKED_AT);
        loop {
            let page = self.list(caller, after.as_ref(), left.min(500)).await?;
            left = left.saturating_sub(page.items.len());
            for tenant in page.items {
                if !filter.has(&tenant) {
                    after = Some(tenant.slug);
                    continue;
                }
                if found.len() == limit {
                    return Ok((found, after));
                }
                after = Some(tenant.slug.clone());
                found.push(tenant);
            }
            if !page.more {
                return Ok((found, None));
            }
            if left == 0 {
                return Ok((found, after));
            }
        }
    }

    /// Changes the tenant, if the condition holds of it.
    pub async fn change(
        &self,
        id: &TenantId,
        change: TenantChange,
        condition: Condition<Tenant>,
    ) -> Result<Tenant, TenantError> {
        self.check(&change)?;
        let gate = Arc::new(Gate::new(condition));
        let asked = gate.clone();
        let apply = move |tenant: &mut Tenant| {
            if !asked.ask(Some(tenant)) {
                return;
            }
            if let Some(labels) = &change.labels {
                tenant.labels.clone_from(labels);
            }
            if let Some(plan) = &change.plan {
                tenant.plan.clone_from(plan);
            }
        };
        let changed = self.update(id, apply).await?;
        if gate.held() { Ok(changed) } else { Err(TenantError::Changed) }
    }

    /// From now on nothing of it is run; what runs already ends by itself, or by `eviction`.
    pub async fn suspend(&self, id: &TenantId, reason: String, code: String) -> Result<Tenant, TenantError> {
        self.update(id, move |tenant| {
            let since = match (&tenant.status, &tenant.suspension) {
                (TenantStatus::Suspended, Some(known)) => known.since,
                _ => Timestamp::now(),
            };
            tenant.status = TenantStatus::Suspended;
            tenant.suspension = Some(Suspension { reason: reason.clone(), code: code.clone(), since });
        })
        .await
    }

    pub async fn resume(&self, id: &TenantId) -> Result<Tenant, TenantError> {
        self.update(id, |tenant| {
            tenant.status = TenantStatus::Active;
            tenant.suspension = None;
        })
        .await
    }

    async fn update(
        &self,
        id: &TenantId,
        change: impl Fn(&mut Tenant) + Send + Sync + 'static,
    ) -> Result<Tenant, TenantError> {
        let (repository, resolver, id) = (self.repository.clone(), self.resolver.clone(), *id);
        to_the_end(async move {
            let changed = repository.update_tenant(&id, &change).await;
            match &changed {
                Ok(tenant) => resolver.forget_tenant(&tenant.slug),
                Err(_) => resolver.forget_all(),
            }
            Ok(changed?)
        })
        .await
    }

    /// Removes a tenant and all it owns. Contents that nobody else names go soon after, whether anybody waits for it or not.
    pub async fn delete(&self, tenant: Tenant) -> Result<Purge, TenantError> {
        let (repository, resolver, routes) = (self.repository.clone(), self.resolver.clone(), self.routes.clone());
        to_the_end(async move {
            let removed = repository.delete_tenant(&tenant.id).await;
            resolver.forget_tenant(&tenant.slug);
            routes.forget_all();
            let named = removed?;
            Ok(tokio::spawn(async move { repository.purge_blobs(named).await }))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_wants_everything_it_names() {
        let labels = |labels: &[(&str, &str)]| -> BTreeMap<String, String> {
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let new = Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::UNIX_EPOCH);
        let tenant = Tenant { labels: labels(&[("a", "1"), ("b", "")]), ..new };
        let by_labels = |wanted: &[(&str, &str)]| TenantFilter { labels: labels(wanted), ..TenantFilter::default() };
        for (wanted, has) in [
            (&[][..], true),
            (&[("a", "1")], true),
            (&[("a", "1"), ("b", "")], true),
            (&[("a", "2")], false),
            (&[("a", "1"), ("c", "")], false),
        ] {
            assert_eq!(by_labels(wanted).has(&tenant), has, "{wanted:?}");
        }
        assert!(!TenantFilter { status: Some(TenantStatus::Suspended), ..by_labels(&[]) }.has(&tenant));
        assert!(!TenantFilter { plan: Some("gold".to_owned()), ..by_labels(&[]) }.has(&tenant));
    }
}

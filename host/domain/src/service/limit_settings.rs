//! Limits that are set for a tenant or a function: reading and replacing them. What counts in the end is put together in `rulebook`. A
//! change applies to the next invocation.

use std::sync::Arc;

use jiff::Timestamp;

use super::condition::{Condition, Gate};
use super::resolver::Resolver;
use super::rulebook::Rulebook;
use super::to_the_end::to_the_end;
use crate::access::TenantScope;
use crate::function::Function;
use crate::ids::FunctionName;
use crate::limits::{Admission, LimitBounds, Limits};
use crate::repository::{Repository, RepositoryError, WriteError};
use crate::tenant::Tenant;

#[derive(Clone, Debug, thiserror::Error)]
pub enum LimitError {
    #[error("there is no such tenant")]
    UnknownTenant,
    #[error("there is no such function")]
    UnknownFunction,
    #[error("the limits are not those that the request is about; read them again")]
    ConditionFailed,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// What is set, and what counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    pub set: LimitBounds,
    pub plan: String,
    pub limits: Limits,
    /// The tenant's; a function has none of its own.
    pub admission: Option<Admission>,
    /// Of a function's versions; `None` is all.
    pub versions_kept: Option<u32>,
}

pub struct LimitStore {
    repository: Arc<dyn Repository>,
    resolver: Arc<Resolver>,
    rulebook: Arc<Rulebook>,
}

impl LimitStore {
    pub(super) fn new(repository: Arc<dyn Repository>, resolver: Arc<Resolver>, rulebook: Arc<Rulebook>) -> Self {
        Self { repository, resolver, rulebook }
    }

    pub async fn get(
        &self,
        tenant: &TenantScope,
        function: Option<&FunctionName>,
    ) -> Result<LimitSettings, LimitError> {
        let owner = self.repository.tenant_by_id(&tenant.id()).await?.ok_or(LimitError::UnknownTenant)?;
        let function = match function {
            Some(name) => {
                let function = self.repository.function(tenant, name).await?;
                Some(function.ok_or(LimitError::UnknownFunction)?)
            }
            None => None,
        };
        let (limits, admission) = self.rulebook.of(&owner, function.as_ref());
        let versions_kept = self.rulebook.versions_kept(&owner, function.as_ref());
        let admission = function.is_none().then_some(admission);
        let set = function.map_or(owner.limits, |function| function.limits);
        Ok(LimitSettings { set, plan: owner.plan, limits, admission, versions_kept })
    }

    /// Puts these in place of what is set, if the condition holds at that moment.
    pub async fn set(
        &self,
        tenant: &TenantScope,
        function: Option<FunctionName>,
        bounds: LimitBounds,
        condition: Condition<LimitBounds>,
    ) -> Result<(), LimitError> {
        let (repository, resolver, tenant) = (self.repository.clone(), self.resolver.clone(), tenant.clone());
        to_the_end(async move {
            let gate = Gate::new(condition);
            let replace = |held: &mut LimitBounds| {
                if gate.ask(Some(held)) {
                    held.clone_from(&bounds);
                }
            };
            let (changed, missing) = match &function {
                Some(name) => {
                    let change = |stored: &mut Function| {
                        replace(&mut stored.limits);
                        stored.updated_at = Timestamp::now();
                    };
                    let changed = repository.update_function(&tenant, name, &change).await.map(drop);
                    resolver.forget(tenant.slug(), name);
                    (changed, LimitError::UnknownFunction)
                }
                None => {
                    let change = |stored: &mut Tenant| replace(&mut stored.limits);
                    let changed = repository.update_tenant(&tenant.id(), &change).await.map(drop);
                    resolver.forget_tenant(tenant.slug());
                    (changed, LimitError::UnknownTenant)
                }
            };
            match changed {
                Ok(()) if !gate.held() => Err(LimitError::ConditionFailed),
                Ok(()) => Ok(()),
                Err(WriteError::Exists | WriteError::Missing) => Err(missing),
                Err(WriteError::Repository(error)) => Err(error.into()),
            }
        })
        .await
    }
}

//! Rules for outgoing requests: reading and replacing those of a tenant, of a function, and the ceiling over a tenant. A change applies
//! to the next invocation. What the rules together allow is in `authority` and `egress`.

use std::sync::Arc;

use jiff::Timestamp;

use super::condition::{Condition, Gate, Verdict};
use super::resolver::Resolver;
use super::to_the_end::to_the_end;
use crate::access::{Credential, Preset, TenantScope};
use crate::egress::{EgressPolicy, NotAllowed};
use crate::function::Function;
use crate::ids::FunctionName;
use crate::repository::{Repository, RepositoryError, WriteError};
use crate::tenant::Tenant;

/// Whose rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The operator's, over this tenant.
    Ceiling,
    Tenant,
    Function(FunctionName),
}

#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("there is no such tenant")]
    UnknownTenant,
    #[error("there is no such function")]
    UnknownFunction,
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("only the operator's admin key changes a ceiling")]
    NotTheOperator,
    #[error("there are rules already; say with `If-Match` which ones these replace")]
    ConditionMissing,
    #[error("the rules are not those that the request is about; read them again")]
    ConditionFailed,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

pub struct Policies {
    repository: Arc<dyn Repository>,
    resolver: Arc<Resolver>,
}

impl Policies {
    pub(super) fn new(repository: Arc<dyn Repository>, resolver: Arc<Resolver>) -> Self {
        Self { repository, resolver }
    }

    pub async fn get(&self, tenant: &TenantScope, subject: &Subject) -> Result<Option<Arc<EgressPolicy>>, PolicyError> {
        if let Subject::Function(name) = subject {
            let function = self.repository.function(tenant, name).await?.ok_or(PolicyError::UnknownFunction)?;
            return Ok(function.egress);
        }
        let mut found = self.repository.tenant_by_id(&tenant.id()).await?.ok_or(PolicyError::UnknownTenant)?;
        Ok(of_tenant(&mut found, *subject == Subject::Ceiling).take())
    }

    /// Puts these rules in place of what is there, or removes them, if the condition holds at that moment.
    pub async fn set(
        &self,
        caller: &Credential,
        tenant: &TenantScope,
        subject: Subject,
        policy: Option<EgressPolicy>,
        condition: Condition<EgressPolicy>,
    ) -> Result<(), PolicyError> {
        match (&subject, &policy) {
            (Subject::Ceiling, _) if caller.preset != Preset::Admin => return Err(PolicyError::NotTheOperator),
            (Subject::Ceiling, _) | (_, None) => {}
            (_, Some(policy)) => policy.check_grant()?,
        }
        let (repository, resolver, tenant) = (self.repository.clone(), self.resolver.clone(), tenant.clone());
        let policy = policy.map(Arc::new);
        to_the_end(async move {
            let gate = Gate::new(condition);
            let replace = |held: &mut Option<Arc<EgressPolicy>>| {
                let holds = gate.ask(held.as_deref());
                if holds {
                    held.clone_from(&policy);
                }
                holds
            };
            let changed = match &subject {
                Subject::Function(name) => {
                    let change = |function: &mut Function| {
                        if replace(&mut function.egress) {
                            function.updated_at = Timestamp::now();
                        }
                    };
                    let changed = repository.update_function(&tenant, name, &change).await.map(drop);
                    resolver.forget(tenant.slug(), name);
                    changed
                }
                Subject::Tenant | Subject::Ceiling => {
                    let ceiling = subject == Subject::Ceiling;
                    let change = |stored: &mut Tenant| {
                        replace(of_tenant(stored, ceiling));
                    };
                    let changed = repository.update_tenant(&tenant.id(), &change).await.map(drop);
                    resolver.forget_tenant(tenant.slug());
                    changed
                }
            };
            match (changed, subject) {
                (Ok(()), _) => {}
                (Err(WriteError::Repository(error)), _) => return Err(error.into()),
                (Err(WriteError::Exists | WriteError::Missing), Subject::Function(_)) => {
                    return Err(PolicyError::UnknownFunction);
                }
                (Err(WriteError::Exists | WriteError::Missing), _) => return Err(PolicyError::UnknownTenant),
            }
            match gate.said() {
                Verdict::Holds => Ok(()),
                Verdict::Missing => Err(PolicyError::ConditionMissing),
                Verdict::Failed => Err(PolicyError::ConditionFailed),
            }
        })
        .await
    }
}

fn of_tenant(tenant: &mut Tenant, ceiling: bool) -> &mut Option<Arc<EgressPolicy>> {
    if ceiling { &mut tenant.ceiling } else { &mut tenant.egress }
}

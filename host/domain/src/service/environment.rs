//! Variables of tenants and functions. A change applies to the next invocation; what is in flight keeps what it began with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::condition::{Condition, Gate};
use super::resolver::Resolver;
use super::storage::{Storage, StorageError};
use super::to_the_end::to_the_end;
use crate::access::TenantScope;
use crate::function::Function;
use crate::ids::{EnvName, FunctionName};
use crate::repository::{Repository, RepositoryError, WriteError};
use crate::tenant::Tenant;

/// How many variables a tenant or function may have, and bytes of their names and values together: they are copied into every instance.
pub const MAX_VARIABLES: usize = 128;
pub const MAX_TOTAL_BYTES: usize = 64 << 10;

/// Whether a set of variables is small enough to be copied into every instance.
pub fn fits(env: &BTreeMap<EnvName, String>) -> bool {
    let bytes: usize = env.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    env.len() <= MAX_VARIABLES && bytes <= MAX_TOTAL_BYTES
}

#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    #[error("there is no such tenant")]
    UnknownTenant,
    #[error("there is no such function")]
    UnknownFunction,
    #[error("there is no such variable")]
    UnknownVariable,
    #[error("the variables are not as the request demands; read them again")]
    Changed,
    #[error("there may be {MAX_VARIABLES} variables with {MAX_TOTAL_BYTES} bytes in all")]
    TooLarge,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// The variables of a tenant or function.
pub type Variables = BTreeMap<EnvName, String>;

pub struct Environment {
    repository: Arc<dyn Repository>,
    storage: Arc<Storage>,
    resolver: Arc<Resolver>,
}

impl Environment {
    pub(super) fn new((repository, storage): (Arc<dyn Repository>, Arc<Storage>), resolver: Arc<Resolver>) -> Self {
        Self { repository, storage, resolver }
    }

    /// Those of the function, or its tenant's own.
    pub async fn list(
        &self,
        tenant: &TenantScope,
        function: Option<&FunctionName>,
    ) -> Result<Variables, EnvironmentError> {
        match function {
            Some(name) => {
                let stored = self.repository.function(tenant, name).await?;
                stored.map(|function| function.env).ok_or(EnvironmentError::UnknownFunction)
            }
            None => {
                let stored = self.repository.tenant_by_id(&tenant.id()).await?;
                stored.map(|tenant| tenant.env).ok_or(EnvironmentError::UnknownTenant)
            }
        }
    }

    pub async fn set(
        &self,
        tenant: &TenantScope,
        function: Option<FunctionName>,
        name: EnvName,
        value: String,
        condition: Condition<Variables>,
    ) -> Result<(), EnvironmentError> {
        self.storage.take(tenant, (name.as_str().len() + value.len()) as u64).await?;
        let put = move |kept: &mut Variables| {
            let before = kept.insert(name.clone(), value.clone());
            let fits = fits(kept);
            if !fits {
                match before {
                    Some(before) => drop(kept.insert(name.clone(), before)),
                    None => drop(kept.remove(&name)),
                }
            }
            fits
        };
        if self.change(tenant, function, condition, put).await? { Ok(()) } else { Err(EnvironmentError::TooLarge) }
    }

    pub async fn delete(
        &self,
        tenant: &TenantScope,
        function: Option<FunctionName>,
        name: EnvName,
        condition: Condition<Variables>,
    ) -> Result<(), EnvironmentError> {
        let remove = move |kept: &mut Variables| kept.remove(&name).is_some();
        let removed = self.change(tenant, function, condition, remove).await?;
        if removed { Ok(()) } else { Err(EnvironmentError::UnknownVariable) }
    }

    /// Says what `change` said, which is whether it changed anything.
    async fn change(
        &self,
        tenant: &TenantScope,
        function: Option<FunctionName>,
        condition: Condition<Variables>,
        change: impl Fn(&mut Variables) -> bool + Send + Sync + 'static,
    ) -> Result<bool, EnvironmentError> {
        let (repository, resolver, tenant) = (self.repository.clone(), self.resolver.clone(), tenant.clone());
        to_the_end(async move {
            let (gate, said) = (Gate::new(condition), AtomicBool::new(false));
            let change = |kept: &mut Variables| {
                let changed = gate.ask(Some(kept)) && change(kept);
                said.store(changed, Ordering::Release);
                changed
            };
            let changed = match &function {
                Some(name) => {
                    let change = |stored: &mut Function| {
                        if change(&mut stored.env) {
                            stored.updated_at = Timestamp::now();
                        }
                    };
                    let changed = repository.update_function(&tenant, name, &change).await.map(drop);
                    resolver.forget(tenant.slug(), name);
                    changed
                }
                None => {
                    let change = |stored: &mut Tenant| _ = change(&mut stored.env);
                    let changed = repository.update_tenant(&tenant.id(), &change).await.map(drop);
                    resolver.forget_tenant(tenant.slug());
                    changed
                }
            };
            match (changed, function) {
                (Ok(()), _) if !gate.held() => Err(EnvironmentError::Changed),
                (Ok(()), _) => Ok(said.load(Ordering::Acquire)),
                (Err(WriteError::Repository(error)), _) => Err(error.into()),
                (Err(WriteError::Exists | WriteError::Missing), Some(_)) => Err(EnvironmentError::UnknownFunction),
                (Err(WriteError::Exists | WriteError::Missing), None) => Err(EnvironmentError::UnknownTenant),
            }
        })
        .await
    }
}

//! Secrets of tenants and functions: set and removed, never read back. Sealing is `secret`'s, handing them to an invocation
//! `authority`'s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::authority::Authority;
use super::condition::{Condition, Gate};
use super::resolver::Resolver;
use super::storage::{RECORD_BYTES, Storage, StorageError};
use super::to_the_end::to_the_end;
use crate::access::TenantScope;
use crate::function::Function;
use crate::ids::{EnvName, FunctionName};
use crate::repository::{Repository, RepositoryError, WriteError};
use crate::secret::{DataKey, MAX_SECRET_BYTES, MAX_SECRETS, Place, Sealed, is_acceptable};
use crate::tenant::Tenant;

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("there is no such tenant")]
    UnknownTenant,
    #[error("there is no such function")]
    UnknownFunction,
    #[error("there is no such secret")]
    Unknown,
    #[error("must be 1 to {MAX_SECRET_BYTES} visible ASCII characters, with spaces only between them")]
    Value,
    #[error("there is, or there is not, such a secret, against what the request demands")]
    Changed,
    #[error("there may be {MAX_SECRETS} secrets")]
    TooMany,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

pub struct Secrets {
    repository: Arc<dyn Repository>,
    storage: Arc<Storage>,
    resolver: Arc<Resolver>,
    authority: Arc<Authority>,
}

type Kept = BTreeMap<EnvName, Sealed>;

impl Secrets {
    pub(super) fn new(
        (repository, storage): (Arc<dyn Repository>, Arc<Storage>),
        resolver: Arc<Resolver>,
        authority: Arc<Authority>,
    ) -> Self {
        Self { repository, storage, resolver, authority }
    }

    /// Their names.
    pub async fn list(
        &self,
        tenant: &TenantScope,
        function: Option<&FunctionName>,
    ) -> Result<Vec<EnvName>, SecretError> {
        let kept = match function {
            Some(name) => self.repository.function(tenant, name).await?.ok_or(SecretError::UnknownFunction)?.secrets,
            None => self.repository.tenant_by_id(&tenant.id()).await?.ok_or(SecretError::UnknownTenant)?.secrets,
        };
        Ok(kept.into_keys().collect())
    }

    /// Sets the value, if the condition holds of the one that is there.
    pub async fn set(
        &self,
        tenant: &TenantScope,
        function: Option<FunctionName>,
        name: EnvName,
        value: &str,
        condition: Condition<Sealed>,
    ) -> Result<(), SecretError> {
        if !is_acceptable(value) {
            return Err(SecretError::Value);
        }
        self.storage.take(tenant, RECORD_BYTES + value.len() as u64).await?;
        let key = self.data_key(tenant).await?;
        let sealed = key.seal(value, Place { tenant: tenant.id(), function: function.as_ref(), name: &name });
        let gate = Arc::new(Gate::new(condition));
        let asked = gate.clone();
        let put = move |kept: &mut Kept| {
            if !asked.ask(kept.get(&name)) {
                return false;
            }
            let fits = kept.len() < MAX_SECRETS || kept.contains_key(&name);
            if fits {
                kept.insert(name.clone(), sealed.clone());
            }
            fits
        };
        match self.change(tenant, function, put).await? {
            true => Ok(()),
            false if !gate.held() => Err(SecretError::Changed),
            false => Err(SecretError::TooMany),
        }
    }

    pub async fn delete(
        &self,
        tenant: &TenantScope,
        function: Option<FunctionName>,
        name: EnvName,
    ) -> Result<(), SecretError> {
        let removed = self.change(tenant, function, move |kept| kept.remove(&name).is_some()).await?;
        if removed { Ok(()) } else { Err(SecretError::Unknown) }
    }

    /// The tenant's data key, made when this is its first secret.
    async fn data_key(&self, tenant: &TenantScope) -> Result<DataKey, SecretError> {
        let authority = &self.authority;
        let make = |stored: &mut Tenant| {
            if stored.data_key.is_none() {
                stored.data_key = Some(authority.make_data_key(stored));
            }
        };
        let stored = self.repository.tenant_by_id(&tenant.id()).await?.ok_or(SecretError::UnknownTenant)?;
        let stored = match stored.data_key {
            Some(_) => stored,
            None => match self.repository.update_tenant(&tenant.id(), &make).await {
                Ok(stored) => stored,
                Err(WriteError::Exists | WriteError::Missing) => return Err(SecretError::UnknownTenant),
                Err(WriteError::Repository(error)) => return Err(error.into()),
            },
        };
        let unreadable = |why: String| RepositoryError::Corrupt { what: format!("data key of {}", tenant.id()), why };
        let key = authority.data_key(&stored).map_err(|error| unreadable(error.to_string()))?;
        Ok(key.ok_or_else(|| unreadable("it was not kept".to_owned()))?)
    }

    /// Says what `change` said.
    async fn change(
        &self,
        tenant: &TenantScope,
        function: Option<FunctionName>,
        change: impl Fn(&mut Kept) -> bool + Send + Sync + 'static,
    ) -> Result<bool, SecretError> {
        let (repository, resolver, tenant) = (self.repository.clone(), self.resolver.clone(), tenant.clone());
        to_the_end(async move {
            let said = AtomicBool::new(false);
            let changed = match &function {
                Some(name) => {
                    let change = |stored: &mut Function| said.store(change(&mut stored.secrets), Ordering::Release);
                    let changed = repository.update_function(&tenant, name, &change).await.map(drop);
                    resolver.forget(tenant.slug(), name);
                    changed
                }
                None => {
                    let change = |stored: &mut Tenant| said.store(change(&mut stored.secrets), Ordering::Release);
                    let changed = repository.update_tenant(&tenant.id(), &change).await.map(drop);
                    resolver.forget_tenant(tenant.slug());
                    changed
                }
            };
            match (changed, function) {
                (Ok(()), _) => Ok(said.load(Ordering::Acquire)),
                (Err(WriteError::Repository(error)), _) => Err(error.into()),
                (Err(WriteError::Exists | WriteError::Missing), Some(_)) => Err(SecretError::UnknownFunction),
                (Err(WriteError::Exists | WriteError::Missing), None) => Err(SecretError::UnknownTenant),
            }
        })
        .await
    }
}

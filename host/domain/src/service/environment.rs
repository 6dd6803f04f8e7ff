//! A function's variables. A change applies to the next invocation; what is in flight keeps what it began with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::condition::{Condition, Gate};
use super::functions::FunctionError;
use super::resolver::Resolver;
use super::storage::{Storage, StorageError};
use super::to_the_end::to_the_end;
use crate::access::TenantScope;
use crate::function::Function;
use crate::ids::{EnvName, FunctionName};
use crate::repository::{Repository, RepositoryError, WriteError};

/// How many variables there may be, and bytes of their names and values together: they are copied into every instance.
pub const MAX_VARIABLES: usize = 128;
pub const MAX_TOTAL_BYTES: usize = 64 << 10;

/// Whether a set of variables is small enough to be copied into every instance.
pub fn fits(env: &BTreeMap<EnvName, String>) -> bool {
    let bytes: usize = env.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    env.len() <= MAX_VARIABLES && bytes <= MAX_TOTAL_BYTES
}

#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    #[error("there is no such function")]
    UnknownFunction,
    #[error("there is no such variable")]
    UnknownVariable,
    #[error("the variables are not as the request demands; read them again")]
    Changed,
    #[error("a function may have {MAX_VARIABLES} variables with {MAX_TOTAL_BYTES} bytes in all")]
    TooLarge,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<FunctionError> for EnvironmentError {
    fn from(error: FunctionError) -> Self {
        match error {
            FunctionError::Unknown | FunctionError::Changed | FunctionError::Kind => Self::UnknownFunction,
            FunctionError::Storage(error) => Self::Storage(error),
            FunctionError::Repository(error) => Self::Repository(error),
        }
    }
}

/// A function's variables.
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

    pub async fn list(&self, tenant: &TenantScope, function: &FunctionName) -> Result<Variables, EnvironmentError> {
        let stored = self.repository.function(tenant, function).await?;
        stored.map(|function| function.env).ok_or(EnvironmentError::UnknownFunction)
    }

    pub async fn set(
        &self,
        tenant: &TenantScope,
        function: FunctionName,
        name: EnvName,
        value: String,
        condition: Condition<Variables>,
    ) -> Result<(), EnvironmentError> {
        self.storage.take(tenant, (name.as_str().len() + value.len()) as u64).await?;
        let refused = Arc::new(AtomicBool::new(false));
        let told = refused.clone();
        self.change(tenant, function, condition, move |stored| {
            let before = stored.env.insert(name.clone(), value.clone());
            let fits = fits(&stored.env);
            told.store(!fits, Ordering::Release);
            match before {
                _ if fits => stored.updated_at = Timestamp::now(),
                Some(before) => drop(stored.env.insert(name.clone(), before)),
                None => drop(stored.env.remove(&name)),
            }
        })
        .await?;
        if refused.load(Ordering::Acquire) { Err(EnvironmentError::TooLarge) } else { Ok(()) }
    }

    pub async fn delete(
        &self,
        tenant: &TenantScope,
        function: FunctionName,
        name: EnvName,
        condition: Condition<Variables>,
    ) -> Result<(), EnvironmentError> {
        let found = Arc::new(AtomicBool::new(false));
        let told = found.clone();
        self.change(tenant, function, condition, move |stored| {
            let was_there = stored.env.remove(&name).is_some();
            told.store(was_there, Ordering::Release);
            if was_there {
                stored.updated_at = Timestamp::now();
            }
        })
        .await?;
        if found.load(Ordering::Acquire) { Ok(()) } else { Err(EnvironmentError::UnknownVariable) }
    }

    async fn change(
        &self,
        tenant: &TenantScope,
        function: FunctionName,
        condition: Condition<Variables>,
        change: impl Fn(&mut Function) + Send + Sync + 'static,
    ) -> Result<(), EnvironmentError> {
        let (repository, resolver, tenant) = (self.repository.clone(), self.resolver.clone(), tenant.clone());
        to_the_end(async move {
            let gate = Gate::new(condition);
            let change = |stored: &mut Function| {
                if gate.ask(Some(&stored.env)) {
                    change(stored);
                }
            };
            let changed = repository.update_function(&tenant, &function, &change).await;
            resolver.forget(tenant.slug(), &function);
            match changed {
                Ok(_) if !gate.held() => Err(EnvironmentError::Changed),
                Ok(_) => Ok(()),
                Err(WriteError::Exists | WriteError::Missing) => Err(EnvironmentError::UnknownFunction),
                Err(WriteError::Repository(error)) => Err(error.into()),
            }
        })
        .await
    }
}

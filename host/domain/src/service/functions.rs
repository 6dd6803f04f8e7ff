//! Functions by name: making, listing, labelling, removing. What runs under a name is deployed in `versions`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::condition::{Condition, Gate, Verdict};
use super::leftovers::Leftovers;
use super::resolver::Resolver;
use super::routes::Routes;
use super::storage::{RECORD_BYTES, Storage, StorageError};
use super::to_the_end::to_the_end;
use crate::access::TenantScope;
use crate::bounds::Bounds;
use crate::function::{Function, FunctionKind};
use crate::ids::FunctionName;
use crate::labels;
use crate::repository::{Page, Repository, RepositoryError, WriteError};

/// Functions that one search looks at, before it says where to go on.
const LOOKED_AT: usize = 5_000;
/// Of those, read at a time.
const READ_AT_ONCE: usize = 500;
/// Functions that one request removes at most.
pub const AT_ONCE: usize = 100;

#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    #[error("there is no such function")]
    Unknown,
    #[error("the function is not as the request demands; read it again")]
    Changed,
    #[error("the function is there and of another kind; make one of another name")]
    Kind,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<WriteError> for FunctionError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Exists | WriteError::Missing => Self::Unknown,
            WriteError::Repository(error) => Self::Repository(error),
        }
    }
}

pub struct Functions {
    repository: Arc<dyn Repository>,
    storage: Arc<Storage>,
    resolver: Arc<Resolver>,
    leftovers: Arc<Leftovers>,
    routes: Arc<Routes>,
}

impl Functions {
    pub(super) fn new(
        (repository, storage): (Arc<dyn Repository>, Arc<Storage>),
        resolver: Arc<Resolver>,
        leftovers: Arc<Leftovers>,
        routes: Arc<Routes>,
    ) -> Self {
        Self { repository, storage, resolver, leftovers, routes }
    }

    /// Makes the function, or gives the one that is there these labels, if the condition holds. Says whether it is new.
    pub async fn put(
        &self,
        tenant: &TenantScope,
        (name, kind): (FunctionName, Option<FunctionKind>),
        labels: BTreeMap<String, String>,
        condition: Condition<Function>,
    ) -> Result<(Function, bool), FunctionError> {
        let gate = Gate::new(condition);
        let made = Function { kind: kind.unwrap_or_default(), ..Function::new(name, Timestamp::now()) };
        let function = Function { labels, ..made };
        if gate.ask(None) {
            if self.repository.function(tenant, &function.name).await?.is_none() {
                self.storage.take(tenant, RECORD_BYTES).await?;
            }
            match self.repository.create_function(tenant, &function).await {
                Ok(()) => return Ok((function, true)),
                Err(WriteError::Exists) => {}
                Err(WriteError::Missing) => return Err(FunctionError::Unknown),
                Err(WriteError::Repository(error)) => return Err(error.into()),
            }
        }
        let relabel = |stored: &mut Function| {
            if kind.is_none_or(|kind| kind == stored.kind) && gate.ask(Some(stored)) {
                stored.labels.clone_from(&function.labels);
                stored.updated_at = function.updated_at;
            }
        };
        match self.repository.update_function(tenant, &function.name, &relabel).await {
            // Whether nothing is there that was demanded, or something else.
            Ok(_) | Err(WriteError::Missing) if !gate.held() => Err(FunctionError::Changed),
            changed => match changed? {
                found if kind.is_some_and(|kind| kind != found.kind) => Err(FunctionError::Kind),
                found => Ok((found, false)),
            },
        }
    }

    pub async fn get(&self, tenant: &TenantScope, name: &FunctionName) -> Result<Function, FunctionError> {
        self.repository.function(tenant, name).await?.ok_or(FunctionError::Unknown)
    }

    /// Those after `after` that these bounds reach and that have these labels, by name; and the name after which to go on, which may be
    /// that of none.
    pub async fn list(
        &self,
        tenant: &TenantScope,
        (bounds, labels): (&Bounds, &BTreeMap<String, String>),
        after: Option<FunctionName>,
        limit: usize,
    ) -> Result<(Vec<Function>, Option<FunctionName>), RepositoryError> {
        let last = |page: &Page<Function>| page.items.last().filter(|_| page.more).map(|last| last.name.clone());
        if bounds.functions.is_none() && labels.is_empty() {
            let page = self.repository.list_functions(tenant, after.as_ref(), limit).await?;
            let next = last(&page);
            return Ok((page.items, next));
        }
        let (mut found, mut after, mut left) = (Vec::<Function>::new(), after, LOOKED_AT);
        loop {
            let page = self.repository.list_functions(tenant, after.as_ref(), left.min(READ_AT_ONCE)).await?;
            left = left.saturating_sub(page.items.len());
            after = last(&page).and_then(|last| bounds.next_after(last));
            let meant =
                |function: &Function| bounds.reaches(&function.name) && labels::has_all(&function.labels, labels);
            for function in page.items.into_iter().filter(meant) {
                if found.len() == limit {
                    let next = found.last().map(|last| last.name.clone());
                    return Ok((found, next));
                }
                found.push(function);
            }
            if after.is_none() || left == 0 {
                return Ok((found, after));
            }
        }
    }

    /// Removes those that have all of these labels, up to `AT_ONCE` of them, as `delete` removes each; or says which they are. And whether
    /// there may be more: of very many functions not all are looked at. If one can't be removed, those before it are gone and named, and
    /// asking again goes on with it.
    pub async fn delete_labelled(
        &self,
        tenant: &TenantScope,
        labels: &BTreeMap<String, String>,
        dry_run: bool,
    ) -> Result<(Vec<FunctionName>, bool), FunctionError> {
        let (mut found, mut next) = self.list(tenant, (&Bounds::default(), labels), None, AT_ONCE).await?;
        // Nothing would be different the next time: it goes on until there is something.
        while found.is_empty() && next.is_some() {
            (found, next) = self.list(tenant, (&Bounds::default(), labels), next, AT_ONCE).await?;
        }
        let wanted = labels.clone();
        let still: Condition<Function> = Arc::new(move |held| match held {
            Some(function) if labels::has_all(&function.labels, &wanted) => Verdict::Holds,
            _ => Verdict::Failed,
        });
        let mut names = Vec::with_capacity(found.len());
        for Function { name, .. } in found {
            if !dry_run {
                match self.delete(tenant, name.clone(), still.clone()).await {
                    Ok(()) => {}
                    // Somebody else removed it, or took the label away.
                    Err(FunctionError::Unknown | FunctionError::Changed) => continue,
                    Err(error) if names.is_empty() => return Err(error),
                    // Whoever asked, and the audit, have to hear of those that are gone.
                    Err(error) => {
                        tracing::warn!(tenant.id = %tenant.id(), function.name = %name, %error, "a function was not removed");
                        return Ok((names, true));
                    }
                }
            }
            names.push(name);
        }
        Ok((names, next.is_some()))
    }

    /// Removes the function with its versions and the routes that lead to it, if the condition holds of it; what is in flight ends by itself, and contents
    /// that nobody else names go within minutes. A change between the question and the removal goes unseen.
    pub async fn delete(
        &self,
        tenant: &TenantScope,
        name: FunctionName,
        condition: Condition<Function>,
    ) -> Result<(), FunctionError> {
        if condition(Some(&self.get(tenant, &name).await?)) != Verdict::Holds {
            return Err(FunctionError::Changed);
        }
        let (repository, resolver, tenant) = (self.repository.clone(), self.resolver.clone(), tenant.clone());
        let (leftovers, routes) = (self.leftovers.clone(), self.routes.clone());
        to_the_end(async move {
            // First: if the rest fails, asking again does it, and no route ever leads nowhere.
            routes.drop_those_to(&tenant, &name).await?;
            let deleted = repository.delete_function(&tenant, &name).await;
            resolver.forget(tenant.slug(), &name);
            leftovers.add(deleted?);
            Ok(())
        })
        .await
    }
}

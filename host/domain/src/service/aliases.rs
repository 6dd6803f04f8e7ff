//! Aliases of a function: reading, pointing, rolling back and removing them. A change is made only if what it is about is still
//! there at that moment, in one atomic step, and applies to the next request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::condition::{Condition, Verdict};
use super::preparation::{Preparation, PrepareError};
use super::resolver::Resolver;
use super::rulebook::Rulebook;
use super::to_the_end::to_the_end;
use crate::access::TenantScope;
use crate::alias::{Alias, MAX_ALIASES, Split, Sticky};
use crate::execute::BuildError;
use crate::function::{Function, Version};
use crate::ids::{AliasName, Digest, FunctionName, RouteId, VersionId};
use crate::repository::{RepositoryError, WriteError};

#[derive(Clone, Debug, thiserror::Error)]
pub enum AliasError {
    #[error("there is no such function")]
    UnknownFunction,
    #[error("there is no such alias")]
    Unknown,
    #[error("the function has no version `{0}`")]
    UnknownVersion(VersionId),
    #[error("a function can have {MAX_ALIASES} aliases")]
    TooMany,
    #[error("these routes lead to the alias: {}", .0.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "))]
    Routed(Vec<RouteId>),
    #[error("there is no split before this one to go back to")]
    NothingEarlier,
    #[error("the alias is there already; say with `If-Match` what is changed")]
    ConditionMissing,
    #[error("the alias is not what the request is about; read it again")]
    ConditionFailed,
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("the code `{0}` is missing from the store")]
    MissingCode(Digest),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<PrepareError> for AliasError {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Build(error) => Self::Build(error),
            PrepareError::MissingCode(digest) => Self::MissingCode(digest),
            PrepareError::Repository(error) => Self::Repository(error),
        }
    }
}

/// Where an alias is sent to.
enum Change {
    /// Traffic is divided like this from now on; without a word about callers they stay as bound as they are. The versions were found
    /// when the function was as old and as often changed as this.
    Point(Split, Option<Sticky>, Age),
    RollBack,
    /// Unless these routes lead to it.
    Remove(Vec<RouteId>),
}

/// When a function was made, and how many versions it has lost since: as long as both are the same, a version that was there is there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Age(Timestamp, u64);

impl Age {
    fn of(function: &Function) -> Self {
        Self(function.created_at, function.removals)
    }
}

#[derive(Clone)]
pub struct Aliases {
    preparation: Preparation,
    resolver: Arc<Resolver>,
    rulebook: Arc<Rulebook>,
}

impl Aliases {
    pub(super) fn new(preparation: Preparation, resolver: Arc<Resolver>, rulebook: Arc<Rulebook>) -> Self {
        Self { preparation, resolver, rulebook }
    }

    pub async fn list(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
    ) -> Result<BTreeMap<AliasName, Alias>, AliasError> {
        let function = self.preparation.repository.function(tenant, function).await?;
        Ok(function.ok_or(AliasError::UnknownFunction)?.aliases)
    }

    pub async fn get(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        alias: &AliasName,
    ) -> Result<Alias, AliasError> {
        self.list(tenant, function).await?.remove(alias).ok_or(AliasError::Unknown)
    }

    /// Makes the alias, or divides its traffic anew. Says whether it is new. The versions are made ready first, so that the switch
    /// costs no caller a build.
    pub async fn put(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        alias: &AliasName,
        (split, sticky): (Split, Sticky),
        condition: Condition<Alias>,
    ) -> Result<(Alias, bool), AliasError> {
        let (function, new, _) = self.point(tenant, function, alias, (split, Some(sticky)), condition).await?;
        Ok((function.aliases.get(alias).cloned().ok_or(AliasError::Unknown)?, new))
    }

    /// All traffic of an alias to one version.
    pub async fn deploy(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        alias: &AliasName,
        version: &VersionId,
        condition: Condition<Alias>,
    ) -> Result<(Function, Version), AliasError> {
        let whole = (Split::whole(version.clone()), None);
        let (function, _, version) = self.point(tenant, function, alias, whole, condition).await?;
        Ok((function, version))
    }

    /// Back to the split before, or to one version. Nothing is deleted by it.
    pub async fn roll_back(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        to: Option<&VersionId>,
        condition: Condition<Alias>,
    ) -> Result<Alias, AliasError> {
        let live = AliasName::live();
        let function = match to {
            None => {
                let alias = self.get(tenant, function, &live).await?;
                let earlier = alias.earlier.last().ok_or(AliasError::NothingEarlier)?;
                for share in earlier.shares() {
                    self.make_ready(tenant, function, &share.version).await?;
                }
                // A version that goes goes out of the earlier splits as well: whatever is there then can be gone back to.
                let changed = self.change(tenant, function, &live, Change::RollBack, condition).await?;
                changed.expect("only pointing depends on what was found").0
            }
            Some(version) => {
                let whole = (Split::whole(version.clone()), None);
                self.point(tenant, function, &live, whole, condition).await?.0
            }
        };
        function.aliases.get(&live).cloned().ok_or(AliasError::Unknown)
    }

    /// Removes an alias that no route leads to. A route that is made between the question and the removal goes unseen.
    pub async fn delete(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        alias: &AliasName,
        condition: Condition<Alias>,
    ) -> Result<(), AliasError> {
        let routes = self.preparation.repository.routing(tenant).await?.routes.into_iter();
        let own = routes.filter(|(_, route)| route.function == *function && route.alias == *alias);
        let remove = Change::Remove(own.map(|(id, _)| id).collect());
        self.change(tenant, function, alias, remove, condition).await.map(drop)
    }

    /// Points the alias after its versions were found, in one atomic step with none of them being removed: where one was removed in
    /// between, they are looked for again. Gives the first of them too.
    async fn point(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        alias: &AliasName,
        (split, sticky): (Split, Option<Sticky>),
        condition: Condition<Alias>,
    ) -> Result<(Function, bool, Version), AliasError> {
        loop {
            let found = self.preparation.repository.function(tenant, function).await?;
            let age = Age::of(&found.ok_or(AliasError::UnknownFunction)?);
            let mut first = None;
            for share in split.shares() {
                let version = self.make_ready(tenant, function, &share.version).await?;
                first.get_or_insert(version);
            }
            let change = Change::Point(split.clone(), sticky.clone(), age);
            if let Some((function, new)) = self.change(tenant, function, alias, change, condition.clone()).await? {
                return Ok((function, new, first.expect("a split has a share")));
            }
        }
    }

    async fn make_ready(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Version, AliasError> {
        let version = self.preparation.repository.version(tenant, function, id).await?;
        let version = match version {
            Some(version) => version,
            None if self.preparation.repository.function(tenant, function).await?.is_none() => {
                return Err(AliasError::UnknownFunction);
            }
            None => return Err(AliasError::UnknownVersion(id.clone())),
        };
        let code_key = self.preparation.executor.code_key(&version.digest);
        let limits = self.rulebook.limits(tenant, None).await?;
        self.preparation.known(tenant, &version.digest, &code_key, limits).await?;
        Ok(version)
    }

    /// The function as it is then, and whether the alias is new. `None` where versions were found too long ago.
    async fn change(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        alias: &AliasName,
        change: Change,
        condition: Condition<Alias>,
    ) -> Result<Option<(Function, bool)>, AliasError> {
        let (repository, resolver) = (self.preparation.repository.clone(), self.resolver.clone());
        let (tenant, function, alias) = (tenant.clone(), function.clone(), alias.clone());
        to_the_end(async move {
            let outcome = Mutex::new(Ok(None));
            let apply = |stored: &mut Function| {
                let is_late = matches!(&change, Change::Point(_, _, age) if *age != Age::of(stored));
                let made = match condition(stored.aliases.get(&alias)) {
                    Verdict::Holds if is_late => Ok(None),
                    Verdict::Holds => applied(stored, &alias, &change, Timestamp::now()).map(Some),
                    Verdict::Missing => Err(AliasError::ConditionMissing),
                    Verdict::Failed => Err(AliasError::ConditionFailed),
                };
                *outcome.lock().unwrap_or_else(PoisonError::into_inner) = made;
            };
            let changed = repository.update_function(&tenant, &function, &apply).await;
            resolver.forget(tenant.slug(), &function);
            let changed = changed.map_err(|error| match error {
                WriteError::Exists | WriteError::Missing => AliasError::UnknownFunction,
                WriteError::Repository(error) => error.into(),
            })?;
            let new = outcome.into_inner().unwrap_or_else(PoisonError::into_inner)?;
            Ok(new.map(|new| (changed, new)))
        })
        .await
    }
}

/// Changes nothing where it fails. Says whether the alias is new.
fn applied(stored: &mut Function, name: &AliasName, change: &Change, now: Timestamp) -> Result<bool, AliasError> {
    let count = stored.aliases.len();
    let new = match (change, stored.aliases.get_mut(name)) {
        (Change::Point(split, sticky, _), Some(alias)) => {
            alias.point_at(split.clone(), now);
            if let Some(sticky) = sticky {
                alias.sticky.clone_from(sticky);
            }
            false
        }
        (Change::Point(..), None) if count >= MAX_ALIASES => return Err(AliasError::TooMany),
        (Change::Point(split, sticky, _), None) => {
            let alias = Alias::new(split.clone(), sticky.clone().unwrap_or_default(), now);
            stored.aliases.insert(name.clone(), alias);
            true
        }
        (Change::RollBack, Some(alias)) => {
            if !alias.roll_back(now) {
                return Err(AliasError::NothingEarlier);
            }
            false
        }
        (Change::Remove(routes), Some(_)) if !routes.is_empty() => return Err(AliasError::Routed(routes.clone())),
        (Change::Remove(_), Some(_)) => {
            stored.aliases.remove(name);
            false
        }
        (Change::RollBack | Change::Remove(_), None) => return Err(AliasError::Unknown),
    };
    stored.updated_at = now;
    Ok(new)
}

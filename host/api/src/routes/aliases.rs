//! Aliases of a function: which versions traffic gets, each read with its `ETag` and changed under it.

use std::sync::Arc;

use axum::extract::State;
use isolet_domain::alias::Alias;
use isolet_domain::ids::{AliasName, FunctionName, VersionId};
use isolet_domain::service::condition::Condition;

use super::fields::invalid;
use crate::answer::{Answer, NoContent, Put, etag_of};
use crate::caller::{In, Of, RawAlias, needs};
use crate::failure::Failure;
use crate::preconditions::Preconditions;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::aliases::{AliasResponse, PutAliasRequest, RollbackRequest};

pub async fn list_aliases(
    State(app): State<AppState>,
    found: In<needs::FunctionsRead>,
    Of(function): Of<FunctionName>,
) -> Result<Answer<List<AliasResponse>>, Failure> {
    let aliases = app.platform().aliases.list(&found.scope, &function).await?;
    Ok(Answer(List::whole(aliases.iter().map(|(name, alias)| AliasResponse::new(name, alias)).collect())))
}

pub async fn get_alias(
    State(app): State<AppState>,
    found: In<needs::FunctionsRead>,
    Of(function): Of<FunctionName>,
    Of(name): Of<AliasName>,
) -> Result<Answer<AliasResponse>, Failure> {
    let alias = app.platform().aliases.get(&found.scope, &function, &name).await?;
    Ok(Answer(AliasResponse::new(&name, &alias)))
}

pub async fn put_alias(
    State(app): State<AppState>,
    found: In<needs::Deploy>,
    Of(function): Of<FunctionName>,
    RawAlias(name): RawAlias,
    conditions: Preconditions,
    Json(request, _room): Json<PutAliasRequest>,
) -> Result<Put<AliasResponse>, Failure> {
    let name = AliasName::parse(&name).map_err(|error| invalid("/name", "name", &error.to_string()))?;
    let wanted = request.into_domain().map_err(Failure::Invalid)?;
    let condition = required(conditions, &name);
    let (alias, created) = app.platform().aliases.put(&found.scope, &function, &name, wanted, condition).await?;
    Ok(Put { created, value: AliasResponse::new(&name, &alias) })
}

pub async fn delete_alias(
    State(app): State<AppState>,
    found: In<needs::Deploy>,
    Of(function): Of<FunctionName>,
    Of(name): Of<AliasName>,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    app.platform().aliases.delete(&found.scope, &function, &name, required(conditions, &name)).await?;
    Ok(NoContent)
}

pub async fn rollback_function(
    State(app): State<AppState>,
    found: In<needs::Deploy>,
    Of(function): Of<FunctionName>,
    conditions: Preconditions,
    Json(request, _room): Json<RollbackRequest>,
) -> Result<Answer<AliasResponse>, Failure> {
    let to = request.to.map(|to| VersionId::parse(&to)).transpose();
    let to = to.map_err(|error| invalid("/to", "id", &error.to_string()))?;
    let condition = honoured(conditions, &AliasName::live());
    let alias = app.platform().aliases.roll_back(&found.scope, &function, to.as_ref(), condition).await?;
    Ok(Answer(AliasResponse::new(&AliasName::live(), &alias)))
}

/// A change of this alias has to name what it replaces.
fn required(preconditions: Preconditions, name: &AliasName) -> Condition<Alias> {
    let name = name.clone();
    Arc::new(move |held| preconditions.require(tag(&name, held).as_deref()))
}

/// Deploying and rolling back say themselves where traffic goes; a precondition is held to where there is one.
pub(super) fn honoured(preconditions: Preconditions, name: &AliasName) -> Condition<Alias> {
    let name = name.clone();
    Arc::new(move |held| preconditions.check(tag(&name, held).as_deref()))
}

fn tag(name: &AliasName, held: Option<&Alias>) -> Option<String> {
    held.map(|alias| etag_of(&AliasResponse::new(name, alias)))
}

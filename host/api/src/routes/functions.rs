//! Functions by name.

use std::sync::Arc;

use axum::extract::State;
use isolet_domain::access::Scope;
use isolet_domain::function::{Function, FunctionKind};
use isolet_domain::ids::{FunctionName, TenantSlug};
use isolet_domain::service::condition::Condition;

use super::fields::{checked_labels, invalid};
use super::function_query::{FunctionQuery, Labelled};
use crate::answer::{Answer, NoContent, Put};
use crate::caller::{Among, In, Of, RawFunction, needs};
use crate::cursor::encode;
use crate::failure::Failure;
use crate::preconditions::Preconditions;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::functions::{DeletedFunctionsResponse, FunctionResponse, PutFunctionRequest};

pub async fn list_functions(
    State(app): State<AppState>,
    Among(found): Among<needs::FunctionsRead>,
    FunctionQuery { labels, list, name }: FunctionQuery,
) -> Result<Answer<List<FunctionResponse>>, Failure> {
    let after = list.after(&name, |text| FunctionName::parse(text).ok())?;
    let of = (&found.credential.bounds, &labels);
    let (functions, next) = app.platform().functions.list(&found.scope, of, after, list.limit).await?;
    let next_cursor = next.map(|function| encode(&name, function.as_str()));
    let slug = found.scope.slug();
    let data = functions.into_iter().map(|function| FunctionResponse::new(&app, slug, function)).collect();
    Ok(Answer(List { data, next_cursor }))
}

pub async fn put_function(
    State(app): State<AppState>,
    found: In<needs::FunctionsWrite>,
    RawFunction(name): RawFunction,
    conditions: Preconditions,
    Json(request, _room): Json<PutFunctionRequest>,
) -> Result<Put<FunctionResponse>, Failure> {
    let name = FunctionName::parse(&name).map_err(|error| invalid("/name", "name", &error.to_string()))?;
    let kind = request.kind.map(FunctionKind::from);
    if kind == Some(FunctionKind::Component) && !found.credential.allows(Scope::ComponentsWrite) {
        return Err(Failure::Forbidden(Scope::ComponentsWrite));
    }
    let labels = checked_labels(request.labels)?;
    let condition = of_function(&app, found.scope.slug(), conditions);
    let (function, created) = app.platform().functions.put(&found.scope, (name, kind), labels, condition).await?;
    Ok(Put { created, value: FunctionResponse::new(&app, found.scope.slug(), function) })
}

pub async fn get_function(
    State(app): State<AppState>,
    found: In<needs::FunctionsRead>,
    Of(name): Of<FunctionName>,
) -> Result<Answer<FunctionResponse>, Failure> {
    let function = app.platform().functions.get(&found.scope, &name).await?;
    Ok(Answer(FunctionResponse::new(&app, found.scope.slug(), function)))
}

pub async fn delete_function(
    State(app): State<AppState>,
    found: In<needs::FunctionsWrite>,
    Of(name): Of<FunctionName>,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    let condition = of_function(&app, found.scope.slug(), conditions);
    app.platform().functions.delete(&found.scope, name, condition).await?;
    Ok(NoContent)
}

pub async fn delete_functions(
    State(app): State<AppState>,
    Labelled { labels, dry_run }: Labelled,
    found: In<needs::FunctionsWrite>,
) -> Result<Answer<DeletedFunctionsResponse>, Failure> {
    let (names, more) = app.platform().functions.delete_labelled(&found.scope, &labels, dry_run).await?;
    Ok(Answer(DeletedFunctionsResponse::new(&names, more)))
}

/// The conditions, held against the function as it is shown.
fn of_function(app: &AppState, tenant: &TenantSlug, conditions: Preconditions) -> Condition<Function> {
    let (app, tenant) = (app.clone(), tenant.clone());
    Arc::new(move |held: Option<&Function>| {
        let shown = held.map(|function| FunctionResponse::new(&app, &tenant, function.clone()));
        conditions.of_shown(shown.as_ref())
    })
}

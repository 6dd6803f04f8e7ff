//! Variables of a tenant, which all its code finds, and of a function, beside and over those.

use std::sync::Arc;

use axum::extract::State;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::{EnvName, FunctionName};
use isolet_domain::service::condition::Condition;
use isolet_domain::service::environment::Variables;

use super::fields::invalid;
use crate::answer::{Answer, NoContent};
use crate::caller::{In, Of, needs};
use crate::failure::Failure;
use crate::preconditions::Preconditions;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::functions::{SetVariableRequest, VariableResponse};

pub async fn list_tenant_variables(
    State(app): State<AppState>,
    found: In<needs::EnvRead>,
) -> Result<Answer<List<VariableResponse>>, Failure> {
    list(&app, &found.scope, None).await
}

pub async fn set_tenant_variable(
    State(app): State<AppState>,
    found: In<needs::EnvWrite>,
    conditions: Preconditions,
    Json(request, _room): Json<SetVariableRequest>,
) -> Result<Answer<VariableResponse>, Failure> {
    set(&app, &found.scope, None, conditions, request).await
}

pub async fn delete_tenant_variable(
    State(app): State<AppState>,
    found: In<needs::EnvWrite>,
    Of(name): Of<EnvName>,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    app.platform().environment.delete(&found.scope, None, name, of_variables(conditions)).await?;
    Ok(NoContent)
}

pub async fn list_variables(
    State(app): State<AppState>,
    found: In<needs::EnvRead>,
    Of(function): Of<FunctionName>,
) -> Result<Answer<List<VariableResponse>>, Failure> {
    list(&app, &found.scope, Some(&function)).await
}

pub async fn set_variable(
    State(app): State<AppState>,
    found: In<needs::EnvWrite>,
    Of(function): Of<FunctionName>,
    conditions: Preconditions,
    Json(request, _room): Json<SetVariableRequest>,
) -> Result<Answer<VariableResponse>, Failure> {
    set(&app, &found.scope, Some(function), conditions, request).await
}

pub async fn delete_variable(
    State(app): State<AppState>,
    found: In<needs::EnvWrite>,
    Of(function): Of<FunctionName>,
    Of(name): Of<EnvName>,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    app.platform().environment.delete(&found.scope, Some(function), name, of_variables(conditions)).await?;
    Ok(NoContent)
}

async fn list(
    app: &AppState,
    tenant: &TenantScope,
    function: Option<&FunctionName>,
) -> Result<Answer<List<VariableResponse>>, Failure> {
    let env = app.platform().environment.list(tenant, function).await?;
    Ok(Answer(env.into_iter().map(VariableResponse::from).collect()))
}

async fn set(
    app: &AppState,
    tenant: &TenantScope,
    function: Option<FunctionName>,
    conditions: Preconditions,
    request: SetVariableRequest,
) -> Result<Answer<VariableResponse>, Failure> {
    let name = EnvName::parse(&request.name).map_err(|error| invalid("/name", "name", &error.to_string()))?;
    let answer = VariableResponse::from((name.clone(), request.value.clone()));
    app.platform().environment.set(tenant, function, name, request.value, of_variables(conditions)).await?;
    Ok(Answer(answer))
}

/// The conditions, held against the list of variables.
fn of_variables(conditions: Preconditions) -> Condition<Variables> {
    Arc::new(move |held: Option<&Variables>| {
        let shown: Option<List<VariableResponse>> =
            held.map(|variables| variables.clone().into_iter().map(VariableResponse::from).collect());
        conditions.of_shown(shown.as_ref())
    })
}

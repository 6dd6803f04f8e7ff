//! Secrets of a tenant and of a function: written and never read back; their names are.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use isolet_domain::ids::{EnvName, FunctionName};

use crate::caller::{In, Of, needs};
use crate::failure::Failure;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::egress::{PutSecretRequest, SecretResponse};

pub async fn list_tenant_secrets(
    State(app): State<AppState>,
    found: In<needs::SecretsRead>,
) -> Result<impl IntoResponse, Failure> {
    Ok(names(app.platform().secrets.list(&found.scope, None).await?))
}

pub async fn put_tenant_secret(
    State(app): State<AppState>,
    found: In<needs::SecretsWrite>,
    Of(name): Of<EnvName>,
    Json(request): Json<PutSecretRequest>,
) -> Result<impl IntoResponse, Failure> {
    app.platform().secrets.set(&found.scope, None, name, &request.value).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn delete_tenant_secret(
    State(app): State<AppState>,
    found: In<needs::SecretsWrite>,
    Of(name): Of<EnvName>,
) -> Result<impl IntoResponse, Failure> {
    app.platform().secrets.delete(&found.scope, None, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn list_function_secrets(
    State(app): State<AppState>,
    found: In<needs::SecretsRead>,
    Of(function): Of<FunctionName>,
) -> Result<impl IntoResponse, Failure> {
    Ok(names(app.platform().secrets.list(&found.scope, Some(&function)).await?))
}

pub async fn put_function_secret(
    State(app): State<AppState>,
    found: In<needs::SecretsWrite>,
    Of(function): Of<FunctionName>,
    Of(name): Of<EnvName>,
    Json(request): Json<PutSecretRequest>,
) -> Result<impl IntoResponse, Failure> {
    app.platform().secrets.set(&found.scope, Some(function), name, &request.value).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn delete_function_secret(
    State(app): State<AppState>,
    found: In<needs::SecretsWrite>,
    Of(function): Of<FunctionName>,
    Of(name): Of<EnvName>,
) -> Result<impl IntoResponse, Failure> {
    app.platform().secrets.delete(&found.scope, Some(function), name).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn names(names: Vec<EnvName>) -> impl IntoResponse {
    Answer(List::whole(names.into_iter().map(|name| SecretResponse { name: name.to_string() }).collect()))
}

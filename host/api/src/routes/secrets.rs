//! Secrets of a tenant and of a function: written and never read back; their names are.

use std::sync::Arc;

use axum::extract::State;
use isolet_domain::ids::{EnvName, FunctionName};
use isolet_domain::secret::Sealed;
use isolet_domain::service::condition::Condition;

use crate::answer::{Answer, NoContent};
use crate::caller::{In, Of, needs};
use crate::failure::Failure;
use crate::preconditions::Preconditions;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::egress::{PutSecretRequest, SecretResponse};

pub async fn list_tenant_secrets(
    State(app): State<AppState>,
    found: In<needs::SecretsRead>,
) -> Result<Answer<List<SecretResponse>>, Failure> {
    Ok(names(app.platform().secrets.list(&found.scope, None).await?))
}

pub async fn put_tenant_secret(
    State(app): State<AppState>,
    found: In<needs::SecretsWrite>,
    Of(name): Of<EnvName>,
    conditions: Preconditions,
    Json(request, _room): Json<PutSecretRequest>,
) -> Result<NoContent, Failure> {
    app.platform().secrets.set(&found.scope, None, name, &request.value, existing(conditions)).await?;
    Ok(NoContent)
}

pub async fn delete_tenant_secret(
    State(app): State<AppState>,
    found: In<needs::SecretsWrite>,
    Of(name): Of<EnvName>,
) -> Result<NoContent, Failure> {
    app.platform().secrets.delete(&found.scope, None, name).await?;
    Ok(NoContent)
}

pub async fn list_function_secrets(
    State(app): State<AppState>,
    found: In<needs::SecretsRead>,
    Of(function): Of<FunctionName>,
) -> Result<Answer<List<SecretResponse>>, Failure> {
    Ok(names(app.platform().secrets.list(&found.scope, Some(&function)).await?))
}

pub async fn put_function_secret(
    State(app): State<AppState>,
    found: In<needs::SecretsWrite>,
    Of(function): Of<FunctionName>,
    Of(name): Of<EnvName>,
    conditions: Preconditions,
    Json(request, _room): Json<PutSecretRequest>,
) -> Result<NoContent, Failure> {
    app.platform().secrets.set(&found.scope, Some(function), name, &request.value, existing(conditions)).await?;
    Ok(NoContent)
}

pub async fn delete_function_secret(
    State(app): State<AppState>,
    found: In<needs::SecretsWrite>,
    Of(function): Of<FunctionName>,
    Of(name): Of<EnvName>,
) -> Result<NoContent, Failure> {
    app.platform().secrets.delete(&found.scope, Some(function), name).await?;
    Ok(NoContent)
}

fn names(names: Vec<EnvName>) -> Answer<List<SecretResponse>> {
    Answer(List::whole(names.into_iter().map(|name| SecretResponse { name: name.to_string() }).collect()))
}

/// A secret cannot be read and has no tag: only `*` says anything of it.
fn existing(conditions: Preconditions) -> Condition<Sealed> {
    // An entity tag has quotes at least.
    const NO_TAG: &str = "-";
    Arc::new(move |held: Option<&Sealed>| conditions.check(held.map(|_| NO_TAG)))
}

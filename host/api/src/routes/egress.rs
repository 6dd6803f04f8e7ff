//! Egress policies: of a tenant, of a function, and the ceiling over a tenant. Each is read with its `ETag` and replaced under it.

use std::sync::Arc;

use axum::extract::State;
use isolet_domain::egress::EgressPolicy;
use isolet_domain::ids::FunctionName;
use isolet_domain::service::condition::{Condition, Verdict};
use isolet_domain::service::policies::{PolicyError, Subject};

use crate::answer::{Answer, NoContent, etag_of};
use crate::caller::{In, Of, needs};
use crate::failure::Failure;
use crate::preconditions::Preconditions;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::egress::{PolicyResponse, PolicyText};

pub async fn get_tenant_egress(
    State(app): State<AppState>,
    found: In<needs::EgressRead>,
) -> Result<Answer<PolicyResponse>, Failure> {
    read(&app, &found, &Subject::Tenant).await
}

pub async fn put_tenant_egress(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    conditions: Preconditions,
    Json(request, _room): Json<PolicyText>,
) -> Result<Answer<PolicyResponse>, Failure> {
    put(&app, &found, Subject::Tenant, conditions, request).await
}

pub async fn delete_tenant_egress(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    remove(&app, &found, Subject::Tenant, conditions).await
}

pub async fn get_ceiling(
    State(app): State<AppState>,
    found: In<needs::EgressRead>,
) -> Result<Answer<PolicyResponse>, Failure> {
    read(&app, &found, &Subject::Ceiling).await
}

pub async fn put_ceiling(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    conditions: Preconditions,
    Json(request, _room): Json<PolicyText>,
) -> Result<Answer<PolicyResponse>, Failure> {
    put(&app, &found, Subject::Ceiling, conditions, request).await
}

pub async fn delete_ceiling(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    remove(&app, &found, Subject::Ceiling, conditions).await
}

pub async fn get_function_egress(
    State(app): State<AppState>,
    found: In<needs::EgressRead>,
    Of(function): Of<FunctionName>,
) -> Result<Answer<PolicyResponse>, Failure> {
    read(&app, &found, &Subject::Function(function)).await
}

pub async fn put_function_egress(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    Of(function): Of<FunctionName>,
    conditions: Preconditions,
    Json(request, _room): Json<PolicyText>,
) -> Result<Answer<PolicyResponse>, Failure> {
    put(&app, &found, Subject::Function(function), conditions, request).await
}

pub async fn delete_function_egress(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    Of(function): Of<FunctionName>,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    remove(&app, &found, Subject::Function(function), conditions).await
}

async fn read<N>(app: &AppState, found: &In<N>, subject: &Subject) -> Result<Answer<PolicyResponse>, Failure> {
    let policy = app.platform().policies.get(&found.scope, subject).await?;
    Ok(Answer(PolicyResponse::of(policy.as_deref())))
}

async fn put<N>(
    app: &AppState,
    found: &In<N>,
    subject: Subject,
    conditions: Preconditions,
    request: PolicyText,
) -> Result<Answer<PolicyResponse>, Failure> {
    let policy = request.into_domain("").map_err(Failure::Invalid)?;
    let answer = PolicyResponse::of(Some(&policy));
    set(app, found, subject, conditions, Some(policy)).await?;
    Ok(Answer(answer))
}

async fn remove<N>(
    app: &AppState,
    found: &In<N>,
    subject: Subject,
    conditions: Preconditions,
) -> Result<NoContent, Failure> {
    set(app, found, subject, conditions, None).await?;
    Ok(NoContent)
}

async fn set<N>(
    app: &AppState,
    found: &In<N>,
    subject: Subject,
    conditions: Preconditions,
    policy: Option<EgressPolicy>,
) -> Result<(), PolicyError> {
    app.platform().policies.set(&found.credential, &found.scope, subject, policy, demanded(conditions)).await
}

/// `If-Match` has to name what is replaced, so that two who change the rules at once do not undo each other (RFC 6585 §3); where
/// nothing was set there is nothing to undo.
fn demanded(conditions: Preconditions) -> Condition<EgressPolicy> {
    Arc::new(move |held: Option<&EgressPolicy>| {
        // Where no rules were set there is still an answer with a tag; what exists is what was set.
        let now = etag_of(&PolicyResponse::of(held));
        match held {
            Some(_) => conditions.require(Some(&now)),
            None if conditions.names(&now) => Verdict::Holds,
            None => conditions.check(None),
        }
    })
}

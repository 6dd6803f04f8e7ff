//! Egress policies: of a tenant, of a function, and the ceiling over a tenant. Each is read with its `ETag` and replaced under it.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use isolet_domain::egress::EgressPolicy;
use isolet_domain::ids::FunctionName;
use isolet_domain::service::policies::{Condition, PolicyError, Subject};

use crate::caller::{In, Of, needs};
use crate::failure::Failure;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::egress::{PolicyResponse, PolicyText};

pub async fn get_tenant_egress(State(app): State<AppState>, found: In<needs::EgressRead>) -> Result<Response, Failure> {
    read(&app, &found, &Subject::Tenant).await
}

pub async fn put_tenant_egress(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    headers: HeaderMap,
    Json(request): Json<PolicyText>,
) -> Result<Response, Failure> {
    replace(&app, &found, Subject::Tenant, &headers, Some(request)).await
}

pub async fn delete_tenant_egress(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    replace(&app, &found, Subject::Tenant, &headers, None).await
}

pub async fn get_ceiling(State(app): State<AppState>, found: In<needs::EgressRead>) -> Result<Response, Failure> {
    read(&app, &found, &Subject::Ceiling).await
}

pub async fn put_ceiling(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    headers: HeaderMap,
    Json(request): Json<PolicyText>,
) -> Result<Response, Failure> {
    replace(&app, &found, Subject::Ceiling, &headers, Some(request)).await
}

pub async fn delete_ceiling(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    replace(&app, &found, Subject::Ceiling, &headers, None).await
}

pub async fn get_function_egress(
    State(app): State<AppState>,
    found: In<needs::EgressRead>,
    Of(function): Of<FunctionName>,
) -> Result<Response, Failure> {
    read(&app, &found, &Subject::Function(function)).await
}

pub async fn put_function_egress(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    Of(function): Of<FunctionName>,
    headers: HeaderMap,
    Json(request): Json<PolicyText>,
) -> Result<Response, Failure> {
    replace(&app, &found, Subject::Function(function), &headers, Some(request)).await
}

pub async fn delete_function_egress(
    State(app): State<AppState>,
    found: In<needs::EgressWrite>,
    Of(function): Of<FunctionName>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    replace(&app, &found, Subject::Function(function), &headers, None).await
}

async fn read<N>(app: &AppState, found: &In<N>, subject: &Subject) -> Result<Response, Failure> {
    let policy = app.platform().policies.get(&found.scope, subject).await?;
    Ok(answer(policy.as_deref()))
}

async fn replace<N>(
    app: &AppState,
    found: &In<N>,
    subject: Subject,
    headers: &HeaderMap,
    request: Option<PolicyText>,
) -> Result<Response, Failure> {
    let policy = request.map(|request| request.into_domain("")).transpose().map_err(Failure::Invalid)?;
    let condition = condition(headers);
    app.platform().policies.set(&found.credential, &found.scope, subject, policy.clone(), condition).await?;
    match policy {
        Some(policy) => Ok(answer(Some(&policy))),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn answer(policy: Option<&EgressPolicy>) -> Response {
    let body = PolicyResponse::of(policy);
    let etag = HeaderValue::from_str(&body.etag()).ok();
    let mut response = Answer(body).into_response();
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// `If-Match` has to name what is replaced, so that two who change the rules at once do not undo each other (RFC 6585 §3); where
/// nothing was set there is nothing to undo.
fn condition(headers: &HeaderMap) -> Arc<Condition> {
    let given: Option<Vec<String>> = headers
        .get(header::IF_MATCH)
        .map(|value| value.to_str().unwrap_or_default().split(',').map(|tag| tag.trim().to_owned()).collect());
    Arc::new(move |held: Option<&EgressPolicy>| match (&given, held) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(PolicyError::ConditionMissing),
        (Some(tags), held) => {
            let now = PolicyResponse::of(held).etag();
            let matches = tags.iter().any(|tag| *tag == now || (tag == "*" && held.is_some()));
            if matches { Ok(()) } else { Err(PolicyError::ConditionFailed) }
        }
    })
}

//! Limits of a tenant, which the operator sets, and of a function, which its tenant sets. The lowest counts.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use isolet_domain::access::TenantScope;
use isolet_domain::ids::FunctionName;
use isolet_domain::limits::LimitBounds;
use isolet_domain::service::condition::Condition;

use super::fields::invalid;
use crate::answer::{Answer, etag_of};
use crate::caller::{In, Of, needs};
use crate::document::{Answers, Operation};
use crate::failure::Failure;
use crate::preconditions::Preconditions;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::limit_settings::{LimitSettingsResponse, LimitsText};

pub async fn get_tenant_limits(
    State(app): State<AppState>,
    found: In<needs::TenantsRead>,
) -> Result<Settings, Failure> {
    settings(&app, &found.scope, None).await
}

pub async fn put_tenant_limits(
    State(app): State<AppState>,
    found: In<needs::LimitsWrite>,
    conditions: Preconditions,
    Json(request, _room): Json<LimitsText>,
) -> Result<Settings, Failure> {
    let bounds = request.into_domain().map_err(Failure::Invalid)?;
    app.platform().limits.set(&found.scope, None, bounds, of_set(conditions)).await?;
    settings(&app, &found.scope, None).await
}

pub async fn get_function_limits(
    State(app): State<AppState>,
    found: In<needs::FunctionsRead>,
    Of(function): Of<FunctionName>,
) -> Result<Settings, Failure> {
    settings(&app, &found.scope, Some(&function)).await
}

pub async fn put_function_limits(
    State(app): State<AppState>,
    found: In<needs::FunctionsWrite>,
    Of(function): Of<FunctionName>,
    conditions: Preconditions,
    Json(request, _room): Json<LimitsText>,
) -> Result<Settings, Failure> {
    let bounds = request.into_domain().map_err(Failure::Invalid)?;
    for (name, set) in [
        ("concurrency", bounds.concurrency.is_some()),
        ("rps", bounds.rate_per_second.is_some()),
        ("cpu_ms_per_minute", bounds.cpu_per_minute.is_some()),
        ("egress_bytes_per_minute", bounds.egress_bytes_per_minute.is_some()),
        ("log_bytes_per_minute", bounds.log_bytes_per_minute.is_some()),
        ("stored_bytes", bounds.stored_bytes.is_some()),
    ] {
        if set {
            return Err(invalid(&format!("/{name}"), "unsupported", "is the tenant's as a whole"));
        }
    }
    app.platform().limits.set(&found.scope, Some(function.clone()), bounds, of_set(conditions)).await?;
    settings(&app, &found.scope, Some(&function)).await
}

/// What is set, and what counts. The tag is of what is set: what counts may change without anybody's writing here.
pub struct Settings(LimitSettingsResponse);

impl IntoResponse for Settings {
    fn into_response(self) -> Response {
        let tag = HeaderValue::from_str(&etag_of(&self.0.set)).ok();
        let mut response = Answer(self.0).into_response();
        if let Some(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

impl Answers for Settings {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers::<LimitSettingsResponse>(200, "As it is.").with_header("etag");
    }
}

async fn settings(app: &AppState, scope: &TenantScope, function: Option<&FunctionName>) -> Result<Settings, Failure> {
    Ok(Settings(app.platform().limits.get(scope, function).await?.into()))
}

fn of_set(conditions: Preconditions) -> Condition<LimitBounds> {
    Arc::new(move |held: Option<&LimitBounds>| conditions.of_shown(held.map(LimitsText::from).as_ref()))
}

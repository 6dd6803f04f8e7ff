//! What the host says about itself: health, readiness, metrics, versions.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use isolet_domain::access::{Preset, Scope};

use crate::answer::{Answer, Text, TextFormat};
use crate::caller::{Caller, With, needs};
use crate::document::{Answers, Operation};
use crate::failure::Failure;
use crate::metrics;
use crate::state::AppState;
use crate::wire::host::{HealthResponse, InfoResponse};

pub async fn get_health() -> Answer<HealthResponse> {
    Answer(HealthResponse { status: "ok" })
}

/// 200 or 503: what a balancer looks at.
pub struct Readiness(&'static str);

impl IntoResponse for Readiness {
    fn into_response(self) -> Response {
        let status = if self.0 == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Answer(HealthResponse { status: self.0 })).into_response()
    }
}

impl Answers for Readiness {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers::<HealthResponse>(200, "Takes requests.");
        operation.answers::<HealthResponse>(503, "Takes none: it is draining, or its store is not available.");
    }
}

pub async fn get_readiness(State(app): State<AppState>) -> Readiness {
    Readiness(match (app.is_draining(), app.platform().is_ready().await) {
        (true, _) => "draining",
        (false, true) => "ok",
        (false, false) => "store_unavailable",
    })
}

pub async fn get_info(State(app): State<AppState>, _: Caller) -> Answer<InfoResponse> {
    Answer(InfoResponse::from(&app))
}

/// The text format of Prometheus.
pub struct Exposition;

impl TextFormat for Exposition {
    const MEDIA_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";
    const DOCUMENTED: &'static str = "text/plain";
}

/// The whole host's numbers are the operator's, whoever else may read a tenant's.
pub async fn get_metrics(
    State(app): State<AppState>,
    found: With<needs::MetricsRead>,
) -> Result<Text<Exposition>, Failure> {
    match found.credential.preset {
        Preset::Admin => Ok(metrics::render(&app).into()),
        _ => Err(Failure::Forbidden(Scope::MetricsRead)),
    }
}

//! What the host says about itself: health, readiness, metrics, versions.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};

use crate::caller::{Caller, With, needs};
use crate::metrics;
use crate::state::AppState;
use crate::wire::host::{HealthResponse, InfoResponse};

pub async fn get_health() -> impl IntoResponse {
    Answer(HealthResponse { status: "ok" })
}

pub async fn get_readiness(State(app): State<AppState>) -> impl IntoResponse {
    let (code, status) = match (app.is_draining(), app.platform().is_ready().await) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, true) => (StatusCode::OK, "ok"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
    };
    (code, Answer(HealthResponse { status }))
}

pub async fn get_info(State(app): State<AppState>, _: Caller) -> impl IntoResponse {
    Answer(InfoResponse::from(&app)).into_response()
}

pub async fn get_metrics(State(app): State<AppState>, _: With<needs::MetricsRead>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render(&app))
}

//! One-off runs: the answer whole, or as events while it comes.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use isolet_domain::access::Scope;
use isolet_domain::ids::RunId;
use isolet_domain::service::runs::{RunCode, StartedRun};

use super::sse;
use crate::caller::{In, Of, needs};
use crate::failure::Failure;
use crate::frame::framed;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::runs::{CreateRunRequest, RunResponse};

pub async fn create_run(
    State(app): State<AppState>,
    found: In<needs::Run>,
    headers: HeaderMap,
    Json(request): Json<CreateRunRequest>,
) -> Result<Response, Failure> {
    let spec = request.into_spec()?;
    // Rules of a call can open what nobody else has: that takes more than the right to run.
    if spec.egress.is_some() && !found.credential.allows(Scope::EgressWrite) {
        return Err(Failure::Forbidden(Scope::EgressWrite));
    }
    let code = match &spec.code {
        RunCode::Modules(code) => Some(code.clone()),
        RunCode::Version(_) | RunCode::Function(_) => None,
    };
    let started = app.platform().runs.start(&found.scope, spec).await.map_err(|error| match &code {
        Some(code) => framed(error.into(), code, "/code"),
        None => error.into(),
    })?;
    Ok(finish(started, &headers).await)
}

pub async fn replay_run(
    State(app): State<AppState>,
    found: In<needs::Run>,
    Of(run): Of<RunId>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let started = app.platform().runs.replay(&found.scope, &run).await?;
    Ok(finish(started, &headers).await)
}

async fn finish(started: StartedRun, headers: &HeaderMap) -> Response {
    if wants_events(headers) {
        return sse::stream(started);
    }
    Answer(RunResponse::new(started.finish(None).await, true)).into_response()
}

fn wants_events(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.split(',').any(|part| part.trim().starts_with("text/event-stream")))
}

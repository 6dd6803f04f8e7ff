//! One-off runs: the answer whole, or as events while it comes.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use isolet_domain::access::Scope;
use isolet_domain::ids::RunId;
use isolet_domain::service::runs::{RunCode, StartedRun};
use serde_json::json;

use super::sse;
use crate::answer::{Answer, Rated};
use crate::caller::{Asked, In, Of, needs};
use crate::document::{Answers, Operation, Part};
use crate::failure::Failure;
use crate::frame::framed;
use crate::rate_limit::Rate;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::runs::{CreateRunRequest, RunResponse};

pub async fn create_run(
    State(app): State<AppState>,
    found: In<needs::Run>,
    Asked(id): Asked,
    accept: Accept,
    Json(request): Json<CreateRunRequest>,
) -> Result<Rated<RunAnswer>, Failure> {
    let spec = request.into_spec()?;
    // Rules of a call can open what nobody else has: that takes more than the right to run.
    if spec.egress.is_some() && !found.credential.allows(Scope::EgressWrite) {
        return Err(Failure::Forbidden(Scope::EgressWrite));
    }
    let code = match &spec.code {
        RunCode::Modules(code) => Some(code.clone()),
        RunCode::Version(_) | RunCode::Function(..) | RunCode::Recorded { .. } => None,
    };
    let started = app.platform().runs.start(&found.scope, id, spec).await.map_err(|error| match &code {
        Some(code) => framed(error.into(), code, "/code"),
        None => error.into(),
    })?;
    let standing = app.platform().runs.standing(&found.tenant);
    Ok(Rated { answer: finish(started, accept).await, rate: Rate::Invoke, standing })
}

pub async fn replay_run(
    State(app): State<AppState>,
    found: In<needs::Run>,
    Of(run): Of<RunId>,
    Asked(id): Asked,
    accept: Accept,
) -> Result<Rated<RunAnswer>, Failure> {
    let reads_env = found.credential.allows(Scope::EnvRead);
    let started = app.platform().runs.replay(&found.scope, id, &run, reads_env).await?;
    let standing = app.platform().runs.standing(&found.tenant);
    Ok(Rated { answer: finish(started, accept).await, rate: Rate::Invoke, standing })
}

async fn finish(started: StartedRun, accept: Accept) -> RunAnswer {
    match accept {
        Accept::Events => RunAnswer::Events(sse::stream(started)),
        Accept::Whole => RunAnswer::Whole(Box::new(RunResponse::new(started.finish(None).await, true))),
    }
}

/// In which form the caller wants to hear of a run.
pub enum Accept {
    Whole,
    Events,
}

impl<S: Sync> FromRequestParts<S> for Accept {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let mut accepted = parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let events = accepted.any(|value| value.split(',').any(|part| part.trim().starts_with("text/event-stream")));
        Ok(if events { Self::Events } else { Self::Whole })
    }
}

impl Part for Accept {
    // `Accept` is no parameter in OpenAPI: the answers' media types say the same.
    fn describe(_: &mut Operation<'_>) {}
}

/// The run when it is over, or as events while it comes.
pub enum RunAnswer {
    Whole(Box<RunResponse>),
    Events(Response),
}

impl IntoResponse for RunAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Whole(run) => Answer(*run).into_response(),
            Self::Events(response) => response,
        }
    }
}

impl Answers for RunAnswer {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers::<RunResponse>(200, "The run: whole, or as events where `Accept` asks for them.");
        operation.answers_as(
            200,
            "The run: whole, or as events where `Accept` asks for them.",
            "text/event-stream",
            json!({ "type": "string" }),
        );
    }
}

//! One-off runs: the answer whole, as events while it comes, or later in the record.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use isolet_domain::access::Scope;
use isolet_domain::ids::RunId;
use isolet_domain::service::runs::{ReplayRights, RunCode, StartedRun};
use isolet_domain::tenant::Tenant;
use serde_json::json;

use super::sse;
use crate::answer::{Answer, PREFERENCE_APPLIED, Rated};
use crate::caller::{Asked, In, Of, needs};
use crate::document::{Answers, Operation, Part};
use crate::failure::Failure;
use crate::frame::framed;
use crate::rate_limit::Rate;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::runs::{CreateRunRequest, RunResponse, RunUnderWayResponse};

pub async fn create_run(
    State(app): State<AppState>,
    found: In<needs::Run>,
    Asked { id, trace }: Asked,
    wish: Wish,
    Json(request, room): Json<CreateRunRequest>,
) -> Result<Rated<RunAnswer>, Failure> {
    let spec = request.into_spec()?;
    // Rules of a call can open what nobody else has: that takes more than the right to run.
    if spec.call.egress.is_some() && !found.credential.allows(Scope::EgressWrite) {
        return Err(Failure::Forbidden(Scope::EgressWrite));
    }
    let code = match &spec.code {
        RunCode::Modules(code) => Some(code.clone()),
        RunCode::Version(_) | RunCode::Function(..) | RunCode::Recorded { .. } => None,
    };
    let started = app.platform().runs.start(&found.scope, (id, trace), spec).await.map_err(|error| match &code {
        Some(code) => framed(error.into(), code, "/code"),
        None => error.into(),
    })?;
    // From here on its body counts with what guests have in memory.
    drop(room);
    let standing = app.platform().runs.standing(&found.tenant);
    Ok(Rated { answer: finish(&found.tenant, started, wish).await?, rate: Rate::Invoke, standing })
}

pub async fn replay_run(
    State(app): State<AppState>,
    found: In<needs::Run>,
    Of(run): Of<RunId>,
    Asked { id, trace }: Asked,
    wish: Wish,
) -> Result<Rated<RunAnswer>, Failure> {
    let may = |scope| found.credential.allows(scope);
    let rights = ReplayRights { reads_env: may(Scope::EnvRead), sets_egress: may(Scope::EgressWrite) };
    let started = app.platform().runs.replay(&found.scope, (id, trace), &run, rights).await?;
    let standing = app.platform().runs.standing(&found.tenant);
    Ok(Rated { answer: finish(&found.tenant, started, wish).await?, rate: Rate::Invoke, standing })
}

async fn finish(tenant: &Tenant, started: StartedRun, wish: Wish) -> Result<RunAnswer, Failure> {
    Ok(match wish {
        Wish::Events => RunAnswer::Events(sse::stream(started)),
        // Of what leaves no record nothing could be had later: such a run is waited for.
        Wish::Later if let Some(place) = started.unattended() => {
            let id = started.later(place).await?;
            RunAnswer::Later { at: format!("/v1/tenants/{}/runs/{id}", tenant.slug), run: RunUnderWayResponse::new(id) }
        }
        Wish::Later | Wish::Whole => RunAnswer::Whole(Box::new(RunResponse::new(started.finish(None).await, true))),
    })
}

/// In which form the caller wants to hear of a run.
pub enum Wish {
    Whole,
    Events,
    Later,
}

const PREFER: HeaderName = HeaderName::from_static("prefer");
const RESPOND_ASYNC: &str = "respond-async";

impl<S: Sync> FromRequestParts<S> for Wish {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let has = |name: HeaderName, found: fn(&str) -> bool| listed(&parts.headers, name).any(found);
        Ok(if has(header::ACCEPT, |range| range.starts_with("text/event-stream")) {
            Self::Events
        } else if has(PREFER, |preference| named(preference).eq_ignore_ascii_case(RESPOND_ASYNC)) {
            Self::Later
        } else {
            Self::Whole
        })
    }
}

/// What such a header lists, of all its lines.
fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',').map(str::trim))
}

/// A preference's name, without its value and parameters (RFC 7240 §2).
fn named(preference: &str) -> &str {
    preference.split(['=', ';']).next().unwrap_or_default().trim()
}

impl Part for Wish {
    // `Accept` is no parameter in OpenAPI: the answers' media types say the same.
    fn describe(operation: &mut Operation<'_>) {
        operation.in_header(
            "prefer",
            "`respond-async` for a run that is not waited for (RFC 7240). Without a record, with events, or with as many such runs under way as the record keeps, it is waited for all the same.",
            json!({ "type": "string", "examples": [RESPOND_ASYNC] }),
        );
    }
}

/// The run when it is over, as events while it comes, or where it will be.
pub enum RunAnswer {
    Whole(Box<RunResponse>),
    Events(Response),
    Later { at: String, run: RunUnderWayResponse },
}

impl IntoResponse for RunAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Whole(run) => Answer(*run).into_response(),
            Self::Events(response) => response,
            Self::Later { at, run } => {
                let mut response = (StatusCode::ACCEPTED, Answer(run)).into_response();
                let headers = response.headers_mut();
                headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static(RESPOND_ASYNC));
                headers.extend(HeaderValue::try_from(at).map(|at| (header::LOCATION, at)));
                response
            }
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
        let later = operation.answers::<RunUnderWayResponse>(
            202,
            "It is under way, where `Prefer` asks for that. What comes of it will be at `Location`, until so many newer runs as the record \
             keeps have taken its place there.",
        );
        later.with_header("location");
        later.with_header("preference-applied");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_found_among_others() {
        for (line, asks) in [
            ("respond-async", true),
            ("wait=10, Respond-Async; x=1", true),
            ("return=minimal", false),
            ("respond-asynchronously", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, HeaderValue::from_static(line));
            let found = listed(&headers, PREFER).any(|one| named(one).eq_ignore_ascii_case(RESPOND_ASYNC));
            assert_eq!(found, asks, "{line}");
        }
    }
}

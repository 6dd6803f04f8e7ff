//! Versions looked at: what one changed, and what it is outside of this host.

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use isolet_domain::ids::{FunctionName, VersionId};
use isolet_domain::tenant::TenantStatus;
use serde_json::json;

use crate::answer::Answer;
use crate::caller::{In, Of, PathPart as _, needs};
use crate::catalogue as rows;
use crate::document::named;
use crate::document::{Answers, Operation, Part};
use crate::failure::Failure;
use crate::state::AppState;
use crate::wire::comparison::DiffResponse;

/// The media type of unified text.
const TEXT: &str = "text/x-diff";
const COMPONENT: &str = "application/wasm";

/// As JSON, or as one text for those that accept `text/x-diff` and not JSON.
pub async fn diff_version(
    State(app): State<AppState>,
    found: In<needs::VersionsRead>,
    Of(function): Of<FunctionName>,
    Of(version): Of<VersionId>,
    asked: Asked,
) -> Result<Difference, Failure> {
    let base = asked.base.map(|base| VersionId::parse(&base)).transpose().map_err(|_| Failure::Missing("version"))?;
    let versions = &app.platform().versions;
    let (base, diff) = versions.diff(&found.scope, &function, &version, base.as_ref()).await?;
    Ok(if asked.as_text {
        Difference::Text(diff.unified())
    } else {
        Difference::Whole(Box::new(DiffResponse::new(&version, base.as_ref(), diff)))
    })
}

pub async fn get_component(
    State(app): State<AppState>,
    found: In<needs::VersionsRead>,
    Of(function): Of<FunctionName>,
    Of(version): Of<VersionId>,
) -> Result<Component, Failure> {
    // It is built from the code, which runs its top level.
    if found.tenant.status == TenantStatus::Suspended {
        return Err(Failure::Suspended);
    }
    let bytes = app.platform().versions.component(&found.scope, &function, &version).await?;
    // Slugs and ids need no quoting.
    Ok(Component { name: format!("{function}-{version}.wasm"), bytes })
}

/// What to compare with, and how to say it.
pub struct Asked {
    base: Option<String>,
    as_text: bool,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let base = named(&parts.uri)?.remove("base");
        let accepted = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        Ok(Self { base, as_text: accepted.contains(TEXT) && !accepted.contains("json") })
    }
}

impl Part for Asked {
    fn describe(operation: &mut Operation<'_>) {
        let base = "What to compare with; without it the version before, by number.";
        operation.in_query("base", false, base, json!({ "type": "string", "pattern": VersionId::PATTERN }));
        operation.fails(&[rows::MALFORMED]);
    }
}

/// What a version changed.
pub enum Difference {
    Whole(Box<DiffResponse>),
    Text(String),
}

impl IntoResponse for Difference {
    fn into_response(self) -> Response {
        match self {
            Self::Whole(answer) => Answer(*answer).into_response(),
            Self::Text(text) => ([(header::CONTENT_TYPE, format!("{TEXT}; charset=utf-8"))], text).into_response(),
        }
    }
}

impl Answers for Difference {
    fn describe(operation: &mut Operation<'_>) {
        Answer::<DiffResponse>::describe(operation);
        operation.answers_as(200, "What changed.", TEXT, json!({ "type": "string" }));
    }
}

/// A component as a file.
pub struct Component {
    name: String,
    bytes: Vec<u8>,
}

impl IntoResponse for Component {
    fn into_response(self) -> Response {
        let file = format!("attachment; filename=\"{}\"", self.name);
        let headers = [(header::CONTENT_TYPE, COMPONENT.to_owned()), (header::CONTENT_DISPOSITION, file)];
        (headers, self.bytes).into_response()
    }
}

impl Answers for Component {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_as(200, "The component.", COMPONENT, json!({}));
    }
}

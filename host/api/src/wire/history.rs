//! Recorded runs and prompts on the wire.

use isolet_domain::code::Code;
use isolet_domain::run::{RecordedRequest, Run};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::code::CodeResponse;
use super::ms;
use super::runs::{BodyResponse, ResultResponse};
use crate::answer::ResponseBody;
use crate::strict_json::RequestBody;
use crate::wire::words::{OutcomeWord, Time};

/// A run with everything that is kept of it.
#[derive(JsonSchema, Serialize)]
pub struct RecordedRunResponse {
    id: String,
    prompt: Option<String>,
    #[schemars(with = "Time")]
    created_at: String,
    starred: bool,
    request: Option<RequestResponse>,
    code: Option<CodeResponse>,
    /// Values are never kept.
    env_names: Vec<String>,
    #[serde(flatten)]
    result: Option<ResultResponse>,
}

#[derive(JsonSchema, Serialize)]
struct RequestResponse {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<BodyResponse>,
    truncated: bool,
}

impl RecordedRunResponse {
    pub fn new(run: Run, code: Option<Code>) -> Self {
        let result = run.result.as_ref();
        Self {
            id: run.id.to_string(),
            prompt: run.prompt,
            created_at: run.created_at.to_string(),
            starred: run.starred,
            request: result.map(|result| RequestResponse::from(&result.request)),
            code: code.map(CodeResponse),
            env_names: result.map(|result| result.env_names.clone()).unwrap_or_default(),
            result: run.result.map(|result| ResultResponse::new(result, true)),
        }
    }
}

impl From<&RecordedRequest> for RequestResponse {
    fn from(request: &RecordedRequest) -> Self {
        let body = (!request.body.is_empty()).then(|| BodyResponse::new(&request.body, request.body_truncated));
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            headers: request.headers.clone(),
            body,
            truncated: request.body_truncated,
        }
    }
}

/// One line of a history.
#[derive(JsonSchema, Serialize)]
pub struct EntryResponse {
    id: String,
    prompt: Option<String>,
    #[schemars(with = "Time")]
    created_at: String,
    starred: bool,
    #[schemars(with = "Option<OutcomeWord>")]
    outcome: Option<&'static str>,
    status: Option<u16>,
    total_ms: Option<f64>,
    version: Option<String>,
    method: Option<String>,
    path: Option<String>,
}

impl From<Run> for EntryResponse {
    fn from(run: Run) -> Self {
        let result = run.result.as_ref();
        Self {
            id: run.id.to_string(),
            created_at: run.created_at.to_string(),
            starred: run.starred,
            outcome: result.map(|result| result.outcome.as_str()),
            status: result.and_then(|result| result.response.as_ref()).map(|response| response.status),
            total_ms: result.map(|result| ms(result.timing.total + result.build + result.compile)),
            version: result.map(|result| result.version.to_string()),
            method: result.map(|result| result.request.method.clone()),
            path: result.map(|result| result.request.path.clone()),
            prompt: run.prompt,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SavePromptRequest {
    pub prompt: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StarRequest {
    pub starred: bool,
}

impl RequestBody for SavePromptRequest {}
impl RequestBody for StarRequest {}

impl ResponseBody for RecordedRunResponse {}
impl ResponseBody for EntryResponse {
    fn subject(&self) -> Option<String> {
        Some(self.id.clone())
    }
}

//! The record of a run, and of a prompt saved without one. Running it is a use case.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::egress::{Action, EgressPolicy};
use crate::execute::{GuestError, LogLine, Subrequest, Timing, Usage};
use crate::ids::{Digest, FunctionName, RunId, VersionId};
use crate::limits::Limits;
use crate::outcome::Outcome;

/// One entry of a tenant's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub id: RunId,
    pub created_at: Timestamp,
    /// Starred entries are kept beyond the newest ones and survive clearing.
    pub starred: bool,
    pub prompt: Option<String>,
    /// What came of it; `None` for a prompt that was saved and not run, and, without a prompt, for a run that is under way.
    pub result: Option<RunResult>,
}

/// Everything the answer to `POST …/runs` says.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    pub outcome: Outcome,
    pub version: VersionId,
    /// The blob that holds the module map that ran.
    pub code: Digest,
    /// The function whose version it was; `None` for code that came with the run, and in records from before this was kept.
    pub function: Option<FunctionName>,
    pub request: RecordedRequest,
    /// What narrowed it; `None` in records from before this was kept.
    pub call: Option<CallOptions>,
    /// Names of the variables it ran with. Values are never kept.
    pub env_names: Vec<String>,
    pub response: Option<RecordedResponse>,
    pub error: Option<GuestError>,
    pub logs: Vec<LogLine>,
    pub logs_truncated: bool,
    pub subrequests: Vec<Subrequest>,
    pub cached: bool,
    pub cold: bool,
    pub build: Duration,
    pub compile: Duration,
    /// Of TypeScript and JSX to JavaScript; nothing for plain JavaScript.
    pub front_end: Duration,
    pub startup_cpu: Duration,
    pub timing: Timing,
    pub usage: Usage,
    pub warnings: Vec<String>,
}

/// What a call says of how it runs, beside its code, its request and its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOptions {
    /// What it may send, within what its tenant and function may. Secrets are in it by their names alone.
    pub egress: Option<Arc<EgressPolicy>>,
    /// Tightens those of tenant and function.
    pub limits: Limits,
    pub entrypoint: Option<String>,
}

impl CallOptions {
    /// Of a call that says nothing.
    pub const fn none() -> Self {
        Self { egress: None, limits: Limits::MAX, entrypoint: None }
    }

    /// The same, but nothing is sent, whatever tenant and function may.
    #[must_use]
    pub fn without_egress(self) -> Self {
        Self { egress: Some(Arc::default()), ..self }
    }

    /// Whether any of its rules lets something out.
    pub fn allows_egress(&self) -> bool {
        self.egress.iter().flat_map(|policy| &policy.rules).any(|rule| rule.action == Action::Allow)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// The first bytes of the body, at most [`KEPT_BODY_BYTES`].
    pub body: Vec<u8>,
    pub body_truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The first bytes of the body, at most [`KEPT_BODY_BYTES`].
    pub body: Vec<u8>,
    pub truncated: bool,
}

/// Bytes of a request's or response's body that a record keeps.
pub const KEPT_BODY_BYTES: usize = 256 << 10;

//! The problem document (RFC 9457) of a failure. Which status and code it gets is `failure`'s table.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, header};
use isolet_domain::code::InvalidCode;
use isolet_domain::execute::{BuildError, Diagnostic, GuestError, Position};
use isolet_domain::ids::RequestId;
use isolet_domain::service::environment::EnvironmentError;
use isolet_domain::service::invoker::InvokeError;
use isolet_domain::service::keys::KeyError;
use isolet_domain::service::routes::RouteError;
use isolet_domain::service::runs::{InvalidRequest, RunError};
use isolet_domain::service::tenants::TenantError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::failure::{Failure, FieldFault, Mark};

pub const REQUEST_ID: HeaderName = HeaderName::from_static("isolet-request-id");
pub const OUTCOME: HeaderName = HeaderName::from_static("isolet-outcome");

/// The document itself.
#[derive(JsonSchema, Serialize)]
pub struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    instance: &'a str,
    code: &'a str,
    request_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// The page about the code.
    docs: String,
}

#[derive(Default, JsonSchema, Serialize)]
struct Fault {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    code: String,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    /// Characters from the column on.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame: Option<String>,
}

impl Fault {
    fn field(pointer: impl Into<String>, code: &str, detail: String) -> Self {
        Self { pointer: Some(pointer.into()), code: code.to_owned(), detail, ..Self::default() }
    }
}

/// Who reads the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Holds a credential for what failed: may see the guest's own words.
    Caller,
    /// Anybody.
    Public,
}

/// Writes the answer. Our own faults go to the log here, once, and not to the reader.
pub fn answer(failure: &Failure, request: &RequestId, path: &str, public_url: &str, reader: Reader) -> Response<Bytes> {
    let row = failure.row();
    let is_ours = row.code == "internal" || row.code == "store_unavailable";
    if is_ours {
        tracing::error!(request.id = %request, error = chain(failure), "a request failed");
    }
    let retry_after = failure.retry_after();
    let page = format!("{public_url}/problems/{}", row.code);
    let problem = Problem {
        r#type: page.clone(),
        title: row.title,
        status: row.status.as_u16(),
        detail: if is_ours { ours(row.code) } else { detail(failure, reader) },
        instance: path,
        code: row.code,
        request_id: request.to_string(),
        errors: if reader == Reader::Caller { faults(failure) } else { Vec::new() },
        retry_after_ms: retry_after.map(milliseconds),
        docs: page,
    };
    let bytes = serde_json::to_vec(&problem).expect("a problem document has string keys and plain values");
    let mut response = Response::new(Bytes::from(bytes));
    *response.status_mut() = row.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if row.status == http::StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(wait) = retry_after {
        if let Some(exceeded) = failure.exceeded() {
            exceeded.tell(headers);
        }
        headers.insert(header::RETRY_AFTER, HeaderValue::from(milliseconds(wait).div_ceil(1_000)));
    }
    response
}

/// Rounded up, as are the seconds of `Retry-After` (RFC 9110 §10.2.3 knows no smaller unit): a wait is never told as none.
fn milliseconds(wait: Duration) -> u64 {
    wait.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(u64::MAX)
}

fn ours(code: &str) -> String {
    match code {
        "store_unavailable" => "the store is not available; nothing was changed".to_owned(),
        _ => "something went wrong inside the host; its log has more under this request id".to_owned(),
    }
}

fn chain(failure: &Failure) -> String {
    let mut text = failure.to_string();
    let mut source = std::error::Error::source(failure);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn detail(failure: &Failure, reader: Reader) -> String {
    match failure {
        Failure::Invoke(InvokeError::Guest(report)) if reader == Reader::Caller => {
            report.error.as_ref().map_or_else(|| failure.row().title.to_owned(), |error| error.message.clone())
        }
        Failure::Invoke(InvokeError::Guest(_) | InvokeError::Build(_)) => failure.row().title.to_owned(),
        other => other.to_string(),
    }
}

fn faults(failure: &Failure) -> Vec<Fault> {
    match failure {
        Failure::Malformed { detail, pointer: Some(pointer) } => {
            vec![Fault::field(pointer, "malformed", detail.clone())]
        }
        Failure::Invalid(faults) => faults
            .iter()
            .map(|FieldFault { pointer, code, detail }| Fault::field(pointer, code, detail.clone()))
            .collect(),
        Failure::Code(error) => {
            let pointer = match error.module() {
                _ if let InvalidCode::ImportMap { key, .. } = error => {
                    format!("/options/import_map/{}", escape(key))
                }
                Some(_) if error.is_main() => "/main_module".to_owned(),
                Some(module) => format!("/modules/{}", escape(module)),
                None => "/modules".to_owned(),
            };
            vec![Fault::field(pointer, "code", error.to_string())]
        }
        Failure::Tenant(TenantError::UnknownPlan(_)) => vec![Fault::field("/plan", "plan", failure.to_string())],
        Failure::Key(KeyError::NotForTenants(_) | KeyError::NotForAll(_)) => {
            vec![Fault::field("/preset", "preset", failure.to_string())]
        }
        Failure::Key(KeyError::Outlives | KeyError::Past) => {
            vec![Fault::field("/expires_at", "time", failure.to_string())]
        }
        Failure::Key(KeyError::NotOfPreset(_)) => vec![Fault::field("/scopes", "preset", failure.to_string())],
        Failure::Route(RouteError::HostNotAssigned(_)) => vec![Fault::field("/host", "host", failure.to_string())],
        Failure::Route(RouteError::UnknownFunction(_)) => {
            vec![Fault::field("/function", "name", failure.to_string())]
        }
        Failure::Environment(EnvironmentError::TooLarge) => {
            vec![Fault::field("/value", "size", failure.to_string())]
        }
        Failure::Run(RunError::Request(error)) => vec![request_fault(error)],
        Failure::Invoke(InvokeError::Guest(report)) => {
            report.error.iter().map(|error| guest_fault(report.outcome.as_str(), error)).collect()
        }
        Failure::Framed { build, marks } => built(build, marks),
        other => built(other, &[]),
    }
}

/// One fault for each error that is known, with the mark of the same number.
fn built(failure: &Failure, marks: &[Mark]) -> Vec<Fault> {
    let Some(BuildError::Code { outcome, error }) = failure.build() else { return Vec::new() };
    let faults: Vec<Fault> = match error.errors().collect::<Vec<_>>() {
        errors if errors.is_empty() => vec![guest_fault(outcome.as_str(), error)],
        errors => errors.into_iter().map(|diagnostic| code_fault(outcome.as_str(), diagnostic)).collect(),
    };
    let mut marks = marks.iter().cloned();
    let marked = faults.into_iter().map(|fault| {
        let Mark { pointer, frame } = marks.next().unwrap_or_default();
        Fault { pointer, frame, ..fault }
    });
    marked.collect()
}

fn code_fault(outcome: &str, diagnostic: &Diagnostic) -> Fault {
    let placed = place(diagnostic.position.as_ref());
    Fault {
        code: diagnostic.code.clone().unwrap_or_else(|| outcome.to_owned()),
        detail: diagnostic.message.clone(),
        length: Some(diagnostic.length).filter(|length| *length > 0),
        help: diagnostic.help.clone(),
        ..placed
    }
}

fn place(position: Option<&Position>) -> Fault {
    Fault {
        file: position.map(|position| position.file.clone()),
        line: position.map(|position| position.line).filter(|line| *line > 0),
        column: position.map(|position| position.column).filter(|column| *column > 0),
        ..Fault::default()
    }
}

fn guest_fault(code: &str, error: &GuestError) -> Fault {
    Fault { code: code.to_owned(), detail: error.message.clone(), ..place(error.position.as_ref()) }
}

fn request_fault(error: &InvalidRequest) -> Fault {
    let pointer = match error {
        InvalidRequest::Method => "/request/method".to_owned(),
        InvalidRequest::Path => "/request/path".to_owned(),
        InvalidRequest::Header { index } => format!("/request/headers/{index}"),
        InvalidRequest::TooManyHeaders => "/request/headers".to_owned(),
    };
    Fault::field(pointer, "request", error.to_string())
}

/// One reference token of a JSON pointer (RFC 6901 §3).
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_told_as_none() {
        for (wait, told) in [(1, 1), (1_000_000, 1), (1_000_001, 2), (2_500_000_000, 2_500)] {
            assert_eq!(milliseconds(Duration::from_nanos(wait)), told);
        }
    }

    #[test]
    fn pointers_escape_their_tokens() {
        assert_eq!(escape("a/b~c"), "a~1b~0c");
    }
}

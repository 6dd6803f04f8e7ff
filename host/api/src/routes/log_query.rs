//! Which records of a log are meant, and whether they are wanted at once or as they come.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use http::HeaderName;
use http::header;
use http::request::Parts;
use isolet_domain::execute::LogLevel;
use isolet_domain::ids::{FunctionName, RequestId, VersionId};
use isolet_domain::log::{LogFilter, LogPosition};
use isolet_domain::outcome::Outcome;
use isolet_domain::trace::TraceId;
use jiff::Timestamp;
use serde_json::json;

use crate::caller::PathPart;
use crate::catalogue as rows;
use crate::cursor::ListQuery;
use crate::document::named;
use crate::document::{Operation, Part};
use crate::failure::Failure;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Characters of `query`.
const MAX_QUERY: usize = 200;

/// How records that come are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Server-sent events.
    Events,
    /// A line of JSON for each.
    Lines,
}

pub enum LogQuery {
    Page { filter: Box<LogFilter>, list: ListQuery },
    Tail { filter: Box<LogFilter>, after: Option<LogPosition>, stream: Stream },
}

impl<S: Sync> FromRequestParts<S> for LogQuery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let mut named = named(&parts.uri)?;
        let (limit, cursor) = (named.remove("limit"), named.remove("cursor"));
        let filter = Box::new(filter(named)?);
        let Some(stream) = wanted(parts) else {
            let list = ListQuery::of(limit.as_deref(), cursor)?;
            return Ok(Self::Page { filter, list });
        };
        if filter.end.is_some() || limit.is_some() || cursor.is_some() {
            return Err(bad("what is followed as it comes has no `end`, `limit` or `cursor`".to_owned()));
        }
        let after = parts.headers.get(LAST_EVENT_ID).map(|id| id.to_str().ok().and_then(LogPosition::parse));
        let after = after.map(|id| id.ok_or_else(|| bad("`Last-Event-ID` is not the id of a record".to_owned())));
        Ok(Self::Tail { filter, after: after.transpose()?, stream })
    }
}

fn wanted(parts: &Parts) -> Option<Stream> {
    let mut accepted = parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.find_map(|value| {
        value.split(',').find_map(|part| match part.split(';').next().unwrap_or_default().trim() {
            "text/event-stream" => Some(Stream::Events),
            "application/x-ndjson" => Some(Stream::Lines),
            _ => None,
        })
    })
}

fn filter(named: BTreeMap<String, String>) -> Result<LogFilter, Failure> {
    let mut filter = LogFilter::default();
    for (name, value) in named {
        let wrong = |what: &str| bad(format!("`{name}` must be {what}"));
        let time = || value.parse::<Timestamp>().map_err(|_| wrong("a time as in RFC 3339"));
        match name.as_str() {
            "start" => filter.start = Some(time()?),
            "end" => filter.end = Some(time()?),
            "level" => filter.level = Some(LogLevel::parse(&value).ok_or_else(|| wrong("a console's level"))?),
            "function" => {
                let function = FunctionName::parse(&value).map_err(|_| wrong("a function's name"))?;
                filter.function = Some(function);
            }
            "version" => filter.version = Some(VersionId::parse(&value).map_err(|_| wrong("a version's id"))?),
            "request_id" => filter.request = Some(RequestId::parse(&value).map_err(|_| wrong("a request's id"))?),
            "trace_id" => filter.trace = Some(TraceId::parse(&value).ok_or_else(|| wrong("a trace's id"))?),
            "outcome" => filter.outcome = Some(Outcome::parse(&value).ok_or_else(|| wrong("an outcome"))?),
            "query" if (1..=MAX_QUERY).contains(&value.chars().count()) => filter.query = Some(value),
            "query" => return Err(wrong("1 to 200 characters")),
            // Nothing else is declared.
            _ => {}
        }
    }
    Ok(filter)
}

fn bad(detail: String) -> Failure {
    Failure::Malformed { detail, pointer: None }
}

impl Part for LogQuery {
    fn describe(operation: &mut Operation<'_>) {
        ListQuery::describe(operation);
        let time = || json!({ "type": "string", "format": "date-time" });
        let levels = LogLevel::ALL.map(LogLevel::as_str);
        let outcomes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
        let text = json!({ "type": "string", "minLength": 1, "maxLength": MAX_QUERY });
        for (name, description, schema) in [
            ("start", "Requests that came then or later.", time()),
            ("end", "Requests that came before then.", time()),
            (
                "level",
                "Records with a line at least as bad; one that did not end well is an error.",
                json!({ "type": "string", "enum": levels }),
            ),
            ("function", "Those of this function.", json!({ "type": "string", "maxLength": 30 })),
            ("version", "Those of this version.", json!({ "type": "string", "pattern": VersionId::PATTERN })),
            ("request_id", "That of this request.", json!({ "type": "string", "pattern": "^req_[0-9a-f]{32}$" })),
            ("trace_id", "Those of this trace.", json!({ "type": "string", "pattern": TraceId::PATTERN })),
            ("outcome", "Those that ended so.", json!({ "type": "string", "enum": outcomes })),
            ("query", "Those with this text in the path, the error or a line.", text),
        ] {
            operation.in_query(name, false, description, schema);
        }
        let last = "Where a stream of records goes on: after the one with this id.";
        operation.in_header(LAST_EVENT_ID.as_str(), last, json!({ "type": "string", "pattern": "^[0-9]{1,19}$" }));
        operation.fails(&[rows::MALFORMED]);
    }
}

//! Log records on the wire.

use isolet_domain::log::{LogError, LogPosition, LogRecord};
use schemars::JsonSchema;
use serde::Serialize;

use super::ms;
use super::runs::LogResponse;
use super::words::{OutcomeWord, Time, ViaWord};
use crate::answer::ResponseBody;

/// One request and what the code said while it was answered.
#[derive(JsonSchema, Serialize)]
pub struct LogRecordResponse {
    /// Its place in the log: for `Last-Event-ID`.
    id: String,
    /// When the request came.
    #[schemars(with = "Time")]
    time: String,
    #[schemars(with = "ViaWord")]
    source: &'static str,
    /// Null for code that came with a run.
    function: Option<String>,
    alias: Option<String>,
    version: String,
    version_number: Option<u64>,
    request_id: String,
    /// Of the `traceparent` that came with the request.
    trace_id: Option<String>,
    run_id: Option<String>,
    #[schemars(with = "OutcomeWord")]
    outcome: &'static str,
    /// The code's own; null where it gave no response.
    status: Option<u16>,
    method: String,
    /// Without the query.
    path: String,
    duration_ms: f64,
    cpu_ms: f64,
    memory_peak_bytes: u64,
    /// Whether the code had to be made ready first.
    cold: bool,
    error: Option<LogErrorResponse>,
    lines: Vec<LogResponse>,
    lines_truncated: bool,
}

#[derive(JsonSchema, Serialize)]
struct LogErrorResponse {
    message: String,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

impl LogRecordResponse {
    pub fn new(position: LogPosition, record: LogRecord) -> Self {
        let origin = &record.origin;
        Self {
            id: position.to_string(),
            time: record.at.to_string(),
            source: record.via.as_str(),
            function: origin.function.as_ref().map(ToString::to_string),
            alias: origin.alias.as_ref().map(ToString::to_string),
            version: origin.version.to_string(),
            version_number: origin.number,
            request_id: record.request.to_string(),
            trace_id: record.trace.map(|trace| trace.to_string()),
            run_id: record.run.map(|run| run.to_string()),
            outcome: record.outcome.as_str(),
            status: record.status,
            method: record.method,
            path: record.path,
            duration_ms: ms(record.duration),
            cpu_ms: ms(record.cpu),
            memory_peak_bytes: record.memory_peak_bytes,
            cold: record.cold,
            error: record.error.map(LogErrorResponse::from),
            lines: record.lines.into_iter().map(LogResponse::from).collect(),
            lines_truncated: record.lines_truncated,
        }
    }
}

impl From<LogError> for LogErrorResponse {
    fn from(error: LogError) -> Self {
        let place = error.position.map(|place| (place.file, place.line, place.column));
        let (file, line, column) =
            place.map_or((None, None, None), |(file, line, column)| (Some(file), Some(line), Some(column)));
        Self { message: error.message, file, line, column: column.filter(|column| *column > 0) }
    }
}

impl ResponseBody for LogRecordResponse {}

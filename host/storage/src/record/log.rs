//! The written form of a batch of log records. A busy tenant has many of them, so names are short and what is usual is left out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use isolet_domain::execute::{LogLevel, LogLine, Position};
use isolet_domain::ids::{AliasName, FunctionName, RequestId, RunId, VersionId};
use isolet_domain::log::{BatchId, LogBatch, LogError, LogRecord, Origin, Via};
use isolet_domain::outcome::Outcome;
use isolet_domain::trace::TraceId;
use serde::{Deserialize, Serialize};

use super::envelope::{Record, parse, parse_time};

#[derive(Serialize, Deserialize)]
pub(crate) struct LogBatchRecord {
    id: String,
    #[serde(default)]
    dropped: u64,
    /// What ran, each once.
    origins: Vec<OriginRecord>,
    records: Vec<EntryRecord>,
}

#[derive(Serialize, Deserialize)]
struct OriginRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct EntryRecord {
    at: String,
    via: String,
    /// Which of the batch's origins.
    of: usize,
    request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    method: String,
    path: String,
    us: u64,
    cpu_us: u64,
    memory: u64,
    #[serde(default, skip_serializing_if = "is_false")]
    cold: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<TextRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineRecord>,
    #[serde(default, skip_serializing_if = "is_false")]
    cut: bool,
}

#[derive(Serialize, Deserialize)]
struct LineRecord {
    t: u64,
    level: String,
    #[serde(flatten)]
    text: TextRecord,
}

#[derive(Serialize, Deserialize)]
struct TextRecord {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<(String, u32, u32)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_false(value: &bool) -> bool {
    !value
}

fn hex(bytes: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*bytes))
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Record for LogBatchRecord {
    type Domain = LogBatch;

    fn of(batch: &LogBatch) -> Self {
        let mut known: HashMap<*const Origin, usize> = HashMap::new();
        let mut origins = Vec::new();
        let records = batch.records.iter().map(|record| {
            let of = *known.entry(Arc::as_ptr(&record.origin)).or_insert_with(|| {
                origins.push(OriginRecord::of(&record.origin));
                origins.len() - 1
            });
            EntryRecord::of(record, of)
        });
        let records = records.collect();
        Self { id: hex(&batch.id.0), dropped: batch.dropped, origins, records }
    }

    fn into_domain(self) -> Result<LogBatch, String> {
        let origins: Vec<Arc<Origin>> =
            self.origins.into_iter().map(|origin| origin.into_domain().map(Arc::new)).collect::<Result<_, _>>()?;
        let records = self.records.into_iter().map(|entry| entry.into_domain(&origins));
        let id = parse("id", &self.id, |text| u128::from_str_radix(text, 16))?;
        let id = BatchId(id.to_be_bytes());
        Ok(LogBatch { id, records: records.collect::<Result<_, _>>()?, dropped: self.dropped })
    }
}

impl OriginRecord {
    fn of(origin: &Origin) -> Self {
        Self {
            function: origin.function.as_ref().map(ToString::to_string),
            alias: origin.alias.as_ref().map(ToString::to_string),
            version: origin.version.to_string(),
            number: origin.number,
        }
    }

    fn into_domain(self) -> Result<Origin, String> {
        let function = self.function.as_deref().map(|text| parse("function", text, FunctionName::parse));
        let alias = self.alias.as_deref().map(|text| parse("alias", text, AliasName::parse));
        Ok(Origin {
            function: function.transpose()?,
            alias: alias.transpose()?,
            version: parse("version", &self.version, VersionId::parse)?,
            number: self.number,
        })
    }
}

impl EntryRecord {
    fn of(record: &LogRecord, of: usize) -> Self {
        Self {
            at: record.at.to_string(),
            via: record.via.as_str().to_owned(),
            of,
            request: record.request.to_string(),
            trace: record.trace.map(|trace| trace.to_string()),
            run: record.run.map(|run| run.to_string()),
            outcome: record.outcome.as_str().to_owned(),
            status: record.status,
            method: record.method.clone(),
            path: record.path.clone(),
            us: us(record.duration),
            cpu_us: us(record.cpu),
            memory: record.memory_peak_bytes,
            cold: record.cold,
            error: record.error.as_ref().map(|error| TextRecord::of(&error.message, error.position.as_ref())),
            lines: record.lines.iter().map(LineRecord::of).collect(),
            cut: record.lines_truncated,
        }
    }

    fn into_domain(self, origins: &[Arc<Origin>]) -> Result<LogRecord, String> {
        let word = |name: &str, text: &str| format!("`{name}`: there is no {text:?}");
        let run = self.run.as_deref().map(|text| parse("run", text, RunId::parse));
        Ok(LogRecord {
            at: parse_time("at", &self.at)?,
            via: Via::parse(&self.via).ok_or_else(|| word("via", &self.via))?,
            origin: origins.get(self.of).ok_or("`of`: there is no such origin")?.clone(),
            request: parse("request", &self.request, RequestId::parse)?,
            trace: self.trace.map(|text| TraceId::parse(&text).ok_or_else(|| word("trace", &text))).transpose()?,
            run: run.transpose()?,
            outcome: Outcome::parse(&self.outcome).ok_or_else(|| word("outcome", &self.outcome))?,
            status: self.status,
            method: self.method,
            path: self.path,
            duration: Duration::from_micros(self.us),
            cpu: Duration::from_micros(self.cpu_us),
            memory_peak_bytes: self.memory,
            cold: self.cold,
            error: self.error.map(|error| {
                let (message, position) = error.into_parts();
                LogError { message, position }
            }),
            lines: self.lines.into_iter().map(LineRecord::into_domain).collect::<Result<_, _>>()?,
            lines_truncated: self.cut,
        })
    }
}

impl LineRecord {
    fn of(line: &LogLine) -> Self {
        let text = TextRecord::of(&line.message, line.position.as_ref());
        Self { t: line.t_ms, level: line.level.as_str().to_owned(), text }
    }

    fn into_domain(self) -> Result<LogLine, String> {
        let level = LogLevel::parse(&self.level).ok_or_else(|| format!("`level`: there is no {:?}", self.level))?;
        let (message, position) = self.text.into_parts();
        Ok(LogLine { t_ms: self.t, level, message, position })
    }
}

impl TextRecord {
    fn of(text: &str, position: Option<&Position>) -> Self {
        let place = position.map(|position| (position.file.clone(), position.line, position.column));
        Self { text: text.to_owned(), place }
    }

    fn into_parts(self) -> (String, Option<Position>) {
        (self.text, self.place.map(|(file, line, column)| Position { file, line, column }))
    }
}

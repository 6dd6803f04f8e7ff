//! A tenant's log: one record for each request that found a version, its place among the others, and what is looked for in it. How
//! records are gathered and kept is in `service::logs`; the guest's own lines come from `execute`.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::bounds::FunctionPattern;
use crate::execute::{LogLevel, LogLine, Position};
use crate::ids::{AliasName, FunctionName, RequestId, RunId, VersionId};
use crate::outcome::Outcome;
use crate::trace::TraceId;

/// Bytes of a path that a record keeps.
pub const KEPT_PATH_BYTES: usize = 2_048;
/// Bytes of an error's message that a record keeps.
pub const KEPT_ERROR_BYTES: usize = 8_192;

/// Which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Ingress,
    /// The invoke route of the API.
    Invoke,
    /// The runs resource.
    Run,
}

impl Via {
    pub const ALL: [Self; 3] = [Self::Ingress, Self::Invoke, Self::Run];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Invoke => "invoke",
            Self::Run => "run",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|via| via.as_str() == raw)
    }
}

/// What ran: the same for all requests of one version behind one alias, so they share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `None`: code that came with a run.
    pub function: Option<FunctionName>,
    pub alias: Option<AliasName>,
    pub version: VersionId,
    /// The version's number within its function, where it is known.
    pub number: Option<u64>,
}

/// One invocation or run.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRecord {
    /// When the request came.
    pub at: Timestamp,
    pub via: Via,
    pub origin: Arc<Origin>,
    pub request: RequestId,
    /// What its caller had it be part of.
    pub trace: Option<TraceId>,
    pub run: Option<RunId>,
    pub outcome: Outcome,
    /// The guest's own; `None` where it gave none.
    pub status: Option<u16>,
    pub method: String,
    /// Without the query: that is where people put secrets.
    pub path: String,
    /// From the request's arrival to the end of the instance.
    pub duration: Duration,
    pub cpu: Duration,
    pub memory_peak_bytes: u64,
    /// Whether its code had to be made ready first.
    pub cold: bool,
    pub error: Option<LogError>,
    pub lines: Vec<LogLine>,
    /// Whether the guest said more than `log_bytes`.
    pub lines_truncated: bool,
}

/// What went wrong, in the words of the tenant's code or the host's about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogError {
    pub message: String,
    pub position: Option<Position>,
}

impl LogRecord {
    /// About what it takes in memory and in the store.
    pub fn weight(&self) -> usize {
        // The fields that every record has, as they are written.
        const FIXED: usize = 360;
        let of = |position: &Option<Position>| position.as_ref().map_or(0, |position| position.file.len() + 32);
        let lines: usize = self.lines.iter().map(|line| line.message.len() + 48 + of(&line.position)).sum();
        let error = self.error.as_ref().map_or(0, |error| error.message.len() + of(&error.position));
        FIXED + self.path.len() + lines + error
    }

    /// The worst of it: its lines' levels, and an error where it did not end well.
    pub fn level(&self) -> LogLevel {
        if self.outcome != Outcome::Ok {
            return LogLevel::Error;
        }
        let worst = self.lines.iter().map(|line| line.level).max_by_key(|level| rank(*level));
        worst.unwrap_or(LogLevel::Info)
    }

    /// Whether there is more to it than that a request was answered, or turned away at the door.
    pub fn says_something(&self) -> bool {
        let turned_away = matches!(self.outcome, Outcome::RateLimited | Outcome::Overloaded | Outcome::Suspended);
        !self.lines.is_empty() || !(self.outcome == Outcome::Ok || turned_away)
    }
}

/// How bad a level is; `log` is as good as `info`.
fn rank(level: LogLevel) -> u8 {
    match level {
        LogLevel::Trace => 0,
        LogLevel::Debug => 1,
        LogLevel::Log | LogLevel::Info => 2,
        LogLevel::Warn => 3,
        LogLevel::Error => 4,
    }
}

/// A record's place in its tenant's log: it grows with each record that the store takes, whichever host sent it, and starts at the
/// store's clock in microseconds, so that a log begun anew goes on above the old one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition(pub u64);

impl LogPosition {
    pub fn parse(raw: &str) -> Option<Self> {
        let plain = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit());
        raw.parse().ok().filter(|_| plain).map(Self)
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Names a batch, so that one that is sent twice counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchId(pub [u8; 16]);

/// Records of one tenant that go into the store together.
#[derive(Clone, Debug, PartialEq)]
pub struct LogBatch {
    pub id: BatchId,
    pub records: Vec<LogRecord>,
    /// How many more there were since the batch before.
    pub dropped: u64,
}

/// A batch as it lies in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredLogs {
    /// Of its first record; the others follow it.
    pub first: LogPosition,
    pub stored_at: Timestamp,
    pub batch: LogBatch,
}

impl StoredLogs {
    /// The position of its last record.
    pub fn last(&self) -> LogPosition {
        LogPosition((self.first.0 + self.batch.records.len() as u64).saturating_sub(1))
    }
}

/// How much of a tenant's log is kept: the oldest go where any of these is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogKeep {
    pub bytes: u64,
    pub records: u64,
    pub age: Duration,
}

/// What is looked for. All of it has to be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// From then on.
    pub start: Option<Timestamp>,
    /// Before then.
    pub end: Option<Timestamp>,
    /// At least as bad.
    pub level: Option<LogLevel>,
    pub function: Option<FunctionName>,
    /// Of these functions alone; what runs of code said is none's.
    pub within: Option<BTreeSet<FunctionPattern>>,
    pub version: Option<VersionId>,
    pub request: Option<RequestId>,
    pub trace: Option<TraceId>,
    pub outcome: Option<Outcome>,
    /// Stands in the path, in the error or in a line, as it is written here.
    pub query: Option<String>,
}

impl LogFilter {
    pub fn has(&self, record: &LogRecord) -> bool {
        let origin = &record.origin;
        self.start.is_none_or(|start| record.at >= start)
            && self.end.is_none_or(|end| record.at < end)
            && self.level.is_none_or(|level| rank(record.level()) >= rank(level))
            && self.function.as_ref().is_none_or(|name| origin.function.as_ref() == Some(name))
            && self.within.as_ref().is_none_or(|within| {
                origin.function.as_ref().is_some_and(|name| within.iter().any(|pattern| pattern.has(name)))
            })
            && self.version.as_ref().is_none_or(|version| origin.version == *version)
            && self.request.is_none_or(|request| record.request == request)
            && self.trace.is_none_or(|trace| record.trace == Some(trace))
            && self.outcome.is_none_or(|outcome| record.outcome == outcome)
            && self.query.as_ref().is_none_or(|query| says(record, query))
    }
}

fn says(record: &LogRecord, text: &str) -> bool {
    record.path.contains(text)
        || record.error.as_ref().is_some_and(|error| error.message.contains(text))
        || record.lines.iter().any(|line| line.message.contains(text))
}

/// The beginning of a text, of at most so many bytes.
pub fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Digest;

    fn record() -> LogRecord {
        LogRecord {
            at: Timestamp::UNIX_EPOCH,
            via: Via::Ingress,
            origin: Arc::new(Origin {
                function: FunctionName::parse("hello").ok(),
                alias: Some(AliasName::live()),
                version: VersionId::of(&Digest::of(b"x")),
                number: Some(1),
            }),
            request: RequestId::generate(),
            trace: TraceId::parse(&"1".repeat(32)),
            run: None,
            outcome: Outcome::Ok,
            status: Some(200),
            method: "GET".to_owned(),
            path: "/a".to_owned(),
            duration: Duration::from_millis(1),
            cpu: Duration::ZERO,
            memory_peak_bytes: 0,
            cold: false,
            error: None,
            lines: Vec::new(),
            lines_truncated: false,
        }
    }

    fn line(level: LogLevel, message: &str) -> LogLine {
        LogLine { t_ms: 0, level, message: message.to_owned(), position: None }
    }

    #[test]
    fn a_record_is_as_bad_as_its_worst_line_or_its_end() {
        let level = |level| LogFilter { level: Some(level), ..LogFilter::default() };
        let spoke = LogRecord { lines: vec![line(LogLevel::Warn, "w"), line(LogLevel::Debug, "d")], ..record() };
        for (record, has, has_not) in [
            (record(), Some(LogLevel::Log), Some(LogLevel::Warn)),
            (spoke, Some(LogLevel::Warn), Some(LogLevel::Error)),
            (LogRecord { outcome: Outcome::CpuLimit, ..record() }, Some(LogLevel::Error), None),
        ] {
            assert!(has.is_none_or(|wanted| level(wanted).has(&record)));
            assert!(has_not.is_none_or(|wanted| !level(wanted).has(&record)));
        }
    }

    #[test]
    fn a_filter_wants_all_of_it() {
        let record = LogRecord { lines: vec![line(LogLevel::Log, "one two")], ..record() };
        let wanted = LogFilter {
            start: Some(record.at),
            function: record.origin.function.clone(),
            request: Some(record.request),
            trace: record.trace,
            outcome: Some(Outcome::Ok),
            query: Some("e t".to_owned()),
            ..LogFilter::default()
        };
        assert!(wanted.has(&record));
        for other in [
            LogFilter { end: Some(record.at), ..wanted.clone() },
            LogFilter { request: Some(RequestId::generate()), ..wanted.clone() },
            LogFilter { trace: TraceId::parse(&"2".repeat(32)), ..wanted.clone() },
            LogFilter { function: FunctionName::parse("other").ok(), ..wanted.clone() },
            LogFilter { query: Some("E T".to_owned()), ..wanted.clone() },
            LogFilter { outcome: Some(Outcome::Exception), ..wanted },
        ] {
            assert!(!other.has(&record), "{other:?}");
        }
    }

    #[test]
    fn positions_are_digits_and_cuts_fall_between_characters() {
        assert_eq!(LogPosition::parse("12"), Some(LogPosition(12)));
        for bad in ["", "+1", "-1", "1 ", "1.0", "18446744073709551616"] {
            assert_eq!(LogPosition::parse(bad), None, "{bad}");
        }
        assert_eq!((cut("aé", 2), cut("aé", 3), cut("aé", 9)), ("a", "aé", "aé"));
    }
}

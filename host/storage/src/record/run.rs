//! The written form of runs. Whether one is starred is not in it: both stores keep that in an index, which changes without the
//! record being written again and counts without records being read.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use isolet_domain::execute::{GuestError, LogLevel, LogLine, Position, Subrequest, Timing, Usage};
use isolet_domain::ids::{Digest, FunctionName, RunId, VersionId};
use isolet_domain::limits::{LimitBounds, Limits};
use isolet_domain::outcome::Outcome;
use isolet_domain::run::{CallOptions, RecordedRequest, RecordedResponse, Run, RunResult};
use serde::{Deserialize, Serialize};

use super::egress::{PolicyRecord, into_policy, of_policy};
use super::envelope::{Record, parse, parse_time};
use super::limits::LimitsRecord;

#[derive(Serialize, Deserialize)]
pub(crate) struct RunRecord {
    id: String,
    created_at: String,
    prompt: Option<String>,
    result: Option<ResultRecord>,
}

#[derive(Serialize, Deserialize)]
struct ResultRecord {
    outcome: String,
    version: String,
    code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    request: RequestRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<CallRecord>,
    #[serde(default)]
    env_names: Vec<String>,
    response: Option<ResponseRecord>,
    error: Option<ErrorRecord>,
    #[serde(default)]
    logs: Vec<LogRecord>,
    #[serde(default)]
    logs_truncated: bool,
    #[serde(default)]
    subrequests: Vec<SubrequestRecord>,
    cached: bool,
    cold: bool,
    build_us: u64,
    compile_us: u64,
    #[serde(default)]
    front_end_us: u64,
    startup_cpu_us: u64,
    instantiate_us: u64,
    run_us: u64,
    first_byte_us: u64,
    total_us: u64,
    cpu_us: u64,
    memory_peak_bytes: u64,
    request_bytes: u64,
    response_bytes: u64,
    egress_bytes: u64,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct RequestRecord {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: BodyRecord,
    truncated: bool,
}

/// There also for a call that said nothing: what has none was written before there were any.
#[derive(Serialize, Deserialize)]
struct CallRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    egress: PolicyRecord,
    #[serde(default, skip_serializing_if = "LimitsRecord::is_empty")]
    limits: LimitsRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entrypoint: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ResponseRecord {
    status: u16,
    headers: Vec<(String, String)>,
    body: BodyRecord,
    truncated: bool,
}

/// Bytes in base 64: text with control characters would grow sixfold as a JSON string.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct BodyRecord(String);

#[derive(Serialize, Deserialize)]
struct ErrorRecord {
    message: String,
    stack: String,
    position: Option<PositionRecord>,
}

#[derive(Serialize, Deserialize)]
struct PositionRecord {
    file: String,
    line: u32,
    column: u32,
}

#[derive(Serialize, Deserialize)]
struct LogRecord {
    t_ms: u64,
    level: String,
    message: String,
    position: Option<PositionRecord>,
}

#[derive(Serialize, Deserialize)]
struct SubrequestRecord {
    url: String,
    method: String,
    status: Option<u16>,
    took_us: u64,
    #[serde(default)]
    allowed_by: Option<String>,
    denied_by: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

impl Record for RunRecord {
    type Domain = Run;

    fn of(run: &Run) -> Self {
        Self {
            id: run.id.to_string(),
            created_at: run.created_at.to_string(),
            prompt: run.prompt.clone(),
            result: run.result.as_ref().map(ResultRecord::of),
        }
    }

    /// The run, unstarred: whoever reads it adds what the index says.
    fn into_domain(self) -> Result<Run, String> {
        Ok(Run {
            id: parse("id", &self.id, RunId::parse)?,
            created_at: parse_time("created_at", &self.created_at)?,
            starred: false,
            prompt: self.prompt,
            result: self.result.map(ResultRecord::into_domain).transpose()?,
        })
    }
}

impl ResultRecord {
    fn of(result: &RunResult) -> Self {
        let RunResult { timing, usage, request, response, .. } = result;
        Self {
            outcome: result.outcome.as_str().to_owned(),
            version: result.version.to_string(),
            code: result.code.to_string(),
            function: result.function.as_ref().map(ToString::to_string),
            request: RequestRecord {
                method: request.method.clone(),
                path: request.path.clone(),
                headers: request.headers.clone(),
                body: BodyRecord::of(&request.body),
                truncated: request.body_truncated,
            },
            call: result.call.as_ref().map(CallRecord::of),
            env_names: result.env_names.clone(),
            response: response.as_ref().map(|response| ResponseRecord {
                status: response.status,
                headers: response.headers.clone(),
                body: BodyRecord::of(&response.body),
                truncated: response.truncated,
            }),
            error: result.error.as_ref().map(|error| ErrorRecord {
                message: error.message.clone(),
                stack: error.stack.clone(),
                position: error.position.as_ref().map(PositionRecord::of),
            }),
            logs: result.logs.iter().map(LogRecord::of).collect(),
            logs_truncated: result.logs_truncated,
            subrequests: result.subrequests.iter().map(SubrequestRecord::of).collect(),
            cached: result.cached,
            cold: result.cold,
            build_us: micros(result.build),
            compile_us: micros(result.compile),
            front_end_us: micros(result.front_end),
            startup_cpu_us: micros(result.startup_cpu),
            instantiate_us: micros(timing.instantiate),
            run_us: micros(timing.run),
            first_byte_us: micros(timing.first_byte),
            total_us: micros(timing.total),
            cpu_us: micros(usage.cpu),
            memory_peak_bytes: usage.memory_peak_bytes,
            request_bytes: usage.request_bytes,
            response_bytes: usage.response_bytes,
            egress_bytes: usage.egress_bytes,
            warnings: result.warnings.clone(),
        }
    }

    fn into_domain(self) -> Result<RunResult, String> {
        let response = match self.response {
            Some(response) => Some(RecordedResponse {
                status: response.status,
                headers: response.headers,
                body: response.body.into_bytes()?,
                truncated: response.truncated,
            }),
            None => None,
        };
        Ok(RunResult {
            // An outcome that only a newer host knows must not hide the tenant's whole history from this one.
            outcome: Outcome::parse(&self.outcome).unwrap_or(Outcome::Internal),
            version: parse("version", &self.version, VersionId::parse)?,
            code: parse("code", &self.code, Digest::parse)?,
            function: self.function.map(|name| parse("function", &name, FunctionName::parse)).transpose()?,
            request: RecordedRequest {
                method: self.request.method,
                path: self.request.path,
                headers: self.request.headers,
                body: self.request.body.into_bytes()?,
                body_truncated: self.request.truncated,
            },
            // A rule that only a newer host can read must not hide the history either. What is not read counts as not kept.
            call: self.call.and_then(|call| call.into_domain().ok()),
            env_names: self.env_names,
            response,
            error: self.error.map(|error| GuestError {
                message: error.message,
                stack: error.stack,
                position: error.position.map(PositionRecord::into_domain),
                // A run on record was built, so nothing was wrong with its code.
                diagnostics: Vec::new(),
            }),
            logs: self.logs.into_iter().map(LogRecord::into_domain).collect(),
            logs_truncated: self.logs_truncated,
            subrequests: self.subrequests.into_iter().map(SubrequestRecord::into_domain).collect(),
            cached: self.cached,
            cold: self.cold,
            build: Duration::from_micros(self.build_us),
            compile: Duration::from_micros(self.compile_us),
            front_end: Duration::from_micros(self.front_end_us),
            startup_cpu: Duration::from_micros(self.startup_cpu_us),
            timing: Timing {
                instantiate: Duration::from_micros(self.instantiate_us),
                run: Duration::from_micros(self.run_us),
                first_byte: Duration::from_micros(self.first_byte_us),
                total: Duration::from_micros(self.total_us),
                ..Timing::default()
            },
            usage: Usage {
                cpu: Duration::from_micros(self.cpu_us),
                memory_peak_bytes: self.memory_peak_bytes,
                request_bytes: self.request_bytes,
                response_bytes: self.response_bytes,
                egress_bytes: self.egress_bytes,
            },
            warnings: self.warnings,
        })
    }
}

impl CallRecord {
    fn of(call: &CallOptions) -> Self {
        Self {
            egress: of_policy(call.egress.as_ref()),
            limits: LimitsRecord::of(&LimitBounds::of(call.limits)),
            entrypoint: call.entrypoint.clone(),
        }
    }

    fn into_domain(self) -> Result<CallOptions, String> {
        let limits = self.limits.into_domain().over(Limits::MAX);
        Ok(CallOptions { egress: into_policy(self.egress)?, limits, entrypoint: self.entrypoint })
    }
}

impl BodyRecord {
    fn of(bytes: &[u8]) -> Self {
        Self(BASE64_STANDARD.encode(bytes))
    }

    fn into_bytes(self) -> Result<Vec<u8>, String> {
        BASE64_STANDARD.decode(self.0).map_err(|err| format!("`body`: {err}"))
    }
}

impl PositionRecord {
    fn of(position: &Position) -> Self {
        Self { file: position.file.clone(), line: position.line, column: position.column }
    }

    fn into_domain(self) -> Position {
        Position { file: self.file, line: self.line, column: self.column }
    }
}

impl LogRecord {
    fn of(line: &LogLine) -> Self {
        Self {
            t_ms: line.t_ms,
            level: line.level.as_str().to_owned(),
            message: line.message.clone(),
            position: line.position.as_ref().map(PositionRecord::of),
        }
    }

    fn into_domain(self) -> LogLine {
        LogLine {
            t_ms: self.t_ms,
            level: LogLevel::parse(&self.level).unwrap_or(LogLevel::Log),
            message: self.message,
            position: self.position.map(PositionRecord::into_domain),
        }
    }
}

impl SubrequestRecord {
    fn of(request: &Subrequest) -> Self {
        Self {
            url: request.url.clone(),
            method: request.method.clone(),
            status: request.status,
            took_us: micros(request.took),
            allowed_by: request.allowed_by.clone(),
            denied_by: request.denied_by.clone(),
            error: request.error.clone(),
        }
    }

    fn into_domain(self) -> Subrequest {
        Subrequest {
            url: self.url,
            method: self.method,
            status: self.status,
            took: Duration::from_micros(self.took_us),
            allowed_by: self.allowed_by,
            denied_by: self.denied_by,
            error: self.error,
        }
    }
}

/// Whole microseconds; 584,542 years and more are all the same.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use isolet_domain::egress::EgressPolicy;

    use super::super::envelope::{decode, encode};
    use super::*;

    const KEY: &str = "run/ten_01010101010101010101010101010101/run_02020202020202020202020202020202";

    /// As it was written before a record had a `call`.
    const BEFORE: &str = r#"{"v":1,"key":"run/ten_01010101010101010101010101010101/run_02020202020202020202020202020202","data":{"id":"run_02020202020202020202020202020202","created_at":"1970-01-01T00:00:00Z","prompt":null,"result":{"outcome":"ok","version":"v_aaaaaaaaaaaaaaaaaaaaaaaaaa","code":"b3:0000000000000000000000000000000000000000000000000000000000000000","request":{"method":"GET","path":"/","headers":[],"body":"","truncated":false},"env_names":[],"response":null,"error":null,"logs":[],"logs_truncated":false,"subrequests":[],"cached":false,"cold":true,"build_us":0,"compile_us":0,"front_end_us":0,"startup_cpu_us":0,"instantiate_us":0,"run_us":0,"first_byte_us":0,"total_us":0,"cpu_us":0,"memory_peak_bytes":0,"request_bytes":0,"response_bytes":0,"egress_bytes":0,"warnings":[]}}}"#;

    fn read(text: &str) -> Run {
        decode::<RunRecord>(KEY, text.as_bytes()).expect("readable")
    }

    fn written(call: Option<CallOptions>) -> String {
        let mut run = read(BEFORE);
        run.result.as_mut().expect("it ran").call = call;
        String::from_utf8(encode::<RunRecord>(KEY, &run)).expect("JSON is UTF-8")
    }

    fn call(text: &str) -> Option<CallOptions> {
        read(text).result.expect("it ran").call
    }

    #[test]
    fn a_record_of_before_is_read_and_says_nothing_of_the_call() {
        assert_eq!(call(BEFORE), None);
        assert_eq!(written(None), BEFORE);
    }

    #[test]
    fn a_call_that_said_nothing_is_another_thing_than_none() {
        let text = written(Some(CallOptions::none()));
        assert!(text.contains(r#","call":{},"#), "{text}");
        assert_eq!(call(&text), Some(CallOptions::none()));
    }

    #[test]
    fn what_narrowed_a_run_is_read_as_it_was_written() {
        let limits = Limits { cpu: Duration::from_millis(5), memory_bytes: 16 << 20, ..Limits::MAX };
        for egress in [Arc::default(), Arc::new(EgressPolicy::usual_ceiling())] {
            let said = CallOptions { egress: Some(egress), limits, entrypoint: Some("admin".to_owned()) };
            assert_eq!(call(&written(Some(said.clone()))), Some(said));
        }
        let text = written(Some(CallOptions { limits, ..CallOptions::none() }.without_egress()));
        let form = r#""call":{"egress":[],"limits":{"cpu_ms":5,"memory_bytes":16777216}}"#;
        assert!(text.contains(form), "{text}");
    }

    #[test]
    fn a_rule_that_only_a_later_host_can_read_hides_no_run_and_narrows_as_none_that_was_kept() {
        let egress = Some(Arc::new(EgressPolicy::usual_ceiling()));
        let text = written(Some(CallOptions { egress, ..CallOptions::none() }));
        let later = text.replace(r#""host":"*""#, r#""host":"a/b""#);
        assert_ne!(later, text);
        assert_eq!(call(&later), None);
    }
}

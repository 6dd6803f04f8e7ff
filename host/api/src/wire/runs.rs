//! A run on the wire: what is asked, what comes back, and the events in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use isolet_domain::code::InvalidCode;
use isolet_domain::execute::{GuestError, LogLine};
use isolet_domain::ids::{AliasName, EnvName, FunctionName, RunId, VersionId};
use isolet_domain::prompt::{InvalidPrompt, Prompt};
use isolet_domain::run::{CallOptions, RecordedResponse, Run, RunResult};
use isolet_domain::service::environment;
use isolet_domain::service::runs::{RunCode, RunRequest, RunSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::code::{MAX_CODE_BODY_BYTES, ModuleRequest, OptionsRequest, code};
use super::limits::LimitsRequest;
use super::ms;
use crate::answer::ResponseBody;
use crate::failure::{Failure, FieldFault};
use crate::problem::escape;
use crate::strict_json::{RequestBody, UniqueMap};
use crate::wire::egress::{PolicyText, SubrequestResponse};
use crate::wire::words::{LevelWord, OutcomeWord};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRunRequest {
    code: RunCodeRequest,
    prompt: Option<String>,
    request: Option<GuestRequest>,
    #[serde(default)]
    env: UniqueMap<String>,
    /// Rules for outgoing requests, beside those of tenant and function.
    egress: Option<PolicyText>,
    #[serde(default)]
    limits: LimitsRequest,
    entrypoint: Option<String>,
    #[serde(default)]
    options: OptionsRequest,
    reuse: Option<Reuse>,
    record: Option<bool>,
    #[serde(default)]
    expect: Vec<String>,
}

/// Modules, a version, or a function.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunCodeRequest {
    modules: Option<UniqueMap<ModuleRequest>>,
    main_module: Option<String>,
    version: Option<String>,
    function: Option<String>,
    alias: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GuestRequest {
    method: Option<String>,
    path: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<BodyRequest>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BodyRequest {
    text: Option<String>,
    base64: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Reuse {
    None,
    Digest,
}

impl RequestBody for CreateRunRequest {
    const MAX_BYTES: usize = MAX_CODE_BODY_BYTES;
}

impl CreateRunRequest {
    /// The run that is asked for. All faults of fields are reported together.
    pub fn into_spec(self) -> Result<RunSpec, Failure> {
        let mut faults = Vec::new();
        self.refuse_what_is_not_there_yet(&mut faults);
        let prompt = self.prompt.map(|raw| prompt(raw, "/prompt", &mut faults));
        let request = self.request.map(|request| request.into_domain(&mut faults));
        let env = variables(self.env, &mut faults);
        let limits = self.limits.bound(&mut faults);
        if self.entrypoint.as_deref().is_some_and(|name| name.is_empty() || name.len() > 255) {
            faults.push(fault("/entrypoint", "length", "must have 1 to 255 bytes"));
        }
        let egress = self.egress.map(|policy| policy.into_domain("/egress")).transpose().unwrap_or_else(|more| {
            faults.extend(more);
            None
        });
        let code = self.code.into_domain(self.options, &mut faults);
        if !faults.is_empty() {
            return Err(Failure::Invalid(faults));
        }
        let code = code.ok_or_else(|| Failure::Invalid(vec![fault("/code", "choice", "names nothing to run")]))??;
        Ok(RunSpec {
            code,
            prompt: prompt.flatten(),
            request,
            env,
            call: CallOptions { egress: egress.map(Arc::new), limits, entrypoint: self.entrypoint },
            fresh: self.reuse == Some(Reuse::None),
            record: self.record.unwrap_or(true),
        })
    }

    fn refuse_what_is_not_there_yet(&self, faults: &mut Vec<FieldFault>) {
        if !self.expect.is_empty() {
            faults.push(fault("/expect", "unsupported", "is not supported by this version of isolet"));
        }
    }
}

fn fault(pointer: &str, code: &'static str, detail: &str) -> FieldFault {
    FieldFault { pointer: pointer.to_owned(), code, detail: detail.to_owned() }
}

/// The prompt, or a fault.
pub fn prompt(raw: String, pointer: &str, faults: &mut Vec<FieldFault>) -> Option<Prompt> {
    Prompt::parse(raw)
        .map_err(|error| {
            let code = match error {
                InvalidPrompt::Length { .. } => "length",
                InvalidPrompt::Encoded { .. } => "size",
            };
            faults.push(fault(pointer, code, &error.to_string()));
        })
        .ok()
}

fn variables(env: UniqueMap<String>, faults: &mut Vec<FieldFault>) -> BTreeMap<EnvName, String> {
    let mut variables = BTreeMap::new();
    for (name, value) in env.0 {
        match EnvName::parse(&name) {
            Ok(name) => drop(variables.insert(name, value)),
            Err(error) => faults.push(fault(&format!("/env/{}", escape(&name)), "name", &error.to_string())),
        }
    }
    if !environment::fits(&variables) {
        let error = environment::EnvironmentError::TooLarge;
        faults.push(fault("/env", "size", &error.to_string()));
    }
    variables
}

impl RunCodeRequest {
    /// `None` goes with a fault; an error in the modules themselves has an answer of its own.
    fn into_domain(
        self,
        options: OptionsRequest,
        faults: &mut Vec<FieldFault>,
    ) -> Option<Result<RunCode, InvalidCode>> {
        if self.modules.is_none() && !options.is_default() {
            let detail = "belong to `modules`: a version has those that it was made with";
            faults.push(fault("/options", "choice", detail));
        }
        match (self.modules, self.main_module, self.version, self.function) {
            (Some(modules), Some(main), None, None) => Some(code(modules, main, options).map(RunCode::Modules)),
            (Some(_), None, None, None) => {
                faults.push(fault("/code/main_module", "missing", "must name the entry module"));
                None
            }
            (None, None, Some(version), None) => {
                let id = VersionId::parse(&version);
                let id = id.map_err(|error| faults.push(fault("/code/version", "id", &error.to_string()))).ok()?;
                Some(Ok(RunCode::Version(id)))
            }
            (None, None, None, Some(function)) => {
                let name = FunctionName::parse(&function);
                let name = name.map_err(|error| faults.push(fault("/code/function", "name", &error.to_string())));
                let alias = self.alias.as_deref().map_or(Ok(AliasName::live()), AliasName::parse);
                let alias = alias.map_err(|error| faults.push(fault("/code/alias", "name", &error.to_string())));
                Some(Ok(RunCode::Function(name.ok()?, alias.ok()?)))
            }
            _ => {
                let detail = "must be either `modules` with `main_module`, or `version`, or `function`";
                faults.push(fault("/code", "choice", detail));
                None
            }
        }
    }
}

impl GuestRequest {
    fn into_domain(self, faults: &mut Vec<FieldFault>) -> RunRequest {
        let body = match self.body {
            None => Vec::new(),
            Some(BodyRequest { text: Some(text), base64: None }) => text.into_bytes(),
            Some(BodyRequest { text: None, base64: Some(base64) }) => STANDARD.decode(base64).unwrap_or_else(|error| {
                faults.push(fault("/request/body/base64", "base64", &error.to_string()));
                Vec::new()
            }),
            Some(_) => {
                faults.push(fault("/request/body", "choice", "must be either `text` or `base64`"));
                Vec::new()
            }
        };
        RunRequest {
            method: self.method.unwrap_or_else(|| "GET".to_owned()),
            path: self.path.unwrap_or_else(|| "/".to_owned()),
            headers: self.headers,
            body: body.into(),
        }
    }
}

/// Text where it is text, base 64 where it is not.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyResponse {
    Text(String),
    Base64(String),
}

impl BodyResponse {
    pub fn new(bytes: &[u8], truncated: bool) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            // Cut in the middle of a character: still text.
            Err(error) if truncated && error.error_len().is_none() => {
                Self::Text(String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned())
            }
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }
}

/// A finished run.
#[derive(JsonSchema, Serialize)]
pub struct RunResponse {
    id: String,
    // A run that was made has one.
    #[serde(flatten)]
    #[schemars(with = "ResultResponse")]
    result: Option<ResultResponse>,
}

/// A run that is not waited for.
#[derive(JsonSchema, Serialize)]
pub struct RunUnderWayResponse {
    id: String,
}

impl RunUnderWayResponse {
    pub fn new(id: RunId) -> Self {
        Self { id: id.to_string() }
    }
}

#[derive(JsonSchema, Serialize)]
pub struct ResultResponse {
    #[schemars(with = "OutcomeWord")]
    outcome: &'static str,
    version: String,
    cached: bool,
    cold: bool,
    response: Option<GuestResponse>,
    error: Option<ErrorResponse>,
    logs: Vec<LogResponse>,
    logs_truncated: bool,
    subrequests: Vec<SubrequestResponse>,
    timing: TimingResponse,
    usage: UsageResponse,
    warnings: Vec<String>,
}

#[derive(JsonSchema, Serialize)]
struct GuestResponse {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<BodyResponse>,
    truncated: bool,
}

#[derive(JsonSchema, Serialize)]
struct ErrorResponse {
    message: String,
    stack: String,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
}

#[derive(JsonSchema, Serialize)]
pub struct LogResponse {
    t_ms: u64,
    #[schemars(with = "LevelWord")]
    level: &'static str,
    message: String,
    file: Option<String>,
    line: Option<u32>,
}

#[derive(JsonSchema, Serialize)]
struct TimingResponse {
    build_ms: f64,
    compile_ms: f64,
    front_end_ms: f64,
    instantiate_ms: f64,
    run_ms: f64,
    ttfb_ms: f64,
    total_ms: f64,
}

#[derive(JsonSchema, Serialize)]
struct UsageResponse {
    cpu_ms: f64,
    startup_cpu_ms: f64,
    memory_peak_bytes: u64,
    egress_bytes: u64,
}

impl RunResponse {
    /// With the response's body, or without it where it was sent before.
    pub fn new(run: Run, with_body: bool) -> Self {
        Self { id: run.id.to_string(), result: run.result.map(|result| ResultResponse::new(result, with_body)) }
    }
}

impl ResultResponse {
    pub fn new(result: RunResult, with_body: bool) -> Self {
        let timing = &result.timing;
        Self {
            outcome: result.outcome.as_str(),
            version: result.version.to_string(),
            cached: result.cached,
            cold: result.cold,
            response: result.response.map(|response| GuestResponse::new(response, with_body)),
            error: result.error.map(ErrorResponse::from),
            logs: result.logs.into_iter().map(LogResponse::from).collect(),
            logs_truncated: result.logs_truncated,
            subrequests: result.subrequests.into_iter().map(SubrequestResponse::from).collect(),
            timing: TimingResponse {
                build_ms: ms(result.build),
                compile_ms: ms(result.compile),
                front_end_ms: ms(result.front_end),
                instantiate_ms: ms(timing.instantiate),
                run_ms: ms(timing.run),
                ttfb_ms: ms(timing.first_byte),
                total_ms: ms(timing.total + result.front_end + result.build + result.compile),
            },
            usage: UsageResponse {
                cpu_ms: ms(result.usage.cpu),
                startup_cpu_ms: ms(result.startup_cpu),
                memory_peak_bytes: result.usage.memory_peak_bytes,
                egress_bytes: result.usage.egress_bytes,
            },
            warnings: result.warnings,
        }
    }
}

impl GuestResponse {
    fn new(response: RecordedResponse, with_body: bool) -> Self {
        let body = with_body.then(|| BodyResponse::new(&response.body, response.truncated));
        Self { status: response.status, headers: response.headers, body, truncated: response.truncated }
    }
}

impl From<GuestError> for ErrorResponse {
    fn from(error: GuestError) -> Self {
        let (file, line, column) = match error.position {
            Some(position) => {
                (Some(position.file), Some(position.line), Some(position.column).filter(|column| *column > 0))
            }
            None => (None, None, None),
        };
        Self { message: error.message, stack: error.stack, file, line, column }
    }
}

impl From<LogLine> for LogResponse {
    fn from(line: LogLine) -> Self {
        let (file, number) = line.position.map(|position| (position.file, position.line)).unzip();
        Self { t_ms: line.t_ms, level: line.level.as_str(), message: line.message, file, line: number }
    }
}

impl ResponseBody for RunResponse {}
impl ResponseBody for RunUnderWayResponse {}

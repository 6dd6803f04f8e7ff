//! Functions, versions and variables on the wire.

use std::collections::BTreeMap;

use isolet_domain::function::{Function, FunctionKind, Version};
use isolet_domain::ids::{EnvName, FunctionName, TenantSlug};
use isolet_domain::service::versions::Tried;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::DiagnosticResponse;
use super::code::{MAX_CODE_BODY_BYTES, ModuleRequest, OptionsRequest};
use crate::answer::ResponseBody;
use crate::state::AppState;
use crate::strict_json::{RequestBody, UniqueMap};
use crate::wire::ms;
use crate::wire::words::Time;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutFunctionRequest {
    #[serde(default)]
    pub labels: UniqueMap<String>,
    pub kind: Option<KindWord>,
}

/// What a function's versions are. It is said when the function is made; `component` takes the scope `components:write`.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "FunctionKind")]
#[serde(rename_all = "lowercase")]
pub enum KindWord {
    Js,
    Component,
}

impl From<KindWord> for FunctionKind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Js => Self::Js,
            KindWord::Component => Self::Component,
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub struct FunctionResponse {
    name: String,
    kind: &'static str,
    labels: BTreeMap<String, String>,
    live_version: Option<String>,
    #[schemars(with = "Time")]
    created_at: String,
    #[schemars(with = "Time")]
    updated_at: String,
    url: String,
}

impl FunctionResponse {
    pub fn new(app: &AppState, tenant: &TenantSlug, function: Function) -> Self {
        Self {
            url: app.function_url(tenant, &function.name),
            live_version: function.live().map(ToString::to_string),
            name: function.name.to_string(),
            kind: function.kind.as_str(),
            labels: function.labels,
            created_at: function.created_at.to_string(),
            updated_at: function.updated_at.to_string(),
        }
    }
}

/// Functions that were removed together, or would be.
#[derive(JsonSchema, Serialize)]
pub struct DeletedFunctionsResponse {
    /// Their names, at most 100.
    data: Vec<String>,
    /// Whether there are others like them, which the same request removes.
    more: bool,
}

impl DeletedFunctionsResponse {
    pub fn new(names: &[FunctionName], more: bool) -> Self {
        Self { data: names.iter().map(ToString::to_string).collect(), more }
    }
}

impl ResponseBody for DeletedFunctionsResponse {
    fn subject(&self) -> Option<String> {
        Some(self.data.join(" "))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddVersionRequest {
    pub modules: UniqueMap<ModuleRequest>,
    pub main_module: String,
    #[serde(default)]
    pub options: OptionsRequest,
    #[serde(default)]
    pub message: String,
}

/// A version that is there, or code for a new one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployRequest {
    pub version: Option<String>,
    pub modules: Option<UniqueMap<ModuleRequest>>,
    pub main_module: Option<String>,
    #[serde(default)]
    pub options: OptionsRequest,
    pub message: Option<String>,
    /// The alias whose traffic all goes there then, made if it is not there; `live` without it.
    pub alias: Option<String>,
}

#[derive(JsonSchema, Serialize)]
pub struct VersionResponse {
    id: String,
    digest: String,
    number: u64,
    main_module: String,
    message: String,
    #[schemars(with = "Time")]
    created_at: String,
    overlay_bytes: u64,
    startup_cpu_ms: f64,
    /// Of a dry run alone: the rest is the version as it is, or as it would be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<DryRunResponse>,
}

/// What a build said and took, nothing of which was kept.
#[derive(JsonSchema, Serialize)]
struct DryRunResponse {
    /// Whether the version would be a new one.
    is_new: bool,
    /// What is doubtful about the code, as of `POST /v1/check`.
    diagnostics: Vec<DiagnosticResponse>,
    front_end_ms: f64,
    compile_ms: f64,
    build_ms: f64,
    startup_cpu_ms: f64,
    overlay_bytes: u64,
    overlay_segments: u32,
}

impl From<Version> for VersionResponse {
    fn from(version: Version) -> Self {
        Self {
            id: version.id.to_string(),
            digest: version.digest.to_string(),
            number: version.number,
            main_module: version.main_module,
            message: version.message,
            created_at: version.created_at.to_string(),
            overlay_bytes: version.overlay_bytes,
            startup_cpu_ms: version.startup_cpu_us as f64 / 1_000.0,
            dry_run: None,
        }
    }
}

impl From<Tried> for VersionResponse {
    fn from(Tried { version, is_new, build, diagnostics }: Tried) -> Self {
        let dry_run = DryRunResponse {
            is_new,
            diagnostics: diagnostics.into_iter().map(DiagnosticResponse::from).collect(),
            front_end_ms: ms(build.front_end),
            compile_ms: ms(build.compile),
            build_ms: ms(build.build),
            startup_cpu_ms: ms(build.startup_cpu),
            overlay_bytes: build.overlay_bytes,
            overlay_segments: build.overlay_segments,
        };
        Self { dry_run: Some(dry_run), ..Self::from(version) }
    }
}

#[derive(JsonSchema, Serialize)]
pub struct DeployResponse {
    pub function: String,
    pub alias: String,
    pub version: String,
    pub digest: String,
    pub number: u64,
    /// Whether the version was made by this call.
    pub created: bool,
    pub url: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetVariableRequest {
    pub name: String,
    pub value: String,
}

#[derive(JsonSchema, Serialize)]
pub struct VariableResponse {
    pub name: String,
    pub value: String,
}

impl From<(EnvName, String)> for VariableResponse {
    fn from((name, value): (EnvName, String)) -> Self {
        Self { name: name.to_string(), value }
    }
}

impl RequestBody for PutFunctionRequest {}
impl RequestBody for SetVariableRequest {}
impl RequestBody for AddVersionRequest {
    const MAX_BYTES: usize = MAX_CODE_BODY_BYTES;
}
impl RequestBody for DeployRequest {
    const MAX_BYTES: usize = MAX_CODE_BODY_BYTES;
}

impl ResponseBody for FunctionResponse {
    const TAGGED: bool = true;
}
impl ResponseBody for VersionResponse {
    fn subject(&self) -> Option<String> {
        Some(self.id.clone())
    }
}
impl ResponseBody for DeployResponse {
    fn subject(&self) -> Option<String> {
        Some(self.version.clone())
    }
}
impl ResponseBody for VariableResponse {
    const LIST_TAGGED: bool = true;
    fn subject(&self) -> Option<String> {
        Some(self.name.clone())
    }
}

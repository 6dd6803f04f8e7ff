//! Functions, versions and variables on the wire.

use std::collections::BTreeMap;

use isolet_domain::function::{Function, FunctionKind, Version};
use isolet_domain::ids::{EnvName, TenantSlug};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::code::{ModuleRequest, OptionsRequest};
use crate::answer::ResponseBody;
use crate::state::AppState;
use crate::strict_json::{RequestBody, UniqueMap};
use crate::wire::words::Time;

/// Bytes of a body that carries code: 10 MiB of text, each character escaped at its longest.
pub const MAX_CODE_BODY_BYTES: usize = 64 << 20;

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
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub struct DeployResponse {
    pub function: String,
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

//! What the host says about itself on the wire.

use isolet_domain::limits::Limits;
use schemars::JsonSchema;
use serde::Serialize;

use super::limits::LimitsResponse;
use crate::answer::ResponseBody;
use crate::state::AppState;

#[derive(JsonSchema, Serialize)]
pub struct InfoResponse {
    version: String,
    engine: Engine,
    limits: HostLimits,
    ingress: Ingress,
    mode: String,
    store: String,
}

#[derive(JsonSchema, Serialize)]
struct Engine {
    wasmtime: String,
    digest: String,
}

#[derive(JsonSchema, Serialize)]
struct HostLimits {
    defaults: LimitsResponse,
    maxima: LimitsResponse,
}

#[derive(JsonSchema, Serialize)]
struct Ingress {
    base_domain: String,
    port: u16,
    /// `http` or `https`.
    scheme: &'static str,
}

impl From<&AppState> for InfoResponse {
    fn from(app: &AppState) -> Self {
        let config = app.config();
        Self {
            version: config.version.clone(),
            engine: Engine { wasmtime: config.wasmtime_version.clone(), digest: config.engine_digest.clone() },
            limits: HostLimits { defaults: app.platform().config.limits.into(), maxima: Limits::MAX.into() },
            ingress: Ingress {
                base_domain: config.base_domain.clone(),
                port: config.ingress_port,
                scheme: config.ingress_scheme(),
            },
            mode: config.mode.clone(),
            store: app.platform().store_kind().to_owned(),
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub struct HealthResponse {
    pub status: &'static str,
}

impl ResponseBody for InfoResponse {}
impl ResponseBody for HealthResponse {}

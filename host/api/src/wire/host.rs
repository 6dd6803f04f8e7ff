//! What the host says about itself on the wire.

use isolet_domain::limits::Limits;
use serde::Serialize;

use super::limits::LimitsResponse;
use crate::state::AppState;

#[derive(Serialize)]
pub struct InfoResponse<'a> {
    version: &'a str,
    engine: Engine<'a>,
    limits: HostLimits,
    ingress: Ingress<'a>,
    mode: &'a str,
    store: &'a str,
}

#[derive(Serialize)]
struct Engine<'a> {
    wasmtime: &'a str,
    digest: &'a str,
}

#[derive(Serialize)]
struct HostLimits {
    defaults: LimitsResponse,
    maxima: LimitsResponse,
}

#[derive(Serialize)]
struct Ingress<'a> {
    base_domain: &'a str,
    port: u16,
}

impl<'a> From<&'a AppState> for InfoResponse<'a> {
    fn from(app: &'a AppState) -> Self {
        let config = app.config();
        Self {
            version: &config.version,
            engine: Engine { wasmtime: &config.wasmtime_version, digest: &config.engine_digest },
            limits: HostLimits { defaults: app.platform().config.limits.into(), maxima: Limits::MAX.into() },
            ingress: Ingress { base_domain: &config.base_domain, port: config.ingress_port },
            mode: &config.mode,
            store: app.platform().store_kind(),
        }
    }
}

#[derive(Serialize)]
pub struct HealthResponse {
    pub status: &'static str,
}

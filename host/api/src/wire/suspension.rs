//! Suspending a tenant, on the wire.

use isolet_domain::tenant::Suspension;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::strict_json::RequestBody;
use crate::wire::words::Time;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendTenantRequest {
    /// For people.
    #[serde(default)]
    pub reason: String,
    /// For programs.
    #[serde(default)]
    pub code: String,
}

#[derive(JsonSchema, Serialize)]
pub struct SuspensionResponse {
    reason: String,
    code: String,
    #[schemars(with = "Time")]
    since: String,
}

impl From<Suspension> for SuspensionResponse {
    fn from(Suspension { reason, code, since }: Suspension) -> Self {
        Self { reason, code, since: since.to_string() }
    }
}

impl RequestBody for SuspendTenantRequest {}

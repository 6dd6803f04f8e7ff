//! Rotating a key, on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tenants::KeyResponse;
use crate::answer::ResponseBody;
use crate::strict_json::RequestBody;
use crate::wire::words::Time;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKeyRequest {
    /// How long the key that is replaced stays good.
    #[serde(default)]
    pub grace_s: u64,
}

#[derive(JsonSchema, Serialize)]
pub struct RotatedKeyResponse {
    #[serde(flatten)]
    pub key: KeyResponse,
    pub replaces: String,
    /// Until when the one that is replaced is good.
    #[schemars(with = "Time")]
    pub replaced_until: String,
}

impl RequestBody for RotateKeyRequest {}
impl ResponseBody for RotatedKeyResponse {
    fn subject(&self) -> Option<String> {
        self.key.subject()
    }
}

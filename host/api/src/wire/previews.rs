//! Pages with answers of runs, on the wire.

use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::ResponseBody;
use crate::wire::words::Time;

#[derive(JsonSchema, Serialize)]
pub struct PreviewResponse {
    /// Whoever has it sees the answer.
    pub url: String,
    #[schemars(with = "Time")]
    pub expires_at: String,
}

impl ResponseBody for PreviewResponse {}

//! Limits on the wire.

use std::time::Duration;

use isolet_domain::limits::Limits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::FieldFault;

/// What a run asks for; more than it may have is lowered to that.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsRequest {
    cpu_ms: Option<u64>,
    wall_ms: Option<u64>,
    memory_bytes: Option<u64>,
    request_body_bytes: Option<u64>,
    response_body_bytes: Option<u64>,
    log_bytes: Option<u64>,
    subrequests: Option<u32>,
    wait_until_ms: Option<u64>,
    startup_cpu_ms: Option<u64>,
}

impl LimitsRequest {
    /// As a bound of its own; what is not mentioned is unbounded here.
    pub fn bound(&self, faults: &mut Vec<FieldFault>) -> Limits {
        for (name, zero) in [
            ("cpu_ms", self.cpu_ms == Some(0)),
            ("wall_ms", self.wall_ms == Some(0)),
            ("memory_bytes", self.memory_bytes == Some(0)),
        ] {
            if zero {
                let detail = "must be at least 1".to_owned();
                faults.push(FieldFault { pointer: format!("/limits/{name}"), code: "range", detail });
            }
        }
        let max = Limits::MAX;
        let time = |asked: Option<u64>, max: Duration| asked.map_or(max, Duration::from_millis);
        Limits {
            cpu: time(self.cpu_ms, max.cpu),
            wall: time(self.wall_ms, max.wall),
            streaming_wall: max.streaming_wall,
            memory_bytes: self.memory_bytes.unwrap_or(max.memory_bytes),
            request_body_bytes: self.request_body_bytes.unwrap_or(max.request_body_bytes),
            response_body_bytes: self.response_body_bytes.unwrap_or(max.response_body_bytes),
            log_bytes: self.log_bytes.unwrap_or(max.log_bytes),
            subrequests: self.subrequests.unwrap_or(max.subrequests),
            wait_until: time(self.wait_until_ms, max.wait_until),
            startup_cpu: time(self.startup_cpu_ms, max.startup_cpu),
            build_cpu: max.build_cpu,
            overlay_bytes: max.overlay_bytes,
            overlay_segments: max.overlay_segments,
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub struct LimitsResponse {
    cpu_ms: u64,
    wall_ms: u64,
    streaming_wall_ms: u64,
    memory_bytes: u64,
    request_body_bytes: u64,
    response_body_bytes: u64,
    log_bytes: u64,
    subrequests: u32,
    wait_until_ms: u64,
    startup_cpu_ms: u64,
    build_cpu_ms: u64,
    overlay_bytes: u64,
    overlay_segments: u32,
}

impl From<Limits> for LimitsResponse {
    fn from(limits: Limits) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            cpu_ms: ms(limits.cpu),
            wall_ms: ms(limits.wall),
            streaming_wall_ms: ms(limits.streaming_wall),
            memory_bytes: limits.memory_bytes,
            request_body_bytes: limits.request_body_bytes,
            response_body_bytes: limits.response_body_bytes,
            log_bytes: limits.log_bytes,
            subrequests: limits.subrequests,
            wait_until_ms: ms(limits.wait_until),
            startup_cpu_ms: ms(limits.startup_cpu),
            build_cpu_ms: ms(limits.build_cpu),
            overlay_bytes: limits.overlay_bytes,
            overlay_segments: limits.overlay_segments,
        }
    }
}

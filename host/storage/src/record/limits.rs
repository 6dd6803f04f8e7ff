//! The written form of limits that were set: a part of the records of tenants and functions.

use std::time::Duration;

use isolet_domain::limits::LimitBounds;
use serde::{Deserialize, Serialize};

#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LimitsRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wall_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    streaming_wall_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subrequests: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_until_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    startup_cpu_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_cpu_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_per_second: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_ms_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    egress_bytes_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_bytes_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    versions_kept: Option<u32>,
}

impl LimitsRecord {
    pub(super) fn of(bounds: &LimitBounds) -> Self {
        let ms = |time: Option<Duration>| time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        Self {
            cpu_ms: ms(bounds.cpu),
            wall_ms: ms(bounds.wall),
            streaming_wall_ms: ms(bounds.streaming_wall),
            memory_bytes: bounds.memory_bytes,
            request_body_bytes: bounds.request_body_bytes,
            response_body_bytes: bounds.response_body_bytes,
            log_bytes: bounds.log_bytes,
            subrequests: bounds.subrequests,
            wait_until_ms: ms(bounds.wait_until),
            startup_cpu_ms: ms(bounds.startup_cpu),
            build_cpu_ms: ms(bounds.build_cpu),
            concurrency: bounds.concurrency,
            rate_per_second: bounds.rate_per_second,
            cpu_ms_per_minute: ms(bounds.cpu_per_minute),
            egress_bytes_per_minute: bounds.egress_bytes_per_minute,
            log_bytes_per_minute: bounds.log_bytes_per_minute,
            stored_bytes: bounds.stored_bytes,
            versions_kept: bounds.versions_kept,
        }
    }

    pub(super) fn into_domain(self) -> LimitBounds {
        let time = |ms: Option<u64>| ms.map(Duration::from_millis);
        LimitBounds {
            cpu: time(self.cpu_ms),
            wall: time(self.wall_ms),
            streaming_wall: time(self.streaming_wall_ms),
            memory_bytes: self.memory_bytes,
            request_body_bytes: self.request_body_bytes,
            response_body_bytes: self.response_body_bytes,
            log_bytes: self.log_bytes,
            subrequests: self.subrequests,
            wait_until: time(self.wait_until_ms),
            startup_cpu: time(self.startup_cpu_ms),
            build_cpu: time(self.build_cpu_ms),
            concurrency: self.concurrency,
            rate_per_second: self.rate_per_second,
            cpu_per_minute: time(self.cpu_ms_per_minute),
            egress_bytes_per_minute: self.egress_bytes_per_minute,
            log_bytes_per_minute: self.log_bytes_per_minute,
            stored_bytes: self.stored_bytes,
            versions_kept: self.versions_kept,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

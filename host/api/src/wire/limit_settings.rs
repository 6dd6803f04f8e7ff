//! Limits that are set, on the wire: the ones a plan, a tenant or a function has, and what counts of them.

use std::time::Duration;

use isolet_domain::limits::{Admission, LimitBounds, Limits};
use isolet_domain::service::limit_settings::LimitSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::LimitsResponse;
use crate::answer::ResponseBody;
use crate::failure::FieldFault;
use crate::strict_json::RequestBody;

/// What is not mentioned is not set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsText {
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
    /// Invocations in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    /// Invocations that may begin in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    rps: Option<u32>,
    /// Thread CPU time that all invocations together may use in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_ms_per_minute: Option<u64>,
    /// What they may send to the outside in a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    egress_bytes_per_minute: Option<u64>,
    /// Console output that is kept of them; what is more is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_bytes_per_minute: Option<u64>,
    /// What the tenant may have stored: sources of versions and runs, and records with their variables and secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_bytes: Option<u64>,
    /// Versions that a function keeps, the newest and whatever an alias names: older ones go when a new one is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions_kept: Option<u32>,
}

impl LimitsText {
    /// # Errors
    /// Limits that nothing could run under, and such as nobody gets.
    pub fn into_domain(self) -> Result<LimitBounds, Vec<FieldFault>> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let time = |ms: Option<u64>| ms.map(Duration::from_millis);
        Ok(LimitBounds {
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
            rate_per_second: self.rps,
            cpu_per_minute: time(self.cpu_ms_per_minute),
            egress_bytes_per_minute: self.egress_bytes_per_minute,
            log_bytes_per_minute: self.log_bytes_per_minute,
            stored_bytes: self.stored_bytes,
            versions_kept: self.versions_kept,
        })
    }
}

impl LimitsText {
    /// What a host lowers further on its own is not in here: that may change, and what is set then counts.
    fn faults(&self) -> Vec<FieldFault> {
        let max = Limits::MAX;
        let subrequests = self.subrequests.map(u64::from);
        let versions_kept = self.versions_kept.map(u64::from);
        // A tenant that nothing is to run of is suspended, and told so.
        let (concurrency, rps) = (self.concurrency.map(u64::from), self.rps.map(u64::from));
        let fault = |(name, set, least, most): (&str, Option<u64>, u64, u64)| {
            let detail = match set? {
                set if set < least => format!("must be at least {least}"),
                set if set > most => format!("must be at most {most}"),
                _ => return None,
            };
            Some(FieldFault { pointer: format!("/{name}"), code: "range", detail })
        };
        let ranges = [
            ("cpu_ms", self.cpu_ms, 1, ms(max.cpu)),
            ("wall_ms", self.wall_ms, 1, ms(max.wall)),
            ("streaming_wall_ms", self.streaming_wall_ms, 1, ms(max.streaming_wall)),
            ("memory_bytes", self.memory_bytes, Limits::MIN_MEMORY_BYTES, max.memory_bytes),
            ("request_body_bytes", self.request_body_bytes, 0, max.request_body_bytes),
            ("response_body_bytes", self.response_body_bytes, 0, max.response_body_bytes),
            ("log_bytes", self.log_bytes, 0, max.log_bytes),
            ("subrequests", subrequests, 0, max.subrequests.into()),
            ("wait_until_ms", self.wait_until_ms, 0, ms(max.wait_until)),
            ("startup_cpu_ms", self.startup_cpu_ms, 1, ms(max.startup_cpu)),
            ("build_cpu_ms", self.build_cpu_ms, 1, ms(max.build_cpu)),
            ("concurrency", concurrency, 1, u64::MAX),
            ("rps", rps, 1, u64::MAX),
            ("cpu_ms_per_minute", self.cpu_ms_per_minute, 1, u64::MAX),
            // The one that was just made stays.
            ("versions_kept", versions_kept, 1, u64::MAX),
        ];
        ranges.into_iter().filter_map(fault).collect()
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<&LimitBounds> for LimitsText {
    fn from(bounds: &LimitBounds) -> Self {
        let ms = |time: Option<Duration>| time.map(ms);
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
            rps: bounds.rate_per_second,
            cpu_ms_per_minute: ms(bounds.cpu_per_minute),
            egress_bytes_per_minute: bounds.egress_bytes_per_minute,
            log_bytes_per_minute: bounds.log_bytes_per_minute,
            stored_bytes: bounds.stored_bytes,
            versions_kept: bounds.versions_kept,
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub struct LimitSettingsResponse {
    plan: String,
    /// What is set here.
    pub set: LimitsText,
    /// What counts: the lowest of plan, tenant and function.
    effective: EffectiveResponse,
}

#[derive(JsonSchema, Serialize)]
struct EffectiveResponse {
    #[serde(flatten)]
    limits: LimitsResponse,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rps: Option<u32>,
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

impl From<LimitSettings> for LimitSettingsResponse {
    fn from(LimitSettings { set, plan, limits, admission, versions_kept }: LimitSettings) -> Self {
        let limits: Limits = limits;
        let budgets = admission.map(|admission| admission.budgets);
        Self {
            plan,
            set: LimitsText::from(&set),
            effective: EffectiveResponse {
                limits: LimitsResponse::from(limits),
                concurrency: admission.map(|admission: Admission| admission.concurrency),
                rps: admission.map(|admission| admission.rate_per_second),
                cpu_ms_per_minute: budgets.and_then(|budgets| budgets.cpu).map(ms),
                egress_bytes_per_minute: budgets.and_then(|budgets| budgets.egress_bytes),
                log_bytes_per_minute: budgets.and_then(|budgets| budgets.log_bytes),
                stored_bytes: admission.and_then(|admission| admission.stored_bytes),
                versions_kept,
            },
        }
    }
}

impl RequestBody for LimitsText {}

impl ResponseBody for LimitsText {}
impl ResponseBody for LimitSettingsResponse {}

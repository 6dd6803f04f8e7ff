//! What several tenants' requests came to, on the wire.

use std::collections::BTreeMap;

use isolet_domain::limits::Admission;
use isolet_domain::series::{Step, Tallies, Tally};
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::ResponseBody;
use crate::wire::words::Time;

/// Windows of one length, and what each tenant did in them.
#[derive(JsonSchema, Serialize)]
pub struct ActivityResponse {
    #[schemars(with = "Time")]
    pub start: String,
    #[schemars(with = "Time")]
    pub end: String,
    /// Seconds of a window.
    pub step_s: i64,
    /// In the order that was asked for; tenants that are not there or not within reach are left out.
    pub data: Vec<TenantActivityResponse>,
}

#[derive(JsonSchema, Serialize)]
pub struct TenantActivityResponse {
    tenant: String,
    /// In each window.
    requests: Vec<u64>,
    /// How those ended.
    outcomes: BTreeMap<&'static str, u64>,
    quotas: Vec<QuotaResponse>,
}

/// A quota, and what was used of it in the busiest minute of the last hour.
#[derive(JsonSchema, Serialize)]
struct QuotaResponse {
    /// As among the limits.
    name: &'static str,
    limit: f64,
    used: f64,
}

type Windows = BTreeMap<i64, Tallies>;

impl TenantActivityResponse {
    pub fn new(tenant: String, between: (i64, i64), day: &Windows, hour: &Windows, admission: &Admission) -> Self {
        let mut outcomes = BTreeMap::new();
        for (outcome, count) in day.values().flat_map(Tallies::values).flat_map(|tally| &tally.outcomes) {
            *outcomes.entry(outcome.as_str()).or_default() += count;
        }
        let starts = (between.0..between.1).step_by(Step::Hour.seconds().unsigned_abs() as usize);
        let requests = starts.map(|start| day.get(&start).map_or(0, |tallies| sum(tallies, |tally| tally.requests)));
        Self { tenant, requests: requests.collect(), outcomes, quotas: quotas(hour, admission) }
    }
}

fn sum(tallies: &Tallies, of: impl Fn(&Tally) -> u64) -> u64 {
    tallies.values().map(of).fold(0, u64::saturating_add)
}

fn quotas(minutes: &Windows, admission: &Admission) -> Vec<QuotaResponse> {
    let busiest = |of: fn(&Tally) -> u64| minutes.values().map(|tallies| sum(tallies, of)).max().unwrap_or(0) as f64;
    let budgets = &admission.budgets;
    let rate = QuotaResponse {
        name: "rps",
        limit: f64::from(admission.rate_per_second),
        used: busiest(|tally| tally.requests) / 60.0,
    };
    let cpu = budgets.cpu.map(|limit| QuotaResponse {
        name: "cpu_ms_per_minute",
        limit: super::ms(limit),
        used: busiest(|tally| tally.cpu_us) / 1_000.0,
    });
    let egress = budgets.egress_bytes.map(|limit| QuotaResponse {
        name: "egress_bytes_per_minute",
        limit: limit as f64,
        used: busiest(|tally| tally.egress_bytes),
    });
    [Some(rate), cpu, egress].into_iter().flatten().collect()
}

impl ResponseBody for ActivityResponse {}

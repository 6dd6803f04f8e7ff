//! The written form of a host's part of a window: a tenant's tallies, by function. What is zero is left out.

use std::collections::BTreeMap;

use isolet_domain::ids::FunctionName;
use isolet_domain::outcome::Outcome;
use isolet_domain::series::{Sketch, Tallies, Tally};
use serde::{Deserialize, Serialize};

use super::envelope::{Record, parse};

#[derive(Serialize, Deserialize)]
pub(crate) struct TalliesRecord {
    functions: BTreeMap<String, TallyRecord>,
    /// Code that came with a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runs: Option<TallyRecord>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct TallyRecord {
    #[serde(skip_serializing_if = "is_zero")]
    requests: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    outcomes: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    durations: Vec<(u8, u64)>,
    #[serde(skip_serializing_if = "is_zero")]
    us: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cpu_us: u64,
    #[serde(skip_serializing_if = "is_zero")]
    memory: u64,
    #[serde(skip_serializing_if = "is_zero")]
    kib_ms: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cold: u64,
    #[serde(skip_serializing_if = "is_zero")]
    subrequests: u64,
    #[serde(skip_serializing_if = "is_zero")]
    received: u64,
    #[serde(skip_serializing_if = "is_zero")]
    answered: u64,
    #[serde(skip_serializing_if = "is_zero")]
    egress: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Record for TalliesRecord {
    type Domain = Tallies;

    fn of(tallies: &Tallies) -> Self {
        let named =
            tallies.iter().filter_map(|(name, tally)| Some((name.as_ref()?.to_string(), TallyRecord::of(tally))));
        Self { functions: named.collect(), runs: tallies.get(&None).map(TallyRecord::of) }
    }

    fn into_domain(self) -> Result<Tallies, String> {
        let mut tallies = Tallies::new();
        for (name, tally) in self.functions {
            tallies.insert(Some(parse("functions", &name, FunctionName::parse)?), tally.into_domain());
        }
        if let Some(runs) = self.runs {
            tallies.insert(None, runs.into_domain());
        }
        Ok(tallies)
    }
}

impl TallyRecord {
    fn of(tally: &Tally) -> Self {
        Self {
            requests: tally.requests,
            outcomes: tally.outcomes.iter().map(|(outcome, count)| (outcome.as_str().to_owned(), *count)).collect(),
            durations: tally.durations.buckets().to_vec(),
            us: tally.duration_us,
            cpu_us: tally.cpu_us,
            memory: tally.memory_peak_bytes,
            kib_ms: tally.memory_kib_ms,
            cold: tally.cold_starts,
            subrequests: tally.subrequests,
            received: tally.request_bytes,
            answered: tally.response_bytes,
            egress: tally.egress_bytes,
        }
    }

    fn into_domain(self) -> Tally {
        // An outcome that only a later host knows still counts as a request.
        let known = self.outcomes.into_iter().filter_map(|(outcome, count)| Some((Outcome::parse(&outcome)?, count)));
        Tally {
            requests: self.requests,
            outcomes: known.collect(),
            durations: Sketch::of(self.durations),
            duration_us: self.us,
            cpu_us: self.cpu_us,
            memory_peak_bytes: self.memory,
            memory_kib_ms: self.kib_ms,
            cold_starts: self.cold,
            subrequests: self.subrequests,
            request_bytes: self.received,
            response_bytes: self.answered,
            egress_bytes: self.egress,
        }
    }
}

//! What can be asked of a tenant's series, and how it is read off a tally.

use isolet_domain::series::Tally;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Requests,
    Errors,
    DurationP50,
    DurationP95,
    DurationP99,
    Cpu,
    MemoryPeak,
    ColdStarts,
    Subrequests,
    RequestBytes,
    ResponseBytes,
    EgressBytes,
}

impl Measure {
    pub const ALL: [Self; 12] = [
        Self::Requests,
        Self::Errors,
        Self::DurationP50,
        Self::DurationP95,
        Self::DurationP99,
        Self::Cpu,
        Self::MemoryPeak,
        Self::ColdStarts,
        Self::Subrequests,
        Self::RequestBytes,
        Self::ResponseBytes,
        Self::EgressBytes,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::DurationP50 => "duration_p50_ms",
            Self::DurationP95 => "duration_p95_ms",
            Self::DurationP99 => "duration_p99_ms",
            Self::Cpu => "cpu_ms",
            Self::MemoryPeak => "memory_peak_bytes",
            Self::ColdStarts => "cold_starts",
            Self::Subrequests => "subrequests",
            Self::RequestBytes => "request_bytes",
            Self::ResponseBytes => "response_bytes",
            Self::EgressBytes => "egress_bytes",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == raw)
    }

    /// Of a window: a sum, or nothing where nothing was measured.
    pub fn of(self, tally: &Tally) -> Option<f64> {
        let quantile = |share| tally.durations.quantile(share).map(super::ms);
        // Whole numbers stay exact up to 2⁵³.
        let count = |count: u64| Some(count as f64);
        match self {
            Self::Requests => count(tally.requests),
            Self::Errors => count(tally.failed()),
            Self::DurationP50 => quantile(0.5),
            Self::DurationP95 => quantile(0.95),
            Self::DurationP99 => quantile(0.99),
            Self::Cpu => Some(tally.cpu_us as f64 / 1_000.0),
            Self::MemoryPeak => (tally.requests > 0).then_some(tally.memory_peak_bytes as f64),
            Self::ColdStarts => count(tally.cold_starts),
            Self::Subrequests => count(tally.subrequests),
            Self::RequestBytes => count(tally.request_bytes),
            Self::ResponseBytes => count(tally.response_bytes),
            Self::EgressBytes => count(tally.egress_bytes),
        }
    }
}

//! The `[logs]` and `[metrics]` tables: what is kept of what tenants' code said and did, and for how long.

use std::time::Duration;

use isolet_domain::log::LogKeep;
use isolet_domain::service::{activity::ActivityRules, log_buffer::LogRules};
use serde::Deserialize;

/// The `[logs]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogsTable {
    pub kept_mib: u64,
    pub kept_records: u64,
    pub kept_hours: u64,
    pub kib_per_second: usize,
    pub records_per_second: usize,
    pub buffer_mib: usize,
}

impl LogsTable {
    pub(super) fn rules(&self) -> LogRules {
        LogRules {
            keep: LogKeep {
                bytes: self.kept_mib << 20,
                records: self.kept_records,
                age: Duration::from_secs(self.kept_hours * 3_600),
            },
            batch_bytes: self.kib_per_second << 10,
            batch_records: self.records_per_second,
            buffer_bytes: self.buffer_mib << 20,
        }
    }
}

/// The `[metrics]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsTable {
    pub kept_10s_minutes: u32,
    pub kept_1m_hours: u32,
    pub kept_1h_days: u32,
    pub kept_usage_days: u32,
}

impl MetricsTable {
    pub(super) fn rules(&self) -> ActivityRules {
        const HOUR: i64 = 3_600;
        ActivityRules {
            ten_seconds: i64::from(self.kept_10s_minutes) * 60,
            minutes: i64::from(self.kept_1m_hours) * HOUR,
            hours: i64::from(self.kept_1h_days) * 24 * HOUR,
            usage: i64::from(self.kept_usage_days) * 24 * HOUR,
        }
    }
}

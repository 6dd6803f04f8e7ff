//! Rows of usage on the wire: as JSON, and as a table with commas (RFC 4180).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use isolet_domain::ids::Digest;
use isolet_domain::series::Tally;
use isolet_domain::usage::{Group, RowKey, UsageQuery};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::words::Time;
use crate::answer::ResponseBody;

/// What was used in one window.
#[derive(JsonSchema, Serialize)]
pub struct UsageWindowResponse {
    #[schemars(with = "Time")]
    window_start: String,
    #[schemars(with = "Time")]
    window_end: String,
    /// What it is grouped by, such as `tenant` or `label.plan`. The function is null for code that came with a run, a label where the
    /// tenant has none.
    labels: BTreeMap<String, Option<String>>,
    requests: u64,
    /// From the arrival of requests to the end of their instances, added up.
    duration_ms: f64,
    cpu_ms: f64,
    /// Each request's peak of memory times its duration, added up: mebibytes times seconds.
    memory_mib_s: f64,
    cold_starts: u64,
    subrequests: u64,
    request_bytes: u64,
    response_bytes: u64,
    egress_bytes: u64,
    /// Whether the window is closed: nothing is added to it any more.
    closed: bool,
    /// Of a closed row, which is the same whenever it is asked for; null while it can change, and where rows are grouped by labels, which
    /// can change later.
    digest: Option<String>,
}

impl UsageWindowResponse {
    /// A row, and whether its window is closed.
    pub fn new(query: &UsageQuery, (start, values): &RowKey, tally: &Tally, closed: bool) -> Self {
        let time = |second| Timestamp::from_second(second).unwrap_or_default().to_string();
        let named = |(group, value): (&Group, &Option<String>)| (name(group), value.clone());
        let mut row = Self {
            window_start: time(*start),
            window_end: time(start + query.granularity.seconds()),
            labels: query.groups.iter().zip(values).map(named).collect(),
            requests: tally.requests,
            duration_ms: tally.duration_us as f64 / 1_000.0,
            cpu_ms: tally.cpu_us as f64 / 1_000.0,
            memory_mib_s: tally.memory_kib_ms as f64 / (1_024.0 * 1_000.0),
            cold_starts: tally.cold_starts,
            subrequests: tally.subrequests,
            request_bytes: tally.request_bytes,
            response_bytes: tally.response_bytes,
            egress_bytes: tally.egress_bytes,
            closed,
            digest: None,
        };
        let lasts = !query.groups.iter().any(|group| matches!(group, Group::Label(_))) && query.is_by_tenant();
        if closed && lasts {
            row.digest = Some(Digest::of(row.line(query).as_bytes()).to_string());
        }
        row
    }

    /// The names of the columns.
    pub fn head(query: &UsageQuery) -> String {
        let groups: String = query.groups.iter().map(|group| cell(&name(group)) + ",").collect();
        format!(
            "window_start,window_end,{groups}requests,duration_ms,cpu_ms,memory_mib_s,cold_starts,subrequests,request_bytes,\
             response_bytes,egress_bytes,closed,digest\r\n"
        )
    }

    /// Its line of the table.
    pub fn line(&self, query: &UsageQuery) -> String {
        let mut line = format!("{},{},", self.window_start, self.window_end);
        for group in &query.groups {
            let value = self.labels.get(&name(group)).cloned().flatten();
            line.push_str(&cell(&value.unwrap_or_default()));
            line.push(',');
        }
        let Self { requests, duration_ms, cpu_ms, memory_mib_s, cold_starts, subrequests, .. } = self;
        let Self { request_bytes, response_bytes, egress_bytes, closed, .. } = self;
        write!(
            line,
            "{requests},{duration_ms},{cpu_ms},{memory_mib_s},{cold_starts},{subrequests},{request_bytes},{response_bytes},\
             {egress_bytes},{closed},{}\r\n",
            self.digest.as_deref().unwrap_or_default()
        )
        .expect("writing to a string never fails");
        line
    }
}

fn name(group: &Group) -> String {
    match group {
        Group::Tenant => "tenant".to_owned(),
        Group::Function => "function".to_owned(),
        Group::Label(label) => format!("label.{label}"),
    }
}

/// A value as a cell: quoted where it must be, and never a formula to the program that opens the table.
fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

impl ResponseBody for UsageWindowResponse {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        for (text, expected) in [
            ("gold", "gold"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("-1", "'-1"),
            ("a\r\nb", "\"a\r\nb\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}

//! A tenant's series on the wire: columns of numbers over one column of times, as charts take them.

use std::collections::BTreeMap;

use isolet_domain::series::Step;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::words::{MeasureWord, StepWord, Time};
use crate::answer::ResponseBody;

/// Numbers over time.
#[derive(JsonSchema, Serialize)]
pub struct SeriesResponse {
    #[schemars(with = "StepWord")]
    step: &'static str,
    step_s: i64,
    #[schemars(with = "Time")]
    start: String,
    #[schemars(with = "Time")]
    end: String,
    /// When each window begins, in seconds since 1970.
    times: Vec<i64>,
    series: Vec<ColumnResponse>,
}

/// One measure of one group.
#[derive(JsonSchema, Serialize)]
pub struct ColumnResponse {
    #[schemars(with = "MeasureWord")]
    pub name: &'static str,
    /// What it is grouped by. The function is null for code that came with a run.
    pub labels: BTreeMap<&'static str, Option<String>>,
    /// One for each window; null where nothing was measured.
    pub values: Vec<Option<f64>>,
}

impl SeriesResponse {
    pub fn new(step: Step, (start, end): (i64, i64), series: Vec<ColumnResponse>) -> Self {
        let time = |second| Timestamp::from_second(second).unwrap_or_default().to_string();
        let count = usize::try_from((end - start) / step.seconds()).unwrap_or(0);
        let times = (0..).map(|number| start + number * step.seconds()).take(count).collect();
        let (step, step_s) = (step.as_str(), step.seconds());
        Self { step, step_s, start: time(start), end: time(end), times, series }
    }
}

impl ResponseBody for SeriesResponse {}

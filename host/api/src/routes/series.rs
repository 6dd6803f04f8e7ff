//! A tenant's series.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use isolet_domain::series::{Tallies, Tally};

use super::metric_query::{Group, MetricQuery};
use crate::answer::Answer;
use crate::caller::{In, needs};
use crate::failure::Failure;
use crate::state::AppState;
use crate::wire::measure::Measure;
use crate::wire::metrics::{ColumnResponse, SeriesResponse};

/// Columns' groups, at most: those with the most requests.
const MAX_GROUPS: usize = 50;

type Labels = BTreeMap<&'static str, Option<String>>;

pub async fn get_tenant_metrics(
    State(app): State<AppState>,
    found: In<needs::MetricsRead>,
    query: MetricQuery,
) -> Result<Answer<SeriesResponse>, Failure> {
    let windows = app.platform().activity.windows(&found.scope, query.step, query.between).await?;
    let windows: BTreeMap<i64, BTreeMap<Labels, Tally>> =
        windows.into_iter().map(|(start, tallies)| (start, grouped(tallies, &query))).collect();
    let starts: Vec<i64> =
        (query.between.0..query.between.1).step_by(query.step.seconds().unsigned_abs() as usize).collect();
    let none = Tally::default();
    let column = |labels: &Labels, measure: Measure| {
        let tally = |start| windows.get(start).and_then(|groups| groups.get(labels)).unwrap_or(&none);
        let values = starts.iter().map(|start| measure.of(tally(start))).collect();
        ColumnResponse { name: measure.as_str(), labels: labels.clone(), values }
    };
    let mut series = Vec::new();
    for labels in groups(&windows, query.group) {
        series.extend(query.names.iter().map(|measure| column(&labels, *measure)));
    }
    Ok(Answer(SeriesResponse::new(query.step, query.between, series)))
}

/// The groups there are, by name; all as one where nothing is grouped.
fn groups(windows: &BTreeMap<i64, BTreeMap<Labels, Tally>>, group: Option<Group>) -> BTreeSet<Labels> {
    if group.is_none() {
        return BTreeSet::from([Labels::new()]);
    }
    let mut requests: BTreeMap<&Labels, u64> = BTreeMap::new();
    for (labels, tally) in windows.values().flatten() {
        *requests.entry(labels).or_default() += tally.requests;
    }
    let mut most: Vec<(u64, &Labels)> = requests.into_iter().map(|(labels, count)| (count, labels)).collect();
    most.sort_unstable_by(|one, other| other.cmp(one));
    most.into_iter().take(MAX_GROUPS).map(|(_, labels)| labels.clone()).collect()
}

fn grouped(tallies: Tallies, query: &MetricQuery) -> BTreeMap<Labels, Tally> {
    let mut groups: BTreeMap<Labels, Tally> = BTreeMap::new();
    for (function, tally) in tallies {
        if query.function.is_some() && query.function != function {
            continue;
        }
        match query.group {
            None => Tally::merge(groups.entry(Labels::new()).or_default(), &tally),
            Some(Group::Function) => {
                let labels = Labels::from([("function", function.map(|name| name.to_string()))]);
                Tally::merge(groups.entry(labels).or_default(), &tally);
            }
            Some(Group::Outcome) => {
                for (outcome, count) in &tally.outcomes {
                    let labels = Labels::from([("outcome", Some(outcome.as_str().to_owned()))]);
                    groups.entry(labels).or_default().requests += count;
                }
            }
        }
    }
    groups
}

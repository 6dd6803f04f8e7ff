//! Which numbers over which time: `?names=&start=&end=&step=&group_by=&function=`.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use http::request::Parts;
use isolet_domain::ids::FunctionName;
use isolet_domain::series::Step;
use isolet_domain::service::activity::ActivityRules;
use jiff::Timestamp;
use serde_json::json;

use crate::catalogue as rows;
use crate::document::named;
use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::state::AppState;
use crate::wire::measure::Measure;

/// Windows of one answer.
const MAX_WINDOWS: i64 = 1_500;
/// And of one whose step nobody said.
const USUAL_WINDOWS: i64 = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Function,
    Outcome,
}

pub struct MetricQuery {
    pub names: Vec<Measure>,
    pub step: Step,
    /// Whole windows, in seconds since 1970.
    pub between: (i64, i64),
    pub group: Option<Group>,
    pub function: Option<FunctionName>,
}

impl FromRequestParts<AppState> for MetricQuery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Failure> {
        let mut named = named(&parts.uri)?;
        let names = match named.remove("names") {
            None => Measure::ALL.to_vec(),
            Some(names) => {
                let known = names.split(',').map(Measure::parse).collect::<Option<Vec<_>>>();
                known.ok_or_else(|| bad("`names` must be names of measures with commas between them"))?
            }
        };
        let group = match named.remove("group_by").as_deref() {
            None => None,
            Some("function") => Some(Group::Function),
            Some("outcome") if names == [Measure::Requests] => Some(Group::Outcome),
            Some("outcome") => return Err(bad("`group_by=outcome` goes with `names=requests`")),
            Some(_) => return Err(bad("`group_by` must be `function` or `outcome`")),
        };
        let function = named.remove("function").map(|name| FunctionName::parse(&name));
        let function = function.transpose().map_err(|_| bad("`function` must be a function's name"))?;
        let (step, between) = span(&mut named, app.platform().activity.rules())?;
        Ok(Self { names, step, between, group, function })
    }
}

/// The step, and whole windows of it.
fn span(named: &mut BTreeMap<String, String>, rules: &ActivityRules) -> Result<(Step, (i64, i64)), Failure> {
    let now = Timestamp::now().as_second();
    let mut time = |name: &str, usual: i64| match named.remove(name).map(|time| time.parse::<Timestamp>()) {
        None => Ok(usual),
        Some(Ok(time)) => Ok(time.as_second()),
        Some(Err(_)) => Err(bad(&format!("`{name}` must be a time as in RFC 3339"))),
    };
    // With the second under way, which may be a window's first.
    let end = time("end", now + 1)?;
    let start = time("start", end.saturating_sub(3_600))?;
    if start >= end {
        return Err(bad("`start` must be before `end`"));
    }
    let count = |step: Step| (end - start) / step.seconds() + 1;
    let step = match named.remove("step") {
        Some(step) => Step::parse(&step)
            .filter(|step| Step::SERIES.contains(step))
            .ok_or_else(|| bad("`step` must be `10s`, `1m` or `1h`"))?,
        None => {
            let fits = |step: &Step| count(*step) <= USUAL_WINDOWS && now - start <= rules.kept(*step);
            Step::SERIES.into_iter().find(fits).unwrap_or(Step::Hour)
        }
    };
    if count(step) > MAX_WINDOWS {
        return Err(bad(&format!("more than {MAX_WINDOWS} windows: take a larger `step`, or less time")));
    }
    Ok((step, (step.window(start), step.window(end - 1) + step.seconds())))
}

fn bad(detail: &str) -> Failure {
    Failure::Malformed { detail: detail.to_owned(), pointer: None }
}

impl Part for MetricQuery {
    fn describe(operation: &mut Operation<'_>) {
        let time = || json!({ "type": "string", "format": "date-time" });
        let names = Measure::ALL.map(Measure::as_str);
        let named = format!("^({0})(,({0}))*$", names.join("|"));
        for (name, description, schema) in [
            (
                "names",
                "Which measures, with commas between them; all without it.",
                json!({ "type": "string", "pattern": named }),
            ),
            ("start", "From then on; an hour before the end without it.", time()),
            ("end", "Until then; now without it.", time()),
            (
                "step",
                "The length of a window; what suits the time without it.",
                json!({ "type": "string", "enum": Step::SERIES.map(Step::as_str) }),
            ),
            (
                "group_by",
                "A column for each; outcomes for `requests` alone.",
                json!({ "type": "string", "enum": ["function", "outcome"] }),
            ),
            ("function", "Those of this function.", json!({ "type": "string", "maxLength": 30 })),
        ] {
            operation.in_query(name, false, description, schema);
        }
        operation.fails(&[rows::MALFORMED]);
    }
}

//! Which usage: `?start=&end=&granularity=&group_by=&tenant=`, and in which form.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use isolet_domain::usage::{Granularity, Group, UsageQuery};
use jiff::Timestamp;
use serde_json::json;

use crate::catalogue as rows;
use crate::document::named;
use crate::document::{Operation, Part};
use crate::failure::Failure;

/// Windows of one answer: a month of the shortest.
const MAX_WINDOWS: i64 = 3_000;
const MAX_GROUPS: usize = 5;
/// Tenants that one question may name.
const MAX_TENANTS: usize = 100;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    Lines,
    Table,
}

pub struct AskedUsage {
    pub query: UsageQuery,
    /// Those whose usage it is, as they were named; none are all that the caller reaches.
    pub tenants: BTreeSet<String>,
    pub form: Form,
}

impl<S: Sync> FromRequestParts<S> for AskedUsage {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let mut named = named(&parts.uri)?;
        let granularity = named.remove("granularity").map_or(Some(Granularity::Hour), |word| Granularity::parse(&word));
        let granularity = granularity.ok_or_else(|| bad("`granularity` must be `15m`, `1h` or `1d`"))?;
        let groups = groups(named.remove("group_by").as_deref().unwrap_or("tenant"))?;
        let tenants = named.remove("tenant").map_or(Ok(BTreeSet::new()), |raw| tenants(&raw))?;
        let between = span(&mut named, granularity)?;
        Ok(Self { query: UsageQuery { between, granularity, groups }, tenants, form: form(parts) })
    }
}

fn groups(raw: &str) -> Result<Vec<Group>, Failure> {
    let mut groups = Vec::new();
    for word in raw.split(',') {
        let group =
            Group::parse(word).ok_or_else(|| bad("`group_by` must be of `tenant`, `function` and `label.NAME`"))?;
        if groups.contains(&group) {
            return Err(bad("`group_by` names something twice"));
        }
        groups.push(group);
    }
    // A function's name is its tenant's.
    if groups.contains(&Group::Function) && !groups.contains(&Group::Tenant) {
        groups.insert(0, Group::Tenant);
    }
    if groups.len() > MAX_GROUPS { Err(bad("`group_by` names more than 5")) } else { Ok(groups) }
}

fn tenants(raw: &str) -> Result<BTreeSet<String>, Failure> {
    let named: BTreeSet<String> = raw.split(',').map(str::to_owned).collect();
    if named.contains("") {
        return Err(bad("`tenant` must be slugs of tenants, with commas between them"));
    }
    if named.len() > MAX_TENANTS { Err(bad("`tenant` names more than 100")) } else { Ok(named) }
}

/// The whole windows that have any of this time.
fn span(named: &mut BTreeMap<String, String>, granularity: Granularity) -> Result<(i64, i64), Failure> {
    let mut time = |name: &str, usual: i64| match named.remove(name).map(|time| time.parse::<Timestamp>()) {
        None => Ok(usual),
        Some(Ok(time)) => Ok(time.as_second()),
        Some(Err(_)) => Err(bad(&format!("`{name}` must be a time as in RFC 3339"))),
    };
    // With the second under way, which may be a window's first.
    let end = time("end", Timestamp::now().as_second() + 1)?;
    let start = time("start", end.saturating_sub(24 * 3_600))?;
    if start >= end {
        return Err(bad("`start` must be before `end`"));
    }
    let (from, to) = (granularity.window(start), granularity.window(end - 1) + granularity.seconds());
    if (to - from) / granularity.seconds() > MAX_WINDOWS {
        return Err(bad(&format!("more than {MAX_WINDOWS} windows: take a larger `granularity`, or less time")));
    }
    Ok((from, to))
}

fn form(parts: &Parts) -> Form {
    let mut accepted = parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let found = accepted.find_map(|value| {
        value.split(',').find_map(|part| match part.split(';').next().unwrap_or_default().trim() {
            "text/csv" => Some(Form::Table),
            "application/x-ndjson" => Some(Form::Lines),
            "application/json" => Some(Form::Json),
            _ => None,
        })
    });
    found.unwrap_or(Form::Json)
}

fn bad(detail: &str) -> Failure {
    Failure::Malformed { detail: detail.to_owned(), pointer: None }
}

impl Part for AskedUsage {
    fn describe(operation: &mut Operation<'_>) {
        let time = || json!({ "type": "string", "format": "date-time" });
        let granularities = Granularity::ALL.map(Granularity::as_str);
        for (name, description, schema) in [
            ("start", "Windows with any time from then on; a day before the end without it.", time()),
            ("end", "Windows with any time before then; now without it.", time()),
            (
                "granularity",
                "The length of a window; days are UTC's.",
                json!({ "type": "string", "enum": granularities, "default": "1h" }),
            ),
            (
                "group_by",
                "What has rows of its own: `tenant`, `function`, `label.NAME`, with commas between them.",
                json!({ "type": "string", "default": "tenant", "maxLength": 300 }),
            ),
            (
                "tenant",
                "Those tenants' alone: slugs with commas between them, `~` for the one that the key is bound to. One out of reach is the \
                 same as one that does not exist.",
                json!({ "type": "string", "maxLength": 3_200 }),
            ),
        ] {
            operation.in_query(name, false, description, schema);
        }
        operation.fails(&[rows::MALFORMED, rows::NO_TENANT]);
    }
}

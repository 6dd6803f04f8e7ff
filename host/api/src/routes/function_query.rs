//! Which of a tenant's functions a list, or a removal, is about: `?label.k=v`, whose form lists of tenants share. Where a list begins and how
//! long it is, is `cursor`'s.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde_json::json;

use crate::catalogue as rows;
use crate::cursor::ListQuery;
use crate::document::{DryRun, Operation, Part, named};
use crate::failure::Failure;

/// Names and values of labels, all of which a function has.
type Labels = BTreeMap<String, String>;

/// `?label.k=v&limit=&cursor=`.
pub struct FunctionQuery {
    pub labels: Labels,
    pub list: ListQuery,
    /// What a cursor is tied to: this list with these labels.
    pub name: String,
}

impl<S: Sync> FromRequestParts<S> for FunctionQuery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let mut named = named(&parts.uri)?;
        let list = ListQuery::of(named.remove("limit").as_deref(), named.remove("cursor"))?;
        let labels = labels(named);
        let name = if labels.is_empty() { "functions".to_owned() } else { format!("functions {labels:?}") };
        Ok(Self { labels, list, name })
    }
}

impl Part for FunctionQuery {
    fn describe(operation: &mut Operation<'_>) {
        ListQuery::describe(operation);
        describe_labels(operation);
    }
}

/// `?label.k=v&dry_run=`, at least one of them: all functions at once are nobody's wish that is not said.
pub struct Labelled {
    pub labels: Labels,
    pub dry_run: bool,
}

impl<S: Sync> FromRequestParts<S> for Labelled {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let DryRun(dry_run) = DryRun::of(&parts.uri)?;
        let labels = labels(named(&parts.uri)?);
        if labels.is_empty() {
            let detail = "say which functions, by a label that they have: `?label.NAME=VALUE`".to_owned();
            return Err(Failure::Malformed { detail, pointer: None });
        }
        Ok(Self { labels, dry_run })
    }
}

impl Part for Labelled {
    fn describe(operation: &mut Operation<'_>) {
        describe_labels(operation);
        DryRun::describe(operation);
        operation.fails(&[rows::MALFORMED]);
    }
}

/// Those of the parameters that are labels.
pub(super) fn labels(named: BTreeMap<String, String>) -> Labels {
    let label = |(name, value): (String, String)| Some((name.strip_prefix("label.")?.to_owned(), value));
    named.into_iter().filter_map(label).collect()
}

pub(super) fn describe_labels(operation: &mut Operation<'_>) {
    let label =
        "Those alone whose label `NAME` has this value; whatever the label is called, and for several together.";
    operation.in_query("label.NAME", false, label, json!({ "type": "string" }));
}

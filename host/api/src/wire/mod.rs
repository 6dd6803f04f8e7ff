//! Wire types: what requests and answers look like as JSON. Domain types never serialise themselves; a rename there must not change
//! a byte here.

pub mod activity;
pub mod aliases;
pub mod audit;
pub mod check;
pub mod code;
pub mod comparison;
pub mod egress;
pub mod functions;
pub mod history;
pub mod host;
pub mod keys;
pub mod limit_settings;
pub mod limits;
pub mod logs;
pub mod measure;
pub mod metrics;
pub mod previews;
pub mod routing;
pub mod runs;
pub mod suspension;
pub mod tenants;
pub mod usage;
mod words;

use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::ResponseBody;

/// A page of a list.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "{T}List")]
pub struct List<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}

impl<T: ResponseBody> ResponseBody for List<T> {
    const TAGGED: bool = T::LIST_TAGGED;
}

impl<T> List<T> {
    /// All there is.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::whole(items.into_iter().collect())
    }
}

/// Milliseconds with microseconds after the point.
pub fn ms(duration: std::time::Duration) -> f64 {
    // Exact up to 285 years.
    duration.as_micros() as f64 / 1_000.0
}

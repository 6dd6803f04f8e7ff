//! Conditions on the state that a request is about (RFC 9110 §13): whether they hold is asked at the moment of the change.

use axum::extract::FromRequestParts;
use http::header::{self, HeaderName};
use http::request::Parts;
use serde_json::json;

use crate::catalogue as rows;
use crate::document::{Operation, Part};
use crate::failure::Failure;

/// The entity tags of a condition, as they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tags(Vec<String>);

impl Tags {
    fn of(parts: &Parts, name: HeaderName) -> Option<Self> {
        let mut given = parts.headers.get_all(name).iter().peekable();
        given.peek()?;
        // What is no text matches nothing.
        let texts = given.map(|value| value.to_str().unwrap_or_default());
        Some(Self(texts.flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned()).collect()))
    }

    /// A weak tag never matches: the comparison is the strong one (RFC 9110 §8.8.3.2).
    fn match_one(&self, current: Option<&str>) -> bool {
        current.is_some_and(|current| self.0.iter().any(|tag| tag == "*" || tag == current))
    }
}

/// `If-Match`: what is changed must be one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(Option<Tags>);

impl IfMatch {
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it holds of what is there, by its entity tag.
    pub fn holds(&self, current: Option<&str>) -> bool {
        self.0.as_ref().is_none_or(|tags| tags.match_one(current))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Ok(Self(Tags::of(parts, header::IF_MATCH)))
    }
}

impl Part for IfMatch {
    fn describe(operation: &mut Operation<'_>) {
        let description = "The `ETag` of what this is to replace: with another state it is answered with 412.";
        operation.in_header("if-match", description, json!({ "type": "string" }));
        operation.fails(&[rows::CHANGED]);
    }
}

//! `If-Match` and `If-None-Match` (RFC 9110 §13.1): what a request demands of what is there. Whether it holds is asked at the moment of
//! the change; tags are strong and compared as text.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::{self, HeaderName};
use http::request::Parts;
use isolet_domain::service::condition::Verdict;
use serde_json::json;

use crate::answer::{ResponseBody, etag_of};
use crate::catalogue as rows;
use crate::document::{Operation, Part};

/// What a request says about the thing it changes.
#[derive(Clone, Debug, Default)]
pub struct Preconditions {
    /// `None`: there was no such field.
    if_match: Option<Vec<String>>,
    if_none_match: Option<Vec<String>>,
}

impl Preconditions {
    pub fn of(headers: &HeaderMap) -> Self {
        Self { if_match: tags(headers, header::IF_MATCH), if_none_match: tags(headers, header::IF_NONE_MATCH) }
    }

    /// For a change that may be made without a word.
    pub fn check(&self, held: Option<&str>) -> Verdict {
        let names = |tags: &[String]| held.is_some_and(|held| tags.iter().any(|tag| tag == "*" || tag == held));
        let wanted = self.if_match.as_deref().is_none_or(names);
        let unwanted = self.if_none_match.as_deref().is_some_and(names);
        if wanted && !unwanted { Verdict::Holds } else { Verdict::Failed }
    }

    /// `Missing`, answered with 428, for a change that must name what it replaces, so that two who change it at once do not undo each other (RFC 6585 §3). Where
    /// nothing is there, nothing can be undone.
    pub fn require(&self, held: Option<&str>) -> Verdict {
        match self.check(held) {
            Verdict::Holds if held.is_some() && self.if_match.is_none() => Verdict::Missing,
            verdict => verdict,
        }
    }

    /// Whether this very tag is demanded.
    pub fn names(&self, tag: &str) -> bool {
        self.if_match.as_deref().is_some_and(|tags| tags.iter().any(|one| one == tag))
    }

    /// What they say of what an answer with this body shows.
    pub fn of_shown(&self, shown: Option<&impl ResponseBody>) -> Verdict {
        // Reckoning the tag is spared where nothing is demanded.
        let demands = self.if_match.is_some() || self.if_none_match.is_some();
        if demands { self.check(shown.map(etag_of).as_deref()) } else { Verdict::Holds }
    }
}

/// All tags of all fields of that name.
fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Vec<String>> {
    let mut fields = headers.get_all(name).iter().peekable();
    fields.peek()?;
    // What is no text is no tag of ours.
    let texts = fields.map(|field| field.to_str().unwrap_or_default());
    Some(texts.flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned()).collect())
}

impl<S: Sync> FromRequestParts<S> for Preconditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl Part for Preconditions {
    fn describe(operation: &mut Operation<'_>) {
        let matching = "The `ETag` of what this is to change: anything else is answered with 412.";
        operation.in_header("if-match", matching, json!({ "type": "string" }));
        let none = "`*`: only if nothing is there yet.";
        operation.in_header("if-none-match", none, json!({ "type": "string" }));
        operation.fails(&[rows::CHANGED]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_as_text() {
        use Verdict::{Failed, Holds, Missing};
        let now = Some("\"a\"");
        for (fields, held, checked, required) in [
            (&[][..], None, Holds, Holds),
            (&[], now, Holds, Missing),
            (&[("if-match", "\"a\"")], now, Holds, Holds),
            (&[("if-match", "\"b\" ,\"a\"")], now, Holds, Holds),
            (&[("if-match", "\"b\""), ("if-match", "\"a\"")], now, Holds, Holds),
            (&[("if-match", "*")], now, Holds, Holds),
            (&[("if-match", "*")], None, Failed, Failed),
            (&[("if-match", "\"a\"")], None, Failed, Failed),
            (&[("if-match", "\"b\"")], now, Failed, Failed),
            (&[("if-match", "W/\"a\"")], now, Failed, Failed),
            (&[("if-match", "a")], now, Failed, Failed),
            (&[("if-match", "")], now, Failed, Failed),
            (&[("if-none-match", "*")], None, Holds, Holds),
            (&[("if-none-match", "*")], now, Failed, Failed),
            (&[("if-none-match", "\"b\"")], now, Holds, Missing),
            (&[("if-match", "\"a\""), ("if-none-match", "*")], now, Failed, Failed),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, value.parse().expect("a valid value"));
            }
            let conditions = Preconditions::of(&headers);
            assert_eq!((conditions.check(held), conditions.require(held)), (checked, required), "{fields:?} {held:?}");
        }
    }
}

//! The query of a request: that it has only the parameters its operation declares, each once; and the one that several understand,
//! `dry_run`. What other values mean is said where they are used.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Query, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{Request, Uri};
use serde_json::json;

use super::operation::Operation;
use super::signature::Part;
use crate::failure::Failure;

/// Stands in a declared name for whatever follows the dot before it.
const ANY: &str = "NAME";

/// The parameters that an operation declares.
#[derive(Clone)]
pub struct Declared(Arc<[String]>);

impl Declared {
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|declared| match declared.strip_suffix(ANY) {
            Some(family) => name.starts_with(family),
            None => name == declared,
        })
    }

    fn check(&self, uri: &Uri) -> Result<(), Failure> {
        match named(uri)?.into_keys().find(|name| !self.has(name)) {
            None => Ok(()),
            Some(name) => Err(bad(format!("there is no parameter `{name}`{}", self.listed()))),
        }
    }

    fn listed(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|name| format!("`{name}`")).collect();
        match &names[..] {
            [] => " here, nor any other".to_owned(),
            [name] => format!(" here; there is {name}"),
            [names @ .., last] => format!(" here; there are {} and {last}", names.join(", ")),
        }
    }
}

/// Stands before every handler but those whose query is a guest's: a parameter that would be ignored is a mistake, or a wish that
/// would not be granted. Like an unknown address, it is answered before it is asked who is there.
pub async fn only_declared(State(declared): State<Declared>, request: Request<Body>, next: Next) -> Response {
    match declared.check(request.uri()) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// The parameters by their names, each once.
pub fn named(uri: &Uri) -> Result<BTreeMap<String, String>, Failure> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|error| bad(error.body_text()))?;
    let mut named = BTreeMap::new();
    for (name, value) in pairs {
        if named.contains_key(&name) {
            return Err(bad(format!("`{name}` is there twice")));
        }
        named.insert(name, value);
    }
    Ok(named)
}

/// `?dry_run=`: whether it is asked what would come of the request, and nothing is to be changed.
pub struct DryRun(pub bool);

impl DryRun {
    const WORDS: [&str; 4] = ["1", "true", "0", "false"];

    pub fn of(uri: &Uri) -> Result<Self, Failure> {
        match named(uri)?.get("dry_run").map(String::as_str) {
            None | Some("0" | "false") => Ok(Self(false)),
            Some("1" | "true") => Ok(Self(true)),
            Some(_) => Err(bad("`dry_run` must be `1` or `true`, `0` or `false`".to_owned())),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for DryRun {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Self::of(&parts.uri)
    }
}

impl Part for DryRun {
    fn describe(operation: &mut Operation<'_>) {
        let words = json!({ "type": "string", "enum": Self::WORDS, "default": "0" });
        operation.in_query("dry_run", false, "Whether to say what would come of it, and make nothing.", words);
    }
}

fn bad(detail: String) -> Failure {
    Failure::Malformed { detail, pointer: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn said(declared: &[&str], query: &str) -> String {
        let uri: Uri = format!("/v1/x?{query}").parse().expect("an address");
        let checked = Declared::new(declared.iter().map(|name| (*name).to_owned())).check(&uri);
        checked.map_or_else(|failure| failure.to_string(), |()| String::new())
    }

    #[test]
    fn only_what_is_declared_may_be_there_and_once() {
        for (declared, query, problem) in [
            (&["limit"][..], "", ""),
            (&["limit"], "limit=1&", ""),
            (&["limit"], "l%69mit=1", ""),
            (&["label.NAME"], "label.a=1&label.b%20c=2&label.=", ""),
            (&[], "dry_run=1", "there is no parameter `dry_run` here, nor any other"),
            (&[], "a", "there is no parameter `a` here, nor any other"),
            (&[], "=1", "there is no parameter `` here, nor any other"),
            (&["base"], "BASE=1", "there is no parameter `BASE` here; there is `base`"),
            (&["a", "b", "c"], "a=1&d=2", "there is no parameter `d` here; there are `a`, `b` and `c`"),
            (&["label.NAME"], "label=1", "there is no parameter `label` here; there is `label.NAME`"),
            (&["limit"], "limit=1&limit=1", "`limit` is there twice"),
            (&["limit"], "limit=1&%6cimit=2", "`limit` is there twice"),
        ] {
            assert_eq!(said(declared, query), problem, "{query}");
        }
    }
}

//! List parameters: how many, and from where. A cursor is opaque to callers and good for the list it came from only; it grants
//! nothing that the credential beside it does not.

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use serde_json::json;

use crate::catalogue as rows;
use crate::document::named;
use crate::document::{Operation, Part};
use crate::failure::Failure;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;
const SUM_BYTES: usize = 8;

/// `?limit=&cursor=`.
pub struct ListQuery {
    pub limit: usize,
    cursor: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let mut named = named(&parts.uri)?;
        Self::of(named.remove("limit").as_deref(), named.remove("cursor"))
    }
}

impl Part for ListQuery {
    fn describe(operation: &mut Operation<'_>) {
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT });
        operation.in_query("limit", false, "How many items at most.", limit);
        let cursor = json!({ "type": "string" });
        operation.in_query("cursor", false, "`next_cursor` of the page before.", cursor);
        operation.fails(&[rows::MALFORMED]);
    }
}

impl ListQuery {
    /// From parameters that were taken out of others'.
    pub(crate) fn of(limit: Option<&str>, cursor: Option<String>) -> Result<Self, Failure> {
        let limit = limit.map_or(Ok(DEFAULT_LIMIT), str::parse).unwrap_or(0);
        if (1..=MAX_LIMIT).contains(&limit) {
            Ok(Self { limit, cursor })
        } else {
            Err(bad(&format!("`limit` must be 1 to {MAX_LIMIT}")))
        }
    }
}

fn bad(detail: &str) -> Failure {
    Failure::Malformed { detail: detail.to_owned(), pointer: None }
}

impl ListQuery {
    /// The item after which the page begins.
    pub fn after<T>(&self, list: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let position = decode(list, cursor).and_then(|text| parse(&text));
        position.map(Some).ok_or_else(|| bad("`cursor` is not one of this list"))
    }
}

/// The cursor for what follows this item of this list.
pub fn encode(list: &str, position: &str) -> String {
    let mut bytes = sum(list, position).to_vec();
    bytes.extend_from_slice(position.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(list: &str, cursor: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (given, position) = bytes.split_at_checked(SUM_BYTES)?;
    let position = std::str::from_utf8(position).ok()?;
    (given == sum(list, position)).then(|| position.to_owned())
}

/// Ties a cursor to its list, so that one of another list is an error and not a strange page. No secret is in it: hosts of one
/// fleet must understand each other's.
fn sum(list: &str, position: &str) -> [u8; SUM_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key("isolet list cursor 1");
    hasher.update(list.as_bytes()).update(&[0]).update(position.as_bytes());
    let mut sum = [0; SUM_BYTES];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let cursor = encode("runs", "run_1");
        assert_eq!(decode("runs", &cursor).as_deref(), Some("run_1"));
        assert_eq!(decode("tenants", &cursor), None);
        for bad in ["", "AAAA", "!", &cursor[..cursor.len() - 1]] {
            assert_eq!(decode("runs", bad), None, "{bad}");
        }
    }
}

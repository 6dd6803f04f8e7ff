//! Aliases on the wire.

use http::HeaderName;
use isolet_domain::alias::{Alias, InvalidSplit, Share, Split, Sticky};
use isolet_domain::ids::{AliasName, VersionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::ResponseBody;
use crate::failure::FieldFault;
use crate::strict_json::RequestBody;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutAliasRequest {
    split: Vec<ShareRequest>,
    sticky: Option<StickyText>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ShareRequest {
    version: String,
    weight: u16,
}

/// `{"by": "header:x-user"}` or `{"by": "none"}`.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StickyText {
    by: String,
}

/// A version to go back to; without one, the split before.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    pub to: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct AliasResponse {
    name: String,
    split: Vec<ShareResponse>,
    sticky: StickyText,
    updated_at: String,
}

#[derive(Serialize, JsonSchema)]
struct ShareResponse {
    version: String,
    weight: u16,
}

impl AliasResponse {
    pub fn new(name: &AliasName, alias: &Alias) -> Self {
        let share = |share: &Share| ShareResponse { version: share.version.to_string(), weight: share.weight };
        let by = match &alias.sticky {
            Sticky::None => "none".to_owned(),
            Sticky::Header(name) => format!("header:{name}"),
        };
        Self {
            name: name.to_string(),
            split: alias.split.shares().iter().map(share).collect(),
            sticky: StickyText { by },
            updated_at: alias.updated_at.to_string(),
        }
    }
}

impl PutAliasRequest {
    /// # Errors
    /// Every fault that it has.
    pub fn into_domain(self) -> Result<(Split, Sticky), Vec<FieldFault>> {
        let mut faults = Vec::new();
        let mut fault = |pointer: String, code: &'static str, detail: String| {
            faults.push(FieldFault { pointer, code, detail });
        };
        let sticky = match self.sticky.as_ref().map_or(Some(Sticky::None), |sticky| sticky_by(&sticky.by)) {
            Some(sticky) => sticky,
            None => {
                let detail = "must be `none`, or `header:` and the name of a field that is not the platform's own";
                fault("/sticky/by".to_owned(), "sticky", detail.to_owned());
                Sticky::None
            }
        };
        let mut shares = Vec::with_capacity(self.split.len());
        for (at, ShareRequest { version, weight }) in self.split.into_iter().enumerate() {
            match VersionId::parse(&version) {
                Ok(version) => shares.push(Share { version, weight }),
                Err(error) => fault(format!("/split/{at}/version"), "id", error.to_string()),
            }
        }
        if faults.is_empty() {
            return Split::new(shares).map(|split| (split, sticky)).map_err(|error| vec![split_fault(&error)]);
        }
        Err(faults)
    }
}

fn split_fault(error: &InvalidSplit) -> FieldFault {
    let code = match error {
        InvalidSplit::Count => "count",
        InvalidSplit::Twice(_) => "twice",
        InvalidSplit::Sum(_) => "sum",
    };
    FieldFault { pointer: "/split".to_owned(), code, detail: error.to_string() }
}

fn sticky_by(text: &str) -> Option<Sticky> {
    if text == "none" {
        return Some(Sticky::None);
    }
    let name = text.strip_prefix("header:")?;
    // A credential is no name for a caller: it changes when it is renewed, and it is not ours to look at.
    let refused = name.len() > 64 || name.starts_with("isolet-") || name == "authorization";
    // Lower case alone, so that one setting has one spelling.
    let name: HeaderName = Some(name).filter(|name| !refused && *name == name.to_ascii_lowercase())?.parse().ok()?;
    Some(Sticky::Header(name))
}

impl RequestBody for PutAliasRequest {}
impl RequestBody for RollbackRequest {}

impl ResponseBody for AliasResponse {
    const TAGGED: bool = true;
}

//! Which tenants a list is about: `?label.k=v&status=&plan=`, beside where it begins and how long it is.

use axum::extract::FromRequestParts;
use http::request::Parts;
use isolet_domain::service::tenants::TenantFilter;
use isolet_domain::tenant::TenantStatus;
use serde_json::json;

use crate::cursor::ListQuery;
use crate::document::named;
use crate::document::{Operation, Part};
use crate::failure::Failure;

pub struct TenantQuery {
    pub filter: TenantFilter,
    pub list: ListQuery,
    /// What a cursor is tied to: this list by this filter.
    pub name: String,
}

impl<S: Sync> FromRequestParts<S> for TenantQuery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let bad = |detail: String| Failure::Malformed { detail, pointer: None };
        let mut named = named(&parts.uri)?;
        let list = ListQuery::of(named.remove("limit").as_deref(), named.remove("cursor"))?;
        let mut filter = TenantFilter::default();
        for (name, value) in named {
            match name.as_str() {
                "status" => {
                    let status = TenantStatus::parse(&value);
                    filter.status =
                        Some(status.ok_or_else(|| bad("`status` must be `active` or `suspended`".to_owned()))?);
                }
                "plan" => filter.plan = Some(value),
                other => {
                    // Nothing else is declared.
                    if let Some(label) = other.strip_prefix("label.") {
                        filter.labels.insert(label.to_owned(), value);
                    }
                }
            }
        }
        let name = if filter == TenantFilter::default() { "tenants".to_owned() } else { format!("tenants {filter:?}") };
        Ok(Self { filter, list, name })
    }
}

impl Part for TenantQuery {
    fn describe(operation: &mut Operation<'_>) {
        ListQuery::describe(operation);
        let statuses = [TenantStatus::Active, TenantStatus::Suspended].map(TenantStatus::as_str);
        operation.in_query("status", false, "Those alone.", json!({ "type": "string", "enum": statuses }));
        operation.in_query("plan", false, "Those of this plan alone.", json!({ "type": "string" }));
        let label =
            "Those alone whose label `NAME` has this value; whatever the label is called, and for several together.";
        operation.in_query("label.NAME", false, label, json!({ "type": "string" }));
    }
}

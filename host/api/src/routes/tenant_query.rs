//! Which tenants a list is about: `?label.k=v&status=&plan=`, beside where it begins and how long it is.

use axum::extract::FromRequestParts;
use http::request::Parts;
use isolet_domain::service::tenants::TenantFilter;
use isolet_domain::tenant::TenantStatus;
use serde_json::json;

use super::function_query::{describe_labels, labels};
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
        if let Some(status) = named.remove("status") {
            let status = TenantStatus::parse(&status);
            filter.status = Some(status.ok_or_else(|| bad("`status` must be `active` or `suspended`".to_owned()))?);
        }
        filter.plan = named.remove("plan");
        // Nothing else is declared.
        filter.labels = labels(named);
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
        describe_labels(operation);
    }
}

//! The audit: who changed what, and whether it is still as it was written.

use axum::extract::{FromRequestParts, State};
use http::request::Parts;
use isolet_domain::ids::{AuditId, KeyId, TenantSlug};
use isolet_domain::service::audit::AuditFilter;
use jiff::Timestamp;
use serde_json::json;

use crate::answer::Answer;
use crate::caller::{With, needs};
use crate::catalogue as rows;
use crate::cursor::{ListQuery, encode};
use crate::document::named;
use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::state::AppState;
use crate::wire::List;
use crate::wire::audit::{AuditEntryResponse, VerifiedResponse};

pub async fn list_audit(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::AuditRead>,
    query: AuditQuery,
) -> Result<Answer<List<AuditEntryResponse>>, Failure> {
    let tenants = &app.platform().tenants;
    // Whoever is bound sees their own alone, and another tenant is for them as if it were not there.
    let tenant = match &query.tenant {
        Some(slug) => Some(tenants.find(slug).await?.ok_or(Failure::Missing("tenant"))?),
        None => tenants.of(&caller).await?,
    };
    let scope = match (&tenant, caller.tenant) {
        (Some(tenant), _) => Some(caller.scope_over(tenant).ok_or(Failure::Missing("tenant"))?),
        (None, Some(_)) => return Err(Failure::Missing("tenant")),
        (None, None) => None,
    };
    let name = query.name();
    let before = query.list.after(&name, |text| AuditId::parse(text).ok())?;
    let (found, next) = app.platform().audit.search(scope.as_ref(), &query.filter, before, query.list.limit).await?;
    let next_cursor = next.map(|id| encode(&name, &id.to_string()));
    Ok(Answer(List { data: found.into_iter().map(AuditEntryResponse::from).collect(), next_cursor }))
}

pub async fn verify_audit(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::AuditRead>,
) -> Result<Answer<VerifiedResponse>, Failure> {
    Ok(Answer(app.platform().audit.verify(&caller).await?.into()))
}

/// `?tenant=&actor=&operation=&start=&end=`, beside where the list begins and how long it is.
pub struct AuditQuery {
    tenant: Option<TenantSlug>,
    filter: AuditFilter,
    list: ListQuery,
}

impl AuditQuery {
    /// What a cursor is tied to.
    fn name(&self) -> String {
        format!("audit {:?} {:?}", self.tenant, self.filter)
    }
}

impl<S: Sync> FromRequestParts<S> for AuditQuery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let bad = |detail: String| Failure::Malformed { detail, pointer: None };
        let mut named = named(&parts.uri)?;
        let list = ListQuery::of(named.remove("limit").as_deref(), named.remove("cursor"))?;
        let (mut tenant, mut filter) = (None, AuditFilter::default());
        for (name, value) in named {
            let unreadable = |_| bad(format!("`{name}` cannot be read"));
            let time = |value: &str| value.parse::<Timestamp>().map_err(|_| bad(format!("`{name}` is no time")));
            match name.as_str() {
                "tenant" => tenant = Some(TenantSlug::parse(&value).map_err(|_| Failure::Missing("tenant"))?),
                "actor" => filter.actor = Some(KeyId::parse(&value).map_err(unreadable)?),
                "operation" => filter.operation = Some(value),
                "start" => filter.start = Some(time(&value)?),
                "end" => filter.end = Some(time(&value)?),
                // Nothing else is declared.
                _ => {}
            }
        }
        Ok(Self { tenant, filter, list })
    }
}

impl Part for AuditQuery {
    fn describe(operation: &mut Operation<'_>) {
        ListQuery::describe(operation);
        operation.fails(&[rows::NO_TENANT]);
        let text = json!({ "type": "string" });
        let time = json!({ "type": "string", "format": "date-time" });
        operation.in_query("tenant", false, "Those alone that are about this tenant.", text.clone());
        operation.in_query("actor", false, "What this key did.", text.clone());
        operation.in_query("operation", false, "Those alone of this operation.", text);
        operation.in_query("start", false, "From then on.", time.clone());
        operation.in_query("end", false, "Before then.", time);
    }
}

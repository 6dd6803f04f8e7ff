//! Suspending a tenant and letting it go on.

use axum::extract::State;
use isolet_domain::tenant::MAX_REASON_CHARS;

use super::fields::invalid;
use crate::answer::Answer;
use crate::caller::{In, needs};
use crate::failure::Failure;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::suspension::SuspendTenantRequest;
use crate::wire::tenants::TenantResponse;

const MAX_CODE_BYTES: usize = 63;

pub async fn suspend_tenant(
    State(app): State<AppState>,
    found: In<needs::TenantsWrite>,
    Json(request, _room): Json<SuspendTenantRequest>,
) -> Result<Answer<TenantResponse>, Failure> {
    let SuspendTenantRequest { reason, code } = request;
    if reason.chars().count() > MAX_REASON_CHARS || reason.contains(char::is_control) {
        return Err(invalid("/reason", "length", &format!("must be at most {MAX_REASON_CHARS} printable characters")));
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if code.len() > MAX_CODE_BYTES || !code.bytes().all(plain) {
        return Err(invalid("/code", "code", &format!("must be at most {MAX_CODE_BYTES} of a-z, 0-9 and `_`")));
    }
    let tenant = app.platform().tenants.suspend(&found.tenant.id, reason, code).await?;
    Ok(Answer(TenantResponse::from(tenant)))
}

pub async fn resume_tenant(
    State(app): State<AppState>,
    found: In<needs::TenantsWrite>,
) -> Result<Answer<TenantResponse>, Failure> {
    let tenant = app.platform().tenants.resume(&found.tenant.id).await?;
    Ok(Answer(TenantResponse::from(tenant)))
}

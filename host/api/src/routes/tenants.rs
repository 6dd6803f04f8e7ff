//! Tenants, their keys, and signing in.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, Uri};
use isolet_domain::access::Preset;
use isolet_domain::ids::{KeyId, TenantSlug};
use isolet_domain::service::keys::MAX_NAME_CHARS;
use isolet_domain::service::sign_in::Proof;

use super::fields::{checked_labels, invalid};
use crate::caller::{Caller, In, Of, With, needs};
use crate::cursor::{ListQuery, encode};
use crate::failure::Failure;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::tenants::{
    CallerResponse, CreateKeyRequest, CreateTenantRequest, KeyResponse, OpenSessionRequest, SessionResponse,
    TenantResponse, UpdateTenantRequest,
};

pub async fn open_session(
    State(app): State<AppState>,
    Json(request): Json<OpenSessionRequest>,
) -> Result<impl IntoResponse, Failure> {
    let proof = match (&request.link, &request.key) {
        (Some(link), None) => Proof::Link(link),
        (None, Some(key)) => Proof::Key(key),
        _ => return Err(invalid("", "choice", "give either `link` or `key`")),
    };
    let session = app.platform().sign_in.open(proof).await?;
    let tenant = app.platform().tenants.of(&session.credential).await?;
    let caller = CallerResponse::new(&session.credential, tenant.as_ref());
    let expires_at = session.expires_at.to_string();
    Ok((StatusCode::CREATED, Answer(SessionResponse { token: session.token, expires_at, caller })))
}

pub async fn get_caller(State(app): State<AppState>, Caller(caller): Caller) -> Result<impl IntoResponse, Failure> {
    let tenant = app.platform().tenants.of(&caller).await?;
    Ok(Answer(CallerResponse::new(&caller, tenant.as_ref())))
}

pub async fn list_tenants(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::TenantsRead>,
    query: ListQuery,
) -> Result<impl IntoResponse, Failure> {
    let after = query.after("tenants", |text| TenantSlug::parse(text).ok())?;
    let page = app.platform().tenants.list(&caller, after.as_ref(), query.limit).await?;
    let last = page.items.last().filter(|_| page.more);
    let next_cursor = last.map(|tenant| encode("tenants", tenant.slug.as_str()));
    Ok(Answer(List { data: page.items.into_iter().map(TenantResponse::from).collect(), next_cursor }))
}

pub async fn create_tenant(
    State(app): State<AppState>,
    _: With<needs::TenantsWrite>,
    Json(request): Json<CreateTenantRequest>,
) -> Result<impl IntoResponse, Failure> {
    let slug = TenantSlug::parse(&request.slug).map_err(|error| invalid("/slug", "slug", &error.to_string()))?;
    let tenant = app.platform().tenants.create(slug, checked_labels(request.labels)?).await?;
    Ok((StatusCode::CREATED, Answer(TenantResponse::from(tenant))))
}

pub async fn get_tenant(found: In<needs::TenantsRead>) -> impl IntoResponse {
    Answer(TenantResponse::from(found.tenant))
}

pub async fn update_tenant(
    State(app): State<AppState>,
    found: In<needs::TenantsWrite>,
    Json(request): Json<UpdateTenantRequest>,
) -> Result<impl IntoResponse, Failure> {
    let labels = checked_labels(request.labels)?;
    let tenant = app.platform().tenants.set_labels(&found.tenant.id, labels).await?;
    Ok(Answer(TenantResponse::from(tenant)))
}

pub async fn delete_tenant(
    State(app): State<AppState>,
    found: In<needs::TenantsWrite>,
    uri: Uri,
) -> Result<impl IntoResponse, Failure> {
    // Everything the tenant owns goes with it, so the caller names it twice.
    if uri.query() != Some(&format!("confirm={}", found.scope.slug())) {
        return Err(invalid("", "confirm", "add `?confirm=` with the tenant's slug to delete it with all it owns"));
    }
    app.platform().tenants.delete(found.tenant).await?;
    Ok(StatusCode::ACCEPTED)
}

pub async fn list_keys(State(app): State<AppState>, found: In<needs::KeysRead>) -> Result<impl IntoResponse, Failure> {
    let keys = app.platform().keys.list(&found.scope).await?;
    Ok(Answer(List::whole(keys.into_iter().map(|key| KeyResponse::new(key, None)).collect())))
}

pub async fn create_key(
    State(app): State<AppState>,
    found: In<needs::KeysWrite>,
    Json(request): Json<CreateKeyRequest>,
) -> Result<impl IntoResponse, Failure> {
    let preset = Preset::parse(&request.preset)
        .ok_or_else(|| invalid("/preset", "preset", "must be `tenant`, `deployer`, `invoke-only` or `read-only`"))?;
    if request.name.chars().count() > MAX_NAME_CHARS || request.name.contains(char::is_control) {
        return Err(invalid("/name", "name", &format!("must be at most {MAX_NAME_CHARS} printable characters")));
    }
    let (key, secret) = app.platform().keys.mint(&found.credential, &found.scope, preset, request.name).await?;
    Ok((StatusCode::CREATED, Answer(KeyResponse::new(key, Some(secret.expose().to_owned())))))
}

pub async fn delete_key(
    State(app): State<AppState>,
    found: In<needs::KeysWrite>,
    Of(key): Of<KeyId>,
) -> Result<impl IntoResponse, Failure> {
    app.platform().keys.delete(&found.scope, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Tenants, their keys, and signing in.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use http::request::Parts;
use isolet_domain::ids::{KeyId, TenantSlug};
use isolet_domain::service::condition::{Condition, Verdict};
use isolet_domain::service::sign_in::Proof;
use isolet_domain::service::tenants::{TenantChange, TenantError};
use isolet_domain::tenant::Tenant;
use serde_json::json;

use super::fields::{checked_labels, invalid};
use super::keys::new_key;
use super::tenant_query::TenantQuery;
use crate::answer::{Accepted, Answer, Created, NoContent};
use crate::caller::{Caller, In, Of, Token, Track, With, needs};
use crate::catalogue as rows;
use crate::cursor::encode;
use crate::document::named;
use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::preconditions::Preconditions;
use crate::sender::Sender;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::tenants::{
    CallerResponse, CreateKeyRequest, CreateTenantRequest, KeyResponse, OpenSessionRequest, SessionResponse,
    SignInLinkResponse, TenantResponse, UpdateTenantRequest,
};

pub async fn open_session(
    State(app): State<AppState>,
    Track(trail): Track,
    sender: Sender,
    Json(request, _room): Json<OpenSessionRequest>,
) -> Result<Created<SessionResponse>, Failure> {
    let proof = match (&request.link, &request.key) {
        (Some(link), None) => Proof::Link(link),
        (None, Some(key)) => Proof::Key(key),
        _ => return Err(invalid("", "choice", "give either `link` or `key`")),
    };
    let session = app.platform().sign_in.open(proof, sender.address).await?;
    trail.note(&session.credential);
    let tenant = app.platform().tenants.of(&session.credential).await?;
    let caller = CallerResponse::new(&session.credential, tenant.as_ref());
    let expires_at = session.expires_at.to_string();
    Ok(Created(SessionResponse { token: session.token, expires_at, caller }))
}

pub async fn create_link(
    State(app): State<AppState>,
    _: Caller,
    Token(token): Token,
    sender: Sender,
) -> Result<Created<SignInLinkResponse>, Failure> {
    let (token, ends) = app.platform().sign_in.issue_link_for(&token, sender.address).await?;
    Ok(Created(SignInLinkResponse { token, expires_at: ends.to_string() }))
}

pub async fn get_caller(
    State(app): State<AppState>,
    Caller(caller): Caller,
) -> Result<Answer<CallerResponse>, Failure> {
    let tenant = app.platform().tenants.of(&caller).await?;
    Ok(Answer(CallerResponse::new(&caller, tenant.as_ref())))
}

pub async fn list_tenants(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::TenantsRead>,
    query: TenantQuery,
) -> Result<Answer<List<TenantResponse>>, Failure> {
    let after = query.list.after(&query.name, |text| TenantSlug::parse(text).ok())?;
    let (found, next) = app.platform().tenants.search(&caller, &query.filter, after, query.list.limit).await?;
    let next_cursor = next.map(|slug| encode(&query.name, slug.as_str()));
    Ok(Answer(List { data: found.into_iter().map(TenantResponse::from).collect(), next_cursor }))
}

pub async fn create_tenant(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::TenantsWrite>,
    Track(trail): Track,
    Json(request, _room): Json<CreateTenantRequest>,
) -> Result<Created<TenantResponse>, Failure> {
    let slug = TenantSlug::parse(&request.slug).map_err(|error| invalid("/slug", "slug", &error.to_string()))?;
    let change = TenantChange { labels: Some(checked_labels(request.labels)?), plan: request.plan };
    let tenant = app.platform().tenants.create(slug, change).await?;
    if let Some(scope) = caller.scope_over(&tenant) {
        trail.note_made(scope);
    }
    Ok(Created(TenantResponse::from(tenant)))
}

pub async fn get_tenant(found: In<needs::TenantsRead>) -> Answer<TenantResponse> {
    Answer(TenantResponse::from(found.tenant))
}

pub async fn update_tenant(
    State(app): State<AppState>,
    found: In<needs::TenantsWrite>,
    conditions: Preconditions,
    Json(request, _room): Json<UpdateTenantRequest>,
) -> Result<Answer<TenantResponse>, Failure> {
    let change = TenantChange { labels: request.labels.map(checked_labels).transpose()?, plan: request.plan };
    let condition: Condition<Tenant> = Arc::new(move |held: Option<&Tenant>| {
        conditions.of_shown(held.map(|tenant| TenantResponse::from(tenant.clone())).as_ref())
    });
    let tenant = app.platform().tenants.change(&found.tenant.id, change, condition).await?;
    Ok(Answer(TenantResponse::from(tenant)))
}

/// What a request for something grave says once more.
pub struct Confirmation(Option<String>);

impl<S: Sync> FromRequestParts<S> for Confirmation {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Ok(Self(named(&parts.uri)?.remove("confirm")))
    }
}

impl Part for Confirmation {
    fn describe(operation: &mut Operation<'_>) {
        operation.in_query("confirm", true, "The tenant's slug once more.", json!({ "type": "string" }));
        operation.fails(&[rows::INVALID]);
    }
}

pub async fn delete_tenant(
    State(app): State<AppState>,
    found: In<needs::TenantsWrite>,
    conditions: Preconditions,
    Confirmation(given): Confirmation,
) -> Result<Accepted, Failure> {
    // Everything the tenant owns goes with it, so the caller names it twice.
    if given.as_deref() != Some(found.scope.slug().as_str()) {
        return Err(invalid("", "confirm", "add `?confirm=` with the tenant's slug to delete it with all it owns"));
    }
    if conditions.of_shown(Some(&TenantResponse::from(found.tenant.clone()))) != Verdict::Holds {
        return Err(TenantError::Changed.into());
    }
    let purge = app.platform().tenants.delete(found.tenant).await?;
    // The caller does not wait for it; what was left lies there, and grants nobody anything.
    tokio::spawn(async move {
        match purge.await {
            Ok(Ok(purged)) => tracing::info!(purged, "contents of a deleted tenant were removed"),
            Ok(Err(error)) => tracing::warn!(%error, "contents of a deleted tenant were left"),
            Err(error) => tracing::error!(%error, "removing the contents of a deleted tenant failed"),
        }
    });
    Ok(Accepted)
}

pub async fn list_keys(
    State(app): State<AppState>,
    found: In<needs::KeysRead>,
) -> Result<Answer<List<KeyResponse>>, Failure> {
    let keys = app.platform().keys.list(&found.scope).await?;
    Ok(Answer(List::whole(keys.into_iter().map(|key| KeyResponse::new(key, None)).collect())))
}

pub async fn create_key(
    State(app): State<AppState>,
    found: In<needs::KeysWrite>,
    Json(request, _room): Json<CreateKeyRequest>,
) -> Result<Created<KeyResponse>, Failure> {
    let new = new_key(request)?;
    let (key, secret) = app.platform().keys.mint(&found.credential, &found.scope, new).await?;
    Ok(Created(KeyResponse::new(key, Some(secret.expose().to_owned()))))
}

pub async fn delete_key(
    State(app): State<AppState>,
    found: In<needs::KeysWrite>,
    Of(key): Of<KeyId>,
) -> Result<NoContent, Failure> {
    app.platform().keys.delete(&found.scope, &key).await?;
    Ok(NoContent)
}

//! Keys that reach all tenants, for the operator. Tenants' own are in `tenants` and `keys`.

use axum::extract::State;
use isolet_domain::ids::KeyId;

use super::keys::{grace, new_key, response};
use crate::answer::{Answer, Created, NoContent};
use crate::caller::{Of, With, needs};
use crate::failure::Failure;
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::List;
use crate::wire::keys::{RotateKeyRequest, RotatedKeyResponse};
use crate::wire::tenants::{CreateKeyRequest, KeyResponse};

pub async fn list_global_keys(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::KeysRead>,
) -> Result<Answer<List<KeyResponse>>, Failure> {
    let keys = app.platform().keys.list_for_all(&caller).await?;
    Ok(Answer(List::whole(keys.into_iter().map(|key| KeyResponse::new(key, None)).collect())))
}

pub async fn create_global_key(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::KeysWrite>,
    Json(request, _room): Json<CreateKeyRequest>,
) -> Result<Created<KeyResponse>, Failure> {
    let (key, secret) = app.platform().keys.mint_for_all(&caller, new_key(request)?).await?;
    Ok(Created(KeyResponse::new(key, Some(secret.expose().to_owned()))))
}

pub async fn delete_global_key(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::KeysWrite>,
    Of(key): Of<KeyId>,
) -> Result<NoContent, Failure> {
    app.platform().keys.delete_for_all(&caller, &key).await?;
    Ok(NoContent)
}

pub async fn rotate_global_key(
    State(app): State<AppState>,
    With { credential: caller, .. }: With<needs::KeysWrite>,
    Of(id): Of<KeyId>,
    Json(request, _room): Json<RotateKeyRequest>,
) -> Result<Created<RotatedKeyResponse>, Failure> {
    let rotated = app.platform().keys.rotate_for_all(&caller, &id, grace(&request)?).await?;
    Ok(Created(response(rotated, &id)))
}

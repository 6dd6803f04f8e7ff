//! Rotating keys, and what is asked of one that is to be made.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::State;
use isolet_domain::access::{Preset, Scope};
use isolet_domain::bounds::{Bounds, FunctionPattern, MAX_NETWORKS, MAX_PATTERNS};
use isolet_domain::ids::KeyId;
use isolet_domain::network::Network;
use isolet_domain::service::keys::{MAX_GRACE, MAX_NAME_CHARS, NewKey, Rotated};
use jiff::Timestamp;

use super::fields::invalid;
use crate::answer::Created;
use crate::caller::{In, Of, needs};
use crate::failure::{Failure, FieldFault};
use crate::state::AppState;
use crate::strict_json::Json;
use crate::wire::keys::{RotateKeyRequest, RotatedKeyResponse};
use crate::wire::tenants::{CreateKeyRequest, KeyResponse};

pub async fn rotate_key(
    State(app): State<AppState>,
    found: In<needs::KeysWrite>,
    Of(id): Of<KeyId>,
    Json(request, _room): Json<RotateKeyRequest>,
) -> Result<Created<RotatedKeyResponse>, Failure> {
    let grace = grace(&request)?;
    let rotated = app.platform().keys.rotate(&found.credential, &found.scope, &id, grace).await?;
    Ok(Created(response(rotated, &id)))
}

pub(super) fn grace(request: &RotateKeyRequest) -> Result<Duration, Failure> {
    let grace = Duration::from_secs(request.grace_s);
    if grace > MAX_GRACE {
        return Err(invalid("/grace_s", "range", &format!("must be at most {}", MAX_GRACE.as_secs())));
    }
    Ok(grace)
}

pub(super) fn response(rotated: Rotated, replaces: &KeyId) -> RotatedKeyResponse {
    RotatedKeyResponse {
        key: KeyResponse::new(rotated.key, Some(rotated.secret.expose().to_owned())),
        replaces: replaces.to_string(),
        replaced_until: rotated.replaced_until.to_string(),
    }
}

/// The key that a request asks for.
pub(super) fn new_key(request: CreateKeyRequest) -> Result<NewKey, Failure> {
    let preset = Preset::parse(&request.preset).ok_or_else(|| {
        let names = Preset::ALL.map(|preset| format!("`{}`", preset.as_str())).join(", ");
        invalid("/preset", "preset", &format!("must be one of {names}"))
    })?;
    if request.name.chars().count() > MAX_NAME_CHARS || request.name.contains(char::is_control) {
        return Err(invalid("/name", "name", &format!("must be at most {MAX_NAME_CHARS} printable characters")));
    }
    let name = request.name.clone();
    Ok(NewKey { preset, name, bounds: bounds(request)? })
}

/// What a request says about a key beside its preset.
fn bounds(request: CreateKeyRequest) -> Result<Bounds, Failure> {
    let CreateKeyRequest { scopes, functions, cidr, expires_at, .. } = request;
    let mut faults = Vec::new();
    let scopes = scopes
        .map(|names| each(&names, ("scopes", "name"), &mut faults, |name| Scope::parse(name).ok_or("is no scope")));
    let functions = functions.map(|texts| each(&texts, ("functions", "name"), &mut faults, FunctionPattern::parse));
    if functions.as_ref().is_some_and(|patterns| patterns.is_empty() || patterns.len() > MAX_PATTERNS) {
        let detail = format!("must be 1 to {MAX_PATTERNS} names or beginnings of names");
        faults.push(FieldFault { pointer: "/functions".to_owned(), code: "count", detail });
    }
    if cidr.as_ref().is_some_and(|texts| texts.is_empty() || texts.len() > MAX_NETWORKS) {
        let detail = format!("must be 1 to {MAX_NETWORKS} networks");
        faults.push(FieldFault { pointer: "/cidr".to_owned(), code: "count", detail });
    }
    let networks = cidr.map(|texts| each(&texts, ("cidr", "network"), &mut faults, Network::parse));
    let expires_at = expires_at.map(|text| text.parse::<Timestamp>()).transpose().unwrap_or_else(|_| {
        let detail = "must be a time as RFC 3339 writes it".to_owned();
        faults.push(FieldFault { pointer: "/expires_at".to_owned(), code: "time", detail });
        None
    });
    if faults.is_empty() {
        Ok(Bounds { scopes, functions, networks, expires_at })
    } else {
        Err(Failure::Invalid(faults))
    }
}

fn each<T: Ord, E: ToString>(
    texts: &[String],
    (field, code): (&str, &'static str),
    faults: &mut Vec<FieldFault>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> BTreeSet<T> {
    let mut read = BTreeSet::new();
    for (at, text) in texts.iter().enumerate() {
        match parse(text) {
            Ok(value) => drop(read.insert(value)),
            Err(error) => {
                let pointer = format!("/{field}/{at}");
                faults.push(FieldFault { pointer, code, detail: error.to_string() });
            }
        }
    }
    read
}

//! What of a request is written into the audit, and when: around the handler of everything that changes something, after it is known what
//! came of it and before that is answered. What an entry holds is the domain's.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{Extensions, Request};
use isolet_domain::access::{Credential, TenantScope};
use isolet_domain::audit::Act;
use isolet_domain::ids::RequestId;

use crate::failure::Failure;
use crate::state::AppState;

/// Characters of an address that are written down.
const MAX_TARGET_CHARS: usize = 512;

/// What the extractors find out on their way.
#[derive(Clone, Default)]
pub struct Trail(Arc<Mutex<Found>>);

#[derive(Clone, Default)]
struct Found {
    credential: Option<Credential>,
    tenant: Option<TenantScope>,
}

/// What an answer says was made.
#[derive(Clone)]
pub struct Subject(pub String);

/// Of whoever is known by now.
pub fn note_caller(extensions: &Extensions, credential: &Credential) {
    change(extensions, |found| found.credential = Some(credential.clone()));
}

/// Whose things it is about.
pub fn note_tenant(extensions: &Extensions, tenant: &TenantScope) {
    change(extensions, |found| found.tenant = Some(tenant.clone()));
}

fn change(extensions: &Extensions, change: impl FnOnce(&mut Found)) {
    if let Some(Trail(found)) = extensions.get() {
        change(&mut found.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Stands before a handler that changes something.
pub async fn record(
    State((app, operation)): State<(AppState, &'static str)>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    // First: what could not be written down before must not be followed by more.
    if let Err(error) = app.platform().audit.ready().await {
        return Failure::from(error).into_response();
    }
    let trail = Trail::default();
    request.extensions_mut().insert(trail.clone());
    let id = request.extensions().get().copied().unwrap_or_else(RequestId::generate);
    let original = request.extensions().get::<axum::extract::OriginalUri>();
    let path = original.map_or(request.uri(), |original| &original.0).path().to_owned();
    // To its end also when the caller goes away: what was done by then is done.
    let work = tokio::spawn(async move {
        let response = next.run(request).await;
        let found = trail.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Nobody's attempts are no acts, and would be a way to fill the audit.
        let Some(credential) = found.credential else { return response };
        let act = act(operation, id, (&credential, found.tenant), &path, &response);
        match app.platform().audit.record(act).await {
            Ok(()) => response,
            Err(error) => Failure::from(error).into_response(),
        }
    });
    match work.await {
        Ok(response) => response,
        Err(failed) => match failed.try_into_panic() {
            // For the layer that answers panics of handlers, as if there had been no task.
            Ok(payload) => std::panic::resume_unwind(payload),
            Err(_) => Failure::Panic.into_response(),
        },
    }
}

fn act(
    operation: &str,
    request: RequestId,
    (credential, tenant): (&Credential, Option<TenantScope>),
    path: &str,
    response: &Response,
) -> Act {
    let target = match &tenant {
        // By its name, also where the key says whose it is.
        Some(tenant) => path.replacen("/tenants/~", &format!("/tenants/{}", tenant.slug()), 1),
        None => path.to_owned(),
    };
    Act {
        request,
        actor: credential.key,
        operation: operation.to_owned(),
        tenant: tenant.map(|tenant| (tenant.id(), tenant.slug().clone())),
        target: target.chars().take(MAX_TARGET_CHARS).collect(),
        subject: response.extensions().get::<Subject>().map(|subject| subject.0.clone()),
        status: response.status().as_u16(),
    }
}

//! What of a request is written into the audit, and when: that it was begun, once it is known that the caller may; and around the handler of
//! everything that changes something, after it is known what came of it and before that is answered. What an entry holds is the domain's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{Extensions, Request};
use isolet_domain::access::{Credential, TenantScope};
use isolet_domain::audit::Act;
use isolet_domain::ids::RequestId;
use isolet_domain::service::audit::AuditError;
use isolet_domain::service::begun::Begun;

use crate::document::DryRun;
use crate::failure::Failure;
use crate::state::AppState;

/// Characters of an address that are written down.
const MAX_TARGET_CHARS: usize = 512;

/// What the extractors find out on their way.
#[derive(Clone, Default)]
pub struct Trail(Arc<Mutex<Found>>);

#[derive(Clone, Default)]
struct Found {
    asked: Option<Asked>,
    credential: Option<Credential>,
    tenant: Option<TenantScope>,
    begun: Option<Begun>,
}

/// What is known from the beginning.
#[derive(Clone)]
struct Asked {
    operation: &'static str,
    request: RequestId,
    path: String,
}

/// Takes a key or a link and gives a session: nothing is in the store that could contradict the audit, and whoever wants to see what is wrong
/// with the store has to get in.
const SIGN_IN: &str = "open_session";

impl Trail {
    /// Of whoever turned out to be asking.
    pub fn note(&self, credential: &Credential) {
        self.found().credential = Some(credential.clone());
    }

    /// Of the tenant that was made by it.
    pub fn note_made(&self, tenant: TenantScope) {
        self.found().tenant = Some(tenant);
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    if let Some(trail) = extensions.get::<Trail>() {
        change(&mut trail.found());
    }
}

/// To be called when it is known that the caller may do what is asked, and before any of it is done.
pub async fn begin(extensions: &Extensions, app: &AppState) -> Result<(), Failure> {
    let Some(trail) = extensions.get::<Trail>() else { return Ok(()) };
    let found = trail.found().clone();
    let (Some(asked), Some(credential), None) = (found.asked, found.credential, found.begun) else { return Ok(()) };
    let begun = app.platform().audit.begin(&credential, act(&asked, (&credential, found.tenant), None)).await?;
    trail.found().begun = Some(begun);
    Ok(())
}

/// Stands before a handler that changes something.
pub async fn record(
    State((app, operation)): State<(AppState, &'static str)>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    // It changes nothing: there is no act.
    if DryRun::of(request.uri()).is_ok_and(|DryRun(is_dry)| is_dry) {
        return next.run(request).await;
    }
    // First: what could not be written down before must not be followed by more.
    if operation != SIGN_IN
        && let Err(error) = app.platform().audit.ready().await
    {
        return Failure::from(error).into_response();
    }
    let id = request.extensions().get().copied().unwrap_or_else(RequestId::generate);
    let original = request.extensions().get::<axum::extract::OriginalUri>();
    let path = original.map_or(request.uri(), |original| &original.0).path().to_owned();
    let asked = Asked { operation, request: id, path };
    let trail = Trail(Arc::new(Mutex::new(Found { asked: Some(asked.clone()), ..Found::default() })));
    request.extensions_mut().insert(trail.clone());
    // To its end also when the caller goes away: what was done by then is done.
    let work = tokio::spawn(async move {
        let response = next.run(request).await;
        let found = trail.found().clone();
        // Nobody's attempts are no acts, and would be a way to fill the audit.
        let Some(credential) = found.credential else { return response };
        let act = act(&asked, (&credential, found.tenant), Some(&response));
        match app.platform().audit.record(found.begun, &credential, act).await {
            Ok(()) => response,
            Err(error @ AuditError::TooMuch { .. }) => Failure::from(error).into_response(),
            // It is on record as begun, and done: nothing else would be true. What came of it is written before anything else is done.
            Err(_) if found.begun.is_some() || operation == SIGN_IN => response,
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
    Asked { operation, request, path }: &Asked,
    (credential, tenant): (&Credential, Option<TenantScope>),
    response: Option<&Response>,
) -> Act {
    let target = match &tenant {
        // By its name, also where the key says whose it is.
        Some(tenant) => path.replacen("/tenants/~", &format!("/tenants/{}", tenant.slug()), 1),
        None => path.clone(),
    };
    Act {
        request: *request,
        actor: credential.key,
        operation: (*operation).to_owned(),
        tenant: tenant.map(|tenant| (tenant.id(), tenant.slug().clone())),
        target: target.chars().take(MAX_TARGET_CHARS).collect(),
        subject: response.and_then(|answer| answer.extensions().get::<Subject>()).map(|subject| subject.0.clone()),
        status: response.map_or(0, |answer| answer.status().as_u16()),
    }
}

//! What happens to every request of the control plane before and after its handler: an id, the host and origin checks, the problem
//! document of a failure, and the headers that keep a browser from doing more than it should.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use isolet_domain::ids::RequestId;

use crate::catalogue as rows;
use crate::failure::Failure;
use crate::framing;
use crate::host_name::HostName;
use crate::problem::{self, Reader};
use crate::sender::Sender;
use crate::state::AppState;

/// Path and query of a request, at most: the design's table of limits.
pub const MAX_ADDRESS_BYTES: usize = 16 << 10;

/// Where a credential is in the body.
const SIGN_IN: &str = "/v1/sessions";

/// Marks a guest's own answer, whose headers are not ours to add to.
#[derive(Clone, Copy)]
pub struct GuestAnswer;

pub async fn front(State(app): State<AppState>, mut request: Request<Body>, next: Next) -> Response {
    let id = RequestId::generate();
    request.extensions_mut().insert(id);
    let path = request.uri().path().to_owned();
    // Who shows no credential guesses none. Behind a proxy nobody is kept waiting: their connections are the proxy's, which all others need.
    let shows = path == SIGN_IN || request.headers().contains_key(header::AUTHORIZATION);
    let peer = Sender::noted(request.extensions()).peer.filter(|_| shows);
    let checked = check(&app, &request);
    let response = match checked {
        Ok(()) => next.run(request).await,
        Err(failure) => axum::response::IntoResponse::into_response(failure),
    };
    let mut response = match response.extensions().get::<Arc<Failure>>() {
        Some(failure) => {
            if failure.row() == rows::STORE {
                app.count_store_failure();
            }
            described(failure, &response, &id, &path, &app)
        }
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(problem::REQUEST_ID, value);
    }
    if response.extensions().get::<GuestAnswer>().is_none() {
        protect(response.headers_mut());
    }
    app.count_answer(response.status());
    if let Some(address) = peer.filter(|_| response.status() == StatusCode::UNAUTHORIZED) {
        tokio::time::sleep(app.guesses().wrong(address)).await;
    }
    response
}

fn check(app: &AppState, request: &Request<Body>) -> Result<(), Failure> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > MAX_ADDRESS_BYTES {
        return Err(Failure::AddressTooLong { limit_bytes: MAX_ADDRESS_BYTES });
    }
    framing::check(request.headers())?;
    let host = HostName::of(request.uri(), request.headers()).map_err(|_| Failure::BadHost)?;
    // A page whose name was made to point at this address (DNS rebinding) still sends its own name.
    let allowed = &app.config().allowed_hosts;
    if !host.is_loopback() && !allowed.iter().any(|name| name.eq_ignore_ascii_case(&host.name)) {
        return Err(Failure::Misdirected);
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && is_cross_site(request.headers(), &host) {
        return Err(Failure::CrossSite);
    }
    Ok(())
}

/// Whether a browser says that another site's page sent this. Programs say nothing of the kind.
fn is_cross_site(headers: &HeaderMap, host: &HostName) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    match authority.map(HostName::parse) {
        Some(Ok(origin)) => origin != *host,
        Some(Err(_)) | None => true,
    }
}

/// The failure's document, with what the bare answer already carried (`Allow`, an outcome).
fn described(failure: &Failure, bare: &Response, id: &RequestId, path: &str, app: &AppState) -> Response {
    let mut response = problem::answer(failure, id, path, &app.config().public_url, Reader::Caller).map(Body::from);
    for name in [header::ALLOW, problem::OUTCOME] {
        if let Some(value) = bare.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn protect(headers: &mut HeaderMap) {
    const FIXED: [(HeaderName, &str); 6] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in FIXED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

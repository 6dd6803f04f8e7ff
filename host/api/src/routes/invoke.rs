//! Invoking a deployed function through the API: the guest's own answer, marked with its outcome.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use isolet_domain::access::Scope;
use isolet_domain::ids::{FunctionName, VersionId};
use isolet_domain::outcome::Outcome;
use isolet_domain::service::target::Wish;
use serde_json::json;

use crate::caller::{Asked, In, Of, PathPart, needs};
use crate::catalogue as rows;
use crate::document::{Answers, Operation, Part};
use crate::failure::Failure;
use crate::front::GuestAnswer;
use crate::problem::OUTCOME;
use crate::relay;
use crate::state::AppState;

/// Names the version that is to answer, in requests, and the one that did, in answers.
const VERSION: HeaderName = HeaderName::from_static("isolet-version");
/// What binds a caller to one share of a split, in place of the field that the alias names.
const STICKY_KEY: HeaderName = HeaderName::from_static("isolet-sticky-key");

pub async fn invoke_function(
    State(app): State<AppState>,
    found: In<needs::Invoke>,
    Of(function): Of<FunctionName>,
    Asked { id, .. }: Asked,
    OriginalUri(sent): OriginalUri,
    WishFields(fields): WishFields,
    mut request: Request<Body>,
) -> Result<GuestResponse, Failure> {
    let uri = address(&sent)?;
    let wish = wish(&found, &fields)?;
    // The caller's key is for us and never for the guest.
    request.headers_mut().remove(header::AUTHORIZATION);
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("sandbox"));
    let method = request.method().clone();
    let request = relay::to_guest(request, uri);
    match app.platform().invoker.invoke_as(&found.scope, &function, &wish, id, request).await {
        Ok((response, version)) => {
            let mut response = relay::from_guest(&method, response).map(Body::new);
            // It comes from where the console does.
            relay::keep_to_itself(response.headers_mut());
            response.headers_mut().insert(OUTCOME, HeaderValue::from_static(Outcome::Ok.as_str()));
            if let Ok(version) = HeaderValue::from_str(version.as_str()) {
                response.headers_mut().insert(VERSION, version);
            }
            response.extensions_mut().insert(GuestAnswer);
            Ok(GuestResponse(response))
        }
        Err(error) => {
            let failure = Failure::from(error);
            let outcome = failure.outcome();
            let mut response = failure.into_response();
            if let Some(outcome) = outcome {
                response.headers_mut().insert(OUTCOME, HeaderValue::from_static(outcome.as_str()));
            }
            Ok(GuestResponse(response))
        }
    }
}

/// The guest's own answer, or that there was none.
pub struct GuestResponse(Response);

impl IntoResponse for GuestResponse {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for GuestResponse {
    fn describe(operation: &mut Operation<'_>) {
        operation.passes_on("The guest's own answer, whatever its status; or a problem document where there was none.");
    }
}

impl Part for OriginalUri {
    fn describe(_: &mut Operation<'_>) {}
}

impl Part for Request<Body> {
    fn describe(operation: &mut Operation<'_>) {
        operation.takes_anything();
        operation.fails(&[rows::MALFORMED]);
    }
}

/// What a caller says about the version, as it was sent.
pub struct WishFields(HeaderMap);

impl<S: Sync> FromRequestParts<S> for WishFields {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.clone()))
    }
}

impl Part for WishFields {
    fn describe(operation: &mut Operation<'_>) {
        let version =
            "A version that the function's `live` names, to be asked in place of the split; with the scope `deploy`.";
        operation.in_header(VERSION.as_str(), version, json!({ "type": "string", "pattern": VersionId::PATTERN }));
        let sticky = "What binds a caller to one version of a split.";
        operation.in_header(STICKY_KEY.as_str(), sticky, json!({ "type": "string" }));
        operation.fails(&[rows::MALFORMED, rows::NO_VERSION]);
    }
}

/// What the caller says about the version: which one, for those who may deploy it, and what binds to one.
fn wish(found: &In<needs::Invoke>, headers: &HeaderMap) -> Result<Wish, Failure> {
    let mut wanted = headers.get_all(VERSION).iter();
    let version = match (wanted.next(), wanted.next()) {
        (None, _) => None,
        (Some(_), _) if !found.credential.allows(Scope::Deploy) => return Err(Failure::Forbidden(Scope::Deploy)),
        (Some(version), None) => {
            let parsed = version.to_str().ok().and_then(|version| VersionId::parse(version).ok());
            Some(parsed.ok_or(Failure::Missing("version"))?)
        }
        (Some(_), Some(_)) => {
            let detail = format!("`{VERSION}` is there twice");
            return Err(Failure::Malformed { detail, pointer: None });
        }
    };
    let sticky_key = headers.get(STICKY_KEY).map(|key| key.as_bytes().to_vec());
    Ok(Wish { version, sticky_key })
}

/// `http://sandbox` and what follows `/v1/tenants/{t}/functions/{f}/invoke`, as it was sent.
fn address(sent: &Uri) -> Result<Uri, Failure> {
    const PARTS_BEFORE: usize = 7;
    let whole = sent.path_and_query().map_or("/", |path| path.as_str());
    let (path, query) = whole.split_once('?').map_or((whole, None), |(path, query)| (path, Some(query)));
    let rest = path.splitn(PARTS_BEFORE + 1, '/').nth(PARTS_BEFORE).unwrap_or_default();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let uri = Uri::builder().scheme("http").authority("sandbox").path_and_query(format!("/{rest}{query}")).build();
    uri.map_err(|_| Failure::Malformed { detail: "the address is not one of a resource".to_owned(), pointer: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_sees_what_follows_invoke_as_it_was_sent() {
        for (sent, seen) in [
            ("/v1/tenants/t/functions/f/invoke", "http://sandbox/"),
            ("/v1/tenants/t/functions/f/invoke/", "http://sandbox/"),
            ("/v1/tenants/t/functions/f/invoke?a=1", "http://sandbox/?a=1"),
            ("/v1/tenants/t/functions/f/invoke/a//b%2Fc/../d?x=/y?z", "http://sandbox/a//b%2Fc/../d?x=/y?z"),
        ] {
            let uri = address(&sent.parse().expect("a valid address")).expect("an address for the guest");
            assert_eq!(uri.to_string(), seen);
        }
    }
}

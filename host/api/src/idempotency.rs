//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request that makes something is done once, and sent again it is
//! answered as it was. Only answers that say something was done are remembered; what failed can be tried again.

use axum::body::Body;
use axum::extract::{FromRequestParts as _, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use isolet_domain::access::Scope;
use isolet_domain::ids::Digest;
use isolet_domain::service::answers::NamedRequest;
use serde::{Deserialize, Serialize};

use crate::answer::PREFERENCE_APPLIED;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::room::Kept;
use crate::state::AppState;
use crate::strict_json::read;

pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Marks an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Characters of a key.
const MAX_KEY_CHARS: usize = 255;
/// Bytes of an answer that is remembered.
const MAX_ANSWER_BYTES: usize = 2 << 20;
/// What of an answer's header is remembered.
const KEPT_HEADERS: [HeaderName; 4] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION, PREFERENCE_APPLIED];

/// An answer as it is remembered.
#[derive(Deserialize, Serialize)]
struct KeptAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Stands before a handler whose body has at most `limit` bytes, and which does nothing without the scope.
pub async fn remember(
    State((app, limit, needs)): State<(AppState, usize, Option<Scope>)>,
    request: Request<Body>,
    next: Next,
) -> Response {
    match once(&app, (limit, needs), request, next).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn once(
    app: &AppState,
    (limit, needs): (usize, Option<Scope>),
    request: Request<Body>,
    next: Next,
) -> Result<Response, Failure> {
    let Some(key) = key(request.headers())? else { return Ok(next.run(request).await) };
    let (mut parts, body) = request.into_parts();
    let Caller(credential) = Caller::from_request_parts(&mut parts, app).await?;
    if needs.is_some_and(|scope| !credential.allows(scope)) {
        // It is refused, and how is for the handler to say: nothing is read for that.
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    if wants_events(&parts.headers) {
        return Err(malformed("a stream of events cannot be repeated: leave out `idempotency-key`, or ask for JSON"));
    }
    let owner = app.platform().tenants.of(&credential).await?;
    let owner = owner.and_then(|tenant| credential.scope_over(&tenant));
    let (body, room) = read(body, limit, (app, &parts.extensions)).await?;
    let address = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0);
    let named =
        NamedRequest::new(&credential, owner, &key, fingerprint(parts.method.as_str(), &address.to_string(), &body));
    if let Some(answer) = app.platform().answers.claim(&named).await? {
        return replayed(&answer);
    }
    // To its end also when the caller goes away: it will ask again, and nothing may have been done halfway.
    parts.extensions.insert(Kept::new(room));
    let request = Request::from_parts(parts, Body::from(body));
    let work = tokio::spawn({
        let (app, named) = (app.clone(), named.clone());
        async move { settle(&app, &named, next.run(request).await).await }
    });
    match work.await {
        Ok(response) => Ok(response),
        Err(failed) => {
            report(app.platform().answers.release(&named).await);
            match failed.try_into_panic() {
                // For the layer that answers panics of handlers, as if there had been no task.
                Ok(payload) => std::panic::resume_unwind(payload),
                Err(_) => Err(Failure::Panic),
            }
        }
    }
}

/// Remembers what was done, or gives the key back.
async fn settle(app: &AppState, named: &NamedRequest, response: Response) -> Response {
    let answers = &app.platform().answers;
    if !response.status().is_success() {
        report(answers.release(named).await);
        return response;
    }
    let (parts, body) = response.into_parts();
    // Handlers of such operations answer with bytes that are there; a body that fails is none of theirs.
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let kept = (bytes.len() <= MAX_ANSWER_BYTES).then(|| kept(parts.status, &parts.headers, &bytes));
    report(answers.keep(named, kept.as_deref()).await);
    Response::from_parts(parts, Body::from(bytes))
}

/// The answer stands; that asking again may find the claim, or do it again, is all that can be said.
fn report(kept: Result<(), isolet_domain::repository::RepositoryError>) {
    if let Err(error) = kept {
        tracing::warn!(%error, "an answer could not be remembered");
    }
}

fn kept(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Vec<u8> {
    let text = |name: &HeaderName| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned()));
    let kept = KeptAnswer {
        status: status.as_u16(),
        headers: KEPT_HEADERS.iter().filter_map(text).collect(),
        body: STANDARD.encode(body),
    };
    serde_json::to_vec(&kept).expect("it has plain fields")
}

fn replayed(answer: &[u8]) -> Result<Response, Failure> {
    let unreadable = |_| Failure::Answer(isolet_domain::service::answers::AnswerError::NotKept);
    let kept: KeptAnswer = serde_json::from_slice(answer).map_err(unreadable)?;
    let body = STANDARD.decode(kept.body).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Method, address and body, each with its length, so that no two requests are one text.
fn fingerprint(method: &str, address: &str, body: &[u8]) -> Digest {
    let [one, two, three] = [method.as_bytes(), address.as_bytes(), body].map(|part| (part.len() as u64).to_be_bytes());
    Digest::of_parts([&one, method.as_bytes(), &two, address.as_bytes(), &three, body])
}

fn wants_events(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.contains("text/event-stream"))
}

fn malformed(detail: &str) -> Failure {
    Failure::Malformed { detail: detail.to_owned(), pointer: None }
}

/// The key: a string of a structured field (RFC 9651 §3.3.3), or bare.
fn key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut fields = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    let text = field.to_str().ok().filter(|_| fields.next().is_none()).and_then(parse_key);
    text.map(Some).ok_or_else(|| {
        malformed("`idempotency-key` must be one text of 1 to 255 visible characters, bare or in double quotes")
    })
}

fn parse_key(field: &str) -> Option<String> {
    let field = field.trim();
    let text = match field.strip_prefix('"') {
        Some(rest) => unescape(rest.strip_suffix('"')?)?,
        None => field.to_owned(),
    };
    let bare = |c: char| c.is_ascii_graphic() && !"\",;\\".contains(c);
    let fits = (1..=MAX_KEY_CHARS).contains(&text.len());
    let is_good = if field.starts_with('"') {
        text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
    } else {
        text.chars().all(bare)
    };
    (fits && is_good).then_some(text)
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            '"' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_quoted_or_bare() {
        for (field, key) in [
            ("\"a b\"", Some("a b")),
            ("a-b_c", Some("a-b_c")),
            ("\"a\"", Some("a")),
            ("a", Some("a")),
            (r#""a\"\\b""#, Some(r#"a"\b"#)),
            ("", None),
            ("\"\"", None),
            ("\"", None),
            ("\"a", None),
            ("a b", None),
            ("a,b", None),
            ("a;b=1", None),
            (r#""a"b""#, None),
            (r#""a\x""#, None),
            ("ä", None),
        ] {
            assert_eq!(parse_key(field).as_deref(), key, "{field}");
        }
        assert!(parse_key(&"a".repeat(255)).is_some() && parse_key(&"a".repeat(256)).is_none());
    }

    #[test]
    fn requests_differ_in_any_part() {
        let all =
            [("POST", "/a", "b"), ("PUT", "/a", "b"), ("POST", "/ab", ""), ("POST", "/", "ab"), ("POST", "/a", "c")];
        let digests: std::collections::HashSet<_> =
            all.iter().map(|(method, address, body)| fingerprint(method, address, body.as_bytes())).collect();
        assert_eq!(digests.len(), all.len());
    }
}

//! The origin on which answers of runs are looked at as pages. It is neither the console's nor any function's, each page on it is
//! sealed from all others, and none has a network: what is shown there may have been written by anybody. Who gets an address is in
//! `routes::previews`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Response};
use isolet_domain::body::{self, Body};
use isolet_domain::run::RecordedResponse;
use isolet_domain::service::previews::PreviewError;

use crate::failure::Failure;
use crate::state::{ApiConfig, AppState};

/// A function's own name holds `--`, so it is none of theirs.
const LABEL: &str = "preview";

/// What a page may do: run its own script and style in an origin that is nobody's. It loads and sends nothing (`form-action` lets forms
/// be filled in and not be sent), cannot leave its frame, and nobody shows it but the page that asked for it.
const POLICY: &str = "sandbox allow-scripts allow-forms; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; \
     style-src 'unsafe-inline' data: blob:; img-src data: blob:; font-src data: blob:; media-src data: blob:; \
     form-action 'none'; base-uri 'none'; frame-ancestors ";

/// What the page itself says about its body; nothing else of its head is repeated.
const REPEATED: [HeaderName; 3] = [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE];

/// Where pages are: `http://preview.localhost:8080`.
pub fn origin(config: &ApiConfig) -> String {
    config.ingress_url(LABEL)
}

pub fn url(config: &ApiConfig, name: &[u8]) -> String {
    format!("{}/{}", origin(config), URL_SAFE_NO_PAD.encode(name))
}

/// Whether this host name is that of the pages.
pub fn is_its_name(host: &str, base_domain: &str) -> bool {
    host.strip_prefix(LABEL).and_then(|rest| rest.strip_prefix('.')) == Some(base_domain)
}

/// The page at this path.
pub async fn show(app: &AppState, method: &Method, path: &str) -> Result<Response<Body>, Failure> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(Failure::Method);
    }
    let name = URL_SAFE_NO_PAD.decode(path.trim_start_matches('/')).map_err(|_| PreviewError::Unknown)?;
    let shown = app.platform().previews.open(name).await?;
    let policy = format!("{POLICY}{}", shown.within.as_deref().unwrap_or("'none'"));
    let mut response = page(shown.response);
    let headers = response.headers_mut();
    let policy = HeaderValue::from_str(&policy).map_err(|_| Failure::Missing("run"))?;
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    const FIXED: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), clipboard-read=(), display-capture=(), geolocation=(), microphone=(), usb=()",
        ),
    ];
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// 200 whatever the guest's status was: a browser shows nothing for some, and goes elsewhere for others.
fn page(response: RecordedResponse) -> Response<Body> {
    let mut shown = Response::new(body::full(response.body));
    for name in REPEATED {
        let mut values = response.headers.iter().filter(|(other, _)| name.as_str().eq_ignore_ascii_case(other));
        if let Some(value) = values.next().and_then(|(_, value)| HeaderValue::from_str(value).ok()) {
            shown.headers_mut().insert(name, value);
        }
    }
    let untyped = HeaderValue::from_static("text/plain; charset=utf-8");
    shown.headers_mut().entry(header::CONTENT_TYPE).or_insert(untyped);
    shown
}

//! The console's files, embedded in the binary. Which pages there are is the console's own business.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use http::header::{self, HeaderValue};

use crate::failure::Failure;
use crate::preview;
use crate::state::AppState;

#[derive(rust_embed::RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

const NONCE_PLACEHOLDER: &str = "__CSP_NONCE__";

/// The file at this path, or the one page for every path of the console's own.
pub async fn get_console(State(app): State<AppState>, uri: Uri) -> Result<Response, Failure> {
    let path = uri.path().trim_start_matches('/');
    // No file has a dot-less name, and no page has a dot.
    let is_page = !path.contains('.') && !path.starts_with("v1/") && path != "v1";
    if is_page || path == "index.html" {
        return page(&app);
    }
    let file = Files::get(path).ok_or(Failure::NoRoute)?;
    let mut response = Body::from(file.data.into_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    // The names in this folder hold a hash of the content.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    Ok(response)
}

fn page(app: &AppState) -> Result<Response, Failure> {
    let Some(file) = Files::get("index.html") else { return Err(Failure::NoRoute) };
    let (nonce, preview) = (nonce(), preview::origin(app.config()));
    let html = String::from_utf8_lossy(&file.data).replace(NONCE_PLACEHOLDER, &nonce);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; \
         img-src 'self' data:; font-src 'self'; frame-src {preview}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'"
    );
    let mut response = Body::from(html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).expect("a policy of ASCII is a valid value"),
    );
    Ok(response)
}

/// 128 random bits, new for each response (Content Security Policy 3, §7.1).
pub fn nonce() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    STANDARD.encode(bytes)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

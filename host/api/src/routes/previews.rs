//! Addresses of pages with runs' answers. What is at such an address is in `preview`.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, State};
use http::header;
use http::request::Parts;
use isolet_domain::ids::RunId;

use crate::answer::Created;
use crate::caller::{In, Of, needs};
use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::host_name::HostName;
use crate::preview;
use crate::state::AppState;
use crate::wire::previews::PreviewResponse;

pub async fn create_preview(
    State(app): State<AppState>,
    found: In<needs::Run>,
    Of(run): Of<RunId>,
    AskedFrom(page): AskedFrom,
) -> Result<Created<PreviewResponse>, Failure> {
    let preview = app.platform().previews.issue(&found.scope, &run, page.as_deref()).await?;
    Ok(Created(PreviewResponse {
        url: preview::url(app.config(), &preview.name),
        expires_at: preview.ends_at.to_string(),
    }))
}

/// The origin of the page that asks, as a browser names it: that page alone may show the answer within itself.
pub struct AskedFrom(Option<String>);

impl<S: Sync> FromRequestParts<S> for AskedFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        Ok(Self(origin.and_then(spelled)))
    }
}

impl Part for AskedFrom {
    fn describe(_: &mut Operation<'_>) {}
}

/// Scheme and host in their one spelling, so that it can stand in a policy.
fn spelled(origin: &str) -> Option<String> {
    let (scheme, authority) = origin.split_once("://")?;
    let host = HostName::parse(authority).ok()?;
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{}", host.authority()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_origin_gets_into_a_policy() {
        assert_eq!(spelled("https://Console.Example:8443").as_deref(), Some("https://console.example:8443"));
        assert_eq!(spelled("http://[::1]:8787").as_deref(), Some("http://[::1]:8787"));
        for bad in
            ["null", "*", "http://*", "http://a b", "http://a;script-src *", "http://a/b", "file://a", "javascript://a"]
        {
            assert_eq!(spelled(bad), None, "{bad}");
        }
    }
}

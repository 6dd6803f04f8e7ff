//! A version as it is uploaded: modules as JSON, or a component as it is. What may be in either is the domain's to say.

use axum::body::Body;
use axum::extract::FromRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use isolet_domain::code::MAX_COMPONENT_BYTES;

use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::strict_json::{Json, read};
use crate::wire::functions::AddVersionRequest;

pub enum Uploaded {
    Modules(AddVersionRequest),
    /// In base64, as code is kept.
    Component(String),
}

impl<S: Sync> FromRequest<S> for Uploaded {
    type Rejection = Failure;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        if kind.as_deref() != Some(b"application/wasm") {
            return Json::from_request(request, state).await.map(|Json(request)| Self::Modules(request));
        }
        let bytes = read(request.into_body(), MAX_COMPONENT_BYTES).await?;
        Ok(Self::Component(STANDARD.encode(bytes)))
    }
}

impl Part for Uploaded {
    fn describe(operation: &mut Operation<'_>) {
        Json::<AddVersionRequest>::describe(operation);
        operation.takes_also("application/wasm");
    }
}

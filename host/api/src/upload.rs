//! A version as it is uploaded: modules as JSON, or a component as it is. What may be in either is the domain's to say.

use axum::body::Body;
use axum::extract::FromRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use isolet_domain::code::MAX_COMPONENT_BYTES;

use crate::document::{Operation, Part};
use crate::failure::Failure;
use crate::room::Room;
use crate::state::AppState;
use crate::strict_json::{Json, read};
use crate::wire::functions::AddVersionRequest;

/// What was sent, and the room that it takes.
pub struct Uploaded(pub Upload, pub Option<Room>);

pub enum Upload {
    Modules(AddVersionRequest),
    /// In base64, as code is kept.
    Component(String),
}

impl FromRequest<AppState> for Uploaded {
    type Rejection = Failure;

    async fn from_request(request: Request<Body>, app: &AppState) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        if kind.as_deref() != Some(b"application/wasm") {
            let Json(request, room) = Json::from_request(request, app).await?;
            return Ok(Self(Upload::Modules(request), room));
        }
        let (parts, body) = request.into_parts();
        let (bytes, room) = read(body, MAX_COMPONENT_BYTES, (app, &parts.extensions)).await?;
        Ok(Self(Upload::Component(STANDARD.encode(bytes)), room))
    }
}

impl Part for Uploaded {
    fn describe(operation: &mut Operation<'_>) {
        Json::<AddVersionRequest>::describe(operation);
        operation.takes_also("application/wasm");
    }
}

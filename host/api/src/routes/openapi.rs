//! The OpenAPI document as it is served: text that was made once, when the routes were.

use std::sync::Arc;

use axum::Extension;

use crate::answer::{Text, TextFormat};
use crate::document::{Operation, Part};

/// The document, for the one handler that shows it.
#[derive(Clone)]
pub struct DocumentText(pub Arc<str>);

impl Part for Extension<DocumentText> {
    fn describe(_: &mut Operation<'_>) {}
}

/// JSON that was written before.
pub struct JsonText;

impl TextFormat for JsonText {
    const MEDIA_TYPE: &'static str = "application/json";
    const DOCUMENTED: &'static str = "application/json";
}

pub async fn get_openapi(Extension(DocumentText(text)): Extension<DocumentText>) -> Text<JsonText> {
    text.to_string().into()
}

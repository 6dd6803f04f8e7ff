//! The OpenAPI document as it is served.

use std::sync::LazyLock;

use serde_json::Value;

use super::operations;
use crate::answer::{Text, TextFormat};
use crate::document::document;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi_document().to_string());

/// The document of this build.
pub fn openapi_document() -> Value {
    document(&operations::all())
}

/// JSON that is written elsewhere.
pub struct JsonText;

impl TextFormat for JsonText {
    const MEDIA_TYPE: &'static str = "application/json";
    const DOCUMENTED: &'static str = "application/json";
}

pub async fn get_openapi() -> Text<JsonText> {
    DOCUMENT.clone().into()
}

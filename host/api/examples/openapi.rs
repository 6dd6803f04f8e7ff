//! Writes the OpenAPI document to `host/api/openapi.json`, the committed copy that a test compares with the code.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let text = serde_json::to_string_pretty(&isolet_api::openapi_document())?;
    std::fs::write(file, text + "\n")
}

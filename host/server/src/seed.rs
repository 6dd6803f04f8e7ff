//! What a first start leaves for a newcomer: tenant `demo` with function `hello`, deployed, and one recorded run.

use anyhow::Result;
use http::Method;
use serde_json::json;

use crate::client::Client;

/// The function that upper-cases the prompt; the console's default example is the same file.
const HELLO: &str = include_str!("../../../ui/src/examples/uppercase/main.js");

/// Makes the demo unless the store has tenants already.
pub async fn seed(client: &Client) -> Result<()> {
    let tenants = client.send(Method::GET, "/v1/tenants?limit=1", None).await?.into_success()?;
    if tenants["data"].as_array().is_some_and(|data| !data.is_empty()) {
        return Ok(());
    }
    let code = json!({ "modules": { "main.js": HELLO }, "main_module": "main.js" });
    let run = json!({ "code": code, "prompt": "hello world", "env": { "WHO": "dynamic-sandbox" } });
    for (method, path, body) in [
        (Method::POST, "/v1/tenants", json!({ "slug": "demo" })),
        (Method::PUT, "/v1/tenants/demo/functions/hello", json!({})),
        (Method::POST, "/v1/tenants/demo/functions/hello/env", json!({ "name": "WHO", "value": "dynamic-sandbox" })),
        (Method::POST, "/v1/tenants/demo/functions/hello/deploy", code.clone()),
        (Method::POST, "/v1/tenants/demo/runs", run),
    ] {
        client.send(method, path, Some(&body)).await?.into_success()?;
    }
    Ok(())
}

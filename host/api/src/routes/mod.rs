//! The control plane's routes. Handlers extract, call one use case and convert; rules are the domain's.

mod activity;
mod aliases;
mod audit;
mod checks;
mod comparison;
mod egress;
mod fields;
mod function_query;
mod functions;
mod global_keys;
mod history;
mod host;
mod invoke;
mod keys;
mod limits;
mod log_query;
mod logs;
mod metric_query;
mod openapi;
mod operations;
mod previews;
mod problems;
mod routing;
mod runs;
mod secrets;
mod series;
mod sse;
mod suspension;
mod tenant_query;
mod tenants;
mod usage;
mod usage_query;
mod variables;
mod versions;

use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use openapi::DocumentText;
use tower_http::catch_panic::CatchPanicLayer;

use crate::console::get_console;
use crate::document::{self, Around, only_declared};
use crate::failure::Failure;
use crate::front::front;
use crate::idempotency::remember;
use crate::state::AppState;
use crate::trail::record;

/// The OpenAPI document of this build.
pub fn openapi_document() -> serde_json::Value {
    document::document(&operations::all())
}

/// The whole control plane: what `operations` lists, and the console for every other address.
pub fn control_plane(app: AppState) -> Router {
    let operations = operations::all();
    let text = DocumentText(document::document(&operations).to_string().into());
    let (below, others) = document::routers(&operations, "/v1", |mut route, around, declared| {
        let Around { recorded, repeatable, needs } = around;
        if let Some(operation) = recorded {
            route = route.route_layer(from_fn_with_state((app.clone(), operation), record));
        }
        // Outside: what is answered again is not done again.
        if let Some(limit) = repeatable {
            route = route.route_layer(from_fn_with_state((app.clone(), limit, needs), remember));
        }
        if let Some(declared) = declared {
            route = route.route_layer(from_fn_with_state(declared, only_declared));
        }
        route
    });
    others
        .nest("/v1", below.fallback(|| async { Failure::NoRoute }))
        .fallback_service(get(get_console).with_state(app.clone()))
        .method_not_allowed_fallback(|| async { Failure::Method })
        .layer(Extension(text))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), front))
        .with_state(app)
}

fn panicked(payload: Box<dyn std::any::Any + Send>) -> Response {
    let message =
        payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = message.unwrap_or("no message"), "a handler panicked");
    Failure::Panic.into_response()
}

//! The control plane's routes. Handlers extract, call one use case and convert; rules are the domain's.

mod checks;
mod egress;
mod fields;
mod functions;
mod history;
mod host;
mod invoke;
mod runs;
mod secrets;
mod sse;
mod tenants;
mod versions;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post, put};
use tower_http::catch_panic::CatchPanicLayer;

use crate::console::get_console;
use crate::failure::Failure;
use crate::front::front;
use crate::state::AppState;

/// The whole control plane: API, console, health and metrics.
pub fn control_plane(app: AppState) -> Router {
    Router::new()
        .nest("/v1", v1())
        .route("/healthz", get(host::get_health))
        .route("/readyz", get(host::get_readiness))
        .route("/metrics", get(host::get_metrics))
        .fallback_service(get(get_console).with_state(()))
        .method_not_allowed_fallback(|| async { Failure::Method })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), front))
        .with_state(app)
}

fn v1() -> Router<AppState> {
    Router::new()
        .route("/sessions", post(tenants::open_session))
        .route("/whoami", get(tenants::get_caller))
        .route("/info", get(host::get_info))
        .route("/check", post(checks::check_code))
        .route("/tenants", get(tenants::list_tenants).post(tenants::create_tenant))
        .route(
            "/tenants/{tenant}",
            get(tenants::get_tenant).patch(tenants::update_tenant).delete(tenants::delete_tenant),
        )
        .nest("/tenants/{tenant}", tenant())
        .fallback(|| async { Failure::NoRoute })
}

fn tenant() -> Router<AppState> {
    Router::new()
        .route("/keys", get(tenants::list_keys).post(tenants::create_key))
        .route("/keys/{key}", delete(tenants::delete_key))
        .route(
            "/egress",
            get(egress::get_tenant_egress).put(egress::put_tenant_egress).delete(egress::delete_tenant_egress),
        )
        .route("/egress/ceiling", get(egress::get_ceiling).put(egress::put_ceiling).delete(egress::delete_ceiling))
        .route("/secrets", get(secrets::list_tenant_secrets))
        .route("/secrets/{variable}", put(secrets::put_tenant_secret).delete(secrets::delete_tenant_secret))
        .route("/functions", get(functions::list_functions))
        .route(
            "/functions/{function}/egress",
            get(egress::get_function_egress).put(egress::put_function_egress).delete(egress::delete_function_egress),
        )
        .route("/functions/{function}/secrets", get(secrets::list_function_secrets))
        .route(
            "/functions/{function}/secrets/{variable}",
            put(secrets::put_function_secret).delete(secrets::delete_function_secret),
        )
        .route(
            "/functions/{function}",
            get(functions::get_function).put(functions::put_function).delete(functions::delete_function),
        )
        .route("/functions/{function}/env", get(functions::list_variables).post(functions::set_variable))
        .route("/functions/{function}/env/{variable}", delete(functions::delete_variable))
        .route("/functions/{function}/versions", get(versions::list_versions).post(versions::add_version))
        .route("/functions/{function}/versions/{version}", get(versions::get_version))
        .route("/functions/{function}/versions/{version}/source", get(versions::get_source))
        .route("/functions/{function}/deploy", post(versions::deploy_version))
        .route("/functions/{function}/invoke", any(invoke::invoke_function))
        .route("/functions/{function}/invoke/", any(invoke::invoke_function))
        .route("/functions/{function}/invoke/{*path}", any(invoke::invoke_function))
        .route("/runs", get(history::list_runs).post(runs::create_run).delete(history::clear_runs))
        .route("/runs/{run}", get(history::get_run).delete(history::delete_run))
        .route("/runs/{run}/replay", post(runs::replay_run))
        .route("/prompts", get(history::list_prompts).post(history::save_prompt).delete(history::clear_prompts))
        .route("/prompts/{run}", delete(history::delete_run))
        .route("/prompts/{run}/star", put(history::star_prompt))
}

fn panicked(payload: Box<dyn std::any::Any + Send>) -> Response {
    let message =
        payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = message.unwrap_or("no message"), "a handler panicked");
    Failure::Panic.into_response()
}

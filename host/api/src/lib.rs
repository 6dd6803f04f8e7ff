//! HTTP: the control plane (axum) and the ingress (plain hyper) over the domain's use cases. Routes, extractors, wire types, the
//! one table from failure to answer, console assets. No rules of the product live here: those are the domain's.

mod answer;
mod caller;
mod catalogue;
mod configured;
mod connections;
mod console;
mod cursor;
mod document;
mod failure;
mod fault;
mod frame;
mod framing;
mod front;
mod guesses;
mod host_name;
mod idempotency;
mod ingress;
mod metrics;
mod preconditions;
mod preview;
mod problem;
mod rate_limit;
mod relay;
mod room;
mod routes;
mod sender;
mod serve;
mod state;
mod strict_json;
mod trail;
mod upload;
mod wire;

pub use catalogue::{ALL as PROBLEMS, Row as ProblemKind};
pub use fault::FieldFault;
pub use ingress::Ingress;
pub use routes::{control_plane, openapi_document};
pub use serve::{Listener, ServeOptions, serve_control_plane, serve_ingress};
pub use state::{ApiConfig, AppState};
pub use wire::egress::{PolicyText, RuleText};

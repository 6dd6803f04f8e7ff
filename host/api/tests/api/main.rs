//! HTTP behaviour of the control plane and the ingress, in process and against the domain's fakes; what only a connection shows,
//! over loopback. Real guests and real stores are in the top-level `tests/`.

mod access;
mod activity;
mod aliases;
mod attacks;
mod audit;
mod bad_input;
mod check;
mod comparison;
mod console;
mod dry_run;
mod egress;
mod global_keys;
mod host;
mod idempotency;
mod ingress;
mod keys;
mod limits;
mod logs;
mod management;
mod matrix;
mod openapi;
mod preconditions;
mod previews;
mod problems;
mod queries;
mod rates;
mod readings;
mod routing;
mod runs;
mod smuggling;
mod sockets;
mod tenants;
mod usage;
mod variables;
mod versions;

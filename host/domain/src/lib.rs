//! What isolet is, free of any technology: ids, limits, code, tenants, functions, runs, the use cases over them and the ports
//! they need. HTTP lives in `api`, persistence in `storage`, WebAssembly in `runtime`; nothing here imports any of them.

pub mod access;
pub mod alias;
pub mod answer;
pub mod audit;
pub mod body;
pub mod bounds;
pub mod canonical;
pub mod code;
pub mod code_options;
#[cfg(test)]
mod counting;
pub mod diff;
pub mod egress;
pub mod execute;
#[cfg(any(test, feature = "fakes"))]
pub mod fake_guests;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
pub mod function;
pub mod ids;
pub mod key;
pub mod key_mark;
pub mod labels;
pub mod limits;
pub mod log;
pub mod network;
pub mod notice;
pub mod outcome;
pub mod prompt;
pub mod repository;
pub mod route;
pub mod run;
pub mod scope;
pub mod secret;
pub mod series;
pub mod service;
pub mod tenant;
pub mod trace;
pub mod usage;

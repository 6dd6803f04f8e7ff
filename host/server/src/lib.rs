//! The host put together: configuration, start, drain, and the command line. The only crate that names all the others; what they
//! do is theirs.

mod at_rest;
mod banner;
mod client;
pub mod command;
pub mod config;
mod data_dir;
mod egress_table;
mod events;
mod host;
mod kept_tables;
mod log;
mod managing;
mod open_files;
mod origin;
mod others;
mod own_keys;
mod rotation;
mod seed;
mod tls;
pub mod walls;

pub use host::{Host, Started};

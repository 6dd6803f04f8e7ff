//! What isolet is, free of any technology: ids, limits, code, tenants, functions, runs, the use cases over them and the ports
//! they need. HTTP lives in `api`, persistence in `storage`, WebAssembly in `runtime`; nothing here imports any of them.

pub mod access;
pub mod body;
pub mod code;
pub mod execute;
#[cfg(feature = "fakes")]
pub mod fakes;
pub mod function;
pub mod ids;
pub mod key;
pub mod limits;
pub mod outcome;
pub mod repository;
pub mod run;
pub mod tenant;

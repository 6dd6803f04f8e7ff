//! The store of a single host: records in one redb file, contents in files beside it. No set-up, no other process.
//!
//! Durable when a call returns: everything but the records of runs, which may be in memory for up to a second (a crash of the
//! host or of the machine loses at most that; stopping the host loses nothing). Prompts saved without a run are durable at once.
//!
//! Who runs where: all writes go through one thread (`writer`). Reads of a single small record run on the caller's thread, for
//! they touch a handful of pages that are nearly always in redb's cache, and the hop to another thread and back costs more than
//! the look-up. Lists, runs and contents may be megabytes and go to the blocking pool.
//!
//! Contents are shared between tenants, and a put of the same bytes may be on its way: those that no record names any more are
//! removed only after a tenant is deleted, and with care (`blobs`).

mod answers;
mod api_keys;
mod archive;
mod audit;
mod blobs;
mod compaction;
mod contents;
mod desk;
mod failure;
mod file;
mod functions;
mod job;
mod logs;
mod notices;
mod rates;
mod ring;
mod routes;
mod runs;
mod series;
mod store;
mod stored;
mod tables;
mod tenants;
mod versions;
mod writer;

pub use compaction::{Compacted, compact};
pub use store::EmbeddedStore;

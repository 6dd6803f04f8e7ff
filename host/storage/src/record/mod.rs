//! How records are written, the same in both stores: JSON in an envelope that says which record it is. The envelope and the
//! kinds of record are private to this crate; a change of a domain type must not change bytes here without being seen.
//!
//! Versions N and N-1 of isolet share a store: fields are only ever added, with a default, and a host that changes a record leaves
//! what it does not know of it where it is (`rewrite`). A change that breaks this raises `v`; a record two versions ahead is refused.

mod alias;
mod answer;
mod audit;
mod contents;
mod egress;
mod envelope;
mod function;
mod key;
mod limits;
mod log;
mod rewrite;
mod routing;
mod run;
mod series;
mod tenant;

pub(crate) use answer::AnswerRecord;
pub(crate) use audit::AuditRecord;
pub(crate) use contents::{content_of_run, content_of_version};
pub(crate) use envelope::{
    answer_key, audit_key, decode, encode, function_key, key_key, log_key, lost, routing_key, run_key, series_key,
    tenant_key, unread_mark, version_key,
};
pub(crate) use function::{FunctionRecord, VersionRecord};
pub(crate) use key::KeyRecord;
pub(crate) use log::LogBatchRecord;
pub(crate) use rewrite::rewrite;
pub(crate) use routing::RoutingRecord;
pub(crate) use run::RunRecord;
pub(crate) use series::TalliesRecord;
pub(crate) use tenant::TenantRecord;

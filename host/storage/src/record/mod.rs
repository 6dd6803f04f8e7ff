//! How records are written, the same in both stores: JSON in an envelope that says which record it is. The envelope and the six
//! kinds of record are private to this crate; a change of a domain type must not change bytes here without being seen.
//!
//! Versions N and N-1 of isolet read each other's records: fields are only ever added, with a default, and unknown ones are
//! ignored. (A host of version N-1 that rewrites a record drops what it did not know.) A change that breaks this raises `v`.

mod answer;
mod egress;
mod envelope;
mod function;
mod run;
mod tenant;

pub(crate) use answer::AnswerRecord;
pub(crate) use envelope::{answer_key, decode, encode, function_key, key_key, lost, run_key, tenant_key, version_key};
pub(crate) use function::{FunctionRecord, VersionRecord};
pub(crate) use run::RunRecord;
pub(crate) use tenant::{KeyRecord, TenantRecord};

//! One row of a store, in the form that both stores can give and take: where it belongs, as words, and its bytes as they are kept. What is
//! an index in one store or the other is made anew from these.

use isolet_domain::ids::{AuditId, Digest, FunctionName, HostId, RunId, TenantId, VersionId};
use isolet_domain::repository::RepositoryError;
use isolet_domain::series::{self, Step, Writer};

use crate::record::{
    AuditRecord, FunctionRecord, KeyRecord, LogBatchRecord, RoutingRecord, RunRecord, TalliesRecord, TenantRecord,
    VersionRecord, audit_key, decode, function_key, key_key, log_key, routing_key, run_key, series_key, tenant_key,
    version_key,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) place: Place,
    pub(crate) value: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Tenant(TenantId),
    Routing(TenantId),
    Function(TenantId, FunctionName),
    Version {
        tenant: TenantId,
        function: FunctionName,
        number: u64,
        id: VersionId,
    },
    Run {
        tenant: TenantId,
        id: RunId,
        starred: bool,
    },
    /// A batch of log records: the position of its last one, how many there are, when it was stored, its name.
    Logs {
        tenant: TenantId,
        last: u64,
        count: u64,
        at_ms: u64,
        batch: u128,
    },
    /// The position of the tenant's next log record.
    NextLog {
        tenant: TenantId,
        next: u64,
    },
    Part(TenantId, series::Place),
    /// By the hash of its secret.
    Key(Digest),
    /// The end of a host's audit.
    Head {
        host: HostId,
        number: u64,
        at_ms: i64,
        digest: Digest,
    },
    Audit {
        host: HostId,
        number: u64,
        id: AuditId,
    },
    Blob(Digest),
}

impl Place {
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Tenant(tenant) => format!("tenant {tenant}"),
            Self::Routing(tenant) => format!("routing {tenant}"),
            Self::Function(tenant, name) => format!("function {tenant} {name}"),
            Self::Version { tenant, function, number, id } => format!("version {tenant} {function} {number} {id}"),
            Self::Run { tenant, id, starred } => format!("run {tenant} {id} {}", u8::from(*starred)),
            Self::Logs { tenant, last, count, at_ms, batch } => {
                format!("logs {tenant} {last} {count} {at_ms} {batch:032x}")
            }
            Self::NextLog { tenant, next } => format!("next-log {tenant} {next}"),
            Self::Part(tenant, place) => {
                let writer = u128::from_be_bytes(place.writer.0);
                format!("part {tenant} {} {} {writer:032x}", place.step.as_str(), place.start)
            }
            Self::Key(hash) => format!("key {hash}"),
            Self::Head { host, number, at_ms, digest } => format!("head {host} {number} {at_ms} {digest}"),
            Self::Audit { host, number, id } => format!("audit {host} {number} {id}"),
            Self::Blob(digest) => format!("blob {digest}"),
        }
    }

    /// `None`: no store has such a place.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let tenant = |raw: &str| TenantId::parse(raw).ok();
        let host = |raw: &str| HostId::parse(raw).ok();
        let digest = |raw: &str| Digest::parse(raw).ok();
        let number = |raw: &str| raw.parse::<u64>().ok();
        let wide = |raw: &str| u128::from_str_radix(raw, 16).ok();
        Some(match words.as_slice() {
            ["tenant", of] => Self::Tenant(tenant(of)?),
            ["routing", of] => Self::Routing(tenant(of)?),
            ["function", of, name] => Self::Function(tenant(of)?, FunctionName::parse(name).ok()?),
            ["version", of, function, n, id] => Self::Version {
                tenant: tenant(of)?,
                function: FunctionName::parse(function).ok()?,
                number: number(n)?,
                id: VersionId::parse(id).ok()?,
            },
            ["run", of, id, star @ ("0" | "1")] => {
                Self::Run { tenant: tenant(of)?, id: RunId::parse(id).ok()?, starred: *star == "1" }
            }
            ["logs", of, last, count, at, batch] => Self::Logs {
                tenant: tenant(of)?,
                last: number(last)?,
                count: number(count)?,
                at_ms: number(at)?,
                batch: wide(batch)?,
            },
            ["next-log", of, next] => Self::NextLog { tenant: tenant(of)?, next: number(next)? },
            ["part", of, step, start, writer] => {
                let step = Step::ALL.into_iter().find(|known| known.as_str() == *step)?;
                let writer = Writer(wide(writer)?.to_be_bytes());
                Self::Part(tenant(of)?, series::Place { step, start: start.parse().ok()?, writer })
            }
            ["key", hash] => Self::Key(digest(hash)?),
            ["head", of, n, at, end] => {
                Self::Head { host: host(of)?, number: number(n)?, at_ms: at.parse().ok()?, digest: digest(end)? }
            }
            ["audit", of, n, id] => Self::Audit { host: host(of)?, number: number(n)?, id: AuditId::parse(id).ok()? },
            ["blob", of] => Self::Blob(digest(of)?),
            _ => return None,
        })
    }
}

impl Row {
    pub(crate) fn new(place: Place, value: impl Into<Vec<u8>>) -> Self {
        Self { place, value: value.into() }
    }

    /// Whether it is what its place says, for who did not write it himself.
    pub(crate) fn check(&self) -> Result<(), RepositoryError> {
        let bytes = &self.value;
        let right = match &self.place {
            Place::Tenant(id) => decode::<TenantRecord>(&tenant_key(id), bytes)?.id == *id,
            Place::Routing(tenant) => decode::<RoutingRecord>(&routing_key(tenant), bytes).map(|_| true)?,
            Place::Function(tenant, name) => {
                decode::<FunctionRecord>(&function_key(tenant, name), bytes)?.name == *name
            }
            Place::Version { tenant, function, number, id } => {
                let version = decode::<VersionRecord>(&version_key(tenant, function, id), bytes)?;
                (version.number, &version.id) == (*number, id)
            }
            Place::Run { tenant, id, .. } => decode::<RunRecord>(&run_key(tenant, id), bytes)?.id == *id,
            Place::Logs { tenant, last, count, .. } => {
                let batch = decode::<LogBatchRecord>(&log_key(tenant), bytes)?;
                batch.records.len() as u64 == *count && *count > 0 && last.checked_add(1) >= Some(*count)
            }
            Place::Part(tenant, place) => decode::<TalliesRecord>(&series_key(tenant, place), bytes).map(|_| true)?,
            Place::Key(hash) => decode::<KeyRecord>(&key_key(hash), bytes)?.hash == *hash,
            Place::Audit { host, number, id } => {
                let entry = decode::<AuditRecord>(&audit_key(id), bytes)?;
                (&entry.host, entry.number, &entry.id) == (host, *number, id)
            }
            Place::Blob(digest) => Digest::of(bytes) == *digest,
            Place::NextLog { .. } | Place::Head { .. } => bytes.is_empty(),
        };
        if right { Ok(()) } else { Err(corrupt(self.place.to_text(), "it is not what its place says")) }
    }
}

pub(crate) fn corrupt(what: impl Into<String>, why: &str) -> RepositoryError {
    RepositoryError::Corrupt { what: what.into(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        let tenant = TenantId::generate();
        let function = FunctionName::parse("hello").expect("valid");
        let (digest, host) = (Digest::of(b"x"), HostId::generate());
        let id = VersionId::of(&digest);
        for place in [
            Place::Tenant(tenant),
            Place::Routing(tenant),
            Place::Function(tenant, function.clone()),
            Place::Version { tenant, function, number: 7, id },
            Place::Run { tenant, id: RunId::generate(), starred: true },
            Place::Logs { tenant, last: u64::MAX, count: 1, at_ms: 2, batch: u128::MAX },
            Place::NextLog { tenant, next: 3 },
            Place::Part(tenant, series::Place { step: Step::Quarter, start: 900, writer: Writer([7; 16]) }),
            Place::Key(digest),
            Place::Head { host, number: 1, at_ms: -1, digest },
            Place::Audit { host, number: 1, id: AuditId::generate() },
            Place::Blob(digest),
        ] {
            assert_eq!(Place::parse(&place.to_text()), Some(place));
        }
        for text in ["", "tenant", "tenant x", "blob x y", "run a b 2", "later ten_0"] {
            assert_eq!(Place::parse(text), None, "{text:?}");
        }
        assert!(Row::new(Place::Blob(digest), *b"x").check().is_ok());
        assert!(Row::new(Place::Blob(digest), *b"y").check().is_err());
        assert!(Row::new(Place::Tenant(tenant), *b"{}").check().is_err());
    }
}

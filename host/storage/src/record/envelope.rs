//! The envelope around every record, the names of records, and what is common to their fields. The records themselves are beside
//! this file; what becomes of a record that is written again is in `rewrite`.

use std::borrow::Cow;

use isolet_domain::ids::{AuditId, Digest, FunctionName, RunId, TenantId, VersionId};
use isolet_domain::repository::RepositoryError;
use isolet_domain::series::Place;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version this build writes. It reads the one before and the one after.
pub(super) const WRITTEN: u32 = 1;

/// A written form of a domain type.
pub(crate) trait Record: Serialize + DeserializeOwned {
    type Domain;

    fn of(value: &Self::Domain) -> Self;

    /// The domain's type again, or what about the record makes no sense.
    fn into_domain(self) -> Result<Self::Domain, String>;
}

#[derive(Serialize)]
struct Sealed<'a, T> {
    v: u32,
    key: &'a str,
    data: T,
}

#[derive(Deserialize)]
struct Opened<'a> {
    v: u32,
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// The bytes to store under this key.
pub(crate) fn encode<R: Record>(key: &str, value: &R::Domain) -> Vec<u8> {
    let sealed = Sealed { v: WRITTEN, key, data: R::of(value) };
    serde_json::to_vec(&sealed)
        .expect("records are structs, lists and maps with text as keys, which JSON can always hold")
}

/// What is stored under this key. A record that says it belongs under another one is refused: whatever mixed them up, nobody
/// gets to see another tenant's.
pub(crate) fn decode<R: Record>(key: &str, bytes: &[u8]) -> Result<R::Domain, RepositoryError> {
    let corrupt = |why: String| RepositoryError::Corrupt { what: key.to_owned(), why };
    let opened: Opened<'_> = serde_json::from_slice(bytes).map_err(|err| corrupt(err.to_string()))?;
    if opened.key != key {
        return Err(corrupt("it is the record of something else".to_owned()));
    }
    if opened.v > WRITTEN + 1 {
        return Err(RepositoryError::Newer { what: key.to_owned(), version: opened.v, known: WRITTEN + 1 });
    }
    if opened.v + 1 < WRITTEN {
        return Err(corrupt(format!("it is of version {}, this host reads from {} on", opened.v, WRITTEN - 1)));
    }
    let record: R = serde_json::from_str(opened.data.get()).map_err(|err| corrupt(err.to_string()))?;
    record.into_domain().map_err(corrupt)
}

/// What an index says is there and is not.
pub(crate) fn lost(key: &str) -> RepositoryError {
    RepositoryError::Corrupt { what: key.to_owned(), why: "an index names it and it is not there".to_owned() }
}

/// What is no mark of keys.
pub(crate) fn unread_mark() -> RepositoryError {
    RepositoryError::Corrupt { what: "key-mark".to_owned(), why: "it is not what a host writes".to_owned() }
}

pub(crate) fn tenant_key(id: &TenantId) -> String {
    format!("tenant/{id}")
}

pub(crate) fn key_key(hash: &Digest) -> String {
    format!("key/{hash}")
}

pub(crate) fn function_key(tenant: &TenantId, name: &FunctionName) -> String {
    format!("function/{tenant}/{name}")
}

pub(crate) fn version_key(tenant: &TenantId, function: &FunctionName, id: &VersionId) -> String {
    format!("version/{tenant}/{function}/{id}")
}

pub(crate) fn routing_key(tenant: &TenantId) -> String {
    format!("routing/{tenant}")
}

pub(crate) fn run_key(tenant: &TenantId, id: &RunId) -> String {
    format!("run/{tenant}/{id}")
}

pub(crate) fn audit_key(id: &AuditId) -> String {
    format!("audit/{id}")
}

pub(crate) fn answer_key(tenant: &TenantId, place: &Digest) -> String {
    format!("answer/{tenant}/{place}")
}

/// Of every batch of a tenant's log: which one it is stands where it is kept.
pub(crate) fn log_key(tenant: &TenantId) -> String {
    format!("log/{tenant}")
}

pub(crate) fn series_key(tenant: &TenantId, place: &Place) -> String {
    let writer = u128::from_be_bytes(place.writer.0);
    format!("series/{tenant}/{}/{}/{writer:032x}", place.step.as_str(), place.start)
}

/// A field that is text here and something stricter in the domain.
pub(super) fn parse<T, E: std::fmt::Display>(
    name: &str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, String> {
    parse(text).map_err(|err| format!("`{name}`: {err}"))
}

/// RFC 3339 with as many digits as the time has: exact, and readable in a dump.
pub(super) fn parse_time(name: &str, text: &str) -> Result<Timestamp, String> {
    parse(name, text, str::parse)
}

#[cfg(test)]
mod tests {
    use isolet_domain::ids::TenantSlug;
    use isolet_domain::tenant::Tenant;

    use super::super::tenant::TenantRecord;
    use super::*;

    fn acme() -> Tenant {
        Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::now())
    }

    #[track_caller]
    fn corrupt(key: &str, bytes: &[u8], expected: &str) {
        match decode::<TenantRecord>(key, bytes) {
            Err(RepositoryError::Corrupt { what, why }) => {
                assert_eq!(what, key);
                assert!(why.contains(expected), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_record_under_another_key_is_refused() {
        let tenant = acme();
        let bytes = encode::<TenantRecord>(&tenant_key(&tenant.id), &tenant);
        assert_eq!(decode::<TenantRecord>(&tenant_key(&tenant.id), &bytes).expect("its own key"), tenant);
        corrupt(&tenant_key(&TenantId::generate()), &bytes, "something else");
    }

    #[test]
    fn unknown_fields_and_the_next_version_are_read() {
        let tenant = acme();
        let key = tenant_key(&tenant.id);
        let text = String::from_utf8(encode::<TenantRecord>(&key, &tenant)).expect("JSON is UTF-8");
        let next = text.replace(r#"{"v":1,"#, r#"{"v":2,"later":{},"#).replace(r#""plan""#, r#""colour":[1],"plan""#);
        assert_eq!(decode::<TenantRecord>(&key, next.as_bytes()).expect("tolerant"), tenant);
        let beyond = decode::<TenantRecord>(&key, text.replace(r#"{"v":1,"#, r#"{"v":3,"#).as_bytes());
        let Err(refused @ RepositoryError::Newer { version: 3, known: 2, .. }) = beyond else { panic!("{beyond:?}") };
        assert!(refused.to_string().contains(&key), "{refused}");
    }

    #[test]
    fn damaged_bytes_are_refused_and_never_panic() {
        let tenant = acme();
        let key = tenant_key(&tenant.id);
        let bytes = encode::<TenantRecord>(&key, &tenant);
        for end in 0..bytes.len() {
            assert!(decode::<TenantRecord>(&key, &bytes[..end]).is_err(), "{end}");
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0xFF;
            // 0xFF turns ASCII into bytes that are not UTF-8.
            assert!(decode::<TenantRecord>(&key, &flipped).is_err(), "{at}");
        }
    }

    /// These bytes are in data folders and Redis servers. When this test fails, `v` has to change as well, or a default is due.
    #[test]
    fn the_written_form_stays() {
        let tenant = Tenant {
            id: TenantId::from_bytes([1; 16]),
            labels: [("a".to_owned(), "b".to_owned())].into(),
            ..Tenant::new(TenantSlug::parse("acme").expect("valid"), Timestamp::UNIX_EPOCH)
        };
        let bytes = encode::<TenantRecord>(&tenant_key(&tenant.id), &tenant);
        assert_eq!(
            std::str::from_utf8(&bytes).expect("JSON is UTF-8"),
            r#"{"v":1,"key":"tenant/ten_01010101010101010101010101010101","data":{"id":"ten_01010101010101010101010101010101","slug":"acme","labels":{"a":"b"},"plan":"default","status":"active","created_at":"1970-01-01T00:00:00Z"}}"#
        );
    }
}

//! Which content a record names, read off its written form without the rest: for looking through all of them before contents are
//! removed. What cannot be read may name any, and ends the look.

use isolet_domain::ids::Digest;
use isolet_domain::repository::RepositoryError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::envelope::WRITTEN;

#[derive(Deserialize)]
struct Sealed<T> {
    v: u32,
    key: String,
    data: T,
}

#[derive(Deserialize)]
struct OfVersion {
    digest: String,
}

#[derive(Deserialize)]
struct OfRun {
    result: Option<OfResult>,
}

#[derive(Deserialize)]
struct OfResult {
    code: String,
}

pub(crate) fn content_of_version(record: &[u8]) -> Result<Digest, RepositoryError> {
    let sealed: Sealed<OfVersion> = open(record)?;
    digest(&sealed.key, &sealed.data.digest)
}

/// `None` for prompts that were saved and not run.
pub(crate) fn content_of_run(record: &[u8]) -> Result<Option<Digest>, RepositoryError> {
    let sealed: Sealed<OfRun> = open(record)?;
    sealed.data.result.map(|result| digest(&sealed.key, &result.code)).transpose()
}

fn open<T: DeserializeOwned>(record: &[u8]) -> Result<Sealed<T>, RepositoryError> {
    let sealed: Sealed<T> = serde_json::from_slice(record)
        .map_err(|err| RepositoryError::Corrupt { what: "a record".to_owned(), why: err.to_string() })?;
    if sealed.v > WRITTEN + 1 {
        return Err(RepositoryError::Newer { what: sealed.key, version: sealed.v, known: WRITTEN + 1 });
    }
    Ok(sealed)
}

fn digest(key: &str, text: &str) -> Result<Digest, RepositoryError> {
    Digest::parse(text).map_err(|err| RepositoryError::Corrupt { what: key.to_owned(), why: err.to_string() })
}

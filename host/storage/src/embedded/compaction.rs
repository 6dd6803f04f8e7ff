//! The store written anew without what was deleted: freed pages of a database keep what was in them until something else is put there, and
//! contents that a host had not removed when it ended lie on. For a store that no host has open.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use isolet_domain::ids::Digest;
use redb::{Database, ReadTransaction, ReadableTable as _};

use super::contents::Contents;
use super::failure::Trouble;
use super::file::{DataFile, sync_folder};
use super::tables::{self, RUNS, VERSIONS};
use crate::open_error::OpenError;
use crate::record::{content_of_run, content_of_version};

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Compacted {
    /// Bytes of the database.
    pub before: u64,
    pub after: u64,
    /// Contents that nothing named.
    pub removed: usize,
}

/// Writes the store in this folder anew. Until that is done, everything is as it was.
///
/// # Errors
/// When it is in use, or the disk does not take it.
pub fn compact(folder: &Path) -> Result<Compacted, OpenError> {
    let unusable = |source| OpenError::Folder { path: folder.to_owned(), source };
    let (old, new) = (folder.join("data.redb"), folder.join("data.redb.new"));
    // Opening would make one.
    if !old.is_file() {
        return Err(unusable(io::Error::new(io::ErrorKind::NotFound, "there is no store in it")));
    }
    // It keeps others out until the end.
    let file = DataFile::open(folder)?;
    let size = |path: &Path| fs::metadata(path).map(|found| found.len()).map_err(unusable);
    let before = size(&old)?;
    // What an attempt before this one left.
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(unusable)?;
    let named = file.read(|txn| {
        let database = Database::create(&new)?;
        let writing = database.begin_write()?;
        tables::copy_all(txn, &writing)?;
        writing.commit()?;
        named(txn)
    })?;
    fs::rename(&new, &old).and_then(|()| sync_folder(folder)).map_err(unusable)?;
    let contents = Contents::open(folder).map_err(unusable)?;
    let mut removed = 0;
    for digest in contents.all().map_err(unusable)?.iter().filter(|digest| !named.contains(digest)) {
        removed += usize::from(contents.remove(digest).map_err(unusable)?);
    }
    drop(file);
    Ok(Compacted { before, after: size(&old)?, removed })
}

/// The contents of every version and run.
fn named(txn: &ReadTransaction) -> Result<BTreeSet<Digest>, Trouble> {
    let mut named = BTreeSet::new();
    for row in txn.open_table(VERSIONS)?.iter()? {
        named.insert(content_of_version(row?.1.value())?);
    }
    for row in txn.open_table(RUNS)?.iter()? {
        named.extend(content_of_run(row?.1.value())?);
    }
    Ok(named)
}

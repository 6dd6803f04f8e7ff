//! The file `data.redb`: opening it, reading from it, and opening it again after an I/O error. When and what is written is
//! decided in `writer`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use isolet_domain::repository::RepositoryError;
use redb::{Database, ReadTransaction, ReadableDatabase, TableHandle};

use super::failure::Trouble;
use super::tables::{self, META};
use crate::open_error::OpenError;

/// Written into the file when it is made. Another value is another program's file, or a later isolet's.
const FORMAT: &str = "isolet 1";
/// Pages kept in memory. Records are small; code is in files of its own.
const CACHE_BYTES: usize = 64 << 20;

/// The database and the lock that lets it be exchanged.
pub(super) struct DataFile {
    path: PathBuf,
    // Readers hold the read side for one transaction; the writer thread takes the write side only to open the file again
    // after an I/O error. `None`: that did not work, and nobody reads until it does.
    current: RwLock<Option<Database>>,
}

impl DataFile {
    /// Opens the file in this folder, making both when they are not there.
    pub(super) fn open(folder: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Folder { path: folder.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
        let path = folder.join("data.redb");
        // Made here rather than by redb: what tenants deploy is nobody else's to read.
        OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(unusable)?;
        sync_folder(folder).map_err(unusable)?;

        let current = RwLock::new(Some(open_database(&path)?));
        Ok(Self { path, current })
    }

    /// Looks at one consistent state of everything that was committed.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, Trouble>,
    ) -> Result<T, RepositoryError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let read = current.as_ref().ok_or_else(closed).and_then(|database| {
            guarded(|| {
                let txn = database.begin_read()?;
                look(&txn)
            })
        });
        read.map_err(|trouble| super::failure::only_repository(trouble.into_write_error()))
    }

    /// Lends the database to the writer thread, the only one that begins write transactions.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Trouble>) -> Result<T, Trouble> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let database = current.as_ref().ok_or_else(closed)?;
        guarded(|| work(database))
    }

    /// Closes and opens the file: after an I/O error redb refuses everything until then.
    pub(super) fn reopen(&self) -> Result<(), OpenError> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // First: the old one holds the file's lock.
        *current = None;
        *current = Some(open_database(&self.path)?);
        Ok(())
    }

    /// Whether the disk has room for so many bytes more.
    pub(super) fn has_room(&self, bytes: usize) -> io::Result<()> {
        let spare = self.path.with_extension("spare");
        let occupied = occupy(&spare, bytes);
        match fs::remove_file(&spare) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
            _ => occupied,
        }
    }
}

/// Makes a file of so many bytes. They are written: a hole in a file takes no space.
fn occupy(path: &Path, bytes: usize) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    io::copy(&mut io::repeat(0).take(bytes as u64), &mut file)?;
    file.sync_all()
}

fn closed() -> Trouble {
    RepositoryError::Unavailable("data.redb could not be opened again after an I/O error".to_owned()).into()
}

/// redb may panic on a file that was changed behind its back. That must cost the request, not the thread.
fn guarded<T>(work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let why = panic_text(&*panic);
        tracing::error!(why, "the embedded database panicked");
        Err(Trouble::Database(redb::Error::Corrupted(why)))
    })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}

fn open_database(path: &Path) -> Result<Database, OpenError> {
    let foreign = |why: &str| OpenError::Foreign { path: path.to_owned(), why: why.to_owned() };
    let opened = guarded(|| {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path)?;
        initialise(&database)?;
        Ok(database)
    });
    opened.map_err(|trouble| match trouble {
        Trouble::Database(redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch) => {
            OpenError::Locked { path: path.to_owned() }
        }
        Trouble::Database(redb::Error::UpgradeRequired(_)) => foreign("an older format of the database"),
        Trouble::Database(redb::Error::Io(err)) if err.kind() == io::ErrorKind::InvalidData => {
            foreign("not a database")
        }
        Trouble::Database(redb::Error::Io(err)) if err.kind() == io::ErrorKind::UnexpectedEof => {
            OpenError::Damaged { path: path.to_owned(), why: "it ends too early".to_owned() }
        }
        Trouble::Database(redb::Error::TableTypeMismatch { .. }) => foreign("tables of another kind"),
        Trouble::Database(redb::Error::Io(source)) => OpenError::Folder { path: path.to_owned(), source },
        Trouble::Database(err) => OpenError::Damaged { path: path.to_owned(), why: err.to_string() },
        Trouble::Answer(err) => foreign(&err.to_string()),
    })
}

/// Makes the tables of a new file, and looks whether an old one is ours.
fn initialise(database: &Database) -> Result<(), Trouble> {
    let foreign = |why: String| Trouble::from(RepositoryError::Corrupt { what: "data.redb".to_owned(), why });
    let (known, whole) = {
        let txn = database.begin_read()?;
        let names: Vec<String> = txn.list_tables()?.map(|table| table.name().to_owned()).collect();
        let known = if names.iter().any(|name| name == META.name()) {
            txn.open_table(META)?.get("format")?.map(|format| format.value().to_owned())
        } else if names.is_empty() {
            Some(String::new())
        } else {
            None
        };
        (known, names.len() >= tables::COUNT)
    };
    match known.as_deref() {
        Some(FORMAT) if whole => return Ok(()),
        // An earlier isolet's, which had fewer tables.
        Some(FORMAT | "") => {}
        Some(other) => return Err(foreign(format!("its format is {other:?}, this host knows {FORMAT:?}"))),
        None => return Err(foreign("another program's tables".to_owned())),
    }
    let txn = database.begin_write()?;
    tables::create_all(&txn)?;
    txn.open_table(META)?.insert("format", FORMAT)?;
    txn.commit()?;
    Ok(())
}

/// Makes names that were created, renamed or removed in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

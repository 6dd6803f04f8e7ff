//! The embedded store as a whole: what it holds together, and how the repositories beside this file read and write.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use isolet_domain::key_mark::KeyMark;
use isolet_domain::repository::{Repository, RepositoryError, WriteError};
use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};

use super::contents::Contents;
use super::failure::{Trouble, only_repository};
use super::file::DataFile;
use super::tables::META;
use super::writer::Writer;
use crate::open_error::OpenError;
use crate::record::unread_mark;
use crate::turns::Turns;

/// Everything in one folder of this machine.
pub struct EmbeddedStore {
    // Before the file: dropping the writer writes out what is left.
    pub(super) writer: Writer,
    file: Arc<DataFile>,
    pub(super) contents: Arc<Contents>,
    pub(super) turns: Turns,
}

impl EmbeddedStore {
    /// Opens the store in this folder, making it when there is none. Blocks for as long as the disk takes.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_with(folder, || {})
    }

    /// The same, whose thread begins with `on_thread_start`.
    pub fn open_with(folder: &Path, on_thread_start: impl FnOnce() + Send + 'static) -> Result<Self, OpenError> {
        // First: its lock is what keeps a second process out of the folder.
        let file = Arc::new(DataFile::open(folder)?);
        let unusable = |source| OpenError::Folder { path: folder.to_owned(), source };
        let contents = Arc::new(Contents::open(folder).map_err(unusable)?);
        let writer = Writer::start(Arc::clone(&file), on_thread_start).map_err(unusable)?;
        Ok(Self { writer, file, contents, turns: Turns::default() })
    }

    /// Reads a small record, here and now.
    pub(super) async fn read<T>(
        &self,
        look: impl Fn(&ReadTransaction) -> Result<T, Trouble>,
    ) -> Result<T, RepositoryError> {
        match self.file.read(&look) {
            Err(RepositoryError::Unavailable(_)) => {
                self.writer.heal().await;
                self.file.read(&look)
            }
            read => read,
        }
    }

    /// Reads what may be large.
    pub(super) async fn read_much<T: Send + 'static>(
        &self,
        look: impl Fn(&ReadTransaction) -> Result<T, Trouble> + Send + Sync + 'static,
    ) -> Result<T, RepositoryError> {
        let look = Arc::new(look);
        let once = || {
            let (file, look) = (Arc::clone(&self.file), Arc::clone(&look));
            blocking(move || file.read(&*look))
        };
        match once().await {
            // After an I/O error, also one of a write, redb refuses to read until the writer has opened the file again.
            Err(RepositoryError::Unavailable(_)) => {
                self.writer.heal().await;
                once().await
            }
            read => read,
        }
    }

    /// Reads what is not to be read twice, whatever becomes of it.
    pub(super) async fn read_once<T: Send + 'static>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let file = Arc::clone(&self.file);
        blocking(move || file.read(look)).await
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        change: impl FnMut(&WriteTransaction) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, WriteError> {
        self.writer.write(change).await
    }
}

#[async_trait]
impl Repository for EmbeddedStore {
    async fn check(&self) -> Result<(), RepositoryError> {
        let probed = self.write(|txn| {
            txn.open_table(META)?.insert("probe", "")?;
            Ok(())
        });
        probed.await.map_err(only_repository)
    }

    async fn key_mark(&self, ours: &KeyMark) -> Result<KeyMark, RepositoryError> {
        let ours = ours.to_text();
        let noted = self.write(move |txn| {
            let mut table = txn.open_table(META)?;
            let noted = table.get("key-mark")?.map(|noted| noted.value().to_owned());
            if noted.is_none() {
                table.insert("key-mark", &*ours)?;
            }
            Ok(noted.unwrap_or_else(|| ours.clone()))
        });
        let noted = noted.await.map_err(only_repository)?;
        KeyMark::parse(&noted).ok_or_else(unread_mark)
    }

    async fn flush(&self) -> Result<(), RepositoryError> {
        // Any durable commit makes those before it durable.
        self.check().await
    }

    fn kind(&self) -> &'static str {
        "embedded"
    }
}

/// Runs work that waits for the disk where it holds nobody up.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RepositoryError> + Send + 'static,
) -> Result<T, RepositoryError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(RepositoryError::Unavailable("the host is shutting down".to_owned())))
}

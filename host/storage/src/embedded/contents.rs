//! Contents as files, `blobs/b3/ab/<64 hex digits>`, named by the digest of what is in them. They appear whole or not at all: each
//! is written under another name, synced, and renamed.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use isolet_domain::ids::Digest;
use isolet_domain::repository::RepositoryError;

use super::file::sync_folder;

/// Digests remembered as stored; forgotten all at once when there are more.
const REMEMBERED: usize = 1 << 16;

/// The folder with the contents.
pub(super) struct Contents {
    shards: PathBuf,
    unfinished: PathBuf,
    next: AtomicU64,
    /// Contents that this process has seen whole and synced, with their length, so that storing them again costs one look at
    /// the folder. Locked for single operations only.
    known: Mutex<HashMap<Digest, u64>>,
}

impl Contents {
    /// Opens the folder inside `data`, whose lock the caller holds.
    pub(super) fn open(data: &Path) -> io::Result<Self> {
        let shards = data.join("blobs").join("b3");
        let unfinished = data.join("blobs").join("unfinished");
        let private = |path: &Path| fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        // What a crash left unfinished belongs to nobody.
        match fs::remove_dir_all(&unfinished) {
            Err(err) if err.kind() != ErrorKind::NotFound => return Err(err),
            _ => private(&unfinished)?,
        }
        // All of them now and synced once, so that a put has only its own folder to sync.
        for shard in 0..=0xFF_u8 {
            private(&shards.join(format!("{shard:02x}")))?;
        }
        for folder in [&shards, &data.join("blobs"), data] {
            sync_folder(folder)?;
        }
        Ok(Self { shards, unfinished, next: AtomicU64::new(0), known: Mutex::default() })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.to_hex();
        self.shards.join(&hex[..2]).join(hex)
    }

    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        let folder = path.parent().expect("every content is in a shard");
        let length = bytes.len() as u64;
        let known = self.known().get(&digest) == Some(&length);
        let there = fs::metadata(&path).is_ok_and(|found| found.len() == length);
        if known && there {
            return Ok(digest);
        }
        // Somebody else's put may have renamed it and not synced the folder yet; and a damaged file is worth replacing.
        if !(there && fs::read(&path).is_ok_and(|found| found == bytes)) {
            self.write(&path, bytes)?;
        }
        sync_folder(folder)?;
        self.remember(digest, length);
        Ok(digest)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let name = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let unfinished = self.unfinished.join(name);
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, path)
        })();
        if written.is_err() {
            // The disk may be full: give back what it took. What cannot be removed goes at the next start.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Bytes of a content; 0 where there is none.
    pub(super) fn length(&self, digest: &Digest) -> u64 {
        fs::metadata(self.path(digest)).map_or(0, |found| found.len())
    }

    pub(super) fn get(&self, digest: &Digest) -> Result<Option<Bytes>, RepositoryError> {
        let mut file = match File::open(self.path(digest)) {
            Ok(file) => file,
            Err(err) if err.kind() == ErrorKind::NotFound => return Ok(None),
            Err(err) => return Err(RepositoryError::Unavailable(err.to_string())),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|err| RepositoryError::Unavailable(err.to_string()))?;
        if Digest::of(&bytes) != *digest {
            // Whoever puts it again gets it repaired.
            self.known().remove(digest);
            let why = "its content is not what its name says".to_owned();
            return Err(RepositoryError::Corrupt { what: digest.to_string(), why });
        }
        Ok(Some(bytes.into()))
    }

    /// Removes a content. `false`: there was none.
    pub(super) fn remove(&self, digest: &Digest) -> io::Result<bool> {
        self.known().remove(digest);
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(err) if err.kind() == ErrorKind::NotFound => return Ok(false),
            other => other?,
        }
        sync_folder(path.parent().expect("every content is in a shard"))?;
        Ok(true)
    }

    /// Every content there is.
    pub(super) fn all(&self) -> io::Result<Vec<Digest>> {
        let mut all = Vec::new();
        for shard in fs::read_dir(&self.shards)? {
            for file in fs::read_dir(shard?.path())? {
                all.extend(file?.file_name().to_str().and_then(|hex| Digest::parse(&format!("b3:{hex}")).ok()));
            }
        }
        Ok(all)
    }

    fn remember(&self, digest: Digest, length: u64) {
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(digest, length);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Digest, u64>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

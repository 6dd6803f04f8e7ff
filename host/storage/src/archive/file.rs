//! An archive as a file: rows one after the other, each a line with its place and its length and then its bytes, and at the end how many
//! there were, their digest, and the same keyed. The digest says whether the file is whole, the keyed one whether it is as a host wrote it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::row::{Place, Row};

const TITLE: &str = "isolet archive 1\n";
/// The longest line: a place is a few ids.
const LONGEST_LINE: u64 = 1 << 10;
/// The longest row: code may have 64 MiB.
const LONGEST_ROW: u64 = 128 << 20;

/// Why an archive could not be written or is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("`{}` cannot be written or read", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    #[error("this is not an archive of isolet, or one of a later version")]
    Foreign,
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    #[error(
        "the archive was not written with this master key, or was changed since: put the `master.key` that belongs to it in place"
    )]
    Unauthentic,
    #[error("the store is not empty; nothing was changed (--force empties it first)")]
    NotEmpty,
    #[error("{0}; nothing was changed")]
    Conflict(String),
    #[error("there is no tenant `{0}`")]
    UnknownTenant(String),
    #[error(transparent)]
    Repository(#[from] isolet_domain::repository::RepositoryError),
}

/// What keys the end of an archive.
pub type ArchiveKey = [u8; 32];

struct Sums {
    plain: blake3::Hasher,
    keyed: blake3::Hasher,
    rows: u64,
}

impl Sums {
    fn new(key: &ArchiveKey) -> Self {
        Self { plain: blake3::Hasher::new(), keyed: blake3::Hasher::new_keyed(key), rows: 0 }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.plain.update(bytes);
        self.keyed.update(bytes);
    }
}

pub(super) struct ArchiveWriter {
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    sums: Sums,
}

impl ArchiveWriter {
    pub(super) fn create(path: &Path, key: &ArchiveKey) -> Result<Self, ArchiveError> {
        if path.exists() {
            return Err(ArchiveError::Exists(path.to_owned()));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".unfinished");
        let unfinished = PathBuf::from(name);
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished);
        let file = opened.map_err(|source| ArchiveError::File { path: unfinished.clone(), source })?;
        let mut writer = Self { path: path.to_owned(), unfinished, file: BufWriter::new(file), sums: Sums::new(key) };
        writer.write(TITLE.as_bytes())?;
        Ok(writer)
    }

    pub(super) fn add(&mut self, row: &Row) -> Result<(), ArchiveError> {
        self.write(format!("{} {}\n", row.place.to_text(), row.value.len()).as_bytes())?;
        self.write(&row.value)?;
        self.write(b"\n")?;
        self.sums.rows += 1;
        Ok(())
    }

    /// Durable before it returns, and under its name only then.
    pub(super) fn finish(mut self) -> Result<u64, ArchiveError> {
        let rows = self.sums.rows;
        let end = format!("end {rows} {} {}\n", self.sums.plain.finalize(), self.sums.keyed.finalize());
        let mut finish = || -> std::io::Result<()> {
            self.file.write_all(end.as_bytes())?;
            self.file.flush()?;
            self.file.get_ref().sync_all()?;
            std::fs::rename(&self.unfinished, &self.path)?;
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        finish().map_err(|source| ArchiveError::File { path: self.path.clone(), source })?;
        Ok(rows)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.sums.add(bytes);
        self.file.write_all(bytes).map_err(|source| ArchiveError::File { path: self.unfinished.clone(), source })
    }
}

impl Drop for ArchiveWriter {
    fn drop(&mut self) {
        // One that was finished has another name by now.
        let _ = std::fs::remove_file(&self.unfinished);
    }
}

pub(super) struct ArchiveReader {
    path: PathBuf,
    file: BufReader<File>,
    sums: Sums,
    at_end: bool,
}

impl ArchiveReader {
    pub(super) fn open(path: &Path, key: &ArchiveKey) -> Result<Self, ArchiveError> {
        let opened = File::open(path).map_err(|source| ArchiveError::File { path: path.to_owned(), source })?;
        let mut reader =
            Self { path: path.to_owned(), file: BufReader::new(opened), sums: Sums::new(key), at_end: false };
        let mut title = Vec::new();
        let limit = (&mut reader.file).take(TITLE.len() as u64).read_until(b'\n', &mut title);
        limit.map_err(|source| ArchiveError::File { path: path.to_owned(), source })?;
        if title != TITLE.as_bytes() {
            return Err(ArchiveError::Foreign);
        }
        reader.sums.add(&title);
        Ok(reader)
    }

    /// The next row, checked to be what its place says; `None` after the last, once all of them are known to be as they were written.
    pub(super) fn next(&mut self) -> Result<Option<Row>, ArchiveError> {
        if self.at_end {
            return Ok(None);
        }
        let line = self.line()?;
        if let Some(end) = line.strip_prefix("end ") {
            self.end(end)?;
            self.at_end = true;
            return Ok(None);
        }
        let damaged = |why: &str| ArchiveError::Damaged(format!("row {}: {why}", self.sums.rows + 1));
        let (place, length) = line.rsplit_once(' ').ok_or_else(|| damaged("it has no length"))?;
        let place = Place::parse(place).ok_or_else(|| damaged("no store has such a place"))?;
        let length: u64 = length.parse().map_err(|_| damaged("its length is no number"))?;
        if length > LONGEST_ROW {
            return Err(damaged("it is longer than any row"));
        }
        let mut value = Vec::new();
        let read = (&mut self.file).take(length + 1).read_to_end(&mut value);
        read.map_err(|source| ArchiveError::File { path: self.path.clone(), source })?;
        if value.len() as u64 != length + 1 || value.pop() != Some(b'\n') {
            return Err(ArchiveError::Damaged(format!("row {}: it is cut off", self.sums.rows + 1)));
        }
        self.sums.add(format!("{line}\n").as_bytes());
        self.sums.add(&value);
        self.sums.add(b"\n");
        self.sums.rows += 1;
        let row = Row { place, value };
        row.check()?;
        Ok(Some(row))
    }

    fn line(&mut self) -> Result<String, ArchiveError> {
        let mut line = Vec::new();
        let read = (&mut self.file).take(LONGEST_LINE).read_until(b'\n', &mut line);
        read.map_err(|source| ArchiveError::File { path: self.path.clone(), source })?;
        if line.pop() != Some(b'\n') {
            return Err(ArchiveError::Damaged("it ends too early".to_owned()));
        }
        String::from_utf8(line).map_err(|_| ArchiveError::Damaged("a line is not text".to_owned()))
    }

    fn end(&mut self, said: &str) -> Result<(), ArchiveError> {
        let sums = &self.sums;
        let (plain, keyed) = (sums.plain.finalize(), sums.keyed.finalize());
        let words: Vec<&str> = said.split(' ').collect();
        let [rows, digest, seal] = words.as_slice() else {
            return Err(ArchiveError::Damaged("its end is not understood".to_owned()));
        };
        if *rows != sums.rows.to_string() || *digest != plain.to_hex().as_str() {
            return Err(ArchiveError::Damaged("it is not what its digest says".to_owned()));
        }
        // Compared in constant time by the hash's own equality.
        if blake3::Hash::from_hex(seal).ok() != Some(keyed) {
            return Err(ArchiveError::Unauthentic);
        }
        let mut more = [0];
        match self.file.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err(ArchiveError::Damaged("something comes after its end".to_owned())),
            Err(source) => Err(ArchiveError::File { path: self.path.clone(), source }),
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.sums.rows
    }
}

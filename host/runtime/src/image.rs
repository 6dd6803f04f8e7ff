//! Files kept between starts: compiled code of the engine, and overlays (`kept`). Machine code is trusted like our own binary, so a
//! file is loaded only when a key of this folder proves that this host wrote these very bytes for this very engine.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use wasmtime::Engine;

const MAC_BYTES: usize = 32;

/// A folder of authenticated files.
#[derive(Clone, Debug)]
pub struct ImageCache {
    dir: PathBuf,
    key: [u8; 32],
}

impl ImageCache {
    /// Opens the folder, making it and its key when they are missing.
    ///
    /// # Errors
    /// When the folder or key cannot be read or made.
    pub fn open(dir: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_owned(), key: key_file(dir)? })
    }

    /// Whether there is something under `name`; what it is shows when it is loaded.
    pub fn has(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }

    /// The bytes stored under `name` for this engine, or `None` when there are none or they are not ours.
    pub fn load(&self, engine: &Engine, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let path = self.dir.join(name);
        // Read into private memory first and used from there: what was checked is what runs.
        let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(&path).ok()?;
        file.read_to_end(&mut bytes).ok()?;
        let found = bytes.get(..MAC_BYTES)?;
        let expected = self.mac(engine, name, bytes.get(MAC_BYTES..)?);
        // `blake3::Hash` compares in constant time.
        if expected != blake3::Hash::from_slice(found).ok()? {
            tracing::warn!(file = %path.display(), "a kept file is not what this host wrote; making it anew");
            return None;
        }
        bytes.drain(..MAC_BYTES);
        Some(bytes)
    }

    /// Stores bytes; a failure only costs the next start some time.
    pub fn store(&self, engine: &Engine, name: &str, bytes: &[u8]) {
        let result = (|| {
            // An overlay holds what a tenant's start-up left in memory: nobody else's business.
            let (mut file, temporary) = temporary_file(&self.dir, name)?;
            file.write_all(self.mac(engine, name, bytes).as_bytes())?;
            file.write_all(bytes)?;
            fs::rename(&temporary, self.dir.join(name))
        })();
        if let Err(error) = result {
            tracing::warn!(%error, "a file could not be kept");
        }
    }

    /// Removes the oldest files whose names begin so until no more than `max_bytes` of them are left.
    pub fn drop_oldest(&self, prefix: &str, max_bytes: u64) {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .filter_map(|entry| {
                let about = entry.metadata().ok()?;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if bytes <= max_bytes {
                return;
            }
            // One that another process removed first is gone all the same.
            let _ = fs::remove_file(path);
            bytes -= len;
        }
    }

    fn mac(&self, engine: &Engine, name: &str, bytes: &[u8]) -> blake3::Hash {
        let mut compatibility = Blake3Hasher(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut compatibility);
        let mut mac = blake3::Hasher::new_keyed(&self.key);
        mac.update(b"isolet compiled code 1");
        mac.update(compatibility.0.finalize().as_bytes());
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name.as_bytes());
        mac.update(bytes);
        mac.finalize()
    }
}

/// A new file of mode 0600 that nobody else writes to, whichever processes and threads share the folder or left files in it.
fn temporary_file(dir: &Path, name: &str) -> std::io::Result<(File, PathBuf)> {
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).map_err(std::io::Error::other)?;
    let path = dir.join(format!("{name}.{:016x}.tmp", u64::from_ne_bytes(unique)));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    Ok((file, path))
}

/// A key file of mode 0600, made on first use.
fn key_file(dir: &Path) -> std::io::Result<[u8; 32]> {
    let path = dir.join("cache.key");
    let mut key = [0; 32];
    match OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(&path) {
        Ok(mut file) => {
            file.read_exact(&mut key)?;
            return Ok(key);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let (mut file, temporary) = temporary_file(dir, "cache.key")?;
    file.write_all(&key)?;
    file.sync_all()?;
    // A link fails when somebody was first; theirs is the key then.
    let linked = fs::hard_link(&temporary, &path);
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => key_file(dir),
        Err(error) => Err(error),
    }
}

/// `std::hash::Hasher` over BLAKE3, for wasmtime's compatibility hash; `finish` is not used.
struct Blake3Hasher(blake3::Hasher);

impl Hasher for Blake3Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn those_who_open_a_new_folder_at_once_agree_on_its_key() {
        const MANY: usize = 16;
        for _ in 0..20 {
            let dir = tempfile::tempdir().expect("a folder");
            let (dir, together) = (dir.path(), Barrier::new(MANY));
            let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
                let open = || {
                    together.wait();
                    ImageCache::open(dir).expect("opened").key
                };
                let threads: Vec<_> = (0..MANY).map(|_| scope.spawn(open)).collect();
                threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
            });
            assert!(keys.iter().all(|key| *key == keys[0] && *key != [0; 32]));
            assert_eq!(fs::read_dir(dir).expect("listed").count(), 1, "nothing but the key is left");
        }
    }
}

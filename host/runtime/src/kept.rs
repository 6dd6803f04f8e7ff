//! Overlays kept in files between processes, for commands that run one file and end. How they are authenticated is in `image`.

use std::path::Path;
use std::time::Duration;

use isolet_domain::execute::BuildReport;
use isolet_domain::ids::{Digest, TenantId};
use wasmtime::Engine;

use crate::compile::Built;
use crate::image::ImageCache;
use crate::overlay::Overlay;

/// What the files' names begin with. In them: CPU of the start-up in microseconds as little-endian u64, then the overlay.
const PREFIX: &str = "overlay-";

/// A folder of overlays, authenticated like the engine's compiled code, the oldest dropped first.
#[derive(Debug)]
pub struct KeptOverlays {
    files: ImageCache,
    max_bytes: u64,
}

impl KeptOverlays {
    /// Opens the folder; it may be the one with the engine's compiled code.
    ///
    /// # Errors
    /// When the folder or its key cannot be read or made.
    pub fn open(dir: &Path, max_bytes: u64) -> std::io::Result<Self> {
        Ok(Self { files: ImageCache::open(dir)?, max_bytes })
    }

    /// What this tenant's code came to when it was built last, or `None` when that is not there or not what was written.
    pub fn load(&self, engine: &Engine, tenant: TenantId, code_key: &Digest) -> Option<Built> {
        decode(&self.files.load(engine, &name(tenant, code_key))?)
    }

    pub fn store(&self, engine: &Engine, tenant: TenantId, code_key: &Digest, built: &Built) {
        let bytes = encode(built);
        if bytes.len() as u64 <= self.max_bytes {
            self.files.store(engine, &name(tenant, code_key), &bytes);
            self.files.drop_oldest(PREFIX, self.max_bytes);
        }
    }
}

/// One name for each tenant and code key; it is authenticated with the contents, so a file under another's name is not taken.
fn name(tenant: TenantId, code_key: &Digest) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"isolet kept overlay 1");
    hasher.update(tenant.as_bytes());
    hasher.update(code_key.as_bytes());
    format!("{PREFIX}{}.bin", hasher.finalize().to_hex())
}

fn encode(built: &Built) -> Vec<u8> {
    let startup_us = u64::try_from(built.report.startup_cpu.as_micros()).unwrap_or(u64::MAX);
    [&startup_us.to_le_bytes()[..], &built.overlay.to_bytes()].concat()
}

fn decode(stored: &[u8]) -> Option<Built> {
    let (startup_us, overlay) = stored.split_first_chunk::<8>()?;
    let overlay = Overlay::from_bytes(overlay)?;
    let report = BuildReport {
        startup_cpu: Duration::from_micros(u64::from_le_bytes(*startup_us)),
        overlay_bytes: overlay.bytes(),
        overlay_segments: overlay.segments(),
        ..BuildReport::default()
    };
    Some(Built { overlay, report, warnings: Vec::new(), kept: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay;

    /// An overlay of so many equal bytes.
    fn built(byte: u8, length: usize) -> Built {
        let mut memory = vec![0; 65_536];
        memory[..length].fill(byte);
        let overlay = overlay::build(&[], &memory, None, 0, u64::MAX, 1).expect("one run");
        let report = BuildReport { startup_cpu: Duration::from_micros(7), ..BuildReport::default() };
        Built { overlay, report, warnings: Vec::new(), kept: false }
    }

    fn files(dir: &Path) -> usize {
        let names = std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().starts_with(PREFIX)).count()
    }

    #[test]
    fn an_overlay_is_found_under_its_tenant_and_code_alone() {
        let (dir, engine) = (tempfile::tempdir().expect("a folder"), Engine::default());
        let kept = KeptOverlays::open(dir.path(), 1 << 20).expect("opens");
        let (acme, globex, code) = (TenantId::generate(), TenantId::generate(), Digest::of(b"code"));
        kept.store(&engine, acme, &code, &built(5, 60));
        let found = kept.load(&engine, acme, &code).expect("it was kept");
        assert_eq!((found.overlay.to_bytes(), found.kept), (built(5, 60).overlay.to_bytes(), true));
        assert_eq!(found.report.startup_cpu, Duration::from_micros(7));
        assert!(kept.load(&engine, globex, &code).is_none());
        assert!(kept.load(&engine, acme, &Digest::of(b"other")).is_none());
        // Under another's name, and cut: neither is what was written there.
        let path = |tenant| dir.path().join(name(tenant, &code));
        std::fs::copy(path(acme), path(globex)).expect("copied");
        assert!(kept.load(&engine, globex, &code).is_none());
        let bytes = std::fs::read(path(acme)).expect("readable");
        std::fs::write(path(acme), &bytes[..bytes.len() - 1]).expect("written");
        assert!(kept.load(&engine, acme, &code).is_none());
    }

    #[test]
    fn the_oldest_go_first_and_nothing_outgrows_the_bound() {
        let (dir, engine, tenant) = (tempfile::tempdir().expect("a folder"), Engine::default(), TenantId::generate());
        let kept = KeptOverlays::open(dir.path(), 4_000).expect("opens");
        let code = |index: u8| Digest::of(&[index]);
        for index in 0..8 {
            kept.store(&engine, tenant, &code(index), &built(index + 1, 900));
            let file = std::fs::File::options().write(true).open(dir.path().join(name(tenant, &code(index))));
            // A second apart, whatever the file system's clock can tell.
            let written = std::time::UNIX_EPOCH + Duration::from_secs(1_000 + u64::from(index));
            file.expect("there").set_modified(written).expect("set");
        }
        let there: Vec<u8> = (0..8).filter(|index| kept.load(&engine, tenant, &code(*index)).is_some()).collect();
        assert_eq!(there, [4, 5, 6, 7]);
        kept.store(&engine, tenant, &code(9), &built(9, 5_000));
        assert_eq!((files(dir.path()), kept.load(&engine, tenant, &code(9)).is_none()), (4, true));
        assert!(dir.path().join("cache.key").exists());
    }
}

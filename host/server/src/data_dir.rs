//! The data folder and the secrets in it: made on first use, readable by nobody else.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use isolet_domain::audit::{Anchor, AuditChain, AuditChains, Link};
use isolet_domain::ids::{Digest, HostId};
use isolet_domain::secret::{MasterKey, Sealed};

pub const PEPPER: &str = "pepper.key";
pub const MASTER: &str = "master.key";
/// The key that is to take the place of `master.key`, and the one whose place that took.
const NEXT: &str = "master.next.key";
const OLD: &str = "master.old.key";
/// What the audit's digests are keyed with, sealed, once `master.key` is not the first one.
const AUDIT: &str = "audit.key";

#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Makes the folder (mode 0700) when it is missing.
    pub fn open(path: &Path) -> Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| format!("cannot make the data folder `{}`", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the admin key is kept.
    pub fn admin_key(&self) -> PathBuf {
        self.0.join("admin.key")
    }

    /// Makes the keys that are not there yet, and says which those were.
    pub fn make_keys(&self) -> Result<Vec<&'static str>> {
        let missing = [PEPPER, MASTER].into_iter().filter(|name| !self.0.join(name).exists());
        missing.map(|name| self.key(name).map(|_| name)).collect()
    }

    /// The key of the keys' hashes. Without it no stored key can be recognised again.
    pub fn pepper(&self) -> Result<[u8; 32]> {
        self.key(PEPPER)
    }

    /// The key that secrets are sealed with. Without it none can be opened again; hosts that share a store share this file.
    pub fn master(&self) -> Result<[u8; 32]> {
        self.key(MASTER)
    }

    /// The same with all that opens beside it while it is being replaced (`rotation`).
    pub fn master_keys(&self) -> Result<MasterKey> {
        let mut master = MasterKey::new(self.master()?);
        let others = [NEXT, OLD].into_iter().filter(|name| self.0.join(name).exists());
        master = master.and_opens(others.map(|name| self.key(name)).collect::<Result<_>>()?);
        let audit = self.0.join(AUDIT);
        if !audit.exists() {
            return Ok(master);
        }
        let sealed = std::fs::read(&audit).with_context(|| format!("cannot read `{}`", audit.display()))?;
        let opened = master.with_audit_key(&Sealed::from_bytes(sealed));
        opened.with_context(|| format!("`{}` does not belong to this `master.key`", audit.display()))
    }

    /// Makes the key that is to be the next, unless there is one.
    pub fn make_next_master(&self) -> Result<bool> {
        let new = !self.0.join(NEXT).exists();
        self.key(NEXT).map(|_| new)
    }

    /// The next key, or the one there is.
    pub fn newest_master(&self) -> Result<MasterKey> {
        if self.0.join(NEXT).exists() { self.key(NEXT).map(MasterKey::new) } else { self.master().map(MasterKey::new) }
    }

    /// Makes the next key the one there is. Whatever it is broken off at, it can be taken again.
    pub fn take_next_master(&self) -> Result<()> {
        let (before, next) = (self.master()?, self.key(NEXT)?);
        if before != next {
            // In this order: at each moment everything can be opened with the files that are there.
            let audit = MasterKey::new(next).seal_audit_key_of(&self.master_keys()?);
            write_secret(&self.0.join(AUDIT), audit.as_bytes())?;
            write_secret(&self.0.join(OLD), &before)?;
            write_secret(&self.0.join(MASTER), &next)?;
        }
        self.remove(NEXT)
    }

    /// Removes a key that opens nothing any more.
    pub fn remove(&self, name: &str) -> Result<()> {
        let removed = std::fs::remove_file(self.0.join(name)).and_then(|()| std::fs::File::open(&self.0)?.sync_all());
        removed.with_context(|| format!("cannot remove `{}`", self.0.join(name).display()))
    }

    /// The chains of the audit that this host writes, and where it notes their ends: beside the store, not in it. The operator's is the one
    /// that hosts wrote that had no other.
    pub fn audit_chains(&self) -> Result<AuditChains> {
        let chain = |id: &str, end: &str| -> Result<AuditChain> {
            let host = self.host(id)?;
            let end: Arc<dyn Anchor> = Arc::new(AuditEnd { path: self.0.join(end), host });
            Ok(AuditChain { host, anchor: Some(end) })
        };
        Ok(AuditChains {
            operators: chain("host.id", "audit.end")?,
            tenants: chain("host.tenants.id", "audit.tenants.end")?,
        })
    }

    /// Under which the audit knows a chain of this host.
    fn host(&self, name: &str) -> Result<HostId> {
        let path = self.0.join(name);
        if path.exists() {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            return HostId::parse(text.trim()).with_context(|| format!("`{}` is not a host's id", path.display()));
        }
        let id = HostId::generate();
        write_secret(&path, format!("{id}\n").as_bytes())?;
        Ok(id)
    }

    /// The random key in this file, made when there is none.
    fn key(&self, name: &str) -> Result<[u8; 32]> {
        let path = self.0.join(name);
        let mut key = [0; 32];
        if path.exists() {
            let mut file = OpenOptions::new().read(true).open(&path)?;
            file.read_exact(&mut key).with_context(|| format!("`{}` is not a key of 32 bytes", path.display()))?;
            return Ok(key);
        }
        getrandom::fill(&mut key).context("no randomness")?;
        write_secret(&path, &key)?;
        Ok(key)
    }
}

/// The end of a chain of the audit, in a file of its own.
#[derive(Debug)]
pub struct AuditEnd {
    path: PathBuf,
    host: HostId,
}

impl Anchor for AuditEnd {
    fn noted(&self) -> Option<Link> {
        let text = std::fs::read_to_string(&self.path).ok()?;
        let (number, digest) = text.trim().split_once(' ')?;
        Some(Link { host: self.host, number: number.parse().ok()?, digest: Digest::parse(digest).ok()? })
    }

    /// Whole or not at all, and not waited for: what a power cut takes of it was noted a moment before.
    fn note(&self, end: Link) {
        let temporary = self.path.with_extension("tmp");
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
            file.write_all(format!("{} {}\n", end.number, end.digest).as_bytes())?;
            std::fs::rename(&temporary, &self.path)
        };
        if let Err(error) = write() {
            tracing::debug!(%error, "the end of the audit could not be noted");
        }
    }
}

/// Writes a file of mode 0600, durable before it returns, whole or not at all.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension("tmp");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

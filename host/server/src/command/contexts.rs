//! The hosts that the user logged in to, by names of their own: the file, which holds keys and is the user's alone.

use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

use crate::data_dir::write_secret;

/// A host, a key for it, and for whom.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    pub url: String,
    pub key: String,
    pub tenant: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contexts {
    /// The one that is meant where none is named.
    pub current: Option<String>,
    #[serde(default)]
    pub contexts: BTreeMap<String, Context>,
}

impl Contexts {
    /// Where they are kept: below the user's folder for settings. `None` where there is no home.
    pub fn file() -> Option<PathBuf> {
        let of = |wanted: &str| super::variables().find(|(name, value)| name == wanted && !value.is_empty());
        let folder = of("XDG_CONFIG_HOME").map(|(_, value)| PathBuf::from(value));
        let folder = folder.or_else(|| Some(PathBuf::from(of("HOME")?.1).join(".config")))?;
        Some(folder.join("isolet/contexts.toml"))
    }

    /// What the file says; nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be read, is not what was written there, or others can read it.
    pub fn load() -> Result<Self> {
        Self::file().map_or_else(|| Ok(Self::default()), |file| Self::read(&file))
    }

    fn read(file: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read.with_context(|| format!("cannot read `{}`", file.display()))?,
        };
        let mode = std::fs::metadata(file)?.permissions().mode();
        ensure!(
            mode & 0o077 == 0,
            "`{}` holds keys and others than you can read it: chmod 600 it, and rotate the keys in it",
            file.display()
        );
        // What is wrong is said without the lines around it, which have keys in them.
        toml::from_str(&text).map_err(|error| anyhow!("`{}` cannot be read: {}", file.display(), error.message()))
    }

    /// # Errors
    /// When it cannot be written, or there is no home to write it to.
    pub fn save(&self) -> Result<PathBuf> {
        let file =
            Self::file().ok_or_else(|| anyhow!("there is no folder for settings: set HOME or XDG_CONFIG_HOME"))?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.with_context(|| format!("cannot make `{}`", folder.display()))?;
        write_secret(&file, toml::to_string(self)?.as_bytes())?;
        Ok(file)
    }

    /// The context of this name; without a name the current one, if there is one.
    ///
    /// # Errors
    /// When the name is nobody's.
    pub fn chosen(&self, name: Option<&str>) -> Result<Option<&Context>> {
        let Some(name) = name.or(self.current.as_deref()) else { return Ok(None) };
        let found = self.contexts.get(name);
        found
            .map(Some)
            .ok_or_else(|| anyhow!("there is no context `{name}`: `isolet context list` shows what there is"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_can_read_is_refused_and_what_is_wrong_is_said_without_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("contexts.toml");
        assert!(Contexts::read(&file).expect("none").contexts.is_empty());
        std::fs::write(&file, "current = 'a'\n[contexts.a]\nurl = 'http://h'\nkey = 'isl_secret'\ntenant = 't'\n")
            .expect("written");
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
        mode(0o640);
        assert!(Contexts::read(&file).is_err_and(|error| error.to_string().contains("chmod 600")));
        mode(0o600);
        let contexts = Contexts::read(&file).expect("whole");
        assert_eq!(contexts.chosen(None).expect("current").map(|context| context.url.as_str()), Some("http://h"));
        assert!(contexts.chosen(Some("b")).is_err());
        std::fs::write(&file, "[contexts.a]\nkey = 'isl_secret' x\n").expect("written");
        let error = Contexts::read(&file).err().expect("no TOML").to_string();
        assert!(!error.contains("isl_secret"), "{error}");
    }
}

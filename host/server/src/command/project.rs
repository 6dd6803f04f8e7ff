//! A project's own file, `function.toml`: what it says of its function, read and checked. What flags, variables and contexts say, and which
//! of them wins, is in `access`, `code`, `deploy` and `remote`; where an entry is looked for without it, in `source`. It names no host and no
//! key: somebody else may have written the project, and must not decide where the caller's key is sent.

use std::fmt::Display;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use isolet_domain::code::ModuleKind;
use isolet_domain::ids::{AliasName, FunctionName, TenantSlug};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What it is called.
pub const FILE: &str = "function.toml";

/// The tenant that the key is bound to, whichever that is.
const OWN_TENANT: &str = "~";

/// What the file says; what it leaves out is `None`.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Project {
    #[serde(deserialize_with = "function_name")]
    pub name: Option<FunctionName>,
    #[serde(deserialize_with = "tenant")]
    pub tenant: Option<String>,
    #[serde(deserialize_with = "entry")]
    main: Option<PathBuf>,
    #[serde(deserialize_with = "alias_name")]
    pub alias: Option<AliasName>,
    pub allow_eval: Option<bool>,
    #[serde(deserialize_with = "inner_path")]
    import_map: Option<PathBuf>,
    /// Whether the project's own bundler is used, where it has one.
    pub bundle: Option<bool>,
    /// Where the file lies.
    #[serde(skip)]
    folder: PathBuf,
}

impl Project {
    /// The project that is this folder. A file that is named by itself belongs to none.
    ///
    /// # Errors
    /// As `read`.
    pub fn of(path: &Path) -> Result<Self> {
        if path.is_dir() { Self::read(path) } else { Ok(Self::default()) }
    }

    /// What the file in this folder says; nothing where there is none.
    ///
    /// # Errors
    /// A file that cannot be read, or says what is not understood: with the file, the line and the key.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read.with_context(|| format!("cannot read `{}`", file.display()))?,
        };
        let parsed = Self::parse(&text).map_err(|fault| anyhow!("`{}`, {fault}", file.display()))?;
        Ok(Self { folder: folder.to_owned(), ..parsed })
    }

    /// What is wrong is told with its line and key.
    fn parse(text: &str) -> Result<Self, String> {
        let told = |error: &toml::de::Error, key: &str| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            let key = if key.is_empty() { String::new() } else { format!(", `{key}`") };
            format!("line {line}{key}: {}", error.message().trim_end().replace('\n', ", "))
        };
        let document = toml::Deserializer::parse(text).map_err(|error| told(&error, ""))?;
        serde_path_to_error::deserialize(document).map_err(|error| {
            let path = error.path().to_string();
            told(error.inner(), if path == "." { "" } else { &path })
        })
    }

    /// The entry, if the file names one.
    ///
    /// # Errors
    /// When it is not there, or lies elsewhere by a link.
    pub fn entry(&self) -> Result<Option<PathBuf>> {
        self.file("main", self.main.as_deref())
    }

    /// The import map, if the file names one.
    ///
    /// # Errors
    /// When it is not there, or lies elsewhere by a link.
    pub fn import_map(&self) -> Result<Option<PathBuf>> {
        self.file("import_map", self.import_map.as_deref())
    }

    fn file(&self, key: &str, path: Option<&Path>) -> Result<Option<PathBuf>> {
        let Some(path) = path else { return Ok(None) };
        let named = || format!("`{}`, which `{key}` in `{}` names", path.display(), self.folder.join(FILE).display());
        let file = self.folder.join(path);
        let whole = file.canonicalize().with_context(|| format!("cannot read {}", named()))?;
        ensure!(whole.is_file(), "{} is no file", named());
        ensure!(whole.starts_with(self.folder.canonicalize()?), "{} is a link that leaves the folder", named());
        Ok(Some(file))
    }
}

fn function_name<'de, D: Deserializer<'de>>(value: D) -> Result<Option<FunctionName>, D::Error> {
    checked(value, |text| FunctionName::parse(&text).map_err(it))
}

fn alias_name<'de, D: Deserializer<'de>>(value: D) -> Result<Option<AliasName>, D::Error> {
    checked(value, |text| AliasName::parse(&text).map_err(it))
}

fn tenant<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    checked(value, |text| {
        if text != OWN_TENANT {
            TenantSlug::parse(&text).map_err(it)?;
        }
        Ok(text)
    })
}

fn entry<'de, D: Deserializer<'de>>(value: D) -> Result<Option<PathBuf>, D::Error> {
    checked(value, |text| {
        if !ModuleKind::from_name(&text).is_ok_and(ModuleKind::is_code) {
            return Err(format!("`{text}` is neither JavaScript nor TypeScript"));
        }
        below(text)
    })
}

fn inner_path<'de, D: Deserializer<'de>>(value: D) -> Result<Option<PathBuf>, D::Error> {
    checked(value, below)
}

/// A text that has to be more than a text.
fn checked<'de, D: Deserializer<'de>, T>(
    value: D,
    check: impl FnOnce(String) -> Result<T, String>,
) -> Result<Option<T>, D::Error> {
    check(String::deserialize(value)?).map(Some).map_err(D::Error::custom)
}

fn it(error: impl Display) -> String {
    format!("it {error}")
}

/// A path that stays in the folder, as far as can be told without looking.
fn below(text: String) -> Result<PathBuf, String> {
    let path = PathBuf::from(&text);
    let mut depth = 0_u32;
    for component in path.components() {
        let next = match component {
            Component::Normal(_) => depth.checked_add(1),
            Component::CurDir => Some(depth),
            Component::ParentDir => depth.checked_sub(1),
            Component::RootDir | Component::Prefix(_) => None,
        };
        depth = next.ok_or_else(|| format!("`{text}` leaves the project's folder"))?;
    }
    if depth == 0 { Err(format!("`{text}` names no file")) } else { Ok(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_and_none_is_needed() {
        assert_eq!(Project::parse("# nothing yet\n"), Ok(Project::default()));
        let all = "name = 'shop'\ntenant = 'acme'\nmain = './src/main.ts'\nalias = 'next'\nallow_eval = true\n\
                   import_map = 'imports.json'\nbundle = false\n";
        let project = Project::parse(all).expect("understood");
        assert_eq!(project.name.as_ref().map(FunctionName::as_str), Some("shop"));
        assert_eq!(project.alias.as_ref().map(AliasName::as_str), Some("next"));
        assert_eq!(project.tenant.as_deref(), Some("acme"));
        assert_eq!(project.main.as_deref(), Some(Path::new("./src/main.ts")));
        assert_eq!(project.import_map.as_deref(), Some(Path::new("imports.json")));
        assert_eq!((project.allow_eval, project.bundle), (Some(true), Some(false)));
        assert_eq!(Project::parse("tenant = '~'").expect("understood").tenant.as_deref(), Some("~"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_key() {
        for (text, line, part) in [
            ("name = 'shop'\n\nallow_evil = true\n", "line 3, `allow_evil`: ", "unknown field `allow_evil`"),
            ("url = 'http://elsewhere'", "line 1, `url`: ", "unknown field `url`"),
            ("key = 'isl_x'", "line 1, `key`: ", "unknown field `key`"),
            ("# a\nname = 1", "line 2, `name`: ", "expected a string"),
            ("bundle = 'no'", "line 1, `bundle`: ", "expected a boolean"),
            ("\n\nname = 'No'", "line 3, `name`: ", "it must be 1 to 30 characters"),
            ("alias = ''", "line 1, `alias`: ", "it must be"),
            ("tenant = 'a/b'", "line 1, `tenant`: ", "it must be"),
            ("main = 'hook.wasm'", "line 1, `main`: ", "neither JavaScript nor TypeScript"),
            ("name = 'a'\nname = 'b'", "line 2: ", "duplicate key"),
            ("name 'shop'", "line 1: ", ""),
        ] {
            let told = Project::parse(text).expect_err(text);
            assert!(told.starts_with(line) && told.contains(part) && !told.contains('\n'), "{text}: {told}");
        }
    }

    #[test]
    fn no_path_leaves_the_folder() {
        for inside in ["main.ts", "./src/main.ts", "src/../main.js", "a/b/../../c.mjs"] {
            assert!(Project::parse(&format!("main = '{inside}'")).is_ok(), "{inside}");
        }
        for outside in ["../main.ts", "/etc/main.js", "src/../../main.ts", "./../main.js"] {
            for key in ["main", "import_map"] {
                let told = Project::parse(&format!("{key} = '{outside}'")).expect_err(outside);
                assert_eq!(told, format!("line 1, `{key}`: `{outside}` leaves the project's folder"));
            }
        }
        assert!(Project::parse("import_map = ''").expect_err("nothing").contains("names no file"));
    }

    #[test]
    fn no_link_leaves_the_folder_either() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = dir.path().join("app");
        std::fs::create_dir(&app).expect("made");
        assert_eq!(Project::read(&app).expect("none"), Project::default());
        std::fs::write(app.join(FILE), "main = 'main.js'\n").expect("written");
        let project = Project::of(&app).expect("understood");
        let told = format!("{:#}", project.entry().expect_err("it is not there"));
        assert!(told.contains("which `main` in `") && told.contains("app/function.toml` names"), "{told}");
        std::fs::write(dir.path().join("outside.js"), "").expect("written");
        std::os::unix::fs::symlink("../outside.js", app.join("main.js")).expect("linked");
        assert!(project.entry().expect_err("outside").to_string().contains("leaves the folder"));
        std::fs::remove_file(app.join("main.js")).expect("removed");
        std::fs::write(app.join("main.js"), "").expect("written");
        assert_eq!(project.entry().expect("there"), Some(app.join("main.js")));
        // A file that is named by itself has no project.
        assert_eq!(Project::of(&app.join("main.js")).expect("none"), Project::default());
        std::fs::write(app.join(FILE), "nmae = 'shop'").expect("written");
        let told = Project::read(&app).expect_err("unknown").to_string();
        assert!(told.contains("app/function.toml`, line 1, `nmae`: unknown field `nmae`"), "{told}");
    }
}

//! From a file on disk to a module map: the file itself and the files it names in relative import specifiers.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use isolet_domain::code::{Code, Module, ModuleKind};

/// Reads `file` and what it imports. Module names are paths relative to the file's folder.
///
/// # Errors
/// A file that cannot be read or is no module; imports that lead nowhere are left for the compiler to name.
pub fn read(file: &Path) -> Result<Code> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let main =
        file.file_name().and_then(|name| name.to_str()).ok_or_else(|| anyhow!("`{}` is not a file", file.display()))?;
    let mut modules = BTreeMap::new();
    let mut open = vec![main.to_owned()];
    while let Some(name) = open.pop() {
        if modules.contains_key(&name) {
            continue;
        }
        let path = folder.join(&name);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let kind = ModuleKind::from_name(&name)?;
        if kind == ModuleKind::Js {
            open.extend(relative_specifiers(&text).filter_map(|specifier| find(folder, &name, specifier)));
        }
        modules.insert(name, Module { kind, text: text.into() });
    }
    Ok(Code::new(modules, main.to_owned())?)
}

/// String literals that look like relative specifiers. One in a comment costs an unused module and nothing else.
fn relative_specifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(['"', '\'', '`']).filter(|part| {
        (part.starts_with("./") || part.starts_with("../")) && part.len() < 256 && !part.contains(['\n', ' ', '$'])
    })
}

/// The name of the existing file that `specifier` means in module `from`; `None` when there is none below the folder.
fn find(folder: &Path, from: &str, specifier: &str) -> Option<String> {
    let mut path = PathBuf::from(from);
    path.pop();
    for part in Path::new(specifier).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::Normal(part) => path.push(part),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let name = path.to_str()?.to_owned();
    ["", ".js", ".mjs", "/index.js"]
        .iter()
        .map(|ending| format!("{name}{ending}"))
        .find(|name| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_followed_within_the_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = dir.path().join("app").join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        write(
            "main.js",
            "import {a} from './lib/a.js'; import t from \"./note.txt\"; import '../outside.js'; import './gone.js'",
        );
        write("lib/a.js", "import b from '../b'; export const a = b");
        write("b.js", "export default 1");
        write("note.txt", "hi");
        write("../outside.js", "secret");
        let code = read(&dir.path().join("app/main.js")).expect("read");
        let names: Vec<&str> = code.modules().keys().map(String::as_str).collect();
        assert_eq!(names, ["b.js", "lib/a.js", "main.js", "note.txt"]);
    }
}

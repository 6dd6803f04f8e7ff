//! From a file on disk, or a folder's entry, to a module map: the file itself and the files it names in relative import specifiers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use isolet_domain::code::{Code, InvalidCode, Module, ModuleKind};

/// Where a project's entry usually is, without the ending.
const ENTRIES: [&str; 6] = ["main", "index", "worker", "src/main", "src/index", "src/worker"];

/// Reads `file`, or the entry of the folder it is, and what that imports. Module names are paths relative to the file's folder.
///
/// # Errors
/// A file that cannot be read or is no module; imports that lead nowhere are left for the compiler to name.
pub fn read(file: &Path) -> Result<Code> {
    let entry = if file.is_dir() { Some(entry(file)?) } else { None };
    let file = entry.as_deref().unwrap_or(file);
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
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let module = module(&name, bytes).with_context(|| format!("cannot read `{}`", path.display()))?;
        if module.kind.is_code() {
            open.extend(relative_specifiers(&module.text).filter_map(|specifier| find(folder, &name, specifier)));
            open.extend(Some(format!("{name}.map")).filter(|map| folder.join(map).is_file()));
        }
        modules.insert(name, module);
    }
    Ok(Code::new(modules, main.to_owned())?)
}

/// The entry of a project's folder.
fn entry(folder: &Path) -> Result<PathBuf> {
    let found = ENTRIES.iter().find_map(|entry| isolet_modules::resolve(|name| folder.join(name).is_file(), "", entry));
    let found = found.filter(|name| ModuleKind::from_name(name).is_ok_and(ModuleKind::is_code));
    found.map(|name| folder.join(name)).ok_or_else(|| {
        anyhow!(
            "there is no entry in `{}`: none of {} in JavaScript or TypeScript",
            folder.display(),
            ENTRIES.join(", ")
        )
    })
}

/// A file as a module: data where its name does not say that it is anything else.
fn module(name: &str, bytes: Vec<u8>) -> Result<Module> {
    match ModuleKind::from_name(name) {
        Ok(kind) => Ok(Module { kind, text: String::from_utf8(bytes).context("it is not text in UTF-8")?.into() }),
        Err(InvalidCode::Unsupported { .. }) => {
            Ok(Module { kind: ModuleKind::Data, text: STANDARD.encode(bytes).into() })
        }
        Err(error) => Err(error.into()),
    }
}

/// String literals that look like relative specifiers. One in a comment costs an unused module and nothing else.
fn relative_specifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(['"', '\'', '`']).filter(|part| {
        (part.starts_with("./") || part.starts_with("../")) && part.len() < 256 && !part.contains(['\n', ' ', '$'])
    })
}

/// The name of the existing file that `specifier` means in module `from`; `None` when there is none below the folder.
fn find(folder: &Path, from: &str, specifier: &str) -> Option<String> {
    isolet_modules::resolve(|name| folder.join(name).is_file(), from, specifier)
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
        let code = read(&dir.path().join("app")).expect("read");
        assert_eq!((code.main_module(), code.modules().len()), ("main.js", 4));
    }

    #[test]
    fn typescript_data_and_maps_come_along() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("src")).expect("made");
        let write = |name: &str, text: &[u8]| std::fs::write(dir.path().join("src").join(name), text).expect("written");
        write("index.ts", b"import { a } from './a.js'; import b from './b.cjs'; import c from './c.bin'");
        write("a.ts", b"export const a: number = 1");
        write("b.cjs", b"module.exports = require('./d')");
        write("d.js", b"export default 1");
        write("d.js.map", b"{}");
        write("c.bin", &[0xFF, 0]);
        let code = read(dir.path()).expect("read");
        let found: Vec<_> = code.modules().iter().map(|(name, module)| (name.as_str(), module.kind)).collect();
        let all = [
            ("a.ts", ModuleKind::Ts),
            ("b.cjs", ModuleKind::Cjs),
            ("c.bin", ModuleKind::Data),
            ("d.js", ModuleKind::Js),
            ("d.js.map", ModuleKind::Json),
            ("index.ts", ModuleKind::Ts),
        ];
        assert_eq!((code.main_module(), &found[..]), ("index.ts", &all[..]));
        assert_eq!(&*code.modules()["c.bin"].text, "/wA=");
        let empty = tempfile::tempdir().expect("a folder");
        assert!(read(empty.path()).is_err());
    }
}

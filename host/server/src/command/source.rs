//! From a file on disk, or a folder's entry, to a module map: the file itself and the files it names in relative import specifiers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use isolet_domain::code::{Code, InvalidCode, Module, ModuleKind};
use isolet_domain::code_options::CodeOptions;
use serde_json::Value;

/// Where a project's entry usually is, without the ending.
const ENTRIES: [&str; 6] = ["main", "index", "worker", "src/main", "src/index", "src/worker"];

/// Reads `file`, or the entry of the folder it is, and what that imports. Module names are paths relative to the file's folder.
///
/// # Errors
/// A file that cannot be read or is no module; imports that lead nowhere are left for the compiler to name.
pub fn read(file: &Path, options: CodeOptions) -> Result<Code> {
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
            open.extend(mapped(&module.text, &options).filter_map(|target| find(folder, "", &target)));
            open.extend(Some(format!("{name}.map")).filter(|map| folder.join(map).is_file()));
        }
        modules.insert(name, module);
    }
    Ok(Code::new(modules, main.to_owned())?.with_options(options)?)
}

/// The entry of a project's folder: what its `package.json` names, if that is there and code, or a file of a usual name.
pub fn entry(folder: &Path) -> Result<PathBuf> {
    let package = package(folder)?;
    let named = ["module", "main"].into_iter().filter_map(|field| package.get(field)?.as_str());
    let mut named = named.map(|path| path.trim_start_matches("./").to_owned());
    let is_code = |path: &String| ModuleKind::from_name(path).is_ok_and(ModuleKind::is_code);
    if let Some(path) = named.find(|path| folder.join(path).is_file() && is_code(path)) {
        return Ok(folder.join(path));
    }
    let found = ENTRIES.iter().find_map(|entry| isolet_modules::resolve(|name| folder.join(name).is_file(), "", entry));
    let found = found.filter(is_code);
    found.map(|name| folder.join(name)).ok_or_else(|| {
        anyhow!(
            "there is no entry in `{}`: none of {} in JavaScript or TypeScript",
            folder.display(),
            ENTRIES.join(", ")
        )
    })
}

/// What the folder's `package.json` says; nothing where there is none.
pub fn package(folder: &Path) -> Result<Value> {
    let path = folder.join("package.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("`{}` is not JSON", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
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

/// What the import map makes of string literals in the text. Those of comments cost an unused module here too.
fn mapped(text: &str, options: &CodeOptions) -> impl Iterator<Item = String> {
    let entries = || options.import_map.iter().map(|(key, target)| (key.as_str(), target.as_str()));
    let parts = text.split(['"', '\'', '`']).filter(|part| part.len() < 256 && !options.import_map.is_empty());
    parts.filter_map(move |part| isolet_modules::import_map::apply(entries(), part))
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
        let code = read(&dir.path().join("app/main.js"), CodeOptions::default()).expect("read");
        let names: Vec<&str> = code.modules().keys().map(String::as_str).collect();
        assert_eq!(names, ["b.js", "lib/a.js", "main.js", "note.txt"]);
        let code = read(&dir.path().join("app"), CodeOptions::default()).expect("read");
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
        let code = read(dir.path(), CodeOptions::default()).expect("read");
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
        assert!(read(empty.path(), CodeOptions::default()).is_err());
    }

    #[test]
    fn a_package_names_its_entry_and_an_import_map_brings_modules() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        write("package.json", r#"{"main": "./app.js", "module": "gone.js"}"#);
        write("app.js", "import { h } from 'h'; import x from 'x/y.txt'");
        write("main.js", "not this one");
        write("h.js", "export const h = 1");
        write("y.txt", "y");
        let import_map =
            [("h", "./h.js"), ("x/", "./"), ("unused", "./h.js")].map(|(key, to)| (key.to_owned(), to.to_owned()));
        let options = CodeOptions { import_map: import_map.into(), ..CodeOptions::default() };
        let code = read(dir.path(), options).expect("read");
        let names: Vec<&str> = code.modules().keys().map(String::as_str).collect();
        assert_eq!((code.main_module(), &names[..]), ("app.js", &["app.js", "h.js", "y.txt"][..]));
        write("package.json", "{");
        assert!(
            read(dir.path(), CodeOptions::default()).is_err_and(|error| error.to_string().contains("package.json"))
        );
    }
}

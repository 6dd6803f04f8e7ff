//! From a file on disk, or a folder's entry, to a module map: the file itself and the files it imports. How imports are found in a text is
//! told in `specifiers`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use isolet_domain::code::{Code, InvalidCode, Module, ModuleKind};
use isolet_domain::code_options::CodeOptions;
use serde_json::Value;

use super::project::Project;
use super::specifiers::specifiers;

/// Where a project's entry usually is, without the ending.
const ENTRIES: [&str; 6] = ["main", "index", "worker", "src/main", "src/index", "src/worker"];

/// Reads `file`, or the entry of the folder it is, and what that imports from its project: the folder that was named, or the one with a
/// `package.json` that the file lies in, or the file's own. Module names are paths relative to the file's folder, or to the one above it that
/// holds all that is imported.
///
/// # Errors
/// A file that cannot be read, is no module, or lies outside of the project by a link; imports that lead nowhere are left for the compiler to
/// name.
pub fn read(file: &Path, mut options: CodeOptions) -> Result<Code> {
    let entry = if file.is_dir() { Some(entry(file)?) } else { None };
    let path = entry.as_deref().unwrap_or(file);
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| anyhow!("`{}` is not a file", path.display()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().with_context(|| format!("cannot read `{}`", path.display()))?;
    let project = if file.is_dir() { file.canonicalize().ok() } else { project(&folder) };
    let project = project.filter(|project| folder.starts_with(project)).unwrap_or_else(|| folder.clone());
    // Names from the project's root at first, so that what lies above the entry has one.
    let below = folder.strip_prefix(&project).unwrap_or(Path::new("")).to_str();
    let below = below.ok_or_else(|| anyhow!("`{}` is not text in UTF-8", folder.display()))?;
    let main = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
    let mut modules = BTreeMap::new();
    let mut open = vec![main.clone()];
    while let Some(name) = open.pop() {
        if modules.contains_key(&name) {
            continue;
        }
        // As it was named, where it was.
        let file = if name == main { path.to_owned() } else { project.join(&name) };
        let whole = within(&project, &file)?;
        let bytes = std::fs::read(whole).with_context(|| format!("cannot read `{}`", file.display()))?;
        let module = module(&name, bytes).with_context(|| format!("cannot read `{}`", file.display()))?;
        if module.kind.is_code() {
            for specifier in specifiers(&module.text) {
                let relative = specifier.starts_with("./")
                    || specifier.starts_with("../")
                    || specifier == "."
                    || specifier == "..";
                open.extend(relative.then(|| find(&project, &name, &specifier)).flatten());
                open.extend(
                    mapped(&specifier, &options)
                        .and_then(|target| find(&folder, "", &target))
                        .map(|target| if below.is_empty() { target } else { format!("{below}/{target}") }),
                );
            }
            open.extend(Some(format!("{name}.map")).filter(|map| project.join(map).is_file()));
        }
        modules.insert(name, module);
    }
    let root = common_folder(below, modules.keys());
    let short = |name: &str| name[root.len()..].to_owned();
    // The import map is written from the entry's folder.
    if let Some(inner) = below.get(root.len()..).filter(|inner| !inner.is_empty()) {
        for target in options.import_map.values_mut().filter(|target| target.starts_with("./")) {
            target.insert_str(2, &format!("{inner}/"));
        }
    }
    let modules = modules.into_iter().map(|(name, module)| (short(&name), module)).collect();
    Ok(Code::new(modules, short(&main))?.with_options(options)?)
}

/// Where the file really lies, if that is in the project, which is canonical: somebody else may have written it, and whoever deploys it must
/// not send along what is theirs alone.
fn within(project: &Path, file: &Path) -> Result<PathBuf> {
    let whole = file.canonicalize().with_context(|| format!("cannot read `{}`", file.display()))?;
    ensure!(
        whole.starts_with(project),
        "`{}` leads out of the project `{}` by a link: put the file itself there",
        file.display(),
        project.display()
    );
    Ok(whole)
}

/// The folder with a `package.json` that `folder` is or lies in.
fn project(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.join("package.json").is_file()).map(Path::to_owned)
}

/// What all names begin with, of whole folders down to `folder`, with the slash.
fn common_folder<'n>(folder: &str, names: impl Iterator<Item = &'n String>) -> String {
    let mut root = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    for name in names {
        while !name.starts_with(&root) {
            root.pop();
            root.truncate(root.rfind('/').map_or(0, |slash| slash + 1));
        }
    }
    root
}

/// The entry of a project's folder: what its `function.toml` names, or its `package.json`, if that is there and code, or a file of a usual
/// name. It does not lie elsewhere by a link.
pub fn entry(folder: &Path) -> Result<PathBuf> {
    if let Some(named) = Project::read(folder)?.entry()? {
        return Ok(named);
    }
    let package = package(folder)?;
    let named = ["module", "main"].into_iter().filter_map(|field| package.get(field)?.as_str());
    let named: Vec<&str> = named.map(|path| path.trim_start_matches("./").trim_end_matches('/')).collect();
    let is_code = |path: &String| ModuleKind::from_name(path).is_ok_and(ModuleKind::is_code);
    let code = |path: &&str| isolet_modules::resolve(|name| folder.join(name).is_file(), "", path).filter(is_code);
    let found = named.iter().find_map(code).or_else(|| ENTRIES.iter().find_map(code));
    let found = found.map(|name| folder.join(name)).ok_or_else(|| {
        let said = match &named[..] {
            [] => String::new(),
            _ => format!("`{}`, which package.json names, is not there or is no code, and ", named.join("`, `")),
        };
        anyhow!(
            "there is no entry in `{}`: {said}none of {} in JavaScript or TypeScript",
            folder.display(),
            ENTRIES.join(", ")
        )
    })?;
    within(&folder.canonicalize().with_context(|| format!("cannot read `{}`", folder.display()))?, &found)?;
    Ok(found)
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

/// What the import map makes of a specifier.
fn mapped(specifier: &str, options: &CodeOptions) -> Option<String> {
    let entries = options.import_map.iter().map(|(key, target)| (key.as_str(), target.as_str()));
    isolet_modules::import_map::apply(entries, specifier)
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
    fn what_lies_beside_the_entrys_folder_comes_along_and_what_is_only_mentioned_does_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        write("app/package.json", r#"{"main": "src/api/main.ts"}"#);
        write(
            "app/src/api/main.ts",
            "import { v } from '../shared/v'; import w from './my file.js' // keys: \"./.env\", '../../.env'\nimport '../../../above.js'",
        );
        write("app/src/shared/v.ts", "export const v = './.env'");
        write("app/src/api/my file.js", "export default 1");
        for secret in ["app/.env", "app/src/api/.env", "app/src/shared/.env", "above.js"] {
            write(secret, "PASSWORD=hunter2");
        }
        for path in ["app", "app/src/api/main.ts"] {
            let code = read(&dir.path().join(path), CodeOptions::default()).expect("read");
            let names: Vec<&str> = code.modules().keys().map(String::as_str).collect();
            assert_eq!(
                (code.main_module(), &names[..]),
                ("api/main.ts", &["api/main.ts", "api/my file.js", "shared/v.ts"][..])
            );
        }
        // Without a project around it a file is alone with what lies below.
        std::fs::remove_file(dir.path().join("app/package.json")).expect("removed");
        let code = read(&dir.path().join("app/src/api/main.ts"), CodeOptions::default()).expect("read");
        assert_eq!((code.main_module(), code.modules().len()), ("main.ts", 2));
    }

    #[test]
    fn no_link_leads_out_of_the_project() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = dir.path().join("app");
        std::fs::create_dir_all(app.join("src")).expect("made");
        std::fs::create_dir(dir.path().join("home")).expect("made");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, app.join(name)).expect("linked");
        let remove = |name: &str| std::fs::remove_file(app.join(name)).expect("removed");
        let refused = |read: Result<Code>, file: &str| {
            let told = format!("{:#}", read.expect_err("it leads out"));
            assert!(told.contains(file) && told.contains("leads out of the project"), "{told}");
        };
        let options = CodeOptions::default;
        write("home/id_ed25519", "a key");
        write("home/index.js", "// not this project's");
        write("app/package.json", "{}");

        // By a folder, by the file itself, by a source map, and by an import map.
        link("../home", "lib");
        link("../home/id_ed25519", "key.txt");
        for import in ["./lib/id_ed25519", "./lib", "./key.txt"] {
            write("app/main.js", &format!("import k from '{import}'"));
            let file = import.trim_start_matches("./");
            refused(read(&app, options()), file);
            refused(read(&app.join("main.js"), options()), file);
        }
        write("app/main.js", "import k from 'k'");
        let mapped = [("k".to_owned(), "./key.txt".to_owned())].into();
        refused(read(&app, CodeOptions { import_map: mapped, ..options() }), "key.txt");
        assert!(read(&app, options()).is_ok(), "nothing leads there");
        link("../home/id_ed25519", "main.js.map");
        refused(read(&app, options()), "main.js.map");
        remove("main.js.map");

        // As the entry, whoever names it.
        remove("main.js");
        link("../home/index.js", "main.js");
        refused(read(&app, options()), "main.js");
        refused(read(&app.join("main.js"), options()), "main.js");
        refused(entry(&app).map(|_| unreachable!("it leads out")), "main.js");
        remove("main.js");
        for main in ["lib/index.js", "lib"] {
            write("app/package.json", &format!(r#"{{"main": "{main}"}}"#));
            refused(read(&app, options()), "lib/index.js");
        }

        // What stays in the project is the project's, and so is a project that is reached by a link.
        write("app/package.json", "{}");
        write("app/src/a.js", "export default 1");
        write("app/main.js", "import a from './b.js'; import c from './inner/a.js'");
        link("src/a.js", "b.js");
        link("src", "inner");
        std::os::unix::fs::symlink("app", dir.path().join("elsewhere")).expect("linked");
        for path in ["app", "elsewhere", "elsewhere/main.js"] {
            let code = read(&dir.path().join(path), options()).expect("read");
            let names: Vec<&str> = code.modules().keys().map(String::as_str).collect();
            assert_eq!(names, ["b.js", "inner/a.js", "main.js"], "{path}");
        }
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
        std::fs::create_dir(dir.path().join("lib")).expect("made");
        write("lib/index.js", "// the entry");
        write("package.json", r#"{"main": "./lib"}"#);
        assert!(entry(dir.path()).expect("found").ends_with("lib/index.js"));
        write("package.json", r#"{"main": "dist/gone.js"}"#);
        assert!(entry(dir.path()).expect("found").ends_with("main.js"));
        std::fs::remove_file(dir.path().join("main.js")).expect("removed");
        let said = entry(dir.path()).expect_err("none").to_string();
        assert!(
            said.contains("`dist/gone.js`, which package.json names, is not there or is no code, and none of main"),
            "{said}"
        );
        // The project's own file is asked first, and no other where it names something.
        std::fs::create_dir(dir.path().join("src")).expect("made");
        write("package.json", r#"{"main": "app.js"}"#);
        write("function.toml", "main = 'src/own.ts'");
        assert!(entry(dir.path()).expect_err("it is not there").to_string().contains("which `main` in"));
        write("src/own.ts", "import '../h.js'");
        let code = read(dir.path(), CodeOptions::default()).expect("read");
        assert_eq!((code.main_module(), code.modules().len()), ("src/own.ts", 2));
        write("function.toml", "name = 'shop'");
        assert!(entry(dir.path()).expect("found").ends_with("app.js"));
        write("package.json", "{");
        assert!(
            read(dir.path(), CodeOptions::default()).is_err_and(|error| error.to_string().contains("package.json"))
        );
    }
}

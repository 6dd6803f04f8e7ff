//! A project's own esbuild, where there is one: the entry and everything it imports as one module with a source map.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// What files stand for, as they do without a bundler (`ModuleKind::from_name`).
const LOADERS: [&str; 5] =
    ["--loader:.txt=text", "--loader:.html=text", "--loader:.css=text", "--loader:.md=text", "--loader:.svg=text"];

/// What came of it.
pub enum Bundled {
    Code(String),
    /// esbuild said on stderr what is wrong.
    Refused,
}

/// The esbuild of the project that `folder` is in: of that folder, or of one it lies in.
pub fn esbuild(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    folder.ancestors().map(|folder| folder.join("node_modules/.bin/esbuild")).find(|path| path.is_file())
}

/// Bundles `entry`, with the import map as aliases. Places in the source map are relative to `folder`.
///
/// # Errors
/// When esbuild cannot be started or its answer not be read.
pub fn bundle(esbuild: &Path, folder: &Path, entry: &Path, aliases: &BTreeMap<String, String>) -> Result<Bundled> {
    if let Some(prefix) = aliases.keys().find(|key| key.ends_with('/')) {
        bail!("esbuild cannot map all of `{prefix}`: map each module of its own, or use --no-bundle");
    }
    let mut flags: Vec<String> = aliases.iter().map(|(key, target)| format!("--alias:{key}={target}")).collect();
    let work = tempfile::tempdir().context("cannot make a temporary folder")?;
    let meta = work.path().join("meta.json");
    // What is to be written is known once it is known what the bundle asks for.
    let look =
        [format!("--metafile={}", meta.display()), format!("--outfile={}", work.path().join("out.js").display())];
    if run(esbuild, folder, entry, &[&flags[..], &look].concat())?.is_none() {
        return Ok(Bundled::Refused);
    }
    let meta = std::fs::read(&meta).context("esbuild wrote no metafile")?;
    let required = required(&serde_json::from_slice(&meta).context("esbuild's metafile is not JSON")?);
    if !required.is_empty() {
        // CommonJS in the bundle asks for these by `require`, which an ECMAScript module has not.
        flags.push(format!("--banner:js={}", require_of(&required)));
    }
    Ok(run(esbuild, folder, entry, &flags)?.map_or(Bundled::Refused, Bundled::Code))
}

fn run(esbuild: &Path, folder: &Path, entry: &Path, more: &[String]) -> Result<Option<String>> {
    let mut command = Command::new(esbuild);
    command.current_dir(folder).arg(entry);
    command.args(["--bundle", "--format=esm", "--target=es2023", "--charset=utf8", "--log-level=warning"]);
    command.args(["--sourcemap=inline", "--sources-content=false", "--main-fields=module,main"]);
    // esbuild takes a bundle that is not minified for one of a developer's, with all that React and others check and say then.
    command.arg("--define:process.env.NODE_ENV=\"production\"");
    command.args(["--conditions=worker,browser,import"]).args(LOADERS).args(more);
    for name in isolet_modules::builtins::NAMES {
        let bare = name.trim_start_matches(isolet_modules::builtins::PREFIX);
        command.arg(format!("--external:{name}")).arg(format!("--external:{bare}"));
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start `{}`", esbuild.display()))?;
    if !output.status.success() {
        return Ok(None);
    }
    String::from_utf8(output.stdout).map(Some).context("esbuild's output is not UTF-8")
}

/// Built-in modules that something in the bundle calls `require` with.
fn required(meta: &Value) -> Vec<String> {
    let inputs = meta["inputs"].as_object().into_iter().flatten();
    let imports = inputs.flat_map(|(_, input)| input["imports"].as_array().into_iter().flatten());
    let required = imports.filter(|import| import["kind"] == "require-call" && import["external"] == true);
    let mut names: Vec<String> = required.filter_map(|import| import["path"].as_str().map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    names
}

/// A `require` that knows these.
fn require_of(names: &[String]) -> String {
    let imports = names.iter().enumerate().map(|(at, name)| format!("import $node{at} from \"{name}\"; "));
    let cases = names.iter().enumerate().map(|(at, name)| format!("\"{name}\": $node{at}"));
    format!(
        "{}const require = (name) => ({{ __proto__: null, {} }})[name] ?? (() => {{ throw new Error(`Cannot find module '${{name}}'`); }})();",
        imports.collect::<String>(),
        cases.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commonjs_requires_is_imported_before_it() {
        let meta = serde_json::json!({ "inputs": { "a.js": { "imports": [
            { "path": "events", "kind": "require-call", "external": true },
            { "path": "node:util", "kind": "import-statement", "external": true },
            { "path": "b.js", "kind": "require-call" },
        ] }, "b.js": { "imports": [{ "path": "events", "kind": "require-call", "external": true }] } } });
        let names = required(&meta);
        assert_eq!(names, ["events"]);
        assert!(require_of(&names).starts_with("import $node0 from \"events\"; const require = "));
    }
}

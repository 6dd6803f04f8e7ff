//! `isolet deploy`: a project's folder or a file, bundled by the project's own esbuild where it has one, or an operator's component, made
//! a version of a function on a host; and all traffic of an alias sent there, `live` as a rule. `isolet versions upload` leaves that out.

#![allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::Args;
use http::Method;
use isolet_domain::code::{Code, Module, ModuleKind};
use isolet_domain::code_options::CodeOptions;
use isolet_domain::ids::{AliasName, FunctionName};
use isolet_domain::outcome::Outcome;
use serde_json::{Value, json};

use super::access::{Access, AccessArguments};
use super::bundle::{self, Bundled};
use super::code::{OptionFlags, on_the_wire};
use super::project::Project;
use super::show::{self, Texts};
use super::source;
use crate::client::Reply;

/// What a bundle is called.
const BUNDLE: &str = "main.js";

/// What is uploaded.
#[derive(Args, Clone)]
pub struct CodeArguments {
    /// A project's folder (its entry is the `main` of its `function.toml`, what `package.json` names as `module` or `main`, or `main`,
    /// `index` or `worker`, there or in `src`), or the entry itself; or a component, `NAME.wasm`, with an operator's key.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// What to say about this version.
    #[arg(short, long)]
    message: Option<String>,
    /// Deploy the files as modules even if the project has an esbuild.
    #[arg(long)]
    no_bundle: bool,
    /// Use the project's esbuild, where it has one, even if its `function.toml` says not to.
    #[arg(long, conflicts_with = "no_bundle")]
    bundle: bool,
    #[command(flatten)]
    options: OptionFlags,
}

#[derive(Args, Clone)]
pub struct DeployArguments {
    #[command(flatten)]
    pub code: CodeArguments,
    /// The function; without it the name in `function.toml`, the package's, or the folder's or file's.
    #[arg(long)]
    name: Option<String>,
    /// The alias whose traffic goes to the version from now on, made if it is not there; without it, the one in `function.toml`, or `live`.
    #[arg(long)]
    alias: Option<String>,
    /// Upload the version and leave all traffic as it is: `isolet alias set live=v1:90,v2:10` gives it a part.
    #[arg(long, conflicts_with = "alias")]
    no_alias: bool,
    #[command(flatten)]
    access: AccessArguments,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

impl DeployArguments {
    /// Of somebody who wants the version alone.
    pub fn without_traffic(code: CodeArguments, name: Option<String>, access: AccessArguments, json: bool) -> Self {
        Self { code, name, alias: None, no_alias: true, access, json }
    }

    /// The project's folder, or the one that the file is in.
    pub fn folder(&self) -> &Path {
        let path = &self.code.path;
        if path.is_dir() { path } else { parent(path) }
    }

    /// The host and the function that are meant.
    pub fn target(&self) -> Result<(Access, FunctionName)> {
        let whole = self.clone().completed(&Project::of(&self.code.path)?);
        Ok((Access::at(&whole.access, &whole.code.path)?, function_name(&whole)?))
    }

    /// With what the project says where no flag does.
    fn completed(mut self, project: &Project) -> Self {
        self.name = self.name.or_else(|| project.name.as_ref().map(ToString::to_string));
        if !self.no_alias {
            self.alias = self.alias.or_else(|| project.alias.as_ref().map(ToString::to_string));
        }
        self.code.no_bundle |= project.bundle == Some(false) && !self.code.bundle;
        self
    }
}

pub async fn deploy(arguments: DeployArguments) -> Result<u8> {
    if let Some(alias) = &arguments.alias {
        AliasName::parse(alias).map_err(|error| anyhow!("`--alias {alias}`: it {error}"))?;
    }
    let given = &arguments.code.path;
    std::fs::metadata(given).with_context(|| format!("cannot read `{}`", given.display()))?;
    let project = Project::of(given)?;
    let arguments = arguments.completed(&project);
    let CodeArguments { path, no_bundle, options, message, .. } = &arguments.code;
    let (folder, name) = (arguments.folder(), function_name(&arguments)?);
    let access = Access::at(&arguments.access, path)?;
    if path.extension().is_some_and(|extension| extension == "wasm") {
        return component(&access, &arguments, &name).await;
    }
    let esbuild = if *no_bundle { None } else { bundle::esbuild(folder) };
    let code = match &esbuild {
        Some(esbuild) => {
            let entry = if path.is_dir() { source::entry(path)? } else { path.clone() };
            match bundled(esbuild, folder, &entry, options.read(&project)?)? {
                Some(code) => code,
                None => return Ok(Outcome::BuildFailed.exit_code()),
            }
        }
        None => source::read(path, options.read(&project)?)?,
    };
    let reply = send(&access, &arguments, &name, &code).await?;
    if arguments.json {
        println!("{:#}", reply.json);
    }
    if reply.status >= 300 {
        let texts = if esbuild.is_some() { Texts::bundled(&code, folder) } else { Texts::of(&code) };
        return show::problem(&reply.json, &texts, arguments.json);
    }
    if !arguments.json {
        let what = if esbuild.is_some() {
            format!("a bundle of {} KiB", code.total_bytes().div_ceil(1024))
        } else {
            format!("{} module(s)", code.modules().len())
        };
        println!("{}", summary(&name, &reply.json, &what));
        if message.is_some() && reply.json["created"] != true {
            show::progress("the version was there before, and keeps the message that it has");
        }
    }
    Ok(0)
}

/// Uploads a component, and deploys it where that is wanted.
async fn component(access: &Access, arguments: &DeployArguments, name: &FunctionName) -> Result<u8> {
    let DeployArguments { code: CodeArguments { path, message, no_bundle, options, .. }, json, .. } = arguments;
    ensure!(!*no_bundle && !options.any(), "a component is built already: it takes no options of JavaScript");
    ensure!(message.is_none(), "a component's versions have no message");
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let what = format!("a component of {} KiB", bytes.len().div_ceil(1024));
    let client = access.client()?;
    let function = access.path(&format!("/functions/{name}"));
    let mut reply = client.upload(&format!("{function}/versions"), bytes.clone()).await?;
    if reply.json["code"] == "function_not_found" {
        reply = client.send(Method::PUT, &function, Some(&json!({ "kind": "component" }))).await?;
        if reply.status < 300 {
            reply = client.upload(&format!("{function}/versions"), bytes).await?;
        }
    }
    if reply.status < 300 {
        let is_new = reply.status == 201;
        if !arguments.no_alias {
            let mut version = json!({ "version": reply.json["id"] });
            name_alias(&mut version, arguments);
            reply = client.send(Method::POST, &format!("{function}/deploy"), Some(&version)).await?;
        }
        if reply.status < 300 {
            reply.json["created"] = is_new.into();
        }
    }
    if *json {
        println!("{:#}", reply.json);
    }
    if reply.status >= 300 {
        return show::problem(&reply.json, &Texts::of_wire(&Value::Null), *json);
    }
    if !json {
        println!("{}", summary(name, &reply.json, &what));
    }
    Ok(0)
}

/// The folder a file is in.
fn parent(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The function that is meant.
fn function_name(arguments: &DeployArguments) -> Result<FunctionName> {
    if let Some(name) = &arguments.name {
        return FunctionName::parse(name).map_err(|error| anyhow!("`--name {name}`: it {error}"));
    }
    let package = source::package(arguments.folder())?;
    let of_package = package["name"].as_str().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    let of_path = || {
        let path = arguments.code.path.canonicalize().ok()?;
        Some(path.file_stem()?.to_string_lossy().into_owned())
    };
    let found = of_package.filter(|_| arguments.code.path.is_dir()).or_else(of_path).unwrap_or_default();
    FunctionName::parse(&found)
        .map_err(|error| anyhow!("`{found}` cannot be the function's name ({error}): give `--name`"))
}

/// The project as one module; `None` where esbuild refused it.
fn bundled(esbuild: &Path, folder: &Path, entry: &Path, options: CodeOptions) -> Result<Option<Code>> {
    let entry = entry.canonicalize().with_context(|| format!("cannot read `{}`", entry.display()))?;
    let CodeOptions { allow_eval, import_map } = options;
    let Bundled::Code(text) = bundle::bundle(esbuild, folder, &entry, &import_map)? else { return Ok(None) };
    let module = Module { kind: ModuleKind::Js, text: text.into() };
    let code = Code::new(BTreeMap::from([(BUNDLE.to_owned(), module)]), BUNDLE.to_owned())?;
    // What the import map says is in the bundle by now.
    Ok(Some(code.with_options(CodeOptions { allow_eval, ..CodeOptions::default() })?))
}

/// Makes the function if it is not there, and the code a version of it; and sends an alias's traffic there where that is wanted.
async fn send(access: &Access, arguments: &DeployArguments, name: &FunctionName, code: &Code) -> Result<Reply> {
    let client = access.client()?;
    let function = access.path(&format!("/functions/{name}"));
    let (mut body, options) = on_the_wire(code);
    body["options"] = options;
    body["message"] = arguments.code.message.clone().unwrap_or_default().into();
    name_alias(&mut body, arguments);
    let path = if arguments.no_alias { format!("{function}/versions") } else { format!("{function}/deploy") };
    let mut reply = client.send(Method::POST, &path, Some(&body)).await?;
    if reply.json["code"] == "function_not_found" {
        let made = client.send(Method::PUT, &function, Some(&json!({}))).await?;
        if made.status >= 300 {
            return Ok(made);
        }
        reply = client.send(Method::POST, &path, Some(&body)).await?;
    }
    if arguments.no_alias && reply.status < 300 {
        reply.json["created"] = (reply.status == 201).into();
    }
    Ok(reply)
}

/// `live` goes without saying, as with hosts that know no other here.
fn name_alias(body: &mut Value, arguments: &DeployArguments) {
    if let Some(alias) = arguments.alias.as_deref().filter(|alias| *alias != AliasName::live().as_str()) {
        body["alias"] = alias.into();
    }
}

/// What a deploy, or an upload alone, came to.
fn summary(name: &FunctionName, answer: &Value, what: &str) -> String {
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    let (number, known) = (&answer["number"], answer["created"] != true);
    if text("version").is_empty() {
        let again = if known { ", uploaded before" } else { "" };
        let id = text("id");
        return format!("version {number} ({id}) of {name}{again}: {what}\nit gets what `isolet alias set` gives it");
    }
    let again = if known { ", deployed before" } else { "" };
    let version = format!("version {number} ({}){again}: {what}", text("version"));
    match text("alias") {
        "" | "live" => format!("{name} is {version}\n{}", text("url")),
        alias => format!("{alias} of {name} is {version}"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        deploy: DeployArguments,
    }

    fn read(line: &[&str]) -> Option<DeployArguments> {
        Line::try_parse_from([&["deploy"], line].concat()).ok().map(|line| line.deploy)
    }

    #[test]
    fn the_alias_is_named_or_left_out_and_live_goes_without_saying() {
        for (line, expected) in [
            (&[][..], json!({})),
            (&["--alias", "live"], json!({})),
            (&["--alias", "next"], json!({ "alias": "next" })),
            (&["--no-alias"], json!({})),
        ] {
            let arguments = read(line).expect("understood");
            let mut body = json!({});
            name_alias(&mut body, &arguments);
            assert_eq!((body, arguments.no_alias), (expected, line == ["--no-alias"]), "{line:?}");
        }
        assert!(read(&["--alias", "next", "--no-alias"]).is_none());
        assert!(read(&["--alias"]).is_none());
    }

    #[test]
    fn flags_win_over_what_the_project_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("UTF-8");
        let said = "name = 'shop'\nalias = 'next'\nbundle = false\nallow_eval = true\nimport_map = 'map.json'\n";
        std::fs::write(folder.path().join("function.toml"), said).expect("written");
        std::fs::write(folder.path().join("map.json"), r#"{ "imports": { "a": "./a.js" } }"#).expect("written");
        std::fs::write(folder.path().join("other.json"), r#"{ "imports": {} }"#).expect("written");
        let project = Project::of(folder.path()).expect("understood");
        let completed = |flags: &[&str]| {
            let whole = read(&[&[path], flags].concat()).expect("understood").completed(&project);
            let options = whole.code.options.read(&project).expect("an import map");
            let (eval, mapped) = (options.allow_eval, options.import_map.len());
            (whole.name.unwrap_or_default(), whole.alias, whole.code.no_bundle, eval, mapped)
        };
        let next = Some("next".to_owned());
        assert_eq!(completed(&[]), ("shop".to_owned(), next.clone(), true, true, 1));
        assert_eq!(completed(&["--name", "till"]), ("till".to_owned(), next.clone(), true, true, 1));
        assert_eq!(completed(&["--no-alias"]), ("shop".to_owned(), None, true, true, 1));
        let other = folder.path().join("other.json");
        let flags = ["--alias", "beta", "--bundle", "--allow-eval=false", "--import-map"];
        let flags = [&flags[..], &[other.to_str().expect("UTF-8")]].concat();
        assert_eq!(completed(&flags), ("shop".to_owned(), Some("beta".to_owned()), false, false, 0));
        assert!(read(&["--bundle", "--no-bundle"]).is_none());
        // The value of a flag needs its sign, so that what follows is still the path.
        let arguments = read(&["--allow-eval", path]).expect("understood");
        assert_eq!(arguments.code.path, folder.path());
        assert_eq!(function_name(&read(&[path, "--name", "a"]).expect("understood")).expect("a name").as_str(), "a");
    }

    #[test]
    fn what_is_said_tells_whether_there_is_traffic() {
        let name = FunctionName::parse("shop").expect("a name");
        let mut deployed =
            json!({ "version": "v_x", "alias": "live", "number": 3, "created": true, "url": "http://shop/" });
        assert_eq!(summary(&name, &deployed, "1 module(s)"), "shop is version 3 (v_x): 1 module(s)\nhttp://shop/");
        deployed["alias"] = "next".into();
        deployed["created"] = false.into();
        assert_eq!(summary(&name, &deployed, "w"), "next of shop is version 3 (v_x), deployed before: w");
        let uploaded = summary(&name, &json!({ "id": "v_x", "number": 3, "created": true }), "w");
        assert!(uploaded.starts_with("version 3 (v_x) of shop: w\n"), "{uploaded}");
    }
}

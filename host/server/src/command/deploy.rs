//! `isolet deploy`: a project's folder or a file, bundled by the project's own esbuild where it has one, or an operator's component, made
//! the live version of a function on a host.

#![allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::Args;
use http::Method;
use isolet_domain::code::{Code, Module, ModuleKind};
use isolet_domain::code_options::CodeOptions;
use isolet_domain::ids::FunctionName;
use isolet_domain::outcome::Outcome;
use serde_json::{Value, json};

use super::access::{Access, AccessArguments};
use super::bundle::{self, Bundled};
use super::code::{OptionFlags, on_the_wire};
use super::show::{self, Texts};
use super::source;
use crate::client::Reply;

/// What a bundle is called.
const BUNDLE: &str = "main.js";

#[derive(Args, Clone)]
pub struct DeployArguments {
    /// A project's folder (its entry is what `package.json` names as `module` or `main`, or `main`, `index` or `worker`, there or in
    /// `src`), or the entry itself; or a component, `NAME.wasm`, with an operator's key.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The function; without it the package's name, or the folder's or file's.
    #[arg(long)]
    name: Option<String>,
    /// What to say about this version.
    #[arg(short, long)]
    message: Option<String>,
    /// Deploy the files as modules even if the project has an esbuild.
    #[arg(long)]
    no_bundle: bool,
    #[command(flatten)]
    options: OptionFlags,
    #[command(flatten)]
    access: AccessArguments,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub async fn deploy(arguments: DeployArguments) -> Result<u8> {
    let path = &arguments.path;
    std::fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let folder = if path.is_dir() { path.as_path() } else { parent(path) };
    let name = function_name(&arguments, folder)?;
    let access = Access::of(&arguments.access)?;
    if path.extension().is_some_and(|extension| extension == "wasm") {
        return component(&access, &arguments, &name).await;
    }
    let esbuild = if arguments.no_bundle { None } else { bundle::esbuild(folder) };
    let code = match &esbuild {
        Some(esbuild) => {
            let entry = if path.is_dir() { source::entry(path)? } else { path.clone() };
            match bundled(esbuild, folder, &entry, arguments.options.read()?)? {
                Some(code) => code,
                None => return Ok(Outcome::BuildFailed.exit_code()),
            }
        }
        None => source::read(path, arguments.options.read()?)?,
    };
    let reply = send(&access, &arguments, &name, &code).await?;
    if arguments.json {
        println!("{:#}", reply.json);
    }
    if reply.status != 200 {
        let texts = if esbuild.is_some() { Texts::bundled(&code, folder) } else { Texts::of(&code) };
        return show::problem(&reply.json, &texts, arguments.json);
    }
    if !arguments.json {
        let what = if esbuild.is_some() {
            format!("a bundle of {} KiB", code.total_bytes().div_ceil(1024))
        } else {
            format!("{} module(s)", code.modules().len())
        };
        println!("{}", summary(&reply.json, &what));
        if arguments.message.is_some() && reply.json["created"] != true {
            show::progress("the version was there before, and keeps the message that it has");
        }
    }
    Ok(0)
}

/// Uploads a component and makes it the live version.
async fn component(access: &Access, arguments: &DeployArguments, name: &FunctionName) -> Result<u8> {
    let DeployArguments { path, message, no_bundle, options, json, .. } = arguments;
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
        let version = json!({ "version": reply.json["id"] });
        reply = client.send(Method::POST, &format!("{function}/deploy"), Some(&version)).await?;
        if reply.status == 200 {
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
        println!("{}", summary(&reply.json, &what));
    }
    Ok(0)
}

/// The folder a file is in.
fn parent(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The function that is meant.
fn function_name(arguments: &DeployArguments, folder: &Path) -> Result<FunctionName> {
    if let Some(name) = &arguments.name {
        return FunctionName::parse(name).map_err(|error| anyhow!("`--name {name}`: it {error}"));
    }
    let package = source::package(folder)?;
    let of_package = package["name"].as_str().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
    let of_path = || {
        let path = arguments.path.canonicalize().ok()?;
        Some(path.file_stem()?.to_string_lossy().into_owned())
    };
    let found = of_package.filter(|_| arguments.path.is_dir()).or_else(of_path).unwrap_or_default();
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

/// Makes the function if it is not there, and the code its live version.
async fn send(access: &Access, arguments: &DeployArguments, name: &FunctionName, code: &Code) -> Result<Reply> {
    let client = access.client()?;
    let function = access.path(&format!("/functions/{name}"));
    let (mut body, options) = on_the_wire(code);
    body["options"] = options;
    body["message"] = arguments.message.clone().unwrap_or_default().into();
    let path = format!("{function}/deploy");
    let reply = client.send(Method::POST, &path, Some(&body)).await?;
    if reply.json["code"] != "function_not_found" {
        return Ok(reply);
    }
    let made = client.send(Method::PUT, &function, Some(&json!({}))).await?;
    if made.status >= 300 {
        return Ok(made);
    }
    client.send(Method::POST, &path, Some(&body)).await
}

fn summary(deployed: &Value, what: &str) -> String {
    let text = |name: &str| deployed[name].as_str().unwrap_or_default();
    let again = if deployed["created"] == true { "" } else { ", deployed before" };
    let version = format!("version {} ({})", deployed["number"], text("version"));
    format!("{} is {version}{again}: {what}\n{}", text("function"), text("url"))
}

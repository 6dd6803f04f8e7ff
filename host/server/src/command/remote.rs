//! What commands share that talk to a host: where it is, who asks, which function is meant, and how answers are shown.

#![allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use http::Method;
use isolet_domain::ids::{FunctionName, VersionId};
use serde_json::Value;

use super::show::inert;
use super::source;
use crate::client::{Client, Reply};

/// The host, and for whom.
#[derive(Args)]
pub struct HostArguments {
    /// The host.
    #[arg(long, visible_alias = "api", env = "ISOLET_URL", default_value = "http://127.0.0.1:8787", global = true)]
    url: String,
    /// The tenant; `~` for the one that the key is bound to.
    #[arg(long, default_value = "demo", global = true)]
    pub tenant: String,
    /// A file with the key to use.
    #[arg(long, visible_alias = "key", env = "ISOLET_KEY_FILE", default_value = ".isolet/admin.key", global = true)]
    key_file: PathBuf,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// The function.
#[derive(Args)]
pub struct FunctionArguments {
    /// The function; without it the package's name, or the folder's.
    #[arg(long, global = true)]
    name: Option<String>,
}

impl FunctionArguments {
    pub fn name(&self) -> Result<FunctionName> {
        if let Some(name) = &self.name {
            return FunctionName::parse(name).map_err(|error| anyhow!("`--name {name}`: it {error}"));
        }
        let package = source::package(Path::new("."))?;
        let of_package = package["name"].as_str().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
        let of_folder = || Some(std::env::current_dir().ok()?.file_name()?.to_string_lossy().into_owned());
        let found = of_package.or_else(of_folder).unwrap_or_default();
        FunctionName::parse(&found)
            .map_err(|error| anyhow!("`{found}` cannot be the function's name ({error}): give `--name`"))
    }
}

/// A host that is asked.
pub struct Remote {
    client: Client,
    tenant: String,
    json: bool,
}

impl Remote {
    pub fn of(arguments: &HostArguments) -> Result<Self> {
        let file = &arguments.key_file;
        let key =
            std::fs::read_to_string(file).with_context(|| format!("cannot read the key in `{}`", file.display()))?;
        let client = Client::there(&arguments.url, key.trim().to_owned());
        Ok(Self { client, tenant: arguments.tenant.clone(), json: arguments.json })
    }

    /// The path of something of the tenant's.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/tenants/{}{rest}", self.tenant)
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        self.client.send(method, path, body).await?.into_success()
    }

    /// As `call`, with the answer's `ETag`, or under one.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>, tag: Option<&str>) -> Result<Reply> {
        self.client.send_if(method, path, body, tag).await
    }

    /// All items of a list.
    pub async fn all(&self, path: &str) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = self.call(Method::GET, &format!("{path}{joint}limit=500{cursor}"), None).await?;
            items.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// A version's id: as it is given, or of the number after `v`.
    pub async fn version(&self, function: &FunctionName, text: &str) -> Result<String> {
        if VersionId::parse(text).is_ok() {
            return Ok(text.to_owned());
        }
        let number: u64 = text
            .strip_prefix('v')
            .unwrap_or(text)
            .parse()
            .map_err(|_| anyhow!("`{text}` is no version: give an id, or a number like `v3`"))?;
        // Newest first, and the number after the wanted one is where the wanted one begins.
        let versions = self.all(&self.path(&format!("/functions/{function}/versions"))).await?;
        let found = versions.iter().find(|version| version["number"] == number);
        let id = found.and_then(|version| version["id"].as_str()).map(str::to_owned);
        id.ok_or_else(|| anyhow!("`{function}` has no version {number}"))
    }

    /// The answer: as JSON where that is asked for, else in words. Text of others is made inert.
    pub fn show(&self, answer: &Value, words: impl FnOnce(&Value) -> String) {
        if self.json {
            println!("{answer:#}");
        } else {
            println!("{}", inert(&words(answer)));
        }
    }

    /// The same of a list, a line each.
    pub fn show_all(&self, items: &[Value], line: impl Fn(&Value) -> String) {
        if self.json {
            println!("{:#}", Value::from(items.to_vec()));
            return;
        }
        for item in items {
            println!("{}", inert(&line(item)));
        }
    }
}

/// A field's text; nothing where there is none.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

//! What commands share that talk to a host: where it is, who asks, which function is meant, and how answers are shown.

#![allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]

use std::path::Path;

use anyhow::{Result, anyhow};
use clap::Args;
use http::{Method, Uri};
use hyper::body::Incoming;
use isolet_domain::ids::{FunctionName, VersionId};
use serde_json::Value;

use super::access::{Access, AccessArguments, encoded, tenant_path};
use super::project::Project;
use super::show::inert;
use super::source;
use crate::client::{Client, Reply};

/// The host, and how to answer.
#[derive(Args)]
pub struct HostArguments {
    #[command(flatten)]
    access: AccessArguments,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

impl HostArguments {
    /// A host with a key that is known.
    #[cfg(test)]
    pub fn of(url: &str, key: &str) -> Self {
        let file = std::env::temp_dir().join(format!("isolet-test-{}-{key}", std::process::id()));
        std::fs::write(&file, key).expect("written");
        let access = AccessArguments {
            url: Some(url.to_owned()),
            tenant: Some("demo".to_owned()),
            key_file: Some(file),
            ..AccessArguments::default()
        };
        Self { access, json: false }
    }

    /// For whoever is no [`Remote`].
    pub fn access(&self) -> AccessArguments {
        self.access.clone()
    }

    /// The tenant that a flag or a variable names.
    pub fn tenant(&self) -> Option<&str> {
        self.access.tenant.as_deref()
    }
}

/// The function.
#[derive(Args)]
pub struct FunctionArguments {
    /// The function; without it the name in `function.toml`, the package's, or the folder's.
    #[arg(long, global = true)]
    name: Option<String>,
}

impl FunctionArguments {
    /// What a flag says.
    pub fn given(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub fn name(&self) -> Result<FunctionName> {
        if let Some(name) = &self.name {
            return FunctionName::parse(name).map_err(|error| anyhow!("`--name {name}`: it {error}"));
        }
        if let Some(name) = Project::read(Path::new("."))?.name {
            return Ok(name);
        }
        let package = source::package(Path::new("."))?;
        let of_package = package["name"].as_str().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
        let of_folder = || Some(std::env::current_dir().ok()?.file_name()?.to_string_lossy().into_owned());
        let found = of_package.or_else(of_folder).unwrap_or_default();
        FunctionName::parse(&found)
            .map_err(|error| anyhow!("`{found}` cannot be the function's name ({error}): give `--name`"))
    }
}

/// A function, or its tenant.
#[derive(Args)]
pub struct SubjectArguments {
    #[command(flatten)]
    function: FunctionArguments,
    /// The tenant's, for all of its functions.
    #[arg(long, global = true, conflicts_with = "name")]
    shared: bool,
}

impl SubjectArguments {
    /// Where something of it is, below the tenant.
    pub fn path(&self, rest: &str) -> Result<String> {
        if self.shared {
            return Ok(rest.to_owned());
        }
        Ok(format!("/functions/{}{rest}", self.function.name()?))
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
        Self::at(Access::of(&arguments.access)?, arguments.json)
    }

    pub fn at(access: Access, json: bool) -> Result<Self> {
        Ok(Self { client: access.client()?, tenant: access.tenant, json })
    }

    /// The path of something of the tenant's.
    pub fn path(&self, rest: &str) -> String {
        tenant_path(&self.tenant, rest)
    }

    /// The path of what is called `name` below another.
    pub fn below(&self, base: &str, name: &str) -> String {
        format!("{base}/{}", encoded(name))
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        self.client.send(method, path, body).await?.into_success()
    }

    /// The answer to a GET, whose body is read as it comes.
    pub async fn open(&self, path: &str, fields: &[(&str, &str)]) -> Result<http::Response<Incoming>> {
        self.client.open(path, fields).await
    }

    /// The answer to a GET of something that is not the API's, and does not see the key.
    pub async fn visit(&self, uri: Uri, host: &str) -> Result<http::Response<Incoming>> {
        self.client.visit(uri, host).await
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

    /// The first items of a list, so many at most.
    pub async fn some(&self, path: &str, limit: usize) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        while items.len() < limit {
            let next = format!("{path}limit={}{cursor}", (limit - items.len()).min(500));
            let page = self.call(Method::GET, &next, None).await?;
            items.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        Ok(items)
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

    /// A list that comes whole, a line each.
    pub async fn show_data(&self, path: &str, line: impl Fn(&Value) -> String) -> Result<()> {
        let answer = self.call(Method::GET, path, None).await?;
        self.show_all(answer["data"].as_array().map(Vec::as_slice).unwrap_or_default(), line);
        Ok(())
    }
}

/// A field's text; nothing where there is none.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

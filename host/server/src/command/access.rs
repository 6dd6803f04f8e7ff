//! Which host a command talks to, with which key, for which tenant: a flag before a variable, a variable before the context that
//! `isolet login` wrote, and that before what is usual. For which tenant says a project's `function.toml` too, before the context; which host
//! and which key, it never does.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use super::contexts::Contexts;
use super::project::Project;
use crate::client::Client;

const USUAL_URL: &str = "http://127.0.0.1:8787";
const USUAL_KEY_FILE: &str = ".isolet/admin.key";
const USUAL_TENANT: &str = "demo";

/// The host, and for whom.
#[derive(Args, Clone, Default)]
pub struct AccessArguments {
    /// The host; without it the context's, or `http://127.0.0.1:8787`.
    #[arg(long, visible_alias = "api", env = "ISOLET_URL", global = true)]
    pub url: Option<String>,
    /// The tenant, `~` for the one that the key is bound to; without it what `function.toml` says, the context's, or `demo`.
    #[arg(long, env = "ISOLET_TENANT", global = true)]
    pub tenant: Option<String>,
    /// A file with the key to use; without it the variable `ISOLET_KEY`, the context's key, or `.isolet/admin.key`.
    #[arg(long, visible_alias = "key", env = "ISOLET_KEY_FILE", global = true)]
    pub key_file: Option<PathBuf>,
    /// PEM file with the authorities to trust instead of the public ones, for a host with https://.
    #[arg(long, env = "ISOLET_CA_FILE", global = true)]
    pub ca_file: Option<PathBuf>,
    /// One of the contexts that `isolet login` wrote, in place of the current one.
    #[arg(long, env = "ISOLET_CONTEXT", global = true)]
    pub context: Option<String>,
}

/// A host to talk to.
pub struct Access {
    pub url: String,
    pub key: String,
    pub tenant: String,
    ca_file: Option<PathBuf>,
}

impl Access {
    /// For whoever has no project's folder: the `function.toml` of the working directory counts.
    pub fn of(arguments: &AccessArguments) -> Result<Self> {
        Self::at(arguments, Path::new("."))
    }

    /// For what lies at `path`: a project's folder, whose `function.toml` counts, or a file, for which the working directory's does.
    pub fn at(arguments: &AccessArguments, path: &Path) -> Result<Self> {
        let tenant = match &arguments.tenant {
            Some(tenant) => Some(tenant.clone()),
            None => Project::read(if path.is_dir() { path } else { Path::new(".") })?.tenant,
        };
        let contexts = Contexts::load()?;
        let context = contexts.chosen(arguments.context.as_deref())?;
        let url = arguments.url.clone().or_else(|| context.map(|context| context.url.clone()));
        let url = url.unwrap_or_else(|| USUAL_URL.to_owned());
        // A context's key is for its own host, and for no other that a flag or a variable names.
        let context = context.filter(|context| same_host(&context.url, &url));
        let tenant = tenant.or_else(|| context.map(|context| context.tenant.clone()));
        let from_variable = || super::variables().find(|(name, _)| name == "ISOLET_KEY").map(|(_, key)| key);
        let key = match &arguments.key_file {
            Some(file) => read(file)?,
            None => match from_variable().or_else(|| context.map(|context| context.key.clone())) {
                Some(key) => key,
                None => read(&PathBuf::from(USUAL_KEY_FILE))?,
            },
        };
        let tenant = tenant.unwrap_or_else(|| USUAL_TENANT.to_owned());
        Ok(Self { url, key: key.trim().to_owned(), tenant, ca_file: arguments.ca_file.clone() })
    }

    /// The path of something of the tenant's.
    pub fn path(&self, rest: &str) -> String {
        tenant_path(&self.tenant, rest)
    }

    pub fn client(&self) -> Result<Client> {
        Client::there(&self.url, self.key.clone(), self.ca_file.as_deref())
    }
}

/// The path of something of a tenant's.
pub fn tenant_path(tenant: &str, rest: &str) -> String {
    format!("/v1/tenants/{}{rest}", encoded(tenant))
}

/// Percent-encoded, whatever it is (RFC 3986 §2.3).
pub fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn read(file: &PathBuf) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read the key in `{}`", file.display()))
}

fn same_host(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

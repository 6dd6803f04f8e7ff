//! `isolet versions`: what was uploaded of a function, what changed, uploading without deploying, and removing.

#![allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]

use anyhow::Result;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::confirm::Confirmation;
use super::deploy::{CodeArguments, DeployArguments, deploy};
use super::remote::{FunctionArguments, HostArguments, Remote, text};
use super::show::inert;

#[derive(Args)]
pub struct VersionsArguments {
    #[command(subcommand)]
    verb: VersionsVerb,
    #[command(flatten)]
    function: FunctionArguments,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Subcommand)]
enum VersionsVerb {
    /// Upload a version and leave all traffic as it is, as `isolet deploy --no-alias` does.
    Upload(CodeArguments),
    /// Show the function's versions, newest first.
    List,
    /// Show a version: an id, or a number like `v3`.
    Show { version: String },
    /// Show what a version changed.
    Diff {
        version: String,
        /// What it is compared with; without it, the version before.
        #[arg(long)]
        base: Option<String>,
    },
    /// Remove a version that no alias names.
    Delete {
        version: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub async fn versions(arguments: VersionsArguments) -> Result<u8> {
    if let VersionsVerb::Upload(code) = arguments.verb {
        let name = arguments.function.given().map(str::to_owned);
        let (access, json) = (arguments.host.access(), arguments.host.json);
        return deploy(DeployArguments::without_traffic(code, name, access, json)).await;
    }
    let (remote, function) = (Remote::of(&arguments.host)?, arguments.function.name()?);
    let base_path = remote.path(&format!("/functions/{function}/versions"));
    match arguments.verb {
        // Done by now, and without a function that would have to be there.
        VersionsVerb::Upload(_) => {}
        VersionsVerb::List => remote.show_all(&remote.all(&base_path).await?, line),
        VersionsVerb::Show { version } => {
            let id = remote.version(&function, &version).await?;
            let found = remote.call(Method::GET, &format!("{base_path}/{id}"), None).await?;
            remote.show(&found, |found| format!("{}\n{}", line(found), text(found, "digest")));
        }
        VersionsVerb::Diff { version, base } => {
            let id = remote.version(&function, &version).await?;
            let query = match base {
                Some(base) => format!("?base={}", remote.version(&function, &base).await?),
                None => String::new(),
            };
            let diff = remote.call(Method::GET, &format!("{base_path}/{id}/diff{query}"), None).await?;
            if arguments.host.json {
                println!("{diff:#}");
            } else {
                diff["modules"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .for_each(|module| print!("{}", inert(&changed(module))));
            }
        }
        VersionsVerb::Delete { version, confirmation } => {
            let id = remote.version(&function, &version).await?;
            confirmation.ask(&format!("delete the version `{version}` of `{function}`"))?;
            remote.call(Method::DELETE, &format!("{base_path}/{id}"), None).await?;
            remote.show(&json!({ "deleted": id }), |_| format!("{version} is gone"));
        }
    }
    Ok(0)
}

fn line(version: &Value) -> String {
    let message = text(version, "message");
    let message = if message.is_empty() { String::new() } else { format!("  {message}") };
    format!("v{}  {}  {}{message}", version["number"], text(version, "id"), text(version, "created_at"))
}

fn changed(module: &Value) -> String {
    match module["unified"].as_str() {
        Some(unified) => unified.to_owned(),
        None => {
            format!("{} is {}, {} left out\n", text(module, "name"), text(module, "status"), text(module, "omitted"))
        }
    }
}

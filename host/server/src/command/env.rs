//! `isolet env`: variables of a function or of its tenant. What is secret is `isolet secret`'s.

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::json;

use super::confirm::Confirmation;
use super::remote::{HostArguments, Remote, SubjectArguments, text};
use super::stdin;

#[derive(Args)]
pub struct EnvArguments {
    #[command(subcommand)]
    verb: EnvVerb,
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Subcommand)]
enum EnvVerb {
    /// Set variables, each from now on in every request.
    Set {
        /// A name alone takes its value from standard input, without the last line break.
        #[arg(required = true, value_name = "NAME[=VALUE]")]
        variables: Vec<String>,
    },
    /// Show the variables and their values.
    List,
    /// Remove a variable.
    Delete {
        variable: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub async fn env(arguments: EnvArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    let base = remote.path(&arguments.subject.path("/env")?);
    match arguments.verb {
        EnvVerb::Set { variables } => {
            let from_input = variables.iter().filter(|variable| !variable.contains('=')).count();
            ensure!(from_input <= 1, "standard input has one value, and {from_input} names are without theirs");
            for variable in &variables {
                let (name, value) = match variable.split_once('=') {
                    Some((name, value)) => (name, value.to_owned()),
                    None => (variable.as_str(), stdin::secret(&format!("The value of {variable}, then Enter:"))?),
                };
                remote.call(Method::POST, &base, Some(&json!({ "name": name, "value": value }))).await?;
                remote.show(&json!({ "set": name }), |_| format!("{name} is set"));
            }
        }
        EnvVerb::List => {
            let line = |variable: &_| format!("{}={}", text(variable, "name"), text(variable, "value"));
            remote.show_data(&base, line).await?;
        }
        EnvVerb::Delete { variable, confirmation } => {
            confirmation.ask(&format!("delete the variable `{variable}`"))?;
            remote.call(Method::DELETE, &remote.below(&base, &variable), None).await?;
            remote.show(&json!({ "deleted": variable }), |_| format!("{variable} is gone"));
        }
    }
    Ok(0)
}

//! `isolet secret`: values that only egress rules may send, of a function or of its tenant. They come on standard input and are never
//! shown again.

use anyhow::{Result, anyhow, ensure};
use clap::{Args, Subcommand};
use http::Method;
use isolet_domain::ids::EnvName;
use serde_json::json;

use super::remote::{HostArguments, Remote, SubjectArguments, text};
use super::stdin;

#[derive(Args)]
pub struct SecretArguments {
    #[command(subcommand)]
    verb: SecretVerb,
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Subcommand)]
enum SecretVerb {
    /// Set a secret to what comes on standard input, without its last line break.
    Put { secret: String },
    /// Show the names of the secrets.
    List,
    /// Remove a secret.
    Delete { secret: String },
}

pub async fn secret(arguments: SecretArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    let base = remote.path(&arguments.subject.path("/secrets")?);
    match arguments.verb {
        SecretVerb::Put { secret } => {
            EnvName::parse(&secret).map_err(|error| anyhow!("`{secret}` cannot be a secret's name: it {error}"))?;
            let value = stdin::secret(&format!("The value of {secret}, then Enter:"))?;
            ensure!(!value.is_empty(), "no value came on standard input");
            remote.call(Method::PUT, &remote.below(&base, &secret), Some(&json!({ "value": value }))).await?;
            remote.show(&json!({ "set": secret }), |_| format!("{secret} is set"));
        }
        SecretVerb::List => remote.show_data(&base, |secret| text(secret, "name").to_owned()).await?,
        SecretVerb::Delete { secret } => {
            remote.call(Method::DELETE, &remote.below(&base, &secret), None).await?;
            remote.show(&json!({ "deleted": secret }), |_| format!("{secret} is gone"));
        }
    }
    Ok(0)
}

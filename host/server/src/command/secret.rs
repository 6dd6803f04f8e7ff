//! `isolet secret`: values that only egress rules may send, of a function or of its tenant. They come on standard input or
//! from a file, and are never shown again.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use http::Method;
use isolet_domain::ids::EnvName;
use isolet_domain::secret::is_acceptable;
use isolet_domain::service::secrets::SecretError;
use serde_json::json;

use super::confirm::Confirmation;
use super::remote::{HostArguments, Remote, SubjectArguments, text};
use super::{dotenv, stdin};

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
    /// Set all that a file of NAME=VALUE lines has, such as `.env`; or standard input where none is named. Values are never shown.
    Import { file: Option<PathBuf> },
    /// Remove a secret.
    Delete {
        secret: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
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
        SecretVerb::Import { file } => {
            let pairs = dotenv::parse(&stdin::secrets(file.as_deref())?)?;
            import(&remote, &base, pairs).await?;
        }
        SecretVerb::Delete { secret, confirmation } => {
            confirmation.ask(&format!("delete the secret `{secret}`"))?;
            remote.call(Method::DELETE, &remote.below(&base, &secret), None).await?;
            remote.show(&json!({ "deleted": secret }), |_| format!("{secret} is gone"));
        }
    }
    Ok(0)
}

/// Nothing is sent before all of it can be.
async fn import(remote: &Remote, base: &str, pairs: Vec<(EnvName, String)>) -> Result<()> {
    ensure!(!pairs.is_empty(), "there is no NAME=VALUE in it: nothing was set");
    if let Some((name, _)) = pairs.iter().find(|(_, value)| !is_acceptable(value)) {
        bail!("the value of `{name}`: {}; nothing was set", SecretError::Value);
    }
    let mut set: Vec<String> = Vec::new();
    for (name, value) in pairs {
        let sent = remote.call(Method::PUT, &remote.below(base, name.as_str()), Some(&json!({ "value": value }))).await;
        let before = || if set.is_empty() { "nothing".to_owned() } else { set.join(", ") };
        sent.with_context(|| format!("`{name}` and what comes after it were not set; {} before it was", before()))?;
        set.push(name.to_string());
    }
    remote.show(&json!({ "set": set }), |_| format!("{} are set: {}", set.len(), set.join(", ")));
    Ok(())
}

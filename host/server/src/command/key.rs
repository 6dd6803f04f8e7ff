//! `isolet key`: a tenant's keys, and with `--global` those that reach all tenants. A secret is printed once, by the command that makes it.

use anyhow::Result;
use clap::{Args, Subcommand};
use http::Method;
use isolet_domain::access::Preset;
use serde_json::{Value, json};

use super::confirm::Confirmation;
use super::remote::{HostArguments, Remote, text};

#[derive(Args)]
pub struct KeyArguments {
    #[command(subcommand)]
    verb: KeyVerb,
    /// The keys that reach all tenants, in place of the tenant's; for the operator.
    #[arg(long, global = true)]
    global: bool,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Subcommand)]
enum KeyVerb {
    /// Make a key and print it.
    Create {
        /// `tenant`, `deployer`, `invoke-only` or `read-only`; for all tenants `platform` or `admin`.
        preset: String,
        /// What it is for.
        #[arg(long, visible_alias = "name", default_value = "")]
        note: String,
        /// Of the preset's scopes, these alone.
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// These functions alone: names, or beginnings and `*`.
        #[arg(long = "function")]
        functions: Vec<String>,
        /// From these networks alone, such as `10.0.0.0/8`, or single addresses.
        #[arg(long)]
        cidr: Vec<String>,
        /// When it ends, as RFC 3339 writes it.
        #[arg(long)]
        expires_at: Option<String>,
    },
    /// Show keys, without their secrets.
    List,
    /// Make a key in another one's place and print it.
    Rotate {
        id: String,
        /// Seconds that the old one stays good.
        #[arg(long, default_value_t = 0)]
        grace_s: u64,
    },
    /// End a key.
    Revoke {
        id: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub async fn key(arguments: KeyArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    let keys = if is_global(&arguments) { "/v1/keys".to_owned() } else { remote.path("/keys") };
    match arguments.verb {
        KeyVerb::Create { preset, note, scopes, functions, cidr, expires_at } => {
            let mut body = json!({ "preset": preset, "name": note });
            if !scopes.is_empty() {
                body["scopes"] = scopes.into();
            }
            if !functions.is_empty() {
                body["functions"] = functions.into();
            }
            if !cidr.is_empty() {
                body["cidr"] = cidr.into();
            }
            if let Some(end) = expires_at {
                body["expires_at"] = end.into();
            }
            remote.show(&remote.call(Method::POST, &keys, Some(&body)).await?, with_secret);
        }
        KeyVerb::List => remote.show_data(&keys, line).await?,
        KeyVerb::Rotate { id, grace_s } => {
            let body = json!({ "grace_s": grace_s });
            let rotated =
                remote.call(Method::POST, &format!("{}/rotate", remote.below(&keys, &id)), Some(&body)).await?;
            remote.show(&rotated, with_secret);
        }
        KeyVerb::Revoke { id, confirmation } => {
            confirmation.ask(&format!("revoke `{id}`"))?;
            remote.call(Method::DELETE, &remote.below(&keys, &id), None).await?;
            remote.show(&json!({ "revoked": id }), |_| format!("{id} is revoked"));
        }
    }
    Ok(0)
}

/// A key of these presets is never a tenant's.
fn is_global(arguments: &KeyArguments) -> bool {
    let made = match &arguments.verb {
        KeyVerb::Create { preset, .. } => Preset::parse(preset),
        _ => None,
    };
    arguments.global || made.is_some_and(Preset::is_global)
}

/// The secret alone on a line of its own, so that it can be taken with `tail -1`.
fn with_secret(key: &Value) -> String {
    format!("{}\n{}", line(key), text(key, "key"))
}

fn line(key: &Value) -> String {
    let mut line = format!("{}  {}", text(key, "id"), text(key, "preset"));
    let networks: Vec<_> = key["cidr"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !networks.is_empty() {
        line.push_str(&format!("  from {}", networks.join(", ")));
    }
    for (what, name) in [("ends", "expires_at"), ("used", "last_used_at"), ("", "name")] {
        let value = text(key, name);
        if !value.is_empty() {
            line.push_str(&format!("  {what}{}{value}", if what.is_empty() { "" } else { " " }));
        }
    }
    line
}

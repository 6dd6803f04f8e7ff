//! `isolet login` and `isolet context`: keys for hosts, kept under names. The file is `contexts`' business.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::{Args, Subcommand};
use http::{Method, Uri};
use serde_json::{Value, json};

use super::contexts::{Context, Contexts};
use super::remote::text;
use super::show::{self, inert};
use super::stdin;
use crate::client::Client;

#[derive(Args)]
pub struct LoginArguments {
    /// PEM file with the authorities to trust instead of the public ones, for a host with https://.
    #[arg(long, env = "ISOLET_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// The host.
    #[arg(long, visible_alias = "api", env = "ISOLET_URL", default_value = "http://127.0.0.1:8787")]
    url: String,
    /// What to call it; without it the host's name and port.
    #[arg(long)]
    context: Option<String>,
    /// The tenant that commands are for; without it the one that the key is bound to, or `demo`.
    #[arg(long)]
    tenant: Option<String>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct ContextArguments {
    #[command(subcommand)]
    verb: ContextVerb,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum ContextVerb {
    /// Show the contexts, without their keys.
    List,
    /// Make one the current one, which commands use where none is named.
    Use { name: String },
    /// Forget one, and its key.
    Delete { name: String },
}

pub async fn login(arguments: LoginArguments) -> Result<u8> {
    let uri: Uri = arguments.url.parse().with_context(|| format!("`{}` is no address", arguments.url))?;
    let authority = uri.authority().ok_or_else(|| anyhow!("`{}` names no host", arguments.url))?;
    ensure!(
        !authority.as_str().contains('@'),
        "an address must not hold credentials: the key is read from standard input"
    );
    let name = arguments.context.unwrap_or_else(|| authority.to_string());
    ensure!(!name.is_empty(), "a context needs a name");
    let key = stdin::secret(&format!("The key for {}, then Enter:", arguments.url))?;
    ensure!(!key.is_empty(), "no key came on standard input");
    let caller = Client::there(&arguments.url, key.clone(), arguments.ca_file.as_deref())?
        .send(Method::GET, "/v1/whoami", None)
        .await?
        .into_success()?;
    let bound = caller["tenant"].is_string().then(|| "~".to_owned());
    let tenant = arguments.tenant.or(bound).unwrap_or_else(|| "demo".to_owned());
    let mut contexts = Contexts::load()?;
    contexts.contexts.insert(name.clone(), Context { url: arguments.url.clone(), key, tenant: tenant.clone() });
    contexts.current = Some(name.clone());
    let file = contexts.save()?;
    let answer = json!({ "context": name, "url": arguments.url, "tenant": tenant, "preset": caller["preset"] });
    let words = format!(
        "{name} is {} with a key of the preset {}, in {}",
        arguments.url,
        text(&caller, "preset"),
        file.display()
    );
    show(&answer, &words, arguments.json);
    Ok(0)
}

pub fn context(arguments: ContextArguments) -> Result<u8> {
    let mut contexts = Contexts::load()?;
    match arguments.verb {
        ContextVerb::List => list(&contexts, arguments.json),
        ContextVerb::Use { name } => {
            contexts.chosen(Some(&name))?;
            contexts.current = Some(name.clone());
            contexts.save()?;
            show(&json!({ "current": name }), &format!("{name} is current"), arguments.json);
        }
        ContextVerb::Delete { name } => {
            contexts.chosen(Some(&name))?;
            contexts.contexts.remove(&name);
            contexts.current = contexts.current.filter(|current| *current != name);
            contexts.save()?;
            show(
                &json!({ "deleted": name }),
                &format!("{name} is forgotten; its key is good until it is revoked"),
                arguments.json,
            );
        }
    }
    Ok(0)
}

fn list(contexts: &Contexts, as_json: bool) {
    let shown = contexts.contexts.iter().map(|(name, context)| {
        let current = contexts.current.as_ref() == Some(name);
        json!({ "context": name, "url": context.url, "tenant": context.tenant, "current": current })
    });
    let shown: Vec<Value> = shown.collect();
    let line = |context: &Value| {
        let mark = if context["current"] == true { "*" } else { " " };
        format!("{mark} {}  {}  {}", text(context, "context"), text(context, "url"), text(context, "tenant"))
    };
    let words: Vec<String> = shown.iter().map(line).collect();
    show(&Value::from(shown), &words.join("\n"), as_json);
}

fn show(answer: &Value, words: &str, as_json: bool) {
    show::answer(&if as_json { format!("{answer:#}") } else { inert(words) });
}

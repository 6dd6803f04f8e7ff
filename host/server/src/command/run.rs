//! `isolet run`: one run of a file, in this process or on a host, shown as a person wants it or as the API's JSON.

#![allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use http::Method;
use isolet_domain::code::Code;
use isolet_domain::outcome::Outcome;
use serde_json::{Value, json};

use super::access::{Access, AccessArguments, encoded};
use super::code::{OptionFlags, on_the_wire};
use super::project::Project;
use super::show::Texts;
use super::{runtime, settings, show, source};
use crate::client::Reply;
use crate::host;

#[derive(Args)]
pub struct RunArguments {
    /// The entry module, or the folder it is in; what it imports from its project with `./` or `../` comes along.
    #[arg(required_unless_present = "eval")]
    file: Option<PathBuf>,
    /// Code to run instead of a file's.
    #[arg(short, long, conflicts_with = "file")]
    eval: Option<String>,
    #[command(flatten)]
    options: OptionFlags,
    /// Sent as `GET http://sandbox/run?q=…`.
    #[arg(short, long)]
    prompt: Option<String>,
    /// The path to ask for, with its query.
    #[arg(long, conflicts_with = "prompt")]
    path: Option<String>,
    /// A request body, sent by `POST`; `@FILE` reads it from a file.
    #[arg(short, long)]
    data: Option<String>,
    /// A variable for `env`.
    #[arg(long = "env", value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Print the whole result as JSON.
    #[arg(long)]
    json: bool,
    /// Run on this host instead of in this process.
    #[arg(long, env = "ISOLET_URL")]
    url: Option<String>,
    /// The tenant to run as there; without it what `function.toml` says, the one of the context for that host, or `demo`.
    #[arg(long, env = "ISOLET_TENANT")]
    tenant: Option<String>,
    /// A file with the key to use there; without it the variable `ISOLET_KEY`, the key of the context for that host, or
    /// `.isolet/admin.key`.
    #[arg(long, env = "ISOLET_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// PEM file with the authorities to trust instead of the public ones, for a host with https://.
    #[arg(long, env = "ISOLET_CA_FILE")]
    ca_file: Option<PathBuf>,
}

pub async fn run(arguments: RunArguments) -> Result<u8> {
    let project = arguments.file.as_deref().map(Project::of).transpose()?.unwrap_or_default();
    let options = arguments.options.read(&project)?;
    let code = match (&arguments.file, &arguments.eval) {
        (Some(file), _) => source::read(file, options)?,
        (None, Some(text)) => Code::single(text)?.with_options(options)?,
        (None, None) => return Err(anyhow!("give a file or --eval")),
    };
    let request = request(&arguments, &code)?;
    let reply = match &arguments.url {
        Some(_) => {
            let RunArguments { url, tenant, key_file, ca_file, .. } = &arguments;
            let (url, tenant) = (url.clone(), tenant.clone());
            let (key_file, ca_file) = (key_file.clone(), ca_file.clone());
            let given = AccessArguments { url, tenant, key_file, ca_file, context: None };
            let access = Access::at(&given, arguments.file.as_deref().unwrap_or(Path::new(".")))?;
            access.client()?.send(Method::POST, &access.path("/runs"), Some(&request)).await?
        }
        None => here(&request).await?,
    };
    answer(&reply, &Texts::of(&code), arguments.json)
}

/// Shows what came of a run, as JSON or in words.
pub(super) fn answer(reply: &Reply, texts: &Texts<'_>, as_json: bool) -> Result<u8> {
    if as_json {
        println!("{:#}", reply.json);
    }
    if reply.status == 200 { result(&reply.json, texts, as_json) } else { show::problem(&reply.json, texts, as_json) }
}

/// A run in this process.
pub(super) async fn here(request: &Value) -> Result<Reply> {
    let (client, _folder) = host::in_process(&settings(None)?, Arc::new(runtime().await?)).await?;
    client.send(Method::POST, "/v1/tenants/local/runs", Some(request)).await
}

/// The body of `POST …/runs`.
fn request(arguments: &RunArguments, code: &Code) -> Result<Value> {
    let (code, options) = on_the_wire(code);
    let env = variables(&arguments.env)?;
    let mut request = json!({ "code": code, "options": options, "env": env, "record": arguments.url.is_some() });
    if let Some(prompt) = &arguments.prompt {
        request["prompt"] = prompt.as_str().into();
    }
    let asked = arguments.prompt.as_ref().map(|prompt| format!("/run?q={}", encoded(prompt)));
    let path = asked.as_deref().or(arguments.path.as_deref()).unwrap_or("/");
    if let Some(data) = &arguments.data {
        let body = match data.strip_prefix('@') {
            Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?,
            None => data.clone(),
        };
        request["request"] = json!({ "method": "POST", "path": path, "headers": [["content-type", "application/json"]], "body": { "text": body } });
    } else if arguments.path.is_some() {
        request["request"] = json!({ "path": path });
    }
    Ok(request)
}

/// What `--env NAME=VALUE` says.
pub(super) fn variables(pairs: &[String]) -> Result<serde_json::Map<String, Value>> {
    let pair = |pair: &String| {
        let (name, value) = pair.split_once('=').ok_or_else(|| anyhow!("`--env {pair}` is not NAME=VALUE"))?;
        Ok((name.to_owned(), value.into()))
    };
    pairs.iter().map(pair).collect()
}

/// Shows a run's result; the exit code is its outcome's.
fn result(result: &Value, texts: &Texts<'_>, as_json: bool) -> Result<u8> {
    let outcome = Outcome::parse(result["outcome"].as_str().unwrap_or_default()).unwrap_or(Outcome::Internal);
    if as_json {
        return Ok(outcome.exit_code());
    }
    for line in result["logs"].as_array().into_iter().flatten() {
        show::log(line);
    }
    let body = &result["response"]["body"];
    let mut stdout = std::io::stdout().lock();
    if let Some(text) = body["text"].as_str() {
        stdout.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
    } else if body["base64"].is_string() {
        show::progress("the body is not text; use --json to see it in base64");
    }
    stdout.flush()?;
    if outcome != Outcome::Ok {
        fault(outcome.as_str(), &result["error"], texts);
    } else if let Some(status) = result["response"]["status"].as_u64().filter(|status| *status >= 400) {
        show::progress(&format!("status {status}"));
    }
    Ok(outcome.exit_code())
}

fn fault(outcome: &str, error: &Value, texts: &Texts<'_>) {
    let number = |name: &str| error[name].as_u64().unwrap_or(0);
    let place = error["file"].as_str().map(|file| (file, number("line"), number("column")));
    let message = error["message"].as_str().unwrap_or("no details were given");
    show::fault(outcome, message, place, texts, error["stack"].as_str().unwrap_or_default());
}

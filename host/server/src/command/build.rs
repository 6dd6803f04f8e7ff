//! `isolet build` and `isolet check`: code to a component on disk, or only to what is wrong with it.

#![allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use isolet_domain::access::TenantScope;
use isolet_domain::code::Code;
use isolet_domain::execute::{BuildError, GuestExecutor as _, PrepareOptions};

use super::{runtime, settings, show, source};

#[derive(Args)]
pub struct BuildArguments {
    /// The entry module; what it imports with `./` or `../` comes along.
    file: PathBuf,
    /// Where to write the component.
    #[arg(short, long)]
    output: PathBuf,
}

#[derive(Args)]
pub struct CheckArguments {
    /// The entry module; what it imports with `./` or `../` comes along.
    file: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub async fn build(arguments: BuildArguments) -> Result<u8> {
    let code = source::read(&arguments.file)?;
    let limits = settings(None)?.platform().limits;
    let options = PrepareOptions { limits, fresh: true };
    match runtime().await?.export(&TenantScope::local(), &code, options).await {
        Ok(component) => {
            let path = &arguments.output;
            std::fs::write(path, &component).with_context(|| format!("cannot write `{}`", path.display()))?;
            println!("{} ({} bytes)", path.display(), component.len());
            Ok(0)
        }
        Err(error) => refused(&code, error),
    }
}

pub async fn check(arguments: CheckArguments) -> Result<u8> {
    let code = source::read(&arguments.file)?;
    let limits = settings(None)?.platform().limits;
    let options = PrepareOptions { limits, fresh: true };
    match runtime().await?.prepare(&TenantScope::local(), &code, options).await {
        Ok(prepared) if arguments.json => {
            let bytes = prepared.build.overlay_bytes;
            println!(
                "{}",
                serde_json::json!({ "ok": true, "digest": code.digest().to_string(), "overlay_bytes": bytes })
            );
            Ok(0)
        }
        Ok(prepared) => {
            println!(
                "ok: {} module(s), {} bytes of state after start-up",
                code.modules().len(),
                prepared.build.overlay_bytes
            );
            Ok(0)
        }
        Err(BuildError::Code { outcome, error }) if arguments.json => {
            let place = error.position.as_ref();
            println!(
                "{}",
                serde_json::json!({
                    "ok": false,
                    "outcome": outcome.as_str(),
                    "message": error.message,
                    "file": place.map(|place| place.file.as_str()),
                    "line": place.map(|place| place.line),
                    "column": place.map(|place| place.column),
                })
            );
            Ok(outcome.exit_code())
        }
        Err(error) => refused(&code, error),
    }
}

/// Shows why code was refused.
fn refused(code: &Code, error: BuildError) -> Result<u8> {
    let BuildError::Code { outcome, error } = error else { return Err(error.into()) };
    let place =
        error.position.as_ref().map(|place| (place.file.as_str(), u64::from(place.line), u64::from(place.column)));
    let text = place.and_then(|(file, ..)| code.modules().get(file)).map(|module| &*module.text);
    show::fault(outcome.as_str(), &error.message, place, text, &error.stack);
    Ok(outcome.exit_code())
}

//! `isolet build` and `isolet check`: code to a component on disk, or only to what is wrong with it. Reading files is in `source`.

#![allow(clippy::print_stdout, reason = "a command's answer goes to stdout")]

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use isolet_domain::access::TenantScope;
use isolet_domain::code::Code;
use isolet_domain::execute::{BuildError, Diagnostic, GuestError, GuestExecutor as _, PrepareOptions, Severity};
use isolet_domain::outcome::Outcome;
use serde_json::{Value, json};

use super::code::OptionFlags;
use super::project::Project;
use super::show::Texts;
use super::{runtime, settings, show, source};

#[derive(Args)]
pub struct BuildArguments {
    /// The entry module, or the folder it is in; what it imports from its project with `./` or `../` comes along.
    file: PathBuf,
    /// Where to write the component.
    #[arg(short, long)]
    output: PathBuf,
    #[command(flatten)]
    options: OptionFlags,
}

#[derive(Args)]
pub struct CheckArguments {
    /// The entry module, or the folder it is in; what it imports from its project with `./` or `../` comes along.
    file: PathBuf,
    #[command(flatten)]
    options: OptionFlags,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub async fn build(arguments: BuildArguments) -> Result<u8> {
    let project = Project::of(&arguments.file)?;
    let code = source::read(&arguments.file, arguments.options.read(&project)?)?;
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
    let project = Project::of(&arguments.file)?;
    let code = source::read(&arguments.file, arguments.options.read(&project)?)?;
    let limits = settings(None)?.platform().limits;
    let options = PrepareOptions { limits, fresh: true };
    let (runtime, scope) = (runtime().await?, TenantScope::local());
    let diagnostics = match runtime.check(&scope, &code, options).await {
        Ok(diagnostics) => diagnostics,
        Err(error) => return unready(&code, error, Vec::new(), arguments.json),
    };
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        let first = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
        let (message, position) =
            first.map(|first| (first.message.clone(), first.position.clone())).unwrap_or_default();
        let error = GuestError { message, position, diagnostics, ..GuestError::default() };
        return unready(&code, BuildError::Code { outcome: Outcome::BuildFailed, error }, Vec::new(), arguments.json);
    }
    match runtime.prepare(&scope, &code, options).await {
        Ok(prepared) if arguments.json => {
            println!(
                "{}",
                json!({
                    "ok": true,
                    "digest": code.digest().to_string(),
                    "overlay_bytes": prepared.build.overlay_bytes,
                    "diagnostics": shown(&diagnostics),
                })
            );
            Ok(0)
        }
        Ok(prepared) => {
            diagnostics.iter().for_each(|diagnostic| show::diagnostic(Outcome::Ok, diagnostic, &Texts::of(&code)));
            let (count, bytes) = (code.modules().len(), prepared.build.overlay_bytes);
            println!("ok: {count} module(s), {bytes} bytes of state after start-up");
            Ok(0)
        }
        Err(error) => unready(&code, error, diagnostics, arguments.json),
    }
}

/// Tells why code that was checked is not ready to run, and what else was said of it.
fn unready(code: &Code, error: BuildError, said: Vec<Diagnostic>, as_json: bool) -> Result<u8> {
    let BuildError::Code { outcome, error } = error else { return Err(error.into()) };
    if !as_json {
        said.iter().for_each(|diagnostic| show::diagnostic(outcome, diagnostic, &Texts::of(code)));
        return refused(code, BuildError::Code { outcome, error });
    }
    let place = error.position.as_ref();
    println!(
        "{}",
        json!({
            "ok": false,
            "outcome": outcome.as_str(),
            "message": error.message,
            "file": place.map(|place| place.file.as_str()),
            "line": place.map(|place| place.line),
            "column": place.map(|place| place.column),
            "diagnostics": shown(if error.diagnostics.is_empty() { &said } else { &error.diagnostics }),
        })
    );
    Ok(outcome.exit_code())
}

/// As `POST /v1/check` has them.
fn shown(diagnostics: &[Diagnostic]) -> Vec<Value> {
    let show = |one: &Diagnostic| {
        let place = one.position.as_ref();
        json!({
            "severity": one.severity.as_str(),
            "code": one.code,
            "message": one.message,
            "help": one.help,
            "file": place.map(|place| place.file.as_str()),
            "line": place.map(|place| place.line).filter(|line| *line > 0),
            "column": place.map(|place| place.column).filter(|column| *column > 0),
            "length": one.length,
        })
    };
    diagnostics.iter().map(show).collect()
}

/// Shows why code was refused.
fn refused(code: &Code, error: BuildError) -> Result<u8> {
    let BuildError::Code { outcome, error } = error else { return Err(error.into()) };
    if error.diagnostics.is_empty() {
        let place =
            error.position.as_ref().map(|place| (place.file.as_str(), u64::from(place.line), u64::from(place.column)));
        show::fault(outcome.as_str(), &error.message, place, &Texts::of(code), &error.stack);
    } else {
        error.diagnostics.iter().for_each(|diagnostic| show::diagnostic(outcome, diagnostic, &Texts::of(code)));
    }
    Ok(outcome.exit_code())
}

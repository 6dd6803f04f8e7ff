//! `isolet doctor`: whether this machine has what a host needs. Nothing is kept of what it tries.

#![allow(clippy::print_stdout, reason = "the findings go to stdout")]

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use isolet_domain::repository::Repository;
use isolet_runtime::WasmExecutor;
use isolet_storage::OpenError;
use serde_json::json;

use super::{settings, show};
use crate::config::Config;
use crate::data_dir::{DataDir, MASTER, PEPPER};
use crate::walls::{self, Wall};
use crate::{own_keys, tls};

#[derive(Args)]
pub struct DoctorArguments {
    /// The settings file the host is started with.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The host's data folder.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found about one thing.
struct Finding {
    name: &'static str,
    verdict: Verdict,
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    /// A host starts, with less.
    Warning,
    /// A host does not start.
    Failure,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

/// 0 when a host would start here, 1 when it would not.
pub async fn doctor(arguments: DoctorArguments) -> Result<u8> {
    let mut config = settings(arguments.config.as_deref())?;
    if let Some(data) = arguments.data {
        config.server.data_dir = data;
    }
    let mut findings = vec![finding("settings", config.check().map(|()| "understood".to_owned()))];
    // Before the first start there is no folder, and none is left behind.
    let new = tempfile::tempdir()?;
    let data = if config.server.data_dir.exists() { config.server.data_dir.clone() } else { new.path().to_owned() };
    findings.push(data_folder(&config, &data));
    findings.push(store(&config, &data).await);
    findings.push(engine(&config).await);
    findings.extend([("API", config.control_plane.address), ("ingress", config.ingress.address)].map(port));
    findings.extend(certificates(&config));
    findings.extend(around_the_process(&data)?);
    let failed = findings.iter().any(|finding| finding.verdict == Verdict::Failure);
    if arguments.json {
        let list: Vec<_> = findings.iter().map(|Finding { name, verdict, detail }| json!({ "name": name, "verdict": verdict.word(), "detail": detail })).collect();
        println!("{}", json!({ "ok": !failed, "findings": list }));
    } else {
        for Finding { name, verdict, detail } in &findings {
            println!("  {:<8} {name:<14} {}", verdict.word(), show::inert(detail));
        }
    }
    Ok(u8::from(failed))
}

fn finding(name: &'static str, found: Result<String>) -> Finding {
    match found {
        Ok(detail) => Finding { name, verdict: Verdict::Ok, detail },
        Err(error) => Finding { name, verdict: Verdict::Failure, detail: format!("{error:#}") },
    }
}

fn data_folder(config: &Config, data: &Path) -> Finding {
    let tried = tempfile::tempfile_in(data).map(|_| ());
    let shown = config.server.data_dir.display();
    finding(
        "data folder",
        match tried {
            Ok(()) if data == config.server.data_dir => Ok(format!("`{shown}` can be written to")),
            Ok(()) => Ok(format!("`{shown}` is made by the first start")),
            Err(error) => Err(anyhow::anyhow!("`{shown}` cannot be written to: {error}")),
        },
    )
}

async fn store(config: &Config, data: &Path) -> Finding {
    finding(
        "store",
        match isolet_storage::open(&config.storage, data, || {}).await {
            Ok(repository) => keys(data, &*repository).await.map(|()| {
                let kind = if config.storage.redis.url.is_some() {
                    "Redis answers and is set up to keep data"
                } else {
                    "embedded, in the data folder"
                };
                kind.to_owned()
            }),
            Err(OpenError::Locked { .. }) => Ok("embedded, and in use by a host that runs".to_owned()),
            Err(error) => Err(error.into()),
        },
    )
}

/// That the data folder has the store's own keys, where it has any.
async fn keys(data: &Path, repository: &dyn Repository) -> Result<()> {
    if [PEPPER, MASTER].iter().any(|name| !data.join(name).exists()) {
        return Ok(());
    }
    match own_keys::wrong(&DataDir::open(data)?, repository).await? {
        Some(name) => {
            Err(anyhow::anyhow!("`{}` is not the one that the store was begun with", data.join(name).display()))
        }
        None => Ok(()),
    }
}

/// From the folder of compiled code that the command line's own runs use.
async fn engine(config: &Config) -> Finding {
    let begun = std::time::Instant::now();
    let config = isolet_runtime::config::RuntimeConfig { cache_dir: super::cache_dir(), ..config.runtime() };
    let started = tokio::task::spawn_blocking(move || WasmExecutor::start(&config, &(Arc::new(show::compiling) as _)));
    finding(
        "engine",
        match started.await {
            Ok(Ok(executor)) => {
                Ok(format!("{} started in {} ms", executor.engine_digest(), begun.elapsed().as_millis()))
            }
            Ok(Err(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        },
    )
}

/// Of those listeners that have one.
fn certificates(config: &Config) -> Vec<Finding> {
    let tables = [("API's TLS", config.control_plane.tls()), ("ingress's TLS", config.ingress.tls())];
    let tried = tables.into_iter().filter_map(|(name, files)| Some((name, tls::read(&files?))));
    tried.map(|(name, read)| finding(name, read.map(|_| "certificate and key are good".to_owned()))).collect()
}

fn port((name, address): (&'static str, SocketAddr)) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding { name, verdict: Verdict::Ok, detail: format!("{address} is free") },
        Err(error) => {
            // In development a host takes the next free one.
            let verdict = if address.ip().is_loopback() { Verdict::Warning } else { Verdict::Failure };
            Finding { name, verdict, detail: format!("{address}: {error}") }
        }
    }
}

fn around_the_process(data: &Path) -> Result<Vec<Finding>> {
    let tried = walls::try_out(data)?;
    let wall = |name, wall, holds: &str| match wall {
        Wall::Up => Finding { name, verdict: Verdict::Ok, detail: holds.to_owned() },
        Wall::Lacking(why) => Finding { name, verdict: Verdict::Warning, detail: why },
    };
    let (wrong, right): (Vec<_>, Vec<_>) = tried.attempts.iter().partition(|attempt| !attempt.holds());
    let attempts = if wrong.is_empty() {
        let denied = right.iter().filter(|attempt| !attempt.allowed).count();
        let detail =
            format!("{denied} ways out tried and closed, {} things a host needs possible", right.len() - denied);
        Finding { name: "attempts", verdict: Verdict::Ok, detail }
    } else {
        let told = wrong.iter().map(|attempt| {
            let could = if attempt.result.is_ok() { "could" } else { "could not" };
            format!("{could} {}", attempt.what)
        });
        // A host behind walls that are too narrow does not work; one with holes does.
        let verdict = if wrong.iter().any(|attempt| attempt.allowed) { Verdict::Failure } else { Verdict::Warning };
        Finding { name: "attempts", verdict, detail: told.collect::<Vec<_>>().join(", ") }
    };
    Ok(vec![
        wall("files", tried.files, "Landlock leaves the data folder alone"),
        wall("system calls", tried.calls, "seccomp leaves no programs, processes and listeners"),
        attempts,
    ])
}

//! `isolet up`: a host until SIGTERM or Ctrl+C. SIGHUP has it read its certificates again.

#![allow(clippy::print_stdout, reason = "the banner goes to stdout")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use isolet_runtime::compiler::Compiler;
use isolet_storage::RedisAddress;
use tokio::signal::unix::{SignalKind, signal};

use super::{helper, settings, show};
use crate::banner;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::host::Host;
use crate::{log, walls};

#[derive(Args)]
pub struct UpArguments {
    /// A settings file; `deploy/isolet.toml` is the manual.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for everything this host keeps.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of the REST API and the console.
    #[arg(long, value_name = "ADDR")]
    api: Option<SocketAddr>,
    /// Address of the ingress for functions.
    #[arg(long, value_name = "ADDR")]
    ingress: Option<SocketAddr>,
    /// Keep everything in Redis, shared with other hosts: redis://, redis+sentinel:// or redis+cluster://.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Once ready, print one line of JSON instead of the banner.
    #[arg(long)]
    json: bool,
}

/// What comes before there are threads: settings, the data folder, and the wall around files, which threads inherit.
pub fn prepare(arguments: UpArguments) -> Result<Prepared> {
    let mut config = settings(arguments.config.as_deref())?;
    log::start(config.server.log_format)?;
    if let Some(data) = arguments.data {
        config.server.data_dir = data;
    }
    if let Some(address) = arguments.api {
        config.control_plane.address = address;
    }
    if let Some(address) = arguments.ingress {
        config.ingress.address = address;
    }
    if let Some(url) = arguments.redis {
        config.storage.redis.url = Some(RedisAddress::new(url));
    }
    config.check()?;
    DataDir::open(&config.server.data_dir)?;
    let compiler = helper::start(config.server.sandbox)?;
    walls::before_threads(config.server.sandbox, &config.server.data_dir, &config.places_read())?;
    Ok(Prepared { config, compiler, json: arguments.json })
}

/// A host that may be started.
pub struct Prepared {
    config: Config,
    compiler: Arc<Compiler>,
    json: bool,
}

pub async fn up(Prepared { config, compiler, json }: Prepared) -> Result<u8> {
    // Before the start, so that a signal during it is not lost.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    let host = tokio::select! {
        host = Host::start_with(&config, Arc::new(show::compiling), Some(compiler)) => host?,
        _ = terminate.recv() => return Ok(0),
        _ = interrupt.recv() => return Ok(0),
    };
    walls::after_start(config.server.sandbox)?;
    println!("{}", if json { banner::json(&host.started) } else { banner::text(&host.started) });
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => host.reload(),
        }
    }
    show::progress("Draining …");
    host.stop().await?;
    Ok(0)
}

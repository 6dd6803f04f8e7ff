//! The host's own log on stderr: in which form, and how much of it. What tenants' code writes is not here: that goes to their records.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFormat;

/// Starts it, with as much as `RUST_LOG` says.
pub fn start(format: LogFormat) -> Result<()> {
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let directives = if directives.is_empty() { "warn" } else { &directives };
    let asked = EnvFilter::builder().parse(directives).with_context(|| format!("RUST_LOG is `{directives}`"))?;
    let filter = asked.and(filter_fn(may_be_told));
    // Of a terminal `NO_COLOR` decides, which the layer reads; a file is never coloured.
    let mut lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if !std::io::stderr().is_terminal() {
        lines.set_ansi(false);
    }
    let layer = match format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(layer).init();
    Ok(())
}

/// Libraries tell in detail what they were given: addresses, headers, what a guest handed over. That is somebody's, whatever is asked for.
fn may_be_told(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("isolet") || *metadata.level() <= Level::INFO
}

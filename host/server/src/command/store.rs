//! `isolet store`: a host's store as files, and the key that its secrets are sealed with. It works on the store itself and not through a
//! host; one that keeps everything in its data folder has to be stopped meanwhile.

#![allow(clippy::print_stdout, reason = "what was done goes to stdout")]

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use isolet_domain::ids::TenantSlug;
use isolet_domain::secret::MasterKey;
use isolet_storage::{Compacted, RedisAddress};
use serde_json::json;

use super::confirm::Confirmation;
use super::settings;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::rotation;

#[derive(Args)]
pub struct StoreArguments {
    #[command(subcommand)]
    verb: StoreVerb,
    /// The settings file the host is started with.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The host's data folder.
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// Redis, where the host keeps everything there.
    #[arg(long, value_name = "URL", global = true)]
    redis: Option<String>,
    /// Say what was done as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum StoreVerb {
    /// Write the whole store to a new file. Secrets in it stay sealed: keep `master.key`, `pepper.key` and `audit.key`, if there is one, elsewhere: they are not in it.
    Backup { file: PathBuf },
    /// Put a file that `backup` wrote into an empty store, of either kind.
    Restore {
        file: PathBuf,
        /// Only look whether the file is whole and as it was written.
        #[arg(long)]
        verify: bool,
        /// Empty the store first: what is in it is lost.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Write one tenant, with all it has, to a new file.
    Export { tenant: String, file: PathBuf },
    /// Add the tenant of a file that `export` wrote.
    Import { file: PathBuf },
    /// Write an embedded store anew: what was deleted is then nowhere in its files.
    Compact,
    /// Put a new master key in place of the one there is.
    RotateKey(RotateArguments),
}

#[derive(Args)]
struct RotateArguments {
    /// Every host that shares the store has `master.next.key` by now.
    #[arg(long)]
    distributed: bool,
    /// Every host has the new `master.key` by now: nothing is to be opened with the one before any more.
    #[arg(long, conflicts_with = "distributed")]
    finish: bool,
}

pub async fn store(arguments: StoreArguments) -> Result<u8> {
    let mut config = settings(arguments.config.as_deref())?;
    if let Some(data) = arguments.data {
        config.server.data_dir = data;
    }
    if let Some(url) = arguments.redis {
        config.storage.redis.url = Some(RedisAddress::new(url));
    }
    let data = DataDir::open(&config.server.data_dir)?;
    let json = arguments.json;
    match arguments.verb {
        StoreVerb::RotateKey(RotateArguments { distributed, finish }) => {
            let repository =
                isolet_storage::open(&config.storage, data.path(), || {}).await.context("cannot open the store")?;
            let shared = config.storage.redis.url.is_some();
            let step = rotation::Step { shared, distributed, finish };
            let told = rotation::rotate(&data, repository, step).await?;
            println!("{}", if json { json!({ "told": told }).to_string() } else { told });
        }
        StoreVerb::Compact => {
            ensure!(config.storage.redis.url.is_none(), "Redis writes its own files anew: BGREWRITEAOF, and SAVE");
            let Compacted { before, after, removed } = isolet_storage::compact(data.path())?;
            let told = || {
                format!("data.redb was {before} bytes and is {after}; {removed} contents that nothing names are gone")
            };
            let as_json = json!({ "bytes_before": before, "bytes_after": after, "contents_removed": removed });
            println!("{}", if json { as_json.to_string() } else { told() });
        }
        StoreVerb::Restore { file, verify: true, .. } => {
            // Nothing but the key is needed for it.
            let rows = isolet_storage::verify_archive(&file, &key(&data)?)?;
            let told = || format!("{} is whole: {rows} rows", file.display());
            println!("{}", if json { json!({ "file": file, "rows": rows }).to_string() } else { told() });
        }
        verb => archive(&config, &data, verb, json).await?,
    }
    Ok(0)
}

async fn archive(config: &Config, data: &DataDir, verb: StoreVerb, json: bool) -> Result<()> {
    let archives = isolet_storage::open_archives(&config.storage, data.path(), key(data)?)
        .await
        .context("cannot open the store")?;
    let (file, rows, did) = match verb {
        StoreVerb::Backup { file } => {
            let rows = archives.backup(&file).await?;
            (file, rows, "written to")
        }
        StoreVerb::Export { tenant, file } => {
            let tenant = TenantSlug::parse(&tenant).context("this is no tenant's name")?;
            let rows = archives.export(&tenant, &file).await?;
            (file, rows, "written to")
        }
        StoreVerb::Restore { file, force, confirmation, .. } => {
            if force {
                confirmation.ask(&format!("empty the store and put `{}` in its place", file.display()))?;
            }
            let rows = archives.restore(&file, force).await?;
            (file, rows, "restored from")
        }
        StoreVerb::Import { file } => {
            let rows = archives.import(&file).await?;
            (file, rows, "imported from")
        }
        StoreVerb::Compact | StoreVerb::RotateKey(_) => return Ok(()),
    };
    let told = || format!("{rows} rows {did} {}", file.display());
    println!("{}", if json { json!({ "file": file, "rows": rows }).to_string() } else { told() });
    Ok(())
}

/// What the ends of archives are keyed with.
fn key(data: &DataDir) -> Result<[u8; 32]> {
    // A new folder's own key would open nothing, and be taken for the right one later.
    anyhow::ensure!(
        data.path().join("master.key").exists(),
        "`{}` has no `master.key`: put the one that belongs to the store there",
        data.path().display()
    );
    Ok(MasterKey::new(data.master()?).archive_key())
}

//! The scripts that run inside Redis, each one atomic step. They are sent once to a server and named by their digest afterwards.
//! What each one answers is read here; what that means is up to the caller.

use isolet_domain::repository::RepositoryError;
use redis::{FromRedisValue, Script};

use super::servers::Servers;

/// Those that write start with the fence.
macro_rules! fenced {
    ($file:literal) => {
        Script::new(concat!(include_str!("scripts/fence.lua"), include_str!(concat!("scripts/", $file, ".lua"))))
    };
}

macro_rules! reading {
    ($file:literal) => {
        Script::new(include_str!(concat!("scripts/", $file, ".lua")))
    };
}

pub(super) struct Scripts {
    pub(super) set: Script,
    pub(super) set_new: Script,
    pub(super) exchange: Script,
    pub(super) remove: Script,
    pub(super) rename: Script,
    pub(super) claim_slug: Script,
    pub(super) delete_tenant: Script,
    pub(super) register_key: Script,
    pub(super) unregister_key: Script,
    pub(super) create_function: Script,
    pub(super) exchange_function: Script,
    pub(super) delete_function: Script,
    pub(super) list_functions: Script,
    pub(super) add_version: Script,
    pub(super) delete_version: Script,
    pub(super) list_versions: Script,
    pub(super) exchange_routing: Script,
    pub(super) claim_host: Script,
    pub(super) release_host: Script,
    pub(super) record_run: Script,
    pub(super) read_run: Script,
    pub(super) list_runs: Script,
    pub(super) star_run: Script,
    pub(super) delete_run: Script,
    pub(super) clear_runs: Script,
    pub(super) claim_answer: Script,
    pub(super) keep_answer: Script,
    pub(super) forget_answer: Script,
    pub(super) audit_heads: Script,
    pub(super) append_audit: Script,
    pub(super) begin_audit: Script,
    pub(super) list_audit: Script,
    pub(super) audit_chain: Script,
    pub(super) trim_audit: Script,
    pub(super) append_logs: Script,
    pub(super) logs_after: Script,
    pub(super) logs_before: Script,
    pub(super) charge_rate: Script,
    pub(super) put_tallies: Script,
    pub(super) read_tallies: Script,
    pub(super) dump_tenant: Script,
    pub(super) dump_log: Script,
    pub(super) restore_log: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            set: fenced!("set"),
            set_new: fenced!("set_new"),
            exchange: fenced!("exchange"),
            remove: fenced!("remove"),
            rename: fenced!("rename"),
            claim_slug: fenced!("claim_slug"),
            delete_tenant: fenced!("delete_tenant"),
            register_key: fenced!("register_key"),
            unregister_key: fenced!("unregister_key"),
            create_function: fenced!("create_function"),
            exchange_function: fenced!("exchange_function"),
            delete_function: fenced!("delete_function"),
            list_functions: reading!("list_functions"),
            add_version: fenced!("add_version"),
            delete_version: fenced!("delete_version"),
            list_versions: reading!("list_versions"),
            exchange_routing: fenced!("exchange_routing"),
            claim_host: fenced!("claim_host"),
            release_host: fenced!("release_host"),
            record_run: fenced!("record_run"),
            read_run: reading!("read_run"),
            list_runs: reading!("list_runs"),
            star_run: fenced!("star_run"),
            delete_run: fenced!("delete_run"),
            clear_runs: fenced!("clear_runs"),
            claim_answer: fenced!("claim_answer"),
            keep_answer: fenced!("keep_answer"),
            forget_answer: fenced!("forget_answer"),
            audit_heads: reading!("audit_heads"),
            append_audit: fenced!("append_audit"),
            begin_audit: fenced!("begin_audit"),
            list_audit: reading!("list_audit"),
            audit_chain: reading!("audit_chain"),
            trim_audit: fenced!("trim_audit"),
            append_logs: fenced!("append_logs"),
            logs_after: reading!("logs_after"),
            logs_before: reading!("logs_before"),
            charge_rate: reading!("charge_rate"),
            put_tallies: fenced!("put_tallies"),
            read_tallies: reading!("read_tallies"),
            dump_tenant: reading!("dump_tenant"),
            dump_log: reading!("dump_log"),
            restore_log: fenced!("restore_log"),
        }
    }
}

/// How a writing script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    Exists,
    Missing,
    /// What it should have replaced is not what was there.
    Conflict,
}

impl Verdict {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "done" => Some(Self::Done),
            "exists" => Some(Self::Exists),
            "missing" => Some(Self::Missing),
            "conflict" => Some(Self::Conflict),
            _ => None,
        }
    }
}

/// Runs a script that answers with a verdict and what belongs to it.
pub(super) async fn decide<T: FromRedisValue>(
    servers: &Servers,
    script: &Script,
    keys: &[String],
    args: &[&[u8]],
) -> Result<(Verdict, T), RepositoryError> {
    let (word, rest): (String, T) = servers.write(script, keys, args).await?;
    let verdict = Verdict::parse(&word).ok_or_else(|| {
        RepositoryError::Unavailable(format!("Redis answered {word:?}, which no script of ours says"))
    })?;
    Ok((verdict, rest))
}

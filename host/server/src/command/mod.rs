//! The command line. One module a verb; what they share of reading code and showing errors is in `source` and `show`.

mod access;
mod alias;
mod audit;
mod bench;
mod build;
mod bundle;
mod code;
mod confirm;
mod contexts;
mod deploy;
mod dev;
mod doctor;
mod dotenv;
mod egress;
mod env;
mod helper;
mod hotkeys;
mod init;
mod key;
mod login;
mod logs;
mod open;
mod project;
mod remote;
mod replay;
mod run;
mod secret;
mod show;
mod source;
mod specifiers;
mod stdin;
mod store;
mod tenant;
mod up;
mod usage;
mod versions;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};
use isolet_domain::outcome::Outcome;
use isolet_runtime::WasmExecutor;
use isolet_runtime::config::{RuntimeConfig, Slow};
use isolet_runtime::priority::serving;

use crate::config::Config;

/// Self-hosted, multi-tenant host for code that other people wrote.
#[derive(Parser)]
#[command(name = "isolet", version, max_term_width = 100, after_help = exit_codes())]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start the host: REST API and console, and the ingress for functions.
    #[command(visible_alias = "serve")]
    Up(up::UpArguments),
    /// Run a module once and print its response. The exit code tells the outcome.
    Run(run::RunArguments),
    /// Run again what ran before: on its host, or with `--local` in this process.
    Replay(replay::ReplayArguments),
    /// Write a module's stand-alone component, which any wasi:http host can serve.
    Build(build::BuildArguments),
    /// Write the files that a project begins with.
    Init(init::InitArguments),
    /// Write what the runtime has, for TypeScript.
    Types(init::TypesArguments),
    /// Deploy a project, and again after every change of its files.
    Dev(dev::DevArguments),
    /// Make a project's folder, or a file, the live version of a function on a host, or an alias's.
    Deploy(deploy::DeployArguments),
    /// Divide a function's traffic among its versions.
    Alias(alias::AliasArguments),
    /// Send a function's traffic back to where it went before.
    Rollback(alias::RollbackArguments),
    /// Show what a tenant's code said and how its requests ended, and follow it.
    Logs(logs::LogsArguments),
    /// Open the console, signed in by a one-time link.
    Open(open::OpenArguments),
    /// Send a function requests, so many at a time, and say how it answered.
    Bench(bench::BenchArguments),
    /// Show a function's versions and what they changed, and upload one without deploying it.
    Versions(versions::VersionsArguments),
    /// Make, show, suspend and remove tenants.
    Tenant(tenant::TenantArguments),
    /// Show who changed what, and whether that is still as it was written.
    Audit(audit::AuditArguments),
    /// Write a store to a file and back, move tenants between stores, replace the key that secrets are sealed with.
    Store(store::StoreArguments),
    /// Show what tenants used, and export a month of it: of all that the key reaches, or of those that `--tenant` names.
    Usage(usage::UsageArguments),
    /// Make, show, rotate and revoke keys.
    Key(key::KeyArguments),
    /// Set, show and remove a function's variables.
    Env(env::EnvArguments),
    /// Set, import and remove values that only egress rules may send.
    Secret(secret::SecretArguments),
    /// Say what a function may send, and to whom.
    Egress(egress::EgressArguments),
    /// Keep a key for a host, read from standard input, under a name.
    Login(login::LoginArguments),
    /// Show, choose and forget the hosts that were logged in to.
    Context(login::ContextArguments),
    /// Compile a module and run its top level, and say what is wrong with it.
    Check(build::CheckArguments),
    /// What a host starts to compile components.
    #[command(name = helper::VERB, hide = true)]
    CompileComponents { walled: String },
    /// Say whether this machine has what a host needs, and try the walls around its process.
    Doctor(doctor::DoctorArguments),
    /// Print what makes a shell complete isolet's verbs and flags.
    Completions { shell: clap_complete::Shell },
}

/// Parses the arguments, runs the verb, and turns its result into an exit code: 0, 1 for a mistake in the call, or an outcome's.
pub fn main() -> ExitCode {
    // Two libraries bring a provider each; whoever asks first without this would find none chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    end_where_nobody_reads();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(said) => {
            // `--help` and `--version` come this way too. A pipe that nobody reads is no reason to fail.
            let _ = said.print();
            return ExitCode::from(u8::from(said.use_stderr()));
        }
    };
    let result = match arguments.verb {
        Verb::Up(arguments) => up::prepare(arguments).and_then(|prepared| on_threads(up::up(prepared))),
        Verb::Run(arguments) => on_threads(run::run(arguments)),
        Verb::Replay(arguments) => on_threads(replay::replay(arguments)),
        Verb::Build(arguments) => on_threads(build::build(arguments)),
        Verb::Deploy(arguments) => on_threads(deploy::deploy(arguments)),
        Verb::Alias(arguments) => on_threads(alias::alias(arguments)),
        Verb::Rollback(arguments) => on_threads(alias::rollback(arguments)),
        Verb::Logs(arguments) => on_threads(logs::logs(arguments)),
        Verb::Open(arguments) => on_threads(open::open(arguments)),
        Verb::Bench(arguments) => on_threads(bench::bench(arguments)),
        Verb::Versions(arguments) => on_threads(versions::versions(arguments)),
        Verb::Tenant(arguments) => on_threads(tenant::tenant(arguments)),
        Verb::Audit(arguments) => on_threads(audit::audit(arguments)),
        Verb::Usage(arguments) => on_threads(usage::usage(arguments)),
        Verb::Key(arguments) => on_threads(key::key(arguments)),
        Verb::Env(arguments) => on_threads(env::env(arguments)),
        Verb::Secret(arguments) => on_threads(secret::secret(arguments)),
        Verb::Store(arguments) => on_threads(store::store(arguments)),
        Verb::Egress(arguments) => on_threads(egress::egress(arguments)),
        Verb::Login(arguments) => on_threads(login::login(arguments)),
        Verb::Context(arguments) => login::context(arguments),
        Verb::Check(arguments) => on_threads(build::check(arguments)),
        Verb::CompileComponents { walled } => helper::serve(&walled),
        Verb::Doctor(arguments) => on_threads(doctor::doctor(arguments)),
        Verb::Init(arguments) => init::init(arguments),
        Verb::Types(arguments) => init::types(arguments),
        Verb::Dev(arguments) => on_threads(dev::dev(arguments)),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "isolet", &mut script);
            show::answer(String::from_utf8_lossy(&script).trim_end());
            Ok(0)
        }
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            show::error(&format!("{error:#}"));
            ExitCode::from(1)
        }
    }
}

/// For the end of `--help`; `host/docs/command-line.md` says more.
fn exit_codes() -> String {
    let mut codes: Vec<(u8, &str)> =
        Outcome::ALL.iter().map(|outcome| (outcome.exit_code(), outcome.as_str())).collect();
    codes.push((1, "a mistake in the call, or no answer"));
    codes.sort_unstable();
    let codes: Vec<String> = codes.iter().map(|(code, meaning)| format!("{code} {meaning}")).collect();
    format!("Exit codes, of code that runs its outcome: {}", codes.join(", "))
}

/// What is printed to a pipe whose reader has gone, or to a full disk, ends the program: it is no fault of ours, and says so in a line.
#[expect(clippy::disallowed_methods, reason = "in the midst of printing nothing else ends it without more words")]
fn end_where_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        // The words of the standard library's `println!`.
        let Some(error) = said.strip_prefix("failed printing to stdout: ") else { return usual(panic) };
        if error.contains("Broken pipe") {
            // As the signal would end it, which this process ignores.
            std::process::exit(128 + libc::SIGPIPE);
        }
        show::error(&format!("cannot write to standard output: {error}"));
        std::process::exit(1);
    }));
}

fn on_threads(verb: impl Future<Output = Result<u8>>) -> Result<u8> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // Guests take as many turns at a time as there are cores. One thread more looks at the sockets meanwhile, and the kernel gives it a core
    // at once, because it rests a lot.
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        builder.worker_threads(std::thread::available_parallelism()?.get() + 1);
    }
    let runtime = serving(builder.enable_all()).build()?;
    let result = runtime.block_on(verb);
    // Threads of finished work need not be waited for.
    runtime.shutdown_background();
    result
}

/// The built-in settings and the `ISOLET_…` variables.
fn settings(file: Option<&std::path::Path>) -> Result<Config> {
    Config::load(file, variables())
}

/// The environment, as far as it is text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// What `run` may keep of files it ran, so that the next call need not build them again.
const KEPT_OVERLAY_BYTES: u64 = 64 << 20;

/// The user's own folder for what can be made again, below their cache folder; none where there is no home.
fn cache_dir() -> Option<PathBuf> {
    let mut folders = variables().filter(|(name, _)| name == "XDG_CACHE_HOME" || name == "HOME").collect::<Vec<_>>();
    folders.sort_by_key(|(name, _)| name != "XDG_CACHE_HOME");
    folders.first().map(|(name, value)| {
        let base = PathBuf::from(value);
        if name == "HOME" { base.join(".cache/isolet/engine") } else { base.join("isolet/engine") }
    })
}

/// A runtime for one command, with the engine's compiled code and what was built before in the user's cache folder.
async fn runtime() -> Result<WasmExecutor> {
    let config = RuntimeConfig {
        cache_dir: cache_dir(),
        kept_overlay_bytes: KEPT_OVERLAY_BYTES,
        max_instances: 16,
        ..RuntimeConfig::default()
    };
    let started =
        tokio::task::spawn_blocking(move || WasmExecutor::start(&config, &(Arc::new(show::compiling) as Slow)));
    Ok(started.await??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_tells_every_exit_code() {
        let help = Arguments::command().render_help().to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        for outcome in Outcome::ALL {
            let told = format!("{} {outcome}", outcome.exit_code());
            assert!(help.contains(&told), "{told}: {help}");
        }
        assert!(help.contains("0 ok, 1 a mistake in the call"), "{help}");
    }
}

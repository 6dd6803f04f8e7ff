//! A running host: build everything, bind, serve, drain.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use isolet_api::{ApiConfig, AppState, Ingress, Listener, ServeOptions};
use isolet_domain::access::{Preset, TenantScope};
use isolet_domain::execute::GuestExecutor;
use isolet_domain::key::KeyPepper;
use isolet_domain::repository::Repository;
use isolet_domain::service::keys::Brought;
use isolet_domain::service::{Platform, PlatformConfig, activity, logs};
use isolet_domain::tenant::Tenant;
use isolet_runtime::WasmExecutor;
use isolet_runtime::compiler::Compiler;
use isolet_runtime::config::{RuntimeConfig, Slow};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crate::at_rest;
use crate::client::Client;
use crate::config::Config;
use crate::data_dir::{DataDir, write_secret};
use crate::managing::{Managing, give_way, stand_back};
use crate::origin::Origin;
use crate::tls::{Certificate, Files};
use crate::{open_files, others, own_keys, seed};

/// A host that serves until it is told to stop.
pub struct Host {
    pub started: Started,
    app: AppState,
    stop: watch::Sender<bool>,
    drain: Duration,
    serving: tokio::task::JoinSet<()>,
    /// What goes on beside it, until the host is dropped.
    beside: tokio::task::JoinSet<()>,
    certificates: Arc<[Certificate]>,
    /// Last: what it does goes on to the end.
    _managing: Managing,
}

/// What there is to say about a host that has started.
#[derive(Clone, Debug)]
pub struct Started {
    pub control_plane: SocketAddr,
    /// `http` or `https`.
    pub control_plane_scheme: &'static str,
    pub ingress: SocketAddr,
    pub ingress_scheme: &'static str,
    pub base_domain: String,
    /// Where people reach the control plane, and functions by the name that stands for `*`.
    pub console_url: String,
    pub functions_url: String,
    pub admin_key_file: PathBuf,
    /// Whether the admin key was made just now.
    pub first_start: bool,
    /// The one-time sign-in token.
    pub link: String,
    pub engine_digest: String,
    pub store: &'static str,
    pub data_dir: PathBuf,
}

impl Host {
    /// Starts a host and returns once it serves. `slow` is told what has to be compiled first.
    ///
    /// # Errors
    /// Whatever is missing or in the way, in words to act on.
    pub async fn start(config: &Config, slow: Slow) -> Result<Self> {
        Self::start_with(config, slow, None).await
    }

    /// The same, with what compiles components.
    ///
    /// # Errors
    /// Whatever is missing or in the way, in words to act on.
    pub async fn start_with(config: &Config, slow: Slow, compiler: Option<Arc<Compiler>>) -> Result<Self> {
        Self::start_on(config, config.runtime(), slow, compiler).await
    }

    /// The same on a runtime that is set up otherwise than the settings say.
    ///
    /// # Errors
    /// Whatever is missing or in the way, in words to act on.
    pub async fn start_on(
        config: &Config,
        runtime: RuntimeConfig,
        slow: Slow,
        compiler: Option<Arc<Compiler>>,
    ) -> Result<Self> {
        config.check()?;
        let files = open_files::raise();
        let data = DataDir::open(&config.server.data_dir)?;
        let executor = tokio::task::spawn_blocking(move || WasmExecutor::start_with(&runtime, &slow, compiler));
        let store = isolet_storage::open(&config.storage, data.path(), stand_back);
        let repository = store.await.context("cannot open the store")?;
        let executor = Arc::new(executor.await?.context("cannot start the runtime")?);
        let tls = |table, files: Option<Files>| files.map(|files| Certificate::load(table, files)).transpose();
        let control_plane_tls = tls("control_plane", config.control_plane.tls())?;
        let ingress_tls = tls("ingress", config.ingress.tls())?;
        let managing = Managing::start()?;
        let control_plane = {
            let _in = managing.handle().enter();
            bind(config.control_plane.address)?
        };
        let ingress = bind(config.ingress.address)?;
        let ingress_port = ingress.local_addr()?.port();
        own_keys::check(&data, &*repository).await?;
        let platform = Arc::new(platform(config, &data, repository, executor.clone())?);
        let (first_start, key) = admin_key(&platform, &data).await?;

        let (cached, local) = (executor.clone(), control_plane.local_addr()?);
        let here = |tls: bool, port| Origin { tls, host: config.ingress.base_domain.clone(), port };
        let functions = config.ingress.public_url.clone();
        let functions = functions.unwrap_or_else(|| here(ingress_tls.is_some(), ingress_port));
        let console_url = match &config.control_plane.public_url {
            Some(public) => public.to_string(),
            None => format!("{}://{local}", scheme(control_plane_tls.as_ref())),
        };
        let public_host = config.control_plane.public_url.iter().map(|public| public.host.clone());
        let app = AppState::new(
            platform.clone(),
            ApiConfig {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                wasmtime_version: isolet_runtime::WASMTIME_VERSION.to_owned(),
                engine_digest: executor.engine_digest().to_string(),
                mode: if config.is_open() { "production" } else { "development" }.to_owned(),
                base_domain: config.ingress.base_domain.clone(),
                ingress_port: functions.port,
                ingress_tls: functions.tls,
                public_url: console_url.clone(),
                allowed_hosts: config.control_plane.allowed_hosts.iter().cloned().chain(public_host).collect(),
                body_memory_bytes: config.control_plane.body_memory_mib << 20,
                cached_components: Some(Arc::new(move || cached.cached())),
                walls: Some(crate::walls::standing),
            },
        );
        if first_start {
            seed::seed(&Client::here(app.clone(), key)).await.context("cannot make the demo tenant")?;
        }
        let started = Started {
            control_plane: local,
            control_plane_scheme: scheme(control_plane_tls.as_ref()),
            ingress: ingress.local_addr()?,
            ingress_scheme: scheme(ingress_tls.as_ref()),
            base_domain: config.ingress.base_domain.clone(),
            console_url,
            functions_url: Origin { host: format!("*.{}", functions.host), ..functions }.to_string(),
            admin_key_file: data.admin_key(),
            first_start,
            link: platform.sign_in.issue_link(),
            engine_digest: executor.engine_digest().to_string(),
            store: platform.store_kind(),
            data_dir: data.path().to_owned(),
        };
        let (stop, stopping) = watch::channel(false);
        let options = ServeOptions {
            max_connections: open_files::connections(config.ingress.max_connections, files),
            max_connections_per_address: config.ingress.max_connections_per_address,
            behind_proxy: config.control_plane.behind_proxy,
            head_timeout: Duration::from_millis(config.ingress.head_timeout_ms),
            drain: Duration::from_secs(config.server.drain_s),
        };
        let mut serving = tokio::task::JoinSet::new();
        let told = |mut stopping: watch::Receiver<bool>| async move { drop(stopping.wait_for(|stop| *stop).await) };
        let router = isolet_api::control_plane(app.clone());
        let listener = |socket, tls: &Option<Certificate>| {
            let tls = tls.as_ref().map(Certificate::config).transpose()?;
            Ok::<_, anyhow::Error>(Listener::new(socket, tls))
        };
        let (control_plane, ingress) = (listener(control_plane, &control_plane_tls)?, listener(ingress, &ingress_tls)?);
        let managed = isolet_api::serve_control_plane(control_plane, router, options, give_way, told(stopping.clone()));
        serving.spawn_on(managed, managing.handle());
        serving.spawn(isolet_api::serve_ingress(ingress, Ingress::new(app.clone()), options, told(stopping)));
        let certificates: Arc<[Certificate]> = control_plane_tls.into_iter().chain(ingress_tls).collect();
        let mut beside = tokio::task::JoinSet::new();
        beside.spawn(at_rest::give_memory_back(platform.counters.clone()));
        beside.spawn(keep_logs(platform.clone()));
        beside.spawn(evict(platform.clone()));
        beside.spawn(count_activity(platform.clone()));
        beside.spawn(tend(platform.clone()));
        if config.storage.redis.url.is_some() {
            beside.spawn(others::share_rates(platform.clone()));
            beside.spawn(others::tell(platform.clone()));
            beside.spawn(others::hear(platform));
        }
        if !certificates.is_empty() {
            beside.spawn(watch_certificates(certificates.clone()));
        }
        executor.make_ready();
        Ok(Self { started, app, stop, drain: options.drain, serving, beside, certificates, _managing: managing })
    }

    /// Reads again what can be read anew without a restart: the certificates.
    pub fn reload(&self) {
        self.certificates.iter().for_each(Certificate::reload);
    }

    /// Stops taking requests, lets those in flight end, writes out what is batched.
    ///
    /// # Errors
    /// When the store does not take the last writes.
    pub async fn stop(mut self) -> Result<()> {
        let deadline = tokio::time::Instant::now() + self.drain;
        self.app.start_draining();
        let _ = self.stop.send(true);
        while self.serving.join_next().await.is_some() {}
        if tokio::time::timeout_at(deadline, self.app.platform().runs.ended()).await.is_err() {
            tracing::warn!("runs that nobody waits for were still under way at the end of the drain");
        }
        self.beside.abort_all();
        self.app.platform().flush().await.context("the last writes did not reach the store")
    }
}

/// Has what is written now and then written, until the host stops.
async fn tend(platform: Arc<Platform>) {
    let mut every = tokio::time::interval(Duration::from_secs(60));
    loop {
        every.tick().await;
        if let Err(error) = platform.tend().await {
            tracing::warn!(%error, "what was to be written could not be; it is tried again in a minute");
        }
    }
}

/// Has what tenants' code said sent to the store, until the host stops.
async fn keep_logs(platform: Arc<Platform>) {
    let mut every = tokio::time::interval(logs::FLUSH_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut well = true;
    loop {
        every.tick().await;
        // In a task of its own: what is on its way when the host stops must not be broken off.
        let sending = tokio::spawn({
            let platform = platform.clone();
            async move { platform.logs.flush().await }
        });
        let Ok(sent) = sending.await else { continue };
        // Said once, not every second.
        match &sent {
            Err(error) if well => {
                tracing::warn!(%error, "records of tenants' logs could not be stored; they wait, and the newest are dropped")
            }
            Ok(()) if !well => tracing::info!("records of tenants' logs are stored again"),
            _ => {}
        }
        well = sent.is_ok();
    }
}

/// Has ended what suspended tenants still have in flight. While the store is gone nobody can have been suspended.
async fn evict(platform: Arc<Platform>) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if let Err(error) = platform.evict().await {
            tracing::debug!(%error, "whether tenants in flight are suspended could not be asked");
        }
    }
}

async fn watch_certificates(certificates: Arc<[Certificate]>) {
    let mut every = tokio::time::interval(Duration::from_secs(10));
    loop {
        every.tick().await;
        certificates.iter().for_each(Certificate::reload_if_changed);
    }
}

const fn scheme(tls: Option<&Certificate>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

/// Has what tenants' executions came to sent to the store, until the host stops.
async fn count_activity(platform: Arc<Platform>) {
    let mut every = tokio::time::interval(activity::FLUSH_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut well = true;
    loop {
        every.tick().await;
        let sent = platform.count_activity().await;
        // Said once, not every time.
        match &sent {
            Err(error) if well => {
                tracing::warn!(%error, "series and usage could not be stored; they are kept until they can")
            }
            Ok(()) if !well => tracing::info!("series and usage are stored again"),
            _ => {}
        }
        well = sent.is_ok();
    }
}

/// Where a store that outlives nothing waits for no disk; elsewhere the folder for temporary files will do.
const MEMORY_FOLDER: &str = "/dev/shm";

/// A host without listeners, for the command line's own runs: its tenant is `local`, its store a folder that is deleted.
pub async fn in_process(config: &Config, executor: Arc<dyn GuestExecutor>) -> Result<(Client, tempfile::TempDir)> {
    let folder = tempfile::tempdir_in(MEMORY_FOLDER).or_else(|_| tempfile::tempdir());
    let folder = folder.context("cannot make a temporary folder")?;
    let data = DataDir::open(folder.path())?;
    let repository: Arc<dyn Repository> = Arc::new(isolet_storage::EmbeddedStore::open(folder.path())?);
    // The same tenant in every call: what was built for it before is its own.
    let local = TenantScope::local();
    let tenant = Tenant { id: local.id(), ..Tenant::new(local.slug().clone(), jiff::Timestamp::UNIX_EPOCH) };
    repository.create_tenant(&tenant).await.context("cannot make the local tenant")?;
    let platform = Arc::new(platform(config, &data, repository, executor)?);
    let (_, key) = platform.keys.mint_global(Preset::Admin, "command line".to_owned()).await?;
    let app = AppState::new(
        platform,
        ApiConfig {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            wasmtime_version: isolet_runtime::WASMTIME_VERSION.to_owned(),
            engine_digest: String::new(),
            mode: "development".to_owned(),
            base_domain: "localhost".to_owned(),
            ingress_port: 0,
            ingress_tls: false,
            public_url: "http://127.0.0.1".to_owned(),
            allowed_hosts: Vec::new(),
            body_memory_bytes: config.control_plane.body_memory_mib << 20,
            cached_components: None,
            walls: None,
        },
    );
    Ok((Client::here(app, key.expose().to_owned()), folder))
}

fn platform(
    config: &Config,
    data: &DataDir,
    repository: Arc<dyn Repository>,
    executor: Arc<dyn GuestExecutor>,
) -> Result<Platform> {
    let (pepper, master) = (KeyPepper::new(data.pepper()?), data.master_keys()?);
    let ceiling = Some(config.egress.policy()?);
    let audit = Some(data.audit_chains()?);
    let config = PlatformConfig { egress_ceiling: ceiling, audit, ..config.platform() };
    Ok(Platform::new(repository, executor, pepper, master, config))
}

/// The admin key: read from its file, or made and written there on the first start.
async fn admin_key(platform: &Platform, data: &DataDir) -> Result<(bool, String)> {
    let path = data.admin_key();
    if path.exists() {
        let shown = path.display();
        let key = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{shown}`"))?.trim().to_owned();
        return match platform.keys.bring(&key).await? {
            Brought::Known => Ok((false, key)),
            Brought::Taken => Ok((true, key)),
            Brought::Unknown => {
                tracing::warn!("the key in `{shown}` is not good any more: use one of the store's other admin keys");
                Ok((false, key))
            }
            Brought::NoKey => Err(anyhow!("`{shown}` holds no API key: put the right one there, or remove it")),
        };
    }
    let (_, secret) = platform.keys.mint_global(Preset::Admin, "first start".to_owned()).await?;
    write_secret(&path, format!("{}\n", secret.expose()).as_bytes())?;
    Ok((true, secret.expose().to_owned()))
}

/// Connections that may wait to be accepted, if the kernel allows as many. With fewer, callers who come all at once while guests keep the
/// cores busy are turned away by the kernel, without a word.
const BACKLOG: u32 = 4_096;

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port whose last connections are still winding down is free.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Binds, taking the next free port where the wanted one is busy on loopback.
fn bind(address: SocketAddr) -> Result<TcpListener> {
    let mut last = None;
    let tries = if address.ip().is_loopback() && address.port() != 0 { 20 } else { 1 };
    for step in 0..tries {
        let at = SocketAddr::new(address.ip(), address.port().saturating_add(step));
        match listen(at) {
            Ok(listener) => {
                if step > 0 {
                    tracing::warn!("port {} is busy; using {} instead", address.port(), at.port());
                }
                return Ok(listener);
            }
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| std::io::Error::other("no port tried"));
    Err(anyhow!(error).context(format!("cannot listen on {address}")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn connections_wait_that_nobody_accepts_yet() {
        let listener = bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let address = listener.local_addr().expect("bound");
        let mut waiting = Vec::new();
        for _ in 0..1_000 {
            waiting.push(std::net::TcpStream::connect_timeout(&address, Duration::from_secs(5)).expect("it waits"));
        }
        for number in 0..waiting.len() {
            let accepted = tokio::time::timeout(Duration::from_millis(500), listener.accept()).await;
            assert!(accepted.is_ok_and(|accepted| accepted.is_ok()), "only {number} were kept");
        }
    }
}

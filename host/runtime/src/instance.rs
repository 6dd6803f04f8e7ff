//! The state of one instance and everything a guest can reach through its imports. Sockets and files are not linked: a guest has
//! no name for them. Outgoing HTTP goes through `egress` alone.

use std::sync::Arc;
use std::time::Duration;

use isolet_domain::limits::Limits;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Engine, ResourceLimiter};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, random};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types as http_types};
use wasmtime_wasi_http::{RequestOptions, WasiHttp, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::config::MAX_MEMORY_BYTES;
use crate::egress::Pass;
use crate::memory::Share;
use crate::meter::Meter;
use crate::records::{Records, Stderr};

/// Handles of all kinds a guest may hold at once.
const MAX_HANDLES: usize = 2_000;
/// Random bytes a guest gets in one call.
const MAX_RANDOM_BYTES: u64 = 64 << 10;
/// Bytes of one response body chunk in the host.
const BODY_CHUNK_BYTES: usize = 64 << 10;
/// Bytes of header fields in one object.
pub const MAX_FIELD_BYTES: usize = 64 << 10;
/// Bytes a guest may make the host copy in one call.
pub const HOSTCALL_FUEL: usize = 16 << 20;

/// One instance's state. Made for one request and dropped with it.
pub struct InstanceState {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    pub meter: Arc<Meter>,
    max_memory_bytes: usize,
    share: Share,
    pub memory_peak_bytes: usize,
    pub refused_growth: bool,
}

impl InstanceState {
    pub fn new(
        meter: Arc<Meter>,
        records: Arc<Records>,
        env: &[(String, String)],
        entrypoint: Option<&str>,
        limits: &Limits,
        share: Share,
        pass: Pass,
    ) -> Self {
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(Stderr(records.clone()))
            .stderr(Stderr(records))
            .max_random_size(MAX_RANDOM_BYTES)
            .insecure_random_seed(0)
            .wall_clock(GuestClock(meter.clone()))
            .monotonic_clock(GuestClock(meter.clone()))
            .envs(env)
            .env("ISOLET_RECORDS", "1");
        if let Some(entrypoint) = entrypoint {
            wasi.env("ISOLET_ENTRYPOINT", entrypoint);
        }
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELD_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self {
            wasi: wasi.build(),
            http,
            table,
            hooks: Hooks(pass),
            meter,
            max_memory_bytes: usize::try_from(limits.memory_bytes)
                .map_or(MAX_MEMORY_BYTES, |bytes| bytes.min(MAX_MEMORY_BYTES)),
            share,
            memory_peak_bytes: 0,
            refused_growth: false,
        }
    }
}

impl InstanceState {
    /// Whether a memory that starts with this many bytes is within the limit.
    pub fn admit_memory(&mut self, bytes: usize) -> wasmtime::Result<()> {
        if self.memory_growing(0, bytes, None)? {
            return Ok(());
        }
        Err(wasmtime::format_err!("what start-up left is more memory than the run may have"))
    }
}

impl ResourceLimiter for InstanceState {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.max_memory_bytes {
            self.refused_growth = true;
            return Ok(false);
        }
        self.share.grow_to(desired)?;
        self.memory_peak_bytes = self.memory_peak_bytes.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 20_000)
    }

    // A component has a handful: its main module, and what links it.
    fn instances(&self) -> usize {
        100
    }

    fn tables(&self) -> usize {
        20
    }

    fn memories(&self) -> usize {
        2
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for InstanceState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// Clocks that advance only while the guest waits.
struct GuestClock(Arc<Meter>);

impl HostWallClock for GuestClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0.wall()
    }
}

impl HostMonotonicClock for GuestClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        self.0.monotonic_ns()
    }
}

/// Policy of the HTTP imports: requests leave through the invocation's pass.
struct Hooks(Pass);

type Connection = Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>;
type Sent = Result<(http::Response<wasmtime_wasi_http::WasiBody>, Connection), wasmtime_wasi_http::Error>;

impl WasiHttpHooks for Hooks {
    // The one way out.
    fn send_request(
        &mut self,
        request: http::Request<wasmtime_wasi_http::WasiBody>,
        _: Option<RequestOptions>,
        _: Connection,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let pass = self.0.clone();
        Box::new(async move {
            let response = pass.send(request).await?;
            let connection: Connection = Box::new(std::future::ready(Ok(())));
            Ok((response, connection))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES
    }
}

/// Every import there is. A component that wants more does not instantiate.
pub fn link_guest(engine: &Engine) -> wasmtime::Result<Linker<InstanceState>> {
    type S = InstanceState;
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    wasmtime_wasi_io_bindings(l)?;
    clocks::wall_clock::add_to_linker::<S, WasiClocks>(l, S::clocks)?;
    clocks::monotonic_clock::add_to_linker::<S, WasiClocks>(l, S::clocks)?;
    random::random::add_to_linker::<S, WasiRandom>(l, |state| state.wasi.random())?;
    random::insecure_seed::add_to_linker::<S, WasiRandom>(l, |state| state.wasi.random())?;
    cli::environment::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::exit::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::stdin::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::stdout::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::stderr::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::terminal_input::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::terminal_output::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::terminal_stdin::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::terminal_stdout::add_to_linker::<S, WasiCli>(l, S::cli)?;
    cli::terminal_stderr::add_to_linker::<S, WasiCli>(l, S::cli)?;
    let options = wasmtime_wasi_http::p2::bindings::LinkOptions::default();
    http_types::add_to_linker::<S, WasiHttp>(l, &(&options).into(), S::http)?;
    outgoing_handler::add_to_linker::<S, WasiHttp>(l, S::http)?;
    Ok(linker)
}

/// `wasi:io`, over the instance's own table.
fn wasmtime_wasi_io_bindings(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    use wasmtime_wasi::p2::bindings::io::{error, poll, streams};
    struct Table;
    impl wasmtime::component::HasData for Table {
        type Data<'a> = &'a mut ResourceTable;
    }
    error::add_to_linker::<InstanceState, Table>(linker, |state| &mut state.table)?;
    poll::add_to_linker::<InstanceState, Table>(linker, |state| &mut state.table)?;
    streams::add_to_linker::<InstanceState, Table>(linker, |state| &mut state.table)
}

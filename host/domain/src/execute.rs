//! The port to whatever runs guests: how code is prepared, what goes into an invocation and what comes out. The WebAssembly
//! behind it is in `runtime`; who may run what is decided by the use cases.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::access::TenantScope;
use crate::body::Body;
use crate::code::Code;
use crate::egress::Egress;
use crate::ids::{Digest, TenantId};
use crate::limits::Limits;
use crate::outcome::Outcome;

/// Runs guests.
#[async_trait]
pub trait GuestExecutor: Send + Sync {
    /// The key under which this code is built and cached here: its digest with the engine's, so a new engine means a new key.
    fn code_key(&self, code_digest: &Digest) -> Digest;

    /// Code that is ready already, or `None` when it must be prepared. Only this tenant's own builds are looked at.
    async fn lookup(&self, tenant: &TenantScope, code_key: &Digest) -> Option<Prepared>;

    /// Compiles the code and runs its top level, once per tenant and code key however many ask at the same time.
    ///
    /// # Errors
    /// The code's own faults and limits, or `Overloaded` when this tenant's build queue is full.
    async fn prepare(&self, tenant: &TenantScope, code: &Code, options: PrepareOptions)
    -> Result<Prepared, BuildError>;

    /// What is wrong with the code, and what is doubtful, without running any of it.
    ///
    /// # Errors
    /// Limits that checking hit, or `Overloaded` when this tenant's build queue is full.
    async fn check(
        &self,
        tenant: &TenantScope,
        code: &Code,
        options: PrepareOptions,
    ) -> Result<Vec<Diagnostic>, BuildError>;

    /// Starts a fresh instance and sends it the request. Returns when there is a response head or none will come.
    async fn invoke(&self, prepared: &Prepared, invocation: Invocation) -> Answer;

    /// The stand-alone component of this code, which any `wasi:http` host can serve.
    async fn export(&self, tenant: &TenantScope, code: &Code, options: PrepareOptions) -> Result<Vec<u8>, BuildError>;
}

/// How to build.
#[derive(Clone, Copy, Debug)]
pub struct PrepareOptions {
    /// `startup_cpu`, `build_cpu`, `memory_bytes`, `overlay_bytes` and `overlay_segments` count.
    pub limits: Limits,
    /// Build anew even when there is a build, and leave the cache alone.
    pub fresh: bool,
}

/// Code that is ready to be instantiated.
#[derive(Clone)]
pub struct Prepared {
    pub code_key: Digest,
    /// Whether it was there already.
    pub cached: bool,
    pub build: BuildReport,
    /// What is doubtful about the code, in words.
    pub warnings: Arc<[String]>,
    /// The executor's own form of it.
    pub artifact: Arc<dyn Any + Send + Sync>,
}

/// What a build took; of a cached one, what it had taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BuildReport {
    /// TypeScript and JSX to JavaScript, and diagnostics; nothing for plain JavaScript.
    pub front_end: Duration,
    /// JavaScript to bytecode.
    pub compile: Duration,
    /// Start-up and the snapshot of what it left.
    pub build: Duration,
    pub startup_cpu: Duration,
    pub overlay_bytes: u64,
    pub overlay_segments: u32,
}

/// Where in the tenant's code something is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1; 0 when only the line is known.
    pub column: u32,
}

/// An error of the tenant's code, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestError {
    pub message: String,
    pub stack: String,
    pub position: Option<Position>,
    /// Of code that could not be built: everything that is wrong with it, this error among the rest. May be empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl GuestError {
    /// What of the diagnostics is in the way.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// One thing that is wrong with code, or doubtful about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// What kind of thing it is, where that has a name.
    pub code: Option<String>,
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    pub position: Option<Position>,
    /// How many characters it is about, from the position on.
    pub length: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    #[default]
    Error,
    Warning,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Why code could not be prepared.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BuildError {
    /// `outcome` is one of the start-up and build outcomes.
    #[error("{}", .error.message)]
    Code { outcome: Outcome, error: GuestError },
    #[error("too many builds are waiting")]
    Overloaded { retry_after: Duration },
    #[error("the build failed inside the host")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// One request to a guest.
pub struct Invocation {
    /// URI in absolute form: the guest sees it as its request's URL.
    pub request: http::Request<Body>,
    /// Bytes of its body that are in memory, and count with what all guests have there.
    pub held_bytes: u64,
    pub env: Arc<[(String, String)]>,
    pub limits: Limits,
    /// Whose it is: connections to the outside are a tenant's own.
    pub tenant: TenantId,
    /// Which outgoing requests it may make.
    pub egress: Arc<Egress>,
    /// The export of the main module that answers; `default` unless asked otherwise.
    pub entrypoint: Option<String>,
    /// Told of console lines and phases as they happen. Bounded by `limits.log_bytes`.
    pub events: Option<mpsc::UnboundedSender<RunEvent>>,
    /// What must not be given back before the instance is gone: the caller's place in flight. A caller that goes away ends the
    /// guest a little later than itself, and pays for it all the same.
    pub place: Option<Arc<dyn Place>>,
    /// Called once with the account, when the instance is gone: also when nobody waits for the report any more. It may take the
    /// lines out of it. Dropped uncalled only where the host itself failed.
    pub ended: Option<Ended>,
}

/// A place in flight.
pub trait Place: Send + Sync {
    /// Told what the invocation used, once its guest has ended; and once more, with that alone, of what went out or came in after that.
    fn pay(&self, report: &Report);

    /// Told just before the answer is complete. What is left is to clear the instance away, and the place is given back after that.
    fn answered(&self);

    /// Asked each second of an invocation that goes on: whether it must end, because its tenant was suspended meanwhile or is gone.
    fn must_end(&self) -> bool;
}

/// What to do when an instance is gone.
pub type Ended = Box<dyn FnOnce(&mut Report) + Send>;

/// What happens while a guest runs.
#[derive(Clone, Debug)]
pub enum RunEvent {
    Phase { name: &'static str, took: Duration },
    Log(LogLine),
}

/// What came of an invocation.
pub struct Answer {
    /// The guest's response; `None` when it was stopped before it gave one.
    pub response: Option<http::Response<Body>>,
    /// Resolves once the instance is gone. Dropping `response` before its end makes that soon.
    pub report: oneshot::Receiver<Report>,
}

/// The account of a finished invocation.
#[derive(Clone, Debug)]
pub struct Report {
    pub outcome: Outcome,
    /// Of the guest's response, where there was one.
    pub status: Option<u16>,
    pub error: Option<GuestError>,
    pub logs: Vec<LogLine>,
    pub logs_truncated: bool,
    pub subrequests: Vec<Subrequest>,
    pub timing: Timing,
    pub usage: Usage,
}

impl Report {
    /// Of an instance that nothing but the end is known of.
    pub fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            status: None,
            error: None,
            logs: Vec::new(),
            logs_truncated: false,
            subrequests: Vec::new(),
            timing: Timing::default(),
            usage: Usage::default(),
        }
    }
}

/// One console line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Milliseconds since the invocation began.
    pub t_ms: u64,
    pub level: LogLevel,
    pub message: String,
    pub position: Option<Position>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Debug,
    Log,
    Info,
    Warn,
    Error,
    Trace,
}

impl LogLevel {
    pub const ALL: [Self; 6] = [Self::Debug, Self::Log, Self::Info, Self::Warn, Self::Error, Self::Trace];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Log => "log",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Trace => "trace",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == raw)
    }
}

/// One outgoing request, made or refused. A redirect that is followed is one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subrequest {
    pub url: String,
    pub method: String,
    pub status: Option<u16>,
    pub took: Duration,
    /// The rule that allowed it.
    pub allowed_by: Option<String>,
    /// The rule, limit or check that refused it.
    pub denied_by: Option<String>,
    /// Why an allowed one failed.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timing {
    pub instantiate: Duration,
    /// From the instance being ready to its end.
    pub run: Duration,
    /// From the start of the invocation to the response head.
    pub first_byte: Duration,
    pub total: Duration,
    /// From the guest's end until the client had taken the rest of the response. Not part of `total`.
    pub rest: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub cpu: Duration,
    pub memory_peak_bytes: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub egress_bytes: u64,
}

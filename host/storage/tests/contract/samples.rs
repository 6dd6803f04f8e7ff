//! Things to store, with every field filled with what is hard to keep.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use isolet_domain::access::{Preset, Scope};
use isolet_domain::alias::{Alias, Share, Split, Sticky};
use isolet_domain::bounds::{Bounds, FunctionPattern};
use isolet_domain::egress::{Action, EgressPolicy, EgressRule, HostPattern, Injection};
use isolet_domain::execute::{GuestError, LogLevel, LogLine, Position, Subrequest, Timing, Usage};
use isolet_domain::function::{Function, Version};
use isolet_domain::ids::{AliasName, Digest, EnvName, FunctionName, KeyId, RequestId, RunId, TenantId, VersionId};
use isolet_domain::key::Key;
use isolet_domain::limits::{LimitBounds, Limits};
use isolet_domain::log::{LogError, LogRecord, Origin, Via};
use isolet_domain::network::Network;
use isolet_domain::outcome::Outcome;
use isolet_domain::run::{CallOptions, RecordedRequest, RecordedResponse, Run, RunResult};
use isolet_domain::secret::Sealed;
use isolet_domain::trace::TraceId;
use jiff::Timestamp;

/// NUL, control characters, both line separators, right-to-left, beyond the first plane, quotes, and what Redis and Lua and
/// JSON find special.
pub const NASTY: &str =
    "\0 \u{1} \r\n \u{2028}\u{2029} \u{202e}שלום 😀 \" ' \\ {}[]:%* $ -- ]] \u{feff}\u{7f}é e\u{301}";

pub fn name(raw: &str) -> FunctionName {
    FunctionName::parse(raw).expect("a good name")
}

pub fn function(raw: &str) -> Function {
    let mut function = Function::new(name(raw), Timestamp::now());
    function.labels.insert(NASTY.to_owned(), String::new());
    function.labels.insert(String::new(), NASTY.to_owned());
    function.env.insert(EnvName::parse("WHO").expect("a good name"), NASTY.repeat(100));
    function.egress = Some(policy());
    function.limits = limits();
    function.aliases.insert(AliasName::parse("next").expect("a good name"), alias());
    function.secrets.insert(EnvName::parse("TOKEN").expect("a good name"), Sealed::from_bytes((0..=0xFF).collect()));
    function
}

/// A split with a history.
pub fn alias() -> Alias {
    let share = |name: &str, weight: u16| Share { version: version(name).id, weight };
    let shares = ["1", "2", "3"].into_iter().zip([9_999, 1, 0]).map(|(name, weight)| share(name, weight));
    let sticky = Sticky::Header(HeaderName::from_static("x-user"));
    let mut alias = Alias::new(Split::new(shares.collect()).expect("whole"), sticky, Timestamp::now());
    alias.point_at(Split::whole(version("2").id), Timestamp::now());
    alias
}

/// Rules with everything, and one with nothing.
pub fn policy() -> Arc<EgressPolicy> {
    let full = EgressRule {
        action: Action::Allow,
        host: HostPattern::parse("*.example.com").expect("a good pattern"),
        ports: vec![1, 65_535],
        methods: vec!["GET".to_owned()],
        path_prefix: "/v1/".to_owned(),
        inject: vec![Injection { header: "x".to_owned(), secret: "TOKEN".to_owned(), prefix: NASTY.to_owned() }],
        private: true,
    };
    Arc::new(EgressPolicy { rules: vec![full, EgressRule::default()] })
}

pub fn version(code: &str) -> Version {
    let digest = Digest::of(code.as_bytes());
    Version {
        id: VersionId::of(&digest),
        digest,
        number: 4_711,
        main_module: NASTY.to_owned(),
        message: NASTY.to_owned(),
        overlay_bytes: u64::MAX,
        startup_cpu_us: 1,
        created_at: Timestamp::now(),
    }
}

pub fn key(tenant: Option<TenantId>, secret: &str) -> Key {
    Key {
        id: KeyId::generate(),
        name: NASTY.to_owned(),
        preset: if tenant.is_some() { Preset::Deployer } else { Preset::Admin },
        tenant,
        bounds: if tenant.is_some() { bounds() } else { Bounds::default() },
        hash: Digest::of(secret.as_bytes()),
        created_at: Timestamp::now(),
        last_used_at: None,
    }
}

/// Every limit, each another one.
pub fn limits() -> LimitBounds {
    let ms = |ms: u64| Some(Duration::from_millis(ms));
    LimitBounds {
        cpu: ms(1),
        wall: ms(2),
        streaming_wall: ms(3),
        memory_bytes: Some(u64::MAX),
        request_body_bytes: Some(4),
        response_body_bytes: Some(5),
        log_bytes: Some(6),
        subrequests: Some(u32::MAX),
        wait_until: ms(7),
        startup_cpu: ms(8),
        build_cpu: ms(9),
        concurrency: Some(10),
        rate_per_second: Some(11),
        cpu_per_minute: ms(12),
        egress_bytes_per_minute: Some(u64::MAX),
        log_bytes_per_minute: Some(0),
        stored_bytes: Some(13),
        versions_kept: Some(u32::MAX),
    }
}

/// Every kind of bound.
fn bounds() -> Bounds {
    let functions = ["*", "a-b", "c-*"].map(|raw| FunctionPattern::parse(raw).expect("a good pattern"));
    let networks = ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.3", "2001:db8::/33", "::1"]
        .map(|raw| Network::parse(raw).expect("a good network"));
    Bounds {
        scopes: Some([Scope::Deploy, Scope::FunctionsRead].into()),
        functions: Some(functions.into()),
        networks: Some(networks.into()),
        // With as many digits as a time has: it must come back exactly.
        expires_at: Some(Timestamp::now() + Duration::from_nanos(1)),
    }
}

/// A prompt that was saved and not run.
pub fn prompt(text: &str) -> Run {
    Run {
        id: RunId::generate(),
        created_at: Timestamp::now(),
        starred: false,
        prompt: Some(text.to_owned()),
        result: None,
    }
}

/// A run with everything.
pub fn run(text: &str) -> Run {
    let position = Some(Position { file: NASTY.to_owned(), line: u32::MAX, column: 0 });
    let digest = Digest::of(text.as_bytes());
    let every_byte: Vec<u8> = (0..=0xFF).collect();
    let result = RunResult {
        outcome: Outcome::EgressDenied,
        version: VersionId::of(&digest),
        code: digest,
        function: FunctionName::parse("hello").ok(),
        request: RecordedRequest {
            method: "POST".to_owned(),
            path: NASTY.to_owned(),
            headers: vec![("x".to_owned(), NASTY.to_owned()), ("x".to_owned(), String::new())],
            body: every_byte.clone(),
            body_truncated: true,
        },
        call: Some(CallOptions {
            egress: Some(policy()),
            limits: Limits { cpu: Duration::from_millis(1), subrequests: 0, ..Limits::MAX },
            entrypoint: Some(NASTY.to_owned()),
        }),
        env_names: vec!["WHO".to_owned()],
        response: Some(RecordedResponse { status: 599, headers: Vec::new(), body: every_byte, truncated: false }),
        error: Some(GuestError {
            message: NASTY.to_owned(),
            stack: NASTY.to_owned(),
            position: position.clone(),
            diagnostics: Vec::new(),
        }),
        logs: LogLevel::ALL
            .iter()
            .map(|level| LogLine {
                t_ms: u64::MAX,
                level: *level,
                message: NASTY.to_owned(),
                position: position.clone(),
            })
            .collect(),
        logs_truncated: true,
        subrequests: vec![
            Subrequest {
                url: NASTY.to_owned(),
                method: "GET".to_owned(),
                status: Some(0),
                took: Duration::from_micros(1),
                allowed_by: Some(NASTY.to_owned()),
                denied_by: None,
                error: Some(NASTY.to_owned()),
            },
            Subrequest {
                url: String::new(),
                method: String::new(),
                status: None,
                took: Duration::from_micros(u64::MAX),
                allowed_by: None,
                denied_by: Some(NASTY.to_owned()),
                error: None,
            },
        ],
        cached: true,
        cold: false,
        build: Duration::from_micros(1),
        compile: Duration::from_micros(2),
        front_end: Duration::from_micros(7),
        startup_cpu: Duration::from_micros(3),
        timing: Timing {
            instantiate: Duration::from_micros(4),
            run: Duration::from_micros(5),
            first_byte: Duration::from_micros(6),
            total: Duration::from_secs(900),
            ..Timing::default()
        },
        usage: Usage {
            cpu: Duration::from_micros(7),
            memory_peak_bytes: u64::MAX,
            request_bytes: 1,
            response_bytes: 2,
            egress_bytes: 3,
        },
        warnings: vec![NASTY.to_owned()],
    };
    Run { result: Some(result), ..prompt(text) }
}

/// A log record with everything.
pub fn log_record() -> LogRecord {
    let Some(result) = run("log").result else { unreachable!("a run has a result") };
    LogRecord {
        at: Timestamp::now() + Duration::from_nanos(1),
        via: Via::Run,
        origin: Arc::new(Origin { function: None, alias: None, version: result.version, number: None }),
        request: RequestId::generate(),
        trace: TraceId::parse("4bf92f3577b34da6a3ce929d0e0e4736"),
        run: Some(RunId::generate()),
        outcome: result.outcome,
        status: Some(599),
        method: "M-SEARCH".to_owned(),
        path: NASTY.to_owned(),
        duration: Duration::from_secs(900),
        cpu: Duration::from_micros(7),
        memory_peak_bytes: u64::MAX,
        cold: true,
        error: result.error.map(|error| LogError { message: error.message, position: error.position }),
        lines: result.logs,
        lines_truncated: true,
    }
}

//! A stand-in for the executor, for tests: no engine, and guests that do what a word in their source says. The real one is in
//! `runtime`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;

use crate::access::TenantScope;
use crate::body::{self, Body, BodyError};
use crate::code::Code;
use crate::egress::Outgoing;
use crate::execute::{
    Answer, BuildError, BuildReport, Diagnostic, Ended, GuestError, GuestExecutor, Invocation, LogLevel, LogLine,
    Position, PrepareOptions, Prepared, Report, RunEvent, Timing, Usage,
};
use crate::ids::{Digest, TenantId};
use crate::outcome::Outcome;

/// What a guest does when its entry module contains the word; without any it answers with method, URL and body.
pub mod words {
    /// Does not compile: line 2, column 5.
    pub const SYNTAX: &str = "syntax!";
    pub const THROWS: &str = "throws!";
    pub const LOOPS: &str = "loops!";
    /// Never answers.
    pub const HANGS: &str = "hangs!";
    /// Answers after a second.
    pub const SLOW: &str = "slow!";
    /// Brings down the host's own code.
    pub const PANICS: &str = "panics!";
    /// Is stopped after its first bytes.
    pub const BREAKS_OFF: &str = "breaks off!";
    /// Answers in three pieces, the last of them not UTF-8.
    pub const STREAMS: &str = "streams!";
    /// Answers with its variables.
    pub const ENV: &str = "env!";
    /// Answers with headers that are not for it to set.
    pub const FORGES: &str = "forges!";
    /// Answers with what becomes of a request to the host that its path names.
    pub const FETCHES: &str = "fetches!";
    /// Answers with milliseconds of CPU that it may take, and with its entrypoint.
    pub const NARROWED: &str = "narrowed!";
    /// Answers with the headers it got.
    pub const HEADERS: &str = "headers!";
    /// Answers with more than lies between two sockets: 8 MiB.
    pub const LARGE: &str = "large!";
}

#[derive(Default)]
pub struct FakeGuests {
    ready: Mutex<HashMap<(TenantId, Digest), Prepared>>,
    builds: AtomicUsize,
}

impl FakeGuests {
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds so far.
    pub fn builds(&self) -> usize {
        self.builds.load(Ordering::Acquire)
    }

    fn ready(&self) -> std::sync::MutexGuard<'_, HashMap<(TenantId, Digest), Prepared>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl GuestExecutor for FakeGuests {
    fn code_key(&self, code_digest: &Digest) -> Digest {
        Digest::of(code_digest.as_bytes())
    }

    async fn lookup(&self, tenant: &TenantScope, code_key: &Digest) -> Option<Prepared> {
        let found = self.ready().get(&(tenant.id(), *code_key)).cloned()?;
        Some(Prepared { cached: true, ..found })
    }

    async fn prepare(
        &self,
        tenant: &TenantScope,
        code: &Code,
        options: PrepareOptions,
    ) -> Result<Prepared, BuildError> {
        let source = code.modules()[code.main_module()].text.clone();
        if source.contains(words::SYNTAX) {
            let position = Some(Position { file: code.main_module().to_owned(), line: 2, column: 5 });
            let error =
                GuestError { message: "SyntaxError: unexpected token".into(), position, ..GuestError::default() };
            return Err(BuildError::Code { outcome: Outcome::BuildFailed, error });
        }
        let code_key = self.code_key(&code.digest());
        if !options.fresh
            && let Some(ready) = self.lookup(tenant, &code_key).await
        {
            return Ok(ready);
        }
        self.builds.fetch_add(1, Ordering::AcqRel);
        let build = BuildReport { build: Duration::from_millis(2), overlay_bytes: 4_096, ..BuildReport::default() };
        let built = Prepared { code_key, cached: false, build, warnings: Arc::default(), artifact: Arc::new(source) };
        self.ready().insert((tenant.id(), code_key), built.clone());
        Ok(built)
    }

    async fn check(&self, _: &TenantScope, code: &Code, _: PrepareOptions) -> Result<Vec<Diagnostic>, BuildError> {
        let source = &code.modules()[code.main_module()].text;
        let position = Some(Position { file: code.main_module().to_owned(), line: 2, column: 5 });
        let wrong = source.contains(words::SYNTAX).then(|| Diagnostic {
            message: "unexpected token".into(),
            help: Some("take it out".into()),
            position,
            length: 1,
            ..Diagnostic::default()
        });
        Ok(wrong.into_iter().collect())
    }

    async fn invoke(&self, prepared: &Prepared, mut invocation: Invocation) -> Answer {
        let source = prepared.artifact.downcast_ref::<Arc<str>>().expect("made by this fake").clone();
        let is = |word: &str| source.contains(word);
        assert!(!is(words::PANICS), "the guest asked for it");
        let mut ended = Ending(invocation.ended.take());
        if is(words::SLOW) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if is(words::HANGS) {
            std::future::pending::<()>().await;
        }
        let line = LogLine { t_ms: 1, level: LogLevel::Info, message: "here".into(), position: None };
        if let Some(events) = &invocation.events {
            let _ = events.send(RunEvent::Phase { name: "instantiate", took: Duration::from_micros(40) });
            let _ = events.send(RunEvent::Log(line.clone()));
        }
        let place = invocation.place.clone();
        let outcome = match () {
            () if is(words::THROWS) => Outcome::Exception,
            () if is(words::LOOPS) || is(words::BREAKS_OFF) => Outcome::CpuLimit,
            () => Outcome::Ok,
        };
        let response = match outcome {
            Outcome::Ok => Some(answer(&is, invocation).await),
            _ if is(words::BREAKS_OFF) => Some(http::Response::new(pieces(vec![
                Ok(Bytes::from_static(b"partial")),
                Err(BodyError::Stopped(Outcome::CpuLimit)),
            ]))),
            _ => None,
        };
        let (tell, report) = oneshot::channel();
        let error = (outcome != Outcome::Ok)
            .then(|| GuestError { message: "Error: secret words".into(), ..GuestError::default() });
        let timing = Timing { run: Duration::from_micros(900), total: Duration::from_millis(1), ..Timing::default() };
        let mut account = Report {
            outcome,
            status: response.as_ref().map(|response| response.status().as_u16()),
            error,
            logs: vec![line],
            logs_truncated: false,
            subrequests: Vec::new(),
            timing,
            usage: Usage { cpu: Duration::from_micros(700), memory_peak_bytes: 1 << 20, ..Usage::default() },
        };
        if let Some(place) = place {
            place.pay(&account);
        }
        if let Some(ended) = ended.0.take() {
            ended(&mut account);
        }
        let _ = tell.send(account);
        Answer { response, report }
    }

    async fn export(&self, _: &TenantScope, code: &Code, _: PrepareOptions) -> Result<Vec<u8>, BuildError> {
        Ok(format!("the component of {}", code.digest()).into_bytes())
    }
}

/// Tells of a guest that was given up before it ended.
struct Ending(Option<Ended>);

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(ended) = self.0.take() {
            ended(&mut Report::of(Outcome::ClientDisconnected));
        }
    }
}

async fn answer(is: &(dyn Fn(&str) -> bool + Sync), invocation: Invocation) -> http::Response<Body> {
    let (parts, request_body) = invocation.request.into_parts();
    if is(words::STREAMS) {
        let chunks: [&'static [u8]; 3] = [b"one ", b"two ", b"\xff"];
        return http::Response::new(pieces(chunks.into_iter().map(|chunk| Ok(Bytes::from_static(chunk))).collect()));
    }
    if is(words::LARGE) {
        return http::Response::new(body::full(vec![b'x'; 8 << 20]));
    }
    if is(words::ENV) {
        let env: Vec<String> = invocation.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        return http::Response::new(body::full(env.join(";")));
    }
    if is(words::FETCHES) {
        let host = parts.uri.path().trim_start_matches('/');
        let decision = invocation.egress.decide(&Outgoing { host, port: 443, method: "GET", path: "/" });
        return http::Response::new(body::full(format!("{decision:?}")));
    }
    if is(words::NARROWED) {
        let text = format!("{} {:?}", invocation.limits.cpu.as_millis(), invocation.entrypoint);
        return http::Response::new(body::full(text));
    }
    if is(words::HEADERS) {
        let lines: Vec<String> =
            parts.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?"))).collect();
        return http::Response::new(body::full(lines.join("\n")));
    }
    let sent = request_body.collect().await.map(|sent| sent.to_bytes()).unwrap_or_default();
    let text = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&sent));
    let mut response = http::Response::new(body::full(text));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/plain"));
    if is(words::FORGES) {
        for name in ["isolet-outcome", "isolet-request-id", "transfer-encoding", "x-guest"] {
            response.headers_mut().insert(name, http::HeaderValue::from_static("forged"));
        }
        for (name, value) in [
            ("set-cookie", "own=1; Path=/"),
            ("set-cookie", "wide=1; Domain=localhost; Path=/"),
            ("clear-site-data", "\"cookies\""),
            ("service-worker-allowed", "/"),
        ] {
            response.headers_mut().append(name, http::HeaderValue::from_static(value));
        }
    }
    response
}

fn pieces(chunks: Vec<Result<Bytes, BodyError>>) -> Body {
    Pieces { chunks: chunks.into_iter(), paused: false }.boxed_unsync()
}

/// A body in pieces, with a pause before each, as real ones have: what came before is on its way by then.
struct Pieces {
    chunks: std::vec::IntoIter<Result<Bytes, BodyError>>,
    paused: bool,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.paused = !self.paused;
        if self.paused {
            cx.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(self.chunks.next().map(|chunk| chunk.map(Frame::data)))
    }
}

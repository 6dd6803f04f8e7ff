//! One guest's answer, gathered into a result while its updates are passed on.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;

use super::request::RunRequest;
use super::updates::{RunUpdate, Teller, Updates};
use crate::body::Body;
use crate::egress::Egress;
use crate::execute::{Answer, Ended, GuestExecutor, Invocation, Prepared, Report, RunEvent};
use crate::ids::{Digest, EnvName, FunctionName, TenantId, VersionId};
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::run::{CallOptions, KEPT_BODY_BYTES, RecordedResponse, Run, RunResult};
use crate::service::admission::Permit;

/// Bytes of a response's body that an answer carries; a record keeps fewer.
pub const ANSWERED_BODY_BYTES: usize = 10 << 20;

/// One execution of a guest that is ready for it.
pub(super) struct Execution {
    pub(super) executor: Arc<dyn GuestExecutor>,
    pub(super) prepared: Prepared,
    pub(super) code: Digest,
    pub(super) version: VersionId,
    pub(super) function: Option<FunctionName>,
    pub(super) request: RunRequest,
    pub(super) env: BTreeMap<EnvName, String>,
    pub(super) tenant: TenantId,
    /// All layers of it together, as of `limits`.
    pub(super) egress: Arc<Egress>,
    pub(super) limits: Limits,
    pub(super) call: CallOptions,
}

/// Runs the guest to its end.
pub(super) async fn collect(
    run: &Execution,
    (permit, ended): (Arc<Permit>, Ended),
    updates: Option<Updates>,
) -> RunResult {
    let mut teller = Teller::new(updates);
    if !run.prepared.cached {
        teller.tell(RunUpdate::Phase { name: "compile", took: run.prepared.build.compile }).await;
        teller.tell(RunUpdate::Phase { name: "build", took: run.prepared.build.build }).await;
    }
    let (events, mut heard) = mpsc::unbounded_channel();
    let invocation = Invocation {
        request: run.request.build().expect("it was checked when the run started"),
        tenant: run.tenant,
        egress: run.egress.clone(),
        env: run.env.iter().map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect(),
        limits: run.limits,
        entrypoint: run.call.entrypoint.clone(),
        events: teller.has_listener().then(|| events.clone()),
        held_bytes: run.request.body_bytes(),
        place: Some(permit),
        ended: Some(ended),
    };
    let (response, report) = match answer(run, invocation, &mut heard, &mut teller).await {
        Some(Answer { response, report }) => {
            let response = match response {
                Some(response) => Some(read(response, &mut heard, &mut teller).await),
                None => None,
            };
            (response, report.await.unwrap_or_else(|_| Report::of(Outcome::Internal)))
        }
        None => (None, Report::of(Outcome::ClientDisconnected)),
    };
    // Lines written after the last byte.
    while let Ok(event) = heard.try_recv() {
        teller.pass(event).await;
    }
    teller.tell(RunUpdate::Phase { name: "run", took: report.timing.run }).await;
    result(run, response, report)
}

/// Waits for the response head; `None` when the client went away first, which stops the guest.
async fn answer(
    run: &Execution,
    invocation: Invocation,
    heard: &mut mpsc::UnboundedReceiver<RunEvent>,
    teller: &mut Teller,
) -> Option<Answer> {
    let mut answer = run.executor.invoke(&run.prepared, invocation);
    loop {
        tokio::select! {
            answer = &mut answer => return Some(answer),
            Some(event) = heard.recv() => teller.pass(event).await,
            () = teller.gone() => return None,
        }
    }
}

/// Reads the body to its end, or to where the client went away.
async fn read(
    response: http::Response<Body>,
    heard: &mut mpsc::UnboundedReceiver<RunEvent>,
    teller: &mut Teller,
) -> RecordedResponse {
    let (parts, mut body) = response.into_parts();
    // Header values are bytes; what is not UTF-8 is shown as Latin-1, which loses none of them.
    let text = |value: &http::HeaderValue| match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    };
    let headers: Vec<_> = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let status = parts.status.as_u16();
    while let Ok(event) = heard.try_recv() {
        teller.pass(event).await;
    }
    teller.tell(RunUpdate::Head { status, headers: headers.clone() }).await;
    let mut recorded = RecordedResponse { status, headers, body: Vec::new(), truncated: false };
    loop {
        tokio::select! {
            frame = body.frame() => match frame {
                None => return recorded,
                // Why it broke off stands in the report.
                Some(Err(_)) => {
                    recorded.truncated = true;
                    return recorded;
                }
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        keep(&mut recorded, &chunk);
                        teller.tell(RunUpdate::Body(chunk)).await;
                    }
                }
            },
            Some(event) = heard.recv() => teller.pass(event).await,
            () = teller.gone() => {
                recorded.truncated = true;
                return recorded;
            }
        }
    }
}

fn keep(recorded: &mut RecordedResponse, chunk: &Bytes) {
    let room = ANSWERED_BODY_BYTES - recorded.body.len();
    recorded.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    recorded.truncated |= chunk.len() > room;
}

fn result(run: &Execution, response: Option<RecordedResponse>, report: Report) -> RunResult {
    RunResult {
        outcome: report.outcome,
        version: run.version.clone(),
        code: run.code,
        function: run.function.clone(),
        request: run.request.recorded(),
        call: Some(run.call.clone()),
        env_names: run.env.keys().map(|name| name.as_str().to_owned()).collect(),
        response,
        error: report.error,
        logs: report.logs,
        logs_truncated: report.logs_truncated,
        subrequests: report.subrequests,
        cached: run.prepared.cached,
        cold: !run.prepared.cached,
        build: if run.prepared.cached { Default::default() } else { run.prepared.build.build },
        front_end: if run.prepared.cached { Default::default() } else { run.prepared.build.front_end },
        compile: if run.prepared.cached { Default::default() } else { run.prepared.build.compile },
        startup_cpu: run.prepared.build.startup_cpu,
        timing: report.timing,
        usage: report.usage,
        warnings: run.prepared.warnings.to_vec(),
    }
}

/// What of a run goes on record.
pub(super) fn clipped(run: &Run) -> Run {
    let mut run = run.clone();
    if let Some(response) = run.result.as_mut().and_then(|result| result.response.as_mut())
        && response.body.len() > KEPT_BODY_BYTES
    {
        response.body.truncate(KEPT_BODY_BYTES);
        response.truncated = true;
    }
    run
}

//! A run as server-sent events (HTML standard §9.2): `phase`, `log`, `head`, `body`, and `done` as the last.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header;
use isolet_domain::service::runs::{RunUpdate, StartedRun};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::wire::ms;
use crate::wire::runs::{LogResponse, RunResponse};

/// Updates under way before the guest is held back.
const BUFFERED: usize = 16;
/// A comment is sent when nothing else was for so long, so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct Phase {
    phase: &'static str,
    ms: f64,
}

#[derive(Serialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Chunk {
    base64: String,
}

/// Runs it apart from the answer, which ends when the run does. An answer that nobody reads any more ends the run.
pub fn stream(started: StartedRun) -> Response {
    let (updates, heard) = mpsc::channel(BUFFERED);
    let run = tokio::spawn(started.finish(Some(updates)));
    let events = futures_util::stream::unfold(State { heard, run: Some(run) }, |mut state| async move {
        let bytes = state.next().await?;
        Some((Ok::<_, Infallible>(bytes), state))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(events)).into_response()
}

struct State {
    heard: mpsc::Receiver<RunUpdate>,
    /// Taken when the last event is written.
    run: Option<tokio::task::JoinHandle<isolet_domain::run::Run>>,
}

impl State {
    async fn next(&mut self) -> Option<Bytes> {
        self.run.as_ref()?;
        match tokio::time::timeout(KEEP_ALIVE, self.heard.recv()).await {
            Err(_) => Some(Bytes::from_static(b":\n\n")),
            Ok(Some(update)) => Some(event_of(update)),
            Ok(None) => {
                // A run that panicked ends the stream without `done`: the client sees that it is not whole.
                let run = self.run.take()?.await.ok()?;
                Some(event("done", &RunResponse::new(run, false)))
            }
        }
    }
}

fn event_of(update: RunUpdate) -> Bytes {
    match update {
        RunUpdate::Phase { name, took } => event("phase", &Phase { phase: name, ms: ms(took) }),
        RunUpdate::Log(line) => event("log", &LogResponse::from(line)),
        RunUpdate::Head { status, headers } => event("head", &Head { status, headers }),
        RunUpdate::Body(bytes) => event("body", &Chunk { base64: STANDARD.encode(bytes) }),
    }
}

/// JSON has no line break of its own, so one `data` line holds it.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    let json = serde_json::to_string(data).expect("wire types have string keys and plain values");
    Bytes::from(format!("event: {name}\ndata: {json}\n\n"))
}

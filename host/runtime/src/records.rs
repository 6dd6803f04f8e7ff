//! What a guest writes to stderr: one JSON record a line (see the engine's `output`). Everything in it is the tenant's word about
//! itself: bounded here, and believed only as far as that tenant's own log and outcome go.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use isolet_domain::execute::{GuestError, LogLevel, LogLine, Position, RunEvent};
use isolet_domain::outcome::Outcome;
use serde::Deserialize;
use tokio::sync::mpsc;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// The longest record: a failure with its stack. Longer ones are cut there.
const MAX_RECORD_BYTES: usize = 64 << 10;
const CUT: &str = "… log limit reached, the rest of this run's output was dropped";

/// What a run said.
#[derive(Debug, Default)]
pub struct Said {
    pub logs: Vec<LogLine>,
    pub truncated: bool,
    pub failure: Option<(Option<Outcome>, bool, GuestError)>,
}

/// Takes a guest's records.
#[derive(Debug)]
pub struct Records {
    state: Mutex<State>,
    began: Instant,
    events: Option<mpsc::UnboundedSender<RunEvent>>,
}

#[derive(Debug)]
struct State {
    line: Vec<u8>,
    budget: u64,
    said: Said,
}

#[derive(Deserialize)]
struct Record {
    kind: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    outcome: String,
    #[serde(flatten)]
    place: Place,
    error: Option<Failure>,
}

#[derive(Default, Deserialize)]
struct Place {
    file: Option<String>,
    #[serde(default)]
    line: u32,
    #[serde(default)]
    column: u32,
}

/// The engine's form of an error.
#[derive(Deserialize)]
pub struct Failure {
    message: String,
    #[serde(default)]
    stack: String,
    #[serde(flatten)]
    place: Place,
}

impl Place {
    fn position(self) -> Option<Position> {
        self.file.map(|file| Position { file, line: self.line, column: self.column })
    }
}

impl From<Failure> for GuestError {
    fn from(failure: Failure) -> Self {
        Self { message: failure.message, stack: failure.stack, position: failure.place.position(), ..Self::default() }
    }
}

impl Records {
    pub fn new(log_bytes: u64, events: Option<mpsc::UnboundedSender<RunEvent>>) -> Arc<Self> {
        let state = State { line: Vec::new(), budget: log_bytes, said: Said::default() };
        Arc::new(Self { state: Mutex::new(state), began: Instant::now(), events })
    }

    pub fn take(&self) -> Said {
        std::mem::take(&mut self.lock().said)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self, bytes: &[u8]) {
        let mut state = self.lock();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_RECORD_BYTES.saturating_sub(state.line.len());
            state.line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut state.line);
                self.record(&mut state, &line);
            }
        }
    }

    fn record(&self, state: &mut State, line: &[u8]) {
        let Ok(record) = serde_json::from_slice::<Record>(line) else {
            // Cut at the limit, or written by something other than the engine's own output.
            let text = String::from_utf8_lossy(line).trim_end().to_owned();
            self.log(state, LogLevel::Log, text, None);
            return;
        };
        if record.kind == "failed" {
            let error = record.error.map(GuestError::from).unwrap_or_default();
            let interrupted = record.outcome == "interrupted";
            state.said.failure.get_or_insert((Outcome::parse(&record.outcome), interrupted, error));
            return;
        }
        let level = LogLevel::parse(&record.level).unwrap_or(LogLevel::Log);
        self.log(state, level, record.message, record.place.position());
    }

    fn log(&self, state: &mut State, level: LogLevel, mut message: String, position: Option<Position>) {
        if state.said.truncated {
            return;
        }
        let cost = message.len() as u64 + 1;
        if cost > state.budget {
            let mut keep = usize::try_from(state.budget.saturating_sub(1)).unwrap_or(usize::MAX).min(message.len());
            while !message.is_char_boundary(keep) {
                keep -= 1;
            }
            message.truncate(keep);
            state.said.truncated = true;
        }
        state.budget = state.budget.saturating_sub(cost);
        let t_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !state.said.truncated || !message.is_empty() {
            self.push(state, LogLine { t_ms, level, message, position });
        }
        if state.said.truncated {
            self.push(state, LogLine { t_ms, level: LogLevel::Warn, message: CUT.to_owned(), position: None });
        }
    }

    fn push(&self, state: &mut State, line: LogLine) {
        if let Some(events) = &self.events {
            let _ = events.send(RunEvent::Log(line.clone()));
        }
        state.said.logs.push(line);
    }
}

/// The guest's stderr. Bounded by what [`Records`] keeps; writes of no bytes are dropped, and it is always ready.
#[derive(Clone)]
pub struct Stderr(pub Arc<Records>);

#[async_trait::async_trait]
impl Pollable for Stderr {
    async fn ready(&mut self) {}
}

impl OutputStream for Stderr {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if !bytes.is_empty() {
            self.0.write(&bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_RECORD_BYTES)
    }
}

impl wasmtime_wasi::cli::IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl wasmtime_wasi::cli::StdoutStream for Stderr {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Only WASI 0.3 guests would ask for it, and none are linked.
        Box::new(tokio::io::sink())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_records_whatever_the_writes_were() {
        let records = Records::new(1_000, None);
        records.write(b"{\"kind\":\"log\",\"level\":\"warn\",\"mess");
        records.write(b"age\":\"hi\",\"file\":\"main.js\",\"line\":3,\"column\":1}\nplain text\n{\"kind\":\"failed\",\"outcome\":\"exception\",\"error\":{\"message\":\"E\"}}\n");
        let said = records.take();
        assert_eq!(said.logs.len(), 2);
        assert_eq!((said.logs[0].level, said.logs[0].message.as_str()), (LogLevel::Warn, "hi"));
        assert_eq!(said.logs[0].position.as_ref().map(|position| position.line), Some(3));
        assert_eq!(said.logs[1].message, "plain text");
        assert_eq!(said.failure.map(|failure| failure.0), Some(Some(Outcome::Exception)));
    }

    #[test]
    fn a_flood_is_cut_with_a_marker_and_costs_no_more_memory() {
        let records = Records::new(100, None);
        for _ in 0..10_000 {
            records.write(b"{\"kind\":\"log\",\"level\":\"log\",\"message\":\"0123456789\"}\n");
        }
        records.write(&vec![b'x'; 10 << 20]);
        assert!(records.lock().line.len() <= MAX_RECORD_BYTES);
        let said = records.take();
        assert!(said.truncated && said.logs.len() <= 12, "{}", said.logs.len());
        assert_eq!(said.logs.last().map(|line| line.message.as_str()), Some(CUT));
    }
}

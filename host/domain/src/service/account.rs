//! The books on executions: each is closed exactly once, with what is known of its end, and goes into the counts of the host and the log
//! and series of its tenant. How those are kept is in `counters`, `log_buffer` and `series_buffer`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http::Method;
use http::uri::PathAndQuery;
use jiff::Timestamp;

use super::counters::Counters;
use super::log_buffer::LogBuffer;
use super::series_buffer::SeriesBuffer;
use crate::access::TenantScope;
use crate::execute::{Ended, Report};
use crate::ids::{RequestId, RunId};
use crate::log::{KEPT_ERROR_BYTES, KEPT_PATH_BYTES, LogError, LogRecord, Origin, Via, cut};
use crate::outcome::Outcome;
use crate::series::Execution;
use crate::trace::TraceId;

/// Where executions are written down.
pub(super) struct Books {
    pub(super) counters: Arc<Counters>,
    pub(super) logs: Arc<LogBuffer>,
    pub(super) series: Arc<SeriesBuffer>,
}

/// One execution, open. Dropped open, it is one whose client went away.
pub(super) struct Account {
    books: Arc<Books>,
    via: Via,
    request: RequestId,
    run: Option<RunId>,
    at: Timestamp,
    began: Instant,
    method: Method,
    path: Option<PathAndQuery>,
    trace: Option<TraceId>,
    /// Whose it is, once that is known. Without it there is nobody's log to write to.
    of: Option<(Arc<TenantScope>, Arc<Origin>)>,
    cold: bool,
    /// An instance has it, which says itself that its client went away.
    running: bool,
    open: bool,
}

impl Account {
    pub(super) fn open(books: &Arc<Books>, via: Via, request: RequestId) -> Self {
        books.counters.open.fetch_add(1, Ordering::Relaxed);
        Self {
            books: books.clone(),
            via,
            request,
            run: None,
            at: Timestamp::now(),
            began: Instant::now(),
            method: Method::GET,
            path: None,
            trace: None,
            of: None,
            cold: false,
            running: false,
            open: true,
        }
    }

    /// What was asked for, and in which trace.
    pub(super) fn asked<B>(&mut self, request: &http::Request<B>, trace: Option<TraceId>) {
        self.method = request.method().clone();
        // Shares the bytes of the request's head; they are copied only if a record is kept.
        self.path = request.uri().path_and_query().cloned();
        self.trace = trace;
    }

    pub(super) fn found(&mut self, scope: Arc<TenantScope>, origin: Arc<Origin>) {
        self.of = Some((scope, origin));
    }

    pub(super) fn is_run(&mut self, id: RunId) {
        self.run = Some(id);
    }

    pub(super) fn is_cold(&mut self, cold: bool) {
        self.cold = cold;
    }

    /// Closed by the end of the instance that it is given to. With `keep`, the report's lines are copied and not taken.
    pub(super) fn until_ended(mut self, keep: bool) -> Ended {
        self.running = true;
        Box::new(move |report| self.close_with(report.outcome, Some((report, keep))))
    }

    /// It ended before there was an instance.
    pub(super) fn close(mut self, outcome: Outcome) {
        self.close_with(outcome, None);
    }

    /// Counts nothing after all.
    pub(super) fn discard(mut self) {
        self.open = false;
    }

    fn close_with(&mut self, outcome: Outcome, ended: Option<(&mut Report, bool)>) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        self.books.counters.count(self.via, outcome);
        let mut nothing = Report::of(outcome);
        let (report, keep) = ended.unwrap_or((&mut nothing, true));
        // How long a client takes over the end of an answer is its own affair.
        let duration = self.began.elapsed().saturating_sub(report.timing.rest);
        self.books.counters.durations.count(duration);
        let Some((scope, origin)) = self.of.take() else { return };
        let execution = Execution {
            outcome,
            duration,
            cpu: report.usage.cpu,
            memory_peak_bytes: report.usage.memory_peak_bytes,
            cold: self.cold,
            subrequests: report.subrequests.len() as u64,
            request_bytes: report.usage.request_bytes,
            response_bytes: report.usage.response_bytes,
            egress_bytes: report.usage.egress_bytes,
        };
        // Where it ended: the window of its arrival may be closed by then.
        let ended_at = self.at.as_second().saturating_add_unsigned(duration.as_secs());
        self.books.series.note(&scope, &origin.function, ended_at, &execution);
        let lines = if keep { report.logs.clone() } else { std::mem::take(&mut report.logs) };
        let error = report.error.as_ref().map(|error| LogError {
            message: cut(&error.message, KEPT_ERROR_BYTES).to_owned(),
            position: error.position.clone(),
        });
        self.tell_host(&scope, &origin, &execution, report.status);
        // Empty texts allocate nothing: they come in when the record is kept.
        let mut record = LogRecord {
            at: self.at,
            via: self.via,
            origin,
            request: self.request,
            trace: self.trace,
            run: self.run,
            outcome,
            status: report.status,
            method: String::new(),
            path: String::new(),
            duration,
            cpu: report.usage.cpu,
            memory_peak_bytes: report.usage.memory_peak_bytes,
            cold: self.cold,
            error,
            lines,
            lines_truncated: report.logs_truncated,
        };
        let path = cut(self.path.as_ref().map_or("", PathAndQuery::path), KEPT_PATH_BYTES);
        let size = (record.weight() + path.len(), record.says_something());
        self.books.logs.note(&scope, size, || {
            self.method.as_str().clone_into(&mut record.method);
            path.clone_into(&mut record.path);
            record
        });
    }
}

impl Account {
    /// The host's own log has who, what and how it ended, and nothing that the code or the request said.
    fn tell_host(&self, tenant: &TenantScope, of: &Origin, execution: &Execution, status: Option<u16>) {
        let (function, run) = (of.function.as_ref().map(tracing::field::display), self.run);
        if execution.outcome == Outcome::Internal {
            tracing::error!(
                target: "isolet::request",
                { request.id = %self.request, tenant.id = %tenant.id(), function, version = %of.version },
                "a request failed inside the host"
            );
        }
        tracing::debug!(
            target: "isolet::request",
            {
                request.id = %self.request,
                trace.id = self.trace.map(tracing::field::display),
                tenant.id = %tenant.id(),
                tenant.slug = %tenant.slug(),
                function,
                version = %of.version,
                run.id = run.map(tracing::field::display),
                via = self.via.as_str(),
                outcome = execution.outcome.as_str(),
                status,
                duration_us = u64::try_from(execution.duration.as_micros()).unwrap_or(u64::MAX),
                cpu_us = u64::try_from(execution.cpu.as_micros()).unwrap_or(u64::MAX)
            },
            "a request ended"
        );
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        // An instance that goes without a word took the host's own code with it.
        self.close_with(if self.running { Outcome::Internal } else { Outcome::ClientDisconnected }, None);
        self.books.counters.open.fetch_sub(1, Ordering::Release);
    }
}

//! One request, one fresh instance: start it, pass request and response through, end it at its limits, account for it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use isolet_domain::body::Body;
use isolet_domain::egress::hops;
use isolet_domain::execute::{Answer, GuestError, Invocation, LogLevel, LogLine, Report, RunEvent, Timing, Usage};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use tokio::sync::oneshot;
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use crate::egress::Pass;
use crate::exchange::{Exchange, RequestBody};
use crate::head::Head;
use crate::instance::{HOSTCALL_FUEL, InstanceState};
use crate::memory::{self, BudgetSpent, Content};
use crate::meter::{Metered, Tick};
use crate::native::Guest;
use crate::platform::Platform;
use crate::records::Records;

/// How often it is asked whether an invocation may go on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Starts the guest and waits for its response head.
pub async fn invoke(platform: Arc<Platform>, guest: Guest, invocation: Invocation) -> Answer {
    let exchange = Exchange::new(invocation.limits);
    let (report_tx, report) = oneshot::channel();
    let (head_tx, head_rx) = oneshot::channel();
    // Until the head is here, dropping this future means the client is gone.
    let guard = Abandoned(Some(exchange.clone()));
    tokio::spawn(run(platform, guest, invocation, exchange.clone(), head_tx, report_tx));
    let response = head_rx.await.ok();
    guard.disarm();
    Answer { response, report }
}

struct Abandoned(Option<Arc<Exchange>>);

impl Abandoned {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(exchange) = &self.0 {
            exchange.meter.stop(Outcome::ClientDisconnected);
            exchange.changed.notify_one();
        }
    }
}

async fn run(
    platform: Arc<Platform>,
    guest: Guest,
    invocation: Invocation,
    exchange: Arc<Exchange>,
    head_tx: oneshot::Sender<http::Response<Body>>,
    report_tx: oneshot::Sender<Report>,
) {
    let Invocation { request, held_bytes, env, limits, tenant, egress, entrypoint, events, place, ended } = invocation;
    let active = platform.ticker.activate();
    let records = Records::new(limits.log_bytes, events.clone());
    let pass = Pass::new(&platform.door, tenant, egress, limits.subrequests, hops(request.headers()));
    let (meter, share) = (exchange.meter.clone(), platform.budget.share());
    let mut held = platform.budget.share();
    let fits = held.grow_to(usize::try_from(held_bytes).unwrap_or(usize::MAX));
    let state = InstanceState::new(meter, records.clone(), &env, entrypoint.as_deref(), &limits, share, pass.clone());
    let mut store = Store::new(&platform.engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(HOSTCALL_FUEL);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| match context.data().meter.tick() {
        Tick::GoOn => Ok(UpdateDeadline::Continue(1)),
        Tick::Yield => Ok(UpdateDeadline::Yield(1)),
        Tick::Stop(_) => Ok(UpdateDeadline::Interrupt),
    });

    let mut timing = Timing::default();
    let (raw_tx, raw_rx) = oneshot::channel();
    let mut head = Head::new(raw_rx, head_tx);
    let trapped = if let Err(spent) = fits {
        Some(wasmtime::Error::new(spent))
    } else {
        let mut call = Metered::new(
            Box::pin(call(&mut store, &platform, guest, request, exchange.clone(), raw_tx, events.as_ref())),
            exchange.meter.clone(),
            platform.fair.turns(tenant),
        );
        let mut call = Pin::new(&mut call);
        let mut look = exchange.began + LOOK_EVERY;
        loop {
            let deadline = deadline(&exchange, head.first_byte.is_some());
            let step = tokio::select! {
                biased;
                result = poll_fn(|cx| {
                    let polled = call.as_mut().poll(cx);
                    head.forward(cx, &exchange);
                    polled
                }) => Step::Ended(result),
                () = exchange.changed.notified() => Step::Changed,
                () = tokio::time::sleep_until(deadline.min(look).into()) => Step::Late,
            };
            match step {
                Step::Ended(result) => break result.err(),
                Step::Late if Instant::now() < deadline => {
                    look += LOOK_EVERY;
                    if place.as_ref().is_some_and(|place| place.must_end()) {
                        exchange.meter.stop(Outcome::Suspended);
                        break None;
                    }
                }
                Step::Late => {
                    exchange.meter.stop(late(&exchange));
                    break None;
                }
                Step::Changed if exchange.meter.stopped().is_some() => break None,
                Step::Changed => {}
            }
        }
    };
    let state = store.data();
    let (refused_growth, memory_peak_bytes) = (state.refused_growth, state.memory_peak_bytes as u64);
    let said = records.take();
    let cut_wait_until = exchange.meter.stopped() == Some(Outcome::Ok);
    let failure = judge(&exchange, &head, trapped.as_ref(), refused_growth, said.failure, &pass);
    // Before the store goes: a body that ends with it must know that this is no clean end.
    if failure.0 != Outcome::Ok {
        exchange.meter.stop(failure.0);
    }
    head.forward_last(&exchange);

    timing.instantiate = exchange.instantiated.get().copied().unwrap_or_default();
    timing.total = exchange.began.elapsed();
    timing.run = timing.total.saturating_sub(timing.instantiate);
    timing.first_byte = head.first_byte.unwrap_or(timing.total);
    let mut logs = said.logs;
    if cut_wait_until {
        logs.push(LogLine {
            t_ms: u64::try_from(timing.total.as_millis()).unwrap_or(u64::MAX),
            level: LogLevel::Warn,
            message: format!("work given to waitUntil was stopped after {} ms", limits.wait_until.as_millis()),
            position: None,
        });
    }
    let (outcome, error) = failure;
    let usage = Usage {
        cpu: exchange.meter.used(),
        memory_peak_bytes,
        request_bytes: exchange.request_bytes.load(Ordering::Relaxed),
        response_bytes: exchange.response_bytes.load(Ordering::Relaxed),
        egress_bytes: pass.moved_bytes(),
    };
    let mut report = Report {
        outcome,
        status: head.status,
        error,
        logs,
        logs_truncated: said.truncated,
        subrequests: pass.record(),
        timing,
        usage,
    };
    if let Some(place) = &place {
        place.pay(&report);
        place.answered();
    }
    // Whoever sends the answer stands behind this task on its thread, and need not wait until all is cleared away.
    if head.status.is_some() {
        exchange.let_take().await;
    }
    drop((store, held, head));
    // What it sent out went on until then.
    let since = pass.moved_bytes().saturating_sub(report.usage.egress_bytes);
    if let Some(place) = place.filter(|_| since > 0) {
        let usage = Usage { egress_bytes: since, ..Usage::default() };
        place.pay(&Report { usage, ..Report::of(outcome) });
    }
    report.usage.egress_bytes += since;
    // What the guest wrote last is counted when it is taken, and nobody's place or budget waits for that.
    drop(active);
    exchange.taken(limits.wall).await;
    report.usage.response_bytes = exchange.response_bytes.load(Ordering::Relaxed);
    report.timing.rest = exchange.began.elapsed().saturating_sub(report.timing.total);
    if let Some(ended) = ended {
        ended(&mut report);
    }
    let _ = report_tx.send(report);
}

enum Step {
    Ended(wasmtime::Result<()>),
    Changed,
    Late,
}

/// Instantiates and calls the handler.
async fn call(
    store: &mut Store<InstanceState>,
    platform: &Platform,
    guest: Guest,
    request: http::Request<Body>,
    exchange: Arc<Exchange>,
    raw_tx: oneshot::Sender<http::Response<HyperOutgoingBody>>,
    events: Option<&tokio::sync::mpsc::UnboundedSender<RunEvent>>,
) -> wasmtime::Result<()> {
    let began = Instant::now();
    let proxy = match guest {
        Guest::Function(overlay) => {
            store.data_mut().admit_memory(overlay.memory_bytes)?;
            let instantiate = platform.pre.instantiate_async(&mut *store);
            memory::supply_polls(Content::Function(overlay), instantiate).await?
        }
        Guest::Native(native) => {
            memory::supply_polls(Content::Plain, native.pre.instantiate_async(&mut *store)).await?
        }
    };
    let instantiate = began.elapsed();
    if let Some(events) = events {
        let _ = events.send(RunEvent::Phase { name: "instantiate", took: instantiate });
    }
    let scheme = match request.uri().scheme_str() {
        Some("https") => Scheme::Https,
        _ => Scheme::Http,
    };
    let request = request.map(|body| RequestBody { inner: body, exchange: exchange.clone() });
    let request = store.data_mut().http().new_incoming_request(scheme, request)?;
    let out = store.data_mut().http().new_response_outparam_from_callback(move |response| {
        if let Ok(response) = response {
            let _ = raw_tx.send(response);
        }
    })?;
    let _ = exchange.instantiated.set(instantiate);
    proxy.wasi_http_incoming_handler().call_handle(&mut *store, request, out).await
}

/// Until when the run may go on as things stand.
fn deadline(exchange: &Exchange, answered: bool) -> Instant {
    let limits = &exchange.limits;
    let traffic = Duration::from_millis(exchange.last_traffic_ms.load(Ordering::Relaxed));
    if exchange.body_over.load(Ordering::Acquire) {
        return exchange.began + traffic + limits.wait_until;
    }
    if answered {
        // A response that streams may go on for longer, as long as it does stream.
        let quiet = exchange.began + traffic.max(Duration::ZERO) + limits.wall;
        return quiet.min(exchange.began + limits.streaming_wall);
    }
    exchange.began + limits.wall
}

/// What running past the deadline is called. After the whole response only `waitUntil` is left, whose end fails nothing.
fn late(exchange: &Exchange) -> Outcome {
    if exchange.body_over.load(Ordering::Acquire) { Outcome::Ok } else { Outcome::WallLimit }
}

/// How the run ended, and what went wrong.
fn judge(
    exchange: &Exchange,
    head: &Head,
    trapped: Option<&wasmtime::Error>,
    refused_growth: bool,
    said: Option<(Option<Outcome>, bool, GuestError)>,
    pass: &Pass,
) -> (Outcome, Option<GuestError>) {
    let limits = &exchange.limits;
    let plain = |message: String| Some(GuestError { message, ..GuestError::default() });
    if let Some(complaint) = &head.refused {
        return (Outcome::OutputLimit, plain(complaint.clone()));
    }
    let said_error = said.as_ref().map(|(_, _, error)| error.clone());
    let asked = exchange.meter.asked_to_stop();
    match exchange.meter.stopped() {
        Some(Outcome::Ok) => return (Outcome::Ok, None),
        None if !asked || !said.as_ref().is_some_and(|(_, interrupted, _)| *interrupted) => {}
        None | Some(Outcome::CpuLimit) => {
            let message = format!("the CPU limit of {} ms was used up", limits.cpu.as_millis());
            return (Outcome::CpuLimit, Some(GuestError { message, ..said_error.unwrap_or_default() }));
        }
        Some(Outcome::WallLimit) => {
            let message = format!("the time limit of {} ms was used up", limits.wall.as_millis());
            return (Outcome::WallLimit, plain(message));
        }
        Some(Outcome::OutputLimit) => {
            let message = format!("the response body is larger than {} bytes", limits.response_body_bytes);
            return (Outcome::OutputLimit, plain(message));
        }
        Some(other) => return (other, None),
    }
    if let Some(error) = trapped {
        if let Some(spent) = error.downcast_ref::<BudgetSpent>() {
            return (Outcome::Overloaded, plain(format!("{spent}; try again later")));
        }
        if refused_growth {
            return (Outcome::MemoryLimit, plain(memory_message(limits)));
        }
        return match error.downcast_ref::<wasmtime::Trap>() {
            Some(wasmtime::Trap::StackOverflow | wasmtime::Trap::MemoryOutOfBounds) => {
                (Outcome::StackLimit, plain("recursion went too deep".to_owned()))
            }
            // A panic says what it was before it traps.
            Some(trap) => (Outcome::Exception, said_error.or_else(|| plain(format!("the guest was stopped: {trap}")))),
            None if error.is::<wasmtime_wasi::I32Exit>() => {
                (Outcome::Exception, said_error.or_else(|| plain("the guest ended itself".to_owned())))
            }
            // Handles that are none, results out of place: of JavaScript only who took over its engine gets here.
            None if exchange.instantiated.get().is_some() => {
                tracing::warn!(error = format!("{error:#}"), "a guest was stopped for how it called the host");
                let why = format!("the guest was stopped: {}", error.root_cause());
                (Outcome::Exception, said_error.or_else(|| plain(why)))
            }
            None => {
                tracing::error!(error = format!("{error:#}"), "an instance failed inside the host");
                (Outcome::Internal, plain("the run failed inside the host".to_owned()))
            }
        };
    }
    match said {
        Some((outcome, _, error)) => {
            // Only what the code itself can bring about is taken at its word.
            let outcome = match outcome {
                Some(Outcome::NoResponse) => Outcome::NoResponse,
                Some(Outcome::OutputLimit) => Outcome::OutputLimit,
                _ if refused_growth && is_out_of_memory(&error.message) => Outcome::MemoryLimit,
                _ if is_recursion(&error.message) => Outcome::StackLimit,
                _ => pass.outcome_of(&error.message).unwrap_or(Outcome::Exception),
            };
            (outcome, Some(error))
        }
        None if head.first_byte.is_none() && !head.arrived() => {
            (Outcome::NoResponse, plain("the guest ended without an answer".to_owned()))
        }
        None => (Outcome::Ok, None),
    }
}

fn memory_message(limits: &Limits) -> String {
    format!("the memory limit of {} MiB was reached", limits.memory_bytes >> 20)
}

/// QuickJS' words for it; without room even for an error object it throws `null`.
fn is_out_of_memory(message: &str) -> bool {
    message.contains("out of memory") || message == "Uncaught null"
}

/// QuickJS' words for its stack check.
fn is_recursion(message: &str) -> bool {
    message == "RangeError: Maximum call stack size exceeded" || message == "InternalError: stack overflow"
}

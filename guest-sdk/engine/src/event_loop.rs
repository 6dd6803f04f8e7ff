//! The event loop of one request: jobs until there are none, then wait for whatever is pending (body, writer, timers), again until
//! the exchange is done or nothing is left that could finish it.

use std::cell::RefCell;

use javy::quickjs::{Ctx, Exception, Function, TypedArray, Value, qjs};
use wasip2::clocks::monotonic_clock;
use wasip2::io::poll;

use crate::engine::{self, Single};
use crate::exchange::{self, Deferred, Step};
use crate::failure::Failure;
use crate::{interrupt, outgoing, output, rejection};

/// How a run of the loop ended.
pub enum End {
    /// Answered, and all that was to follow has followed.
    Done,
    /// The host said stop.
    Interrupted,
    /// Not answered, and nothing pending.
    Idle,
}

/// Where JavaScript was when it was stopped.
static LAST_ERROR: Single<RefCell<Option<Failure>>> = Single::new(RefCell::new(None));

pub fn last_error() -> Failure {
    LAST_ERROR.borrow().clone().unwrap_or_default()
}

/// Runs jobs until there are none or JavaScript was stopped.
pub fn run_jobs(ctx: &Ctx<'_>) {
    // SAFETY: the context is live and this is the only thread.
    unsafe {
        let runtime = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        let mut job_ctx = std::ptr::null_mut();
        loop {
            let ran = qjs::JS_ExecutePendingJob(runtime, &raw mut job_ctx);
            if ran < 0 {
                // Only an exception that cannot be caught gets here: promise jobs turn all others into rejections.
                let failure = Failure::of_value(&ctx.catch());
                LAST_ERROR.borrow_mut().get_or_insert(failure);
            }
            if ran == 0 || interrupt::interrupted() {
                return;
            }
        }
    }
}

fn done() -> bool {
    exchange::with(|exchange| exchange.done).unwrap_or(true)
}

pub fn run(ctx: &Ctx<'_>) -> End {
    loop {
        run_jobs(ctx);
        if interrupt::interrupted() {
            return End::Interrupted;
        }
        if rejection::any() {
            for failure in rejection::take(ctx) {
                report(&failure);
            }
            // Listeners were told, and may have given the queue work.
            if !done() {
                continue;
            }
        }
        if done() {
            return End::Done;
        }
        if !progress(ctx) && !wait(ctx) {
            let responded = exchange::with(|exchange| exchange.responded).unwrap_or(true);
            return if responded { End::Done } else { End::Idle };
        }
    }
}

/// An exception nobody caught: logged, and the end of a run that has not answered yet.
pub fn report(failure: &Failure) {
    if exchange::with(|exchange| exchange.responded).unwrap_or(true) {
        output::console("error", &format!("Uncaught {}\n{}", failure.message, failure.stack), &failure.stack);
    } else {
        exchange::fail("exception", failure);
    }
}

/// Settles what can be settled without waiting.
fn progress(ctx: &Ctx<'_>) -> bool {
    let read = exchange::with(|exchange| {
        exchange.reading.is_some().then(|| exchange.read()).filter(|step| !matches!(step, Step::Pending))
    });
    if let Some(Some(step)) = read
        && let Some(Some(deferred)) = exchange::with(|exchange| exchange.reading.take())
    {
        settle(ctx, deferred, step);
        return true;
    }
    let written = exchange::with(|exchange| {
        exchange.writing.is_some().then(|| exchange.write()).filter(|step| !matches!(step, Step::Pending))
    });
    if let Some(Some(step)) = written
        && let Some(Some((_, _, deferred))) = exchange::with(|exchange| exchange.writing.take())
    {
        settle(ctx, deferred, step);
        return true;
    }
    if let Some((deferred, step)) = outgoing::settled() {
        settle(ctx, deferred, step);
        return true;
    }
    false
}

fn settle(ctx: &Ctx<'_>, deferred: Deferred, step: Step) {
    let (resolve, reject) = (deferred.resolve.restore(ctx), deferred.reject.restore(ctx));
    let (Ok(resolve), Ok(reject)) = (resolve, reject) else { return };
    let settled: javy::quickjs::Result<()> = match step {
        // A copy in QuickJS's own memory: `transfer` forgets how to free any other, and a byte stream transfers each of its chunks.
        Step::Chunk(bytes) => TypedArray::<u8>::new_copy(ctx.clone(), bytes).and_then(|chunk| resolve.call((chunk,))),
        Step::Words(words) => resolve.call((words,)),
        Step::End | Step::Pending => resolve.call((Value::new_null(ctx.clone()),)),
        // Nobody threw it, so it has no frames.
        Step::Failed(message) => Exception::from_message(ctx.clone(), &message)
            .and_then(|error| error.set("stack", format!("Error: {message}")).and_then(|()| reject.call((error,)))),
    };
    if settled.is_err() {
        ctx.catch();
    }
}

/// Waits for the first of what is pending. `false` when nothing is.
fn wait(ctx: &Ctx<'_>) -> bool {
    let due = timers_next(ctx);
    if due == Some(0.0) {
        run_timers(ctx);
        return true;
    }
    let mut pollables: Vec<poll::Pollable> = exchange::with(|exchange| {
        let reading = exchange.reading.as_ref().and(exchange.incoming_stream()).map(|stream| stream.subscribe());
        let writing = exchange.writing.as_ref().and(exchange.outgoing.as_ref()).map(|out| out.stream.subscribe());
        reading.into_iter().chain(writing).collect()
    })
    .unwrap_or_default();
    pollables.extend(outgoing::pollables());
    let timer = due.map(|due| monotonic_clock::subscribe_duration((due * 1e6) as u64));
    let all: Vec<&poll::Pollable> = pollables.iter().chain(timer.as_ref()).collect();
    if all.is_empty() {
        return false;
    }
    let ready = poll::poll(&all);
    let timer_ready = timer.is_some() && ready.iter().any(|index| *index as usize == pollables.len());
    drop(all);
    drop(pollables);
    if timer_ready {
        run_timers(ctx);
    }
    true
}

/// Milliseconds until a timer is due.
fn timers_next(ctx: &Ctx<'_>) -> Option<f64> {
    let next: Function<'_> = engine::hook(ctx, |hooks| &hooks.timers_next);
    next.call::<_, f64>(()).ok().filter(|due| *due >= 0.0)
}

fn run_timers(ctx: &Ctx<'_>) {
    let run: Function<'_> = engine::hook(ctx, |hooks| &hooks.timers_run);
    if let Err(error) = run.call::<_, ()>(()) {
        let failure = Failure::caught(ctx, error);
        if interrupt::interrupted() {
            LAST_ERROR.borrow_mut().get_or_insert(failure);
        } else {
            report(&failure);
        }
    }
}

//! Code to overlay: what is not plain JavaScript through the front end, source to bytecode in one sealed build instance, bytecode to a
//! started module in a second, clean one, and the difference of its memory from the base's. Every import of a build instance traps
//! or answers with a constant; the instances themselves are in `build_instance`.

use std::time::{Duration, Instant};

use isolet_domain::code::Code;
use isolet_domain::execute::{BuildReport, Diagnostic, GuestError, Severity};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;

use crate::build_instance::{Budget, BuildInstance, Refusal, plain};
use crate::meter::thread_cpu;
use crate::overlay::{self, Overlay, TooLarge};
use crate::platform::Platform;
use crate::reading::{self, Job, Output};
use crate::source_bundle::engine_bundle;

/// What a build came to.
#[derive(Debug)]
pub struct Built {
    pub overlay: Overlay,
    pub report: BuildReport,
    /// What is doubtful about the code, in words.
    pub warnings: Vec<String>,
    /// Whether it was kept from before rather than built.
    pub kept: bool,
}

/// What the engine is to compile.
struct Sources {
    bundle: Vec<u8>,
    warnings: Vec<String>,
    /// What the front end took, and how much CPU of the build's.
    took: Duration,
    cpu: Duration,
}

/// Compiles and starts `code`. Blocks for as long as that takes.
pub fn build(platform: &Platform, code: &Code, limits: &Limits) -> Result<Built, Refusal> {
    let _active = platform.ticker.activate();
    let began = Instant::now();
    let sources = sources(platform, code, limits)?;
    let better = |refusal| if code.is_plain() { explained(platform, code, limits, refusal) } else { refusal };
    let bytecode = compile(platform, &sources.bundle, sources.cpu, limits).map_err(better)?;
    let compiled = began.elapsed();
    let (overlay, startup_cpu) = start(platform, code, &bytecode, limits).map_err(better)?;
    let report = BuildReport {
        front_end: sources.took,
        compile: compiled.saturating_sub(sources.took),
        build: began.elapsed().saturating_sub(compiled),
        startup_cpu,
        overlay_bytes: overlay.bytes(),
        overlay_segments: overlay.segments(),
    };
    Ok(Built { overlay, report, warnings: sources.warnings, kept: false })
}

/// What is wrong with `code`, and what is doubtful. Nothing of it is run.
pub fn check(platform: &Platform, code: &Code, limits: &Limits) -> Result<Vec<Diagnostic>, Refusal> {
    let _active = platform.ticker.activate();
    let Output { mut diagnostics, bundle, cpu } = read(platform, code, Job::Transform, limits)?;
    let Some(bundle) = bundle else { return Ok(diagnostics) };
    match compile(platform, &bundle, cpu, limits) {
        Ok(_) => {}
        Err(Refusal::Code(Outcome::BuildFailed, error)) => diagnostics.push(Diagnostic {
            severity: Severity::Error,
            message: error.message,
            position: error.position,
            ..Diagnostic::default()
        }),
        Err(refusal) => return Err(refusal),
    }
    Ok(diagnostics)
}

/// Plain JavaScript goes to the engine as it is; the rest, and what brings source maps, is read by the front end first.
fn sources(platform: &Platform, code: &Code, limits: &Limits) -> Result<Sources, Refusal> {
    let is_plain = code.is_plain() && !reading::may_be_common(code);
    let job = match (is_plain, reading::brings_maps(code)) {
        (true, false) => {
            let bundle = engine_bundle(code);
            return Ok(Sources { bundle, warnings: Vec::new(), took: Duration::ZERO, cpu: Duration::ZERO });
        }
        (true, true) => Job::Maps,
        (false, _) => Job::Transform,
    };
    let began = Instant::now();
    let output = read(platform, code, job, limits)?;
    match output.bundle {
        Some(bundle) => {
            let warnings = output.diagnostics.iter().map(warning).collect();
            Ok(Sources { bundle, warnings, took: began.elapsed(), cpu: output.cpu })
        }
        None => Err(Refusal::Code(Outcome::BuildFailed, failed(output.diagnostics))),
    }
}

/// What the front end says. Too much for it is not always too much for the engine, which has the last word on what is plain.
fn read(platform: &Platform, code: &Code, job: Job, limits: &Limits) -> Result<Output, Refusal> {
    let before = thread_cpu();
    match reading::read(platform, code, job, limits.build_cpu) {
        Err(refusal @ Refusal::Code(..)) if code.is_plain() => {
            let cpu = thread_cpu().saturating_sub(before);
            if cpu >= limits.build_cpu {
                return Err(refusal);
            }
            Ok(Output { diagnostics: Vec::new(), bundle: Some(engine_bundle(code)), cpu })
        }
        read => read,
    }
}

/// The engine names one mistake at a time and seldom what to do about it. Where it refuses plain code, the front end is asked too.
fn explained(platform: &Platform, code: &Code, limits: &Limits, refusal: Refusal) -> Refusal {
    let outcome = match &refusal {
        Refusal::Code(Outcome::BuildFailed, _) => Outcome::BuildFailed,
        // Imports are linked when the modules start: one that is not exported shows only then, and without a place.
        Refusal::Code(Outcome::StartupFailed, error)
            if error.position.is_none() && error.message.starts_with("SyntaxError") =>
        {
            Outcome::StartupFailed
        }
        Refusal::Code(..) | Refusal::Full | Refusal::Host(_) => return refusal,
    };
    match reading::read(platform, code, Job::Transform, limits.build_cpu) {
        Ok(output) if output.bundle.is_none() => Refusal::Code(outcome, failed(output.diagnostics)),
        _ => refusal,
    }
}

/// The first error, with all that was said.
fn failed(diagnostics: Vec<Diagnostic>) -> GuestError {
    let first = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    let (message, position) = first.map(|first| (first.message.clone(), first.position.clone())).unwrap_or_default();
    GuestError { message, position, diagnostics, ..GuestError::default() }
}

fn warning(diagnostic: &Diagnostic) -> String {
    let place = diagnostic.position.as_ref().filter(|position| position.line > 0);
    let place = place.map(|place| format!("{}:{}: ", place.file, place.line)).unwrap_or_default();
    let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{place}{}{help}", diagnostic.message)
}

/// `spent` is what reading the code has used of the build's CPU.
fn compile(platform: &Platform, bundle: &[u8], spent: Duration, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let what = if spent.is_zero() { "compiling the code" } else { "reading and compiling the code" };
    let names = Budget { what, cpu: limits.build_cpu, spent, memory_bytes: limits.memory_bytes };
    let mut instance = BuildInstance::of_engine(platform, &names)?;
    match instance.call("isolet-compile", bundle) {
        Ok(Ok(bytecode)) => Ok(bytecode),
        Ok(Err(_)) if instance.store.data().refused_growth => Err(Refusal::Code(Outcome::BuildLimit, names.memory())),
        Ok(Err(failure)) => Err(Refusal::Code(Outcome::BuildFailed, failure.into())),
        Err(trap) => Err(instance.refusal(trap, Outcome::BuildLimit, &names)),
    }
}

fn start(platform: &Platform, code: &Code, bytecode: &[u8], limits: &Limits) -> Result<(Overlay, Duration), Refusal> {
    let (cpu, spent) = (limits.startup_cpu, Duration::ZERO);
    let names = Budget { what: "the module's top level", cpu, spent, memory_bytes: limits.memory_bytes };
    let mut instance = BuildInstance::of_engine(platform, &names)?;
    if code.options().allow_eval {
        instance.tell("isolet-allow-eval").map_err(Refusal::Host)?;
    }
    match instance.call("isolet-start", bytecode) {
        Ok(Ok(_)) => {}
        Ok(Err(failure)) => {
            let state = instance.store.data();
            let mut error = GuestError::from(failure);
            if state.meter.asked_to_stop() {
                error.message = names.cpu().message;
                return Err(Refusal::Code(Outcome::StartupLimit, error));
            }
            if state.refused_growth && error.message.contains("out of memory") {
                error.message = names.memory().message;
                return Err(Refusal::Code(Outcome::StartupLimit, error));
            }
            return Err(Refusal::Code(Outcome::StartupFailed, error));
        }
        Err(trap) => return Err(instance.refusal(trap, Outcome::StartupLimit, &names)),
    }
    let memory = instance.memory.data(&instance.store);
    let overlay = overlay::build(
        platform.base_memory.bytes(),
        memory,
        platform.memories.written(memory).as_deref(),
        platform.stack.end,
        limits.overlay_bytes,
        limits.overlay_segments,
    );
    let overlay = overlay.map_err(|large| {
        let message = match large {
            TooLarge::Bytes(bytes) => format!(
                "the module's top level left {bytes} bytes of state; at most {} are allowed",
                limits.overlay_bytes
            ),
            TooLarge::Segments(count) => format!(
                "the module's top level left its state in more than {count} separate places; allocate less, or in one piece"
            ),
        };
        Refusal::Code(Outcome::StartupLimit, plain(message))
    })?;
    Ok((overlay, instance.store.data().meter.used()))
}

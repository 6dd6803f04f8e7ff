//! What the front end is asked about code, and what it says. What becomes of that is in `compile`.

use std::time::Duration;

use isolet_domain::code::{Code, ModuleKind};
use isolet_domain::execute::{Diagnostic, Position, Severity};
use isolet_domain::outcome::Outcome;
use serde::Deserialize;

use crate::build_instance::{Budget, BuildInstance, Refusal};
use crate::config::MAX_MEMORY_BYTES;
use crate::platform::Platform;
use crate::source_bundle::front_end_input;

/// What ends a module that says where its source map is.
const MAP_COMMENT: &str = "//# sourceMappingURL=";

/// What is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Everything.
    Transform = 0,
    /// Reading the source maps of plain code.
    Maps = 1,
}

/// What it said.
#[derive(Debug)]
pub struct Output {
    pub diagnostics: Vec<Diagnostic>,
    /// The engine's source bundle; `None` where a diagnostic is an error.
    pub bundle: Option<Vec<u8>>,
    pub cpu: Duration,
}

/// Whether plain code says where it came from.
pub fn brings_maps(code: &Code) -> bool {
    code.modules().iter().any(|(name, module)| match module.kind {
        ModuleKind::Js => {
            let text = module.text.trim_end();
            let last = text.rfind('\n').map_or(0, |end| end + 1);
            text[last..].trim_start().starts_with(MAP_COMMENT)
        }
        ModuleKind::Json => name.ends_with(".map"),
        _ => false,
    })
}

/// Runs the front end once, in an instance of its own. The memory it may have is not the function's: it is a tool of the host's.
pub fn read(platform: &Platform, code: &Code, job: Job, cpu: Duration) -> Result<Output, Refusal> {
    let module = platform.front_end.module(&platform.engine).map_err(Refusal::Host)?;
    let names = Budget { what: "reading the code", cpu, memory_bytes: MAX_MEMORY_BYTES as u64 };
    let mut instance = BuildInstance::of_module(platform, module, &names)?;
    let answer = match instance.call("isolet-transform", &front_end_input(code, job as u32)) {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => return Err(Refusal::Code(Outcome::BuildFailed, failure.into())),
        Err(trap) => return Err(instance.refusal(trap, Outcome::BuildLimit, &names)),
    };
    let cpu = instance.store.data().meter.used();
    let unreadable = || Refusal::Host(wasmtime::format_err!("the front end gave no answer"));
    let mut rest = &answer[..];
    let said = take(&mut rest).ok_or_else(unreadable)?;
    let bundle = take(&mut rest).ok_or_else(unreadable)?;
    let said: Vec<Said> = serde_json::from_slice(said).map_err(|error| Refusal::Host(error.into()))?;
    let bundle = (!bundle.is_empty()).then(|| bundle.to_vec());
    Ok(Output { diagnostics: said.into_iter().map(Diagnostic::from).collect(), bundle, cpu })
}

fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (len, tail) = rest.split_first_chunk::<4>()?;
    let (head, tail) = tail.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *rest = tail;
    Some(head)
}

/// The front end's form of a diagnostic.
#[derive(Deserialize)]
struct Said {
    severity: String,
    code: Option<String>,
    message: String,
    help: Option<String>,
    file: String,
    line: u32,
    column: u32,
    length: u32,
}

impl From<Said> for Diagnostic {
    fn from(said: Said) -> Self {
        let is_warning = said.severity == Severity::Warning.as_str();
        Self {
            severity: if is_warning { Severity::Warning } else { Severity::Error },
            code: said.code,
            message: said.message,
            help: said.help,
            position: Some(Position { file: said.file, line: said.line, column: said.column }),
            length: said.length,
        }
    }
}

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

/// Whether a `.js` may be CommonJS. The front end knows; what is here spares it bundles, which speak of `require` too.
pub fn may_be_common(code: &Code) -> bool {
    let may_be = |text: &str| (text.contains("require") || text.contains("exports")) && !has_module_syntax(text);
    let mut scripts =
        code.modules().iter().filter(|(name, module)| module.kind == ModuleKind::Js && !name.ends_with(".mjs"));
    scripts.any(|(_, module)| may_be(&module.text))
}

/// Whether a statement seems to begin with `import` or `export`.
fn has_module_syntax(text: &str) -> bool {
    let begins = |at: usize| {
        let before = text[..at].trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with(['\n', '\r', ';', '}']) || before.ends_with("*/")
    };
    let goes_on = |word: &str, at: usize| {
        let next = text.as_bytes().get(at + word.len());
        next.is_some_and(|byte| b" \t\r\n{*\"'./".contains(byte))
    };
    let found = |word: &'static str| text.match_indices(word).any(|(at, _)| begins(at) && goes_on(word, at));
    found("export") || found("import")
}

/// Runs the front end once, in an instance of its own. The memory it may have is not the function's: it is a tool of the host's.
pub fn read(platform: &Platform, code: &Code, job: Job, cpu: Duration) -> Result<Output, Refusal> {
    let module = platform.front_end.module(&platform.engine).map_err(Refusal::Host)?;
    let (spent, memory_bytes) = (Duration::ZERO, MAX_MEMORY_BYTES as u64);
    let names = Budget { what: "reading the code", cpu, spent, memory_bytes };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_common_is_told_from_modules() {
        let common = |text: &str| may_be_common(&Code::single(text).expect("code"));
        for text in [
            "module.exports = 1",
            "const x = require('./x')\nexports.a = x",
            "(function (root) { typeof exports === 'object' })(this)",
            "// it exports what the caller wants: import and export\nexports.a = () => import('./x')",
            "const important = require('x'), exporter = 1",
            "// export the handler\nmodule.exports = 1",
            "//import x from 'x'\nvar x = require('x')",
        ] {
            assert!(common(text), "{text}");
        }
        for text in [
            "export default { fetch: () => require }",
            "import x from 'x'; exports",
            "var a=require('x');export{a as default};",
            "/* exports */export*from 'x'",
            "module.exports\n  import\n'x'",
            "if (exports) { } import.meta",
            "addEventListener('fetch', () => {})",
        ] {
            assert!(!common(text), "{text}");
        }
    }
}

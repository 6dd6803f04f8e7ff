//! Code to be checked, and what there is to say about it.

use isolet_domain::execute::{Diagnostic, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::code::{MAX_CODE_BODY_BYTES, ModuleRequest, OptionsRequest};
use crate::answer::ResponseBody;
use crate::strict_json::{RequestBody, UniqueMap};
use crate::wire::words::SeverityWord;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    pub modules: UniqueMap<ModuleRequest>,
    pub main_module: String,
    #[serde(default)]
    pub options: OptionsRequest,
}

impl RequestBody for CheckRequest {
    const MAX_BYTES: usize = MAX_CODE_BODY_BYTES;
}

#[derive(JsonSchema, Serialize)]
pub struct CheckResponse {
    /// Whether it would build: warnings are not in the way.
    ok: bool,
    diagnostics: Vec<DiagnosticResponse>,
}

#[derive(JsonSchema, Serialize)]
pub struct DiagnosticResponse {
    #[schemars(with = "SeverityWord")]
    severity: &'static str,
    code: Option<String>,
    message: String,
    help: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    length: u32,
}

impl From<Vec<Diagnostic>> for CheckResponse {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        let ok = diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
        Self { ok, diagnostics: diagnostics.into_iter().map(DiagnosticResponse::from).collect() }
    }
}

impl From<Diagnostic> for DiagnosticResponse {
    fn from(diagnostic: Diagnostic) -> Self {
        let position = diagnostic.position;
        let line = position.as_ref().map(|position| position.line).filter(|line| *line > 0);
        let column = position.as_ref().map(|position| position.column).filter(|column| *column > 0);
        Self {
            severity: diagnostic.severity.as_str(),
            code: diagnostic.code,
            message: diagnostic.message,
            help: diagnostic.help,
            file: position.map(|position| position.file),
            line,
            column,
            length: diagnostic.length,
        }
    }
}

impl ResponseBody for CheckResponse {}

//! What changed between two versions, on the wire.

use isolet_domain::code::ModuleKind;
use isolet_domain::diff::{CodeDiff, ModuleDiff, Omitted, Status};
use isolet_domain::function::Version;
use isolet_domain::ids::VersionId;
use schemars::JsonSchema;
use serde::Serialize;

use crate::answer::ResponseBody;

#[derive(JsonSchema, Serialize)]
pub struct DiffResponse {
    version: String,
    /// What it is compared with; nothing for a first version.
    base: Option<String>,
    /// Those that are not the same.
    modules: Vec<ModuleDiffResponse>,
    main_module_changed: bool,
    options_changed: bool,
    /// The time for comparing was up: there may be a shorter way to say it.
    approximate: bool,
}

#[derive(JsonSchema, Serialize)]
struct ModuleDiffResponse {
    name: String,
    /// `added`, `removed` or `changed`.
    status: &'static str,
    kind: Option<&'static str>,
    base_kind: Option<&'static str>,
    added_lines: usize,
    removed_lines: usize,
    unified: Option<String>,
    /// Why there is no text: `data` or `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<&'static str>,
}

impl DiffResponse {
    pub fn new(version: &VersionId, base: Option<&Version>, diff: CodeDiff) -> Self {
        Self {
            version: version.to_string(),
            base: base.map(|base| base.id.to_string()),
            modules: diff.modules.into_iter().map(ModuleDiffResponse::from).collect(),
            main_module_changed: diff.main_module_changed,
            options_changed: diff.options_changed,
            approximate: diff.approximate,
        }
    }
}

impl ResponseBody for DiffResponse {}

impl From<ModuleDiff> for ModuleDiffResponse {
    fn from(module: ModuleDiff) -> Self {
        let omitted = match &module.unified {
            Ok(_) => None,
            Err(Omitted::Data) => Some("data"),
            Err(Omitted::Size) => Some("size"),
        };
        Self {
            name: module.name,
            status: match module.status {
                Status::Added => "added",
                Status::Removed => "removed",
                Status::Changed => "changed",
            },
            kind: module.kinds.1.map(ModuleKind::as_str),
            base_kind: module.kinds.0.map(ModuleKind::as_str),
            added_lines: module.added_lines,
            removed_lines: module.removed_lines,
            unified: module.unified.ok(),
            omitted,
        }
    }
}

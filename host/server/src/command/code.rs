//! Code as the command line is given it: the flags that say what it is built with, and how it travels to the API. Reading files is in
//! `source`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use isolet_domain::code::{Code, Module, ModuleKind};
use isolet_domain::code_options::CodeOptions;
use serde_json::{Value, json};

use super::project::Project;

/// What code is built with.
#[derive(Args, Clone)]
pub struct OptionFlags {
    /// Let the code use `eval` and `new Function`, or with `=false` not, whatever `function.toml` says.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    allow_eval: Option<bool>,
    /// A file that says what bare imports mean: `{"imports": {"hono": "./vendor/hono.js"}}`.
    #[arg(long, value_name = "FILE")]
    import_map: Option<PathBuf>,
}

impl OptionFlags {
    /// Whether any was given.
    pub const fn any(&self) -> bool {
        self.allow_eval.is_some() || self.import_map.is_some()
    }

    /// The flags, and what the project says where there are none. Reads the import map, if there is one.
    ///
    /// # Errors
    /// A file that cannot be read or is no import map.
    pub fn read(&self, project: &Project) -> Result<CodeOptions> {
        let file = match &self.import_map {
            Some(file) => Some(file.clone()),
            None => project.import_map()?,
        };
        let import_map = file.as_ref().map(import_map).transpose()?.unwrap_or_default();
        Ok(CodeOptions { allow_eval: self.allow_eval.or(project.allow_eval).unwrap_or(false), import_map })
    }
}

fn import_map(path: &PathBuf) -> Result<BTreeMap<String, String>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
    let map: Value = serde_json::from_str(&text).with_context(|| format!("`{shown}` is not JSON"))?;
    let unlike = || anyhow!("`{shown}` is no import map: it must be an object with `imports`, from names to modules");
    let entries = map.get("imports").and_then(Value::as_object).ok_or_else(unlike)?;
    if let Some(other) = map.as_object().into_iter().flatten().map(|(key, _)| key).find(|key| *key != "imports") {
        return Err(anyhow!("`{shown}` has `{other}`; of import maps only `imports` is supported"));
    }
    let entry = |(key, target): (&String, &Value)| Ok((key.clone(), target.as_str().ok_or_else(unlike)?.to_owned()));
    entries.iter().map(entry).collect()
}

/// The code as the API takes it, with its options beside it.
pub fn on_the_wire(code: &Code) -> (Value, Value) {
    let module = |(name, module): (&String, &Module)| {
        let implied = ModuleKind::from_name(name) == Ok(module.kind);
        let text = json!(&*module.text);
        (name.clone(), if implied { text } else { json!({ module.kind.as_str(): text }) })
    };
    let modules: serde_json::Map<String, Value> = code.modules().iter().map(module).collect();
    let options = code.options();
    (
        json!({ "modules": modules, "main_module": code.main_module() }),
        json!({ "allow_eval": options.allow_eval, "import_map": options.import_map }),
    )
}

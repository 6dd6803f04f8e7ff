//! A module map on the wire: a module is its text, or an object that also says its kind. And what the modules are built with.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use isolet_domain::code::{Code, InvalidCode, Module, ModuleKind};
use isolet_domain::code_options::CodeOptions;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::answer::ResponseBody;
use crate::strict_json::UniqueMap;

/// Bytes of a body that carries code: 10 MiB of text, each character escaped at its longest.
pub const MAX_CODE_BODY_BYTES: usize = 64 << 20;

/// One module as it is sent.
#[derive(Debug)]
pub struct ModuleRequest {
    form: Form,
    text: String,
}

#[derive(Debug)]
enum Form {
    /// As the name says.
    Implied,
    Kind(ModuleKind),
    Wasm,
}

/// `{"js": "…"}`, `{"text": "…"}`, `{"json": …}` …: for names whose ending says something else, or nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Typed {
    Js(String),
    Ts(String),
    Tsx(String),
    Jsx(String),
    Cjs(String),
    Text(String),
    Json(Compact),
    /// In base64.
    Data(String),
    /// Never accepted, and said so once its name is known.
    #[schemars(skip)]
    Wasm(IgnoredAny),
}

/// Any JSON value as text without white space. It is never a tree, which would take many times as much memory.
struct Compact(String);

impl<'de> Deserialize<'de> for Compact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = Vec::new();
        let mut serializer = serde_json::Serializer::new(&mut text);
        serde_transcode::Transcoder::new(deserializer).serialize(&mut serializer).map_err(D::Error::custom)?;
        String::from_utf8(text).map(Self).map_err(D::Error::custom)
    }
}

impl JsonSchema for Compact {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        serde_json::Value::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        serde_json::Value::json_schema(generator)
    }
}

impl<'de> Deserialize<'de> for ModuleRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTyped;
        impl<'de> Visitor<'de> for TextOrTyped {
            type Value = ModuleRequest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a module's text, or an object with one of `js`, `ts`, `tsx`, `jsx`, `cjs`, `text`, `json` and `data`")
            }

            fn visit_str<E>(self, text: &str) -> Result<ModuleRequest, E> {
                Ok(ModuleRequest { form: Form::Implied, text: text.to_owned() })
            }

            fn visit_string<E>(self, text: String) -> Result<ModuleRequest, E> {
                Ok(ModuleRequest { form: Form::Implied, text })
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<ModuleRequest, A::Error> {
                let (kind, text) = match Typed::deserialize(MapAccessDeserializer::new(access))? {
                    Typed::Js(text) => (ModuleKind::Js, text),
                    Typed::Ts(text) => (ModuleKind::Ts, text),
                    Typed::Tsx(text) => (ModuleKind::Tsx, text),
                    Typed::Jsx(text) => (ModuleKind::Jsx, text),
                    Typed::Cjs(text) => (ModuleKind::Cjs, text),
                    Typed::Text(text) => (ModuleKind::Text, text),
                    Typed::Json(Compact(text)) => (ModuleKind::Json, text),
                    Typed::Data(text) => (ModuleKind::Data, text),
                    Typed::Wasm(_) => return Ok(ModuleRequest { form: Form::Wasm, text: String::new() }),
                };
                Ok(ModuleRequest { form: Form::Kind(kind), text })
            }
        }
        deserializer.deserialize_any(TextOrTyped)
    }
}

impl JsonSchema for ModuleRequest {
    fn schema_name() -> Cow<'static, str> {
        "Module".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A module's text, or an object that also says what it is.",
            "anyOf": [{ "type": "string" }, generator.subschema_for::<Typed>()],
        })
    }
}

/// What code is built with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionsRequest {
    #[serde(default)]
    allow_eval: bool,
    #[serde(default)]
    import_map: UniqueMap<String>,
}

impl OptionsRequest {
    /// Whether nothing unusual is asked for.
    pub fn is_default(&self) -> bool {
        !self.allow_eval && self.import_map.0.is_empty()
    }
}

/// The checked module map, with what it is to be built with.
pub fn code(
    modules: UniqueMap<ModuleRequest>,
    main_module: String,
    options: OptionsRequest,
) -> Result<Code, InvalidCode> {
    let mut map = BTreeMap::new();
    for (name, ModuleRequest { form, text }) in modules.0 {
        let kind = match form {
            Form::Kind(kind) => kind,
            Form::Implied => ModuleKind::from_name(&name)?,
            Form::Wasm => return Err(InvalidCode::Wasm { module: name }),
        };
        map.insert(name, Module { kind, text: text.into() });
    }
    let OptionsRequest { allow_eval, import_map } = options;
    Code::new(map, main_module)?
        .with_options(CodeOptions { allow_eval, import_map: import_map.0.into_iter().collect() })
}

/// Code as it was sent.
pub struct CodeResponse(pub Code);

impl Serialize for CodeResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        CodeView::from(&self.0).serialize(serializer)
    }
}

impl JsonSchema for CodeResponse {
    fn schema_name() -> Cow<'static, str> {
        CodeView::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        CodeView::json_schema(generator)
    }
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Code")]
struct CodeView<'c> {
    modules: BTreeMap<&'c str, ModuleResponse<'c>>,
    main_module: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<OptionsResponse<'c>>,
}

#[derive(JsonSchema, Serialize)]
struct OptionsResponse<'c> {
    allow_eval: bool,
    import_map: &'c BTreeMap<String, String>,
}

#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
enum ModuleResponse<'c> {
    Text(&'c str),
    Typed(BTreeMap<&'static str, serde_json::Value>),
}

impl<'c> From<&'c Code> for CodeView<'c> {
    fn from(code: &'c Code) -> Self {
        let module = |(name, module): (&'c String, &'c Module)| {
            // As short as it can be sent: with its kind only where the name says another.
            let implied = ModuleKind::from_name(name) == Ok(module.kind);
            let text = &*module.text;
            let shown = if implied {
                ModuleResponse::Text(text)
            } else {
                // JSON that came as a value reads back as one.
                let value = match module.kind {
                    ModuleKind::Json => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
                    _ => text.into(),
                };
                ModuleResponse::Typed(BTreeMap::from([(module.kind.as_str(), value)]))
            };
            (name.as_str(), shown)
        };
        let options = Some(code.options()).filter(|options| !options.is_default());
        let options = options
            .map(|CodeOptions { allow_eval, import_map }| OptionsResponse { allow_eval: *allow_eval, import_map });
        Self { modules: code.modules().iter().map(module).collect(), main_module: code.main_module(), options }
    }
}

impl ResponseBody for CodeResponse {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_kept_as_it_is_without_white_space() {
        let text = |json: &str| {
            let module: Result<ModuleRequest, _> = serde_json::from_str(&format!("{{\"json\": {json}}}"));
            module.map(|module| module.text)
        };
        let kept = text(r#" { "b" : [ 1, -2.50, 1e3, "\u0041 \n" ], "a": { "x": null, "y": true } } "#);
        assert_eq!(kept.expect("valid"), r#"{"b":[1,-2.5,1000.0,"A \n"],"a":{"x":null,"y":true}}"#);
        assert_eq!(text("18446744073709551615").expect("valid"), "18446744073709551615");
        assert!(text(&"[".repeat(200)).is_err() && text("[1,]").is_err() && text("1 2").is_err());
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(text(&deep(100)).is_ok() && text(&deep(200)).is_err(), "nothing uses up the stack");
    }
}

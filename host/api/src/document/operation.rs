//! One operation while it is described: parameters, body, answers, problems, scopes. How that looks as JSON is in `components`.

use std::collections::BTreeMap;

use isolet_domain::access::Scope;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::catalogue::{self as rows, Row};

/// The schemas met so far: of what is read, and of what is written. A field with a default may be left out of the first and is
/// always in the second.
pub struct Schemas {
    pub read: SchemaGenerator,
    pub written: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
        }
    }
}

/// What is known of one operation.
pub struct Operation<'s> {
    pub(super) schemas: &'s mut Schemas,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
    pub(super) successes: BTreeMap<u16, Success>,
    pub(super) problems: Vec<Row>,
    pub(super) secured: bool,
    pub(super) scopes: Vec<Scope>,
    /// What else than the host's own answers there can be, whatever the status.
    pub(super) passed_on: Option<&'static str>,
}

/// An answer that is no problem.
#[derive(Default)]
pub struct Success {
    pub(super) description: &'static str,
    /// Media type and schema.
    pub(super) content: BTreeMap<&'static str, Value>,
    /// Names among the document's headers.
    pub(super) headers: Vec<&'static str>,
}

impl<'s> Operation<'s> {
    pub(super) fn new(schemas: &'s mut Schemas) -> Self {
        Self {
            schemas,
            parameters: Vec::new(),
            body: None,
            successes: BTreeMap::new(),
            problems: Vec::new(),
            secured: false,
            scopes: Vec::new(),
            passed_on: None,
        }
    }

    /// It takes a credential.
    pub fn secured(&mut self) {
        self.secured = true;
        self.fails(&[rows::UNAUTHENTICATED, rows::STORE]);
    }

    /// The credential must have this scope.
    pub fn needs(&mut self, scope: Scope) {
        self.secured();
        self.scopes.push(scope);
        self.fails(&[rows::FORBIDDEN]);
    }

    /// It can end so.
    pub fn fails(&mut self, problems: &[Row]) {
        for problem in problems {
            if !self.problems.contains(problem) {
                self.problems.push(*problem);
            }
        }
    }

    pub fn in_path(&mut self, name: &str, schema: Value) {
        self.parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }

    pub fn in_query(&mut self, name: &str, required: bool, description: &str, schema: Value) {
        self.parameters.push(
            json!({ "name": name, "in": "query", "required": required, "description": description, "schema": schema }),
        );
    }

    /// The names of what is in its query.
    pub(super) fn query_names(&self) -> Vec<String> {
        let of_query = self.parameters.iter().filter(|parameter| parameter["in"] == "query");
        of_query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
    }

    pub fn in_header(&mut self, name: &str, description: &str, schema: Value) {
        self.parameters.push(
            json!({ "name": name, "in": "header", "required": false, "description": description, "schema": schema }),
        );
    }

    /// It takes a body of this type.
    pub fn takes<T: JsonSchema>(&mut self) {
        let schema = self.schemas.read.subschema_for::<T>();
        self.body = Some(json!({ "required": true, "content": { "application/json": { "schema": schema } } }));
    }

    /// Or a file of this media type.
    pub fn takes_also(&mut self, media_type: &'static str) {
        if let Some(body) = &mut self.body {
            body["content"][media_type] = json!({});
        }
    }

    /// It takes whatever body.
    pub fn takes_anything(&mut self) {
        self.body = Some(json!({ "required": false, "content": { "*/*": {} } }));
    }

    /// It answers with this type as JSON.
    pub fn answers<T: JsonSchema>(&mut self, status: u16, description: &'static str) -> &mut Success {
        let schema = self.schemas.written.subschema_for::<T>().to_value();
        self.answers_as(status, description, "application/json", schema)
    }

    /// It answers with something else than JSON, or also with that.
    pub fn answers_as(
        &mut self,
        status: u16,
        description: &'static str,
        media_type: &'static str,
        schema: Value,
    ) -> &mut Success {
        let success = self.answers_empty(status, description);
        success.content.insert(media_type, schema);
        success
    }

    /// It passes on what a guest answers: any status, anything in it.
    pub fn passes_on(&mut self, description: &'static str) {
        self.passed_on = Some(description);
    }

    /// Each of its answers so far has these headers.
    pub fn every_success_has(&mut self, names: &[&'static str]) {
        for success in self.successes.values_mut() {
            names.iter().for_each(|name| success.with_header(name));
        }
    }

    /// It answers without a body.
    pub fn answers_empty(&mut self, status: u16, description: &'static str) -> &mut Success {
        let success = self.successes.entry(status).or_default();
        success.description = description;
        success
    }
}

impl Success {
    /// The answer has this header, one of the document's.
    pub fn with_header(&mut self, name: &'static str) {
        if !self.headers.contains(&name) {
            self.headers.push(name);
        }
    }
}

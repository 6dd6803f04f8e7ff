//! CommonJS: a module of this kind becomes two. The body (`x.cjs?cjs`) holds the text as it is, in a function that the first
//! `require` runs; the facade (`x.cjs`) is what ECMAScript modules import: `module.exports` as the default, and by name what the
//! text visibly assigns. Bodies reach each other through hoisted functions, so cycles see what has been exported so far.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use oxc::allocator::Allocator;
use oxc::ast::ast::{
    Argument, AssignmentExpression, AssignmentTarget, CallExpression, Expression, IdentifierReference,
    ObjectPropertyKind, TryStatement,
};
use oxc::ast_visit::{Visit, walk};
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::SourceType;
use oxc::syntax::identifier::is_identifier_name;

use crate::bundle::Module;
use crate::diagnostics::{File, Reporter};
use crate::module::{Import, Parsed, counts};

/// What a body's name ends with. No user's name has a question mark.
const BODY: &str = "?cjs";
/// By so many lines a module's text is further down in its body.
pub const SHIFT: u32 = 1;

/// What is known of a CommonJS module.
#[derive(Default)]
pub struct Found {
    pub parsed: Parsed,
    /// Specifiers of modules whose exports this one passes on.
    pub passed_on: Vec<String>,
}

pub fn parse(module: &Module<'_>, reporter: &mut Reporter) -> Option<Found> {
    let file = File { name: module.name, text: module.text };
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, module.text, SourceType::cjs())
        .with_options(ParseOptions { parse_regular_expression: true, ..ParseOptions::default() })
        .parse();
    let mut said: Vec<_> = parsed.diagnostics.into_iter().filter(counts).collect();
    let mut scoping = None;
    if said.is_empty() && !parsed.panicked {
        let semantic = SemanticBuilder::new_compiler().build(&parsed.program);
        said = semantic.diagnostics.into_vec();
        scoping = Some(semantic.semantic.into_scoping());
    }
    let errors = reporter.errors;
    for diagnostic in &said {
        reporter.parsers(&file, diagnostic, None);
    }
    let scoping = scoping.filter(|_| reporter.errors == errors)?;
    let mut reader = Reader { scoping: &scoping, within_try: 0, found: Found::default() };
    reader.visit_program(&parsed.program);
    Some(reader.found)
}

/// What is known of a `.js` as CommonJS; `None` where it cannot be that, for an `await` at its top level or an `exports` of its own.
pub fn recognised(module: &Module<'_>) -> Option<Found> {
    let mut body = String::with_capacity(module.text.len() + 128);
    put_body(&mut body, module.text);
    let allocator = Allocator::default();
    // As it will be compiled: a function within a module.
    let parsed = Parser::new(&allocator, &body, SourceType::mjs())
        .with_options(ParseOptions { parse_regular_expression: false, ..ParseOptions::default() })
        .parse();
    if !parsed.diagnostics.is_empty() || parsed.panicked {
        return None;
    }
    let semantic = SemanticBuilder::new_compiler().build(&parsed.program);
    if semantic.diagnostics.is_empty() { parse(module, &mut Reporter::default()) } else { None }
}

/// Reads requests and exports.
struct Reader<'s> {
    scoping: &'s Scoping,
    within_try: usize,
    found: Found,
}

impl Reader<'_> {
    /// Whether the name is the one that the wrapping function gives, not one of the text's own.
    fn is_given(&self, identifier: &IdentifierReference<'_>, name: &str) -> bool {
        identifier.name == name
            && identifier.reference_id.get().is_none_or(|id| self.scoping.get_reference(id).symbol_id().is_none())
    }

    fn required<'a>(&self, call: &'a CallExpression<'_>) -> Option<(&'a str, (u32, u32))> {
        let Expression::Identifier(callee) = &call.callee else { return None };
        match call.arguments.first() {
            Some(Argument::StringLiteral(literal)) if self.is_given(callee, "require") => {
                Some((literal.value.as_str(), (literal.span.start, literal.span.end)))
            }
            _ => None,
        }
    }

    /// `exports` or `module.exports`.
    fn is_exports(&self, expression: &Expression<'_>) -> bool {
        match expression {
            Expression::Identifier(identifier) => self.is_given(identifier, "exports"),
            Expression::StaticMemberExpression(member) => {
                member.property.name == "exports"
                    && matches!(&member.object, Expression::Identifier(object) if self.is_given(object, "module"))
            }
            _ => false,
        }
    }

    fn export(&mut self, name: &str) {
        if name != "default" && is_identifier_name(name) {
            self.found.parsed.exports.names.insert(name.to_owned());
        }
    }

    fn exported_value(&mut self, value: &Expression<'_>) {
        match value {
            Expression::ObjectExpression(object) => {
                for property in &object.properties {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            if let Some(name) = property.key.static_name() {
                                self.export(&name);
                            }
                        }
                        ObjectPropertyKind::SpreadProperty(spread) => self.exported_value(&spread.argument),
                    }
                }
            }
            Expression::CallExpression(call) => {
                if let Some((specifier, _)) = self.required(call) {
                    self.found.passed_on.push(specifier.to_owned());
                }
            }
            Expression::AssignmentExpression(assignment) => self.exported_value(&assignment.right),
            _ => {}
        }
    }
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_try_statement(&mut self, statement: &TryStatement<'a>) {
        self.within_try += 1;
        walk::walk_try_statement(self, statement);
        self.within_try -= 1;
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Some((specifier, span)) = self.required(call) {
            let (specifier, is_lazy) = (specifier.to_owned(), self.within_try > 0);
            self.found.parsed.imports.push(Import {
                specifier,
                span: Some(span),
                names: Vec::new(),
                is_lazy,
                is_bare: false,
            });
        }
        match &call.callee {
            // Object.defineProperty(exports, "name", …)
            Expression::StaticMemberExpression(member) if member.property.name == "defineProperty" => {
                if let [Argument::StringLiteral(name), ..] = call.arguments.get(1..).unwrap_or_default()
                    && call.arguments[0].as_expression().is_some_and(|target| self.is_exports(target))
                {
                    self.export(name.value.as_str());
                }
            }
            // __exportStar(require("x"), exports), as TypeScript and Babel write it
            Expression::Identifier(callee) if matches!(callee.name.as_str(), "__exportStar" | "__export") => {
                if let Some(Argument::CallExpression(inner)) = call.arguments.first()
                    && let Some((specifier, _)) = self.required(inner)
                {
                    self.found.passed_on.push(specifier.to_owned());
                }
            }
            _ => {}
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        match &assignment.left {
            AssignmentTarget::StaticMemberExpression(member) if self.is_exports(&member.object) => {
                self.export(member.property.name.as_str());
            }
            AssignmentTarget::ComputedMemberExpression(member) if self.is_exports(&member.object) => {
                if let Expression::StringLiteral(name) = &member.expression {
                    self.export(name.value.as_str());
                }
            }
            AssignmentTarget::StaticMemberExpression(member)
                if member.property.name == "exports"
                    && matches!(&member.object, Expression::Identifier(object) if self.is_given(object, "module")) =>
            {
                self.exported_value(&assignment.right);
            }
            _ => {}
        }
        walk::walk_assignment_expression(self, assignment);
    }
}

/// How a body reaches what it requires.
pub enum Target {
    CommonJs(String),
    /// Its namespace is what `require` gives.
    Module(String),
    /// Its default export is.
    Value(String),
}

pub fn body_name(name: &str) -> String {
    format!("{name}{BODY}")
}

/// The body's text, [`SHIFT`] lines longer at its top than the module's.
pub fn body(module: &Module<'_>, requests: &[(String, Target)]) -> String {
    let mut out = String::with_capacity(module.text.len() + 1024);
    for (index, (_, target)) in requests.iter().enumerate() {
        let (taken, name) = match target {
            Target::CommonJs(name) => (format!("{{ $require as $cjs{index} }}"), body_name(name)),
            Target::Module(name) => (format!("* as $cjs{index}"), name.clone()),
            Target::Value(name) => (format!("$cjs{index}"), name.clone()),
        };
        let _ = write!(out, "import {taken} from {}; ", literal(&format!("?{name}")));
    }
    let folder = module.name.rsplit_once('/').map_or("/".to_owned(), |(folder, _)| format!("/{folder}"));
    let file = format!("/{}", module.name);
    out.push_str("var $module; export function $require() { if ($module) return $module.exports; ");
    let _ = write!(
        out,
        "$module = {{ exports: {{}}, id: {0}, filename: {0}, loaded: false, children: [], paths: [] }}; ",
        literal(&file)
    );
    out.push_str("try { ");
    put_body(&mut out, module.text);
    let _ = write!(
        out,
        ".call($module.exports, $module.exports, $find, $module, {}, {}); }} catch (error) {{ $module = undefined; throw error; }}\n$module.loaded = true; return $module.exports; }}\n",
        literal(&file),
        literal(&folder),
    );
    out.push_str("function $find(specifier) { switch (specifier) {\n");
    for (index, (specifier, target)) in requests.iter().enumerate() {
        let call = if matches!(target, Target::CommonJs(_)) { "()" } else { "" };
        let _ = writeln!(out, "case {}: return $cjs{index}{call};", literal(specifier));
    }
    out.push_str(
        "} throw Object.assign(new Error(`Cannot find module '${specifier}'`), { code: \"MODULE_NOT_FOUND\" }); }\n",
    );
    out
}

/// The function that the text is the body of, one line further down.
fn put_body(out: &mut String, text: &str) {
    out.push_str("(function (exports, require, module, __filename, __dirname) {\n");
    // What stands in the first line of a script for a shell.
    match text.strip_prefix("#!") {
        Some(rest) => {
            out.push_str("//");
            out.push_str(rest);
        }
        None => out.push_str(text),
    }
    out.push_str("\n})");
}

/// The facade's text.
pub fn facade(name: &str, exports: &BTreeSet<String>, is_main: bool) -> String {
    let mut out = format!(
        "import {{ $require }} from {}; const $exports = $require();\n",
        literal(&format!("?{}", body_name(name)))
    );
    // What other tools make of `export default` when they write CommonJS; as the entry it must be the handler.
    out.push_str(if is_main {
        "export default $exports?.__esModule ? $exports.default : $exports;\n"
    } else {
        "export default $exports;\n"
    });
    for (index, name) in exports.iter().enumerate() {
        let _ = writeln!(out, "const $e{index} = $exports?.{name}; export {{ $e{index} as {name} }};");
    }
    out
}

/// A string literal of JavaScript.
pub fn literal(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

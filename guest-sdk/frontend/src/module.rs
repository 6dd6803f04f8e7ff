//! One module: parsed, checked, and, where it is TypeScript or has JSX, turned into plain JavaScript with a map. What it imports
//! and exports is noted for `graph`; CommonJS is `commonjs`'s.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use oxc::allocator::Allocator;
use oxc::ast::ast::{
    BindingPattern, Declaration, ExportDefaultDeclarationKind, ImportDeclarationSpecifier, Program, Statement,
};
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::diagnostics::{OxcDiagnostic, Severity};
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::SemanticBuilder;
use oxc::span::{GetSpan as _, SourceType};
use oxc::transformer::{HelperLoaderOptions, JsxRuntime, TransformOptions, Transformer};

use crate::bundle::{Kind, Module};
use crate::diagnostics::{File, Reporter, Span};
use crate::helpers;
use crate::namespaces;
use crate::positions;

/// A module that could be parsed.
#[derive(Default)]
pub struct Parsed {
    /// What it became, with its map; `None` where its text is JavaScript already.
    pub code: Option<(String, Vec<u8>)>,
    pub imports: Vec<Import>,
    pub exports: Exports,
    /// It imports and exports nothing, and speaks of `require`, `module` or `exports` that are not its own.
    pub is_common: bool,
}

/// One request for another module.
pub struct Import {
    pub specifier: String,
    /// Where the specifier stands; `None` when the transform added it.
    pub span: Option<Span>,
    /// What is taken from it by name.
    pub names: Vec<(String, Span)>,
    /// `import()`, or a `require` that may fail.
    pub is_lazy: bool,
    /// It takes nothing: the module is imported for what it does.
    pub is_bare: bool,
}

#[derive(Default)]
pub struct Exports {
    pub names: BTreeSet<String>,
    /// Specifiers of `export * from`.
    pub stars: Vec<String>,
}

/// How the parser is to read a kind of module.
pub fn source_type(kind: Kind, name: &str) -> SourceType {
    match kind {
        Kind::Ts if name.ends_with(".d.ts") => SourceType::d_ts(),
        Kind::Ts => SourceType::ts(),
        Kind::Tsx => SourceType::tsx(),
        Kind::Jsx => SourceType::jsx(),
        Kind::Cjs => SourceType::cjs(),
        Kind::Js | Kind::Text | Kind::Json | Kind::Data | Kind::Alias => SourceType::mjs(),
    }
}

fn parsing() -> ParseOptions {
    ParseOptions { parse_regular_expression: true, ..ParseOptions::default() }
}

/// Whether what the parser says holds for the engine too, which takes regular expressions that it does not: with names that are written
/// as escapes, properties of a later Unicode, numbers without end. These are what both refuse, by a comparison of 60,000 expressions.
pub fn counts(said: &OxcDiagnostic) -> bool {
    const REFUSED_BY_BOTH: [&str; 11] = [
        "Could not parse the entire pattern",
        "Unterminated ",
        "Lone quantifier",
        "Invalid braced quantifier",
        "Group specifier is empty",
        "Duplicated capturing group names",
        "Invalid indexed reference",
        "Invalid unicode escape sequence",
        "Unknown modifiers",
        "Character class range",
        "Character class atom range",
    ];
    let of_expression = said.message.strip_prefix("Invalid regular expression: ");
    of_expression.is_none_or(|why| REFUSED_BY_BOTH.iter().any(|kind| why.starts_with(kind)))
}

/// `None` when there are errors; the reporter has them.
pub fn parse(module: &Module<'_>, reporter: &mut Reporter) -> Option<Parsed> {
    let file = File { name: module.name, text: module.text };
    let allocator = Allocator::default();
    let source_type = source_type(module.kind, module.name);
    let parsed = Parser::new(&allocator, module.text, source_type).with_options(parsing()).parse();
    let mut program = parsed.program;
    let mut said: Vec<_> = parsed.diagnostics.into_iter().filter(counts).collect();
    let before = reporter.errors;
    let mut scoping = None;
    if said.is_empty() && !parsed.panicked {
        let semantic = SemanticBuilder::new_compiler().with_enum_eval(true).with_excess_capacity(2.0).build(&program);
        said = semantic.diagnostics.into_vec();
        scoping = Some(semantic.semantic.into_scoping());
    }
    // What is wrong with it as this language is of no interest when it is fine as another.
    let help = if said.is_empty() || scoping.is_some() { None } else { other_language(module) };
    for diagnostic in said.iter().take(if help.is_some() { 1 } else { usize::MAX }) {
        reporter.parsers(&file, diagnostic, help);
    }
    let scoping = scoping.filter(|_| reporter.errors == before)?;
    let mut result = Parsed::default();
    if module.kind == Kind::Js && !module.name.ends_with(".mjs") && !parsed.module_record.has_module_syntax {
        let given = scoping.root_unresolved_references();
        result.is_common = ["require", "module", "exports"].iter().any(|name| given.contains_key(*name));
    }
    for import in &parsed.module_record.dynamic_imports {
        lazy_import(module.text, (import.module_request.start, import.module_request.end), &mut result.imports);
    }
    if module.kind != Kind::Js {
        let options = options(&program);
        let assigned = namespaces::assigned(&program, &scoping);
        let transformed =
            Transformer::new(&allocator, Path::new(module.name), &options).build_with_scoping(scoping, &mut program);
        for mut diagnostic in transformed.diagnostics.into_vec() {
            let mut help = None;
            if diagnostic.message.starts_with("Namespaces exporting non-const") {
                if !diagnostic.labels.iter().any(|label| assigned.contains(&label.span())) {
                    continue;
                }
                diagnostic.severity = Severity::Error;
                diagnostic.message = "a namespace cannot export what is assigned to later".into();
                help = Some("export a `const`, or a function that gives the value; or make it a module");
            }
            reporter.parsers(&file, &diagnostic, help);
        }
        if reporter.errors != before {
            return None;
        }
        let printed = Codegen::new()
            .with_options(CodegenOptions {
                source_map_path: Some(module.name.into()),
                indent_width: 2,
                indent_char: oxc::codegen::IndentChar::Space,
                ..CodegenOptions::default()
            })
            .build(&program);
        if printed.code.contains(helpers::DECORATORS) {
            let message = "decorators are called as TypeScript's `experimentalDecorators` has it, with target, key and descriptor";
            let help = "standard ones, which take a value and a context, are not available";
            reporter.warning(&file, None, "decorators", message.to_owned(), Some(help.to_owned()));
        }
        let map = printed.map.map(|map| positions::table(&printed.code, module.text, &map)).unwrap_or_default();
        result.code = Some((printed.code, map));
    }
    facts(&program, &mut result);
    Some(result)
}

fn options(program: &Program<'_>) -> TransformOptions {
    let mut options = TransformOptions {
        helper_loader: HelperLoaderOptions { module_name: Cow::Borrowed(helpers::PREFIX), ..Default::default() },
        ..TransformOptions::default()
    };
    options.decorator.legacy = true;
    options.jsx.pure = false;
    let mut pragma = false;
    for comment in &program.comments {
        let text = comment.content_span().source_text(program.source_text);
        if text.contains("@jsxRuntime") {
            return options;
        }
        pragma |= text.contains("@jsx ") || text.contains("@jsxFrag ");
    }
    // Asking for a function by name is asking for the classic way.
    if pragma {
        options.jsx.runtime = JsxRuntime::Classic;
    }
    options
}

/// What to say when the text would be fine as another language.
fn other_language(module: &Module<'_>) -> Option<&'static str> {
    /// A guess is worth only so much work.
    const MAX_BYTES: usize = 256 << 10;
    if module.text.len() > MAX_BYTES {
        return None;
    }
    let parses = |text: &str, source_type: SourceType| {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, source_type).with_options(parsing()).parse();
        !parsed.panicked && !parsed.diagnostics.iter().any(counts)
    };
    // TypeScript's parser lets pass what is no matter of types, a second default export for one: what is left without them must be right.
    let reads = |source_type: SourceType| {
        parses(module.text, source_type) && parses(&without_types(module, source_type), SourceType::mjs())
    };
    match module.kind {
        Kind::Js | Kind::Cjs if reads(SourceType::ts()) => {
            Some("this reads as TypeScript: name the module with the ending `.ts`")
        }
        Kind::Js | Kind::Cjs if reads(SourceType::jsx()) => {
            Some("this reads as JSX: name the module with the ending `.jsx`")
        }
        Kind::Js | Kind::Cjs | Kind::Ts | Kind::Jsx if reads(SourceType::tsx()) => {
            Some("this reads as TypeScript with JSX: name the module with the ending `.tsx`")
        }
        _ => None,
    }
}

/// The text as plain JavaScript, whatever is wrong with it.
fn without_types(module: &Module<'_>, source_type: SourceType) -> String {
    let allocator = Allocator::default();
    let mut program = Parser::new(&allocator, module.text, source_type).parse().program;
    let scoping = SemanticBuilder::new().build(&program).semantic.into_scoping();
    let options = options(&program);
    Transformer::new(&allocator, Path::new(module.name), &options).build_with_scoping(scoping, &mut program);
    Codegen::new().build(&program).code
}

/// Notes an `import()` of a plain string.
fn lazy_import(text: &str, span: Span, imports: &mut Vec<Import>) {
    let literal = &text[span.0 as usize..span.1 as usize];
    let quoted = |quote: char| literal.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(inner) = quoted('"').or_else(|| quoted('\''))
        && !inner.contains(['\\', '"', '\''])
    {
        imports.push(Import {
            specifier: inner.to_owned(),
            span: Some(span),
            names: Vec::new(),
            is_lazy: true,
            is_bare: false,
        });
    }
}

/// What the program, as it will be linked, imports and exports.
fn facts(program: &Program<'_>, result: &mut Parsed) {
    let imports = &mut result.imports;
    let exports = &mut result.exports;
    let span = |span: oxc::span::Span| (span.start, span.end);
    let mut request = |source: &oxc::ast::ast::StringLiteral<'_>, names: Vec<(String, Span)>, is_bare: bool| {
        let span = Some(span(source.span)).filter(|(start, end)| end > start);
        imports.push(Import { specifier: source.value.to_string(), span, names, is_lazy: false, is_bare });
    };
    for statement in &program.body {
        match statement {
            Statement::ImportDeclaration(import) => {
                let mut names = Vec::new();
                for specifier in import.specifiers.iter().flatten() {
                    match specifier {
                        ImportDeclarationSpecifier::ImportSpecifier(one) => {
                            names.push((one.imported.name().to_string(), span(one.imported.span())));
                        }
                        ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                            names.push(("default".to_owned(), span(one.span)));
                        }
                        ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => {}
                    }
                }
                request(&import.source, names, import.specifiers.is_none());
            }
            Statement::ExportAllDeclaration(export) => {
                request(&export.source, Vec::new(), false);
                match &export.exported {
                    Some(name) => drop(exports.names.insert(name.name().to_string())),
                    None => exports.stars.push(export.source.value.to_string()),
                }
            }
            Statement::ExportFromDeclaration(export) => {
                let names = export.specifiers.iter();
                request(
                    &export.source,
                    names.map(|one| (one.local.name().to_string(), span(one.local.span()))).collect(),
                    false,
                );
                for one in &export.specifiers {
                    exports.names.insert(one.exported.name().to_string());
                }
            }
            Statement::ExportNamedDeclaration(export) => {
                for one in &export.specifiers {
                    exports.names.insert(one.exported.name().to_string());
                }
            }
            Statement::ExportDeclaration(export) => declared(&export.declaration, exports),
            Statement::ExportDefaultDeclaration(export)
                if !matches!(export.declaration, ExportDefaultDeclarationKind::TSInterfaceDeclaration(_)) =>
            {
                exports.names.insert("default".to_owned());
            }
            _ => {}
        }
    }
}

fn declared(declaration: &Declaration<'_>, exports: &mut Exports) {
    match declaration {
        Declaration::VariableDeclaration(variables) => {
            for variable in &variables.declarations {
                bound(&variable.id, exports);
            }
        }
        Declaration::FunctionDeclaration(function) => {
            exports.names.extend(function.id.as_ref().map(|id| id.name.to_string()));
        }
        Declaration::ClassDeclaration(class) => {
            exports.names.extend(class.id.as_ref().map(|id| id.name.to_string()));
        }
        // Types, which are gone by now.
        _ => {}
    }
}

fn bound(pattern: &BindingPattern<'_>, exports: &mut Exports) {
    for id in pattern.get_binding_identifiers() {
        exports.names.insert(id.name.to_string());
    }
}

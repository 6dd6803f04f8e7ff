//! Variables that TypeScript's namespaces export, and whether anybody assigns to them. The transform writes them once, to a variable and to
//! the namespace's property, which is right for as long as neither is written again. The transform itself is `module`'s.

use std::collections::{BTreeMap, BTreeSet};

use oxc::ast::ast::{
    Declaration, ExportDeclaration, Expression, Program, SimpleAssignmentTarget, TSNamespaceDeclaration,
};
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::Scoping;
use oxc::span::Span;

/// Where those are declared that something in the module assigns to: by their own names, or as a property of that name of whatever.
pub fn assigned(program: &Program<'_>, scoping: &Scoping) -> BTreeSet<Span> {
    let mut reader =
        Reader { scoping, depth: 0, exported: BTreeMap::new(), found: BTreeSet::new(), written: BTreeSet::new() };
    reader.visit_program(program);
    let Reader { exported, mut found, written, .. } = reader;
    let by_property = exported.into_iter().filter(|(_, names)| !names.is_disjoint(&written));
    found.extend(by_property.map(|(place, _)| place));
    found
}

struct Reader<'s> {
    scoping: &'s Scoping,
    /// How many namespaces this is within.
    depth: usize,
    /// What each declarator declares.
    exported: BTreeMap<Span, BTreeSet<String>>,
    /// Declarators of what is assigned to by its own name.
    found: BTreeSet<Span>,
    /// Properties that are assigned to.
    written: BTreeSet<String>,
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_ts_namespace_declaration(&mut self, namespace: &TSNamespaceDeclaration<'a>) {
        self.depth += 1;
        walk::walk_ts_namespace_declaration(self, namespace);
        self.depth -= 1;
    }

    fn visit_export_declaration(&mut self, export: &ExportDeclaration<'a>) {
        if let Declaration::VariableDeclaration(variables) = &export.declaration
            && self.depth > 0
        {
            for variable in &variables.declarations {
                let names = self.exported.entry(variable.span).or_default();
                for id in variable.id.get_binding_identifiers() {
                    names.insert(id.name.to_string());
                    if id.symbol_id.get().is_none_or(|id| self.scoping.symbol_is_mutated(id)) {
                        self.found.insert(variable.span);
                    }
                }
            }
        }
        walk::walk_export_declaration(self, export);
    }

    fn visit_simple_assignment_target(&mut self, target: &SimpleAssignmentTarget<'a>) {
        match target {
            SimpleAssignmentTarget::StaticMemberExpression(member) => {
                self.written.insert(member.property.name.to_string());
            }
            SimpleAssignmentTarget::ComputedMemberExpression(member) => {
                if let Expression::StringLiteral(name) = &member.expression {
                    self.written.insert(name.value.to_string());
                }
            }
            _ => {}
        }
        walk::walk_simple_assignment_target(self, target);
    }
}

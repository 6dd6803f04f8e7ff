//! The front end's one call, start to end: read the map, look at each module, link them on paper, write what the engine gets.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::{Input, Job, Kind, Module, Output};
use crate::commonjs::{self, Found, Target};
use crate::diagnostics::{File, Reporter};
use crate::graph::{self, Known};
use crate::module::Parsed;
use crate::{helpers, module, user_map};
use isolet_modules::places;

/// Never fails: what is wrong with the code is in the answer, and input that is none gives an empty one.
pub fn transform(input: &[u8]) -> Vec<u8> {
    let Some(mut input) = Input::parse(input) else { return Vec::new() };
    let mut reporter = Reporter::default();
    let known = match input.job {
        Job::Transform => read(&mut input, &mut reporter),
        Job::Maps => Known::default(),
    };
    if input.job == Job::Transform {
        graph::check(&input, &known, &mut reporter);
    }
    let mut output = Output::new();
    let is_good = reporter.errors == 0;
    if is_good {
        write(&input, known, &mut reporter, &mut output);
    }
    let said = serde_json::to_vec(&reporter.finish()).unwrap_or_default();
    output.finish(&said, is_good.then_some(input.main))
}

/// Parses every module of code.
fn read(input: &mut Input<'_>, reporter: &mut Reporter) -> Known {
    let mut known = Known::default();
    for module in &input.modules {
        let found = match module.kind {
            Kind::Cjs => commonjs::parse(module, reporter),
            kind if kind.is_code() => {
                module::parse(module, reporter).map(|parsed| Found { parsed, passed_on: Vec::new() })
            }
            _ => continue,
        };
        match found {
            Some(found) => drop(known.modules.insert(module.name.to_owned(), found)),
            None => drop(known.broken.insert(module.name.to_owned())),
        }
    }
    recognise_commonjs(input, &mut known);
    known
}

/// A `.js` that may be CommonJS, as most packages' files are, is that from here on if something takes what it exports. What is
/// imported for what it does stays a script: libraries set a global then.
fn recognise_commonjs(input: &mut Input<'_>, known: &mut Known) {
    let may_be = known.modules.iter().filter(|(_, found)| found.parsed.is_common);
    let mut candidates: BTreeSet<String> = may_be.map(|(name, _)| name.clone()).collect();
    if candidates.is_empty() {
        return;
    }
    let mut asking: Vec<String> = known.modules.keys().cloned().collect();
    let mut wanted = vec![input.main.to_owned()];
    loop {
        while let Some(name) = wanted.pop() {
            let module = input.modules.iter_mut().find(|module| module.name == name);
            let Some(module) = module.filter(|_| candidates.remove(&name)) else { continue };
            if let Some(found) = commonjs::recognised(module) {
                module.kind = Kind::Cjs;
                known.modules.insert(name.clone(), found);
                asking.push(name);
            }
        }
        let Some(name) = asking.pop() else { return };
        let imports = known.modules.get(&name).into_iter().flat_map(|found| &found.parsed.imports);
        let takes = imports.filter(|import| !import.is_bare);
        wanted.extend(takes.filter_map(|import| graph::resolve(input, &name, &import.specifier)));
    }
}

fn write(input: &Input<'_>, mut known: Known, reporter: &mut Reporter, output: &mut Output) {
    let maps = user_map::find(input);
    let imported = graph::imported(input, &known);
    let mut helpers_used = BTreeSet::new();
    for module in &input.modules {
        // A map is read here and is no part of the function, unless something imports it.
        if maps.consumed(module.name) && !imported.contains(module.name) {
            continue;
        }
        let Some(found) = known.modules.remove(module.name) else {
            let map = maps.of(module, input, reporter).unwrap_or_default();
            output.add(module.kind, module.name, module.text.as_bytes(), &map);
            continue;
        };
        if module.kind == Kind::Cjs {
            known.modules.insert(module.name.to_owned(), found);
            let map = maps.of(module, input, reporter);
            common(input, module, &known, map, output);
            continue;
        }
        let used = found.parsed.imports.iter().filter(|import| helpers::text(&import.specifier).is_some());
        helpers_used.extend(used.map(|import| import.specifier.clone()));
        let Parsed { code, .. } = &found.parsed;
        match code {
            Some((text, map)) => output.add(Kind::Js, module.name, text.as_bytes(), map),
            None => {
                let map = maps.of(module, input, reporter).unwrap_or_default();
                output.add(Kind::Js, module.name, module.text.as_bytes(), &map);
            }
        }
        known.modules.insert(module.name.to_owned(), found);
    }
    for (key, target) in &input.aliases {
        output.add(Kind::Alias, key, target.as_bytes(), &[]);
    }
    for specifier in helpers_used {
        if let Some(text) = helpers::text(&specifier) {
            output.add(Kind::Js, specifier.trim_start_matches(isolet_modules::EXACT), text.as_bytes(), &[]);
        }
    }
}

/// Writes the two modules that a CommonJS one becomes.
fn common(input: &Input<'_>, module: &Module<'_>, known: &Known, map: Option<Vec<u8>>, output: &mut Output) {
    let kinds: BTreeMap<&str, Kind> = input.modules.iter().map(|module| (module.name, module.kind)).collect();
    let mut requests: Vec<(String, Target)> = Vec::new();
    let found = known.modules.get(module.name);
    for import in found.iter().flat_map(|found| &found.parsed.imports) {
        if requests.iter().any(|(specifier, _)| *specifier == import.specifier) {
            continue;
        }
        let Some(name) = graph::resolve(input, module.name, &import.specifier) else { continue };
        let target = match kinds.get(name.as_str()) {
            Some(Kind::Cjs) => Target::CommonJs(name),
            Some(kind) if kind.is_code() => Target::Module(name),
            _ => Target::Value(name),
        };
        requests.push((import.specifier.clone(), target));
    }
    let text = commonjs::body(module, &requests);
    let map = map.unwrap_or_else(|| places::shifted(module.name, commonjs::SHIFT));
    output.add(Kind::Js, &commonjs::body_name(module.name), text.as_bytes(), &map);
    let exports = graph::exports_of(input, known, module.name);
    let facade = commonjs::facade(module.name, &exports, module.name == input.main);
    output.add(Kind::Js, module.name, facade.as_bytes(), &[]);
}

/// The file of a module, for places.
pub fn file<'a>(module: &Module<'a>) -> File<'a> {
    File { name: module.name, text: module.text }
}

//! Modules at build time: source to bytecode, loading, and the run of the entry module's top level. At request time only `resolve` is
//! still used, by dynamic `import()`. What a specifier means is `isolet_modules`' to say, TypeScript the front end's; the built-in modules' text
//! is in `builtins`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_char, c_void};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use javy::quickjs::{Ctx, Error, Exception, Function, Value, promise::PromiseState, qjs};

use isolet_modules::builtins as known;
use isolet_modules::{EXACT, import_map};

use crate::builtins;
use crate::bundle::{self, Bundle, Kind};
use crate::engine::{self, Phase, Single};
use crate::failure::Failure;
use crate::module::Module;
use crate::{attributes, event_loop, interrupt, places, rejection, settle};

/// A module on its way into the context.
struct Source {
    content: Content,
    module: Option<Module>,
}

/// What is lent here lies within the input of `compile` or `start`, which outlives its use.
#[derive(Clone)]
enum Content {
    Text {
        text: Vec<u8>,
        map: *const [u8],
    },
    Bytecode {
        bytecode: *const [u8],
        with_meta: bool,
    },
    Data(*const [u8]),
    /// What the prelude lends the built-in modules.
    Internals,
}

static SOURCES: Single<RefCell<BTreeMap<String, Source>>> = Single::new(RefCell::new(BTreeMap::new()));

/// The import map.
static ALIASES: Single<RefCell<BTreeMap<String, String>>> = Single::new(RefCell::new(BTreeMap::new()));

/// Names of the loaded modules.
static NAMES: Single<RefCell<BTreeSet<String>>> = Single::new(RefCell::new(BTreeSet::new()));

pub fn install(runtime: *mut qjs::JSRuntime) {
    // SAFETY: `runtime` is live, and both are plain functions.
    unsafe { qjs::JS_SetModuleLoaderFunc(runtime, Some(normalize), Some(load), std::ptr::null_mut()) };
}

pub fn compile(input: &[u8]) -> Result<Vec<u8>, Failure> {
    let bundle = Bundle::parse(input).ok_or_else(|| Failure::new("not a source bundle"))?;
    take_aliases(&bundle);
    engine::with(|ctx| {
        for module in bundle.modules.iter().filter(|module| !is_alias(module)) {
            // Its bytes are of no interest before it is started.
            let content = match module.kind {
                Kind::Data => Content::Data(&[]),
                _ => Content::Text { text: source(&ctx, module)?, map: std::ptr::from_ref(module.map) },
            };
            NAMES.borrow_mut().insert(module.name.to_owned());
            SOURCES.borrow_mut().insert(module.name.to_owned(), Source { content, module: None });
        }
        let mut compiled = Vec::with_capacity(bundle.modules.len());
        for module in &bundle.modules {
            if is_alias(module) {
                compiled.push((module.name.to_owned(), Kind::Alias, module.content.to_vec()));
                continue;
            }
            let declared = declare(&ctx, module.name).map_err(|error| Failure::caught(&ctx, error))?;
            let (kind, content) = match module.kind {
                Kind::Data => (Kind::Data, data(module)?),
                kind => {
                    let with_meta = kind == Kind::Js && asks_for_meta(module.content);
                    let kind = if with_meta { Kind::BytecodeWithMeta } else { Kind::Bytecode };
                    (kind, declared.write(&ctx).map_err(|error| Failure::caught(&ctx, error))?)
                }
            };
            compiled.push((module.name.to_owned(), kind, content));
            if module.kind == Kind::Js {
                named_in(module.content).for_each(add_builtin);
            }
        }
        compile_builtins(&ctx, &mut compiled).map_err(|error| Failure::caught(&ctx, error))?;
        Ok(bundle::write(bundle.main, &compiled))
    })
}

fn is_alias(module: &bundle::Module<'_>) -> bool {
    module.kind == Kind::Alias
}

fn take_aliases(bundle: &Bundle<'_>) {
    let aliases = bundle.modules.iter().filter(|module| is_alias(module));
    let entry =
        |module: &bundle::Module<'_>| (module.name.to_owned(), String::from_utf8_lossy(module.content).into_owned());
    ALIASES.borrow_mut().extend(aliases.map(entry));
}

/// Makes a built-in module one of the function's.
fn add_builtin(name: &'static str) {
    let Some(text) = builtins::text(name) else { return };
    if NAMES.borrow_mut().insert(name.to_owned()) {
        let content = Content::Text { text: text.as_bytes().to_vec(), map: &[] };
        SOURCES.borrow_mut().insert(name.to_owned(), Source { content, module: None });
    }
}

/// Built-in modules that the text speaks of by their full names: what `import()` may ask for at run time must be there by then.
fn named_in(text: &[u8]) -> impl Iterator<Item = &'static str> {
    let prefix = known::PREFIX.as_bytes();
    let may_be = text.windows(prefix.len()).any(|part| part == prefix);
    let says = move |name: &str| text.windows(name.len()).any(|part| part == name.as_bytes());
    known::NAMES.into_iter().filter(move |name| may_be && says(name))
}

/// Compiles those built-in modules that were asked for, and what they ask for.
fn compile_builtins(ctx: &Ctx<'_>, compiled: &mut Vec<(String, Kind, Vec<u8>)>) -> Result<(), Error> {
    loop {
        let is_done = |name: &str| compiled.iter().any(|(done, ..)| done == name);
        let asked_for = NAMES.borrow().iter().find(|name| name.starts_with(known::PREFIX) && !is_done(name)).cloned();
        let Some(name) = asked_for else { return Ok(()) };
        let bytecode = declare(ctx, &name)?.write(ctx)?;
        compiled.push((name, Kind::Bytecode, bytecode));
    }
}

fn data(module: &bundle::Module<'_>) -> Result<Vec<u8>, Failure> {
    STANDARD.decode(module.content).map_err(|_| Failure::new(format!("module \"{}\" is not in base64", module.name)))
}

/// Whether the text says `import.meta` somewhere. An address that nobody asks for would only make the function larger.
fn asks_for_meta(text: &[u8]) -> bool {
    let before = |text: &[u8], word: &[u8]| text.trim_ascii_end().ends_with(word);
    text.windows(4).enumerate().filter(|(_, word)| *word == b"meta").any(|(at, _)| {
        let head = text[..at].trim_ascii_end();
        head.strip_suffix(b".").is_some_and(|head| before(head, b"import"))
    })
}

/// Compiles or loads the module, unless that was done already because another one imports it.
fn declare(ctx: &Ctx<'_>, name: &str) -> Result<Module, Error> {
    let sources = SOURCES.borrow();
    let source = sources.get(name).ok_or(Error::Unknown)?;
    if let Some(module) = source.module {
        return Ok(module);
    }
    let content = source.content.clone();
    drop(sources);
    // SAFETY: what is lent lives until all is loaded; the host hands over what `compile` of this same engine wrote.
    let module = unsafe {
        match content {
            Content::Text { text, map } => places::through(ctx, name, &*map, || compile_text(ctx, name, text))?,
            Content::Bytecode { bytecode, with_meta } => {
                let module = Module::load(ctx, &*bytecode)?;
                if with_meta {
                    module.set_address(ctx, &isolet_modules::address(name))?;
                }
                module
            }
            Content::Data(bytes) => Module::data(ctx, name, &*bytes)?,
            Content::Internals => Module::value_of(ctx, name, &engine::internals(ctx))?,
        }
    };
    if let Some(source) = SOURCES.borrow_mut().get_mut(name) {
        source.module = Some(module);
    }
    Ok(module)
}

/// Compiles what the module `name` is. A text that does not compile is read once more with its attributes as they are written today.
fn compile_text(ctx: &Ctx<'_>, name: &str, text: Vec<u8>) -> Result<Module, Error> {
    let first = Module::compile(ctx, name, text);
    if first.is_ok() {
        return first;
    }
    let sources = SOURCES.borrow();
    let again = match sources.get(name).map(|source| &source.content) {
        Some(Content::Text { text, .. }) => attributes::with_for_assert(text),
        _ => None,
    };
    drop(sources);
    let result = match again {
        Some(text) => {
            ctx.catch();
            Module::compile(ctx, name, text)
        }
        None => first,
    };
    if result.is_err() {
        name_nesting(ctx, name);
    }
    result
}

/// The parser recurses with what it parses. QuickJS' words for a stack that is used up tell neither that nor where it was.
fn name_nesting(ctx: &Ctx<'_>, name: &str) {
    let thrown = ctx.catch();
    let failure = Failure::of_value(&thrown);
    if failure.message == "RangeError: Maximum call stack size exceeded" {
        let message = format!("the code of \"{name}\" is nested too deeply: the parser has no stack left for it");
        let _ = Exception::throw_range(ctx, &message);
    } else {
        let _ = ctx.throw(thrown);
    }
}

/// The module as ECMAScript: text and JSON become a default export.
fn source(ctx: &Ctx<'_>, module: &bundle::Module<'_>) -> Result<Vec<u8>, Failure> {
    let text = || std::str::from_utf8(module.content).map_err(|_| Failure::new("a module is not UTF-8"));
    match module.kind {
        Kind::Js | Kind::Bytecode | Kind::BytecodeWithMeta | Kind::Data | Kind::Alias => Ok(module.content.to_vec()),
        Kind::Text => {
            let mut out = String::from("export default ");
            crate::text::json_string(&mut out, text()?);
            Ok(out.into_bytes())
        }
        Kind::Json => {
            if let Err(error) = ctx.json_parse(module.content) {
                let mut failure = Failure::caught(ctx, error);
                failure.stack = format!("    at {}:1:1\n", module.name);
                return Err(failure);
            }
            let mut out = String::from("export default JSON.parse(");
            crate::text::json_string(&mut out, text()?);
            out.push(')');
            Ok(out.into_bytes())
        }
    }
}

pub fn start(input: &[u8]) -> Result<(), Failure> {
    let bundle = Bundle::parse(input).ok_or_else(|| Failure::new("not a bytecode bundle"))?;
    engine::set_phase(Phase::StartUp);
    take_aliases(&bundle);
    engine::with(|ctx| {
        for module in bundle.modules.iter().filter(|module| !is_alias(module)) {
            NAMES.borrow_mut().insert(module.name.to_owned());
            let lent = std::ptr::from_ref(module.content);
            let content = match module.kind {
                Kind::Data => Content::Data(lent),
                kind => Content::Bytecode { bytecode: lent, with_meta: kind == Kind::BytecodeWithMeta },
            };
            SOURCES.borrow_mut().insert(module.name.to_owned(), Source { content, module: None });
        }
        let caught = |error| Failure::caught(&ctx, error);
        // All of them, so that a dynamic import finds its module later.
        for module in bundle.modules.iter().filter(|module| !is_alias(module)) {
            declare(&ctx, module.name).map_err(caught)?;
        }
        let main = declare(&ctx, bundle.main).map_err(caught)?;
        SOURCES.take();
        let settled = main.evaluate(&ctx).map_err(|error| Failure::caught(&ctx, error))?;
        event_loop::run_jobs(&ctx);
        match settled.state() {
            PromiseState::Resolved => {}
            PromiseState::Rejected => {
                return Err(match settled.result::<Value<'_>>() {
                    Some(Err(error)) => Failure::caught(&ctx, error),
                    _ => Failure::new("the module's top level was rejected"),
                });
            }
            PromiseState::Pending if interrupt::interrupted() => return Err(event_loop::last_error()),
            PromiseState::Pending => {
                return Err(Failure::new(
                    "a top-level await never settled: nothing it could wait for happens while a module starts",
                ));
            }
        }
        if let Some(failure) = rejection::take(&ctx).into_iter().next() {
            return Err(failure);
        }
        let namespace = main.namespace(&ctx).map_err(|error| Failure::caught(&ctx, error))?;
        let check: Function<'_> = engine::hook(&ctx, |hooks| &hooks.check);
        let complaint: Option<String> =
            check.call((namespace.clone(),)).map_err(|error| Failure::caught(&ctx, error))?;
        if let Some(complaint) = complaint {
            return Err(Failure::new(complaint));
        }
        engine::set_main(&ctx, namespace);
        settle::pin_function();
        Ok(())
    })?;
    engine::set_phase(Phase::Request);
    Ok(())
}

/// The module that `specifier` means in `base`, if it is in the map.
fn resolve(base: &str, specifier: &str) -> Option<String> {
    // The built-in modules have their own: the text of each other, and what the prelude lends.
    if base.starts_with(known::PREFIX) {
        if specifier == builtins::INTERNALS {
            let source = Source { content: Content::Internals, module: None };
            SOURCES.borrow_mut().entry(specifier.to_owned()).or_insert(source);
            return Some(specifier.to_owned());
        }
        return builtin(specifier);
    }
    let aliases = ALIASES.borrow();
    let mapped = import_map::apply(aliases.iter().map(|(key, target)| (key.as_str(), target.as_str())), specifier);
    let (base, specifier) = mapped.as_deref().map_or((base, specifier), |target| ("", target));
    let found = {
        let names = NAMES.borrow();
        isolet_modules::resolve(|name| names.contains(name), base, specifier)
    };
    found.or_else(|| builtin(specifier.trim_start_matches(EXACT)))
}

/// The built-in module of that name. While code is compiled any of them can be had, later those that were asked for then.
fn builtin(specifier: &str) -> Option<String> {
    let name = known::find(specifier)?;
    if engine::phase() == Phase::Freeze {
        add_builtin(name);
    }
    NAMES.borrow().contains(name).then(|| name.to_owned())
}

unsafe extern "C" fn normalize(
    ctx: *mut qjs::JSContext,
    base: *const c_char,
    name: *const c_char,
    _: *mut c_void,
) -> *mut c_char {
    // SAFETY: QuickJS lends both as NUL-terminated text and takes the result as memory of its own allocator.
    unsafe {
        let base = CStr::from_ptr(base).to_string_lossy();
        let name = CStr::from_ptr(name).to_string_lossy();
        let Some(found) = resolve(&base, &name) else {
            return unknown(ctx, &base, &name);
        };
        let found = CString::new(found).unwrap_or_default();
        let len = found.as_bytes_with_nul().len();
        let out = qjs::js_malloc(ctx, len as _).cast::<c_char>();
        if !out.is_null() {
            std::ptr::copy_nonoverlapping(found.as_ptr(), out, len);
        }
        out
    }
}

/// Throws the error for a module that is not in the map, with the nearest name that is.
unsafe fn unknown(ctx: *mut qjs::JSContext, base: &str, name: &str) -> *mut c_char {
    let names = NAMES.borrow();
    let nearest = isolet_modules::nearest(names.iter().map(String::as_str), base, name);
    let hint = nearest.map(|nearest| format!("; did you mean \"{nearest}\"?"));
    let hint = hint.or_else(|| known::help(name).map(|help| format!("; {help}"))).unwrap_or_default();
    // SAFETY: the context is the one QuickJS called us with.
    let ctx = unsafe { Ctx::from_raw(std::ptr::NonNull::new_unchecked(ctx)) };
    let message = format!("module \"{name}\", imported by \"{base}\", is not among the modules{hint}");
    let _ = Exception::throw_reference(&ctx, &message);
    if let Some((line, column)) = place_of(base, name)
        && let Some(error) = ctx.catch().into_object()
    {
        // QuickJS gives no position for a failed import.
        let _ = error.set("stack", format!("ReferenceError: {message}\n    at {base}:{line}:{column}"));
        let _ = ctx.throw(error.into_value());
    }
    std::ptr::null_mut()
}

/// Line and column of the first string literal `name` in the source of module `base`.
fn place_of(base: &str, name: &str) -> Option<(usize, usize)> {
    let sources = SOURCES.borrow();
    let Content::Text { text, .. } = &sources.get(base)?.content else { return None };
    let text = std::str::from_utf8(text).ok()?;
    let found = [format!("\"{name}\""), format!("'{name}'")].iter().filter_map(|literal| text.find(literal)).min()?;
    let before = &text[..found];
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
    Some((before.matches('\n').count() + 1, column + 1))
}

/// Compiling or loading a module resolves its imports, so the imported ones are compiled or loaded on the way.
unsafe extern "C" fn load(ctx: *mut qjs::JSContext, name: *const c_char, _: *mut c_void) -> *mut qjs::JSModuleDef {
    // SAFETY: QuickJS lends the name as NUL-terminated text; the context is the one it called us with.
    let (ctx, name) = unsafe {
        (Ctx::from_raw(std::ptr::NonNull::new_unchecked(ctx)), CStr::from_ptr(name).to_string_lossy().into_owned())
    };
    // On failure the exception is pending.
    declare(&ctx, &name).map_or(std::ptr::null_mut(), |module| module.0)
}

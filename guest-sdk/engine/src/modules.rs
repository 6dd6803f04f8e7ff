//! Modules at build time: source to bytecode, loading, resolution of specifiers within the module map, and the run of the entry
//! module's top level. At request time only `resolve` is still used, by dynamic `import()`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_void};

use javy::quickjs::{Ctx, Exception, Function, Module, WriteOptions, promise::PromiseState, qjs};

use crate::bundle::{self, Bundle, Kind};
use crate::engine::{self, Phase, Single};
use crate::failure::Failure;
use crate::{event_loop, interrupt, rejection};

/// Names of the loaded modules.
static NAMES: Single<RefCell<BTreeSet<String>>> = Single::new(RefCell::new(BTreeSet::new()));

pub fn install(runtime: *mut qjs::JSRuntime) {
    // SAFETY: `runtime` is live, and both are plain functions.
    unsafe { qjs::JS_SetModuleLoaderFunc(runtime, Some(normalize), Some(load), std::ptr::null_mut()) };
}

pub fn compile(input: &[u8]) -> Result<Vec<u8>, Failure> {
    let bundle = Bundle::parse(input).ok_or_else(|| Failure::new("not a source bundle"))?;
    engine::with(|ctx| {
        let mut compiled = Vec::with_capacity(bundle.modules.len());
        for module in &bundle.modules {
            let source = source(&ctx, module)?;
            let options = WriteOptions { strip_source: true, ..WriteOptions::default() };
            let bytecode = Module::declare(ctx.clone(), module.name, source)
                .and_then(|declared| declared.write(options))
                .map_err(|error| stopped_or(&ctx, error))?;
            compiled.push((module.name, bytecode));
        }
        Ok(bundle::write(bundle.main, &compiled))
    })
}

/// The module as ECMAScript: text and JSON become a default export.
fn source(ctx: &Ctx<'_>, module: &bundle::Module<'_>) -> Result<Vec<u8>, Failure> {
    let text = || std::str::from_utf8(module.content).map_err(|_| Failure::new("a module is not UTF-8"));
    match module.kind {
        Kind::Js | Kind::Bytecode => Ok(module.content.to_vec()),
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
    engine::with(|ctx| {
        NAMES.borrow_mut().extend(bundle.modules.iter().map(|module| module.name.to_owned()));
        let mut main = None;
        for module in &bundle.modules {
            // SAFETY: the host hands over what `compile` of this same engine wrote.
            let loaded = unsafe { Module::load(ctx.clone(), module.content) };
            let loaded = loaded.map_err(|error| Failure::caught(&ctx, error))?;
            if module.name == bundle.main {
                main = Some(loaded);
            }
        }
        let main = main.ok_or_else(|| Failure::new("the entry module is missing"))?;
        let (main, settled) = main.eval().map_err(|error| stopped_or(&ctx, error))?;
        event_loop::run_jobs(&ctx);
        if interrupt::interrupted() {
            return Err(stopped_or(&ctx, javy::quickjs::Error::Exception));
        }
        match settled.state() {
            PromiseState::Resolved => {}
            PromiseState::Rejected => {
                let reason = settled.result::<javy::quickjs::Value<'_>>();
                let error = match reason {
                    Some(Err(error)) => Failure::caught(&ctx, error),
                    _ => Failure::new("the module's top level was rejected"),
                };
                return Err(error);
            }
            PromiseState::Pending => {
                return Err(Failure::new("a top-level await never settled: nothing it could wait for happens while a module starts"));
            }
        }
        if let Some(failure) = rejection::take(&ctx).into_iter().next() {
            return Err(failure);
        }
        let namespace = main.namespace().map_err(|error| Failure::caught(&ctx, error))?;
        let check: Function<'_> = engine::hook(&ctx, |hooks| &hooks.check);
        let complaint: Option<String> =
            check.call((namespace.clone(),)).map_err(|error| Failure::caught(&ctx, error))?;
        if let Some(complaint) = complaint {
            return Err(Failure::new(complaint));
        }
        engine::set_main(&ctx, namespace);
        Ok(())
    })?;
    engine::set_phase(Phase::Request);
    Ok(())
}

/// A failure; one that the host's stop caused says so, for the host to name.
fn stopped_or(ctx: &Ctx<'_>, error: javy::quickjs::Error) -> Failure {
    let failure = Failure::caught(ctx, error);
    if interrupt::interrupted() { Failure { message: "interrupted".to_owned(), ..failure } } else { failure }
}

/// The module that `specifier` means in `base`, if it is in the map: relative, bare, and with the usual endings left out.
fn resolve(base: &str, specifier: &str) -> Option<String> {
    let names = NAMES.borrow();
    let path = if specifier.starts_with("./") || specifier.starts_with("../") {
        let mut parts: Vec<&str> = base.split('/').collect();
        parts.pop();
        for part in specifier.split('/') {
            match part {
                "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        parts.join("/")
    } else {
        specifier.trim_start_matches('/').to_owned()
    };
    ["", ".js", ".mjs", "/index.js"].iter().map(|ending| format!("{path}{ending}")).find(|name| names.contains(name))
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
    let wanted = name.trim_start_matches("./").trim_start_matches("../");
    let names = NAMES.borrow();
    let nearest = names.iter().map(|have| (distance(have, wanted), have)).min().filter(|(far, _)| *far <= 3);
    let hint = nearest.map(|(_, have)| format!("; did you mean \"./{have}\"?")).unwrap_or_default();
    // SAFETY: the context is the one QuickJS called us with.
    let ctx = unsafe { Ctx::from_raw(std::ptr::NonNull::new_unchecked(ctx)) };
    let message = format!("module \"{name}\", imported by \"{base}\", is not among the modules{hint}");
    let _ = Exception::throw_reference(&ctx, &message);
    std::ptr::null_mut()
}

/// Levenshtein's distance, of short names only.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let cost = (before + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            before = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

/// Every module of the map was loaded before any ran, so QuickJS finds what `normalize` names by itself and never comes here.
unsafe extern "C" fn load(_: *mut qjs::JSContext, _: *const c_char, _: *mut c_void) -> *mut qjs::JSModuleDef {
    std::ptr::null_mut()
}

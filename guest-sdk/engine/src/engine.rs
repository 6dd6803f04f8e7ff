//! The one JavaScript runtime of an instance and what it keeps between calls. Created when the base is frozen; the guest has one
//! thread and is never re-entered, which is what makes the statics sound.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;

use javy::quickjs::{Ctx, Function, Object, Persistent, qjs};
use javy::{Config, Runtime};

use crate::{event_loop, interrupt, modules, natives, rejection, settle, stack};

/// What the engine is doing, which decides what code may do: start-up is sealed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Freeze = 0,
    StartUp = 1,
    Request = 2,
}

/// The prelude's entry points.
pub struct Hooks {
    pub handle: Persistent<Function<'static>>,
    pub check: Persistent<Function<'static>>,
    pub timers_next: Persistent<Function<'static>>,
    pub timers_run: Persistent<Function<'static>>,
    pub rejection: Persistent<Function<'static>>,
    /// The source of an expression of flag "v" as one of flag "u".
    pub without_sets: Persistent<Function<'static>>,
    /// What the prelude lends the built-in modules.
    pub internals: Persistent<Object<'static>>,
}

/// A value in a static of a guest that has one thread.
pub struct Single<T>(T);
// SAFETY: WebAssembly without the threads proposal has one thread.
unsafe impl<T> Sync for Single<T> {}

impl<T> std::ops::Deref for Single<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Single<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }
}

static RUNTIME: Single<RefCell<Option<Runtime>>> = Single::new(RefCell::new(None));
static HOOKS: Single<RefCell<Option<Hooks>>> = Single::new(RefCell::new(None));
static MAIN: Single<RefCell<Option<Persistent<Object<'static>>>>> = Single::new(RefCell::new(None));
static PHASE: Single<Cell<Phase>> = Single::new(Cell::new(Phase::Freeze));

/// The collector first runs when this much was allocated on top of the base; after that QuickJS sets the pace.
const GC_THRESHOLD_BYTES: usize = 12 << 20;

pub fn initialize() {
    let mut config = Config::default();
    config.gc_threshold(GC_THRESHOLD_BYTES).text_encoding(false).performance(false).weak_ref(true);
    let runtime = Runtime::new(config).expect("a runtime can be created in an empty memory");
    runtime.context().with(|ctx| {
        let raw = settle::runtime_of(&ctx);
        let stack_size_field = stack::limit_recursion(raw);
        modules::install(raw);
        rejection::install(raw);
        // SAFETY: the hook is there as long as the guest is.
        unsafe { JS_SetRegExpSets(Some(without_sets)) };
        let native = Object::new(ctx.clone()).expect("an object can be created");
        natives::install(&ctx, &native).expect("natives can be installed");
        let globals = ctx.globals();
        for unwanted in ["Javy", "console"] {
            globals.remove(unwanted).expect("a global can be removed");
        }
        globals.set("__native", native.clone()).expect("a global can be set");
        let mut options = javy::quickjs::context::EvalOptions::default();
        options.filename = Some("isolet:prelude".to_owned());
        keep_text_of_functions_in(&ctx, false);
        // SAFETY: the one thread reads it, once; `take_prelude` says why it may be written to.
        let prelude = unsafe { take_prelude() };
        if let Err(error) = ctx.eval_with_options::<(), _>(prelude, options) {
            let failure = crate::failure::Failure::caught(&ctx, error);
            panic!("the prelude failed: {} {}", failure.message, failure.stack);
        }
        let hooks: Object = native.get("hooks").expect("the prelude sets its hooks");
        let hook = |name: &str| {
            let function: Function = hooks.get(name).unwrap_or_else(|_| panic!("hook `{name}` is set"));
            Persistent::save(&ctx, function)
        };
        HOOKS.replace(Some(Hooks {
            handle: hook("handle"),
            check: hook("check"),
            timers_next: hook("timersNext"),
            timers_run: hook("timersRun"),
            rejection: hook("rejection"),
            without_sets: hook("withoutSets"),
            internals: Persistent::save(
                &ctx,
                hooks.get::<_, Object<'_>>("internals").expect("the prelude sets its internals"),
            ),
        }));
        // One made-up request, so that what the first one would build lazily is part of the base.
        let warm: Function = hooks.get("warm").expect("hook `warm` is set");
        warm.call::<_, ()>(()).expect("the made-up request can be started");
        event_loop::run_jobs(&ctx);
        keep_text_of_functions_in(&ctx, true);
        // What a function may do again only if it asks for it.
        set_code_from_text_in(&ctx, false);
        ctx.run_gc();
        settle::pin(stack_size_field);
        // Last, because it asks the host's clock, which is not there while freezing.
        interrupt::install(raw);
    });
    RUNTIME.replace(Some(runtime));
    settle::fill_holes();
}

/// The prelude's text, which is not there afterwards: it has been read once the memory is frozen, and zeros take no room in the artifact.
///
/// # Safety
/// Nobody else may read or write `PRELUDE` meanwhile.
unsafe fn take_prelude() -> String {
    static mut PRELUDE: [u8; include_bytes!("../prelude.js").len()] = *include_bytes!("../prelude.js");
    let place = (&raw mut PRELUDE).cast::<u8>();
    // SAFETY: the caller's promise, and the bytes are all of the array's.
    unsafe {
        let text = std::slice::from_raw_parts(place, include_bytes!("../prelude.js").len()).to_vec();
        place.write_bytes(0, text.len());
        String::from_utf8(text).expect("the prelude is UTF-8")
    }
}

/// Runs `body` with the JavaScript context.
pub fn with<R>(body: impl FnOnce(Ctx<'_>) -> R) -> R {
    let runtime = RUNTIME.borrow();
    runtime.as_ref().expect("the base was initialised").context().with(body)
}

/// One of the prelude's hooks, callable.
pub fn hook<'js>(ctx: &Ctx<'js>, pick: impl FnOnce(&Hooks) -> &Persistent<Function<'static>>) -> Function<'js> {
    let hooks = HOOKS.borrow();
    let hook = pick(hooks.as_ref().expect("the base was initialised")).clone();
    hook.restore(ctx).expect("hooks belong to this runtime")
}

/// What the built-in modules may use.
pub fn internals<'js>(ctx: &Ctx<'js>) -> Object<'js> {
    let hooks = HOOKS.borrow();
    let internals = hooks.as_ref().expect("the base was initialised").internals.clone();
    internals.restore(ctx).expect("hooks belong to this runtime")
}

/// Whether `eval` and the constructors of functions take text.
pub fn set_code_from_text(on: bool) {
    with(|ctx| set_code_from_text_in(&ctx, on));
}

fn set_code_from_text_in(ctx: &Ctx<'_>, on: bool) {
    // SAFETY: the context is live.
    unsafe { JS_SetCodeFromText(ctx.as_raw().as_ptr(), on) };
}

/// Whether functions that are compiled from now on keep their text.
pub fn keep_text_of_functions(on: bool) {
    with(|ctx| keep_text_of_functions_in(&ctx, on));
}

fn keep_text_of_functions_in(ctx: &Ctx<'_>, on: bool) {
    // SAFETY: the context is live.
    unsafe { JS_SetTextOfFunctions(ctx.as_raw().as_ptr(), on) };
}

/// For an instance that only compiles: what it allocates from now on is handed around in lists by size.
pub fn use_working_memory() {
    // SAFETY: sets a flag; blocks from before are told from those after.
    unsafe { JS_UseWorkingMemory() };
}

/// What QuickJS asks with the source of an expression of flag "v". The prelude itself has none.
unsafe extern "C" fn without_sets(ctx: *mut qjs::JSContext, source: qjs::JSValue) -> qjs::JSValue {
    let Some(raw) = NonNull::new(ctx) else { return qjs::JS_UNDEFINED };
    // SAFETY: QuickJS calls with its live context, and lends the source for the call.
    unsafe {
        let without_sets = hook(&Ctx::from_raw(raw), |hooks| &hooks.without_sets);
        qjs::JS_Call(ctx, without_sets.as_raw(), qjs::JS_UNDEFINED, 1, (&raw const source).cast_mut())
    }
}

unsafe extern "C" {
    /// See `patches/unicode-sets.patch`.
    fn JS_SetRegExpSets(sets: Option<unsafe extern "C" fn(*mut qjs::JSContext, qjs::JSValue) -> qjs::JSValue>);
    /// See `patches/working-memory.patch`.
    fn JS_UseWorkingMemory();
    /// See `patches/kept-text.patch`.
    fn JS_SetTextOfFunctions(ctx: *mut qjs::JSContext, on: bool);
    /// See `patches/code-from-text.patch`.
    fn JS_SetCodeFromText(ctx: *mut qjs::JSContext, on: bool);
}

pub fn set_main<'js>(ctx: &Ctx<'js>, namespace: Object<'js>) {
    MAIN.replace(Some(Persistent::save(ctx, namespace)));
}

pub fn main<'js>(ctx: &Ctx<'js>) -> Option<Object<'js>> {
    MAIN.borrow().clone().and_then(|main| main.restore(ctx).ok())
}

pub fn phase() -> Phase {
    PHASE.get()
}

pub fn set_phase(phase: Phase) {
    PHASE.set(phase);
}

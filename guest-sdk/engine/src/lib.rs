//! The JavaScript engine guest: QuickJS (through javy) behind `wasi:http/incoming-handler`. This file holds what the linker
//! exports. Build-time exports (`isolet-*`) are plain core functions that the host calls before a function becomes a component;
//! at request time only the handler is reachable. Web APIs written in JavaScript live in `js/`.

mod attributes;
mod builtins;
mod bundle;
mod engine;
mod event_loop;
mod exchange;
mod failure;
mod interrupt;
mod module;
mod modules;
mod natives;
mod outgoing;
mod output;
mod places;
mod rejection;
mod settle;
mod stack;
mod text;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

/// Builds the runtime and installs every global. The memory as it is afterwards is the base.
#[unsafe(export_name = "isolet-initialize")]
pub extern "C" fn initialize() {
    engine::initialize();
}

/// Where the stack lies: `[low, high)`. What is in it between calls is dead and no part of a snapshot.
#[unsafe(export_name = "isolet-stack-low")]
pub extern "C" fn stack_low() -> usize {
    stack::low()
}

/// See [`stack_low`].
#[unsafe(export_name = "isolet-stack-high")]
pub extern "C" fn stack_high() -> usize {
    stack::high()
}

/// Room for `len` bytes that the host fills and hands to [`compile`] or [`start`], which free it.
#[unsafe(export_name = "isolet-alloc")]
pub extern "C" fn alloc(len: usize) -> *mut u8 {
    let mut buffer = Vec::<u8>::with_capacity(len);
    let pointer = buffer.as_mut_ptr();
    std::mem::forget(buffer);
    pointer
}

/// Source bundle in, bytecode bundle out. See `bundle` for both forms.
///
/// # Safety
/// `pointer` must come from [`alloc`] with the same `len`.
#[unsafe(export_name = "isolet-compile")]
pub unsafe extern "C" fn compile(pointer: *mut u8, len: usize) -> *const Answer {
    // SAFETY: the caller's promise.
    let input = unsafe { Vec::from_raw_parts(pointer, len, len) };
    // It would be left out of the bytecode.
    engine::keep_text_of_functions(false);
    engine::use_working_memory();
    answer(modules::compile(&input))
}

/// Loads a bytecode bundle and runs its entry module's top level.
///
/// # Safety
/// `pointer` must come from [`alloc`] with the same `len`.
#[unsafe(export_name = "isolet-start")]
pub unsafe extern "C" fn start(pointer: *mut u8, len: usize) -> *const Answer {
    // SAFETY: the caller's promise.
    let mut input = unsafe { Vec::from_raw_parts(pointer, len, len) };
    natives::seed_start_up(&input);
    let result = modules::start(&input);
    natives::forget_start_up();
    output::forget_stream();
    // The bytecode has been read; left in the free list it would only make the snapshot larger.
    input.fill(0);
    answer(result.map(|()| Vec::new()))
}

/// Lets the function make code from text, which is off otherwise. To be called before [`start`].
#[unsafe(export_name = "isolet-allow-eval")]
pub extern "C" fn allow_eval() {
    engine::set_code_from_text(true);
}

/// What a build-time export returns: whether it worked, and bytes (a bundle, or an error as JSON).
#[repr(C)]
pub struct Answer {
    failed: u32,
    pointer: *const u8,
    len: usize,
}

fn answer(result: Result<Vec<u8>, failure::Failure>) -> *const Answer {
    let (failed, bytes) = match result {
        Ok(bytes) => (0, bytes),
        Err(failure) => (1, failure.to_json().into_bytes()),
    };
    if failed == 0 && bytes.is_empty() {
        // Nothing allocated: a successful start leaves no trace of its answer in the snapshot.
        static DONE: DoneAnswer = DoneAnswer(Answer { failed: 0, pointer: std::ptr::null(), len: 0 });
        return &raw const DONE.0;
    }
    let bytes = bytes.leak();
    Box::leak(Box::new(Answer { failed, pointer: bytes.as_ptr(), len: bytes.len() }))
}

struct DoneAnswer(Answer);
// SAFETY: never written, and WebAssembly without threads has one thread.
unsafe impl Sync for DoneAnswer {}

struct Handler;

impl Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        exchange::serve(request, out);
    }
}

wasip2::http::proxy::export!(Handler);

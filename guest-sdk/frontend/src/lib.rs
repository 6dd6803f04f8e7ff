//! The front end: a module map in, JavaScript that the engine compiles out, and everything that is wrong with it. It runs as a
//! guest of the host, with no imports at all: what tenants wrote is parsed here and nowhere outside a sandbox. This file holds what
//! the linker exports; which module an import means is `isolet_modules`' to say.

mod bundle;
mod commonjs;
mod diagnostics;
mod graph;
mod helpers;
mod module;
mod namespaces;
mod positions;
mod user_map;
mod work;

#[cfg(test)]
mod tests;

use std::mem::ManuallyDrop;

/// Room for `len` bytes that the host fills and hands to [`transform`], which frees it.
#[unsafe(export_name = "isolet-alloc")]
pub extern "C" fn alloc(len: usize) -> *mut u8 {
    // Kept until `transform` takes it back.
    ManuallyDrop::new(Vec::<u8>::with_capacity(len)).as_mut_ptr()
}

/// A module map in, diagnostics and a source bundle out: see `bundle` for both. The answer is like those of the engine's build-time
/// exports: 0, where its bytes are, and how many.
///
/// # Safety
/// `pointer` must come from [`alloc`] with the same `len`.
#[unsafe(export_name = "isolet-transform")]
pub unsafe extern "C" fn transform(pointer: *mut u8, len: usize) -> *const [usize; 3] {
    // SAFETY: the caller's promise.
    let input = unsafe { Vec::from_raw_parts(pointer, len, len) };
    let answer = work::transform(&input).leak();
    Box::leak(Box::new([0, answer.as_ptr() as usize, answer.len()]))
}

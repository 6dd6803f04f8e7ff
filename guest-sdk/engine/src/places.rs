//! Where compiled code comes from: while a module with a map is compiled, QuickJS (see `patches/user-places.patch`) writes each place
//! through it. What a map looks like is in `isolet_modules::places`.

use std::cell::Cell;
use std::ffi::{CString, c_char, c_int};

use isolet_modules::places::Places;
use javy::quickjs::{Ctx, Error, qjs};

use crate::engine::Single;

/// The map of the module that is being compiled, and what its functions' file name is.
#[derive(Clone, Copy)]
struct Current {
    places: Places<'static>,
    file: *const c_char,
}

static CURRENT: Single<Cell<Option<Current>>> = Single::new(Cell::new(None));

unsafe extern "C" {
    fn JS_SetSourcePlace(
        ctx: *mut qjs::JSContext,
        place: Option<unsafe extern "C" fn(*mut c_int, *mut c_int)>,
        file: *const c_char,
    );
}

/// Runs `compile`, which compiles the module `name`, with its map. Compiling one module may compile others on the way.
pub fn through<R>(
    ctx: &Ctx<'_>,
    name: &str,
    map: &[u8],
    compile: impl FnOnce() -> Result<R, Error>,
) -> Result<R, Error> {
    let places = Places::parse(map);
    let file = match places.map(|places| places.names).filter(|names| !names.is_empty()) {
        Some(names) => Some(CString::new(format!("{name}#{names}"))?),
        None => None,
    };
    let file = file.as_ref().map_or(std::ptr::null(), |file| file.as_ptr());
    // SAFETY: the map outlives this call, and nothing of it is kept behind its end.
    let places = places.map(|places| unsafe { std::mem::transmute::<Places<'_>, Places<'static>>(places) });
    let outer = CURRENT.replace(places.map(|places| Current { places, file }));
    tell(ctx);
    let result = compile();
    CURRENT.set(outer);
    tell(ctx);
    result
}

/// Tells QuickJS what is current.
fn tell(ctx: &Ctx<'_>) {
    let current = CURRENT.get();
    let hook: Option<unsafe extern "C" fn(*mut c_int, *mut c_int)> = current.map(|_| place as _);
    let file = current.map_or(std::ptr::null(), |current| current.file);
    // SAFETY: the context is live; the name is NUL-terminated or null, and copied.
    unsafe { JS_SetSourcePlace(ctx.as_raw().as_ptr(), hook, file) };
}

unsafe extern "C" fn place(line: *mut c_int, column: *mut c_int) {
    let Some(current) = CURRENT.get() else { return };
    // SAFETY: QuickJS lends two numbers.
    unsafe {
        let (place, original) = current.places.find((*line).max(1) as u32, (*column).max(1) as u32);
        *line = place as c_int;
        *column = original as c_int;
    }
}

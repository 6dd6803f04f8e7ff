//! The last steps before memory is frozen. Of the base, when the artifact is built, so that what a function adds to it is small and lies
//! together; of a function, when it has started, so that requests write to few pages. The layouts relied on are checked as it goes.

use std::cell::Cell;
use std::ffi::c_void;

use javy::quickjs::qjs;

use crate::engine::Single;

/// Bytes of heap set aside, so that an ordinary start-up and request need not grow the memory.
const RESERVE_BYTES: usize = 3 << 20;

/// Added to every reference count of the base, which lifts it past where QuickJS still writes counts (`patches/frozen-counts.patch`):
/// what is in the base is never freed, and using it dirties no page.
const PIN: i32 = 0x2000_0000;
/// The same for what a function's start-up made, which tells it from the base (`patches/kept-text.patch`).
const FUNCTION_PIN: i32 = 0x1000_0000;

/// QuickJS' field that the distances below are counted from.
static STACK_SIZE_FIELD: Single<Cell<*mut usize>> = Single::new(Cell::new(std::ptr::null_mut()));
/// Where the heap of functions begins.
static BASE_END: Single<Cell<usize>> = Single::new(Cell::new(0));

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn free(pointer: *mut c_void);
}

/// Gives away every hole in the heap, so that whatever is allocated from now on lies together behind all that is there.
pub fn fill_holes() {
    // SAFETY: plain allocations; those in holes are left allocated on purpose.
    unsafe {
        let reserve = malloc(RESERVE_BYTES);
        assert!(!reserve.is_null(), "the reserve can be allocated");
        BASE_END.set(reserve as usize);
        let sizes = (10..=18).rev().map(|power| 1_usize << power).chain((1..64).rev().map(|step| step * 16));
        for size in sizes.chain([8]) {
            loop {
                let pointer = malloc(size);
                assert!(!pointer.is_null(), "holes are finite");
                if pointer > reserve {
                    free(pointer);
                    break;
                }
                // What was there before is nobody's, and zeros take no room in the artifact.
                pointer.cast::<u8>().write_bytes(0, size);
            }
        }
        free(reserve);
    }
}

/// Pins every atom and every collectable object of the runtime.
///
/// Distances are those of `struct JSRuntime` on a 32-bit target, counted back from `stack_size`, whose place `stack` finds.
pub fn pin(stack_size_field: *mut usize) {
    STACK_SIZE_FIELD.set(stack_size_field);
    // SAFETY: the fields before `stack_size` belong to the same structure; list links and atom slots are checked before use.
    unsafe {
        let (atom_size, atom_array, list) = tables();
        assert!(atom_size > 500 && atom_size < 65_536, "the number of atoms is plausible: {atom_size}");
        let mut atoms = 0;
        for index in 1..atom_size {
            let atom = *atom_array.add(index);
            // A free slot holds the next free index and a set low bit.
            if !atom.is_null() && atom as usize & 1 == 0 {
                assert!(*atom > 0 && *atom < PIN, "an atom's count is plausible");
                *atom += PIN;
                atoms += 1;
            }
        }
        assert!(atoms > 500, "atoms were found");
        let mut link = (*list).next;
        let mut objects = 0;
        while link != list {
            assert_eq!((*(*link).next).previous, link, "the list of objects is whole");
            let count = link.byte_sub(8).cast::<i32>();
            assert!(*count > 0 && *count < PIN, "an object's count is plausible");
            *count += PIN;
            objects += 1;
            link = (*link).next;
        }
        assert!(objects > 1_000, "objects were found");
    }
}

/// Pins what start-up has made. Nothing of it is freed during the one request that an instance answers, and counting who uses it would
/// give that request a copy of every page it lies in.
pub fn pin_function() {
    // SAFETY: as in `pin`, which has checked the layout.
    unsafe {
        let (atom_size, atom_array, list) = tables();
        for index in 1..atom_size {
            let atom = *atom_array.add(index);
            if atom as usize & 1 == 0 && atom as usize >= BASE_END.get() && *atom > 0 && *atom < FUNCTION_PIN {
                *atom += FUNCTION_PIN;
            }
        }
        // New objects are at the end, behind all of the base.
        let mut link = (*list).previous;
        while link != list {
            let count = link.byte_sub(8).cast::<i32>();
            if *count <= 0 || *count >= FUNCTION_PIN {
                break;
            }
            *count += FUNCTION_PIN;
            link = (*link).previous;
        }
    }
}

/// The number of atoms, where they are, and the list of objects.
///
/// # Safety
/// After `pin` has begun.
unsafe fn tables() -> (usize, *const *mut i32, *mut Link) {
    // SAFETY: the fields before `stack_size` belong to the same structure.
    unsafe {
        let word = |bytes_before: usize| STACK_SIZE_FIELD.get().byte_sub(bytes_before);
        (*word(72), *word(60) as *const *mut i32, word(32).cast::<Link>())
    }
}

#[repr(C)]
struct Link {
    previous: *mut Link,
    next: *mut Link,
}

/// The runtime of a context.
pub fn runtime_of(ctx: &javy::quickjs::Ctx<'_>) -> *mut qjs::JSRuntime {
    // SAFETY: the context is live.
    unsafe { qjs::JS_GetRuntime(ctx.as_raw().as_ptr()) }
}

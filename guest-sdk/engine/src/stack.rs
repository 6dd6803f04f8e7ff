//! Where the linker put the stack, and how much of it JavaScript may use.

use javy::quickjs::qjs;

unsafe extern "C" {
    static __stack_low: u8;
    static __stack_high: u8;
}

/// Left below QuickJS' own limit for what natives and the collector need after its last check.
const RESERVE_BYTES: usize = 64 << 10;

pub fn low() -> usize {
    &raw const __stack_low as usize
}

pub fn high() -> usize {
    &raw const __stack_high as usize
}

/// Gives QuickJS a stack limit, so that deep recursion is a `RangeError` that code can catch rather than a trap.
///
/// QuickJS leaves the check out for WASI (`update_stack_limit` sets "no limit"), and offers no other way in. The three fields
/// stand side by side (`stack_size`, `stack_top`, `stack_limit`): the first is found by the value just set. This runs once,
/// when the base is frozen, and returns the place of `stack_size`; a build whose layout differs stops right there, and `recursion_is_a_range_error` tests the effect.
pub fn limit_recursion(runtime: *mut qjs::JSRuntime) -> *mut usize {
    const MARK: usize = 0x05AF_E57C;
    // SAFETY: `runtime` is live; the scan stays within the first kilobyte of a structure that is larger than that.
    unsafe {
        qjs::JS_SetMaxStackSize(runtime, MARK as _);
        qjs::JS_UpdateStackTop(runtime);
        let fields = runtime.cast::<usize>();
        let index = (0..256).find(|index| *fields.add(*index) == MARK).expect("the stack size stands in the runtime");
        let top = *fields.add(index + 1);
        assert!((low()..high()).contains(&top), "the stack top follows the stack size");
        assert_eq!(*fields.add(index + 2), 0, "the stack limit follows the stack top");
        *fields.add(index) = high() - low() - RESERVE_BYTES;
        *fields.add(index + 2) = low() + RESERVE_BYTES;
        fields.add(index)
    }
}

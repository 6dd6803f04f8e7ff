//! A fuzzer writes what a guest calls: `isolet_runtime::wild_calls`. Any panic in any thread ends it, and so does memory beyond its bound.
#![no_main]

use std::sync::LazyLock;

use isolet_runtime::wild_calls::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<Target> = LazyLock::new(Target::new);

fuzz_target!(|input: &[u8]| TARGET.run(input));

//! What the end-to-end suites share: a runtime to run code on, and small ways to say what to run. The suites themselves are in
//! `tests/`, the benchmarks in `bench/`.

pub mod guest;

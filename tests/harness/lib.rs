//! What the end-to-end suites share: a runtime to run code on, a host to talk to, and digests of built artifacts. The suites
//! themselves are in `tests/`.

pub mod artifacts;
pub mod guest;
pub mod host;

//! What the end-to-end suites share: a runtime to run code on, a host to talk to, a Redis, and digests of built artifacts. The suites
//! themselves are in `tests/`.

pub mod artifacts;
pub mod guest;
pub mod host;
pub mod outside;
/// The real `redis-server` of the store's contract suite, and what it puts before it and around it.
#[path = "../../host/storage/tests/contract/proxy.rs"]
pub mod proxy;
#[path = "../../host/storage/tests/contract/server.rs"]
pub mod server;
#[path = "../../host/storage/tests/contract/trio.rs"]
pub mod trio;

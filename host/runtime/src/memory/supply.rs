//! How an instantiation says what its memory is to contain: wasmtime asks the pool for "a memory", on the thread that instantiates,
//! and knows nothing of functions. A memory nobody said anything about is refused.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use crate::overlay::Overlay;

/// What a new memory contains.
#[derive(Clone, Debug)]
pub enum Content {
    /// The frozen engine alone.
    Base,
    /// The engine with a function's start-up state.
    Function(Arc<Overlay>),
    /// Nothing: for a module of ours that is not the engine, and brings its own data. Given up after use.
    Plain,
}

thread_local! {
    static NEXT: RefCell<Option<Content>> = const { RefCell::new(None) };
}

/// Takes what the instantiation under way asked for. Each word is good for one memory.
pub fn take() -> Option<Content> {
    NEXT.take()
}

/// Takes the word back however the instantiation ends.
struct Said;

impl Drop for Said {
    fn drop(&mut self) {
        NEXT.set(None);
    }
}

/// Runs `instantiate`, which asks for one memory.
pub fn supply<R>(content: Content, instantiate: impl FnOnce() -> R) -> R {
    NEXT.set(Some(content));
    let _said = Said;
    instantiate()
}

/// Awaits `instantiate`, which asks for one memory in one of its polls; nothing else on the thread sees the word in between.
pub async fn supply_polls<F: Future>(content: Content, instantiate: F) -> F::Output {
    let mut instantiate = pin!(instantiate);
    let mut content = Some(content);
    std::future::poll_fn(move |context| {
        NEXT.set(content.take());
        let _said = Said;
        let polled = instantiate.as_mut().poll(context);
        content = NEXT.take();
        polled
    })
    .await
}

//! The OpenAPI document (3.1), made of the same registrations as the router: what a handler takes, needs and answers is read off
//! its signature, so neither can say what the other does not. Which operations there are is in `routes`.

mod components;
mod endpoint;
mod operation;
mod query;
mod signature;

pub use components::document;
pub use endpoint::{Around, Endpoint, routers};
pub use operation::Operation;
pub use query::{DryRun, named, only_declared};
pub use signature::{Answers, Part};

/// Registers a handler with method, path, one sentence, and the problems that only this operation knows of: those that follow from
/// the handler's signature are added by themselves. The handler's name is the operation id, its module the tag.
macro_rules! op {
    (ANY $path:literal, $module:ident::$handler:ident as $id:literal, $summary:literal, $problems:expr) => {
        $crate::document::Endpoint::any($path, stringify!($module), $id, $summary, $problems, $module::$handler)
    };
    ($method:ident $path:literal, $module:ident::$handler:ident, $summary:literal, $problems:expr) => {
        $crate::document::Endpoint::new(
            http::Method::$method,
            $path,
            stringify!($module),
            stringify!($handler),
            $summary,
            $problems,
            $module::$handler,
        )
    };
}
pub(crate) use op;

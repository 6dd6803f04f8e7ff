//! A function in Rust, for an isolet host or any other host of `wasi:http`: one handler from request to response.
//!
//! ```ignore
//! use isolet::{Request, Response};
//!
//! isolet::handler!(handle);
//!
//! async fn handle(request: Request) -> isolet::Result<Response> {
//!     isolet::info!("asked for {}", request.uri().path());
//!     Ok(Response::new("hello".into()))
//! }
//! ```
//!
//! Requests, responses and bodies are those of the `http` crate and of `wstd`, which also sends requests ([`Client`]) and waits
//! ([`time`]). Here is what binds them to a handler, and what a host learns of errors, panics and log lines (`records`).

mod records;
mod serve;

pub use records::{Level, log};
pub use wstd::http::{Body, Client, Error, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
pub use wstd::{http, time};

/// What a handler is given.
pub type Request = http::Request<Body>;
/// What a handler answers with.
pub type Response = http::response::Response<Body>;
/// What a handler comes to. An error is no answer: the caller gets 500, and the message goes to the function's log.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The value of a variable of the function, or of a run. `None` as well where it is not Unicode.
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Makes an `async fn(Request) -> isolet::Result<Response>` the component's handler. Once in a component.
#[macro_export]
macro_rules! handler {
    ($handle:path) => {
        const _: () = {
            struct Handler;
            impl $crate::__private::Guest for Handler {
                fn handle(request: $crate::__private::IncomingRequest, out: $crate::__private::ResponseOutparam) {
                    $crate::__private::serve(request, out, $handle);
                }
            }
    $crate::__private::wasip2::http::proxy::export!(Handler with_types_in $crate::__private::wasip2);
        };
    };
}

/// Writes a line to the function's log, for what is of use while looking for a fault.
#[macro_export]
macro_rules! debug {
    ($($arg:tt)*) => { $crate::log($crate::Level::Debug, ::core::format_args!($($arg)*)) };
}

/// Writes a line to the function's log.
#[macro_export]
macro_rules! info {
    ($($arg:tt)*) => { $crate::log($crate::Level::Info, ::core::format_args!($($arg)*)) };
}

/// Writes a line to the function's log, for what may be a fault.
#[macro_export]
macro_rules! warn {
    ($($arg:tt)*) => { $crate::log($crate::Level::Warn, ::core::format_args!($($arg)*)) };
}

/// Writes a line to the function's log, for a fault.
#[macro_export]
macro_rules! error {
    ($($arg:tt)*) => { $crate::log($crate::Level::Error, ::core::format_args!($($arg)*)) };
}

/// For `handler!` alone.
#[doc(hidden)]
pub mod __private {
    pub use crate::serve::serve;
    pub use wstd::__internal::wasip2;
    pub use wstd::__internal::wasip2::exports::http::incoming_handler::Guest;
    pub use wstd::__internal::wasip2::http::types::{IncomingRequest, ResponseOutparam};
}

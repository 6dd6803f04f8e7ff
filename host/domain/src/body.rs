//! The one body type that flows between ingress, use cases and guest: a stream of bytes, never a whole vector.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};

/// A streamed body. An error cuts the connection; it never ends the body cleanly.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    #[error("the guest was stopped: {0}")]
    Stopped(crate::outcome::Outcome),
    #[error("the other side went away")]
    Disconnected,
    #[error("the body could not be read: {0}")]
    Failed(String),
}

/// A body of no bytes.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is already there.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

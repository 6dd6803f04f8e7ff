//! What in a request a failure is about: fields that are not acceptable, and places in code. How each is answered is in `failure`.

/// One field of a request that is well formed and not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// RFC 6901.
    pub pointer: String,
    pub code: &'static str,
    pub detail: String,
}

/// Which part of what the caller sent a fault is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The module (RFC 6901).
    pub pointer: Option<String>,
    /// The lines around the place.
    pub frame: Option<String>,
}

//! Whether there is one reading of where a request's body ends. hyper reads it in one way; what somebody in front could read in another is
//! refused here. A length that was said beside chunks hyper forgets before anybody can see it, so nothing is read on a connection after a
//! body in chunks (RFC 9112 §6.1, §6.3).

use http::HeaderMap;
use http::header::TRANSFER_ENCODING;

use crate::failure::Failure;

/// # Errors
/// A coding that is not plainly `chunked`.
pub fn check(headers: &HeaderMap) -> Result<(), Failure> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    if coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none() {
        return Ok(());
    }
    let detail = "the request does not say in one way where its body ends".to_owned();
    Err(Failure::Malformed { detail, pointer: None })
}

/// Whether the connection must not be used again.
pub fn ends_connection(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
}

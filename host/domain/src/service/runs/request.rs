//! The request that a run sends to its guest: checked when it is asked for, built when the guest starts.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Uri, header};

use crate::body::{self, Body};
use crate::run::{KEPT_BODY_BYTES, RecordedRequest};

/// Where the guest believes to be.
const ORIGIN_HOST: &str = "sandbox";
const MAX_HEADERS: usize = 100;

/// A request as its parts, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    pub method: String,
    /// Path and query, beginning with `/`.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// Which part of a request HTTP does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    #[error("is not a method that can be sent to a function")]
    Method,
    #[error("must begin with `/`, be a valid path and query, and fit 65,000 bytes")]
    Path,
    #[error("is not a valid header field")]
    Header { index: usize },
    #[error("has more than {MAX_HEADERS} fields")]
    TooManyHeaders,
}

impl RunRequest {
    pub fn get(path: String) -> Self {
        Self { method: "GET".to_owned(), path, headers: Vec::new(), body: Bytes::new() }
    }

    /// The one on record, whole or not.
    pub fn of(recorded: RecordedRequest) -> Self {
        let RecordedRequest { method, path, headers, body, body_truncated: _ } = recorded;
        Self { method, path, headers, body: body.into() }
    }

    pub fn recorded(&self) -> RecordedRequest {
        RecordedRequest {
            method: self.method.clone(),
            path: self.path.clone(),
            headers: self.headers.clone(),
            body: self.body[..self.body.len().min(KEPT_BODY_BYTES)].to_vec(),
            body_truncated: self.body.len() > KEPT_BODY_BYTES,
        }
    }

    pub(super) fn body_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    pub(super) fn build(&self) -> Result<http::Request<Body>, InvalidRequest> {
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|_| InvalidRequest::Method)?;
        if method == Method::CONNECT {
            return Err(InvalidRequest::Method);
        }
        if !self.path.starts_with('/') || self.path.contains('#') {
            return Err(InvalidRequest::Path);
        }
        let uri = Uri::builder().scheme("http").authority(ORIGIN_HOST).path_and_query(self.path.as_str()).build();
        let mut request =
            http::Request::new(if self.body.is_empty() { body::empty() } else { body::full(self.body.clone()) });
        *request.method_mut() = method;
        *request.uri_mut() = uri.map_err(|_| InvalidRequest::Path)?;
        if self.headers.len() > MAX_HEADERS {
            return Err(InvalidRequest::TooManyHeaders);
        }
        for (index, (name, value)) in self.headers.iter().enumerate() {
            let invalid = |_| InvalidRequest::Header { index };
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| InvalidRequest::Header { index })?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(invalid)?;
            if !is_framing(&name) {
                request.headers_mut().append(name, value);
            }
        }
        request.headers_mut().entry(header::HOST).or_insert(HeaderValue::from_static(ORIGIN_HOST));
        if !self.body.is_empty() {
            request.headers_mut().insert(header::CONTENT_LENGTH, self.body.len().into());
        }
        Ok(request)
    }
}

/// Fields that say how a message travels (RFC 9110 §7.6.1): here it does not travel, and its length is known.
fn is_framing(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "transfer-encoding"
            | "upgrade"
            | "te"
            | "trailer"
            | "content-length"
            | "expect"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_http_does_not_allow_are_named() {
        let request = RunRequest::get("/x?y=1".to_owned());
        assert!(request.build().is_ok());
        for path in ["", "x", "/a b", "/a\r\nb", "/#f", "http://evil/"] {
            assert_eq!(RunRequest::get(path.to_owned()).build().map(drop), Err(InvalidRequest::Path), "{path:?}");
        }
        for method in ["", "GE T", "CONNECT", "G\r\n"] {
            let request = RunRequest { method: method.to_owned(), ..request.clone() };
            assert_eq!(request.build().map(drop), Err(InvalidRequest::Method), "{method:?}");
        }
        for (name, value) in [("a b", "x"), ("", "x"), ("a", "x\r\ny: z"), ("a", "\0")] {
            let headers = vec![("ok".to_owned(), "1".to_owned()), (name.to_owned(), value.to_owned())];
            let request = RunRequest { headers, ..request.clone() };
            assert_eq!(request.build().map(drop), Err(InvalidRequest::Header { index: 1 }), "{name:?}: {value:?}");
        }
    }

    #[test]
    fn the_framing_is_ours() {
        let headers = vec![("Transfer-Encoding".into(), "chunked".into()), ("Content-Length".into(), "999".into())];
        let request = RunRequest { method: "POST".into(), path: "/".into(), headers, body: Bytes::from_static(b"abc") };
        let built = request.build().expect("valid");
        assert_eq!(built.headers().get("content-length").expect("set"), "3");
        assert!(built.headers().get("transfer-encoding").is_none());
        assert_eq!(built.uri(), "http://sandbox/");
    }
}

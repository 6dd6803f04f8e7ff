//! Requests on their way to a guest and responses on their way back: what belongs to the connection or to the platform is taken
//! off, everything else passes untouched and unbuffered.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use isolet_domain::body::{self, Body, BodyError};

/// The guest's view of a request: the same, at this address.
pub fn to_guest<B>(request: Request<B>, uri: Uri) -> Request<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    let (mut parts, body) = request.into_parts();
    parts.uri = uri;
    parts.extensions.clear();
    strip(&mut parts.headers);
    let body = if body.is_end_stream() {
        body::empty()
    } else {
        body.map_err(|error| BodyError::Failed(error.to_string())).boxed_unsync()
    };
    Request::from_parts(parts, body)
}

/// The client's view of a guest's response.
pub fn from_guest(mut response: Response<Body>) -> Response<Body> {
    response.extensions_mut().clear();
    let headers = response.headers_mut();
    strip(headers);
    // Two lengths that differ would be two readings of one message (RFC 9112 §6.3); the body is framed anew then.
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let first = lengths.next();
    if lengths.any(|length| Some(length) != first) {
        headers.remove(header::CONTENT_LENGTH);
    }
    response
}

/// Takes off what is about one connection (RFC 9110 §7.6.1) and what is the platform's own.
fn strip(headers: &mut HeaderMap) {
    const HOP: [HeaderName; 9] = [
        header::CONNECTION,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    let mut named: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        let names = value.to_str().unwrap_or_default().split(',');
        named.extend(names.filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok()));
    }
    named.extend(headers.keys().filter(|name| name.as_str().starts_with("isolet-")).cloned());
    // What frames the message or names its host is not for `Connection` to remove.
    named.retain(|name| *name != header::CONTENT_LENGTH && *name != header::HOST);
    for name in HOP.iter().chain(&named).chain([&header::EXPECT]) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_and_platform_headers_stay_behind() {
        let request = Request::builder()
            .header("host", "a")
            .header("connection", "keep-alive, X-Hop, host")
            .header("x-hop", "1")
            .header("isolet-outcome", "ok")
            .header("x-kept", "1")
            .body(http_body_util::Empty::<Bytes>::new())
            .expect("valid");
        let request = to_guest(request, Uri::from_static("http://a/"));
        let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["host", "x-kept"]);
    }

    #[test]
    fn lengths_that_contradict_each_other_do_not_leave() {
        let mut response = Response::new(body::empty());
        response.headers_mut().append("content-length", "1".parse().expect("valid"));
        response.headers_mut().append("content-length", "2".parse().expect("valid"));
        assert!(from_guest(response).headers().is_empty());
    }
}

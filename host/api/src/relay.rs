//! Requests on their way to a guest and responses on their way back: what belongs to the connection or to the platform is taken
//! off, everything else passes untouched and unbuffered.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::Body as _;
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

/// The client's view of a guest's response to a request of that method.
pub fn from_guest(method: &Method, mut response: Response<Body>) -> Response<Body> {
    response.extensions_mut().clear();
    // Such bodies are never sent (RFC 9112 §6.3). Dropped unread they would look like a client that went away.
    let unsent =
        *method == Method::HEAD || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if unsent {
        response = response.map(|body| Unsent(Some(body)).boxed_unsync());
    }
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

/// Takes off what would reach into other tenants' functions, where theirs are names below the same one: a cookie for all of that name, and
/// word to the browser to forget what it has of the others (a site's cookies go together).
pub fn keep_to_itself(headers: &mut HeaderMap) {
    for name in [HeaderName::from_static("clear-site-data"), HeaderName::from_static("service-worker-allowed")] {
        headers.remove(name);
    }
    if let header::Entry::Occupied(mut cookies) = headers.entry(header::SET_COOKIE) {
        cookies.iter_mut().for_each(of_this_host_alone);
    }
}

/// The cookie without its `Domain` (RFC 6265 §5.2.3): then it is of the host that set it.
fn of_this_host_alone(cookie: &mut HeaderValue) {
    let is_domain = |part: &[u8]| {
        let name = part.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"domain")
    };
    let mut parts = cookie.as_bytes().split(|byte| *byte == b';');
    // What comes first is the cookie itself, whatever it is called.
    let first = parts.next().unwrap_or_default();
    let (domains, others): (Vec<_>, Vec<_>) = parts.partition(|part| is_domain(part));
    if domains.is_empty() {
        return;
    }
    let kept = [&[first][..], &others].concat().join(&b';');
    if let Ok(kept) = HeaderValue::from_bytes(&kept) {
        *cookie = kept;
    }
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

/// A body that the connection will not read: when it is dropped, the guest's bytes are read and thrown away, so that the guest
/// comes to its own end. Its limits bound how long that takes.
struct Unsent(Option<Body>);

impl http_body::Body for Unsent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.as_ref().map_or_else(|| http_body::SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        if let Some(mut body) = self.0.take().filter(|body| !body.is_end_stream())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
        }
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
    fn cookies_are_of_the_host_that_set_them() {
        for (set, kept) in [
            ("a=b", "a=b"),
            ("a=b; Domain=localhost; Path=/", "a=b; Path=/"),
            ("a=b;DOMAIN = .localhost ;Secure; domain=x", "a=b;Secure"),
            ("a=b; domain", "a=b"),
            ("domain=a; Path=/", "domain=a; Path=/"),
            ("a=domain=x; SubDomain=x", "a=domain=x; SubDomain=x"),
            ("a=\u{e9}; Domain=x", "a=\u{e9}"),
            (";Domain=x", ""),
            ("", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.append("set-cookie", "first=1".parse().expect("valid"));
            headers.append("set-cookie", HeaderValue::from_bytes(set.as_bytes()).expect("valid"));
            keep_to_itself(&mut headers);
            let all: Vec<_> = headers.get_all("set-cookie").iter().map(HeaderValue::as_bytes).collect();
            assert_eq!(all, [b"first=1", kept.as_bytes()], "{set}");
        }
    }

    #[test]
    fn lengths_that_contradict_each_other_do_not_leave() {
        let mut response = Response::new(body::empty());
        response.headers_mut().append("content-length", "1".parse().expect("valid"));
        response.headers_mut().append("content-length", "2".parse().expect("valid"));
        assert!(from_guest(&Method::GET, response).headers().is_empty());
    }
}

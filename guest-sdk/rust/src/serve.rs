//! From the host's call to the handler and back.

use wstd::http::server::Responder;
use wstd::http::{HeaderValue, request};

use crate::__private::{IncomingRequest, ResponseOutparam};
use crate::{Request, Response, Result, records};

/// Answers one request. Returns when the last byte of the response is on its way.
pub fn serve<H, F>(incoming: IncomingRequest, out: ResponseOutparam, handle: H)
where
    H: FnOnce(Request) -> F,
    F: Future<Output = Result<Response>>,
{
    std::panic::set_hook(Box::new(records::panicked));
    let responder = Responder::new(out);
    wstd::runtime::block_on(async move {
        let answer = match request::try_from_incoming(incoming) {
            Ok(request) => handle(request).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(mut response) => {
                if let Some(length) = response.body().content_length() {
                    response.headers_mut().entry("content-length").or_insert_with(|| HeaderValue::from(length));
                }
                // The head is gone: a body that is dropped before its end is all that is left, and the host cuts it there.
                if let Err(error) = responder.respond(response).await {
                    records::failed(&format!("{error:#}"));
                }
            }
            Err(error) => {
                records::failed(&format!("{error:#}"));
                responder.fail(error);
            }
        }
    });
}

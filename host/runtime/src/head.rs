//! The head of a guest's response: checked, freed of what is the host's to say, and passed on once. What becomes of the guest is
//! `invoke`'s business, the body `exchange`'s.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt as _;
use isolet_domain::body::Body;
use isolet_domain::outcome::Outcome;
use tokio::sync::oneshot;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use crate::exchange::{Exchange, ResponseBody};
use crate::instance::MAX_FIELD_BYTES;

/// Header fields a response may have.
const MAX_RESPONSE_FIELDS: usize = 100;

/// The response head on its way from the guest to the caller.
pub struct Head {
    raw: Option<oneshot::Receiver<http::Response<HyperOutgoingBody>>>,
    out: Option<oneshot::Sender<http::Response<Body>>>,
    pub status: Option<u16>,
    pub first_byte: Option<Duration>,
    /// Why it was not passed on.
    pub refused: Option<String>,
}

impl Head {
    pub fn new(
        raw: oneshot::Receiver<http::Response<HyperOutgoingBody>>,
        out: oneshot::Sender<http::Response<Body>>,
    ) -> Self {
        Self { raw: Some(raw), out: Some(out), status: None, first_byte: None, refused: None }
    }

    /// Passes the head on once the guest has sent it.
    pub fn forward(&mut self, cx: &mut Context<'_>, exchange: &Arc<Exchange>) {
        let Some(raw) = &mut self.raw else { return };
        match Pin::new(raw).poll(cx) {
            Poll::Pending => {}
            Poll::Ready(Err(_)) => self.raw = None,
            Poll::Ready(Ok(response)) => {
                self.raw = None;
                self.pass(response, exchange);
            }
        }
    }

    pub fn forward_last(&mut self, exchange: &Arc<Exchange>) {
        if let Some(mut raw) = self.raw.take()
            && let Ok(response) = raw.try_recv()
        {
            self.pass(response, exchange);
        }
    }

    pub fn arrived(&self) -> bool {
        self.out.is_none()
    }

    fn pass(&mut self, response: http::Response<HyperOutgoingBody>, exchange: &Arc<Exchange>) {
        let now = exchange.began.elapsed();
        if let Err(complaint) = check_head(&response) {
            self.refused = Some(complaint);
            exchange.meter.stop(Outcome::OutputLimit);
            exchange.changed.notify_one();
            return;
        }
        self.first_byte = Some(now);
        self.status = Some(response.status().as_u16());
        exchange.traffic();
        let Some(out) = self.out.take() else { return };
        let (mut parts, body) = response.into_parts();
        // Ours alone, whatever a guest sets.
        let reserved: Vec<_> =
            parts.headers.keys().filter(|name| name.as_str().starts_with("isolet-")).cloned().collect();
        for name in reserved {
            parts.headers.remove(name);
        }
        let body = ResponseBody::new(body, exchange.clone()).boxed_unsync();
        // A receiver that is gone has said so through `Abandoned`.
        let _ = out.send(http::Response::from_parts(parts, body));
    }
}

fn check_head(response: &http::Response<HyperOutgoingBody>) -> Result<(), String> {
    if response.status().is_informational() {
        return Err(format!("status {} cannot be a final response", response.status().as_u16()));
    }
    let headers = response.headers();
    if headers.len() > MAX_RESPONSE_FIELDS {
        return Err(format!(
            "the response has {} header fields; at most {MAX_RESPONSE_FIELDS} are allowed",
            headers.len()
        ));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > MAX_FIELD_BYTES {
        return Err(format!("the response has {bytes} bytes of headers; at most {MAX_FIELD_BYTES} are allowed"));
    }
    Ok(())
}

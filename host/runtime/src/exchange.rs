//! What a guest's task, its bodies and its client share while one request is answered, and the bodies themselves: counted, bounded,
//! and ended cleanly only if the guest ended them.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use isolet_domain::body::{Body, BodyError};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use tokio::sync::Notify;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use crate::meter::Meter;

/// What request task, response body and client have in common.
pub struct Exchange {
    pub meter: Arc<Meter>,
    pub limits: Limits,
    /// Something changed that the deadline depends on.
    pub changed: Notify,
    /// The response body ended, or nobody wants it any more.
    pub body_over: AtomicBool,
    /// Somebody holds the response body, and may take more of it.
    body_held: AtomicBool,
    pub request_bytes: AtomicU64,
    pub response_bytes: AtomicU64,
    /// Milliseconds since `began` when the client last took something.
    pub last_traffic_ms: AtomicU64,
    pub began: Instant,
    /// How long the instance took to make, once there is one. Whatever fails from then on, the guest has brought about.
    pub instantiated: OnceLock<Duration>,
}

impl Exchange {
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            meter: Meter::new(limits.cpu),
            limits,
            changed: Notify::new(),
            body_over: AtomicBool::new(false),
            body_held: AtomicBool::new(false),
            request_bytes: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
            last_traffic_ms: AtomicU64::new(0),
            began: Instant::now(),
            instantiated: OnceLock::new(),
        })
    }

    pub fn traffic(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_traffic_ms.store(now, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Returns once all of the response that somebody still takes is taken: a guest that ended leaves what it wrote last. At most so long.
    pub async fn taken(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.until_taken()).await;
    }

    /// Returns once all of the response is taken, or whoever takes it and all others on this thread have had the chance.
    pub async fn let_take(&self) {
        tokio::select! {
            biased;
            () = self.until_taken() => {}
            () = tokio::task::yield_now() => {}
        }
    }

    async fn until_taken(&self) {
        while self.body_held.load(Ordering::Acquire) {
            self.changed.notified().await;
        }
    }

    fn body_is_let_go(&self) {
        self.body_held.store(false, Ordering::Release);
        self.changed.notify_one();
    }

    fn body_is_over(&self) {
        self.body_over.store(true, Ordering::Release);
        self.body_held.store(false, Ordering::Release);
        self.traffic();
    }
}

/// The request body as the guest may read it.
pub struct RequestBody {
    pub inner: Body,
    pub exchange: Arc<Exchange>,
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = wasmtime_wasi_http::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let frame = std::task::ready!(Pin::new(&mut this.inner).poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(|error| wasmtime_wasi_http::Error::InternalError(Some(error.to_string())))?;
            let len = frame.data_ref().map_or(0, Bytes::len) as u64;
            let total = this.exchange.request_bytes.fetch_add(len, Ordering::Relaxed) + len;
            if total > this.exchange.limits.request_body_bytes {
                return Err(wasmtime_wasi_http::Error::HttpRequestBodySize(Some(total)));
            }
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The response body as the client gets it: counted, and ended cleanly only if the guest ended it.
pub struct ResponseBody {
    inner: HyperOutgoingBody,
    exchange: Arc<Exchange>,
    over: bool,
}

impl ResponseBody {
    pub fn new(inner: HyperOutgoingBody, exchange: Arc<Exchange>) -> Self {
        exchange.body_held.store(true, Ordering::Release);
        Self { inner, exchange, over: false }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        loop {
            let frame = std::task::ready!(Pin::new(&mut this.inner).poll_frame(cx));
            return Poll::Ready(match frame {
                Some(Ok(frame)) => {
                    let len = frame.data_ref().map_or(0, Bytes::len) as u64;
                    if len == 0 && frame.is_data() {
                        continue;
                    }
                    let total = this.exchange.response_bytes.fetch_add(len, Ordering::Relaxed) + len;
                    if total > this.exchange.limits.response_body_bytes {
                        this.over = true;
                        this.exchange.meter.stop(Outcome::OutputLimit);
                        this.exchange.changed.notify_one();
                        let limit_bytes = this.exchange.limits.response_body_bytes;
                        return Poll::Ready(Some(Err(BodyError::TooLarge { limit_bytes })));
                    }
                    this.exchange.traffic();
                    Some(Ok(frame))
                }
                Some(Err(error)) => {
                    this.over = true;
                    Some(Err(BodyError::Failed(error.to_string())))
                }
                None => {
                    let first = !std::mem::replace(&mut this.over, true);
                    match this.exchange.meter.stopped() {
                        Some(outcome) if outcome != Outcome::Ok && first => Some(Err(BodyError::Stopped(outcome))),
                        _ => {
                            this.exchange.body_is_over();
                            None
                        }
                    }
                }
            });
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if !self.over {
            self.exchange.meter.stop(Outcome::ClientDisconnected);
        }
        self.exchange.body_is_let_go();
    }
}

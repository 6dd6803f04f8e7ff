//! Bodies on their way out and back in: counted against the bytes a run may move, and never with frames of no bytes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::Error;

/// Bytes all outgoing requests of one run may move, in both directions together: the design's table of limits.
pub const MAX_EGRESS_BYTES: u64 = 10 << 20;

/// A body that counts.
pub struct CountedBody<B> {
    inner: B,
    moved: Arc<AtomicU64>,
    /// The answer's place among those that may be open at once.
    _place: Option<OwnedSemaphorePermit>,
}

impl<B> CountedBody<B> {
    pub fn new(inner: B, moved: Arc<AtomicU64>, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { inner, moved, _place: place }
    }
}

impl<B> Body for CountedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            let frame = match std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            };
            let len = frame.data_ref().map_or(0, Bytes::len) as u64;
            if len == 0 && frame.is_data() {
                continue;
            }
            if self.moved.fetch_add(len, Ordering::Relaxed) + len > MAX_EGRESS_BYTES {
                let message = format!("outgoing requests of one run may move {MAX_EGRESS_BYTES} bytes in all");
                return Poll::Ready(Some(Err(Error::InternalError(Some(message)))));
            }
            return Poll::Ready(Some(Ok(frame)));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

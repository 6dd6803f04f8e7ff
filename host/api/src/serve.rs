//! Listeners to connections: how many at a time, how long a head may take, and how they end when the host drains.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::ingress::Ingress;

/// Bytes of a request's whole head: the design's table of limits. At most 100 fields is hyper's own default, which is faster left
/// alone than set.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// What is read ahead on a connection: more than the largest head, so that one too large is answered and not cut.
const MAX_READ_AHEAD_BYTES: usize = 2 * MAX_HEAD_BYTES;
/// How long to wait after `accept` failed, mostly for want of file descriptors.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Connections at one time; more wait in the kernel's queue.
    pub max_connections: usize,
    /// From the connection (or the last answer) to a whole request head.
    pub head_timeout: Duration,
    /// How long connections in use may take to end once the host drains.
    pub drain: Duration,
}

impl ServeOptions {
    pub const DEFAULT: Self =
        Self { max_connections: 10_000, head_timeout: Duration::from_secs(30), drain: Duration::from_secs(30) };
}

/// Where connections come from.
pub struct Listener {
    pub socket: TcpListener,
    /// How those that are to be encrypted are.
    pub tls: Option<TlsAcceptor>,
}

impl Listener {
    /// With a certificate, or without.
    pub fn new(socket: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        Self { socket, tls: tls.map(TlsAcceptor::from) }
    }
}

/// Serves the control plane until `shutdown`, then lets what is in flight end.
pub async fn serve_control_plane(
    listener: Listener,
    router: axum::Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) {
    serve(listener, TowerToHyperService::new(router), options, shutdown).await;
}

/// Serves the ingress until `shutdown`, then lets what is in flight end.
pub async fn serve_ingress(
    listener: Listener,
    ingress: Ingress,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) {
    serve(listener, ingress, options, shutdown).await;
}

async fn serve<S, B>(listener: Listener, service: S, options: ServeOptions, shutdown: impl Future<Output = ()>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Listener { socket, tls } = listener;
    let places = Arc::new(Semaphore::new(options.max_connections));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_READ_AHEAD_BYTES);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        // The place comes first: a connection that cannot be served stays in the kernel's queue.
        let accepted = async {
            let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
            (socket.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            () = &mut shutdown => break,
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => (stream, place),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                    continue;
                }
            },
        };
        if let Some(tls) = &tls {
            let handshake = tokio::time::timeout(options.head_timeout, tls.accept(prompt(stream)));
            let (watcher, http, service) = (graceful.watcher(), http.clone(), service.clone());
            tokio::spawn(async move {
                // Who speaks no TLS, or none of ours, is not worth a line.
                if let Ok(Ok(stream)) = handshake.await {
                    let _ = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await;
                }
                drop(place);
            });
            continue;
        }
        let connection = graceful.watch(http.serve_connection(TokioIo::new(prompt(stream)), service.clone()));
        tokio::spawn(async move {
            // Clients that break off are everyday business, and what failed on our side was logged where it failed.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(socket);
    if tokio::time::timeout(options.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still open at the end of the drain");
    }
}

/// Small answers are sent at once rather than kept for company.
fn prompt(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    stream
}

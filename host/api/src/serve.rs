//! Listeners to connections: how long a head may take, and how they end when the host drains. How many there are, and which of them go when
//! there are too many, is `connections`' business.

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::middleware::map_request;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::connections::{Busy, Connections, Heard, Place, TooMany};
use crate::framing;
use crate::ingress::Ingress;
use crate::sender::Sender;

/// Bytes of a request's whole head: the design's table of limits. At most 100 fields is hyper's own default, which is faster left
/// alone than set.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// What is read ahead on a connection: more than the largest head, so that one too large is answered and not cut.
const MAX_READ_AHEAD_BYTES: usize = 2 * MAX_HEAD_BYTES;
/// How long to wait after `accept` failed, mostly for want of file descriptors.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Connections at one time. With one more, the slowest that have no request, or not all of it, are closed; without any such, it waits.
    pub max_connections: usize,
    /// Of these from one address (an IPv6 network of 64 bits); more are closed at once. 0: no bound.
    pub max_connections_per_address: usize,
    /// A proxy connects for everybody: a connection's address tells nobody apart, and the proxy says whom it has a request from.
    pub behind_proxy: bool,
    /// From the connection (or the last answer) to a whole request head. Also how long a client may take none of what it is sent.
    pub head_timeout: Duration,
    /// How long connections in use may take to end once the host drains.
    pub drain: Duration,
}

impl ServeOptions {
    pub const DEFAULT: Self = Self {
        max_connections: 10_000,
        max_connections_per_address: 1_000,
        behind_proxy: false,
        head_timeout: Duration::from_secs(30),
        drain: Duration::from_secs(30),
    };
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

/// Serves the control plane until `shutdown`, then lets what is in flight end. Each request begins with `before` on the thread that takes it up.
pub async fn serve_control_plane(
    listener: Listener,
    router: axum::Router,
    options: ServeOptions,
    before: fn(),
    shutdown: impl Future<Output = ()>,
) {
    let router = router.layer(map_request(move |request: Request<axum::body::Body>| {
        before();
        ready(request)
    }));
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
    S: Service<Request<Heard<Incoming>>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Listener { socket, tls } = listener;
    let of_one = if options.behind_proxy { 0 } else { options.max_connections_per_address };
    let connections = Connections::new(options.max_connections, of_one);
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_READ_AHEAD_BYTES);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, place) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&socket, &connections) => accepted,
        };
        settle(&stream, options.head_timeout);
        let (watcher, http, service) = (graceful.watcher(), http.clone(), service.clone());
        if let Some(tls) = &tls {
            let handshake = tokio::time::timeout(options.head_timeout, tls.accept(stream));
            tokio::spawn(async move {
                let shaken = tokio::select! {
                    shaken = handshake => shaken,
                    () = place.shed() => return,
                };
                // Who speaks no TLS, or none of ours, is not worth a line.
                if let Ok(Ok(stream)) = shaken {
                    attend(stream, (place, options.behind_proxy), http, service, watcher).await;
                }
            });
            continue;
        }
        tokio::spawn(attend(stream, (place, options.behind_proxy), http, service, watcher));
    }
    drop(socket);
    if tokio::time::timeout(options.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still open at the end of the drain");
    }
}

/// The next connection that has a place.
async fn accept(socket: &TcpListener, connections: &Connections) -> (TcpStream, Place) {
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => match connections.enter(peer).await {
                Ok(place) => return (stream, place),
                Err(TooMany) => {
                    // Reset, so that nothing of it is left here either.
                    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                }
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                connections.relieve();
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
            }
        }
    }
}

/// Serves one connection until it ends, or is to go for the sake of others.
async fn attend<I, S, B>(
    stream: I,
    (place, behind_proxy): (Place, bool),
    http: http1::Builder,
    service: S,
    watcher: Watcher,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Heard<Incoming>>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes> + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (attendant, address) = (place.attendant(), place.address());
    let answer = service_fn(move |mut request: Request<Incoming>| {
        let sender = Sender::of(address, request.headers(), behind_proxy);
        request.extensions_mut().insert(sender);
        let (busy, last) = (attendant.busy(), framing::ends_connection(request.headers()));
        let answering = service.call(request.map(|body| attendant.heard(body)));
        async move {
            let mut response = answering.await?.map(|body| Answering { body, _busy: busy });
            if last {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = watcher.watch(http.serve_connection(TokioIo::new(stream), answer));
    tokio::select! {
        // Clients that break off are everyday business, and what failed on our side was logged where it failed.
        _ = connection => {}
        () = place.shed() => {}
    }
}

/// A body whose connection is busy until it has been handed over.
struct Answering<B> {
    body: B,
    _busy: Busy,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answering<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Small answers are sent at once rather than kept for company, and who takes none of a large one for too long is gone.
fn settle(stream: &TcpStream, takes_within: Duration) {
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(stream).set_tcp_user_timeout(Some(takes_within));
}

//! A connection to a server: its name is resolved once, every address that is not globally routable is dropped, and one of those that
//! were checked is connected to; then TLS, for the name that was asked for. Plain hyper does the rest.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use isolet_domain::egress::is_global;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::resolve::Resolve;

/// For name, connection and TLS each.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the host's name was not found")]
    Name(#[source] io::Error),
    #[error("none of the host's addresses may be connected to from here")]
    Prohibited,
    #[error("the connection was refused")]
    Refused(#[source] io::Error),
    #[error("the server's certificate or TLS was not accepted: {0}")]
    Tls(#[source] io::Error),
    #[error("{0} took longer than {seconds} s", seconds = STEP_TIMEOUT.as_secs())]
    Timeout(&'static str),
}

/// Makes connections, all of one kind: to global addresses only, or to any.
#[derive(Clone)]
pub struct Connector {
    pub resolver: Arc<dyn Resolve>,
    pub tls: Arc<rustls::ClientConfig>,
    /// The operator's ceiling lets these go to addresses that are not globally routable.
    pub private: bool,
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<Stream, ConnectError> {
        let secure = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = self.open(&host, port).await?;
        let _ = stream.set_nodelay(true);
        if !secure {
            return Ok(Stream::Plain(TokioIo::new(stream)));
        }
        let name = ServerName::try_from(host).map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
        let handshake = TlsConnector::from(self.tls).connect(name, stream);
        let stream = in_time("TLS", handshake).await?.map_err(ConnectError::Tls)?;
        Ok(Stream::Tls(TokioIo::new(Box::new(stream))))
    }

    async fn open(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                in_time("looking up the host's name", self.resolver.resolve(host)).await?.map_err(ConnectError::Name)?
            }
        };
        // From here on only the addresses count: what the name leads to a moment later is of no interest.
        let mut last = ConnectError::Prohibited;
        for address in permitted(addresses, self.private) {
            match in_time("connecting", TcpStream::connect(SocketAddr::new(address, port))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = ConnectError::Refused(error),
                Err(timeout) => last = timeout,
            }
        }
        Err(last)
    }
}

/// Those of a name's addresses that may be tried.
fn permitted(addresses: Vec<IpAddr>, private: bool) -> impl Iterator<Item = IpAddr> {
    addresses.into_iter().filter(move |address| private || is_global(*address)).take(MAX_ADDRESSES)
}

async fn in_time<F: Future>(what: &'static str, step: F) -> Result<F::Output, ConnectError> {
    tokio::time::timeout(STEP_TIMEOUT, step).await.map_err(|_| ConnectError::Timeout(what))
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("private", &self.private).finish_non_exhaustive()
    }
}

/// A connection, secured or not.
pub enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(TokioIo<Box<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

macro_rules! forward {
    ($self:ident, $io:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain(io) => {
                let $io = Pin::new(io);
                $call
            }
            Stream::Tls(io) => {
                let $io = Pin::new(io);
                $call
            }
        }
    };
}

impl Read for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        forward!(self, io => io.poll_read(cx, buf))
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        forward!(self, io => io.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, io => io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self, io => io.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_mixed_answer_only_global_addresses_are_tried() {
        let all = ["127.0.0.1", "9.9.9.9", "::1", "10.0.0.1", "169.254.169.254", "fd00::1", "2620:fe::fe", "0.0.0.0"];
        let all: Vec<IpAddr> = all.iter().map(|address| address.parse().expect("an address")).collect();
        let tried: Vec<String> = permitted(all.clone(), false).map(|address| address.to_string()).collect();
        assert_eq!(tried, ["9.9.9.9", "2620:fe::fe"]);
        assert_eq!(permitted(all.clone(), true).count(), MAX_ADDRESSES.min(all.len()));
        assert_eq!(permitted(all.repeat(10), true).count(), MAX_ADDRESSES);
    }
}

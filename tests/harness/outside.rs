//! What guests' requests reach in tests: servers on loopback that say exactly what they are told to, and a resolver that knows the names.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use isolet_runtime::egress::Resolve;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Answers from a list, and counts what it was asked.
#[derive(Debug, Default)]
pub struct Names {
    known: Mutex<HashMap<String, Vec<IpAddr>>>,
    alternating: Mutex<HashMap<String, Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Names {
    /// Every name in `names` leads to this machine.
    pub fn here(names: &[&str]) -> Arc<Self> {
        let here = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let known = names.iter().map(|name| ((*name).to_owned(), here.clone())).collect();
        Arc::new(Self { known: Mutex::new(known), ..Self::default() })
    }

    /// From now on the name leads to one of these after the other, in turn.
    pub fn alternate(&self, name: &str, addresses: [Ipv4Addr; 2]) {
        let addresses = addresses.map(IpAddr::V4).to_vec();
        self.alternating.lock().expect("no panic while it is held").insert(name.to_owned(), addresses);
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(turns) = self.alternating.lock().expect("no panic while it is held").get_mut(host) {
            turns.rotate_left(1);
            return Ok(turns.last().copied().into_iter().collect());
        }
        let known = self.known.lock().expect("no panic while it is held").get(host).cloned();
        known.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))
    }
}

/// A server that gives every connection's requests the same answer, byte for byte.
pub struct Outside {
    pub port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

/// How an answer is given.
#[derive(Clone)]
pub enum Manner {
    /// At once, and the connection stays open for more.
    Say(Vec<u8>),
    /// Over and over, for as long as anybody listens.
    Repeat(Vec<u8>, Vec<u8>),
    /// And then the connection is closed.
    SayAndLeave(Vec<u8>),
    /// Not at all.
    Listen,
}

impl Outside {
    pub async fn start(manner: Manner) -> Self {
        Self::start_with(manner, None).await
    }

    pub async fn start_with(manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        Self::listen((Ipv4Addr::LOCALHOST, 0), manner, tls).await
    }

    /// At this address of the loopback network.
    pub async fn start_at(address: (Ipv4Addr, u16), manner: Manner) -> Self {
        Self::listen(address, manner, None).await
    }

    async fn listen(address: (Ipv4Addr, u16), manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let server = Self { port, connections: Arc::default(), requests: Arc::default() };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, tls.clone(), manner.clone(), requests.clone()));
            }
        });
        server
    }

    /// Connections that were made, whatever came of them.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// What was sent, a text for each request: its head and, where it has a length, its body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic while it is held").clone()
    }
}

/// A whole response with this body.
pub fn answer(status: &str, headers: &[&str], body: &str) -> Manner {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    Manner::Say(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, manner: Manner, requests: Arc<Mutex<Vec<String>>>) {
    // Clients that go away are part of the tests.
    let _ = match tls {
        None => talk(stream, manner, &requests).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => talk(stream, manner, &requests).await,
            Err(error) => Err(error),
        },
    };
}

async fn talk<S>(mut stream: S, manner: Manner, requests: &Mutex<Vec<String>>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let Some(request) = read(&mut stream).await? else { return Ok(()) };
        requests.lock().expect("no panic while it is held").push(request);
        match &manner {
            Manner::Say(answer) => stream.write_all(answer).await?,
            Manner::SayAndLeave(answer) => {
                stream.write_all(answer).await?;
                return stream.shutdown().await;
            }
            Manner::Repeat(head, part) => {
                stream.write_all(head).await?;
                loop {
                    stream.write_all(part).await?;
                }
            }
            Manner::Listen => {
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await?;
            }
        }
    }
}

/// One request as text; `None` at the end of the connection.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let chunked = head.contains("transfer-encoding: chunked");
            if if chunked { body.ends_with("0\r\n\r\n") } else { body.len() >= length.unwrap_or(0) } {
                return Ok(Some(text));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

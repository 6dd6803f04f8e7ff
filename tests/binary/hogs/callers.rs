//! Clients that know no pool: each has at most one connection, from an address of its own. What they ask, and how often, is the suite's.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};

use crate::up::Up;

/// Where the quiet ones' connections come from, and the hog's.
pub const QUIET_FROM: Ipv4Addr = Ipv4Addr::LOCALHOST;
pub const HOG_FROM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Has this thread run when nobody else wants the core.
pub fn aside() {
    schedule(libc::SCHED_IDLE, 0).expect("anybody may stand aside");
}

/// Has this thread run as soon as it has something to do, and says whether it may. Those that it starts do not.
pub fn ahead() -> bool {
    schedule(libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, 1).is_ok()
}

fn schedule(policy: i32, priority: i32) -> std::io::Result<()> {
    // SAFETY: it reads one plain structure that lives on this stack, and concerns this thread alone.
    let set = unsafe {
        let mut how: libc::sched_param = std::mem::zeroed();
        how.sched_priority = priority;
        libc::sched_setscheduler(0, policy, &raw const how)
    };
    if set == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// Where the host listens, and the operator's key.
#[derive(Clone)]
pub struct Addresses {
    ingress: SocketAddr,
    control_plane: SocketAddr,
    key: String,
}

impl Addresses {
    pub fn of(host: &Up) -> Self {
        let address = |name| host.address(name).parse().expect("an address");
        let key = std::fs::read_to_string(host.key_file()).expect("a key");
        Self { ingress: address("ingress"), control_plane: address("control_plane"), key: key.trim().to_owned() }
    }

    /// The same, with something else for the ingress.
    pub fn at_port(&self, port: u16) -> Self {
        Self { ingress: (Ipv4Addr::LOCALHOST, port).into(), ..self.clone() }
    }

    pub fn to_json(&self) -> Value {
        json!({ "ingress": self.ingress, "control_plane": self.control_plane, "key": self.key })
    }

    pub fn from_json(written: &Value) -> Self {
        let text = |name: &str| written[name].as_str().expect("an address");
        let address = |name| text(name).parse().expect("an address");
        Self { ingress: address("ingress"), control_plane: address("control_plane"), key: text("key").to_owned() }
    }
}

pub struct Caller {
    at: Addresses,
    from: Ipv4Addr,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Caller {
    pub fn new(at: Addresses, from: Ipv4Addr) -> Self {
        Self { at, from, connection: None }
    }

    pub fn hang_up(&mut self) {
        self.connection = None;
    }

    /// A connection to the ingress. It leaves nothing behind at either end: ports are soon used up otherwise.
    pub async fn connect(&self) -> Option<TcpStream> {
        connect(self.from, self.at.ingress).await
    }

    /// The status of a function's answer, read whole.
    pub async fn get(&mut self, host: &str, path: &str) -> Option<u16> {
        let request = http::Request::get(path).header("host", host).body(Full::default()).expect("a valid request");
        self.ask(self.at.ingress, request).await
    }

    /// The status of the control plane's answer, read whole.
    pub async fn post(&mut self, path: &str, body: &Value) -> Option<u16> {
        let request = http::Request::post(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {}", self.at.key))
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))
            .expect("a valid request");
        self.ask(self.at.control_plane, request).await
    }

    async fn ask(&mut self, to: SocketAddr, request: http::Request<Full<Bytes>>) -> Option<u16> {
        let mut connection = match self.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => {
                let stream = connect(self.from, to).await?;
                let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
                tokio::spawn(connection);
                sender
            }
        };
        connection.ready().await.ok()?;
        let (head, mut body) = connection.send_request(request).await.ok()?.into_parts();
        while let Some(frame) = body.frame().await {
            frame.ok()?;
        }
        self.connection = Some(connection);
        Some(head.status.as_u16())
    }
}

async fn connect(from: Ipv4Addr, to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(SocketAddr::from((from, 0))).ok()?;
    let stream = socket.connect(to).await.ok()?;
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).ok()?;
    Some(stream)
}

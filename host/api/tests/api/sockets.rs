//! What only a connection shows: limits on the head, time-outs, cut bodies, clients that go away, draining.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use isolet_api::{Ingress, Listener, ServeOptions, control_plane, serve_control_plane, serve_ingress};
use isolet_domain::fake_guests::words;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::host::TestHost;

pub const OPTIONS: ServeOptions = ServeOptions {
    max_connections: 8,
    max_connections_per_address: 6,
    behind_proxy: false,
    head_timeout: Duration::from_millis(150),
    drain: Duration::from_secs(5),
};

pub struct Served {
    pub host: TestHost,
    pub ingress: SocketAddr,
    pub control: SocketAddr,
    stop: Vec<oneshot::Sender<()>>,
    serving: Vec<JoinHandle<()>>,
}

thread_local! {
    static BEGUN: Cell<usize> = const { Cell::new(0) };
}

fn counted() {
    BEGUN.set(BEGUN.get() + 1);
}

pub async fn serve(source: &str) -> Served {
    serve_with(source, OPTIONS).await
}

pub async fn serve_with(source: &str, options: ServeOptions) -> Served {
    let host = TestHost::start().await;
    host.tenant("demo").await;
    host.deploy("demo", "hello", source).await;
    let ingress = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let control = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addresses = [&ingress, &control].map(|listener| listener.local_addr().expect("bound"));
    let (stop_ingress, stopped_ingress) = oneshot::channel::<()>();
    let (stop_control, stopped_control) = oneshot::channel::<()>();
    let service = Ingress::new(host.app.clone());
    let router = control_plane(host.app.clone());
    let serving = vec![
        tokio::spawn(serve_ingress(Listener::new(ingress, None), service, options, async {
            drop(stopped_ingress.await)
        })),
        tokio::spawn(serve_control_plane(Listener::new(control, None), router, options, counted, async {
            drop(stopped_control.await)
        })),
    ];
    Served { host, ingress: addresses[0], control: addresses[1], stop: vec![stop_ingress, stop_control], serving }
}

pub async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("connected")
}

/// Sends these bytes and reads until the other side closes.
pub async fn exchange(address: SocketAddr, sent: &str) -> String {
    let mut stream = connect(address).await;
    // The other side may have closed it before all of it was there.
    let _ = stream.write_all(sent.as_bytes()).await;
    read_all(stream).await
}

/// What comes until the other side closes.
pub async fn read_all(mut stream: TcpStream) -> String {
    let mut got = Vec::new();
    let read = stream.read_to_end(&mut got);
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await.expect("closed in time");
    String::from_utf8_lossy(&got).into_owned()
}

fn get(extra: &str) -> String {
    format!("GET / HTTP/1.1\r\nhost: hello--demo.localhost\r\nconnection: close\r\n{extra}\r\n")
}

#[tokio::test]
async fn heads_have_limits() {
    let served = serve("x").await;
    assert!(exchange(served.ingress, &get("")).await.starts_with("HTTP/1.1 200"));
    let many = |count: usize| (0..count).map(|index| format!("x-{index}: 1\r\n")).collect::<String>();
    assert!(exchange(served.ingress, &get(&many(98))).await.starts_with("HTTP/1.1 200"));
    assert!(exchange(served.ingress, &get(&many(99))).await.starts_with("HTTP/1.1 431"));
    let large = format!("x: {}\r\n", "a".repeat(65 << 10));
    assert!(exchange(served.ingress, &get(&large)).await.starts_with("HTTP/1.1 431"));
    for two_readings in [
        "content-length: 3\r\ncontent-length: 4\r\n",
        "content-length: +3\r\n",
        "transfer-encoding: xchunked\r\n",
        "x : 1\r\n",
    ] {
        let answer = exchange(served.ingress, &get(two_readings)).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{two_readings:?}: {answer}");
    }
}

#[tokio::test]
async fn each_request_of_the_control_plane_begins_as_it_is_to() {
    let served = serve("ignored").await;
    for path in ["/v1/tenants", "/nowhere", "/healthz"] {
        exchange(served.control, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await;
    }
    exchange(served.ingress, "GET / HTTP/1.1\r\nhost: hello--demo.localhost\r\nconnection: close\r\n\r\n").await;
    assert_eq!(BEGUN.get(), 3);
}

#[tokio::test]
async fn slow_heads_and_idle_connections_are_closed() {
    let served = serve("x").await;
    let began = std::time::Instant::now();
    exchange(served.ingress, "GET / HT").await;
    exchange(served.ingress, "GET / HTTP/1.1\r\nhost: hello--demo.localhost\r\n\r\n").await;
    exchange(served.control, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

/// A connection from this address of the machine's own, on which half a head was sent.
async fn half_a_head(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((from, 0))).expect("an address of this machine's");
    let mut stream = socket.connect(to).await.expect("connected");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: hel").await.expect("sent");
    stream
}

/// Whether the other side has closed it, or does within this time.
async fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    let read = tokio::time::timeout(within, stream.read(&mut [0; 16])).await;
    read.is_ok_and(|read| read.unwrap_or(0) == 0)
}

const SOON: Duration = Duration::from_millis(100);

#[tokio::test]
async fn an_address_has_its_share_of_connections_and_others_have_theirs() {
    let served = serve_with("x", ServeOptions { head_timeout: Duration::from_secs(30), ..OPTIONS }).await;
    let hog = [127, 0, 0, 2];
    let mut held = Vec::new();
    for _ in 0..OPTIONS.max_connections_per_address {
        held.push(half_a_head(hog, served.ingress).await);
    }
    for _ in 0..20 {
        let mut more = half_a_head(hog, served.ingress).await;
        assert!(is_closed(&mut more, Duration::from_secs(5)).await);
    }
    assert!(exchange(served.ingress, &get("")).await.starts_with("HTTP/1.1 200"));
    // Whoever was prompt enough is still there; after a while one of the slow goes for another try of its own.
    assert_eq!(closed(&mut held).await, 0);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let mut more = half_a_head(hog, served.ingress).await;
    assert!(is_closed(&mut more, Duration::from_secs(5)).await);
    assert_eq!(closed(&mut held).await, 1);
    let mut again = half_a_head(hog, served.ingress).await;
    assert!(!is_closed(&mut again, SOON).await);
}

#[tokio::test]
async fn a_body_that_does_not_come_keeps_nobody_out() {
    let (head_timeout, none) = (Duration::from_secs(30), 0);
    let options = ServeOptions { head_timeout, max_connections_per_address: none, ..OPTIONS };
    let served = serve_with("x", options).await;
    let session = "POST /v1/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let invoked = "POST / HTTP/1.1\r\nhost: hello--demo.localhost\r\ncontent-length: 100\r\n\r\nx";
    let healthy = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".to_owned();
    for (address, begun, asked) in [(served.control, session, healthy), (served.ingress, invoked, get(""))] {
        let mut held = Vec::new();
        for _ in 0..OPTIONS.max_connections {
            let mut stream = connect(address).await;
            stream.write_all(begun.as_bytes()).await.expect("sent");
            held.push(stream);
        }
        // One of them goes on, slowly.
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            held[0].write_all(b" ").await.expect("sent");
        }
        assert!(exchange(address, &asked).await.starts_with("HTTP/1.1 200"));
        assert!(!is_closed(&mut held[0], SOON).await, "it is not slow");
        assert!((1..OPTIONS.max_connections).contains(&closed(&mut held).await));
    }
}

#[tokio::test]
async fn a_body_in_chunks_has_the_same_bound_as_one_with_a_length() {
    let served = serve("x").await;
    let chunk = format!("{:x}\r\n{}\r\n", 64 << 10, " ".repeat(64 << 10));
    let head = "POST /v1/sessions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = exchange(served.control, &format!("{head}{}", chunk.repeat(33))).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn who_guesses_keys_waits_for_each_answer_and_nobody_else_does() {
    let served = serve("x").await;
    let ask = async |from: [u8; 4], key: &str| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from((from, 0))).expect("an address of this machine's");
        let mut stream = socket.connect(served.control).await.expect("connected");
        let head = format!(
            "GET /v1/whoami HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        let (began, answer) = (std::time::Instant::now(), read_all(stream).await);
        (answer.split(' ').nth(1).expect("a status").to_owned(), began.elapsed())
    };
    let (one, other) = ([127, 0, 0, 2], [127, 0, 0, 3]);
    let mut last = Duration::ZERO;
    for n in 0..28 {
        let (status, took) = ask(one, &format!("isl_tenant_{n}")).await;
        assert_eq!(status, "401");
        last = took;
    }
    assert!(last >= Duration::from_secs(1), "the 28th answer came after {last:?}");
    for (from, key, expected) in [(one, served.host.admin.as_str(), "200"), (other, "isl_tenant_x", "401")] {
        let (status, took) = ask(from, key).await;
        assert!(status == expected && took < Duration::from_secs(1), "{from:?}: {status} after {took:?}");
    }
}

async fn closed(streams: &mut [TcpStream]) -> usize {
    let mut closed = 0;
    for stream in streams {
        closed += usize::from(is_closed(stream, SOON).await);
    }
    closed
}

#[tokio::test]
async fn a_full_listener_lets_the_slowest_go_and_never_who_is_being_answered() {
    let served = serve_with(words::HANGS, ServeOptions { head_timeout: Duration::from_secs(30), ..OPTIONS }).await;
    let in_flight = || served.host.app.platform().counters.in_flight();
    // First of all, so that it has been there for longer than anybody else.
    let mut answered = connect(served.ingress).await;
    answered.write_all(get("").as_bytes()).await.expect("sent");
    wait_for(|| in_flight() == 1).await;
    let mut slow = Vec::new();
    for n in 0..7 {
        slow.push(half_a_head([127, 0, 0, 2 + n], served.ingress).await);
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let mut new = connect(served.ingress).await;
    new.write_all(get("").as_bytes()).await.expect("sent");
    wait_for(|| in_flight() == 2).await;
    assert_eq!((closed(&mut slow).await, in_flight()), (1, 2));
    assert!(!is_closed(&mut answered, SOON).await);
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_let_go() {
    let options = ServeOptions { max_connections: 1, head_timeout: Duration::from_millis(500), ..OPTIONS };
    let served = serve_with(words::LARGE, options).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut stream = socket.connect(served.ingress).await.expect("connected");
    stream.write_all(get("").as_bytes()).await.expect("sent");
    // It reads nothing, and has the only place there is.
    let mut other = connect(served.ingress).await;
    other.write_all(get("").replace("GET", "HEAD").as_bytes()).await.expect("sent");
    let answer = tokio::time::timeout(Duration::from_secs(15), read_all(other)).await.expect("a place became free");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(stream);
}

#[tokio::test]
async fn a_stopped_guest_never_ends_its_body_cleanly() {
    let served = serve(words::BREAKS_OFF).await;
    let request = "GET / HTTP/1.1\r\nhost: hello--demo.localhost\r\n\r\n";
    let answer = exchange(served.ingress, request).await;
    assert!(answer.contains("partial"), "{answer}");
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn head_has_the_headers_and_no_body() {
    let served = serve("x").await;
    let answer = exchange(served.ingress, &get("").replace("GET", "HEAD")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.contains("content-type: text/plain"), "{answer}");
}

#[tokio::test]
async fn tunnels_and_absolute_addresses() {
    let served = serve("x").await;
    let tunnel = "CONNECT hello--demo.localhost:80 HTTP/1.1\r\nhost: hello--demo.localhost\r\n\r\n";
    assert!(exchange(served.ingress, tunnel).await.starts_with("HTTP/1.1 405"));
    // The address names the host; the field is for show (RFC 9112 §3.2.2).
    let absolute = get("").replace("GET /", "GET http://hello--demo.localhost/x");
    assert!(exchange(served.ingress, &absolute).await.contains("GET http://hello--demo.localhost/x"));
    let foreign = get("").replace("GET /", "GET http://evil.example/x");
    assert!(exchange(served.ingress, &foreign).await.starts_with("HTTP/1.1 421"));
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_place_back() {
    let served = serve(words::HANGS).await;
    let in_flight = || served.host.app.platform().counters.in_flight();
    let mut stream = connect(served.ingress).await;
    stream.write_all(get("").as_bytes()).await.expect("sent");
    wait_for(|| in_flight() == 1).await;
    drop(stream);
    wait_for(|| in_flight() == 0).await;
}

#[tokio::test]
async fn a_reader_of_events_that_goes_away_ends_the_run() {
    let served = serve("x").await;
    let in_flight = || served.host.app.platform().counters.in_flight();
    let body = serde_json::json!({ "code": crate::host::modules(words::HANGS) }).to_string();
    let head = format!(
        "POST /v1/tenants/demo/runs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        served.host.admin,
        body.len()
    );
    let mut stream = connect(served.control).await;
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("sent");
    wait_for(|| in_flight() == 1).await;
    drop(stream);
    wait_for(|| in_flight() == 0).await;
}

#[tokio::test]
async fn draining_ends_idle_connections_and_takes_no_new_ones() {
    let mut served = serve("x").await;
    let mut idle = connect(served.ingress).await;
    for stop in served.stop.drain(..) {
        stop.send(()).expect("still serving");
    }
    for serving in served.serving.drain(..) {
        tokio::time::timeout(Duration::from_secs(3), serving).await.expect("drained in time").expect("no panic");
    }
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(served.ingress).await.is_err());
}

/// What another task does next has no event to wait for.
async fn wait_for(happened: impl Fn() -> bool) {
    for _ in 0..500 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within five seconds");
}

//! A host whose ingress is full of connections, in a process that may have few files open: who operates it still gets in, and so do clients that
//! are not slow.

mod up;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use up::{Up, exchange};

/// Connections on which half a head was sent. Those that are not accepted wait in the kernel's queue.
fn slow(address: &str, count: usize) -> Vec<TcpStream> {
    let connect = |_| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(b"GET / HTTP/1.1\r\nhost: hello--demo.localhost\r\nx: ").expect("sent");
        stream
    };
    (0..count).map(connect).collect()
}

#[test]
fn an_ingress_full_of_slow_connections_keeps_nobody_out() {
    let host = Up::start_with_files(256, &[]);
    let (ingress, control_plane) = (host.address("ingress").to_owned(), host.address("control_plane").to_owned());
    let held = slow(&ingress, 200);
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(exchange(&control_plane, "127.0.0.1", "GET /healthz HTTP/1.1", b"").0, 200);
    }
    assert_eq!(host.api("GET", "/v1/tenants", "").0, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // Whoever comes now stands behind all of them, and they go one after the other.
    for _ in 0..3 {
        let (status, _) = exchange(&ingress, "hello--demo.localhost", "GET / HTTP/1.1", b"");
        assert_eq!(status, 200);
    }
    drop(held);
    let began = Instant::now();
    assert_eq!(exchange(&ingress, "hello--demo.localhost", "GET / HTTP/1.1", b"").0, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

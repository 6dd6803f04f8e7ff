//! A host whose ingress is full of connections, in a process that may have few files open: who operates it still gets in, and so do clients that
//! are not slow.

mod up;

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};
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

/// What others use to hold servers up: heads, bodies and reading without end, each on more connections than there are places.
#[test]
fn slow_clients_of_every_kind_keep_nobody_out() {
    if Command::new("slowhttptest").arg("-h").stdout(Stdio::null()).status().is_err() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `slowhttptest` here (apt-get install slowhttptest)");
        return;
    }
    let few = [
        ("ISOLET_INGRESS__MAX_CONNECTIONS", "100"),
        ("ISOLET_INGRESS__MAX_CONNECTIONS_PER_ADDRESS", "0"),
        ("ISOLET_ADMISSION__RATE_PER_SECOND", "1000000"),
    ];
    let host = Up::start(&few);
    let text =
        "export default { async fetch(request) { await request.text(); return new Response('x'.repeat(1000000)) } }";
    let code = serde_json::json!({ "modules": { "main.js": text }, "main_module": "main.js" }).to_string();
    // Whoever's function it is waits in its own queue; the others have theirs.
    assert_eq!(host.api("POST", "/v1/tenants", r#"{"slug":"slow"}"#).0, 201);
    assert_eq!(host.api("PUT", "/v1/tenants/slow/functions/slow", "{}").0, 201);
    assert_eq!(host.api("POST", "/v1/tenants/slow/functions/slow/deploy", &code).0, 200);
    let ingress = host.address("ingress").to_owned();
    for kind in
        [&["-H", "-i", "1"][..], &["-B", "-i", "5", "-s", "8192"], &["-X", "-w", "1", "-y", "2", "-n", "5", "-z", "1"]]
    {
        let mut command = Command::new("slowhttptest");
        command.args(kind).args(["-c", "300", "-r", "300", "-l", "6", "-v", "0", "-u", "http://slow--slow.localhost/"]);
        // Its requests name the function; the connections go to the host.
        command.args(["-d", &ingress]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut slow = command.spawn().expect("it starts");
        std::thread::sleep(Duration::from_secs(1));
        let (began, mut asked) = (Instant::now(), 0);
        while slow.try_wait().expect("it runs").is_none() {
            assert_eq!(exchange(&ingress, "hello--demo.localhost", "GET / HTTP/1.1", b"").0, 200, "{kind:?}");
            assert_eq!(exchange(host.address("control_plane"), "127.0.0.1", "GET /healthz HTTP/1.1", b"").0, 200);
            asked += 1;
        }
        assert!(asked > 1 && began.elapsed() < Duration::from_secs(30), "{kind:?}: {asked} in {:?}", began.elapsed());
    }
}

//! What the way through the ingress adds to a run: one client on one connection, beside the same function run in this process without listener,
//! routing or admission, and beside a server on the same runtime that sends back what it gets: what two sockets and waking two threads take is
//! the machine's. Run by `tests/soak`.

#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isolet_domain::access::TenantScope;
use isolet_domain::execute::{GuestExecutor as _, PrepareOptions};
use isolet_domain::limits::Limits;
use isolet_runtime::WasmExecutor;
use isolet_runtime::config::{RuntimeConfig, Slow};
use isolet_tests::guest::{ENGINE_CACHE, code, get, run_on};
use isolet_tests::host::TestHost;

const HELLO: &str = "export default { fetch: () => new Response('hello~') }";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: hello--acme.localhost\r\n\r\n";
const TIMES: usize = 3_000;
const BOUND: Duration = Duration::from_micros(60);

/// Sends back what it gets.
async fn echo(listener: tokio::net::TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let (mut from, mut to) = stream.split();
            let _ = tokio::io::copy(&mut from, &mut to).await;
        });
    }
}

fn p50(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[ignore = "with the machine to itself: tests/soak"]
#[test]
fn the_ingress_adds_little_to_a_run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (host, executor, prepared, echo_at) = runtime.block_on(async {
        let host = TestHost::start().await;
        host.tenant("acme", "hello", HELLO).await;
        let cache_dir = Some(std::env::temp_dir().join(ENGINE_CACHE));
        let config = RuntimeConfig { cache_dir, max_instances: 200, ..RuntimeConfig::default() };
        let executor = WasmExecutor::start(&config, &(Arc::new(|_| ()) as Slow)).expect("it starts");
        let options = PrepareOptions { limits: Limits::DEFAULT, fresh: false };
        let prepared = executor.prepare(&TenantScope::local(), &code(HELLO), options).await.expect("it builds");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let echo_at = listener.local_addr().expect("bound");
        tokio::spawn(echo(listener));
        (host, executor, prepared, echo_at)
    });
    let [mut stream, mut echoing] = [host.host.started.ingress, echo_at].map(|address| {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        stream
    });
    let mut buffer = [0; 4_096];
    let (mut alone, mut through, mut echoed) = (Vec::new(), Vec::new(), Vec::new());
    // In turns, so that all meet the same machine.
    for _ in 0..TIMES {
        let began = Instant::now();
        let ran = runtime.block_on(run_on(&executor, &prepared, get("/")));
        alone.push(began.elapsed());
        assert_eq!(ran.text(), "hello~");
        let began = Instant::now();
        stream.write_all(REQUEST).expect("sent");
        let mut read = 0;
        while !buffer[..read].contains(&b'~') {
            read += stream.read(&mut buffer[read..]).expect("an answer");
        }
        through.push(began.elapsed());
        // What comes after the text, where the body is in chunks, is not the next answer's.
        std::thread::sleep(Duration::from_micros(300));
        stream.set_nonblocking(true).expect("a socket");
        let _ = stream.read(&mut buffer);
        stream.set_nonblocking(false).expect("a socket");
        let began = Instant::now();
        echoing.write_all(REQUEST).expect("sent");
        echoing.read_exact(&mut buffer[..REQUEST.len()]).expect("an answer");
        echoed.push(began.elapsed());
        std::thread::sleep(Duration::from_micros(300));
    }
    let (alone, through, echoed) = (p50(alone), p50(through), p50(echoed));
    println!(
        "p50 {alone:.1?} in this process, {through:.1?} through the ingress; {echoed:.1?} to be sent back what was sent"
    );
    assert!(through <= alone + BOUND, "{through:?} and {alone:?}, with {echoed:?} for the machine's part");
}

//! One message, one reading: requests whose end, host or path somebody in front could take for another than we do. They are sent byte by byte,
//! and what is counted is answers.

use std::time::Duration;

use isolet_domain::fake_guests::words;
use tokio::io::AsyncWriteExt as _;

use crate::readings::{BARE_LINE_FEEDS, CHUNKED, TWO_ENDS};
use crate::sockets::{Served, connect, exchange, read_all, serve};

/// What follows on the connection. Whoever takes the first request to end elsewhere sends it for somebody else.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: hello--demo.localhost\r\n\r\n";

/// Sends it to both listeners, and says what came back from each before the connection was closed.
async fn answers(served: &Served, head: &str, body: &str) -> [String; 2] {
    let ingress = format!("POST /first HTTP/1.1\r\nhost: hello--demo.localhost\r\n{head}\r\n{body}{SMUGGLED}");
    let control = ingress.replace("hello--demo.localhost", "localhost");
    [exchange(served.ingress, &ingress).await, exchange(served.control, &control).await]
}

/// The same with a body in these chunks, after which nothing more is sent at all.
async fn answers_to_chunks(served: &Served, body: &str) -> [String; 2] {
    let mut all = Vec::new();
    for (listener, host) in [(served.ingress, "hello--demo.localhost"), (served.control, "localhost")] {
        let mut stream = connect(listener).await;
        let head = format!("POST /first HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n");
        // The other side may have closed it before all of it was there.
        let _ = stream.write_all(format!("{head}{body}{SMUGGLED}").as_bytes()).await;
        let _ = stream.shutdown().await;
        all.push(read_all(stream).await);
    }
    all.try_into().expect("two")
}

fn count(answer: &str) -> usize {
    answer.matches("HTTP/1.1 ").count()
}

#[tokio::test]
async fn a_request_with_two_ends_is_refused_and_nothing_after_it_read() {
    let served = serve("x").await;
    for (head, body) in TWO_ENDS {
        for answer in answers(&served, head, body).await {
            assert!(answer.starts_with("HTTP/1.1 400"), "{head:?}: {answer}");
            assert!(count(&answer) == 1 && !answer.contains("smuggled"), "{head:?}: {answer}");
        }
    }
}

/// A length beside chunks is forgotten by hyper before anybody can see it. So nothing is read after chunks.
#[tokio::test]
async fn nothing_is_read_after_a_body_in_chunks() {
    let served = serve("x").await;
    for (head, body) in CHUNKED {
        let [ingress, control] = answers(&served, head, body).await;
        assert!(ingress.starts_with("HTTP/1.1 200") && ingress.contains("connection: close"), "{head:?}: {ingress}");
        for answer in [ingress, control] {
            assert!(count(&answer) == 1 && !answer.contains("smuggled"), "{head:?}: {answer}");
        }
    }
}

/// RFC 9112 §2.2 lets it. What haproxy in front makes of it is seen in `balanced`.
#[tokio::test]
async fn a_line_feed_alone_ends_a_line() {
    let served = serve("x").await;
    for (head, body) in &BARE_LINE_FEEDS[..4] {
        let [ingress, _] = answers(&served, &format!("{head}connection: close\r\n"), body).await;
        assert!(ingress.starts_with("HTTP/1.1 200") && count(&ingress) == 1, "{head:?}: {ingress}");
    }
}

#[tokio::test]
async fn chunks_that_are_none_end_the_connection() {
    let served = serve("x").await;
    for body in [
        "ffffffffffffffff\r\nabc",
        "10000000000000000\r\nabc",
        "-1\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcXX0\r\n\r\n",
        "3\nabc\n0\n\n",
        "3 x\r\nabc\r\n0\r\n\r\n",
        "\r\n0\r\n\r\n",
        "g\r\nabc\r\n0\r\n\r\n",
        "3;a\nb\r\nabc\r\n0\r\n\r\n",
        "0\r\nx y\r\n\r\n",
    ] {
        for answer in answers_to_chunks(&served, body).await {
            assert!(count(&answer) <= 1 && !answer.contains("/smuggled"), "{body:?}: {answer}");
        }
    }
    // A name of an extension without end costs nothing but the connection.
    let endless = format!("3;{}\r\nabc\r\n0\r\n\r\n", "a".repeat(1 << 20));
    for answer in answers_to_chunks(&served, &endless).await {
        assert!(count(&answer) <= 1 && !answer.contains("/smuggled"), "{answer}");
    }
    assert!(
        exchange(served.ingress, &SMUGGLED.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"))
            .await
            .contains("/smuggled")
    );
}

#[tokio::test]
async fn a_body_is_never_the_next_request() {
    let served = serve("x").await;
    // Read by the guest, refused before it is read, of a method that has none, and cut short.
    let length = SMUGGLED.len();
    for (first, status) in [
        (format!("POST /first HTTP/1.1\r\nhost: hello--demo.localhost\r\ncontent-length: {length}\r\n\r\n"), 200),
        (format!("GET /first HTTP/1.1\r\nhost: hello--demo.localhost\r\ncontent-length: {length}\r\n\r\n"), 200),
        (format!("POST /first HTTP/1.1\r\nhost: no.such.host\r\ncontent-length: {length}\r\n\r\n"), 421),
        (format!("HEAD /first HTTP/1.1\r\nhost: hello--demo.localhost\r\ncontent-length: {length}\r\n\r\n"), 200),
        (format!("POST /first HTTP/1.1\r\nhost: a\r\nhost: b\r\ncontent-length: {length}\r\n\r\n"), 400),
    ] {
        let answer = exchange(served.ingress, &format!("{first}{SMUGGLED}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{first}: {answer}");
        assert!(count(&answer) == 1 && !answer.contains("localhost/smuggled"), "{answer}");
    }
    // The control plane refuses it unread.
    let first = format!("POST /v1/tenants HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
    let answer = exchange(served.control, &format!("{first}{}", SMUGGLED.replace("/smuggled", "/v1/info"))).await;
    assert!(answer.starts_with("HTTP/1.1 401") && count(&answer) == 1, "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let served = serve("x").await;
    let host = "host: hello--demo.localhost\r\n";
    for first in [
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET /\r\n{host}\r\n"),
        format!("GET / HTTP/1.2\r\n{host}\r\n"),
        format!("GET / HTTP/2.0\r\n{host}\r\n"),
        format!("GET / HTTP/11.1\r\n{host}\r\n"),
        format!("GET  / HTTP/1.1\r\n{host}\r\n"),
        format!("GET /a b HTTP/1.1\r\n{host}\r\n"),
        format!("GET /\0 HTTP/1.1\r\n{host}\r\n"),
        format!("GE(T / HTTP/1.1\r\n{host}\r\n"),
        format!(" GET / HTTP/1.1\r\n{host}\r\n"),
        format!("GET * HTTP/1.1\r\n{host}\r\n"),
        format!("GET x HTTP/1.1\r\n{host}\r\n"),
        format!("GET http:// HTTP/1.1\r\n{host}\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\0\x01\0".repeat(20),
    ] {
        let answer = exchange(served.ingress, &first).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{first:?}: {answer}");
        assert!(count(&answer) <= 1, "{first:?}: {answer}");
    }
    let old = format!("POST / HTTP/1.0\r\n{host}transfer-encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}");
    let answer = exchange(served.ingress, &old).await;
    assert!(answer.contains(" 400 ") && count(&answer) <= 1, "{answer}");
}

/// How a host is spelled, and what becomes of the request.
#[tokio::test]
async fn a_host_has_one_meaning() {
    let served = serve("x").await;
    for (fields, status) in [
        ("host: hello--demo.localhost", 200),
        ("Host: HELLO--Demo.LocalHost", 200),
        ("host: hello--demo.localhost.", 200),
        ("host: hello--demo.localhost:80", 200),
        ("host: hello--demo.localhost:", 200),
        ("host:\thello--demo.localhost \t", 200),
        ("host: hello--demo.localhost\r\nx-forwarded-host: other--demo.localhost", 200),
        ("host: hello--demo.localhost\r\nforwarded: host=other--demo.localhost", 200),
        ("host: hello--demo.localhost\r\nx-original-host: other--demo.localhost", 200),
        ("x-forwarded-host: hello--demo.localhost", 400),
        ("host: hello--demo.localhost\r\nhost: hello--demo.localhost", 400),
        ("host: hello--demo.localhost, hello--demo.localhost", 400),
        ("host: ", 400),
        ("host: .", 400),
        ("host: .hello--demo.localhost", 400),
        ("host: hello--demo..localhost", 400),
        ("host: hello--demo.localhost..", 400),
        ("host: user@hello--demo.localhost", 400),
        ("host: user:word@hello--demo.localhost", 400),
        ("host: hello--demo.localhost@evil.example", 400),
        ("host: http://hello--demo.localhost", 400),
        ("host: hello--demo.localhost/", 400),
        ("host: hello--demo.localhost/x", 400),
        ("host: hello--demo.localhost?x", 400),
        ("host: hello--demo.localhost#x", 400),
        ("host: hello--demo.localhost\\x", 400),
        ("host: hello--demo.localhost:80:80", 400),
        ("host: hello--demo.localhost:x", 400),
        ("host: hello--demo.localhost:-1", 400),
        ("host: hello--demo.localhost:+80", 400),
        ("host: hello--demo.localhost:65536", 400),
        ("host: hello--demo .localhost", 400),
        ("host: hello%2d%2ddemo.localhost", 400),
        ("host: h\u{e9}llo--demo.localhost", 400),
        ("host: hello\u{2010}\u{2010}demo.localhost", 400),
        ("host: hello--demo\u{3002}localhost", 400),
        ("host: [::1", 400),
        ("host: [hello--demo.localhost]", 400),
        ("host: xn--hello.localhost", 404),
        ("host: hello--demo.evil.example", 421),
        ("host: hello--demo.localhost.evil.example", 421),
        ("host: x.hello--demo.localhost", 421),
        ("host: hello--demo", 421),
        ("host: localhost", 421),
        ("host: 127.0.0.1", 421),
        ("host: 2130706433", 421),
        ("host: 0x7f.1", 421),
        ("host: [::1]", 421),
        ("host: [::ffff:127.0.0.1]", 421),
    ] {
        let answer =
            exchange(served.ingress, &format!("GET / HTTP/1.1\r\n{fields}\r\nconnection: close\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{fields:?}: {answer}");
        // Whoever answers, answers under the one name.
        assert!(status != 200 || answer.contains("http://hello--demo.localhost"), "{fields:?}: {answer}");
    }
}

#[tokio::test]
async fn a_path_arrives_as_it_was_sent() {
    let served = serve("x").await;
    for path in [
        "/..",
        "/../../etc/passwd",
        "/a/./b/../c",
        "//",
        "//evil.example/x",
        "/%2e%2e/%2E%2e/",
        "/%2f%2F",
        "/%00",
        "/%0d%0ahost:%20evil",
        "/%c0%af",
        "/%ff",
        "/%",
        "/%zz",
        "/;a=b/..;/",
        "/a?b?c=%26&d#e",
        "/'\"<>`{}|^",
        "/~!$&'()*+,=:@",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nhost: hello--demo.localhost\r\nconnection: close\r\n\r\n");
        let answer = exchange(served.ingress, &head).await;
        // What follows `#` is nobody's business but the client's (RFC 9110 §4.2.5).
        let sent = path.split('#').next().unwrap_or(path);
        if answer.starts_with("HTTP/1.1 200") {
            assert!(answer.contains(&format!("GET http://hello--demo.localhost{sent} ")), "{path}: {answer}");
        } else {
            assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        }
    }
    let long =
        format!("GET /{} HTTP/1.1\r\nhost: hello--demo.localhost\r\nconnection: close\r\n\r\n", "a".repeat(16 << 10));
    assert!(exchange(served.ingress, &long).await.starts_with("HTTP/1.1 414"));
}

#[tokio::test]
async fn a_path_of_the_control_plane_means_one_thing() {
    let served = serve("x").await;
    for path in [
        "/v1/tenants/demo/../other",
        "/v1/tenants/%2e%2e/tenants",
        "/v1/./tenants",
        "//v1/tenants",
        "/v1//tenants",
        "/v1/tenants/",
        "/v1/tenants/demo/",
        "/v1/tenants/demo%2ffunctions",
        "/v1/tenants;x",
        "/v1/tenants/demo;x",
        "/V1/tenants",
        "/v1/tenants%00",
        "/v1\\tenants",
        "/v1/tenants/demo%00",
        "/v1/tenants/DEMO",
        "/v1/tenants/demo%20",
    ] {
        let key = &served.host.admin;
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n"
        );
        let answer = exchange(served.control, &head).await;
        // What is no address of the API is the console's to show, which knows nothing that a key could open.
        let console = answer.starts_with("HTTP/1.1 200") && answer.contains("<!doctype html>");
        assert!(console || answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains("slug"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_kept_or_refused() {
    let served = serve(words::HEADERS).await;
    for name in
        ["x-any", "cookie", "user-agent", "content-type", "accept", "referer", "origin", "range", "if-none-match"]
    {
        for (listener, host) in [(served.ingress, "hello--demo.localhost"), (served.control, "localhost")] {
            let mut stream = connect(listener).await;
            let head = format!("GET /v1/info HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{name}: ");
            let sent = [head.as_bytes(), b"a\xff\xfe\x80b\r\n\r\n"].concat();
            stream.write_all(&sent).await.expect("sent");
            let answer = read_all(stream).await;
            assert!(answer.starts_with("HTTP/1.1 2") || answer.starts_with("HTTP/1.1 4"), "{name}: {answer}");
        }
    }
    for name in
        ["authorization", "idempotency-key", "if-match", "sec-fetch-site", "content-type", "content-length", "host"]
    {
        let mut stream = connect(served.control).await;
        let host = if name == "host" { "" } else { "host: localhost\r\n" };
        let head = format!("POST /v1/tenants HTTP/1.1\r\n{host}connection: close\r\n{name}: ");
        stream.write_all(&[head.as_bytes(), b"a\xff\r\n\r\n"].concat()).await.expect("sent");
        let answer = read_all(stream).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{name}: {answer}");
    }
}

#[tokio::test]
async fn heads_that_come_by_the_byte_cost_others_nothing() {
    let served = serve("x").await;
    let mut slow = connect(served.ingress).await;
    let drip = tokio::spawn(async move {
        for byte in SMUGGLED.bytes().cycle() {
            if slow.write_all(&[byte.to_ascii_lowercase()]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(
        exchange(served.ingress, &SMUGGLED.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"))
            .await
            .contains("/smuggled")
    );
    tokio::time::timeout(Duration::from_secs(5), drip).await.expect("closed when its time was up").expect("no panic");
}

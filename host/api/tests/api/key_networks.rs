//! From where keys are good that are bound to networks, over connections: whose address counts, with and without a proxy in front.

use std::net::SocketAddr;
use std::time::Duration;

use isolet_api::ServeOptions;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::sockets::{OPTIONS, Served, connect, read_all, serve_with};

const INSIDE: [u8; 4] = [127, 0, 0, 2];
const OUTSIDE: [u8; 4] = [127, 0, 0, 3];

/// A host's control plane, asked from one address of the machine's own, with these fields.
#[derive(Clone, Copy)]
struct Asking<'a> {
    control: SocketAddr,
    from: [u8; 4],
    fields: &'a str,
}

impl Asking<'_> {
    async fn ask(self, token: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from((self.from, 0))).expect("an address of this machine's");
        let mut stream = socket.connect(self.control).await.expect("connected");
        let (body, fields) = (body.map(|body| body.to_string()).unwrap_or_default(), self.fields);
        let length = body.len();
        let bearer = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{bearer}{fields}\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("sent");
        let answer = read_all(stream).await;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").expect("a whole head");
        (status.expect("a status"), serde_json::from_str(body).unwrap_or_default())
    }

    async fn status(self, token: &str, path: &str) -> u16 {
        self.ask(token, "GET", path, None).await.0
    }

    /// Opens a session, and gives its token.
    async fn session(self, proof: Value) -> Result<String, u16> {
        let (status, session) = self.ask("", "POST", "/v1/sessions", Some(proof)).await;
        session["token"].as_str().filter(|_| status == 201).map(str::to_owned).ok_or(status)
    }

    async fn link(self, token: &str) -> Result<String, u16> {
        let (status, link) = self.ask(token, "POST", "/v1/sessions/links", None).await;
        link["token"].as_str().filter(|_| status == 201).map(str::to_owned).ok_or(status)
    }
}

/// A tenant's key that is good from these networks.
async fn key(served: &Served, cidr: &[&str]) -> String {
    let body = json!({ "preset": "tenant", "cidr": cidr });
    let made = served.host.post("/v1/tenants/demo/keys", body).await.ok().json();
    made["key"].as_str().expect("shown once").to_owned()
}

#[tokio::test]
async fn a_key_of_some_networks_is_good_from_there_alone() {
    let served = serve_with("x", OPTIONS).await;
    let key = key(&served, &["127.0.0.2/31", "2001:db8::/32"]).await;
    let lone = Asking { control: served.control, from: INSIDE, fields: "" };
    let inside = lone;
    let outside = Asking { from: [127, 0, 0, 4], ..lone };
    let paths =
        ["/v1/whoami", "/v1/tenants/~/functions", "/v1/tenants/~/functions/hello/invoke/", "/v1/tenants/~/logs"];
    for path in paths {
        assert_eq!((inside.status(&key, path).await, outside.status(&key, path).await), (200, 401), "{path}");
    }
    assert_eq!(Asking { from: OUTSIDE, ..lone }.status(&key, "/v1/whoami").await, 200, "the second of its block");
    // It is answered like a key that there is none of.
    let unknown = format!("{}x", &key[..key.len() - 1]);
    let told = async |token: &str| {
        let (status, mut problem) = outside.ask(token, "GET", "/v1/whoami", None).await;
        problem.as_object_mut().expect("a problem").remove("request_id");
        (status, problem)
    };
    assert_eq!(told(&key).await, told(&unknown).await);
    assert_eq!(told(&key).await.1["code"], "unauthenticated");
    // A session stands for it, and so does a link, when each is opened and whenever it is used.
    let session = inside.session(json!({ "key": key })).await.expect("it is good from there");
    assert_eq!(outside.session(json!({ "key": key })).await, Err(401));
    assert_eq!((inside.status(&session, "/v1/whoami").await, outside.status(&session, "/v1/whoami").await), (200, 401));
    for token in [&key, &session] {
        assert_eq!(outside.link(token).await, Err(401));
        let link = inside.link(token).await.expect("it is good from there");
        assert_eq!(outside.session(json!({ "link": link })).await, Err(401));
        let link = inside.link(token).await.expect("it is good from there");
        let opened = inside.session(json!({ "link": link })).await.expect("it is good from there");
        assert_eq!(outside.status(&opened, "/v1/whoami").await, 401);
        assert_eq!(inside.status(&opened, "/v1/whoami").await, 200);
    }
    // Nobody's word counts where no proxy is said to be in front.
    for fields in ["x-forwarded-for: 127.0.0.2\r\n", "forwarded: for=127.0.0.2\r\n", "x-real-ip: 127.0.0.2\r\n"] {
        assert_eq!(Asking { fields, ..outside }.status(&key, "/v1/whoami").await, 401, "{fields}");
    }
    let elsewhere = Asking { fields: "x-forwarded-for: 127.0.0.4\r\n", ..inside };
    assert_eq!(elsewhere.status(&key, "/v1/whoami").await, 200);
    // Other keys are good from everywhere, as before.
    assert_eq!(outside.status(&served.host.admin, "/v1/whoami").await, 200);
}

#[tokio::test]
async fn a_key_of_some_networks_hands_out_none_of_others() {
    let served = serve_with("x", OPTIONS).await;
    let key = key(&served, &["127.0.0.0/24", "2001:db8::/32"]).await;
    let inside = Asking { control: served.control, from: INSIDE, fields: "" };
    let mint = async |cidr: Value| {
        let mut body = json!({ "preset": "read-only" });
        if !cidr.is_null() {
            body["cidr"] = cidr;
        }
        inside.ask(&key, "POST", "/v1/tenants/~/keys", Some(body)).await
    };
    let (status, heir) = mint(Value::Null).await;
    assert_eq!((status, &heir["cidr"]), (201, &json!(["127.0.0.0/24", "2001:db8::/32"])));
    let (status, heir) = mint(json!(["127.0.0.3", "2001:db8:1::/48"])).await;
    assert_eq!((status, &heir["cidr"]), (201, &json!(["127.0.0.3/32", "2001:db8:1::/48"])));
    let heir = heir["key"].as_str().expect("shown once");
    assert_eq!(inside.status(heir, "/v1/whoami").await, 401);
    assert_eq!(Asking { from: OUTSIDE, ..inside }.status(heir, "/v1/whoami").await, 200);
    for wider in [json!(["127.0.0.0/23"]), json!(["127.0.0.3", "127.0.1.1"]), json!(["0.0.0.0/0"]), json!(["::/0"])] {
        let (status, problem) = mint(wider.clone()).await;
        assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{wider}");
        assert!(problem["detail"].as_str().is_some_and(|why| why.contains("networks")), "{problem}");
    }
    // Nor by rotating one that is good from everywhere.
    let free = served.host.post("/v1/tenants/demo/keys", json!({ "preset": "read-only" })).await.ok().json();
    let rotate = format!("/v1/tenants/~/keys/{}/rotate", free["id"].as_str().expect("an id"));
    assert_eq!(inside.ask(&key, "POST", &rotate, Some(json!({}))).await.0, 403);
}

#[tokio::test]
async fn behind_a_proxy_the_address_that_it_added_counts_and_none_before_it() {
    let served = serve_with("x", ServeOptions { behind_proxy: true, ..OPTIONS }).await;
    let key = key(&served, &["10.0.0.0/8", "2001:db8::/32"]).await;
    // From wherever it connects: the proxy's own address says nothing.
    let proxy = Asking { control: served.control, from: INSIDE, fields: "" };
    for (fields, expected) in [
        ("x-forwarded-for: 10.1.2.3\r\n", 200),
        ("x-forwarded-for: ::ffff:10.1.2.3\r\n", 200),
        ("x-forwarded-for: 2001:db8::1\r\n", 200),
        ("x-forwarded-for: 203.0.113.9, 10.1.2.3\r\n", 200),
        ("x-forwarded-for: 203.0.113.9\r\nx-forwarded-for: 10.1.2.3\r\n", 200),
        ("x-forwarded-for: 203.0.113.9\r\n", 401),
        // What the client had said before, in the same field or in one of its own.
        ("x-forwarded-for: 10.1.2.3, 203.0.113.9\r\n", 401),
        ("x-forwarded-for: 10.1.2.3\r\nx-forwarded-for: 203.0.113.9\r\n", 401),
        ("x-forwarded-for: 10.1.2.3\r\nX-Forwarded-For: 10.1.2.3, 203.0.113.9\r\n", 401),
        ("x-forwarded-for: 10.1.2.3, unknown\r\n", 401),
        ("x-forwarded-for: 10.1.2.3,\r\n", 401),
        ("x-forwarded-for: 10.0.0.0/8\r\n", 401),
        ("forwarded: for=10.1.2.3\r\n", 401),
        ("x-real-ip: 10.1.2.3\r\n", 401),
        ("", 401),
    ] {
        let asking = Asking { fields, ..proxy };
        assert_eq!(asking.status(&key, "/v1/whoami").await, expected, "{fields}");
        assert_eq!(asking.status(&served.host.admin, "/v1/whoami").await, 200, "{fields}");
    }
    let inside = Asking { fields: "x-forwarded-for: 10.1.2.3\r\n", ..proxy };
    let session = inside.session(json!({ "key": key })).await.expect("it is good from there");
    assert_eq!((inside.status(&session, "/v1/whoami").await, proxy.status(&session, "/v1/whoami").await), (200, 401));
    // The address of the connection is the proxy's, and no key's.
    let of_proxy = self::key(&served, &["127.0.0.0/8"]).await;
    assert_eq!(proxy.status(&of_proxy, "/v1/whoami").await, 401);
}

#[tokio::test]
async fn whoever_listens_from_a_keys_network_goes_on_when_they_are_asked_for_again() {
    let served = serve_with("x", OPTIONS).await;
    let key = key(&served, &["127.0.0.0/8"]).await;
    let mut stream = connect(served.control).await;
    let head = format!(
        "GET /v1/tenants/~/logs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\naccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut heard = String::new();
    let listening = async {
        let mut bytes = [0; 4_096];
        loop {
            let count = stream.read(&mut bytes).await.expect("readable");
            heard.push_str(&String::from_utf8_lossy(&bytes[..count]));
            // The last chunk, or no more at all.
            if count == 0 || heard.ends_with("0\r\n\r\n") {
                return;
            }
        }
    };
    // That is every five seconds.
    assert!(tokio::time::timeout(Duration::from_secs(7), listening).await.is_err(), "it ended");
    assert!(heard.starts_with("HTTP/1.1 200") && heard.contains("retry: 1000"), "{heard}");
}

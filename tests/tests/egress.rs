//! Outgoing requests through the one door: what no rule allows sends nothing, what one allows arrives as it was meant, and whatever a
//! server does, the run ends with a name. The rules' own logic is tested in the domain, `fetch`'s in the engine's JavaScript.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use isolet_domain::access::TenantScope;
use isolet_domain::egress::{Action, Egress, EgressPolicy, EgressRule, HostPattern, Injection, Layer};
use isolet_domain::execute::{GuestExecutor as _, Place, PrepareOptions, Report};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_runtime::WasmExecutor;
use isolet_runtime::config::{RuntimeConfig, Slow};
use isolet_tests::guest::{ENGINE_CACHE, Ran, Send, code, run_on};
use isolet_tests::outside::{Manner, Names, Outside, answer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Fetches what its path says and tells what came of it.
const FETCHER: &str = "export default { async fetch(request) {
    const { url, init = {} } = await request.json();
    if (init.timeout) init.signal = AbortSignal.timeout(init.timeout);
    try {
        const response = await fetch(url, init);
        const body = await response.text();
        return Response.json({ status: response.status, body: body.slice(0, 200), url: response.url, x: response.headers.get('x-back') });
    } catch (error) { return Response.json({ error: error.name + ': ' + error.message }) }
} }";

struct Host {
    executor: WasmExecutor,
    names: Arc<Names>,
}

fn host_with(names: &[&str], extra_roots: Vec<CertificateDer<'static>>) -> Host {
    let names = Names::here(names);
    let cache_dir = Some(std::env::temp_dir().join(ENGINE_CACHE));
    let config = RuntimeConfig {
        cache_dir,
        resolver: names.clone(),
        extra_roots,
        verify_memories: true,
        ..RuntimeConfig::default()
    };
    let slow: Slow = Arc::new(|_| ());
    let executor = WasmExecutor::start(&config, &slow).unwrap_or_else(|error| panic!("{error:?}"));
    Host { executor, names }
}

fn host() -> Host {
    host_with(&["a.test", "b.test"], Vec::new())
}

impl Host {
    async fn run(&self, text: &str, body: String, egress: Egress) -> Ran {
        self.run_with(text, body, egress, 5).await
    }

    /// With so many requests to the outside.
    async fn run_with(&self, text: &str, body: String, egress: Egress, subrequests: u32) -> Ran {
        let options = PrepareOptions { limits: Limits::DEFAULT, fresh: false };
        let prepared = self.executor.prepare(&TenantScope::local(), &code(text), options).await.expect("builds");
        let limits =
            Limits { cpu: Duration::from_secs(5), wall: Duration::from_secs(2), subrequests, ..Limits::DEFAULT };
        let send = Send {
            method: "POST",
            // It came through three hosts like this one already.
            headers: vec![("cdn-loop", "other, isolet; hops=3")],
            body: body.into_bytes(),
            egress: Arc::new(egress),
            limits,
            ..Send::default()
        };
        run_on(&self.executor, &prepared, send).await
    }

    async fn fetch(&self, url: &str, init: serde_json::Value, egress: Egress) -> (serde_json::Value, Ran) {
        let ran = self.run(FETCHER, serde_json::json!({ "url": url, "init": init }).to_string(), egress).await;
        let said =
            serde_json::from_slice(&ran.body).unwrap_or_else(|_| panic!("{:?} {}", ran.report.outcome, ran.error()));
        (said, ran)
    }
}

fn rule(host: &str, port: u16) -> EgressRule {
    let host = HostPattern::parse(host).expect("a pattern");
    EgressRule { action: Action::Allow, host, ports: vec![port], ..EgressRule::default() }
}

/// A ceiling that allows everything, loopback too if `private`, and the function's rules.
fn egress(private: bool, rules: Vec<EgressRule>) -> Egress {
    let ports = rules.iter().flat_map(|rule| rule.ports.clone()).collect();
    let ceiling = EgressRule { action: Action::Allow, private, ports, ..EgressRule::default() };
    let policy = |rules| Arc::new(EgressPolicy { rules });
    let layers = vec![(Layer::Ceiling, policy(vec![ceiling])), (Layer::Function, policy(rules))];
    Egress { layers, secrets: Arc::new([("TOKEN".to_owned(), "s3cret-value".to_owned())]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_rule_nothing_is_sent_and_no_name_looked_up() {
    let (host, server) = (host(), Outside::start(answer("200 OK", &[], "hi")).await);
    let url = format!("http://a.test:{}/x?y=1", server.port);
    for rules in [Egress::none(), egress(true, Vec::new()), egress(true, vec![rule("b.test", server.port)])] {
        let (said, ran) = host.fetch(&url, serde_json::json!({}), rules).await;
        let error = said["error"].as_str().unwrap_or_default();
        assert!(
            error.starts_with("TypeError: fetch to http://a.test:") && error.contains("Allow host \"a.test\""),
            "{error}"
        );
        let [line] = &ran.report.subrequests[..] else { panic!("one attempt is on record") };
        assert_eq!((line.url.as_str(), line.status), (url.as_str(), None));
        assert!(line.denied_by.is_some() && line.allowed_by.is_none());
    }
    // What is kept of an attempt does not grow with what was asked for.
    let long = format!("http://a.test:{}/{}", server.port, "x".repeat(20_000));
    let (said, ran) = host.fetch(&long, serde_json::json!({}), egress(true, vec![rule("a.test", server.port)])).await;
    assert!(said["error"].as_str().is_some_and(|error| error.contains("longer than 16384 bytes")), "{said}");
    assert!(ran.report.subrequests[0].url.len() < 3_000);
    assert_eq!((server.connections(), host.names.asked()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_arrives_and_is_on_record() {
    let (host, server) = (host(), Outside::start(answer("201 Created", &["x-back: 7"], "hello")).await);
    let url = format!("http://A.test:{}/x?y=1", server.port);
    let mut allowed = rule("*.test", server.port);
    allowed.inject =
        vec![Injection { header: "authorization".into(), secret: "TOKEN".into(), prefix: "Bearer ".into() }];
    let init = serde_json::json!({ "method": "POST", "body": "sent",
            "headers": { "authorization": "guess", "x-mine": "1", "cdn-loop": "isolet; hops=-9" } });
    for _ in 0..2 {
        let (said, ran) = host.fetch(&url, init.clone(), egress(true, vec![allowed.clone()])).await;
        assert_eq!(
            (said["status"].as_u64(), said["body"].as_str(), said["x"].as_str()),
            (Some(201), Some("hello"), Some("7")),
            "{said}"
        );
        let [line] = &ran.report.subrequests[..] else { panic!("one attempt is on record") };
        assert_eq!(
            (line.status, line.allowed_by.as_deref(), line.denied_by.as_deref()),
            (Some(201), Some("function rule 1"), None)
        );
        assert_eq!(ran.report.usage.egress_bytes, 9);
        // What is injected is seen by the server alone.
        assert!(!format!("{:?}", ran.report).contains("s3cret") && !ran.text().contains("s3cret"));
    }
    let requests = server.requests();
    assert_eq!((requests.len(), server.connections()), (2, 1), "the connection is kept");
    let [first, ..] = &requests[..] else { panic!("it arrived") };
    assert!(first.starts_with(&format!("POST /x?y=1 HTTP/1.1\r\nhost: a.test:{}\r\n", server.port)), "{first}");
    assert!(first.ends_with("\r\n\r\nsent") && first.contains("x-mine: 1\r\n"), "{first}");
    assert!(first.contains("authorization: Bearer s3cret-value\r\n") && !first.contains("guess"), "{first}");
    assert!(first.contains("cdn-loop: isolet; hops=4\r\n"), "{first}");
}

/// A place that writes down the bytes it is told of, each time.
#[derive(Default)]
struct Bill(Mutex<Vec<u64>>);

impl Place for Bill {
    fn pay(&self, report: &Report) {
        self.0.lock().expect("no panic").push(report.usage.egress_bytes);
    }

    fn answered(&self) {}

    fn must_end(&self) -> bool {
        false
    }
}

/// One thread, so that the last piece waits for the guest's task to let go.
#[tokio::test]
async fn what_goes_out_when_the_guest_has_ended_is_paid_for_too() {
    let sender = "export default { async fetch(request) {
        const { readable, writable } = new TransformStream();
        const writer = writable.getWriter();
        fetch(await request.text(), { method: 'POST', body: readable }).catch(() => {});
        for (let piece = 0; piece < 8; piece += 1) await writer.write(new Uint8Array(5000));
        return new Response('done');
    } }";
    let (host, server) = (host(), Outside::start(Manner::Listen).await);
    let bill = Arc::new(Bill::default());
    let options = PrepareOptions { limits: Limits::DEFAULT, fresh: false };
    let prepared = host.executor.prepare(&TenantScope::local(), &code(sender), options).await.expect("builds");
    let send = Send {
        method: "POST",
        body: format!("http://a.test:{}/", server.port).into_bytes(),
        egress: Arc::new(egress(true, vec![rule("a.test", server.port)])),
        place: Some(bill.clone()),
        ..Send::default()
    };
    let ran = run_on(&host.executor, &prepared, send).await;
    assert_eq!((ran.text().as_str(), ran.report.outcome), ("done", Outcome::Ok), "{}", ran.error());
    let [by_the_guest, since] = bill.0.lock().expect("no panic")[..] else { panic!("it is paid for in two parts") };
    assert!(by_the_guest > 0 && since == 5000, "{by_the_guest} and {since}");
    assert_eq!(ran.report.usage.egress_bytes, by_the_guest + since);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_this_machine_is_connected_to() {
    let (host, server) =
        (host_with(&["a.test", "localhost"], Vec::new()), Outside::start(answer("200 OK", &[], "in")).await);
    for name in [
        "a.test",
        "localhost",
        "LOCALHOST.",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "[fd00::1]",
    ] {
        let url = format!("http://{name}:{}/", server.port);
        let (said, ran) = host.fetch(&url, serde_json::json!({}), egress(false, vec![rule("*", server.port)])).await;
        assert!(
            said["error"].as_str().is_some_and(|error| error.starts_with("TypeError: fetch to ")),
            "{name}: {said}"
        );
        assert_eq!(ran.report.subrequests[0].denied_by.as_deref(), Some("address check"), "{name}");
    }
    assert_eq!(server.connections(), 0);
}

/// A name that leads elsewhere each time it is asked for: what was looked up is what is connected to, and it is looked up once.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_its_answer_is_asked_once_for_each_connection() {
    let host = host();
    let leave = |body: &str| match answer("200 OK", &["connection: close"], body) {
        Manner::Say(bytes) => Manner::SayAndLeave(bytes),
        other => other,
    };
    let one = Outside::start(leave("one")).await;
    let other = Ipv4Addr::new(127, 0, 0, 2);
    let two = Outside::start_at((other, one.port), leave("two")).await;
    host.names.alternate("a.test", [Ipv4Addr::LOCALHOST, other]);
    let url = format!("http://a.test:{}/", one.port);
    let mut said = Vec::new();
    for _ in 0..4 {
        let (answer, _) = host.fetch(&url, serde_json::json!({}), egress(true, vec![rule("a.test", one.port)])).await;
        said.push(answer["body"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(said, ["one", "two", "one", "two"]);
    assert_eq!((host.names.asked(), one.connections(), two.connections()), (4, 2, 2));
    // Where only global addresses are allowed, neither is connected to.
    let (answer, _) = host.fetch(&url, serde_json::json!({}), egress(false, vec![rule("a.test", one.port)])).await;
    assert!(answer["error"].as_str().is_some_and(|error| error.contains("may be connected to")), "{answer}");
    assert_eq!((one.connections(), two.connections()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_decided_on_anew() {
    let (host, second) = (host(), Outside::start(answer("200 OK", &[], "secret place")).await);
    let location = format!("location: http://b.test:{}/in", second.port);
    let first = Outside::start(answer("302 Found", &[&location], "")).await;
    let (said, ran) = host
        .fetch(
            &format!("http://a.test:{}/", first.port),
            serde_json::json!({}),
            egress(true, vec![rule("a.test", first.port)]),
        )
        .await;
    assert!(said["error"].as_str().is_some_and(|error| error.contains("http://b.test:")), "{said}");
    assert_eq!((second.connections(), ran.report.subrequests.len()), (0, 2));
    let rules = vec![rule("a.test", first.port), rule("b.test", second.port)];
    let (said, _) =
        host.fetch(&format!("http://a.test:{}/", first.port), serde_json::json!({}), egress(true, rules)).await;
    assert_eq!(said["body"], "secret place");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_an_address_of_this_network_is_not_followed() {
    let (host, second) = (host(), Outside::start(answer("200 OK", &[], "secret place")).await);
    for place in ["127.0.0.1", "[::1]", "169.254.169.254", "a.test"] {
        let location = format!("location: http://{place}:{}/in", second.port);
        let first = Outside::start(answer("302 Found", &[&location], "")).await;
        // The operator lets the first one be private, and the others only global.
        let ceiling = vec![
            EgressRule { private: true, ..rule("a.test", first.port) },
            EgressRule { ports: vec![second.port], ..rule("*", second.port) },
        ];
        let own = vec![rule("*", first.port), rule("*", second.port)];
        let policy = |rules| Arc::new(EgressPolicy { rules });
        let layers = vec![(Layer::Ceiling, policy(ceiling)), (Layer::Function, policy(own))];
        let egress = Egress { layers, secrets: Arc::default() };
        let (said, ran) = host.fetch(&format!("http://a.test:{}/", first.port), serde_json::json!({}), egress).await;
        assert!(said["error"].is_string(), "{place}: {said}");
        assert_eq!(ran.report.subrequests[1].denied_by.as_deref(), Some("address check"), "{place}");
        assert_eq!((first.connections(), second.connections()), (1, 0), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_six_requests_of_a_run_are_out_at_a_time() {
    let (host, silent) = (host(), Outside::start(Manner::Listen).await);
    let call = format!(
        "export default {{ fetch: () => Promise.all(Array.from({{ length: 20 }}, () => fetch('http://a.test:{}/'))) }}",
        silent.port
    );
    let rules = egress(true, vec![rule("a.test", silent.port)]);
    // While it runs: those that wait are let go one by one as it ends.
    let seen = async {
        while silent.connections() < 6 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        silent.connections()
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), seen);
    let (ran, seen) = tokio::join!(host.run_with(&call, "{}".to_owned(), rules, 20), seen);
    assert_eq!((ran.report.outcome, seen.ok()), (Outcome::WallLimit, Some(6)));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_keep_nobody_waiting() {
    let (host, server) = (host(), Outside::start(answer("200 OK", &[], &"x".repeat(100_000))).await);
    let url = format!("http://a.test:{}/", server.port);
    let rules = || egress(true, vec![rule("a.test", server.port)]);
    for text in [
        "const all = await Promise.all(urls.map((url) => fetch(url))); \
         const texts = await Promise.all(all.map((one) => one.text())); return new Response(`${texts.length}`)",
        "let n = 0; for (const url of urls) n += (await fetch(url)).ok; return new Response(`${n}`)",
    ] {
        let call = format!("const urls = Array(20).fill('{url}'); export default {{ async fetch() {{ {text} }} }}");
        let ran = host.run_with(&call, "{}".to_owned(), rules(), 20).await;
        assert_eq!((ran.report.outcome, ran.text().as_str()), (Outcome::Ok, "20"), "{}", ran.error());
    }
    let call = format!("export default {{ async fetch() {{ for (let n = 0; n < 200; n++) await fetch('{url}') }} }}");
    let ran = host.run_with(&call, "{}".to_owned(), rules(), 200).await;
    assert!(ran.error().contains("100 answers of this run are open: read their bodies"), "{}", ran.error());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_server_does_has_a_name_and_an_end() {
    let host = host();
    let head = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes();
    for (manner, timeout, expected) in [
        (Manner::Repeat(head(""), b"x-more: and more\r\n".to_vec()), 0, "could not be read"),
        (Manner::Repeat(head("content-length: 100000000\r\n\r\n"), vec![b'x'; 65_536]), 0, "10485760 bytes in all"),
        (Manner::SayAndLeave(head("content-length: 100\r\n\r\nshort")), 0, "fetch to http://a.test"),
        (Manner::SayAndLeave(head("content-length: 1\r\ncontent-length: 2\r\n\r\nx")), 0, "could not be read"),
        (
            Manner::SayAndLeave(head("transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nx")),
            0,
            "fetch to http://a.test",
        ),
        (Manner::SayAndLeave(b"SSH-2.0-OpenSSH\r\n".to_vec()), 0, "could not be read"),
        (Manner::SayAndLeave(Vec::new()), 0, "could not be read"),
        (Manner::Listen, 100, "TimeoutError"),
    ] {
        let server = Outside::start(manner).await;
        let init = if timeout > 0 { serde_json::json!({ "timeout": timeout }) } else { serde_json::json!({}) };
        let url = format!("http://a.test:{}/", server.port);
        let (said, ran) = host.fetch(&url, init, egress(true, vec![rule("a.test", server.port)])).await;
        assert!(said["error"].as_str().is_some_and(|error| error.contains(expected)), "{expected}: {said}");
        assert_eq!(ran.report.outcome, Outcome::Ok);
    }
    let silent = Outside::start(Manner::Listen).await;
    let call = format!("export default {{ fetch: () => fetch('http://a.test:{}/') }}", silent.port);
    let ran = host.run(&call, "{}".to_owned(), egress(true, vec![rule("a.test", silent.port)])).await;
    assert_eq!(ran.report.outcome, Outcome::WallLimit);
    let unknown = format!("http://nowhere.test:{}/", silent.port);
    let (said, _) = host.fetch(&unknown, serde_json::json!({}), egress(true, vec![rule("*", silent.port)])).await;
    assert!(said["error"].as_str().is_some_and(|error| error.contains("name was not found")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_escape_name_the_outcome() {
    let (host, server) = (host(), Outside::start(answer("200 OK", &[], "x")).await);
    let denied =
        host.run("export default { fetch: () => fetch('http://b.test/') }", "{}".to_owned(), Egress::none()).await;
    assert_eq!(denied.report.outcome, Outcome::EgressDenied, "{}", denied.error());
    let many = format!(
        "export default {{ async fetch() {{ for (let n = 0; n < 9; n++) await (await fetch('http://a.test:{}/')).text(); }} }}",
        server.port
    );
    let ran = host.run(&many, "{}".to_owned(), egress(true, vec![rule("a.test", server.port)])).await;
    assert_eq!(ran.report.outcome, Outcome::SubrequestLimit, "{}", ran.error());
    assert_eq!((server.requests().len(), ran.report.subrequests.len()), (5, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_for_the_name_that_was_asked_for() {
    let made = rcgen::generate_simple_self_signed(vec!["a.test".to_owned()]).expect("a certificate");
    let (certificate, key) =
        (made.cert.der().clone(), PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key"));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let tls = tls.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).expect("fits");
    let server = Outside::start_with(answer("200 OK", &[], "secure"), Some(TlsAcceptor::from(Arc::new(tls)))).await;
    let rules = || egress(true, vec![rule("*.test", server.port)]);
    let trusting = host_with(&["a.test", "b.test"], vec![certificate]);
    let (said, _) = trusting.fetch(&format!("https://a.test:{}/", server.port), serde_json::json!({}), rules()).await;
    assert_eq!(said["body"], "secure", "{said}");
    let (said, _) = trusting.fetch(&format!("https://b.test:{}/", server.port), serde_json::json!({}), rules()).await;
    assert!(said["error"].as_str().is_some_and(|error| error.contains("certificate")), "{said}");
    let (said, _) = host().fetch(&format!("https://a.test:{}/", server.port), serde_json::json!({}), rules()).await;
    assert!(said["error"].as_str().is_some_and(|error| error.contains("certificate")), "{said}");
}

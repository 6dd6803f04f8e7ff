//! A host that speaks TLS: with its certificate, with the one that takes its place, and not without.

mod up;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use up::{Up, cache, exchange, isolet};

const NAME: &str = "hello--demo.localhost";

/// A certificate of its own authority, for the functions of `demo` and for the address of the API, in these files.
fn make(folder: &Path) {
    let names = vec![NAME.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned()];
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(names).expect("names").self_signed(&key).expect("signed");
    std::fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &key.serialize_der())).expect("written");
    std::fs::write(folder.join("cert.pem"), pem("CERTIFICATE", certificate.der())).expect("written");
}

/// PEM (RFC 7468) of these bytes.
fn pem(label: &str, bytes: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn start(folder: &Path, more: &[(&str, &str)]) -> Up {
    let [certificate, key] = ["cert.pem", "key.pem"].map(|file| folder.join(file).display().to_string());
    let tls = [
        ("ISOLET_CONTROL_PLANE__TLS_CERTIFICATE", certificate.as_str()),
        ("ISOLET_CONTROL_PLANE__TLS_KEY", key.as_str()),
        ("ISOLET_INGRESS__TLS_CERTIFICATE", certificate.as_str()),
        ("ISOLET_INGRESS__TLS_KEY", key.as_str()),
    ];
    Up::start(&[&tls[..], more].concat())
}

fn address(host: &Up, name: &str) -> String {
    let url = host.started[name].as_str().expect("an address");
    url.strip_prefix("https://").unwrap_or_else(|| panic!("{url}")).to_owned()
}

/// One request; `None` where the certificate is not trusted.
fn ask(address: &str, ca: &Path, request: &str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(NAME).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).expect("it listens"));
    stream.write_all(format!("{request}\r\nconnection: close\r\n\r\n").as_bytes()).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Some(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn functions_and_the_api_are_served_under_a_certificate_that_may_change() {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path());
    let host = start(folder.path(), &[("ISOLET_SERVER__SANDBOX", "required")]);
    let (ingress, api) = (address(&host, "ingress"), address(&host, "control_plane"));
    let first = folder.path().join("first.pem");
    std::fs::copy(folder.path().join("cert.pem"), &first).expect("copied");
    let hello = format!("GET /?q=tls HTTP/1.1\r\nhost: {NAME}");
    let answer = ask(&ingress, &first, &hello).expect("trusted");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("TLS"), "{answer}");
    assert!(
        ask(&api, &first, "GET /healthz HTTP/1.1\r\nhost: localhost").expect("trusted").starts_with("HTTP/1.1 200")
    );
    // Who speaks no TLS is not answered, and costs the next one nothing.
    assert_eq!(exchange(&ingress, NAME, "GET / HTTP/1.1", b"").0, 0);
    // The command line trusts whom it is told to.
    let list = |ca: &Path| {
        let mut command = isolet();
        command.args(["tenant", "list", "--url", host.started["control_plane"].as_str().expect("an address")]);
        command.arg("--key-file").arg(host.key_file()).arg("--ca-file").arg(ca);
        let output = command.output().expect("it starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, listed) = list(&first);
    assert!(code == Some(0) && listed.contains("demo"), "{listed}");
    // Another certificate takes its place, on the word and without a restart.
    make(folder.path());
    let second = folder.path().join("cert.pem");
    assert!(std::process::Command::new("kill").args(["-HUP", &host.process().to_string()]).status().is_ok());
    let deadline = Instant::now() + Duration::from_secs(5);
    while ask(&ingress, &second, &hello).is_none() {
        assert!(Instant::now() < deadline, "the new certificate is not served");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(ask(&ingress, &first, &hello).is_none() && ask(&api, &first, &hello).is_none());
    assert_eq!(list(&first).0, Some(1));
    // One that is none leaves what was there.
    std::fs::write(folder.path().join("key.pem"), "nothing").expect("written");
    assert!(std::process::Command::new("kill").args(["-HUP", &host.process().to_string()]).status().is_ok());
    std::thread::sleep(Duration::from_millis(100));
    assert!(ask(&ingress, &second, &hello).is_some());
}

#[test]
fn a_host_does_not_start_with_what_cannot_be_served() {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path());
    let other = tempfile::tempdir().expect("a folder");
    make(other.path());
    let said = |certificate: &Path, key: &Path| {
        let mut command = isolet();
        command.env("XDG_CACHE_HOME", cache()).args([
            "up",
            "--json",
            "--api",
            "127.0.0.1:0",
            "--ingress",
            "127.0.0.1:0",
        ]);
        command.arg("--data").arg(folder.path().join("data"));
        command.env("ISOLET_INGRESS__TLS_CERTIFICATE", certificate).env("ISOLET_INGRESS__TLS_KEY", key);
        let output = command.output().expect("it starts");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("text")
    };
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    for (certificate, key, because) in [
        (&certificate, &other.path().join("key.pem"), "is not that of the certificate"),
        (&other.path().join("none.pem"), &key, "cannot read"),
        (&certificate, &certificate, "has no private key in it"),
    ] {
        let said = said(certificate, key);
        assert!(said.contains("[ingress] cannot serve TLS") && said.contains(because), "{said}");
    }
}

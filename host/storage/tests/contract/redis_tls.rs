//! `rediss://`: records over TLS, to a server whose authority is trusted and to no other.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use isolet_storage::{OpenError, RedisOptions, RedisStore};

use crate::outage::{contents, fill};
use crate::server::{Server, free_port};
use crate::stores::{connect, options};

fn openssl(folder: &Path, line: &str) -> bool {
    let run = Command::new("openssl").args(line.split(' ')).current_dir(folder).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// An authority and a certificate of it for `localhost`, as `ca.pem`, `cert.pem` and `key.pem`.
fn certificates(folder: &Path) -> bool {
    std::fs::write(folder.join("san"), "subjectAltName=DNS:localhost,IP:127.0.0.1").expect("writable");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 1"))
        && openssl(folder, &format!("req {key} -keyout key.pem -out request -subj /CN=localhost"))
        && openssl(
            folder,
            "x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -extfile san -out cert.pem -days 1",
        )
}

#[tokio::test]
async fn a_server_with_tls_is_used_if_its_authority_is_trusted() {
    // As `main` does: nothing else in this process chooses a provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a temporary folder");
    if !certificates(folder.path()) {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no `openssl` here, Redis over TLS is not tested");
        return;
    }
    let port = free_port();
    let path = folder.path().display();
    let lines = [
        format!("tls-port {port}"),
        format!("tls-cert-file {path}/cert.pem"),
        format!("tls-key-file {path}/key.pem"),
        format!("tls-ca-cert-file {path}/ca.pem"),
        "tls-auth-clients no".to_owned(),
    ];
    let Some(server) = Server::start(&lines.each_ref().map(String::as_str)) else { return };
    let url = format!("rediss://localhost:{port}/");
    let trusting = RedisOptions { ca_file: Some(folder.path().join("ca.pem")), ..options("tls") };
    let store = connect(&url, trusting.clone()).await;
    let scope = fill(&*store).await;
    contents(&*store, &scope).await;

    // The public authorities do not know it.
    let wary = RedisOptions { timeout: Duration::from_secs(5), ..options("tls") };
    let refused = RedisStore::connect(&url, wary).await.err().expect("refused");
    assert!(matches!(refused, OpenError::Repository(_)), "{refused}");
    // Nor is a plain connection taken for a secure one.
    let refused = RedisStore::connect(&server.url().replace("redis://", "rediss://"), trusting).await;
    assert!(refused.is_err());
}

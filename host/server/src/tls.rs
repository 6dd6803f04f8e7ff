//! Certificates of the listeners: read at start with everything that can be wrong with them said at once, and again when the files change.
//! Handshakes are `isolet-api`'s.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use anyhow::{Context as _, Result, anyhow, bail};
use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};

/// Where a listener's certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// PEM: the certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// PEM: its private key.
    pub key: PathBuf,
}

impl Files {
    /// The folders that have to be readable for the files to be read again: their own, and those of what they lead to.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for file in [&self.certificate, &self.key] {
            let target = std::fs::canonicalize(file).ok();
            let all = [Some(file.as_path()), target.as_deref()].into_iter().flatten().filter_map(Path::parent);
            let named = all.map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
            folders.extend(named.map(Path::to_owned));
        }
        folders.sort();
        folders.dedup();
        folders
    }
}

/// A listener's certificate, which may be replaced while it is served.
#[derive(Debug)]
pub struct Certificate {
    /// The settings table it is from.
    table: &'static str,
    files: Files,
    current: Arc<Current>,
    // Held to compare and note two times.
    seen: Mutex<[Option<SystemTime>; 2]>,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Certificate {
    /// # Errors
    /// A file that is missing or is none, a key that is another's, a certificate that is not valid now.
    pub fn load(table: &'static str, files: Files) -> Result<Self> {
        let seen = changed_at(&files);
        let read = read(&files).with_context(|| format!("[{table}] cannot serve TLS"))?;
        let current = Arc::new(Current(RwLock::new(Arc::new(read))));
        Ok(Self { table, files, current, seen: Mutex::new(seen) })
    }

    /// What handshakes are made with. HTTP/1.1 is all there is behind them.
    pub fn config(&self) -> Result<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = versions?.with_no_client_auth().with_cert_resolver(self.current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Reads the files again. What is wrong with them is logged, and the certificate from before stays.
    pub fn reload(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = changed_at(&self.files);
        match read(&self.files) {
            Ok(read) => {
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                tracing::info!(table = self.table, "the certificate was read again");
            }
            Err(error) => {
                tracing::error!(table = self.table, error = format!("{error:#}"), "the certificate stays as it was");
            }
        }
    }

    /// Reads the files again if they are not those of the last time.
    pub fn reload_if_changed(&self) {
        if *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != changed_at(&self.files) {
            self.reload();
        }
    }
}

fn changed_at(files: &Files) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key].map(|file| std::fs::metadata(file).and_then(|found| found.modified()).ok())
}

/// Certificate and key, if they belong together and are good now.
pub fn read(files: &Files) -> Result<CertifiedKey> {
    let bytes = |file: &Path| std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()));
    let (certificate, key) = (&files.certificate, &files.key);
    let chain = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| anyhow!("`{}` is not PEM: {error}", certificate.display()))?;
    let Some(first) = chain.first() else { bail!("`{}` has no certificate in it", certificate.display()) };
    valid_now(first).with_context(|| format!("the certificate in `{}`", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_slice(&bytes(key)?)
        .map_err(|error| anyhow!("`{}` has no private key in it: {error}", key.display()))?;
    let private = rustls::crypto::ring::sign::any_supported_type(&private)
        .map_err(|error| anyhow!("the key in `{}` is of no kind that is served: {error}", key.display()))?;
    let pair = CertifiedKey::new(chain, private);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(pair),
        Err(_) => {
            bail!("the key in `{}` is not that of the certificate in `{}`", key.display(), certificate.display())
        }
    }
}

fn valid_now(certificate: &[u8]) -> Result<()> {
    let (begins, ends) = validity(certificate).ok_or_else(|| anyhow!("is none"))?;
    let now = Timestamp::now();
    if now > ends {
        bail!("expired on {ends}");
    }
    if now < begins {
        bail!("is not valid before {begins}");
    }
    Ok(())
}

/// From when until when a certificate is valid (RFC 5280 §4.1): the one thing that is read of it here. What else is in it is the clients'.
fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xA0;
    let of = |wanted: u8, bytes| element(bytes).filter(|(tag, ..)| *tag == wanted);
    let (_, whole, _) = of(SEQUENCE, certificate)?;
    let (_, mut fields, _) = of(SEQUENCE, whole)?;
    if let Some((_, _, rest)) = of(VERSION, fields) {
        fields = rest;
    }
    // Serial number, algorithm and issuer come first.
    for _ in 0..3 {
        (_, _, fields) = element(fields)?;
    }
    let (_, times, _) = of(SEQUENCE, fields)?;
    let (tag, begins, rest) = element(times)?;
    let begins = time(tag, begins)?;
    let (tag, ends, _) = element(rest)?;
    Some((begins, time(tag, ends)?))
}

/// One element of DER (X.690 §8.1): its tag, what is in it, and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// A `UTCTime` or a `GeneralizedTime`, both to the second and in UTC.
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let text = match (tag, text.len()) {
        (0x17, 13) => format!("{}{text}", if text < "50" { "20" } else { "19" }),
        (0x18, 15) => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| &text[from..to];
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    let (hour, minute, second) = (part(8, 10), part(10, 12), part(12, 14));
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}{}", part(14, 15)).parse().ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    struct Made {
        folder: tempfile::TempDir,
        files: Files,
    }

    /// PEM (RFC 7468) of these bytes.
    fn pem(label: &str, bytes: &[u8]) -> String {
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    fn made(lasts: std::ops::Range<i32>) -> Made {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(lasts.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(lasts.end, 1, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed");
        std::fs::write(&files.certificate, pem("CERTIFICATE", certificate.der())).expect("written");
        std::fs::write(&files.key, pem("PRIVATE KEY", &key.serialize_der())).expect("written");
        Made { folder, files }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let (good, other) = (made(2000..4000), made(2000..4000));
        let refused = |files: &Files, because: &str| {
            let said = format!("{:#}", Certificate::load("ingress", files.clone()).expect_err(because));
            assert!(said.starts_with("[ingress] cannot serve TLS: ") && said.contains(because), "{said}");
        };
        assert!(Certificate::load("ingress", good.files.clone()).is_ok());
        refused(&Files { key: other.files.key.clone(), ..good.files.clone() }, "is not that of the certificate");
        refused(&Files { key: good.files.certificate.clone(), ..good.files.clone() }, "no private key");
        refused(&Files { certificate: good.files.key.clone(), ..good.files.clone() }, "no certificate in it");
        refused(&Files { certificate: good.folder.path().join("none"), ..good.files.clone() }, "cannot read");
        refused(&made(2000..2001).files, "expired on");
        refused(&made(3000..3001).files, "is not valid before");
        std::fs::write(&other.files.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            .expect("written");
        refused(&other.files, "is none");
    }

    #[test]
    fn validity_is_read_and_nothing_else_is_mistaken_for_it() {
        let made = made(1999..2050);
        let bytes = CertificateDer::from_pem_file(&made.files.certificate).expect("a certificate").to_vec();
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let expected = (at("1999-01-01T00:00:00Z"), at("2050-01-01T00:00:00Z"));
        assert_eq!(validity(&bytes), Some(expected));
        for end in 0..bytes.len() {
            assert_eq!(validity(&bytes[..end]), None, "{end}");
        }
        assert_eq!(time(0x17, b"491231235959Z"), Some(at("2049-12-31T23:59:59Z")));
        for bad in [&b"4912312359Z"[..], b"491331235959Z", b"4912312359590", b"\xff91231235959Z", b""] {
            assert_eq!(time(0x17, bad), None);
        }
    }

    #[test]
    fn a_change_is_taken_and_a_bad_one_is_not() {
        let (first, second) = (made(2000..4000), made(2000..4000));
        let served = Certificate::load("ingress", first.files.clone()).expect("good");
        let now = |served: &Certificate| served.current.0.read().expect("not poisoned").cert[0].clone();
        let before = now(&served);
        served.reload_if_changed();
        assert_eq!(now(&served), before);
        std::fs::write(&first.files.key, "nothing").expect("written");
        served.reload();
        assert_eq!(now(&served), before);
        for (from, to) in [(&second.files.key, &first.files.key), (&second.files.certificate, &first.files.certificate)]
        {
            std::fs::copy(from, to).expect("copied");
        }
        served.reload_if_changed();
        assert_ne!(now(&served), before);
        assert_eq!(first.files.folders(), [first.folder.path()]);
    }
}

//! The door: each outgoing request is decided on, sent by a client of its tenant's own, and put on the run's record.

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::header::{HOST, HeaderName, HeaderValue};
use http::{Method, Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use isolet_domain::egress::{CDN_LOOP, Decision, Egress, HostPattern, Outgoing, next_hop};
use isolet_domain::execute::Subrequest;
use isolet_domain::ids::TenantId;
use isolet_domain::outcome::Outcome;
use rustls::pki_types::CertificateDer;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, WasiBody};

use super::body::CountedBody;
use super::connect::{ConnectError, Connector};
use super::resolve::Resolve;

/// Requests of one run that may wait for an answer at once; more wait for their turn.
const MAX_AT_ONCE: usize = 6;
/// Answers of one run whose bodies may be open at once. To wait for a place would be to wait for ever: nobody has to read them.
const MAX_OPEN: usize = 100;
/// A tenant's connections that are kept open while nobody uses them, for each server, and for how long.
const MAX_IDLE: usize = 8;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Tenants whose connections are kept.
const MAX_CLIENTS: u64 = 1_024;
/// Bytes of a response's head.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// Bytes of an address that a record or message shows: the guest chooses how long it is.
const MAX_SHOWN_BYTES: usize = 2 << 10;
/// Bytes of an address that is sent: what hosts and servers take of a request line.
const MAX_ADDRESS_BYTES: usize = 16 << 10;
/// Refused requests that a run's record names; a loop around `fetch` is no way to fill it.
const MAX_RECORDED: usize = 1_000;

type HttpClient = Client<Connector, CountedBody<WasiBody>>;

/// The process's door. Connections are a tenant's own: who shares one could be told apart by how fast it is there.
pub struct Door {
    resolver: Arc<dyn Resolve>,
    tls: Arc<rustls::ClientConfig>,
    clients: moka::sync::Cache<(TenantId, bool), HttpClient>,
}

impl Door {
    /// `extra_roots` are trusted beside the web's own.
    ///
    /// # Errors
    /// When one of them is no certificate.
    pub fn new(resolver: Arc<dyn Resolve>, extra_roots: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = Arc::new(tls.with_root_certificates(roots).with_no_client_auth());
        let clients = moka::sync::Cache::builder().max_capacity(MAX_CLIENTS).time_to_idle(2 * IDLE_TIMEOUT).build();
        Ok(Self { resolver, tls, clients })
    }

    fn client(&self, tenant: TenantId, private: bool) -> HttpClient {
        self.clients.get_with((tenant, private), || {
            let connector = Connector { resolver: self.resolver.clone(), tls: self.tls.clone(), private };
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(MAX_IDLE)
                .http1_max_buf_size(MAX_HEAD_BYTES)
                // The door names the host itself, from what it checked.
                .set_host(false)
                .build(connector)
        })
    }
}

/// One invocation's way through the door.
#[derive(Clone)]
pub struct Pass(Arc<Inner>);

struct Inner {
    door: Arc<Door>,
    tenant: TenantId,
    egress: Arc<Egress>,
    max_requests: usize,
    /// Of the request that is being answered.
    hops: u32,
    requests: AtomicUsize,
    at_once: Semaphore,
    open: Arc<Semaphore>,
    moved: Arc<AtomicU64>,
    // Held to add to it or take it, never across an await.
    record: Mutex<Vec<Subrequest>>,
    /// What refused ones were told, with the outcome of a run that lets it escape.
    refusals: Mutex<Vec<(String, Outcome)>>,
}

/// A request that may go.
struct Checked {
    private: bool,
    rule: String,
    request: Request<WasiBody>,
}

/// Why one may not, for the guest and for the record.
struct Refused {
    message: String,
    denied_by: String,
    outcome: Outcome,
}

impl Pass {
    pub fn new(door: &Arc<Door>, tenant: TenantId, egress: Arc<Egress>, max_requests: u32, hops: u32) -> Self {
        Self(Arc::new(Inner {
            door: door.clone(),
            tenant,
            egress,
            max_requests: max_requests as usize,
            hops,
            requests: AtomicUsize::new(0),
            at_once: Semaphore::new(MAX_AT_ONCE),
            open: Arc::new(Semaphore::new(MAX_OPEN)),
            moved: Arc::default(),
            record: Mutex::default(),
            refusals: Mutex::default(),
        }))
    }

    /// What was sent or refused so far. Those still under way are on it as they stand.
    pub fn record(&self) -> Vec<Subrequest> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes moved in both directions.
    pub fn moved_bytes(&self) -> u64 {
        self.0.moved.load(Ordering::Relaxed)
    }

    /// What a run is called that ended with this error, if it is one of this door's refusals.
    pub fn outcome_of(&self, error: &str) -> Option<Outcome> {
        let refusals = self.0.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.iter().find(|(message, _)| error.contains(message.as_str())).map(|(_, outcome)| *outcome)
    }

    /// Sends a guest's request, or says why not.
    pub async fn send(self, request: Request<WasiBody>) -> Result<Response<WasiBody>, Error> {
        let began = Instant::now();
        let entry = self.note(&request);
        let checked = match self.check(request) {
            Ok(checked) => checked,
            Err(refused) => {
                self.amend(entry, |line| line.denied_by = Some(refused.denied_by));
                self.refusals().push((refused.message.clone(), refused.outcome));
                return Err(Error::InternalError(Some(refused.message)));
            }
        };
        self.amend(entry, |line| line.allowed_by = Some(checked.rule.clone()));
        let _waiting = self.0.at_once.acquire().await.map_err(|_| Error::ConnectionLimitReached)?;
        let Ok(open) = self.0.open.clone().try_acquire_owned() else {
            let message = format!(
                "{MAX_OPEN} answers of this run are open: read their bodies, or cancel them, before asking for more"
            );
            self.amend(entry, |line| line.error = Some(message.clone()));
            return Err(Error::InternalError(Some(message)));
        };
        let client = self.0.door.client(self.0.tenant, checked.private);
        let request = checked.request.map(|body| CountedBody::new(body, self.0.moved.clone(), None));
        let sent = client.request(request).await;
        let took = began.elapsed();
        match sent {
            Ok(response) => {
                self.amend(entry, |line| (line.status, line.took) = (Some(response.status().as_u16()), took));
                let moved = self.0.moved.clone();
                Ok(response.map(|body| CountedBody::new(body, moved, Some(open)).boxed_unsync()))
            }
            Err(error) => {
                let (error, prohibited) = explain(&error);
                self.amend(entry, |line| {
                    line.took = took;
                    if prohibited {
                        (line.allowed_by, line.denied_by) = (None, Some("address check".to_owned()));
                    } else {
                        line.error = Some(error.to_string());
                    }
                });
                Err(Error::InternalError(Some(error)))
            }
        }
    }

    /// Decides. Whatever the request says of its host is said anew, from what was checked.
    fn check(&self, mut request: Request<WasiBody>) -> Result<Checked, Refused> {
        let inner = &self.0;
        if inner.requests.fetch_add(1, Ordering::Relaxed) >= inner.max_requests {
            let message = format!("a run may make {} outgoing requests", inner.max_requests);
            let denied_by = "limit of outgoing requests".to_owned();
            return Err(Refused { message, denied_by, outcome: Outcome::SubrequestLimit });
        }
        let denied = |message: String, denied_by: &str| Refused {
            message,
            denied_by: denied_by.to_owned(),
            outcome: Outcome::EgressDenied,
        };
        let uri = request.uri();
        let no_host = || denied(format!("fetch to {} was refused: it names no one host", shown(uri)), "address check");
        if uri.path_and_query().is_some_and(|path| path.as_str().len() > MAX_ADDRESS_BYTES) {
            let message = format!("fetch was refused: the address is longer than {MAX_ADDRESS_BYTES} bytes");
            return Err(denied(message, "address check"));
        }
        // A tunnel would carry what nobody decided on.
        if *request.method() == Method::CONNECT {
            return Err(denied("fetch was refused: CONNECT is no request for a resource".to_owned(), "method check"));
        }
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(no_host)?;
        let host = HostPattern::parse(authority.host()).ok().and_then(|host| host.single()).ok_or_else(no_host)?;
        let secure = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let outgoing = Outgoing { host: &host, port, method: request.method().as_str(), path: uri.path() };
        let (rule, private, inject) = match inner.egress.decide(&outgoing) {
            Decision::Allow { rule, private, inject } => (rule, private, inject),
            Decision::Deny { rule } => {
                let scheme = if secure { "https" } else { "http" };
                let message = format!(
                    "fetch to {scheme}://{host}:{port} was refused: {rule}. Allow host \"{host}\" (port {port}) in this function's \
                     egress rules."
                );
                return Err(denied(message, &rule));
            }
        };
        let named = if host.contains(':') { format!("[{host}]") } else { host };
        let usual = port == if secure { 443 } else { 80 };
        let authority = if usual { named } else { format!("{named}:{port}") };
        let value = HeaderValue::from_str(&authority).map_err(|_| no_host())?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let scheme = if secure { "https" } else { "http" };
        let checked = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build();
        let checked = checked.map_err(|_| no_host())?;
        *request.uri_mut() = checked;
        request.headers_mut().insert(HOST, value);
        request.headers_mut().insert(CDN_LOOP, next_hop(inner.hops));
        for (name, value) in inject {
            let unusable = || denied(format!("the secret that {rule} injects is no header value"), &rule);
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
            let mut value = HeaderValue::from_str(&value).map_err(|_| unusable())?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(Checked { private, rule, request })
    }

    fn note(&self, request: &Request<WasiBody>) -> Option<usize> {
        let mut record = self.0.record.lock().unwrap_or_else(PoisonError::into_inner);
        if record.len() >= MAX_RECORDED {
            return None;
        }
        record.push(Subrequest {
            url: shown(request.uri()),
            method: request.method().to_string(),
            status: None,
            took: Duration::ZERO,
            allowed_by: None,
            denied_by: None,
            error: None,
        });
        Some(record.len() - 1)
    }

    fn amend(&self, entry: Option<usize>, change: impl FnOnce(&mut Subrequest)) {
        let mut record = self.0.record.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = entry.and_then(|entry| record.get_mut(entry)) {
            change(line);
        }
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Vec<(String, Outcome)>> {
        let mut refusals = self.0.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.truncate(MAX_RECORDED);
        refusals
    }
}

/// An address, cut where it gets long.
fn shown(uri: &Uri) -> String {
    let mut text = uri.to_string();
    let mut end = text.len().min(MAX_SHOWN_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len() {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What went wrong, in words for whoever wrote the code, and whether it was the addresses.
fn explain(error: &hyper_util::client::legacy::Error) -> (String, bool) {
    let mut cause = error.source();
    let mut last = error.to_string();
    while let Some(error) = cause {
        if let Some(connect) = error.downcast_ref::<ConnectError>() {
            return (connect.to_string(), matches!(connect, ConnectError::Prohibited));
        }
        if let Some(Error::InternalError(Some(message))) = error.downcast_ref::<Error>() {
            return (message.clone(), false);
        }
        last = error.to_string();
        cause = error.source();
    }
    (format!("the server's answer could not be read: {last}"), false)
}

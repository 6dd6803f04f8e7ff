//! The REST API as a client sees it, over HTTP or straight into this process's own router: the command line and the seed use the
//! same routes as everybody else.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use hyper_util::service::TowerToHyperService;
use isolet_api::AppState;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

/// An answer's status and JSON; `Null` where there was no body.
pub struct Reply {
    pub status: u16,
    pub json: Value,
    pub etag: Option<String>,
}

impl Reply {
    /// The JSON of a success; a failure in the words of its problem document.
    pub fn into_success(self) -> Result<Value> {
        if (200..300).contains(&self.status) {
            return Ok(self.json);
        }
        let text = |name: &str| self.json.get(name).and_then(Value::as_str);
        let known = http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let title = text("title").or(known).unwrap_or("failed");
        Err(anyhow!(
            "{} {title}{}",
            self.status,
            text("detail").map(|detail| format!(": {detail}")).unwrap_or_default()
        ))
    }
}

pub struct Client {
    transport: Transport,
    key: String,
}

enum Transport {
    Here(Box<AppState>),
    There { http: HttpClient<HttpsConnector<HttpConnector>, Full<bytes::Bytes>>, url: String },
}

impl Client {
    /// Calls the routes of this process.
    pub fn here(app: AppState, key: String) -> Self {
        Self { transport: Transport::Here(Box::new(app)), key }
    }

    /// Calls a host at `url`, e.g. `http://127.0.0.1:8787`. With `ca`, a PEM file, certificates of those authorities are trusted instead
    /// of the public ones'.
    ///
    /// # Errors
    /// A file without certificates.
    pub fn there(url: &str, key: String, ca: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        match ca {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
                for certificate in CertificateDer::pem_slice_iter(&bytes) {
                    let what = || format!("`{}` has something in it that is no certificate", file.display());
                    roots.add(certificate.with_context(what)?).with_context(what)?;
                }
                if roots.is_empty() {
                    return Err(anyhow!("`{}` has no certificate in it", file.display()));
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = versions.with_root_certificates(roots).with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let http = HttpClient::builder(TokioExecutor::new()).build(connector);
        Ok(Self { transport: Transport::There { http, url: url.trim_end_matches('/').to_owned() }, key })
    }

    /// Asks for something whose body is read as it comes.
    ///
    /// # Errors
    /// When there is no answer, or this is no client of another process.
    pub async fn open(&self, path: &str, fields: &[(&str, &str)]) -> Result<http::Response<Incoming>> {
        let Transport::There { http, url } = &self.transport else { return Err(anyhow!("there is no host to ask")) };
        let uri: Uri = format!("{url}{path}").parse().context("not a valid address")?;
        let request = Request::get(uri).header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(Full::default()).context("not a valid request")?;
        http.request(request).await.with_context(|| format!("no answer from {url}"))
    }

    /// Asks for something at an address that is not the API's, by the name it has there, and without the key: that is nobody else's.
    ///
    /// # Errors
    /// When there is no answer, or this is no client of another process.
    pub async fn visit(&self, uri: Uri, host: &str) -> Result<http::Response<Incoming>> {
        let Transport::There { http, .. } = &self.transport else { return Err(anyhow!("there is no host to ask")) };
        let at = uri.authority().map(ToString::to_string).unwrap_or_default();
        let request = Request::get(uri).header(header::HOST, host).body(Full::default());
        http.request(request.context("not a valid request")?).await.with_context(|| format!("no answer from {at}"))
    }

    /// Sends `body` and reads the answer whole.
    ///
    /// # Errors
    /// When there is no answer. A failure that was answered is a [`Reply`].
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply> {
        self.send_if(method, path, body, None).await
    }

    /// The same, to be done only to what has this `ETag`.
    ///
    /// # Errors
    /// When there is no answer. A failure that was answered is a [`Reply`].
    pub async fn send_if(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        if_match: Option<&str>,
    ) -> Result<Reply> {
        let bytes = body.map(|body| body.to_string()).unwrap_or_default();
        self.exchange(method, path, ("application/json", bytes.into()), if_match).await
    }

    /// Sends a component.
    ///
    /// # Errors
    /// When there is no answer. A failure that was answered is a [`Reply`].
    pub async fn upload(&self, path: &str, component: Vec<u8>) -> Result<Reply> {
        self.exchange(Method::POST, path, ("application/wasm", component.into()), None).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        (kind, bytes): (&str, bytes::Bytes),
        if_match: Option<&str>,
    ) -> Result<Reply> {
        let request = |origin: &str| {
            let uri: Uri = format!("{origin}{path}").parse().context("not a valid address")?;
            let mut builder = Request::builder();
            if let Some(tag) = if_match {
                builder = builder.header(header::IF_MATCH, tag);
            }
            builder
                .method(method)
                .header(header::HOST, uri.authority().map_or("127.0.0.1", |authority| authority.as_str()))
                .uri(uri)
                .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
                .header(header::CONTENT_TYPE, kind)
                .body(Full::from(bytes))
                .context("not a valid request")
        };
        let (status, headers, body) = match &self.transport {
            Transport::Here(app) => {
                let router = TowerToHyperService::new(isolet_api::control_plane((**app).clone()));
                let response = hyper::service::Service::call(&router, request("")?).await?;
                (response.status(), response.headers().clone(), response.into_body().collect().await?.to_bytes())
            }
            Transport::There { http, url } => {
                let response = http.request(request(url)?).await.with_context(|| format!("no answer from {url}"))?;
                (response.status(), response.headers().clone(), response.into_body().collect().await?.to_bytes())
            }
        };
        // A failure of isolet's always has a body.
        let json = if body.is_empty() && status.is_success() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
        let json = json.map_err(|_| {
            let at = if let Transport::There { url, .. } = &self.transport { url } else { "this process" };
            anyhow!(
                "{at} answers like something else than isolet's API (status {}): is the address right?",
                status.as_u16()
            )
        })?;
        let etag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        Ok(Reply { status: status.as_u16(), json, etag })
    }
}

//! A whole host on loopback ports of its own, and requests to it over real sockets.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use isolet_runtime::config::RuntimeConfig;
use isolet_server::Host;
use isolet_server::config::Config;
use serde_json::{Value, json};

/// A started host. Its data folder goes with it.
pub struct TestHost {
    pub host: Host,
    pub key: String,
    http: Client<HttpConnector, Full<Bytes>>,
    _data: Option<tempfile::TempDir>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The stable code of a problem document.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl TestHost {
    /// A fresh host with the embedded store and no rate limit in the way.
    pub async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        Self::start_in(data.path().join("data"), Some(data), &[]).await
    }

    /// A host over an existing folder, with further settings as `ISOLET_…` variables.
    pub async fn start_in(path: PathBuf, data: Option<tempfile::TempDir>, variables: &[(&str, &str)]) -> Self {
        Self { _data: data, ..Self::start_on(path, None, variables).await }
    }

    /// The same, with another engine than the one that is built in.
    pub async fn start_on(path: PathBuf, engine: Option<Arc<[u8]>>, variables: &[(&str, &str)]) -> Self {
        let mut config = Config::load(None, variables_of(variables)).expect("valid settings");
        // The engine is compiled once for all tests.
        let compiled = std::env::temp_dir().join("isolet-tests-engine");
        std::fs::create_dir_all(&path).expect("a folder");
        std::fs::create_dir_all(&compiled).expect("a folder");
        let _ = std::os::unix::fs::symlink(&compiled, path.join("engine"));
        config.server.data_dir = path;
        let runtime = RuntimeConfig { engine, ..config.runtime() };
        let host = Host::start_on(&config, runtime, Arc::new(|_| ()), None).await;
        let host = host.unwrap_or_else(|error| panic!("{error:#}"));
        let key = std::fs::read_to_string(&host.started.admin_key_file).expect("a key").trim().to_owned();
        Self { host, key, http: Client::builder(TokioExecutor::new()).build_http(), _data: None }
    }

    /// A request to the control plane with the admin key.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.api_as(&self.key, method, path, body).await
    }

    pub async fn api_as(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        self.raw(key, method, path, bytes).await
    }

    /// A request to the control plane with any bytes as its body.
    pub async fn raw(&self, key: &str, method: &str, path: &str, body: Vec<u8>) -> Reply {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.host.started.control_plane))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::from(body))
            .expect("a valid request");
        self.send(request).await
    }

    /// `GET path` of a function, through the ingress.
    pub async fn get(&self, function: &str, tenant: &str, path: &str) -> Reply {
        let request = http::Request::builder()
            .uri(format!("http://{}{path}", self.host.started.ingress))
            .header("host", format!("{function}--{tenant}.localhost"))
            .body(Full::default())
            .expect("a valid request");
        self.send(request).await
    }

    pub async fn send(&self, request: http::Request<Full<Bytes>>) -> Reply {
        let response = self.http.request(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Makes a tenant with a function that serves `text`, and a key of the tenant's own.
    pub async fn tenant(&self, tenant: &str, function: &str, text: &str) -> String {
        assert_eq!(self.api("POST", "/v1/tenants", Some(json!({ "slug": tenant }))).await.status, 201);
        let made = self
            .api("POST", &format!("/v1/tenants/{tenant}/keys"), Some(json!({ "preset": "tenant", "name": "test" })))
            .await;
        assert_eq!(made.status, 201, "{}", made.text());
        self.deploy(tenant, function, text).await;
        made.json()["key"].as_str().expect("a key").to_owned()
    }

    pub async fn deploy(&self, tenant: &str, function: &str, text: &str) {
        let path = format!("/v1/tenants/{tenant}/functions/{function}");
        let put = self.api("PUT", &path, Some(json!({}))).await;
        assert!(put.status < 300, "{}", put.text());
        let code = json!({ "modules": { "main.js": text }, "main_module": "main.js" });
        let deployed = self.api("POST", &format!("{path}/deploy"), Some(code)).await;
        assert_eq!(deployed.status, 200, "{}", deployed.text());
    }

    /// `POST …/runs` with one module.
    pub async fn run(&self, tenant: &str, text: &str, rest: Value) -> Reply {
        self.api("POST", &format!("/v1/tenants/{tenant}/runs"), Some(run_request(text, rest))).await
    }

    /// The same as server-sent events. Dropping them closes the connection.
    pub async fn run_events(&self, tenant: &str, text: &str, rest: Value) -> Events {
        let request = http::Request::builder()
            .method("POST")
            .uri(format!("http://{}/v1/tenants/{tenant}/runs", self.host.started.control_plane))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .body(Full::from(run_request(text, rest).to_string()))
            .expect("a valid request");
        let (head, body) = self.http.request(request).await.expect("an answer").into_parts();
        Events { head, body, read: Vec::new() }
    }
}

impl TestHost {
    /// `GET path` of the control plane as server-sent events.
    pub async fn follow(&self, path: &str) -> Events {
        let request = http::Request::builder()
            .uri(format!("http://{}{path}", self.host.started.control_plane))
            .header("authorization", format!("Bearer {}", self.key))
            .header("accept", "text/event-stream")
            .body(Full::default())
            .expect("a valid request");
        let (head, body) = self.http.request(request).await.expect("an answer").into_parts();
        Events { head, body, read: Vec::new() }
    }
}

/// An event stream that is being read.
pub struct Events {
    pub head: http::response::Parts,
    body: hyper::body::Incoming,
    read: Vec<u8>,
}

impl Events {
    /// The next event's name and data; `None` at a clean end.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.read.drain(..end + 2).collect();
                let event = String::from_utf8(event).expect("UTF-8");
                if event.starts_with(':') || event.starts_with("retry:") {
                    continue;
                }
                let (name, data) = event.split_once("\ndata: ").unwrap_or_else(|| panic!("no event: {event:?}"));
                let name = name.strip_prefix("event: ").unwrap_or_else(|| panic!("no name: {event:?}"));
                let name = name.split_once("\nid: ").map_or(name, |(name, _)| name);
                return Some((name.to_owned(), serde_json::from_str(data).expect("JSON in one line")));
            }
            match self.body.frame().await {
                Some(frame) => self.read.extend_from_slice(&frame.expect("a whole body").into_data().expect("data")),
                None => {
                    assert!(self.read.is_empty(), "half an event: {:?}", String::from_utf8_lossy(&self.read));
                    return None;
                }
            }
        }
    }
}

/// The body of `POST …/runs` with one module.
fn run_request(text: &str, rest: Value) -> Value {
    let mut body = json!({ "code": { "modules": { "main.js": text }, "main_module": "main.js" } });
    for (name, value) in rest.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

/// Ports of its own and no rate limit, then what the test sets.
fn variables_of(given: &[(&str, &str)]) -> Vec<(String, String)> {
    [
        ("ISOLET_CONTROL_PLANE__ADDRESS", "127.0.0.1:0"),
        ("ISOLET_INGRESS__ADDRESS", "127.0.0.1:0"),
        ("ISOLET_ADMISSION__RATE_PER_SECOND", "1000000"),
        ("ISOLET_ADMISSION__QUEUE_WAIT_MS", "30000"),
        ("ISOLET_RUNTIME__MAX_INSTANCES", "200"),
    ]
    .iter()
    .chain(given)
    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    .collect()
}

//! A whole host in memory, and requests to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use isolet_api::{ApiConfig, AppState, Ingress, control_plane};
use isolet_domain::access::Preset;
use isolet_domain::fake_guests::FakeGuests;
use isolet_domain::fakes::MemoryStore;
use isolet_domain::key::KeyPepper;
use isolet_domain::secret::MasterKey;
use isolet_domain::service::{Platform, PlatformConfig};
use serde_json::{Value, json};

pub struct TestHost {
    pub store: Arc<MemoryStore>,
    pub app: AppState,
    service: TowerToHyperService<axum::Router>,
    pub admin: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The body broke off.
    pub cut: bool,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ascii"))
    }

    /// Checks that this is a problem document of that status and code, and gives it back.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("isolet-request-id"));
        assert!(problem["type"].as_str().is_some_and(|uri| uri.ends_with(&format!("/problems/{code}"))), "{problem}");
        problem
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self
    }
}

impl TestHost {
    pub async fn start() -> Self {
        Self::with(PlatformConfig::ALONE).await
    }

    /// A host with other settings.
    pub async fn with(settings: PlatformConfig) -> Self {
        Self::with_body_memory(512 << 20, settings).await
    }

    /// The same, with so many bytes for bodies that are read whole.
    pub async fn with_body_memory(body_memory_bytes: usize, settings: PlatformConfig) -> Self {
        let store = Arc::new(MemoryStore::new());
        let platform = Arc::new(Platform::new(
            store.clone(),
            Arc::new(FakeGuests::new()),
            KeyPepper::new([9; 32]),
            MasterKey::new([9; 32]),
            settings,
        ));
        let (_, secret) = platform.keys.mint_global(Preset::Admin, "admin".into()).await.expect("minted");
        let config = ApiConfig {
            version: "0.1.0".into(),
            wasmtime_version: "48.0.8".into(),
            engine_digest: "b3:00".into(),
            mode: "development".into(),
            base_domain: "localhost".into(),
            ingress_port: 8080,
            ingress_tls: false,
            public_url: "http://127.0.0.1:8787".into(),
            allowed_hosts: vec!["isolet.example".into()],
            body_memory_bytes,
            cached_components: Some(Arc::new(|| 3)),
            walls: Some(|| [("files", true), ("system_calls", false)]),
        };
        let app = AppState::new(platform, config);
        let service = TowerToHyperService::new(control_plane(app.clone()));
        Self { store, app, service, admin: secret.expose().to_owned() }
    }

    /// One request to the control plane, as it is.
    pub async fn raw(&self, request: Request<Full<Bytes>>) -> Answer {
        let (method, path) = (request.method().to_string(), request.uri().to_string());
        let response = self.service.call(request).await.expect("the router never fails");
        let answer = gather(response).await;
        crate::openapi::check(&method, &path, &answer);
        answer
    }

    /// The answer to one request, whose body is read as it comes.
    pub async fn open<B>(&self, request: Request<B>) -> http::Response<axum::body::Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.service.call(request).await.expect("the router never fails")
    }

    /// One request with a bearer token and a JSON body.
    pub async fn call(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = request(token, method, path);
        self.raw(match body {
            Some(json) => request
                .header("content-type", "application/json")
                .body(Full::from(json.to_string()))
                .expect("a valid request"),
            None => request.body(Full::default()).expect("a valid request"),
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(&self.admin, "GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(&self.admin, "POST", path, Some(body)).await
    }

    /// A tenant with a key of each preset.
    pub async fn tenant(&self, slug: &str) -> BTreeMap<&'static str, String> {
        self.post("/v1/tenants", json!({ "slug": slug })).await.ok();
        let mut keys = BTreeMap::new();
        for preset in ["tenant", "deployer", "invoke-only", "read-only"] {
            let made = self.post(&format!("/v1/tenants/{slug}/keys"), json!({ "preset": preset })).await.ok().json();
            keys.insert(preset, made["key"].as_str().expect("shown once").to_owned());
        }
        keys
    }

    /// Deploys this source as that function and gives the version's id.
    pub async fn deploy(&self, tenant: &str, function: &str, source: &str) -> String {
        let path = format!("/v1/tenants/{tenant}/functions/{function}");
        self.call(&self.admin, "PUT", &path, Some(json!({}))).await.ok();
        let deployed = self.post(&format!("{path}/deploy"), modules(source)).await.ok().json();
        deployed["version"].as_str().expect("a version").to_owned()
    }

    /// One request to the ingress.
    pub async fn ingress(&self, request: Request<Full<Bytes>>) -> Answer {
        gather(Ingress::new(self.app.clone()).answer(request).await).await
    }
}

pub fn modules(source: &str) -> Value {
    json!({ "modules": { "main.js": source }, "main_module": "main.js" })
}

pub fn request(token: &str, method: &str, path: &str) -> http::request::Builder {
    let builder = Request::builder().method(Method::from_bytes(method.as_bytes()).expect("a method")).uri(path);
    let builder = builder.header("host", "127.0.0.1:8787");
    if token.is_empty() { builder } else { builder.header("authorization", format!("Bearer {token}")) }
}

async fn gather<B>(response: http::Response<B>) -> Answer
where
    B: http_body::Body<Data = Bytes>,
{
    let (parts, body) = response.into_parts();
    let mut body = std::pin::pin!(body);
    let (mut bytes, mut cut) = (Vec::new(), false);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
            Err(_) => {
                cut = true;
                break;
            }
        }
    }
    Answer { status: parts.status, headers: parts.headers, body: bytes.into(), cut }
}

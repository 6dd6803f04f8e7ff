//! The ingress: host name (and, on a tenant's own hosts, path) to function, and the stream passes through. No router, no JSON, no credential; a guest's answer leaves as
//! it came, with the id of the request.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri};
use isolet_domain::body::{self, Body};
use isolet_domain::ids::{AliasName, FunctionName, RequestId, TenantSlug};
use isolet_domain::service::invoker::InvokeError;

use crate::catalogue as rows;
use crate::failure::Failure;
use crate::framing;
use crate::front::MAX_ADDRESS_BYTES;
use crate::host_name::HostName;
use crate::preview;
use crate::problem::{self, Reader};
use crate::relay;
use crate::state::AppState;

/// A hyper service that answers for every function of the host.
#[derive(Clone)]
pub struct Ingress {
    app: AppState,
}

impl Ingress {
    pub fn new(app: AppState) -> Self {
        Self { app }
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let (sent, id) = (request.uri().clone(), RequestId::generate());
        let mut response = match self.relay(request, id).await {
            Ok(response) => response,
            Err(failure) => self.refuse(&failure, sent.path(), &id),
        };
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(problem::REQUEST_ID, value);
        }
        response
    }

    async fn relay<B>(&self, request: Request<B>, id: RequestId) -> Result<Response<Body>, Failure>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display,
    {
        // A tunnel is not a request for a resource, and an answer would turn the connection into one.
        if *request.method() == Method::CONNECT {
            return Err(Failure::Method);
        }
        framing::check(request.headers())?;
        let host = HostName::of(request.uri(), request.headers()).map_err(|_| Failure::BadHost)?;
        let uri = address(&host, request.uri())?;
        let method = request.method().clone();
        if preview::is_its_name(&host.name, &self.app.config().base_domain) {
            return preview::show(&self.app, &method, uri.path()).await;
        }
        let platform = self.app.platform();
        let response = match route(&host.name, &self.app.config().base_domain) {
            Ok((function, tenant)) => {
                let request = relay::to_guest(request, uri);
                let live = (&function, AliasName::LIVE);
                let mut response = platform.invoker.invoke_route((&tenant, None), live, id, request).await?;
                relay::keep_to_itself(response.headers_mut());
                response
            }
            // Not one of the functions' own names; perhaps a tenant's.
            Err(Failure::Misdirected) => {
                let routes = platform.routes.of_host(&host.name).await?.ok_or(Failure::Misdirected)?;
                let (function, alias) = routes.find(uri.path()).ok_or(InvokeError::UnknownRoute)?;
                let request = relay::to_guest(request, uri.clone());
                let tenant = (&routes.slug, Some(routes.tenant));
                platform.invoker.invoke_route(tenant, (function, alias.as_str()), id, request).await?
            }
            Err(other) => return Err(other),
        };
        Ok(relay::from_guest(&method, response))
    }

    fn refuse(&self, failure: &Failure, path: &str, id: &RequestId) -> Response<Body> {
        if failure.row() == rows::STORE {
            self.app.count_store_failure();
        }
        let mut response = problem::answer(failure, id, path, &self.app.config().public_url, Reader::Public);
        let headers = response.headers_mut();
        if let Some(outcome) = failure.outcome() {
            headers.insert(problem::OUTCOME, HeaderValue::from_static(outcome.as_str()));
        }
        response.map(body::full)
    }
}

/// `{function}--{tenant}.{base domain}`. Neither name can hold `--`, so there is one reading.
fn route(host: &str, base_domain: &str) -> Result<(FunctionName, TenantSlug), Failure> {
    let label = host.strip_suffix(base_domain).and_then(|rest| rest.strip_suffix('.')).ok_or(Failure::Misdirected)?;
    if label.contains('.') {
        return Err(Failure::Misdirected);
    }
    let names = label
        .split_once("--")
        .and_then(|(function, tenant)| Some((FunctionName::parse(function).ok()?, TenantSlug::parse(tenant).ok()?)));
    names.ok_or(Failure::Invoke(InvokeError::UnknownFunction))
}

/// The URL that the guest sees: the host in its one spelling, path and query as they were sent.
fn address(host: &HostName, sent: &Uri) -> Result<Uri, Failure> {
    let path = sent.path_and_query().map_or("/", |path| path.as_str());
    if path.len() > MAX_ADDRESS_BYTES {
        return Err(Failure::AddressTooLong { limit_bytes: MAX_ADDRESS_BYTES });
    }
    let malformed = || Failure::Malformed { detail: "the address is not one of a resource".to_owned(), pointer: None };
    if !path.starts_with('/') {
        return Err(malformed());
    }
    Uri::builder().scheme("http").authority(host.authority()).path_and_query(path).build().map_err(|_| malformed())
}

impl<B> hyper::service::Service<Request<B>> for Ingress
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let ingress = self.clone();
        Box::pin(async move { Ok(ingress.answer(request).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_lead_to_one_function_or_none() {
        let names = |host: &str| match route(host, "localhost") {
            Ok((function, tenant)) => format!("{function}/{tenant}"),
            Err(failure) => failure.row().status.as_u16().to_string(),
        };
        for (host, expected) in [
            ("hello--demo.localhost", "hello/demo"),
            ("a-b--c-d.localhost", "a-b/c-d"),
            ("hello.localhost", "404"),
            ("--demo.localhost", "404"),
            ("hello--.localhost", "404"),
            ("a--b--c.localhost", "404"),
            ("xn--demo.localhost", "404"),
            ("localhost", "421"),
            ("x.hello--demo.localhost", "421"),
            ("hello--demo.localhost.evil.test", "421"),
            ("hello--demoxlocalhost", "421"),
            ("127.0.0.1", "421"),
        ] {
            assert_eq!(names(host), expected, "{host}");
        }
    }
}

//! Exported components: what they import, and that a host which shares no code with ours serves them.

use std::collections::BTreeSet;

use http_body_util::BodyExt as _;
use isolet_domain::access::TenantScope;
use isolet_domain::execute::{GuestExecutor as _, PrepareOptions};
use isolet_domain::limits::Limits;
use isolet_tests::guest::{code, executor};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{RequestOptions, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

async fn exported(text: &str) -> Vec<u8> {
    let options = PrepareOptions { limits: Limits::DEFAULT, fresh: true };
    executor().export(&TenantScope::local(), &code(text), options).await.expect("exports")
}

#[tokio::test]
async fn a_component_imports_what_is_listed_and_nothing_else() {
    let component = exported("export default { fetch: () => new Response('x') }").await;
    let component = Component::new(&Engine::default(), component).expect("a valid component");
    assert_eq!(imports(&component), listed());
    let exports: Vec<String> =
        component.component_type().exports(component.engine()).map(|(name, _)| name.to_owned()).collect();
    assert_eq!(exports.iter().filter(|name| name.starts_with("wasi:http/incoming-handler@")).count(), exports.len());
}

/// What every deployed function runs in.
#[test]
fn a_deployed_function_imports_what_is_listed_and_nothing_else() {
    use isolet_runtime::component;
    let engine = include_bytes!("../../guest-sdk/artifacts/engine.wasm");
    let main = &engine[component::main_module(engine).expect("a main module")];
    let hollow = component::hollow(main).expect("the artifact has the expected layout");
    let shell = component::shell(engine, &hollow.module).expect("the artifact has the expected layout");
    let shell = Component::new(&Engine::default(), shell).expect("a valid component");
    assert_eq!(imports(&shell), listed());
}

fn imports(component: &Component) -> BTreeSet<String> {
    component.component_type().imports(component.engine()).map(|(name, _)| name.to_owned()).collect()
}

fn listed() -> BTreeSet<String> {
    let lines = include_str!("../../wit/imports.txt").lines();
    lines.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

struct Plain {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: NoNetwork,
}

struct NoNetwork;

type Connection = Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>;

impl WasiHttpHooks for NoNetwork {
    fn send_request(
        &mut self,
        _: http::Request<wasmtime_wasi_http::WasiBody>,
        _: Option<RequestOptions>,
        _: Connection,
    ) -> Box<
        dyn Future<
                Output = Result<(http::Response<wasmtime_wasi_http::WasiBody>, Connection), wasmtime_wasi_http::Error>,
            > + Send,
    > {
        Box::new(std::future::ready(Err(wasmtime_wasi_http::Error::HttpRequestDenied)))
    }
}

impl WasiView for Plain {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Plain {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

#[tokio::test]
async fn another_host_serves_an_exported_component() {
    let text = "const started = ['a', 'b'].join(); export default { async fetch(request, env) {
        return new Response(started + request.method + new URL(request.url).pathname + env.WHO + await request.text(), { status: 203 }) } }";
    let component = exported(text).await;
    let engine = Engine::default();
    let component = Component::new(&engine, component).expect("a valid component");
    let mut linker = Linker::<Plain>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("links");
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).expect("links");
    let pre = ProxyPre::new(linker.instantiate_pre(&component).expect("links")).expect("a proxy");
    for round in 0..3 {
        let wasi = WasiCtx::builder().env("WHO", "me").build();
        let plain = Plain { wasi, http: WasiHttpCtx::new(), table: ResourceTable::new(), hooks: NoNetwork };
        let mut store = Store::new(&engine, plain);
        let body = http_body_util::Full::new(bytes::Bytes::from(format!("body{round}")))
            .map_err(|never: std::convert::Infallible| -> wasmtime_wasi_http::Error { match never {} });
        let request = http::Request::builder().method("POST").uri("http://example.test/p?q").body(body).expect("valid");
        let (tx, rx) = tokio::sync::oneshot::channel();
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request).expect("a request");
        let out = store.data_mut().http().new_response_outparam(tx).expect("an outparam");
        let proxy = pre.instantiate_async(&mut store).await.expect("instantiates");
        let call = proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out);
        let answer = async {
            let response = rx.await.expect("an answer").expect("a response");
            (response.status(), response.into_body().collect().await.expect("a body").to_bytes())
        };
        let (called, (status, body)) = tokio::join!(call, answer);
        called.expect("the handler returns");
        assert_eq!(
            (status.as_u16(), String::from_utf8_lossy(&body).into_owned()),
            (203, format!("a,bPOST/pmebody{round}"))
        );
    }
}

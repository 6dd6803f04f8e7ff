//! The use cases over the fakes: what one host sees of its own and of others' writes, and what goes on while the store is gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use isolet_domain::access::{Credential, Preset, TenantScope};
use isolet_domain::body;
use isolet_domain::code::Code;
use isolet_domain::egress::{Action, EgressPolicy, EgressRule, HostPattern, Injection, MAX_HOPS, next_hop};
use isolet_domain::fake_guests::{FakeGuests, words};
use isolet_domain::fakes::MemoryStore;
use isolet_domain::ids::{AliasName, EnvName, FunctionName, RequestId, TenantSlug};
use isolet_domain::key::KeyPepper;
use isolet_domain::limits::{HISTORY_KEPT, LimitBounds};
use isolet_domain::outcome::Outcome;
use isolet_domain::prompt::Prompt;
use isolet_domain::repository::{BlobRepository as _, FunctionRepository as _};
use isolet_domain::run::CallOptions;
use isolet_domain::secret::MasterKey;
use isolet_domain::service::condition::always;
use isolet_domain::service::invoker::InvokeError;
use isolet_domain::service::policies::{PolicyError, Subject};
use isolet_domain::service::runs::{RunCode, RunSpec};
use isolet_domain::service::tenants::TenantChange;
use isolet_domain::service::versions::NewVersion;
use isolet_domain::service::{Platform, PlatformConfig};

struct Host {
    store: Arc<MemoryStore>,
    guests: Arc<FakeGuests>,
    platform: Platform,
}

fn host(store: &Arc<MemoryStore>, config: PlatformConfig) -> Host {
    let guests = Arc::new(FakeGuests::new());
    let platform =
        Platform::new(store.clone(), guests.clone(), KeyPepper::new([1; 32]), MasterKey::new([1; 32]), config);
    Host { store: store.clone(), guests, platform }
}

fn function() -> FunctionName {
    FunctionName::parse("hello").expect("valid")
}

impl Host {
    async fn tenant(&self, slug: &str) -> TenantScope {
        let slug = TenantSlug::parse(slug).expect("valid");
        let tenant = self.platform.tenants.create(slug, TenantChange::default()).await.expect("created");
        Credential::operator().scope_over(&tenant).expect("the operator reaches all")
    }

    async fn deploy(&self, tenant: &TenantScope, source: &str) {
        self.platform.functions.put(tenant, (function(), None), BTreeMap::new(), always()).await.expect("put");
        let new = NewVersion { code: Code::single(source).expect("valid"), message: String::new() };
        let (version, _) = self.platform.versions.add(tenant, &function(), new).await.expect("added");
        let live = AliasName::live();
        let deployed = self.platform.aliases.deploy(tenant, &function(), &live, &version.id, always()).await;
        deployed.expect("deployed");
    }

    async fn invoke(&self, tenant: &TenantScope) -> Result<String, InvokeError> {
        self.send(tenant, http::Request::get("http://hello--acme.localhost/")).await
    }

    async fn send(&self, tenant: &TenantScope, request: http::request::Builder) -> Result<String, InvokeError> {
        let request = request.body(body::empty()).expect("valid");
        let (at, id) = ((&function(), "live"), RequestId::generate());
        let response = self.platform.invoker.invoke_route((tenant.slug(), None), at, id, request).await?;
        let bytes = response.into_body().collect().await.expect("a whole body").to_bytes();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn set_env(&self, tenant: &TenantScope, value: &str) {
        let name = EnvName::parse("WHO").expect("valid");
        self.platform.environment.set(tenant, Some(function()), name, value.to_owned(), always()).await.expect("set");
    }
}

#[tokio::test(start_paused = true)]
async fn own_writes_apply_to_the_next_invocation() {
    let host = host(&Arc::default(), PlatformConfig::ALONE);
    let acme = host.tenant("acme").await;
    assert!(matches!(host.invoke(&acme).await, Err(InvokeError::UnknownFunction)));
    host.deploy(&acme, words::ENV).await;
    assert_eq!(host.invoke(&acme).await.expect("answered"), "");
    host.set_env(&acme, "one").await;
    assert_eq!(host.invoke(&acme).await.expect("answered"), "WHO=one");
    host.deploy(&acme, "something else").await;
    assert!(host.invoke(&acme).await.expect("answered").starts_with("GET http://"));
    host.platform.functions.delete(&acme, function(), always()).await.expect("deleted");
    assert!(matches!(host.invoke(&acme).await, Err(InvokeError::UnknownFunction)));
}

#[tokio::test]
async fn contents_of_deleted_functions_go_where_nobody_else_names_them() {
    let store = Arc::<MemoryStore>::default();
    let host = host(&store, PlatformConfig::ALONE);
    let (acme, globex) = (host.tenant("acme").await, host.tenant("globex").await);
    for text in ["shared", "own"] {
        host.deploy(&acme, text).await;
    }
    host.deploy(&globex, "shared").await;
    let digests = store.list_versions(&acme, &function(), None, 9).await.expect("readable").items;
    let there = async || {
        let mut there = Vec::new();
        for version in &digests {
            there.push(store.blob(&version.digest).await.expect("readable").is_some());
        }
        there
    };
    host.platform.functions.delete(&acme, function(), always()).await.expect("deleted");
    assert_eq!(there().await, [true, true], "not at once");
    // What could not be looked at is looked at again.
    store.set_available(false);
    assert!(host.platform.tend().await.is_err());
    store.set_available(true);
    host.platform.tend().await.expect("tended");
    assert_eq!(there().await, [false, true], "newest first");
}

#[tokio::test(start_paused = true)]
async fn other_hosts_writes_apply_within_a_second() {
    let store = Arc::<MemoryStore>::default();
    let (one, two) = (host(&store, PlatformConfig::SHARED), host(&store, PlatformConfig::SHARED));
    let acme = one.tenant("acme").await;
    one.deploy(&acme, words::ENV).await;
    assert_eq!(two.invoke(&acme).await.expect("answered"), "");
    one.set_env(&acme, "one").await;
    assert_eq!(two.invoke(&acme).await.expect("answered"), "", "believed for a second");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(two.invoke(&acme).await.expect("answered"), "WHO=one");
    let region = EnvName::parse("REGION").expect("valid");
    one.platform.environment.set(&acme, None, region, "eu".to_owned(), always()).await.expect("set");
    assert_eq!(one.invoke(&acme).await.expect("answered"), "REGION=eu;WHO=one", "its own at once");
    assert_eq!(two.invoke(&acme).await.expect("answered"), "WHO=one");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(two.invoke(&acme).await.expect("answered"), "REGION=eu;WHO=one");
    one.platform.functions.delete(&acme, function(), always()).await.expect("deleted");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(matches!(two.invoke(&acme).await, Err(InvokeError::UnknownFunction)));
}

#[tokio::test(start_paused = true)]
async fn another_hosts_rollout_suspension_and_limits_apply_within_a_second() {
    let store = Arc::<MemoryStore>::default();
    let (one, two) = (host(&store, PlatformConfig::SHARED), host(&store, PlatformConfig::SHARED));
    let acme = one.tenant("acme").await;
    one.deploy(&acme, "the first").await;
    one.set_env(&acme, "x").await;
    one.deploy(&acme, words::ENV).await;
    assert_eq!(two.invoke(&acme).await.expect("answered"), "WHO=x");
    one.platform.aliases.roll_back(&acme, &function(), None, always()).await.expect("there was one before");
    assert!(one.invoke(&acme).await.expect("answered").starts_with("GET "), "its own at once");
    assert_eq!(two.invoke(&acme).await.expect("answered"), "WHO=x", "believed for a second");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(two.invoke(&acme).await.expect("answered").starts_with("GET "));
    one.platform.tenants.suspend(&acme.id(), String::new(), String::new()).await.expect("suspended");
    assert!(matches!(one.invoke(&acme).await, Err(InvokeError::Suspended)));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(matches!(two.invoke(&acme).await, Err(InvokeError::Suspended)));
    one.platform.tenants.resume(&acme.id()).await.expect("resumed");
    let bounds = LimitBounds { request_body_bytes: Some(0), ..LimitBounds::default() };
    one.platform.limits.set(&acme, None, bounds, always()).await.expect("set");
    tokio::time::advance(Duration::from_secs(1)).await;
    let request = http::Request::post("http://hello--acme.localhost/").body(body::full("x")).expect("valid");
    let (at, id) = ((&function(), "live"), RequestId::generate());
    let refused = two.platform.invoker.invoke_route((acme.slug(), None), at, id, request).await;
    assert!(matches!(refused, Err(InvokeError::BodyTooLarge { limit_bytes: 0 })));
}

#[tokio::test(start_paused = true)]
async fn known_functions_go_on_while_the_store_is_gone() {
    let host = host(&Arc::default(), PlatformConfig::SHARED);
    let acme = host.tenant("acme").await;
    host.deploy(&acme, words::ENV).await;
    host.invoke(&acme).await.expect("answered");
    host.store.set_available(false);
    tokio::time::advance(Duration::from_secs(3_600)).await;
    for _ in 0..100 {
        assert!(host.invoke(&acme).await.is_ok());
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    let globex = TenantSlug::parse("globex").expect("valid");
    let request = http::Request::get("http://x/").body(body::empty()).expect("valid");
    let (at, id) = ((&function(), "live"), RequestId::generate());
    let unknown = host.platform.invoker.invoke_route((&globex, None), at, id, request).await;
    assert!(matches!(unknown, Err(InvokeError::Repository(_))));
    host.store.set_available(true);
    assert!(host.invoke(&acme).await.is_ok());
}

#[tokio::test]
async fn code_that_does_not_build_leaves_nothing_behind() {
    let host = host(&Arc::default(), PlatformConfig::ALONE);
    let acme = host.tenant("acme").await;
    host.platform.functions.put(&acme, (function(), None), BTreeMap::new(), always()).await.expect("put");
    let new = NewVersion { code: Code::single(words::SYNTAX).expect("valid"), message: String::new() };
    assert!(host.platform.versions.add(&acme, &function(), new).await.is_err());
    let versions = host.platform.versions.list(&acme, &function(), None, 10).await.expect("listed");
    assert!(versions.items.is_empty());
}

fn spec(source: &str, prompt: Option<&str>) -> RunSpec {
    RunSpec {
        code: RunCode::Modules(Code::single(source).expect("valid")),
        prompt: prompt.map(|text| Prompt::parse(text.to_owned()).expect("valid")),
        request: None,
        env: BTreeMap::new(),
        call: CallOptions::none(),
        fresh: false,
        record: true,
    }
}

#[tokio::test]
async fn the_newest_runs_are_kept_and_starred_ones_beside_them() {
    let host = host(&Arc::default(), PlatformConfig::ALONE);
    let acme = host.tenant("acme").await;
    let mut first = None;
    for round in 0..HISTORY_KEPT + 5 {
        let started = host
            .platform
            .runs
            .start(&acme, (RequestId::generate(), None), spec("x", Some(&format!("p{round}"))))
            .await
            .expect("started");
        let run = started.finish(None).await;
        let result = run.result.as_ref().expect("it ran");
        assert_eq!(result.outcome, Outcome::Ok);
        assert!(result.warnings.is_empty(), "{:?}", result.warnings);
        if round == 0 {
            host.platform.history.star(&acme, &run.id, true).await.expect("starred");
            first = Some(run.id);
        }
    }
    let kept = host.platform.history.list_runs(&acme, None, 100).await.expect("listed").items;
    assert_eq!(kept.len(), HISTORY_KEPT + 1);
    assert_eq!(kept.last().map(|run| run.id), first);
    host.platform.history.clear_prompts(&acme).await.expect("cleared");
    let starred = host.platform.history.list_prompts(&acme, None, 100).await.expect("listed").items;
    assert_eq!(starred.iter().map(|run| run.id).collect::<Vec<_>>(), Vec::from_iter(first));
    assert_eq!(host.guests.builds(), 1);
    assert_eq!(host.platform.counters.in_flight(), 0);
}

#[tokio::test]
async fn a_run_that_cannot_be_recorded_says_so_and_answers() {
    let host = host(&Arc::default(), PlatformConfig::ALONE);
    let acme = host.tenant("acme").await;
    let started =
        host.platform.runs.start(&acme, (RequestId::generate(), None), spec("x", None)).await.expect("started");
    host.store.set_available(false);
    let run = started.finish(None).await;
    let result = run.result.expect("it ran");
    assert_eq!(result.outcome, Outcome::Ok);
    assert_eq!(result.warnings.len(), 1);
    host.store.set_available(true);
    assert!(host.platform.history.list_runs(&acme, None, 10).await.expect("listed").items.is_empty());
}

#[tokio::test]
async fn dropping_a_run_gives_its_place_back() {
    let host = host(&Arc::default(), PlatformConfig::ALONE);
    let acme = host.tenant("acme").await;
    let started = host
        .platform
        .runs
        .start(&acme, (RequestId::generate(), None), spec(words::HANGS, None))
        .await
        .expect("started");
    assert_eq!(host.platform.counters.in_flight(), 1);
    assert!(tokio::time::timeout(Duration::from_millis(20), started.finish(None)).await.is_err());
    assert_eq!(host.platform.counters.in_flight(), 0);
    let counted: BTreeMap<_, _> =
        host.platform.counters.runs.read().map(|(outcome, count)| (outcome.as_str(), count)).collect();
    assert_eq!(counted["client_disconnected"], 1);
}

fn allow(host: &str, inject: &[&str]) -> EgressPolicy {
    let injection =
        |secret: &&str| Injection { header: "x-key".into(), secret: (*secret).into(), prefix: "is ".into() };
    let inject = inject.iter().map(injection).collect();
    let host = HostPattern::parse(host).expect("a pattern");
    EgressPolicy { rules: vec![EgressRule { action: Action::Allow, host, inject, ..EgressRule::default() }] }
}

impl Host {
    /// What becomes of a request that the function makes.
    async fn fetch(&self, tenant: &TenantScope, host: &str) -> String {
        let request = http::Request::get(format!("http://hello--acme.localhost/{host}"));
        self.send(tenant, request).await.expect("answered")
    }

    async fn open(
        &self,
        preset: Preset,
        tenant: &TenantScope,
        subject: Subject,
        policy: EgressPolicy,
    ) -> Result<(), PolicyError> {
        let caller = Credential { preset, ..Credential::operator() };
        self.platform.policies.set(&caller, tenant, subject, Some(policy), always()).await
    }
}

#[tokio::test]
async fn a_request_leaves_when_every_layer_that_was_set_allows_it() {
    let host = host(&Arc::default(), PlatformConfig::ALONE);
    let acme = host.tenant("acme").await;
    host.deploy(&acme, words::FETCHES).await;
    assert!(host.fetch(&acme, "a.test").await.contains("no egress rules are set"));
    host.open(Preset::Tenant, &acme, Subject::Tenant, allow("*.test", &[])).await.expect("set");
    assert!(host.fetch(&acme, "a.test").await.contains("tenant rule 1"), "applies to the next invocation");
    host.open(Preset::Tenant, &acme, Subject::Function(function()), allow("b.test", &[])).await.expect("set");
    assert!(host.fetch(&acme, "a.test").await.contains("no function rule matches"));
    assert!(host.fetch(&acme, "b.test").await.starts_with("Allow"));
    // A ceiling is the operator's to lower, and lies over what was set before.
    let lower = || host.open(Preset::Tenant, &acme, Subject::Ceiling, allow("c.test", &[]));
    assert!(matches!(lower().await, Err(PolicyError::NotTheOperator)));
    host.open(Preset::Admin, &acme, Subject::Ceiling, allow("c.test", &[])).await.expect("set");
    assert!(host.fetch(&acme, "b.test").await.contains("no ceiling rule matches"));
    let beyond = host.open(Preset::Tenant, &acme, Subject::Tenant, allow("127.0.0.1", &[])).await;
    assert!(matches!(beyond, Err(PolicyError::NotAllowed(_))));
    // Other tenants have nothing of it.
    let globex = host.tenant("globex").await;
    host.deploy(&globex, words::FETCHES).await;
    assert!(host.fetch(&globex, "b.test").await.contains("no egress rules are set"));
}

#[tokio::test]
async fn secrets_reach_the_requests_of_their_tenant_and_nobody_else() {
    let store = Arc::<MemoryStore>::default();
    let host = host(&store, PlatformConfig::ALONE);
    let (acme, globex) = (host.tenant("acme").await, host.tenant("globex").await);
    let name = || EnvName::parse("KEY").expect("valid");
    for tenant in [&acme, &globex] {
        host.deploy(tenant, words::FETCHES).await;
        host.open(Preset::Tenant, tenant, Subject::Tenant, allow("a.test", &["KEY"])).await.expect("set");
    }
    host.platform.secrets.set(&acme, None, name(), "one", always()).await.expect("set");
    assert!(host.fetch(&acme, "a.test").await.contains("\"is one\""));
    assert!(host.fetch(&globex, "a.test").await.contains("needs the secret KEY"));
    // A function's own comes before its tenant's, and goes with it.
    host.platform.secrets.set(&acme, Some(function()), name(), "two", always()).await.expect("set");
    assert!(host.fetch(&acme, "a.test").await.contains("\"is two\""));
    host.platform.secrets.delete(&acme, Some(function()), name()).await.expect("deleted");
    assert!(host.fetch(&acme, "a.test").await.contains("\"is one\""));
    host.platform.secrets.delete(&acme, None, name()).await.expect("deleted");
    assert!(host.fetch(&acme, "a.test").await.contains("needs the secret KEY"));

    // Under another master key nothing opens: the rule denies, the rest goes on.
    host.platform.secrets.set(&acme, None, name(), "one", always()).await.expect("set");
    let guests = Arc::new(FakeGuests::new());
    let (pepper, master) = (KeyPepper::new([1; 32]), MasterKey::new([2; 32]));
    let platform = Platform::new(store.clone(), guests.clone(), pepper, master, PlatformConfig::ALONE);
    let other = Host { store, guests, platform };
    assert!(other.fetch(&acme, "a.test").await.contains("needs the secret KEY"));
}

#[tokio::test]
async fn functions_that_call_each_other_in_a_circle_come_to_an_end() {
    let host = host(&Arc::default(), PlatformConfig::ALONE);
    let acme = host.tenant("acme").await;
    host.deploy(&acme, "x").await;
    let after = |hops: u32| http::Request::get("http://hello--acme.localhost/").header("cdn-loop", next_hop(hops));
    assert!(host.send(&acme, after(MAX_HOPS - 1)).await.is_ok());
    assert!(matches!(host.send(&acme, after(MAX_HOPS)).await, Err(InvokeError::Loop)));
}

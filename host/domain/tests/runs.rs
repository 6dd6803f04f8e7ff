//! Runs over the fakes: what narrows one, and what is left of that when it is replayed. How runs are recorded and kept is in `use_cases`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use isolet_domain::access::{Credential, TenantScope};
use isolet_domain::code::Code;
use isolet_domain::egress::{Action, EgressPolicy, EgressRule, HostPattern};
use isolet_domain::fake_guests::{FakeGuests, words};
use isolet_domain::fakes::MemoryStore;
use isolet_domain::ids::{AliasName, FunctionName, RequestId, RunId, TenantSlug, VersionId};
use isolet_domain::key::KeyPepper;
use isolet_domain::limits::Limits;
use isolet_domain::log::LogFilter;
use isolet_domain::repository::RunRepository as _;
use isolet_domain::run::{CallOptions, Run};
use isolet_domain::secret::MasterKey;
use isolet_domain::service::condition::always;
use isolet_domain::service::policies::Subject;
use isolet_domain::service::runs::{ReplayRights, RunCode, RunRequest, RunSpec};
use isolet_domain::service::tenants::TenantChange;
use isolet_domain::service::versions::NewVersion;
use isolet_domain::service::{Platform, PlatformConfig};
use isolet_domain::trace::TraceId;

/// May all that a replay asks after.
const ALL: ReplayRights = ReplayRights { reads_env: true, sets_egress: true };

/// A host with one tenant.
struct Host {
    store: Arc<MemoryStore>,
    platform: Platform,
    acme: TenantScope,
}

async fn host() -> Host {
    let (store, guests) = (Arc::<MemoryStore>::default(), Arc::new(FakeGuests::new()));
    let (pepper, master) = (KeyPepper::new([1; 32]), MasterKey::new([1; 32]));
    let platform = Platform::new(store.clone(), guests, pepper, master, PlatformConfig::ALONE);
    let slug = TenantSlug::parse("acme").expect("valid");
    let tenant = platform.tenants.create(slug, TenantChange::default()).await.expect("created");
    let acme = Credential::operator().scope_over(&tenant).expect("the operator reaches all");
    Host { store, platform, acme }
}

fn function() -> FunctionName {
    FunctionName::parse("hello").expect("valid")
}

fn rules(rules: &[(Action, &str)]) -> EgressPolicy {
    let rule = |(action, host): &(Action, &str)| {
        let host = HostPattern::parse(host).expect("a pattern");
        EgressRule { action: *action, host, ..EgressRule::default() }
    };
    EgressPolicy { rules: rules.iter().map(rule).collect() }
}

fn calling(egress: &[(Action, &str)]) -> CallOptions {
    CallOptions { egress: Some(Arc::new(rules(egress))), ..CallOptions::none() }
}

fn of_modules(source: &str) -> RunCode {
    RunCode::Modules(Code::single(source).expect("valid"))
}

/// What the guest answered, and what the host warned of.
fn told(run: Run) -> (String, Vec<String>) {
    let result = run.result.expect("it ran");
    let body = result.response.expect("it answered").body;
    (String::from_utf8(body).expect("UTF-8"), result.warnings)
}

impl Host {
    async fn open(&self, subject: Subject, policy: EgressPolicy) {
        let caller = Credential::operator();
        self.platform.policies.set(&caller, &self.acme, subject, Some(policy), always()).await.expect("set");
    }

    async fn deploy(&self, source: &str) -> VersionId {
        self.platform.functions.put(&self.acme, (function(), None), BTreeMap::new(), always()).await.expect("put");
        let new = NewVersion { code: Code::single(source).expect("valid"), message: String::new() };
        let (version, _) = self.platform.versions.add(&self.acme, &function(), new).await.expect("added");
        let live = AliasName::live();
        let deployed = self.platform.aliases.deploy(&self.acme, &function(), &live, &version.id, always()).await;
        deployed.expect("deployed");
        version.id
    }

    /// Asks for `a.test`, where the code asks for anything.
    async fn run(&self, code: RunCode, call: CallOptions) -> Run {
        let request = Some(RunRequest::get("/a.test".to_owned()));
        let env = BTreeMap::new();
        self.start(RunSpec { code, prompt: None, request, env, call, fresh: false, record: true }, None).await
    }

    async fn start(&self, spec: RunSpec, trace: Option<TraceId>) -> Run {
        let asked = (RequestId::generate(), trace);
        self.platform.runs.start(&self.acme, asked, spec).await.expect("started").finish(None).await
    }

    async fn replay(&self, run: &RunId, rights: ReplayRights) -> Run {
        self.replay_in(run, rights, None).await
    }

    async fn replay_in(&self, run: &RunId, rights: ReplayRights, trace: Option<TraceId>) -> Run {
        let asked = (RequestId::generate(), trace);
        self.platform.runs.replay(&self.acme, asked, run, rights).await.expect("started").finish(None).await
    }
}

#[tokio::test]
async fn a_replay_has_the_calls_limits_and_entrypoint() {
    let host = host().await;
    let limits = Limits { cpu: Duration::from_millis(7), ..Limits::MAX };
    let call = CallOptions { limits, entrypoint: Some("admin".to_owned()), ..CallOptions::none() };
    for (call, expected) in [(call, "7 Some(\"admin\")"), (CallOptions::none(), "50 None")] {
        let run = host.run(of_modules(words::NARROWED), call).await;
        assert_eq!(told(host.replay(&run.id, ALL).await), (expected.to_owned(), vec![]));
        assert_eq!(told(run).0, expected);
    }
}

#[tokio::test]
async fn a_replay_sends_what_the_run_might_and_no_more() {
    let host = host().await;
    host.open(Subject::Tenant, rules(&[(Action::Allow, "*.test")])).await;
    host.deploy(words::FETCHES).await;
    let narrow = [calling(&[]), calling(&[(Action::Allow, "b.test")])].map(|call| (call, "no call rule matches"));
    for (call, decided) in [(CallOptions::none(), "tenant rule 1")].into_iter().chain(narrow) {
        for code in [of_modules(words::FETCHES), RunCode::Function(function(), AliasName::live())] {
            let run = host.run(code, call.clone()).await;
            let again = host.replay(&run.id, ALL).await;
            // And so does a replay of the replay.
            let third = host.replay(&again.id, ALL).await;
            for run in [run, again, third] {
                let (text, warnings) = told(run);
                assert!(text.contains(decided) && warnings.is_empty(), "{text} {warnings:?}");
            }
        }
    }
}

#[tokio::test]
async fn rules_that_open_something_are_replayed_for_those_who_may_set_such() {
    let host = host().await;
    let may_not = ReplayRights { sets_egress: false, ..ALL };
    let run = host.run(of_modules(words::FETCHES), calling(&[(Action::Allow, "a.test")])).await;
    let (text, warnings) = told(host.replay(&run.id, ALL).await);
    assert!(text.starts_with("Allow") && warnings.is_empty(), "{text} {warnings:?}");
    let (text, warnings) = told(host.replay(&run.id, may_not).await);
    assert!(text.contains("no call rule matches"), "{text}");
    assert!(warnings.len() == 1 && warnings[0].contains("`egress:write`"), "{warnings:?}");
    let run = host.run(of_modules(words::FETCHES), calling(&[(Action::Deny, "*")])).await;
    let (text, warnings) = told(host.replay(&run.id, may_not).await);
    assert!(text.contains("call rule 1") && warnings.is_empty(), "{text} {warnings:?}");
}

#[tokio::test]
async fn what_nobody_can_say_the_rules_of_sends_nothing() {
    let host = host().await;
    host.open(Subject::Tenant, rules(&[(Action::Allow, "*.test")])).await;
    let sends_nothing = |run: Run, said: &str| {
        let (text, warnings) = told(run);
        assert!(text.contains("no call rule matches"), "{text}");
        assert!(warnings.len() == 1 && warnings[0].contains(said), "{warnings:?}");
    };
    // A record of before they were kept.
    let run = host.run(of_modules(words::FETCHES), CallOptions::none()).await;
    let mut record = host.store.run(&host.acme, &run.id).await.expect("readable").expect("recorded");
    record.result.as_mut().expect("it ran").call = None;
    record.id = RunId::generate();
    host.store.record_run(&host.acme, &record, 20).await.expect("recorded");
    sends_nothing(host.replay(&record.id, ALL).await, "was not kept");

    // What was a version of a function, whose own rules are out of reach with it.
    let version = host.deploy(words::FETCHES).await;
    host.open(Subject::Function(function()), rules(&[(Action::Deny, "a.test"), (Action::Allow, "*")])).await;
    let run = host.run(RunCode::Function(function(), AliasName::live()), CallOptions::none()).await;
    assert!(told(host.replay(&run.id, ALL).await).0.contains("function rule 1"));
    host.deploy("something else").await;
    host.platform.versions.delete(&host.acme, &function(), &version).await.expect("deleted");
    sends_nothing(host.replay(&run.id, ALL).await, "its egress rules");
    host.platform.functions.delete(&host.acme, function(), always()).await.expect("deleted");
    let again = host.replay(&run.id, ALL).await;
    let third = host.replay(&again.id, ALL).await;
    sends_nothing(again, "its egress rules");
    assert!(told(third).0.contains("no call rule matches"), "what held for a replay holds for its own");
}

#[tokio::test]
async fn a_run_is_in_its_callers_trace_and_else_in_that_of_its_request() {
    let host = host().await;
    let [outer, inner] = ["4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"]
        .map(|id| TraceId::parse(id).expect("a trace"));
    let run = async |says: bool, trace: Option<TraceId>| {
        let headers = says.then(|| ("traceparent".to_owned(), format!("00-{inner}-00f067aa0ba902b7-01")));
        let request = RunRequest { headers: headers.into_iter().collect(), ..RunRequest::get("/".to_owned()) };
        let spec = RunSpec {
            code: of_modules(words::HEADERS),
            prompt: None,
            request: Some(request),
            env: BTreeMap::new(),
            call: CallOptions::none(),
            fresh: false,
            record: true,
        };
        host.start(spec, trace).await.id
    };
    let ids = [run(true, Some(outer)).await, run(true, None).await, run(false, Some(outer)).await];
    run(false, None).await;
    // Once more: the trace of then is none of now's, and the code is sent what it was sent.
    for (id, trace) in [(ids[0], None), (ids[1], None), (ids[1], Some(outer))] {
        let (text, _) = told(host.replay_in(&id, ALL, trace).await);
        assert!(text.contains(&format!("traceparent: 00-{inner}")), "{text}");
    }
    host.platform.logs.flush().await.expect("the store is there");
    let found = host.platform.logs.search(&host.acme, &LogFilter::default(), None, 10).await.expect("readable");
    let traces: Vec<_> = found.records.iter().rev().map(|(_, record)| record.trace).collect();
    let (first, again) = ([Some(outer), Some(inner), Some(outer), None], [None, None, Some(outer)]);
    assert_eq!(traces, [&first[..], &again].concat());
}

/// A run that nobody waits for, begun.
async fn begin_later(host: &Host, source: &str) -> RunId {
    let request = Some(RunRequest::get("/".to_owned()));
    let (code, call) = (of_modules(source), CallOptions::none());
    let spec = RunSpec { code, prompt: None, request, env: BTreeMap::new(), call, fresh: false, record: true };
    let started = host.platform.runs.start(&host.acme, (RequestId::generate(), None), spec).await.expect("started");
    let place = started.unattended().expect("there is a place");
    started.later(place).await.expect("it is under way")
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_run_is_recorded_when_the_store_is_back() {
    let host = host().await;
    let id = begin_later(&host, words::SLOW).await;
    host.store.set_available(false);
    tokio::time::sleep(Duration::from_secs(20)).await;
    host.store.set_available(true);
    let run = host.store.run(&host.acme, &id).await.expect("readable").expect("it is on record");
    assert!(run.result.is_none(), "nobody could write it yet");
    host.platform.runs.ended().await;
    let run = host.store.run(&host.acme, &id).await.expect("readable").expect("it is on record");
    assert!(run.result.is_some());
    // What was removed meanwhile stays away, and so does what never was on record.
    let id = begin_later(&host, words::SLOW).await;
    host.store.delete_run(&host.acme, &id).await.expect("deleted");
    host.platform.runs.ended().await;
    assert_eq!(host.store.run(&host.acme, &id).await.expect("readable"), None);
}

//! Every operation of the OpenAPI document with every kind of credential, held against `access.table`; and what belongs to another
//! tenant, held against what does not exist. An operation without a row, or without a sample below, fails.
//!
//! `ISOLET_WRITE_ACCESS_TABLE=1 cargo test --release -p isolet-api --test api matrix` writes the table anew: its diff is what changed
//! in who may do what.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use http_body_util::Full;
use isolet_domain::access::{Preset, Scope};
use isolet_domain::bounds::Bounds;
use isolet_domain::ids::{KeyId, TenantSlug};
use isolet_domain::key::{Key, KeyPepper, KeySecret};
use isolet_domain::repository::{KeyRepository as _, TenantRepository as _};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules, request};
use crate::openapi::{Documented, operations};

const TABLE: &str = include_str!("../access.table");
const COLUMNS: [&str; 8] = ["own", "other", "revoked", "expired", "read-only", "admin", "none", "malformed"];
/// Columns whose requests may change what the next one finds.
const CHANGING: [&str; 3] = ["own", "read-only", "admin"];
/// Within the scope, and for the operator alone.
const OPERATORS: [&str; 8] = [
    "put_ceiling",
    "delete_ceiling",
    "verify_audit",
    "get_metrics",
    "list_global_keys",
    "create_global_key",
    "delete_global_key",
    "rotate_global_key",
];
/// Under whatever name the caller gives.
const MADE_ANEW: [&str; 5] = ["put_function", "put_tenant_secret", "put_function_secret", "put_alias", "put_route"];

/// What stands for the key in a path that is in no tenant.
const GLOBAL_KEY: &str = "global key";

/// A host with two tenants that have one of everything, and a credential for each column.
pub struct Fixture {
    pub host: TestHost,
    pub tokens: BTreeMap<&'static str, String>,
    /// What stands for each parameter of a path: of the first tenant, and of the second.
    pub own: BTreeMap<&'static str, String>,
    theirs: BTreeMap<&'static str, String>,
}

impl Fixture {
    pub async fn new() -> Self {
        let host = TestHost::start().await;
        let keys = host.tenant("acme").await;
        let others = host.tenant("globex").await;
        let mut own = furnish(&host, "acme", "hello", "A").await;
        let global = host.post("/v1/keys", json!({ "preset": "platform" })).await.ok().json();
        own.insert(GLOBAL_KEY, global["id"].as_str().expect("an id").to_owned());
        let theirs = furnish(&host, "globex", "theirs", "B").await;
        let revoked = host.post("/v1/tenants/acme/keys", json!({ "preset": "tenant" })).await.ok().json();
        let id = revoked["id"].as_str().expect("an id");
        host.call(&host.admin, "DELETE", &format!("/v1/tenants/acme/keys/{id}"), None).await.ok();
        let tokens = BTreeMap::from([
            ("own", keys["tenant"].clone()),
            ("other", others["tenant"].clone()),
            ("revoked", revoked["key"].as_str().expect("a key").to_owned()),
            ("expired", expired(&host).await),
            ("read-only", keys["read-only"].clone()),
            ("admin", host.admin.clone()),
            ("none", String::new()),
            ("malformed", format!("{}x", keys["tenant"])),
        ]);
        Self { host, tokens, own, theirs }
    }

    async fn ask(&self, token: &str, operation: &Documented, path: &str) -> Answer {
        let mut request = request(token, &operation.method, path);
        // What is there is not replaced blindly.
        if path.ends_with(&format!("/aliases/{}", self.own["alias"])) {
            request = request.header("if-match", "*");
        }
        let mut body = sample(operation, &self.own);
        if let (Some(body), Some((_, route))) = (&mut body, path.rsplit_once("/routes/")) {
            // No two routes of a host have one prefix.
            body["path_prefix"] = json!(format!("/{route}"));
        }
        let body = body.map(|body| body.to_string());
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        self.host.raw(request.body(Full::from(body.unwrap_or_default())).expect("a valid request")).await
    }
}

/// One of everything.
async fn furnish(host: &TestHost, tenant: &str, function: &str, name: &str) -> BTreeMap<&'static str, String> {
    host.deploy(tenant, function, "before").await;
    let version = host.deploy(tenant, function, tenant).await;
    // No alias names the version before it, so that it can be deleted.
    let live = host.deploy(tenant, function, "after").await;
    let at = format!("/v1/tenants/{tenant}");
    let alias = format!("{tenant}-next");
    let split = json!({ "split": [{ "version": live, "weight": 10_000 }] });
    host.call(&host.admin, "PUT", &format!("{at}/functions/{function}/aliases/{alias}"), Some(split)).await.ok();
    let (own_host, route) = (format!("{tenant}.example"), format!("{tenant}-route"));
    host.call(&host.admin, "PUT", &format!("{at}/hosts/{own_host}"), None).await.ok();
    let leads = json!({ "host": own_host, "function": function });
    host.call(&host.admin, "PUT", &format!("{at}/routes/{route}"), Some(leads)).await.ok();
    for place in [format!("{at}/env"), format!("{at}/functions/{function}/env")] {
        host.post(&place, json!({ "name": name, "value": "1" })).await.ok();
    }
    for place in [format!("{at}/secrets/{name}"), format!("{at}/functions/{function}/secrets/{name}")] {
        host.call(&host.admin, "PUT", &place, Some(json!({ "value": "x" }))).await.ok();
    }
    let run = json!({ "code": modules("x"), "prompt": "p" });
    let run = host.post(&format!("{at}/runs"), run).await.ok().json();
    let key = host.post(&format!("{at}/keys"), json!({ "preset": "invoke-only" })).await.ok().json();
    let text = |value: &Value| value["id"].as_str().expect("an id").to_owned();
    BTreeMap::from([
        ("tenant", tenant.to_owned()),
        ("function", function.to_owned()),
        ("version", version),
        ("alias", alias),
        ("host", own_host),
        ("route", route),
        ("variable", name.to_owned()),
        ("run", text(&run)),
        ("key", text(&key)),
        ("path", "a/b".to_owned()),
        ("code", "internal".to_owned()),
    ])
}

async fn expired(host: &TestHost) -> String {
    let acme = TenantSlug::parse("acme").expect("a slug");
    let tenant = host.store.tenant_by_slug(&acme).await.expect("the store is there").expect("made before");
    let secret = KeySecret::generate(Preset::Tenant);
    let key = Key {
        id: KeyId::generate(),
        name: String::new(),
        preset: Preset::Tenant,
        tenant: Some(tenant.id),
        // As the test host's.
        hash: KeyPepper::new([9; 32]).hash(secret.expose()),
        created_at: Timestamp::now() - Duration::from_secs(60),
        last_used_at: None,
        bounds: Bounds { expires_at: Some(Timestamp::now() - Duration::from_secs(1)), ..Bounds::default() },
    };
    host.store.create_key(&key).await.expect("created");
    secret.expose().to_owned()
}

/// A body that the operation takes.
pub fn sample(operation: &Documented, own: &BTreeMap<&'static str, String>) -> Option<Value> {
    if operation.operation["requestBody"].is_null() || operation.id.starts_with("invoke_function") {
        return None;
    }
    Some(match operation.id.as_str() {
        "open_session" => json!({ "key": "isl_tenant_0" }),
        "check_code" | "add_version" => modules("x"),
        "create_tenant" => json!({ "slug": "new" }),
        "update_tenant" | "put_function" => json!({ "labels": {} }),
        "create_global_key" => json!({ "preset": "platform" }),
        "create_key" => json!({ "preset": "read-only" }),
        "put_tenant_egress" | "put_ceiling" | "put_function_egress" => json!({ "rules": [] }),
        "put_tenant_secret" | "put_function_secret" => json!({ "value": "x" }),
        "set_variable" | "set_tenant_variable" => json!({ "name": "NEW", "value": "1" }),
        "put_alias" => json!({ "split": [{ "version": own["version"], "weight": 10_000 }] }),
        "rollback_function" | "rotate_key" | "rotate_global_key" | "suspend_tenant" => json!({}),
        "put_tenant_limits" | "put_function_limits" => json!({ "cpu_ms": 5 }),
        "put_route" => json!({ "host": own["host"], "path_prefix": "/new", "function": own["function"] }),
        "deploy_version" => json!({ "version": own["version"] }),
        "create_run" => json!({ "code": modules("x") }),
        "save_prompt" => json!({ "prompt": "x" }),
        "star_prompt" => json!({ "starred": true }),
        id => panic!("`{id}` takes a body: give it a sample here"),
    })
}

/// The operation's path with these values, and the query it cannot do without.
pub fn filled(operation: &Documented, values: &BTreeMap<&'static str, String>) -> String {
    let mut path = operation.path.clone();
    if let Some(rest) = path.strip_prefix("/v1/keys/{key}") {
        path = format!("/v1/keys/{}{rest}", values[GLOBAL_KEY]);
    }
    for (name, value) in values {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    assert!(!path.contains('{'), "`{path}` has a parameter that `furnish` makes nothing for");
    if operation.id == "delete_tenant" {
        path.push_str(&format!("?confirm={}", values["tenant"]));
    }
    if operation.id == "delete_functions" {
        path.push_str("?label.l=of-nobody");
    }
    if operation.id == "list_activity" {
        path.push_str(&format!("?tenants={}", values["tenant"]));
    }
    path
}

fn documented_scope(operation: &Documented) -> Option<Scope> {
    operation.operation["x-isolet-scope"].as_str().map(|scope| Scope::parse(scope).expect("a scope"))
}

#[tokio::test]
async fn every_operation_answers_every_credential_as_the_table_says() {
    let mut table =
        String::from("# Status of each operation by credential. Written by tests/api/matrix.rs, which says how.\n");
    writeln!(table, "{:<28}{}", "# operation", COLUMNS.map(|column| format!("{column:<10}")).concat().trim_end())
        .expect("writing to a string never fails");
    let mut all = operations();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    for operation in &all {
        let mut row = format!("{:<28}", operation.id);
        // Those that are to be refused change nothing, and share a host; a row that says so otherwise shows it.
        let shared = Fixture::new().await;
        for column in COLUMNS {
            let fresh = if CHANGING.contains(&column) { Some(Fixture::new().await) } else { None };
            let fixture = fresh.as_ref().unwrap_or(&shared);
            let path = filled(operation, &fixture.own);
            let answer = fixture.ask(&fixture.tokens[column], operation, &path).await;
            follows_from_the_scope(operation, column, answer.status.as_u16());
            write!(row, "{:<10}", answer.status.as_u16()).expect("writing to a string never fails");
        }
        writeln!(table, "{}", row.trim_end()).expect("writing to a string never fails");
    }
    if std::env::var_os("ISOLET_WRITE_ACCESS_TABLE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access.table"), &table).expect("written");
        return;
    }
    let (expected, found): (Vec<&str>, Vec<&str>) = (TABLE.lines().collect(), table.lines().collect());
    for line in &found {
        assert!(expected.contains(line), "this row is not in tests/access.table:\n{line}");
    }
    for line in &expected {
        assert!(found.contains(line), "this row of tests/access.table is not so:\n{line}");
    }
}

/// What has to be so whatever the table says, from the document alone.
fn follows_from_the_scope(operation: &Documented, column: &str, status: u16) {
    let id = &operation.id;
    let secured = operation.operation["security"].as_array().is_some_and(|list| !list.is_empty());
    let Some(scope) = documented_scope(operation) else {
        // Whoever is somebody, or anybody. Signing in is refused as the sample's key is none.
        let nobody = ["revoked", "expired", "none", "malformed"].contains(&column);
        let refused = id == "open_session" || (secured && nobody);
        assert_eq!(status == 401, refused, "{id}, {column}: {status}");
        return;
    };
    let of_tenant = operation.path.contains("{tenant}");
    let allowed = |preset: Preset| preset.scopes().contains(&scope);
    let succeeds = (200..300).contains(&status);
    match column {
        "revoked" | "expired" | "none" | "malformed" => assert_eq!(status, 401, "{id}, {column}"),
        "admin" => assert!(succeeds, "{id}, {column}: {status}"),
        "other" if of_tenant => assert_eq!(status, 404, "{id}, {column}"),
        "own" | "other" if OPERATORS.contains(&id.as_str()) || !allowed(Preset::Tenant) => {
            assert_eq!(status, 403, "{id}, {column}");
        }
        "read-only" if OPERATORS.contains(&id.as_str()) || !allowed(Preset::ReadOnly) => {
            assert_eq!(status, 403, "{id}, {column}")
        }
        _ => assert!(succeeds, "{id}, {column}: {status}"),
    }
}

/// What an answer says, without what must differ.
fn told(answer: &Answer, named: &str) -> (u16, Vec<String>, Value) {
    let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    names.sort();
    let text = answer.text().replace(named, "NAME");
    let mut body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    (answer.status.as_u16(), names, body)
}

/// For each parameter of each path: the other tenant's, and one that nobody has. Nothing may tell which it was.
#[tokio::test]
async fn what_is_anothers_is_answered_like_what_is_not_there() {
    let absent = BTreeMap::from([
        ("tenant", "nobody".to_owned()),
        ("function", "nobodys".to_owned()),
        ("version", format!("v_{}", "a".repeat(26))),
        ("alias", "nobodys".to_owned()),
        ("host", "nobodys.example".to_owned()),
        ("route", "nobodys".to_owned()),
        ("variable", "NOBODYS".to_owned()),
        ("run", format!("run_{}", "0".repeat(32))),
        ("key", format!("key_{}", "0".repeat(32))),
    ]);
    let mut compared = 0;
    for operation in operations().iter().filter(|operation| operation.path.contains("{tenant}")) {
        for parameter in absent.keys().filter(|name| operation.path.contains(&format!("{{{name}}}"))) {
            let fixture = Fixture::new().await;
            let mut answers = Vec::new();
            for values in [&fixture.theirs, &absent] {
                let named = &values[parameter];
                let mut mixed = fixture.own.clone();
                mixed.insert(parameter, named.clone());
                let answer = fixture.ask(&fixture.tokens["own"], operation, &filled(operation, &mixed)).await;
                answers.push((answer.status.is_success(), told(&answer, named)));
            }
            let [(_, foreign), (_, missing)] = &answers[..] else { unreachable!() };
            let id = &operation.id;
            // Whoever may not do it at all is told so whatever it is about, within their own tenant.
            let allowed = documented_scope(operation).is_some_and(|scope| Preset::Tenant.scopes().contains(&scope));
            let refused = if *parameter == "tenant" || allowed { 404 } else { 403 };
            // What is made anew under a name, or set where it was not, is the caller's own.
            if answers.iter().all(|(succeeded, _)| *succeeded) {
                assert!(MADE_ANEW.contains(&id.as_str()), "{id}");
            } else {
                assert_eq!(foreign, missing, "{id}, {parameter}");
                assert_eq!(foreign.0, refused, "{id}, {parameter}");
            }
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

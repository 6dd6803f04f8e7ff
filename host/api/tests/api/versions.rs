//! Versions that are removed, one by one and because there are more than are kept.

use isolet_domain::access::TenantScope;
use isolet_domain::ids::TenantSlug;
use isolet_domain::repository::TenantRepository as _;
use serde_json::{Value, json};

use crate::aliases::split;
use crate::host::{Answer, TestHost, modules};

const HELLO: &str = "/v1/tenants/acme/functions/hello";

impl TestHost {
    async fn make(&self, function: &str, text: &str) -> String {
        let made =
            self.post(&format!("/v1/tenants/acme/functions/{function}/versions"), modules(text)).await.ok().json();
        made["id"].as_str().expect("an id").to_owned()
    }

    async fn delete_version(&self, id: &str) -> Answer {
        self.call(&self.admin, "DELETE", &format!("{HELLO}/versions/{id}"), None).await
    }

    async fn numbers(&self, function: &str) -> Vec<u64> {
        let listed = self.get(&format!("/v1/tenants/acme/functions/{function}/versions")).await.ok().json();
        let versions = listed["data"].as_array().expect("a list");
        versions.iter().map(|version| version["number"].as_u64().expect("a number")).collect()
    }

    async fn limit(&self, place: &str, limits: Value) -> Answer {
        self.call(&self.admin, "PUT", &format!("{place}/limits"), Some(limits)).await
    }
}

#[tokio::test]
async fn what_no_alias_names_goes_and_can_be_made_anew() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let first = host.deploy("acme", "hello", "one").await;
    let second = host.deploy("acme", "hello", "two").await;
    assert_eq!(host.delete_version(&first).await.status, 204);
    for path in [format!("versions/{first}"), format!("versions/{first}/source")] {
        host.get(&format!("{HELLO}/{path}")).await.problem(404, "version_not_found");
    }
    host.delete_version(&first).await.problem(404, "version_not_found");
    host.delete_version("v_nonsense").await.problem(404, "version_not_found");
    // There is nothing left to go back to.
    host.post(&format!("{HELLO}/rollback"), json!({})).await.problem(409, "nothing_earlier");
    host.post(&format!("{HELLO}/rollback"), json!({ "to": first })).await.problem(422, "invalid_request");
    assert_eq!(host.get(HELLO).await.ok().json()["live_version"], json!(second));
    let again = host.post(&format!("{HELLO}/versions"), modules("one")).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"], &again.json()["number"]), (201, &json!(first), &json!(3)));
    let audit = host.get("/v1/audit?operation=delete_version").await.ok().json();
    let done = audit["data"].as_array().expect("a list").iter().filter(|entry| entry["status"] == 204).count();
    assert_eq!(done, 1, "{audit}");
}

#[tokio::test]
async fn what_an_alias_names_stays_whatever_its_weight() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    host.tenant("globex").await;
    let first = host.deploy("acme", "hello", "one").await;
    let second = host.deploy("acme", "hello", "two").await;
    let next = format!("{HELLO}/aliases/next");
    host.call(&host.admin, "PUT", &next, Some(split(&[(&second, 10_000), (&first, 0)]))).await.ok();
    let problem = host.delete_version(&first).await.problem(409, "version_in_use");
    assert_eq!(problem["detail"], "the alias `next` names the version; send its traffic elsewhere first");
    host.delete_version(&second).await.problem(409, "version_in_use");
    host.get(&format!("{HELLO}/versions/{first}")).await.ok();

    let path = format!("{HELLO}/versions/{first}");
    host.call(&keys["read-only"], "DELETE", &path, None).await.problem(403, "forbidden");
    host.call(&keys["invoke-only"], "DELETE", &path, None).await.problem(403, "forbidden");
    let theirs = path.replace("acme", "globex");
    host.call(&keys["tenant"], "DELETE", &theirs, None).await.problem(404, "tenant_not_found");
    host.call(&host.admin, "DELETE", &theirs, None).await.problem(404, "function_not_found");
    host.call(&keys["deployer"], "DELETE", &path, None).await.problem(409, "version_in_use");

    let removed = crate::host::request(&host.admin, "DELETE", &next).header("if-match", "*");
    host.raw(removed.body(http_body_util::Full::default()).expect("a valid request")).await.ok();
    assert_eq!(host.call(&keys["deployer"], "DELETE", &path, None).await.status, 204);
}

#[tokio::test]
async fn its_bytes_are_given_back_and_what_others_share_stays() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let large = "x".repeat(60_000);
    host.deploy("acme", "hello", "live").await;
    host.deploy("acme", "other", &large).await;
    let shared = host.make("hello", &large).await;
    let own = host.make("hello", &"y".repeat(50_000)).await;
    let slug = TenantSlug::parse("acme").expect("a slug");
    let tenant = host.store.tenant_by_slug(&slug).await.expect("the store is there").expect("made before");
    let scope = TenantScope::of_route(&tenant);
    let stored = async || host.store.stored_bytes(&scope).await.expect("counted");
    let all = stored().await;
    host.delete_version(&own).await.ok();
    assert!((50_000..52_000).contains(&(all - stored().await)));
    let all = stored().await;
    host.delete_version(&shared).await.ok();
    assert!(all - stored().await < 2_000, "the other function has the same content");
    host.app.platform().tend().await.expect("purged");
    host.get("/v1/tenants/acme/functions/other/invoke").await.ok();
    let source = host.get(&format!("/v1/tenants/acme/functions/other/versions/{shared}/source")).await.ok();
    assert!(source.text().contains(&large));
}

#[tokio::test]
async fn the_oldest_go_beyond_as_many_as_are_kept() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "1").await;
    host.deploy("acme", "free", "1").await;
    for text in ["2", "3", "4", "5"] {
        host.make("hello", text).await;
        host.make("free", text).await;
    }
    assert_eq!(host.numbers("hello").await, [5, 4, 3, 2, 1], "without a word all are kept");
    let set = host.limit(HELLO, json!({ "versions_kept": 2 })).await.ok().json();
    assert_eq!((&set["set"]["versions_kept"], &set["effective"]["versions_kept"]), (&json!(2), &json!(2)));
    assert_eq!(host.numbers("hello").await, [5, 4, 3, 2, 1], "a limit alone removes nothing");
    host.make("hello", "5").await;
    assert_eq!(host.numbers("hello").await.len(), 5, "nor does what is there already");
    host.make("hello", "6").await;
    assert_eq!(host.numbers("hello").await, [6, 5, 1], "an alias names the first");
    host.make("free", "6").await;
    assert_eq!(host.numbers("free").await.len(), 6);

    // The lowest counts.
    host.limit("/v1/tenants/acme", json!({ "versions_kept": 3 })).await.ok();
    let counts = host.get(&format!("{HELLO}/limits")).await.ok().json();
    assert_eq!(counts["effective"]["versions_kept"], 2);
    host.make("free", "7").await;
    assert_eq!(host.numbers("free").await, [7, 6, 5, 1]);
    // What is deployed in one go is the newest, and stays.
    host.limit(HELLO, json!({ "versions_kept": 1 })).await.ok();
    for text in ["8", "9", "10"] {
        host.deploy("acme", "hello", text).await;
    }
    assert_eq!(host.numbers("hello").await, [9, 8], "the one before was live when this one was made");
    for bad in [json!(0), json!(-1), json!("1"), json!(1.5), json!(u64::MAX)] {
        let answer = host.limit(HELLO, json!({ "versions_kept": bad })).await;
        assert!([400, 422].contains(&answer.status.as_u16()), "{bad}: {answer:?}");
    }
}

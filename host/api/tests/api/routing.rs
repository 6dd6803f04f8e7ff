//! Custom hosts and routes: whose they are, and where their requests go.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use isolet_domain::fake_guests::words;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost};

fn to(host: &str, path: &str) -> Request<Full<Bytes>> {
    Request::get(path).header("host", host).body(Full::default()).expect("a valid request")
}

fn route(host: &str, prefix: &str, function: &str) -> Value {
    json!({ "host": host, "path_prefix": prefix, "function": function })
}

async fn put(host: &TestHost, key: &str, path: &str, body: Option<Value>) -> Answer {
    host.call(key, "PUT", &format!("/v1/tenants/{path}"), body).await
}

async fn assign(host: &TestHost, tenant: &str, name: &str) -> Answer {
    put(host, &host.admin, &format!("{tenant}/hosts/{name}"), None).await
}

#[tokio::test]
async fn the_longest_prefix_of_the_path_as_it_is_sent_wins() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    for function in ["root", "api", "deep"] {
        // The fake guest answers with its variables: each function has its own name.
        host.deploy("acme", function, words::ENV).await;
        let env = json!({ "name": "NAME", "value": function });
        host.post(&format!("/v1/tenants/acme/functions/{function}/env"), env).await.ok();
    }
    assert_eq!(assign(&host, "acme", "www.shop.example").await.status, 201);
    assert_eq!(assign(&host, "acme", "www.shop.example").await.status, 200);
    for (id, prefix, function) in [("a", "/api", "api"), ("d", "/api/v1/", "deep"), ("r", "/", "root")] {
        let path = format!("~/routes/{id}");
        let made = put(&host, &keys["tenant"], &path, Some(route("www.shop.example", prefix, function)));
        assert_eq!(made.await.status, 201);
    }
    for (name, path, function) in [
        ("www.shop.example", "/", "root"),
        ("WWW.Shop.Example.", "/x?y=/api", "root"),
        ("www.shop.example:8080", "/api", "api"),
        ("www.shop.example", "/api/", "api"),
        ("www.shop.example", "/api/v1", "api"),
        ("www.shop.example", "/api/v1/", "deep"),
        ("www.shop.example", "/api/v1/x/../..", "deep"),
        ("www.shop.example", "/apis", "root"),
        ("www.shop.example", "//api", "root"),
        ("www.shop.example", "/%61pi", "root"),
        ("www.shop.example", "/api%2Fv1/", "root"),
        ("www.shop.example", "/API", "root"),
        ("www.shop.example", "/./api", "root"),
    ] {
        let answer = host.ingress(to(name, path)).await.ok();
        assert_eq!(answer.text(), format!("NAME={function}"), "{name} {path}");
    }
    for name in ["shop.example", "x.www.shop.example", "www.shop.example.evil.test", "www-shop.example"] {
        host.ingress(to(name, "/")).await.problem(421, "misdirected");
    }
    // In proxies' form of the address, the address counts.
    let request = Request::get("http://www.shop.example/api").header("host", "other.example").body(Full::default());
    assert_eq!(host.ingress(request.expect("valid")).await.ok().text(), "NAME=api");

    // A change counts at once, and what no route has is not found.
    let path = "/v1/tenants/acme/routes/r";
    host.call(&host.admin, "DELETE", path, None).await.ok();
    let none = host.ingress(to("www.shop.example", "/")).await;
    none.problem(404, "route_not_found");
    assert_eq!(none.header("isolet-outcome"), "not_found");
    assert_eq!(host.ingress(to("www.shop.example", "/api")).await.ok().text(), "NAME=api");
    host.call(&host.admin, "DELETE", path, None).await.problem(404, "route_not_found");
    host.call(&host.admin, "DELETE", "/v1/tenants/acme/hosts/www.shop.example", None).await.ok();
    host.ingress(to("www.shop.example", "/api")).await.problem(421, "misdirected");
    assert_eq!(host.get("/v1/tenants/acme/routes").await.json()["data"], json!([]));
}

#[tokio::test]
async fn no_route_is_left_that_leads_nowhere() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let others = host.tenant("globex").await;
    for tenant in ["acme", "globex"] {
        for function in ["hello", "other"] {
            host.deploy(tenant, function, "x").await;
        }
        assign(&host, tenant, &format!("{tenant}.example")).await.ok();
        for (id, prefix, function) in [("a", "/a", "hello"), ("b", "/b", "hello"), ("o", "/o", "other")] {
            let body = route(&format!("{tenant}.example"), prefix, function);
            put(&host, &host.admin, &format!("{tenant}/routes/{id}"), Some(body)).await.ok();
        }
    }
    let delete = |key: &str, path: &str, tag: &str| {
        let request = crate::host::request(key, "DELETE", &format!("/v1/tenants/{path}")).header("if-match", tag);
        host.raw(request.body(Full::default()).expect("valid"))
    };
    let live = "functions/hello/aliases/live";
    let refused = delete(&keys["tenant"], &format!("~/{live}"), "*").await.problem(409, "alias_routed");
    assert_eq!(refused["detail"], "these routes lead to the alias: `a`, `b`");
    // Whose the alias is not, or whose condition does not hold, is not told of routes.
    delete(&others["tenant"], &format!("acme/{live}"), "*").await.problem(404, "tenant_not_found");
    delete(&keys["tenant"], &format!("~/{live}"), "\"old\"").await.problem(412, "precondition_failed");
    assert_eq!(host.ingress(to("acme.example", "/a")).await.status, 200);
    // Another function's routes to an alias of the same name are no hindrance, nor are another tenant's.
    for id in ["a", "b"] {
        host.call(&keys["tenant"], "DELETE", &format!("/v1/tenants/~/routes/{id}"), None).await.ok();
    }
    delete(&keys["tenant"], &format!("~/{live}"), "*").await.ok();

    // A function takes its routes along, of whatever alias, and no others.
    let next = json!({ "host": "acme.example", "path_prefix": "/n", "function": "other", "alias": "next" });
    put(&host, &host.admin, "acme/routes/n", Some(next)).await.ok();
    put(&host, &host.admin, "acme/routes/h", Some(route("acme.example", "/h", "hello"))).await.ok();
    assert_eq!(host.ingress(to("acme.example", "/o")).await.status, 200);
    delete(&keys["tenant"], "~/functions/other", "\"old\"").await.problem(412, "precondition_failed");
    assert_eq!(host.ingress(to("acme.example", "/o")).await.status, 200);
    host.call(&keys["tenant"], "DELETE", "/v1/tenants/~/functions/other", None).await.ok();
    host.ingress(to("acme.example", "/o")).await.problem(404, "route_not_found");
    let left = |tenant: &str| {
        let path = format!("/v1/tenants/{tenant}/routes");
        let host = &host;
        async move {
            let routes = host.get(&path).await.ok().json()["data"].as_array().expect("routes").clone();
            routes.iter().map(|route| route["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(left("acme").await, ["h"]);
    assert_eq!(left("globex").await, ["a", "b", "o"]);
    assert_eq!(host.ingress(to("globex.example", "/o")).await.status, 200);
}

#[tokio::test]
async fn a_route_leads_to_an_alias() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let version = host.deploy("acme", "hello", "x").await;
    assign(&host, "acme", "next.example").await.ok();
    let body = json!({ "host": "next.example", "function": "hello", "alias": "next" });
    put(&host, &host.admin, "acme/routes/n", Some(body)).await.ok();
    host.ingress(to("next.example", "/")).await.problem(404, "not_deployed");
    let split = json!({ "split": [{ "version": version, "weight": 10_000 }] });
    put(&host, &host.admin, "acme/functions/hello/aliases/next", Some(split)).await.ok();
    let answer = host.ingress(to("next.example", "/a?b")).await.ok();
    assert_eq!(answer.text(), "GET http://next.example/a?b ");
}

#[tokio::test]
async fn a_host_belongs_to_one_tenant_and_the_operator_says_to_which() {
    let host = TestHost::start().await;
    let (acme, globex) = (host.tenant("acme").await, host.tenant("globex").await);
    host.deploy("acme", "hello", "acme's").await;
    host.deploy("globex", "hello", words::HEADERS).await;
    assign(&host, "acme", "shop.example").await.ok();
    assign(&host, "globex", "shop.example").await.problem(409, "host_taken");
    put(&host, &globex["tenant"], "~/hosts/free.example", None).await.problem(403, "forbidden");
    put(&host, &acme["deployer"], "~/routes/a", Some(route("shop.example", "/", "hello")))
        .await
        .problem(403, "forbidden");
    put(&host, &acme["tenant"], "~/routes/a", Some(route("shop.example", "/", "hello"))).await.ok();
    // Whether a host is another's or nobody's is not told to a tenant.
    let [taken, free] = ["shop.example", "free.example"].map(|name| route(name, "/", "hello"));
    let taken = put(&host, &globex["tenant"], "~/routes/a", Some(taken)).await.problem(422, "invalid_request");
    let free = put(&host, &globex["tenant"], "~/routes/a", Some(free)).await.problem(422, "invalid_request");
    let detail = |problem: &Value| problem["detail"].as_str().expect("a text").replace("shop.", "free.");
    assert_eq!(detail(&taken), detail(&free));
    // Nor are another tenant's routes reached.
    host.call(&globex["tenant"], "GET", "/v1/tenants/~/routes/a", None).await.problem(404, "route_not_found");
    assert_eq!(host.ingress(to("shop.example", "/")).await.ok().text(), "GET http://shop.example/ ");
    host.call(&host.admin, "DELETE", "/v1/tenants/globex/hosts/shop.example", None)
        .await
        .problem(404, "host_not_found");
    // Names of functions cannot be claimed, nor what is no name.
    for name in [
        "hello--globex.localhost",
        "x.localhost",
        "localhost",
        "127.0.0.1",
        "A.example",
        "a.example.",
        "a",
        "*.a.example",
    ] {
        assign(&host, "acme", name).await.problem(422, "invalid_request");
    }
    // A tenant that is gone leaves its host to others; its slug's next holder gets nothing of it.
    host.call(&host.admin, "DELETE", "/v1/tenants/acme?confirm=acme", None).await.ok();
    host.ingress(to("shop.example", "/")).await.problem(421, "misdirected");
    host.tenant("acme").await;
    host.deploy("acme", "hello", "another's").await;
    host.ingress(to("shop.example", "/")).await.problem(421, "misdirected");
    assign(&host, "globex", "shop.example").await.ok();
    assert_eq!(host.get("/v1/tenants/globex/hosts").await.ok().json()["data"], json!([{ "host": "shop.example" }]));
}

#[tokio::test]
async fn routes_are_checked_and_changed_under_their_tag() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    assign(&host, "acme", "a.example").await.ok();
    for (body, pointer) in [
        (route("a", "/", "hello"), "/host"),
        (route("a.example", "x", "hello"), "/path_prefix"),
        (route("a.example", "/%41", "hello"), "/path_prefix"),
        (route("a.example", "/../x", "hello"), "/path_prefix"),
        (route("a.example", "/", "Hello"), "/function"),
        (json!({ "host": "a.example", "function": "hello", "alias": "-" }), "/alias"),
    ] {
        let problem = put(&host, &host.admin, "acme/routes/r", Some(body)).await.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    put(&host, &host.admin, "acme/routes/r", Some(route("a.example", "/", "nobody")))
        .await
        .problem(422, "invalid_request");
    put(&host, &host.admin, "acme/routes/R", Some(route("a.example", "/", "hello")))
        .await
        .problem(422, "invalid_request");
    let made = put(&host, &host.admin, "acme/routes/r", Some(route("a.example", "/", "hello"))).await.ok();
    assert_eq!(made.json()["alias"], "live");
    put(&host, &host.admin, "acme/routes/s", Some(route("a.example", "/", "hello"))).await.problem(409, "prefix_taken");
    let read = host.get("/v1/tenants/acme/routes/r").await.ok();
    assert_eq!((read.header("etag"), read.json()), (made.header("etag"), made.json()));
    let change = |tag: &str| {
        let request = crate::host::request(&host.admin, "PUT", "/v1/tenants/acme/routes/r").header("if-match", tag);
        let body = Full::from(route("a.example", "/x", "hello").to_string());
        request.header("content-type", "application/json").body(body).expect("valid")
    };
    host.raw(change("\"old\"")).await.problem(412, "precondition_failed");
    assert_eq!(host.raw(change(made.header("etag"))).await.status, 200);
    host.raw(change(made.header("etag"))).await.problem(412, "precondition_failed");
    host.ingress(to("a.example", "/")).await.problem(404, "route_not_found");
    assert!(host.ingress(to("a.example", "/x")).await.status.is_success());
}

#[tokio::test]
async fn a_known_host_goes_on_while_the_store_is_gone() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.deploy("acme", "hello", "x").await;
    assign(&host, "acme", "a.example").await.ok();
    put(&host, &host.admin, "acme/routes/r", Some(route("a.example", "/", "hello"))).await.ok();
    host.ingress(to("a.example", "/")).await.ok();
    host.ingress(to("b.example", "/")).await.problem(421, "misdirected");
    host.store.set_available(false);
    host.ingress(to("a.example", "/")).await.ok();
    host.ingress(to("b.example", "/")).await.problem(421, "misdirected");
    host.ingress(to("c.example", "/")).await.problem(503, "store_unavailable");
}

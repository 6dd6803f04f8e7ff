//! One-off runs, their events, and their history.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use isolet_domain::access::TenantScope;
use isolet_domain::fake_guests::words;
use isolet_domain::ids::{RunId, TenantSlug};
use isolet_domain::repository::{RunRepository as _, TenantRepository as _};
use isolet_domain::service::PlatformConfig;
use serde_json::{Value, json};

use crate::host::{Answer, TestHost, modules, request};

const RUNS: &str = "/v1/tenants/acme/runs";

#[tokio::test]
async fn a_prompt_becomes_a_request_and_a_record() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let run = host.post(RUNS, json!({ "code": modules("x"), "prompt": "hi there & more" })).await.ok().json();
    assert_eq!(run["outcome"], "ok");
    assert_eq!(run["response"]["body"]["text"], "GET http://sandbox/run?q=hi%20there%20%26%20more ");
    assert_eq!(run["response"]["headers"][0], json!(["content-type", "text/plain"]));
    assert_eq!((&run["cached"], &run["cold"]), (&json!(false), &json!(true)));
    assert_eq!(run["logs"][0]["message"], "here");
    assert_eq!(run["warnings"], json!([]));
    let id = run["id"].as_str().expect("an id");

    let recorded = host.get(&format!("{RUNS}/{id}")).await.ok().json();
    assert_eq!(recorded["prompt"], "hi there & more");
    assert_eq!(recorded["code"], modules("x"));
    assert_eq!(recorded["response"], run["response"]);
    let prompts = host.get("/v1/tenants/acme/prompts").await.ok().json();
    assert_eq!(prompts["data"][0]["prompt"], "hi there & more");
    assert_eq!(prompts["data"][0]["status"], 200);

    let again = host.call(&host.admin, "POST", &format!("{RUNS}/{id}/replay"), None).await.ok().json();
    assert_eq!(again["response"], run["response"]);
    assert_eq!(again["cached"], true);
    assert_ne!(again["id"], run["id"]);
}

#[tokio::test]
async fn a_request_is_sent_as_it_was_asked_for() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let body = json!({
        "code": modules("x"),
        "request": { "method": "POST", "path": "/x?y=1", "headers": [["a", "b"]], "body": { "base64": STANDARD.encode("abc") } },
        "record": false,
    });
    let run = host.post(RUNS, body).await.ok().json();
    assert_eq!(run["response"]["body"]["text"], "POST http://sandbox/x?y=1 abc");
    assert_eq!(host.get(RUNS).await.ok().json()["data"], json!([]));
}

#[tokio::test]
async fn versions_and_functions_run_by_name() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let version = host.deploy("acme", "hello", words::ENV).await;
    let env = json!({ "name": "A", "value": "1" });
    host.post("/v1/tenants/acme/functions/hello/env", env).await.ok();
    let by_version = json!({ "code": { "version": version }, "env": { "B": "2" } });
    assert_eq!(host.post(RUNS, by_version).await.ok().json()["response"]["body"]["text"], "B=2");
    let by_name = json!({ "code": { "function": "hello", "alias": "live" }, "env": { "B": "2" } });
    let run = host.post(RUNS, by_name).await.ok().json();
    assert_eq!(run["response"]["body"]["text"], "A=1;B=2");
    assert_eq!(run["version"], json!(version));
    host.post(RUNS, json!({ "code": { "function": "nobody" } })).await.problem(404, "function_not_found");

    // What the call gave is not kept, and the repetition says what it went without.
    let id = run["id"].as_str().expect("an id");
    let again = host.call(&host.admin, "POST", &format!("{RUNS}/{id}/replay"), None).await.ok().json();
    assert_eq!(again["response"]["body"]["text"], "A=1");
    assert!(again["warnings"][0].as_str().is_some_and(|warning| warning.ends_with("without B")), "{again}");
}

#[tokio::test]
async fn a_run_of_a_function_is_replayed_with_what_the_function_has_and_the_caller_may_see() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let function = "/v1/tenants/acme/functions/hello";
    let version = host.deploy("acme", "hello", words::ENV).await;
    let set = async |name: &str, value: &str| {
        host.post(&format!("{function}/env"), json!({ "name": name, "value": value })).await.ok()
    };
    set("A", "1").await;
    let ran = async |body: Value| {
        let run = host.post(RUNS, body).await.ok().json();
        run["id"].as_str().expect("an id").to_owned()
    };
    let by_name = ran(json!({ "code": { "function": "hello" } })).await;
    let by_code = ran(json!({ "code": modules(words::ENV), "env": { "A": "mine" } })).await;
    // A key that runs, and sees no variables.
    let runs = json!({ "preset": "tenant", "scopes": ["run", "runs:read"] });
    let runner = host.post("/v1/tenants/acme/keys", runs).await.ok().json()["key"].as_str().expect("a key").to_owned();
    let replayed = |key: &str, run: &str| {
        let (key, path) = (key.to_owned(), format!("/v1/tenants/~/runs/{run}/replay"));
        let host = &host;
        async move {
            let again = host.call(&key, "POST", &path, None).await.ok().json();
            let warned = again["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty());
            (again["response"]["body"]["text"].as_str().expect("text").to_owned(), warned)
        }
    };
    let told = |text: &str, warned: bool| (text.to_owned(), warned);
    // Today's value, of the names it had; and the same from a replay's own record.
    set("A", "2").await;
    set("NEW", "3").await;
    assert_eq!(replayed(&keys["tenant"], &by_name).await, told("A=2", false));
    assert_eq!(replayed(&runner, &by_name).await, told("A=2", false), "it may run the function itself");
    // Code that only looks like the function's gets nothing of its.
    assert_eq!(replayed(&keys["tenant"], &by_code).await, told("", true));
    // A version that serves no more may show variables to those alone who see them anyway.
    let live = host.deploy("acme", "hello", "x").await;
    assert_eq!(replayed(&keys["tenant"], &by_name).await, told("A=2", false));
    assert_eq!(replayed(&runner, &by_name).await, told("", true));
    let shares = json!([{ "version": version, "weight": 0 }, { "version": live, "weight": 10_000 }]);
    let next = json!({ "split": shares });
    host.call(&host.admin, "PUT", &format!("{function}/aliases/next"), Some(next)).await.ok();
    assert_eq!(replayed(&runner, &by_name).await, told("", true), "no traffic goes there");
    // Of a function that is gone there is the code.
    host.call(&host.admin, "DELETE", function, None).await.ok();
    assert_eq!(replayed(&keys["tenant"], &by_name).await, told("", true));
}

/// The id of a run of this body.
async fn ran(host: &TestHost, body: Value) -> String {
    host.post(RUNS, body).await.ok().json()["id"].as_str().expect("an id").to_owned()
}

/// What it answered this time, and what it warned of.
async fn replayed(host: &TestHost, key: &str, run: &str) -> (String, Vec<String>) {
    let again = host.call(key, "POST", &format!("/v1/tenants/~/runs/{run}/replay"), None).await.ok().json();
    let warnings = again["warnings"].as_array().expect("a list");
    let warnings = warnings.iter().map(|warning| warning.as_str().expect("text").to_owned()).collect();
    (again["response"]["body"]["text"].as_str().expect("text").to_owned(), warnings)
}

fn allow(host: &str) -> Value {
    json!({ "rules": [{ "action": "allow", "host": host }] })
}

#[tokio::test]
async fn a_replay_is_narrowed_as_the_run_was() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let key = &keys["tenant"];
    let limits = json!({ "cpu_ms": 7 });
    let run = ran(&host, json!({ "code": modules(words::NARROWED), "limits": limits, "entrypoint": "admin" })).await;
    assert_eq!(replayed(&host, key, &run).await, ("7 Some(\"admin\")".to_owned(), vec![]));
    let run = ran(&host, json!({ "code": modules(words::NARROWED) })).await;
    assert_eq!(replayed(&host, key, &run).await, ("50 None".to_owned(), vec![]));

    // What tenant and function may is what the run may, unless it said otherwise.
    host.deploy("acme", "hello", words::FETCHES).await;
    host.call(&host.admin, "PUT", "/v1/tenants/acme/egress", Some(allow("*.test"))).await.ok();
    let code = [json!({ "function": "hello" }), modules(words::FETCHES)];
    for (egress, decided) in [
        (Value::Null, "Allow"),
        (json!({ "rules": [] }), "no call rule matches"),
        (allow("b.test"), "no call rule matches"),
    ] {
        for code in &code {
            let body = json!({ "code": code, "egress": egress, "request": { "path": "/a.test" } });
            let run = ran(&host, body).await;
            let again = host.call(key, "POST", &format!("{RUNS}/{run}/replay"), None).await.ok().json();
            // So is a replay of a replay.
            for run in [&run, again["id"].as_str().expect("an id")] {
                let (text, warnings) = replayed(&host, key, run).await;
                assert!(text.contains(decided) && warnings.is_empty(), "{egress}: {text} {warnings:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_replay_of_a_runs_own_rules_takes_the_right_to_set_rules() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let runs = json!({ "preset": "tenant", "scopes": ["run", "runs:read"] });
    let runner = host.post("/v1/tenants/acme/keys", runs).await.ok().json()["key"].as_str().expect("a key").to_owned();
    let body =
        |egress: Value| json!({ "code": modules(words::FETCHES), "egress": egress, "request": { "path": "/a.test" } });
    let run = ran(&host, body(allow("a.test"))).await;
    let (text, warnings) = replayed(&host, &keys["tenant"], &run).await;
    assert!(text.starts_with("Allow") && warnings.is_empty(), "{text} {warnings:?}");
    let (text, warnings) = replayed(&host, &runner, &run).await;
    assert!(text.contains("no call rule matches"), "{text}");
    assert!(warnings.len() == 1 && warnings[0].contains("`egress:write`"), "{warnings:?}");
    // Rules that open nothing are anybody's to be held to.
    let run = ran(&host, body(json!({ "rules": [{ "action": "deny", "host": "*" }] }))).await;
    let (text, warnings) = replayed(&host, &runner, &run).await;
    assert!(text.contains("call rule 1") && warnings.is_empty(), "{text} {warnings:?}");
}

#[tokio::test]
async fn what_nobody_can_say_the_rules_of_sends_nothing_when_it_is_replayed() {
    let host = TestHost::start().await;
    let keys = host.tenant("acme").await;
    let key = &keys["tenant"];
    host.call(&host.admin, "PUT", "/v1/tenants/acme/egress", Some(allow("*.test"))).await.ok();
    let sends = |code: Value| json!({ "code": code, "request": { "path": "/a.test" } });

    // A record of before they were kept.
    let id = ran(&host, sends(modules(words::FETCHES))).await;
    let slug = TenantSlug::parse("acme").expect("valid");
    let tenant = host.store.tenant_by_slug(&slug).await.expect("the store is there").expect("made before");
    let scope = TenantScope::of_route(&tenant);
    let run = RunId::parse(&id).expect("an id");
    let mut record = host.store.run(&scope, &run).await.expect("the store is there").expect("recorded");
    record.result.as_mut().expect("it ran").call = None;
    host.store.delete_run(&scope, &run).await.expect("removed");
    host.store.record_run(&scope, &record, 20).await.expect("recorded");
    let (text, warnings) = replayed(&host, key, &id).await;
    assert!(text.contains("no call rule matches"), "{text}");
    assert!(warnings.len() == 1 && warnings[0].contains("was not kept"), "{warnings:?}");

    // A function that may send less than its tenant, and what was its version, without it.
    let function = "/v1/tenants/acme/functions/hello";
    host.deploy("acme", "hello", "x").await;
    let rules = json!({ "rules": [{ "action": "deny", "host": "a.test" }, { "action": "allow", "host": "*" }] });
    host.call(&host.admin, "PUT", &format!("{function}/egress"), Some(rules)).await.ok();
    for remove in [None, Some(function)] {
        let version = host.deploy("acme", "hello", words::FETCHES).await;
        let id = ran(&host, sends(json!({ "function": "hello" }))).await;
        assert!(replayed(&host, key, &id).await.0.contains("function rule 1"));
        host.deploy("acme", "hello", "x").await;
        let gone = remove.map_or_else(|| format!("{function}/versions/{version}"), str::to_owned);
        host.call(&host.admin, "DELETE", &gone, None).await.ok();
        let (text, warnings) = replayed(&host, key, &id).await;
        assert!(text.contains("no call rule matches"), "{text}");
        assert!(warnings.len() == 1 && warnings[0].contains("its egress rules"), "{warnings:?}");
    }
}

#[tokio::test]
async fn a_guest_that_fails_is_still_an_answer() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    for (word, outcome) in [(words::THROWS, "exception"), (words::LOOPS, "cpu_limit")] {
        let run = host.post(RUNS, json!({ "code": modules(word) })).await;
        assert_eq!(run.status, 200);
        let run = run.json();
        assert_eq!((&run["outcome"], &run["response"]), (&json!(outcome), &Value::Null));
        assert_eq!(run["error"]["message"], "Error: secret words");
    }
    let run = host.post(RUNS, json!({ "code": modules(words::BREAKS_OFF) })).await.ok().json();
    assert_eq!((&run["outcome"], &run["response"]["truncated"]), (&json!("cpu_limit"), &json!(true)));
    let run = host.post(RUNS, json!({ "code": modules(words::STREAMS) })).await.ok().json();
    assert_eq!(run["response"]["body"]["base64"], STANDARD.encode(b"one two \xff"));
}

/// Events by the HTML standard's rules, as far as this server uses them.
fn events(text: &str) -> Vec<(String, Value)> {
    let blocks = text.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':'));
    blocks
        .map(|block| {
            let field =
                |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).expect("the field is there");
            (field("event: ").to_owned(), serde_json::from_str(field("data: ")).expect("JSON"))
        })
        .collect()
}

#[tokio::test]
async fn events_come_in_order_and_end_with_done() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let body = json!({ "code": modules(words::STREAMS), "prompt": "hi" }).to_string();
    let request = request(&host.admin, "POST", RUNS)
        .header("content-type", "application/json")
        .header("accept", "text/event-stream");
    let answer = host.raw(request.body(Full::from(body)).expect("a valid request")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/event-stream"));
    let events = events(&answer.text());
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["phase", "phase", "phase", "log", "head", "body", "body", "body", "phase", "done"]);
    let phases: Vec<_> = events.iter().filter_map(|(_, data)| data["phase"].as_str()).collect();
    assert_eq!(phases, ["compile", "build", "instantiate", "run"]);
    let done = &events.last().expect("the last event").1;
    assert_eq!(done["outcome"], "ok");
    assert!(done["response"].get("body").is_none());
    let id = done["id"].as_str().expect("an id");
    assert_eq!(host.get(&format!("{RUNS}/{id}")).await.status, 200);
}

#[tokio::test]
async fn a_build_failure_is_no_stream() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let request = request(&host.admin, "POST", RUNS)
        .header("content-type", "application/json")
        .header("accept", "text/event-stream");
    let body = json!({ "code": modules(words::SYNTAX) }).to_string();
    host.raw(request.body(Full::from(body)).expect("a valid request")).await.problem(422, "build_failed");
}

/// What a run that is not to be waited for is answered with.
async fn later(host: &TestHost, path: &str, body: &Value) -> Answer {
    let request = request(&host.admin, "POST", path)
        .header("content-type", "application/json")
        .header("prefer", "wait=10, Respond-Async");
    host.raw(request.body(Full::from(body.to_string())).expect("a valid request")).await
}

/// A run's record, once it says what came of it.
async fn over(host: &TestHost, at: &str) -> Value {
    loop {
        let run = host.get(at).await.ok().json();
        if run["outcome"].is_string() {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_run_that_is_not_waited_for_is_on_record_before_and_after_it_is_over() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let answer = later(&host, RUNS, &json!({ "code": modules("x"), "prompt": "hi" })).await;
    assert_eq!((answer.status.as_u16(), answer.header("preference-applied")), (202, "respond-async"));
    let (id, at) = (answer.json()["id"].clone(), answer.header("location").to_owned());
    assert_eq!(at, format!("{RUNS}/{}", id.as_str().expect("an id")));
    let run = over(&host, &at).await;
    assert_eq!((&run["outcome"], &run["prompt"], &run["id"]), (&json!("ok"), &json!("hi"), &id));
    assert_eq!(run["response"]["body"]["text"], "GET http://sandbox/run?q=hi ");
    let again = later(&host, &format!("{at}/replay"), &json!({})).await;
    assert_eq!(again.status, 202);
    assert_eq!(over(&host, again.header("location")).await["response"], run["response"]);
    // Sent again it is the same run, and says so as it did.
    let keyed = || {
        let keyed = request(&host.admin, "POST", RUNS).header("content-type", "application/json");
        let keyed = keyed.header("prefer", "respond-async").header("idempotency-key", "k");
        host.raw(keyed.body(Full::from(json!({ "code": modules("x") }).to_string())).expect("a valid request"))
    };
    let (first, second) = (keyed().await, keyed().await);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 202));
    for name in ["location", "preference-applied"] {
        assert_eq!(first.header(name), second.header(name));
    }
    assert_eq!(second.header("idempotent-replayed"), "true");
    // What leaves no record is waited for, and what is wrong with the code is said at once.
    let waited = later(&host, RUNS, &json!({ "code": modules("x"), "record": false })).await.ok();
    assert_eq!((waited.status.as_u16(), &waited.json()["outcome"]), (200, &json!("ok")));
    later(&host, RUNS, &json!({ "code": modules(words::SYNTAX) })).await.problem(422, "build_failed");
}

#[tokio::test]
async fn a_run_under_way_is_seen_as_such() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.app.platform().runs.ended().await;
    let hanging = json!({ "code": modules(words::HANGS), "prompt": "hi" });
    let at = later(&host, RUNS, &hanging).await.ok().header("location").to_owned();
    let run = host.get(&at).await.ok().json();
    assert!(run.get("outcome").is_none() && run["code"].is_null(), "{run}");
    let listed = host.get(RUNS).await.ok().json();
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["outcome"]), (&run["id"], &Value::Null));
    assert_eq!(host.get("/v1/tenants/acme/prompts").await.ok().json()["data"], json!([]), "not yet");
    host.call(&host.admin, "POST", &format!("{at}/replay"), None).await.problem(409, "not_replayable");
    // So many as the record keeps push none of themselves out; the next is waited for.
    for _ in 1..PlatformConfig::ALONE.history_kept {
        assert_eq!(later(&host, RUNS, &hanging).await.status, 202);
    }
    let waited = later(&host, RUNS, &json!({ "code": modules("x"), "record": true })).await.ok();
    assert_eq!((waited.status.as_u16(), waited.headers.get("preference-applied")), (200, None));
    // A host that stops would wait for it.
    let ended = host.app.platform().runs.ended();
    tokio::time::timeout(Duration::from_millis(50), ended).await.expect_err("one is under way");
}

#[tokio::test]
async fn prompts_are_saved_starred_and_cleared() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let prompts = "/v1/tenants/acme/prompts";
    let saved = host.post(prompts, json!({ "prompt": "keep me" })).await.ok().json();
    assert!(saved["outcome"].is_null());
    let id = saved["id"].as_str().expect("an id").to_owned();
    assert_eq!(host.get(RUNS).await.json()["data"], json!([]), "it has not run");
    host.post(prompts, json!({ "prompt": "lose me" })).await.ok();
    let starred =
        host.call(&host.admin, "PUT", &format!("{prompts}/{id}/star"), Some(json!({ "starred": true }))).await;
    assert_eq!(starred.ok().json()["starred"], true);
    assert_eq!(host.call(&host.admin, "DELETE", prompts, None).await.status, 204);
    let left = host.get(prompts).await.ok().json();
    assert_eq!(left["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["data"][0]["id"], json!(id));
    host.post(&format!("{RUNS}/{id}/replay"), json!({})).await.problem(409, "not_replayable");
    assert_eq!(host.call(&host.admin, "DELETE", &format!("{prompts}/{id}"), None).await.status, 204);
    host.get(&format!("{RUNS}/{id}")).await.problem(404, "run_not_found");
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_host_goes_on() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    host.post(RUNS, json!({ "code": modules(words::PANICS) })).await.problem(500, "internal");
    assert_eq!(host.post(RUNS, json!({ "code": modules("x") })).await.status, 200);
    assert!(host.get("/metrics").await.text().contains("\nisolet_in_flight 0\n"));
}

//! What a host tells of its tenants' requests, from the command line and in its own log, with real guests: records, a tail that goes on,
//! usage; and nothing of it that was secret.

mod up;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;
use up::{Up, cache, exchange, isolet};

fn command(host: &Up, arguments: &[&str]) -> std::process::Command {
    let mut command = isolet();
    command.env("XDG_CACHE_HOME", cache()).args(arguments);
    command.arg("--url").arg(host.started["control_plane"].as_str().expect("an address"));
    command.arg("--key-file").arg(host.key_file());
    command
}

fn output(host: &Up, arguments: &[&str]) -> String {
    let output = command(host, arguments).output().expect("it starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn visit(host: &Up, path: &str) {
    let (status, _) = exchange(host.address("ingress"), "hello--demo.localhost", &format!("GET {path} HTTP/1.1"), b"");
    assert_eq!(status, 200);
}

/// A command that goes on, ended when dropped.
struct Following(Child, BufReader<ChildStdout>);

impl Following {
    fn start(host: &Up, arguments: &[&str]) -> Self {
        let mut child = command(host, arguments).stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        Self(child, lines)
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.1.read_line(&mut line).expect("readable");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_tenants_code_did_is_told_to_its_tenant_and_its_operator() {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let path = log.path().to_str().expect("UTF-8").to_owned();
    let host = Up::start_with_log(
        &[("ISOLET_SERVER__LOG_FORMAT", "json"), ("RUST_LOG", "warn,isolet::request=debug")],
        log.reopen().expect("the same file"),
    );
    let mut tail = Following::start(&host, &["logs", "--tail", "--since", "1h"]);
    // The run of the first start.
    assert_eq!(tail.next()["source"], "run");
    visit(&host, "/a?q=planted-secret");
    let record = tail.next();
    assert_eq!((&record["path"], &record["outcome"]), (&Value::from("/a"), &Value::from("ok")));
    assert_eq!((&record["function"], &record["version_number"]), (&Value::from("hello"), &Value::from(1)));
    assert!(record["cpu_ms"].as_f64().is_some_and(|cpu| cpu > 0.0), "{record}");
    assert!(record["memory_peak_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{record}");
    visit(&host, "/b");
    assert_eq!(tail.next()["path"], "/b");
    drop(tail);
    // The newest that were there come first, as many as asked for, and of those that are meant.
    let mut tail = Following::start(&host, &["logs", "--tail", "-n", "1", "--function", "hello"]);
    assert_eq!(tail.next()["path"], "/b");
    let mut none = Following::start(&host, &["logs", "--tail", "-n", "0"]);
    let mut elsewhere = Following::start(&host, &["logs", "--tail", "--query", "/c"]);
    // They have asked when the first of them is told something.
    std::thread::sleep(std::time::Duration::from_secs(1));
    visit(&host, "/c");
    for tail in [&mut tail, &mut none, &mut elsewhere] {
        assert_eq!(tail.next()["path"], "/c");
    }
    drop((tail, none, elsewhere));

    let found = output(&host, &["logs", "-n", "2", "--function", "hello", "--format", "json"]);
    let paths: Vec<Value> =
        found.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["path"].clone()).collect();
    assert_eq!(paths, ["/b", "/c"]);
    let pretty = output(&host, &["logs", "--query", "/b", "--format", "pretty"]);
    assert!(pretty.contains("  hello v1  GET /b  200 ok  "), "{pretty}");
    assert_eq!(output(&host, &["logs", "--outcome", "cpu_limit"]), "");

    // Sent every ten seconds.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let usage = loop {
        let rows: Value = serde_json::from_str(&output(&host, &["usage", "--json"])).expect("JSON");
        if rows[0]["requests"].as_u64().is_some_and(|requests| requests >= 4) {
            break rows[0].clone();
        }
        assert!(std::time::Instant::now() < deadline, "{rows}");
        std::thread::sleep(std::time::Duration::from_millis(250));
    };
    assert_eq!(usage["labels"]["tenant"], "demo");
    assert!(usage["cpu_ms"].as_f64().is_some_and(|cpu| cpu > 0.0), "{usage}");
    let month = usage["window_start"].as_str().expect("a time")[..7].to_owned();
    let table = output(&host, &["usage", "export", "--month", &month, "--csv"]);
    assert!(table.starts_with("window_start,window_end,tenant,requests,"), "{table}");
    assert!(table.lines().nth(1).is_some_and(|row| row.contains(",demo,")), "{table}");
    // Of the tenants that are named, and of no others.
    let (made, _) = host.api("POST", "/v1/tenants", r#"{"slug":"idle"}"#);
    assert_eq!(made, 201);
    for named in ["demo", "idle", "idle,demo"] {
        let rows: Value = serde_json::from_str(&output(&host, &["usage", "--json", "--tenant", named])).expect("JSON");
        assert_eq!(rows.as_array().map(Vec::len), Some(usize::from(named.contains("demo"))), "{named}: {rows}");
        let table = output(&host, &["usage", "export", "--month", &month, "--csv", "--tenant", named]);
        assert_eq!(table.contains(",demo,"), named.contains("demo"), "{named}: {table}");
    }
    let refused = command(&host, &["usage", "--tenant", "nobody"]).output().expect("it starts");
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("404"));
    let (status, metrics) = host.api("GET", "/v1/tenants/demo/metrics?names=requests&step=1m", "");
    let metrics: Value = serde_json::from_str(&metrics).expect("JSON");
    let values = metrics["series"][0]["values"].as_array().expect("values");
    assert_eq!((status, values.iter().filter_map(Value::as_f64).sum::<f64>()), (200, 4.0));

    drop(host);
    let own = std::fs::read_to_string(&path).expect("readable");
    let lines: Vec<Value> = own
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let told = lines.iter().find(|line| line["fields"]["function"] == "hello").unwrap_or_else(|| panic!("{own}"));
    assert_eq!(
        (&told["fields"]["tenant.slug"], &told["fields"]["outcome"]),
        (&Value::from("demo"), &Value::from("ok"))
    );
    assert!(told["fields"]["version"].as_str().is_some_and(|version| version.starts_with("v_")), "{told}");
    assert!(
        lines.iter().any(|line| line["fields"]["run.id"].as_str().is_some_and(|run| run.starts_with("run_"))),
        "{own}"
    );
    assert!(!own.contains("planted-secret"), "{own}");
}

/// Starts a run that takes a while and is not waited for; its id.
fn begun(host: &Up) -> String {
    let code =
        "export default { fetch: () => new Promise((done) => setTimeout(() => done(new Response('late')), 1500)) }";
    let body = serde_json::json!({ "code": { "modules": { "main.js": code }, "main_module": "main.js" } });
    let key = std::fs::read_to_string(host.key_file()).expect("a key");
    let head = format!(
        "POST /v1/tenants/demo/runs HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nprefer: respond-async",
        key.trim()
    );
    let (status, said) = exchange(host.address("control_plane"), "127.0.0.1", &head, body.to_string().as_bytes());
    assert_eq!(status, 202, "{said}");
    let run: Value = serde_json::from_str(&said).expect("JSON");
    run["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_run_that_is_not_waited_for_outlasts_a_host_that_stops_and_not_its_own_record() {
    let mut host = Up::start(&[]);
    let (kept, forgotten) = (begun(&host), begun(&host));
    let of = |run: &str| format!("/v1/tenants/demo/runs/{run}");
    let (status, under_way) = host.api("GET", &of(&kept), "");
    assert!(status == 200 && !under_way.contains("outcome"), "{under_way}");
    assert_eq!(host.api("DELETE", &of(&forgotten), "").0, 204);
    host.stop();
    host.start_again(&[]);
    let (status, said) = host.api("GET", &of(&kept), "");
    let run: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (status, &run["outcome"], &run["response"]["body"]["text"]),
        (200, &"ok".into(), &"late".into()),
        "{said}"
    );
    assert_eq!(host.api("GET", &of(&forgotten), "").0, 404);
}

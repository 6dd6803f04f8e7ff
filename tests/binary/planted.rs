//! Words planted wherever somebody hands over something that is theirs alone: keys, secrets, variables, headers, bodies, sources, prompts.
//! What a host says of itself while it works with them, and while requests with them in fail, has none of them in it; and keys and secrets
//! are nowhere on disk or in Redis either. That tenants do not see each other's is `openapi.rs`'s and the access table's matter.

mod up;

#[path = "../../host/storage/tests/contract/server.rs"]
#[allow(dead_code, reason = "the storage tests use more of it")]
mod server;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use server::Server;
use up::{Up, exchange, isolet};

/// Kept for the tenant, and shown to whoever may read it: in the host's own words nowhere.
const KEPT: [&str; 8] = [SOURCE, VARIABLE, HEADER, COOKIE, SENT, ANSWERED, PROMPT, QUERY];
const SOURCE: &str = "zqSource1xkw";
const VARIABLE: &str = "zqVariable2xkw";
const HEADER: &str = "zqHeader3xkw";
const COOKIE: &str = "zqCookie4xkw";
const SENT: &str = "zqSent5xkw";
const ANSWERED: &str = "zqAnswered6xkw";
const PROMPT: &str = "zqPrompt7xkw";
const QUERY: &str = "zqQuery8xkw";
/// Written and never read again.
const SECRET: &str = "zqSecret9xkw-zqSecret9xkw";

/// The word as it is, in hexadecimal and in Base64 wherever in a longer text it may have stood.
fn spellings(word: &str) -> Vec<Vec<u8>> {
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![word.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    for before in 0..3 {
        let shifted = [&b"\0\0"[..before], word.as_bytes()].concat();
        // Characters that bytes before or after it have a part in are left out.
        let (first, last) = ((before * 4).div_ceil(3), shifted.len() / 3 * 4);
        for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            all.push(engine.encode(&shifted).as_bytes()[first..last].to_vec());
        }
    }
    all
}

fn has(text: &[u8], word: &str) -> bool {
    spellings(word).iter().any(|spelling| text.windows(spelling.len()).any(|part| part == spelling.as_slice()))
}

#[track_caller]
fn has_none(what: &str, text: &[u8], words: &[&str]) {
    for word in words {
        if !has(text, word) {
            continue;
        }
        let text = String::from_utf8_lossy(text);
        let line = text.lines().find(|line| has(line.as_bytes(), word)).unwrap_or_default();
        panic!("{what} has {word} in it: {}", line.chars().take(600).collect::<String>());
    }
}

/// Files below the folder, but for the one that the key is kept in for its owner, and what is no host's.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("listed").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("known"));
        if kind.is_dir() {
            files(&path, found);
        } else if kind.is_file() && entry.file_name() != "admin.key" {
            found.push((path.display().to_string(), std::fs::read(&path).expect("readable")));
        }
    }
}

/// Takes requests, keeps what they say and answers.
fn outside() -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (port, seen) = (listener.local_addr().expect("bound").port(), Arc::new(Mutex::new(String::new())));
    let keep = seen.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut part = [0; 4_096];
            let length = stream.read(&mut part).unwrap_or_default();
            keep.lock().expect("whole").push_str(&String::from_utf8_lossy(&part[..length]));
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        }
    });
    (port, seen)
}

/// Everything that the host itself says: errors, its own numbers, what `isolet doctor` tells.
struct Desk<'a> {
    host: &'a Up,
    key: String,
    asked: usize,
    said: Vec<(String, String)>,
}

impl Desk<'_> {
    fn ask_as(&mut self, key: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        self.asked += 1;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\nidempotency-key: {}\r\nx-planted: {HEADER}",
            self.asked
        );
        let answer = exchange(self.host.address("control_plane"), "127.0.0.1", &head, body.as_bytes());
        if answer.0 >= 400 {
            self.said.push((format!("{method} {path}: {}", answer.0), answer.1.clone()));
        }
        answer
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let key = self.key.clone();
        self.ask_as(&key, method, path, body)
    }

    #[track_caller]
    fn done(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let (status, said) = self.ask(method, path, &body.to_string());
        assert!((200..300).contains(&status), "{method} {path}: {status} {said}");
        serde_json::from_str(&said).unwrap_or_default()
    }

    #[track_caller]
    fn refused(&mut self, method: &str, path: &str, body: &str) {
        let (status, said) = self.ask(method, path, body);
        assert!((400..500).contains(&status), "{method} {path}: {status} {said}");
    }

    /// A request to the function at the ingress, with a word in each of its parts.
    fn visit(&mut self, path: &str) -> (u16, String) {
        let head = format!("POST {path}?q={QUERY} HTTP/1.1\r\nx-token: {HEADER}\r\ncookie: s={COOKIE}");
        let answer = exchange(self.host.address("ingress"), "planted--demo.localhost", &head, SENT.as_bytes());
        if answer.0 >= 400 {
            self.said.push((format!("POST {path}: {}", answer.0), answer.1.clone()));
        }
        answer
    }
}

fn code(port: u16) -> String {
    format!(
        "// {SOURCE}
        const of = {{
            '/throw': (body) => {{ throw new Error(body) }},
            '/loop': () => {{ for (;;) {{}} }},
            '/nothing': () => new Promise(() => {{}}),
            '/grow': () => {{ const kept = []; for (;;) kept.push(new Uint8Array(1e6).fill(1)) }},
            '/fetch': async (body) => new Response(await (await fetch('http://127.0.0.1:{port}/?' + body, {{ method: 'POST', body }})).text()),
            '/header': () => new Response('', {{ headers: {{ 'x-long': '{ANSWERED}'.repeat(1e5) }} }}),
        }}
        export default {{ async fetch(request, env) {{
            const body = await request.text()
            const own = of[new URL(request.url).pathname]
            console.log(body, env.WHO, env.TOKEN, [...request.headers].join())
            return own ? own(body + env.WHO) : new Response('{ANSWERED}' + body)
        }} }}"
    )
}

/// Uses everything that words can be planted in, and has a good part of it fail.
fn use_it(desk: &mut Desk, planted: &mut Vec<String>, port: u16) {
    let functions = "/v1/tenants/demo/functions";
    desk.done("PUT", &format!("{functions}/planted"), &json!({}));
    for (path, value) in [("secrets/TOKEN", SECRET), ("functions/planted/secrets/OWN", SECRET)] {
        desk.done("PUT", &format!("/v1/tenants/demo/{path}"), &json!({ "value": value }));
    }
    desk.done("POST", &format!("{functions}/planted/env"), &json!({ "name": "WHO", "value": VARIABLE }));
    let rule = json!({ "action": "allow", "host": "127.0.0.1", "ports": [port], "private_addresses": true });
    desk.done("PUT", "/v1/tenants/demo/egress/ceiling", &json!({ "rules": [rule] }));
    let rule = json!({ "action": "allow", "host": "*", "ports": [port], "inject": [{ "header": "authorization", "secret": "TOKEN", "prefix": "Bearer " }] });
    let (status, said) = desk.ask("PUT", "/v1/tenants/demo/egress", &json!({ "rules": [rule] }).to_string());
    assert_eq!(status, 200, "{said}");
    let modules = |text: &str| json!({ "modules": { "main.js": text }, "main_module": "main.js", "message": "m" });
    desk.done("POST", &format!("{functions}/planted/deploy"), &modules(&code(port)));
    assert_eq!(desk.visit("/"), (200, format!("{ANSWERED}{SENT}")));
    assert_eq!(desk.visit("/fetch"), (200, "ok".to_owned()));
    for path in ["/throw", "/loop", "/nothing", "/grow", "/header"] {
        assert!(desk.visit(path).0 >= 500, "{path}");
    }

    for preset in ["tenant", "read-only"] {
        let made = desk.done("POST", "/v1/tenants/demo/keys", &json!({ "preset": preset }));
        planted.push(made["key"].as_str().expect("a key").to_owned());
        let id = made["id"].as_str().expect("an id");
        let rotated = desk.done("POST", &format!("/v1/tenants/demo/keys/{id}/rotate"), &json!({ "grace_s": 60 }));
        planted.push(rotated["key"].as_str().expect("a key").to_owned());
    }
    let link = desk.host.started["link"].as_str().and_then(|link| link.split_once("#t=")).expect("a link").1.to_owned();
    for credential in [json!({ "key": desk.key }), json!({ "link": link })] {
        let opened = desk.done("POST", "/v1/sessions", &credential);
        planted.push(opened["token"].as_str().expect("a token").to_owned());
    }
    planted.push(link);

    let run = |path: &str| {
        json!({
            "code": { "modules": { "main.js": code(port) }, "main_module": "main.js" },
            "request": { "method": "POST", "path": format!("{path}?q={QUERY}"), "headers": [["x-token", HEADER]], "body": { "text": SENT } },
            "prompt": PROMPT,
            "env": { "WHO": VARIABLE },
        })
    };
    for path in ["/", "/throw", "/loop", "/fetch"] {
        let ran = desk.done("POST", "/v1/tenants/demo/runs", &run(path));
        let id = ran["id"].as_str().expect("recorded");
        desk.done("POST", &format!("/v1/tenants/demo/runs/{id}/replay"), &json!({}));
    }
}

/// Requests that fail, each with a word where it should not be, or cut off within it.
fn misuse_it(desk: &mut Desk) {
    let quoted = format!("\"{SECRET}\"");
    let secrets = "/v1/tenants/demo/secrets/OTHER";
    for body in [
        quoted.clone(),
        format!("[{quoted}]"),
        format!("{{\"value\":[{quoted}]}}"),
        format!("{{\"value\":{{\"value\":{quoted}}}}}"),
        format!("{{\"valeu\":{quoted}}}"),
        format!("{{\"value\":{quoted},\"value\":{quoted}}}"),
        format!("{{\"value\":{quoted}}} {quoted}"),
        format!("{{\"value\":\"{SECRET}"),
        format!("{{\"value\":{SECRET}}}"),
        format!("{{\"value\":\"{}\"}}", SECRET.repeat(100_000)),
    ] {
        desk.refused("PUT", secrets, &body);
    }
    desk.refused("PUT", "/v1/tenants/nobody/secrets/OTHER", &json!({ "value": SECRET }).to_string());
    desk.refused("PUT", "/v1/tenants/demo/secrets/no%20name", &json!({ "value": SECRET }).to_string());
    let env = "/v1/tenants/demo/functions/planted/env";
    for body in [
        json!({ "name": "A", "value": [VARIABLE] }),
        json!({ "name": "no name", "value": VARIABLE }),
        json!({ "name": "A", "value": VARIABLE, "more": VARIABLE }),
        json!({ "name": "A", "value": VARIABLE.repeat(1_000_000) }),
    ] {
        desk.refused("POST", env, &body.to_string());
    }
    let code = json!({ "modules": { "main.js": "export default {" } });
    for body in [
        json!({ "code": code, "prompt": [PROMPT] }),
        json!({ "code": code, "env": { "WHO": [VARIABLE] } }),
        json!({ "code": code, "env": { "no name": VARIABLE } }),
        json!({ "code": code, "request": { "headers": [[HEADER]] } }),
        json!({ "code": code, "request": { "headers": [["x", format!("{HEADER}\n")]] } }),
        json!({ "code": code, "request": { "body": { "text": [SENT] } } }),
        json!({ "code": code, "request": { "body": { "base64": SENT.repeat(3) + "!" } } }),
    ] {
        desk.refused("POST", "/v1/tenants/demo/runs", &body.to_string());
    }

    // A key with one more character, with another's beginning, and as a session's.
    let key = desk.key.clone();
    for wrong in [format!("{key}x"), key.replace("isl_admin", "isl_tenant"), key[..key.len() - 1].to_owned()] {
        assert_eq!(desk.ask_as(&wrong, "GET", "/v1/whoami", "").0, 401);
        desk.refused("POST", "/v1/sessions", &json!({ "key": wrong }).to_string());
        desk.refused("POST", "/v1/sessions", &json!({ "link": wrong }).to_string());
    }
    desk.refused("POST", "/v1/sessions", &json!({ "key": [key] }).to_string());
    // A request whose head breaks off, or is none.
    for head in [
        format!("GET / HTTP/1.1\r\nauthorization: Bearer {key}\r\nbad header: {HEADER}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: {HEADER}\r\nhost: b\r\nauthorization: {key}\r\n\r\n"),
        format!("GET / HTTP/9\r\nauthorization: Bearer {key}\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nhost: planted--demo.localhost\r\ntransfer-encoding: chunked\r\n\r\n{SENT}\r\n\r\n"),
    ] {
        for listener in ["control_plane", "ingress"] {
            let mut stream = TcpStream::connect(desk.host.address(listener)).expect("it listens");
            stream.write_all(head.as_bytes()).expect("taken");
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            desk.said.push((
                head.lines().next().unwrap_or_default().to_owned(),
                String::from_utf8_lossy(&answer).into_owned(),
            ));
        }
    }
}

/// What the host tells of itself and of the tenant in numbers and names.
fn listen_to(desk: &mut Desk) {
    for path in [
        "/metrics",
        "/healthz",
        "/v1/info",
        "/v1/audit?limit=500",
        "/v1/usage",
        "/v1/activity?tenants=demo",
        "/v1/tenants/demo/metrics",
        "/v1/tenants/demo/keys",
        "/v1/tenants/demo/secrets",
        "/v1/tenants/demo/egress",
    ] {
        let (status, said) = desk.ask("GET", path, "");
        assert_eq!(status, 200, "{path}: {said}");
        desk.said.push((path.to_owned(), said));
    }
    let doctor = isolet().args(["doctor", "--json", "--data"]).arg(desk.host.data()).output().expect("it starts");
    desk.said.push(("doctor".to_owned(), String::from_utf8_lossy(&doctor.stdout).into_owned()));
}

/// All of it over this store, whose own files are in the folder if it has one apart from the host's.
fn nothing_is_told(variables: &[(&str, &str)], settle: impl FnOnce(), store: Option<&Path>) {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let quick = [("ISOLET_LIMITS__CPU_MS", "50"), ("ISOLET_SERVER__LOG_FORMAT", "json"), ("RUST_LOG", "trace")];
    let mut host = Up::start_with_log(&[variables, &quick].concat(), log.reopen().expect("the same file"));
    let key = std::fs::read_to_string(host.key_file()).expect("a key").trim().to_owned();
    let mut planted = vec![key.clone()];
    let (port, seen) = outside();
    let mut desk = Desk { host: &host, key, asked: 0, said: Vec::new() };
    use_it(&mut desk, &mut planted, port);
    misuse_it(&mut desk);
    listen_to(&mut desk);
    assert!(seen.lock().expect("whole").contains(&format!("authorization: Bearer {SECRET}")), "it was injected");

    let unread: Vec<&str> = planted.iter().map(String::as_str).chain([SECRET]).collect();
    let all = [unread.as_slice(), &KEPT].concat();
    let (_, tenants) = desk.ask("GET", "/v1/tenants/demo/logs?limit=500", "");
    assert!(has(tenants.as_bytes(), SENT), "the search finds what is there: {tenants}");
    has_none("the tenant's log", tenants.as_bytes(), &unread);
    for (what, said) in &desk.said {
        has_none(what, said.as_bytes(), &all);
    }
    drop(desk);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", host.process())).expect("it runs");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("Linux says so");
    assert!(cores.split_whitespace().nth(4) == Some("0"), "{cores}");

    host.stop();
    settle();
    let own = std::fs::read(log.path()).expect("readable");
    assert!(has(&own, "\"DEBUG\"") && has(&own, "isolet::request"), "it says all it can");
    has_none("the host's log", &own, &all);
    let mut found = Vec::new();
    files(&host.data(), &mut found);
    if let Some(folder) = store {
        files(folder, &mut found);
    }
    assert!(found.iter().any(|(_, bytes)| has(bytes, "planted")), "the search finds what is there");
    for (path, bytes) in &found {
        has_none(path, bytes, &unread);
    }
}

#[test]
fn what_was_planted_is_in_nothing_that_a_host_says_or_keeps_embedded() {
    nothing_is_told(&[], || (), None);
}

#[test]
fn what_was_planted_is_in_nothing_that_a_host_says_or_keeps_in_redis() {
    let Some(server) = Server::start(&["appendonly yes", "rdbcompression no"]) else { return };
    let settle = || assert!(server.command("SAVE").starts_with("+OK"));
    nothing_is_told(&[("ISOLET_STORAGE__REDIS__URL", &server.url())], settle, Some(server.folder()));
}

#[test]
fn what_was_deleted_is_nowhere_on_disk_once_the_store_is_written_anew() {
    let mut host = Up::start(&[("ISOLET_LIMITS__CPU_MS", "50")]);
    let key = std::fs::read_to_string(host.key_file()).expect("a key").trim().to_owned();
    let (port, _) = outside();
    let mut desk = Desk { host: &host, key, asked: 0, said: Vec::new() };
    use_it(&mut desk, &mut Vec::new(), port);
    // A tenant of whom everything is deleted at once, beside what is deleted piece by piece.
    desk.done("POST", "/v1/tenants", &json!({ "slug": "gone" }));
    let code = json!({ "modules": { "main.js": code(port) }, "main_module": "main.js" });
    desk.done("POST", "/v1/tenants/gone/runs", &json!({ "code": code, "prompt": PROMPT, "env": { "WHO": VARIABLE } }));
    let kept = "export default { fetch: () => new Response('kept') }";
    let kept = json!({ "modules": { "main.js": kept }, "main_module": "main.js" });
    desk.done("PUT", "/v1/tenants/demo/functions/kept", &json!({}));
    desk.done("POST", "/v1/tenants/demo/functions/kept/deploy", &kept);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let mut before = Vec::new();
    files(&host.data(), &mut before);
    assert!(before.iter().any(|(_, bytes)| has(bytes, SOURCE)), "the search finds what is there");

    desk.done("DELETE", "/v1/tenants/gone?confirm=gone", &json!({}));
    desk.done("DELETE", "/v1/tenants/demo/functions/planted", &json!({}));
    desk.done("DELETE", "/v1/tenants/demo/prompts", &json!({}));
    drop(desk);
    host.stop();
    let compacted =
        isolet().args(["store", "compact", "--json", "--data"]).arg(host.data()).output().expect("it starts");
    assert!(compacted.status.success(), "{}", String::from_utf8_lossy(&compacted.stderr));
    let told: Value = serde_json::from_slice(&compacted.stdout).expect("JSON");
    assert!(told["contents_removed"].as_u64().is_some_and(|removed| removed > 0), "{told}");
    let mut after = Vec::new();
    files(&host.data(), &mut after);
    for (path, bytes) in &after {
        // What a tenant's log has of it goes with the tenant, or with the log's age.
        has_none(path, bytes, &[SOURCE, PROMPT]);
    }
    host.start_again(&[]);
    let answer = exchange(host.address("ingress"), "kept--demo.localhost", "GET / HTTP/1.1", b"");
    assert_eq!(answer, (200, "kept".to_owned()));
    let (status, said) = host.api("GET", "/v1/audit/verify", "");
    assert!(status == 200 && said.contains(r#""ok":true"#), "{said}");
}

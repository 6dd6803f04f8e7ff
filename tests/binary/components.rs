//! Components of the operator's on a running host: uploaded, compiled by its helper, deployed and invoked; who may not, what is refused,
//! and what one that misbehaves comes to.

mod up;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use up::{Up, exchange};

static WEBHOOK: &[u8] = include_bytes!("../../guest-sdk/rust/components/webhook.wasm");
static PROBE: &[u8] = include_bytes!("../../guest-sdk/rust/components/probe.wasm");

const FUNCTION: &str = "/v1/tenants/demo/functions/native";

struct Desk(Up);

impl Desk {
    fn new() -> Self {
        let desk = Self(Up::start(&[]));
        let (status, made) = desk.0.api("PUT", FUNCTION, r#"{"kind":"component"}"#);
        assert_eq!(status, 201, "{made}");
        desk
    }

    /// What uploading these bytes comes to.
    fn upload(&self, bytes: &[u8]) -> (u16, Value) {
        let key = std::fs::read_to_string(self.0.key_file()).expect("a key");
        self.upload_as(key.trim(), bytes)
    }

    fn upload_as(&self, key: &str, bytes: &[u8]) -> (u16, Value) {
        let head = format!(
            "POST {FUNCTION}/versions HTTP/1.1\r\nauthorization: Bearer {key}\r\ncontent-type: application/wasm"
        );
        let (status, body) = exchange(self.0.address("control_plane"), "127.0.0.1", &head, bytes);
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    /// The answer to an upload that says how long it is and has not begun.
    fn announce(&self, length: usize) -> u16 {
        let key = std::fs::read_to_string(self.0.key_file()).expect("a key");
        let mut stream = TcpStream::connect(self.0.address("control_plane")).expect("it listens");
        let head = format!(
            "POST {FUNCTION}/versions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\ncontent-type: application/wasm\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n",
            key.trim()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    fn deploy(&self, bytes: &[u8]) {
        let (status, version) = self.upload(bytes);
        assert!(status == 201 || status == 200, "{version}");
        let body = serde_json::json!({ "version": version["id"] }).to_string();
        let (status, deployed) = self.0.api("POST", &format!("{FUNCTION}/deploy"), &body);
        assert_eq!(status, 200, "{deployed}");
    }

    fn ask(&self, request: &str, body: &[u8]) -> (u16, String) {
        exchange(self.0.address("ingress"), "native--demo.localhost", request, body)
    }

    /// A run of what is deployed, by its path.
    fn run(&self, path: &str, limits: &str) -> Value {
        let body = format!(
            r#"{{"code":{{"function":"native"}},"record":false,"request":{{"path":"{path}"}},"limits":{limits}}}"#
        );
        let (status, run) = self.0.api("POST", "/v1/tenants/demo/runs", &body);
        assert_eq!(status, 200, "{run}");
        serde_json::from_str(&run).expect("JSON")
    }
}

#[track_caller]
fn refused((status, problem): (u16, Value), (wanted, code): (u16, &str), because: &str) {
    assert_eq!((status, problem["code"].as_str()), (wanted, Some(code)), "{problem}");
    assert!(problem.to_string().contains(because), "{problem}");
}

/// HMAC-SHA256 of `{"zen":"Keep it logically awesome."}` under `it's a secret`, by `openssl dgst -sha256 -hmac`.
const SIGNATURE: &str = "8a326648c2220a28f0b18f3c6b527c194f47f97080c1835b8f2e5ff163d294cf";

#[test]
fn a_component_is_deployed_from_the_command_line() {
    let host = Up::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hook.wasm");
    std::fs::write(&file, WEBHOOK).expect("written");
    let deploy = |key: &std::path::Path, more: &[&str]| {
        let mut command = up::isolet();
        command
            .arg("deploy")
            .arg(&file)
            .args(more)
            .arg("--url")
            .arg(host.started["control_plane"].as_str().expect("a URL"));
        let output = command.arg("--key-file").arg(key).env("HOME", folder.path()).output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let (ok, said, err) = deploy(&host.key_file(), &[]);
    assert!(ok && said.starts_with("hook is version 1 (v_") && said.contains("): a component of "), "{said} {err}");
    let set = host.api("POST", "/v1/tenants/demo/functions/hook/env", r#"{"name":"WEBHOOK_SECRET","value":"s"}"#);
    assert_eq!(set.0, 200, "{}", set.1);
    let (status, answer) = exchange(host.address("ingress"), "hook--demo.localhost", "POST / HTTP/1.1", b"unsigned");
    assert_eq!(status, 401, "{answer}");
    let (_, said, _) = deploy(&host.key_file(), &[]);
    assert!(said.contains("deployed before"), "{said}");
    for (more, why) in [(&["--allow-eval"][..], "options of JavaScript"), (&["-m", "first"], "no message")] {
        let (ok, _, err) = deploy(&host.key_file(), more);
        assert!(!ok && err.contains(why), "{err}");
    }
    let (_, made) = host.api("POST", "/v1/tenants/demo/keys", r#"{"preset":"tenant"}"#);
    let key = folder.path().join("key");
    std::fs::write(&key, serde_json::from_str::<Value>(&made).expect("JSON")["key"].as_str().expect("a key"))
        .expect("written");
    let (ok, _, err) = deploy(&key, &[]);
    assert!(!ok && err.contains("forbidden"), "{err}");
    std::fs::write(&file, b"\0asm\x0d\0\x01\0 and no more").expect("written");
    let (ok, _, err) = deploy(&host.key_file(), &[]);
    assert!(!ok && err.contains("build_failed"), "{err}");
}

#[test]
fn an_operators_component_is_deployed_and_invoked() {
    let desk = Desk::new();
    desk.deploy(WEBHOOK);
    let (status, known) = desk.upload(WEBHOOK);
    assert_eq!(
        (status, known["main_module"].as_str()),
        (200, Some("main.wasm")),
        "the same bytes are the version that is there"
    );
    let body = br#"{"zen":"Keep it logically awesome."}"#;
    let signed = format!("POST /hook HTTP/1.1\r\nx-hub-signature-256: sha256={SIGNATURE}");
    assert_eq!(desk.ask(&signed, body).0, 500, "without its variable it says so in the log alone");
    let set = desk.0.api("POST", &format!("{FUNCTION}/env"), r#"{"name":"WEBHOOK_SECRET","value":"it's a secret"}"#);
    assert_eq!(set.0, 200, "{}", set.1);
    assert_eq!(desk.ask(&signed, body), (202, "36 bytes\n".to_owned()));
    assert_eq!(desk.ask(&signed, b"something else").0, 401);
    assert_eq!(desk.ask("POST /hook HTTP/1.1", body).0, 401);
    let (status, function) = desk.0.api("GET", FUNCTION, "");
    assert!(status == 200 && function.contains(r#""kind":"component""#), "{function}");
    // The same bytes come back, for any host of wasi:http.
    let id = known["id"].as_str().expect("an id");
    let (status, source) = desk.0.api("GET", &format!("{FUNCTION}/versions/{id}/source"), "");
    assert!(status == 200 && source.contains(r#""main.wasm":{"component":"AGFzbQ0AAQ"#), "{:.200}", source);
}

#[test]
fn who_may_not_and_what_does_not_fit_is_refused() {
    let desk = Desk::new();
    for preset in ["tenant", "deployer"] {
        let (_, made) = desk.0.api("POST", "/v1/tenants/demo/keys", &format!(r#"{{"preset":"{preset}"}}"#));
        let made: Value = serde_json::from_str(&made).expect("JSON");
        let key = made["key"].as_str().expect("a key");
        refused(desk.upload_as(key, WEBHOOK), (403, "forbidden"), "components:write");
        let head = format!(
            "PUT /v1/tenants/demo/functions/mine HTTP/1.1\r\nauthorization: Bearer {key}\r\ncontent-type: application/json"
        );
        let control_plane = desk.0.address("control_plane");
        assert_eq!(exchange(control_plane, "127.0.0.1", &head, br#"{"kind":"component"}"#).0, 403);
    }
    let json = |(status, text): (u16, String)| (status, serde_json::from_str(&text).expect("JSON"));
    let modules = r#"{"modules":{"main.js":"export default { fetch() {} }"},"main_module":"main.js"}"#;
    refused(json(desk.0.api("POST", &format!("{FUNCTION}/versions"), modules)), (409, "other_kind"), "component");
    refused(json(desk.0.api("PUT", FUNCTION, r#"{"kind":"js"}"#)), (409, "other_kind"), "another kind");
    assert_eq!(desk.0.api("PUT", FUNCTION, r#"{"labels":{"a":"b"}}"#).0, 200, "without a kind it stays what it is");
    let typed = r#"{"modules":{"m.wasm":{"component":"AGFzbQ=="}},"main_module":"m.wasm"}"#;
    assert_eq!(
        desk.0.api("POST", &format!("{FUNCTION}/versions"), typed).0,
        400,
        "components are uploaded as they are"
    );
}

/// The bytes with one name in them replaced by another of its length, wherever it stands.
fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places = bytes.windows(from.len()).enumerate().filter(|(_, part)| *part == from.as_bytes());
    let places: Vec<_> = places.map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "{from}");
    let mut bytes = bytes.to_vec();
    places.into_iter().for_each(|at| bytes[at..at + to.len()].copy_from_slice(to.as_bytes()));
    bytes
}

/// A number as WebAssembly writes it.
fn leb(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        out.push(if number > 0 { byte | 0x80 } else { byte });
        if number == 0 {
            return out;
        }
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &leb(content.len()), content].concat()
}

/// The component with one more core module in it, which nothing instantiates and which is compiled all the same.
fn with_module(sections: &[Vec<u8>]) -> Vec<u8> {
    let module = [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat();
    [WEBHOOK.to_vec(), section(1, &module)].concat()
}

/// `functions` functions of `operations` additions each.
fn bomb(functions: usize, operations: usize) -> Vec<u8> {
    let add = [0x20, 0, 0x20, 0, 0x6a, 0x21, 0].repeat(operations);
    let body = [&[0][..], &add, &[0x20, 0, 0x0b]].concat();
    let body = [leb(body.len()), body].concat();
    with_module(&[
        section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f]),
        section(3, &[leb(functions), vec![0; functions]].concat()),
        section(10, &[leb(functions), body.repeat(functions)].concat()),
    ])
}

#[test]
fn bytes_that_are_no_good_component_are_refused_and_the_host_goes_on() {
    let mut desk = Desk::new();
    let foreign = renamed(WEBHOOK, "wasi:random/insecure-seed@0.2.12", "wasi:socket/insecure-seed@0.2.12");
    refused(desk.upload(&foreign), (422, "build_failed"), "wasi:socket/insecure-seed@0.2.12");
    let mute = renamed(WEBHOOK, "wasi:http/incoming-handler@0.2.12", "wasi:http/incoming-hundler@0.2.12");
    refused(desk.upload(&mute), (422, "build_failed"), "does not export");
    refused(desk.upload(b"\0asm\x01\0\0\0"), (422, "build_failed"), "no WebAssembly component");
    refused(desk.upload(b""), (422, "invalid_code"), "empty");
    for at in [8, 100, WEBHOOK.len() / 2, WEBHOOK.len() - 1] {
        refused(desk.upload(&WEBHOOK[..at]), (422, "build_failed"), "");
    }
    // A flipped bit is refused, or is another component that is as good as this one.
    for at in (9..WEBHOOK.len()).step_by(WEBHOOK.len() / 7) {
        let mut flipped = WEBHOOK.to_vec();
        flipped[at] ^= 0x40;
        let (status, answer) = desk.upload(&flipped);
        assert!([200, 201, 422].contains(&status), "{at}: {answer}");
    }
    assert_eq!(desk.announce(60 << 20), 413);
    // A table of 10^9 elements is no trouble for who compiles it, and is never made.
    let table = [vec![1, 0x70, 0], leb(1_000_000_000)].concat();
    let (status, answer) = desk.upload(&with_module(&[section(4, &table)]));
    assert!([201, 422].contains(&status), "{answer}");
    refused(desk.upload(&bomb(1, 1_200_000)), (422, "build_failed"), "");
    let limits = |limits: &str| desk.0.api("PUT", "/v1/tenants/demo/limits", limits).0;
    assert_eq!(limits(r#"{"build_cpu_ms":1000}"#), 200);
    refused(desk.upload(&bomb(20_001, 91)), (422, "build_limit"), "1 s of CPU time");
    assert_eq!(limits("{}"), 200);
    assert!(desk.0.is_running());
    desk.deploy(PROBE);
    assert_eq!(desk.ask("GET /x?y HTTP/1.1", b""), (200, "GET /x?y".to_owned()));
}

#[test]
fn a_component_that_misbehaves_ends_at_its_limits_and_the_next_request_finds_it_new() {
    let desk = Desk::new();
    desk.deploy(PROBE);
    let usual = r#"{"cpu_ms":50,"wall_ms":2000,"memory_bytes":16777216}"#;
    for (path, outcome, message) in [
        ("/loop", "cpu_limit", "CPU limit of 50 ms"),
        ("/sleep", "wall_limit", "2000 ms"),
        ("/recurse", "stack_limit", "too deep"),
        ("/allocate", "memory_limit", "memory limit of 16 MiB"),
        ("/panic", "exception", "as asked"),
        ("/error", "exception", "as asked"),
    ] {
        let run = desk.run(path, usual);
        assert_eq!(run["outcome"], outcome, "{path}: {run}");
        assert!(run["error"]["message"].as_str().is_some_and(|said| said.contains(message)), "{path}: {run}");
        assert_eq!(desk.ask("GET /next HTTP/1.1", b""), (200, "GET /next?".to_owned()), "after {path}");
    }
    let run = desk.run("/fetch?http://127.0.0.1:1/", usual);
    assert_eq!(run["outcome"], "exception", "{run}");
    assert!(run["subrequests"][0]["denied_by"].is_string(), "{run}");
    let run = desk.run("/log?a", usual);
    let lines: Vec<_> = run["logs"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| (line["level"].as_str(), line["message"].as_str()))
        .collect();
    let wanted = [("debug", "d"), ("info", "i \"a\""), ("warn", "w"), ("error", "e")];
    assert_eq!(lines, wanted.map(|(level, message)| (Some(level), Some(message))));
}

#[test]
fn bodies_stream_both_ways_and_compiled_code_is_kept() {
    let desk = Desk::new();
    desk.deploy(PROBE);
    let mut stream = TcpStream::connect(desk.0.address("ingress")).expect("connected");
    let head = "POST /echo HTTP/1.1\r\nhost: native--demo.localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    let mut seen = Vec::new();
    for part in ["one", "two"] {
        stream.write_all(format!("3\r\n{part}\r\n").as_bytes()).expect("sent");
        // The echo of this part comes before the next is sent.
        while !seen.windows(3).any(|found| found == part.as_bytes()) {
            let mut piece = [0; 512];
            let read = stream.read(&mut piece).expect("an answer");
            assert!(read > 0, "{}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&piece[..read]);
        }
    }
    stream.write_all(b"0\r\n\r\n").expect("sent");
    stream.read_to_end(&mut seen).expect("the end");
    assert!(seen.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&seen));
    let ticks = desk.run("/ticks", "{}");
    assert_eq!(ticks["response"]["body"]["text"], "tick 0;tick 1;tick 2;", "{ticks}");

    let kept = std::fs::read_dir(desk.0.folder.path().join("data/engine")).expect("a folder").flatten();
    let kept: Vec<_> = kept.filter(|file| file.file_name().to_string_lossy().starts_with("component-")).collect();
    assert!(!kept.is_empty());
}

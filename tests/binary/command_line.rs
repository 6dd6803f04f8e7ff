//! The built `isolet` as a newcomer uses it: what goes to stdout and to stderr, what the exit code says, and what is kept between
//! calls. What code can do is tested in `tests/tests`.

mod up;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use up::{Up, cache, isolet};

/// A finished call.
#[derive(Debug)]
struct Ran {
    exit: i32,
    stdout: String,
    stderr: String,
}

/// A folder to work in, and what is in it.
struct Desk {
    folder: tempfile::TempDir,
    cache: PathBuf,
}

impl Desk {
    /// With these files, and the cache that all tests share.
    fn with(files: &[(&str, &str)]) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder"), cache: cache().to_owned() };
        for (name, text) in files {
            let path = desk.path(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn call(&self, arguments: &[&str]) -> Ran {
        self.call_with(arguments, &[])
    }

    fn call_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = isolet();
        command.current_dir(self.folder.path()).env("XDG_CACHE_HOME", &self.cache).args(arguments);
        let output = command.envs(variables.iter().copied()).output().expect("it starts");
        Ran {
            exit: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.call(arguments);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }
}

/// Code whose handler is `body`.
fn handler(body: &str) -> String {
    format!("export default {{ async fetch(request, env, ctx) {{ {body} }} }}")
}

const HELLO: &str = "export default { fetch: () => new Response('hi') }";

/// Says what reached it.
const ECHO: &str = "export default { async fetch(request, env) { return Response.json({ method: request.method,
    url: request.url, type: request.headers.get('content-type'), body: await request.text(), env }) } }";

#[test]
fn the_answer_goes_to_stdout_and_logs_to_stderr() {
    let text =
        "export default {\n  fetch() {\n    console.warn('careful', { n: 1 });\n    return new Response('done') } }";
    let ran = Desk::with(&[("main.js", text)]).call(&["run", "main.js"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, "done\n"), "{ran:?}");
    assert_eq!(ran.stderr, " warn careful { n: 1 }  (main.js:3)\n");
    let ran = Desk::with(&[]).call(&["run", "--eval", HELLO]);
    assert_eq!((ran.exit, ran.stdout.as_str(), ran.stderr.as_str()), (0, "hi\n", ""));
    // A failure that the code itself answers is an answer.
    let ran = Desk::with(&[]).call(&["run", "-e", &handler("return new Response('no', { status: 404 })")]);
    assert_eq!((ran.exit, ran.stdout.as_str(), ran.stderr.as_str()), (0, "no\n", "status 404\n"));
}

#[test]
fn prompt_data_and_variables_reach_the_code() {
    let desk = Desk::with(&[("echo.js", ECHO), ("body.json", "{\"from\": \"a file, ü\"}")]);
    let said = |arguments: &[&str]| -> Value {
        let ran = desk.call(&[&["run", "echo.js"], arguments].concat());
        assert_eq!(ran.exit, 0, "{ran:?}");
        serde_json::from_str(&ran.stdout).expect("JSON")
    };
    let plain = said(&[]);
    assert_eq!((&plain["method"], &plain["url"]), (&"GET".into(), &"http://sandbox/".into()), "{plain}");
    let prompt = said(&["--prompt", "a b&c=ü"]);
    assert_eq!(prompt["method"], "GET");
    assert!(prompt["url"].as_str().expect("a URL").starts_with("http://sandbox/run?q=a%20b%26c%3D%C3%BC"), "{prompt}");
    let data = said(&["-d", "{\"x\": 1}"]);
    assert_eq!((&data["method"], &data["body"]), (&"POST".into(), &"{\"x\": 1}".into()));
    assert_eq!(data["type"], "application/json");
    assert_eq!(said(&["-d", "@body.json"])["body"], "{\"from\": \"a file, ü\"}");
    let both = said(&["-d", "x", "-p", "a b"]);
    assert_eq!((&both["method"], &both["url"]), (&"POST".into(), &"http://sandbox/run?q=a%20b".into()), "{both}");
    let there = said(&["--path", "/items/7?all"]);
    assert_eq!((&there["method"], &there["url"]), (&"GET".into(), &"http://sandbox/items/7?all".into()), "{there}");
    assert_eq!(said(&["--path", "/echo", "-d", "x"])["url"], "http://sandbox/echo");
    let env = said(&["--env", "A=1", "--env", "B=x=y", "--env", "C="]);
    assert_eq!(env["env"], serde_json::json!({ "A": "1", "B": "x=y", "C": "" }));
}

#[test]
fn json_is_the_whole_result_and_nothing_else() {
    let text = handler("console.log('said'); return new Response('hi', { headers: { 'x-a': 'b' } })");
    let desk = Desk::with(&[("main.js", &text), ("bad.js", "export default {")]);
    let ran = desk.call(&["run", "main.js", "--json"]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""));
    let result: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let named: Vec<&str> = result.as_object().expect("an object").keys().map(String::as_str).collect();
    for name in
        "id outcome version cached cold response error logs logs_truncated subrequests timing usage warnings".split(' ')
    {
        assert!(named.contains(&name), "{name}: {named:?}");
    }
    assert_eq!((&result["outcome"], &result["error"]), (&"ok".into(), &Value::Null));
    assert_eq!((&result["response"]["status"], &result["response"]["body"]["text"]), (&200.into(), &"hi".into()));
    assert!(result["response"]["headers"].as_array().expect("a list").contains(&serde_json::json!(["x-a", "b"])));
    let line = &result["logs"][0];
    assert_eq!((&line["message"], &line["file"], &line["line"]), (&"said".into(), &"main.js".into(), &1.into()));
    for name in ["build_ms", "compile_ms", "instantiate_ms", "run_ms", "ttfb_ms", "total_ms"] {
        assert!(result["timing"][name].is_number(), "{name}: {result}");
    }
    for name in ["cpu_ms", "memory_peak_bytes", "egress_bytes"] {
        assert!(result["usage"][name].is_number(), "{name}: {result}");
    }
    // No run at all is a problem document.
    let ran = desk.call(&["run", "bad.js", "--json"]);
    let problem: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.exit, &problem["code"], &problem["status"]), (22, &"build_failed".into(), &422.into()));
}

#[test]
fn the_exit_code_is_the_outcome() {
    let desk = Desk::with(&[]);
    let patient = ("ISOLET_LIMITS__CPU_MS", "5000");
    let hasty = ("ISOLET_LIMITS__WALL_MS", "100");
    for (text, variable, outcome, exit) in [
        (handler("return new Response('')"), patient, "ok", 0),
        (handler("throw new Error('no')"), patient, "exception", 10),
        (handler("await new Promise(() => {})"), patient, "no_response", 11),
        (handler("for (;;);"), ("ISOLET_LIMITS__CPU_MS", "20"), "cpu_limit", 12),
        (handler("await new Promise(done => setTimeout(done, 60000))"), hasty, "wall_limit", 13),
        (handler("const all = []; for (;;) all.push(new Uint8Array(1 << 20))"), patient, "memory_limit", 14),
        (handler("(function f() { f() })()"), patient, "stack_limit", 15),
        (handler("return new Response('', { headers: { a: 'x'.repeat(70000) } })"), patient, "output_limit", 16),
        ("throw new Error('at start')".to_owned(), patient, "startup_failed", 20),
        ("for (;;);".to_owned(), ("ISOLET_LIMITS__STARTUP_CPU_MS", "20"), "startup_limit", 21),
        ("export default {".to_owned(), patient, "build_failed", 22),
        ("(".repeat(1_000_000), patient, "build_failed", 22),
        ("1;".repeat(1_000_000), ("ISOLET_LIMITS__BUILD_CPU_MS", "20"), "build_limit", 23),
    ] {
        std::fs::write(desk.path("main.js"), &text).expect("written");
        let ran = desk.call_with(&["run", "main.js"], &[variable]);
        assert_eq!(ran.exit, exit, "{outcome}: {ran:?}");
        let named = outcome == "ok" || ran.stderr.contains(&format!("error: {outcome}: "));
        assert!(named, "{outcome}: {ran:?}");
    }
}

#[test]
fn faults_show_their_place_and_the_lines_around_it() {
    let throwing = "const a = 1;\nexport default { fetch() {\n\tconst b = null;\n\treturn new Response(b.text);\n} }\n";
    let broken = "import { a } from './lib/a.js';\nexport default { fetch: () => new Response(a) }\n";
    let desk =
        Desk::with(&[("throws.js", throwing), ("main.js", broken), ("lib/a.js", "export const a = 1;\nlet 2 = 3;\n")]);
    let ran = desk.call(&["run", "throws.js"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (10, ""), "{ran:?}");
    assert!(ran.stderr.contains("--> throws.js:4:"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("    3 | \tconst b = null;\n    4 | \treturn new Response(b.text);\n"),
        "{}",
        ran.stderr
    );
    let caret = ran.stderr.lines().find(|line| line.ends_with('^')).expect("a caret");
    assert!(caret.starts_with("      | \t"), "{caret:?}");
    for verb in ["run", "check"] {
        let ran = desk.call(&[verb, "main.js"]);
        assert_eq!((ran.exit, ran.stdout.as_str()), (22, ""), "{ran:?}");
        assert!(ran.stderr.contains("error: build_failed: "), "{}", ran.stderr);
        assert!(ran.stderr.contains("--> lib/a.js:2:"), "{}", ran.stderr);
        assert!(ran.stderr.contains("    2 | let 2 = 3;\n      |     ^"), "{}", ran.stderr);
    }
}

#[test]
fn a_mistake_in_the_call_is_named_and_is_no_outcome() {
    let desk = Desk::with(&[("main.js", HELLO), ("photo.bin", "x")]);
    for (arguments, named) in [
        (&["run", "absent.js"][..], "absent.js"),
        (&["run", "photo.bin"], "photo.bin"),
        (&["run", "main.js", "--no-such-flag"], "--no-such-flag"),
        (&["run"], "<FILE>"),
        (&["run", "main.js", "--eval", "x"], "--eval"),
        (&["run", "main.js", "--env", "NOVALUE"], "NOVALUE"),
        (&["run", "main.js", "-d", "@absent.json"], "absent.json"),
        (&["run", "main.js", "--url", "http://127.0.0.1:1"], "admin.key"),
        (&["run", "main.js", "--url", "http://127.0.0.1:1", "--key-file", "main.js"], "http://127.0.0.1:1"),
        (&["build", "main.js"], "--output"),
        (&["build", "main.js", "-o", "no/such/folder.wasm"], "no/such/folder.wasm"),
        (&["frobnicate"], "frobnicate"),
        (&[], "Usage"),
    ] {
        let ran = desk.call(arguments);
        assert_eq!((ran.exit, ran.stdout.as_str()), (1, ""), "{arguments:?} {ran:?}");
        assert!(ran.stderr.contains(named), "{arguments:?} {ran:?}");
    }
    let ran = desk.call_with(&["run", "main.js"], &[("ISOLET_LIMITS__CPU", "5")]);
    assert_eq!((ran.exit, ran.stderr.contains("cpu")), (1, true), "{ran:?}");
    for asked in ["--help", "--version"] {
        let ran = desk.call(&[asked]);
        assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""), "{ran:?}");
        assert!(ran.stdout.contains("isolet"), "{ran:?}");
    }
}

#[test]
fn build_writes_a_component_and_check_only_tells() {
    let desk = Desk::with(&[("main.js", HELLO), ("bad.js", "\nexport default {{")]);
    let ran = desk.call(&["build", "main.js", "-o", "out.wasm"]);
    assert_eq!((ran.exit, ran.stdout.starts_with("out.wasm (")), (0, true), "{ran:?}");
    // A component, not a core module: version 13, layer 1.
    assert_eq!(std::fs::read(desk.path("out.wasm")).expect("there")[..8], *b"\0asm\x0d\0\x01\0");
    let ran = desk.call(&["build", "bad.js", "-o", "bad.wasm"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (22, ""), "{ran:?}");
    assert!(!desk.path("bad.wasm").exists());
    let ran = desk.call(&["check", "main.js"]);
    assert_eq!((ran.exit, ran.stdout.starts_with("ok: 1 module(s)")), (0, true), "{ran:?}");
    let good = desk.json(&["check", "main.js", "--json"]);
    assert_eq!((&good["ok"], good["digest"].is_string()), (&true.into(), true), "{good}");
    let bad = desk.json(&["check", "bad.js", "--json"]);
    assert_eq!((&bad["ok"], &bad["outcome"]), (&false.into(), &"build_failed".into()), "{bad}");
    assert_eq!((&bad["file"], &bad["line"]), (&"bad.js".into(), &2.into()), "{bad}");
}

#[test]
fn typescript_runs_and_all_its_mistakes_are_shown() {
    let main = "import { shout } from './lib/shout';\nimport legacy from './legacy.cjs';
        export default { fetch: (request: Request): Response => new Response(shout(legacy.word)) }";
    let desk = Desk::with(&[
        ("app/src/main.ts", main),
        ("app/src/lib/shout.ts", "export const shout = (text: string): string => text.toUpperCase();"),
        ("app/src/legacy.cjs", "exports.word = require('./word.json')"),
        ("app/src/word.json", "\"quiet\""),
        ("bad.ts", "import './gone';\nlet a: = 1;\nlet b: string = ;\n"),
        ("gone.ts.txt", ""),
    ]);
    let ran = desk.call(&["run", "app/src/main.ts"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, "QUIET\n"), "{ran:?}");
    let ran = desk.call(&["check", "app"]);
    assert_eq!((ran.exit, ran.stdout.starts_with("ok: 4 module(s)")), (0, true), "{ran:?}");
    for verb in ["run", "check"] {
        let ran = desk.call(&[verb, "bad.ts"]);
        assert_eq!(ran.exit, 22, "{ran:?}");
        for shown in ["--> bad.ts:2:", "    2 | let a: = 1;"] {
            assert!(ran.stderr.contains(shown), "{shown}: {ran:?}");
        }
    }
    let told = desk.json(&["check", "bad.ts", "--json"]);
    assert_eq!((&told["ok"], &told["diagnostics"][0]["line"]), (&false.into(), &2.into()), "{told}");
}

#[test]
fn what_a_module_imports_comes_along() {
    let main =
        "import { shout } from './lib/shout.js';\nimport text from './lib/note.txt';\nimport data from './data.json';
        export default { fetch: () => new Response(shout(text.trim() + data.n)) }";
    let desk = Desk::with(&[
        ("app/main.js", main),
        (
            "app/lib/shout.js",
            "import { mark } from '../mark.mjs';\nexport const shout = text => text.toUpperCase() + mark",
        ),
        ("app/mark.mjs", "export const mark = '!'"),
        ("app/lib/note.txt", "grüße\n"),
        ("app/data.json", "{\"n\": 5}"),
    ]);
    let ran = desk.call(&["run", "app/main.js"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, "GRÜSSE5!\n"), "{ran:?}");
    std::fs::remove_file(desk.path("app/mark.mjs")).expect("removed");
    let ran = desk.call(&["run", "app/main.js"]);
    assert_eq!((ran.exit, ran.stderr.contains("lib/shout.js:1:")), (22, true), "{ran:?}");
    assert!(ran.stderr.contains("mark.mjs"), "{ran:?}");
}

#[test]
fn what_nobody_reads_or_a_disk_does_not_take_ends_in_a_line() {
    let desk = Desk::with(&[("main.js", &handler("return new Response('x'.repeat(100000))"))]);
    for arguments in [&["types", "-"][..], &["completions", "bash"], &["run", "--json", "main.js"]] {
        let run = |stdout: std::process::Stdio| {
            let mut command = isolet();
            command.current_dir(desk.folder.path()).env("XDG_CACHE_HOME", &desk.cache).args(arguments);
            command.stdout(stdout).output().expect("it starts")
        };
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ran = run(writer.into());
        assert_eq!((ran.status.code(), ran.stderr.is_empty()), (Some(141), true), "{arguments:?} {ran:?}");
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let ran = run(full.into());
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!((ran.status.code(), said.lines().count()), (Some(1), 1), "{arguments:?} {ran:?}");
        assert!(said.starts_with("error: cannot write to standard output: No space left"), "{said}");
    }
}

#[test]
fn an_address_that_is_no_hosts_is_named() {
    let host = Up::start(&[]);
    let (desk, key) = (Desk::with(&[("main.js", HELLO)]), host.key_file());
    let at = format!("http://{}/foo", host.address("control_plane"));
    for verb in [
        &["tenant", "list"][..],
        &["versions", "list", "--name", "hello"],
        &["audit", "--verify"],
        &["deploy", "main.js"],
        &["run", "main.js"],
    ] {
        let ran = desk.call(&[verb, &["--url", &at, "--key-file", key.to_str().expect("text")]].concat());
        assert_eq!((ran.exit, ran.stderr.contains("something else than isolet's API")), (1, true), "{verb:?} {ran:?}");
    }
}

#[test]
fn text_arrives_as_it_is_and_nothing_is_coloured_for_a_file() {
    let said = "naïve 日本語 😀\u{200d}";
    let text = handler(&format!("console.log('\\x1b[31mred'); return new Response('{said}')"));
    let desk = Desk::with(&[("main.js", &text), ("throws.js", &handler("\nthrow new Error('\\x1b]0;owned\\x07')"))]);
    for variables in [&[][..], &[("NO_COLOR", "1")], &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]] {
        let ran = desk.call_with(&["run", "main.js"], variables);
        assert_eq!((ran.exit, ran.stdout), (0, format!("{said}\n")));
        assert!(ran.stderr.contains("\\u{1b}[31mred"), "{}", ran.stderr);
        for arguments in [&["run", "throws.js"][..], &["run", "--no-such-flag"], &["--help"], &["check", "absent.js"]] {
            let ran = desk.call_with(arguments, variables);
            assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains(['\u{1b}', '\u{7}']), "{ran:?}");
        }
    }
}

#[test]
fn a_run_on_a_host_is_on_record_there() {
    let host = Up::start(&[]);
    let desk = Desk::with(&[("echo.js", ECHO), ("main.js", &handler("\nthrow new TypeError('no')"))]);
    let (url, key) = (host.started["control_plane"].as_str().expect("an address"), host.key_file());
    let key = key.to_str().expect("text");
    let there = |arguments: &[&str]| desk.call(&[&["run", "--url", url, "--key-file", key], arguments].concat());
    let ran = there(&["echo.js", "--prompt", "from the command line", "--env", "WHO=secret-value"]);
    assert_eq!((ran.exit, ran.stdout.contains("secret-value")), (0, true), "{ran:?}");
    let ran = there(&["main.js"]);
    assert_eq!((ran.exit, ran.stderr.contains("--> main.js:2:")), (10, true), "{ran:?}");
    let (status, body) = host.api("GET", "/v1/tenants/demo/runs", "");
    let runs: Value = serde_json::from_str(&body).expect("JSON");
    let outcomes: Vec<&str> =
        runs["data"].as_array().expect("a list").iter().map(|run| run["outcome"].as_str().expect("named")).collect();
    assert_eq!((status, outcomes), (200, vec!["exception", "ok", "ok"]), "the two, and the one of the first start");
    assert_eq!(runs["data"][1]["prompt"], "from the command line");
    assert!(!body.contains("secret-value"));
    // Through the variables instead, with a key that is none, and as a tenant that is not there.
    let ran = desk.call_with(&["run", "echo.js"], &[("ISOLET_URL", url), ("ISOLET_KEY_FILE", key)]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    let ran = desk.call(&["run", "echo.js", "--url", url, "--key-file", "echo.js"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (1, ""), "{ran:?}");
    let ran = there(&["echo.js", "--tenant", "nobody"]);
    assert_eq!((ran.exit, ran.stderr.contains("tenant_not_found")), (33, true), "{ran:?}");
}

#[test]
fn what_takes_long_is_said_on_stderr() {
    let mut desk = Desk::with(&[("main.js", HELLO)]);
    desk.cache = desk.path("cache");
    let ran = desk.call(&["run", "main.js"]);
    assert_eq!((ran.exit, ran.stdout.as_str()), (0, "hi\n"), "{ran:?}");
    assert!(ran.stderr.starts_with("Compiling the JavaScript engine"), "{ran:?}");
    let ran = desk.call(&["run", "main.js"]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("hi\n", ""));
}

#[test]
fn what_was_built_is_kept_but_never_trusted_unchecked() {
    let mut desk = Desk::with(&[(
        "main.js",
        "const made = ['a', 'b'].join(); export default { fetch: () => new Response(made) }",
    )]);
    desk.cache = desk.path("cache");
    let engine = desk.cache.join("isolet/engine");
    std::fs::create_dir_all(&engine).expect("made");
    for file in std::fs::read_dir(cache().join("isolet/engine")).expect("a folder") {
        let file = file.expect("a file");
        if !file.file_name().to_string_lossy().starts_with("overlay-") {
            std::fs::copy(file.path(), engine.join(file.file_name())).expect("copied");
        }
    }
    let cached = |file: &str| {
        let result = desk.json(&["run", file, "--json"]);
        assert_eq!(
            (&result["outcome"], &result["response"]["body"]["text"]),
            (&"ok".into(), &"a,b".into()),
            "{result}"
        );
        assert_eq!(result["cold"], !result["cached"].as_bool().expect("a flag"));
        result["cached"] == true
    };
    assert_eq!([cached("main.js"), cached("main.js")], [false, true]);
    let kept = overlays(&engine);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(std::fs::metadata(&kept[0]).expect("there").permissions().mode() & 0o777, 0o600);
    let whole = std::fs::read(&kept[0]).expect("readable");
    // Anywhere: in the authentication, in the numbers before the data, in the data, at the end.
    for place in [0, 40, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        std::fs::write(&kept[0], &bytes).expect("written");
        assert_eq!([cached("main.js"), cached("main.js")], [false, true], "byte {place}");
    }
    // Nor is one that was made with another key.
    std::fs::write(engine.join("cache.key"), [7; 32]).expect("written");
    assert!(!cached("main.js"));
    // Other code is other code, and `check` neither takes nor leaves anything.
    std::fs::copy(desk.path("main.js"), desk.path("other.js")).expect("copied");
    assert_eq!(desk.call(&["check", "other.js"]).exit, 0);
    assert_eq!((overlays(&engine).len(), cached("other.js"), overlays(&engine).len()), (1, false, 2));
}

fn overlays(engine: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(engine).expect("a folder").map(|file| file.expect("a file").path());
    files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("overlay-"))).collect()
}

//! What is wrong with code, told all at once and in the right place, by builds, `POST /v1/check` and run answers; and code that is
//! hostile to whoever reads it.

use std::time::Duration;

use isolet_domain::execute::{BuildError, GuestError};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_tests::guest::{get, modules, prepare, run};
use isolet_tests::host::TestHost;
use serde_json::{Value, json};

async fn refused(map: &[(&str, &str)]) -> (Outcome, GuestError) {
    match prepare(&modules(map), Limits::DEFAULT).await {
        Err(BuildError::Code { outcome, error }) => (outcome, error),
        Err(other) => panic!("refused for another reason: {other:?}"),
        Ok(_) => panic!("it was accepted"),
    }
}

/// `file:line:column message; help` of each.
fn lines(error: &GuestError) -> Vec<String> {
    let show = |one: &isolet_domain::execute::Diagnostic| {
        let place = one.position.clone().unwrap_or_default();
        let help = one.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}:{}:{} {}{help}", place.file, place.line, place.column, one.message)
    };
    error.diagnostics.iter().map(show).collect()
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let map = [
        (
            "main.ts",
            "import { helo } from './lib/util';\nimport x from './lib/utl.js';\nexport default { fetch: () => new Response(helo + x) };",
        ),
        ("lib/util.ts", "export const hello: string = 'x';"),
        ("other.ts", "\nlet a: number = ;"),
    ];
    let (outcome, error) = refused(&map).await;
    assert_eq!(outcome, Outcome::BuildFailed);
    assert_eq!(
        lines(&error),
        [
            "other.ts:2:17 Unexpected token",
            "main.ts:1:10 module \"lib/util.ts\" has no export named \"helo\"; did you mean `hello`?",
            "main.ts:2:15 module \"./lib/utl.js\", imported by \"main.ts\", is not among the modules; did you mean \"./lib/util.ts\"?",
        ]
    );
    assert_eq!(error.position.map(|place| place.file), Some("other.ts".to_owned()));
}

#[tokio::test]
async fn plain_javascript_is_told_the_same_way() {
    for (text, line) in [
        (
            "import { x } from './lib.js'; export default { fetch: () => new Response(y) }",
            "main.js:1:10 module \"lib.js\" has no export named \"x\"; it exports y",
        ),
        (
            "\nimport './libs.js'",
            "main.js:2:8 module \"./libs.js\", imported by \"main.js\", is not among the modules; did you mean \"./lib.js\"?",
        ),
        ("\n\nconst f = (a: string) => a", "main.js:3:13 "),
        ("const p = <p>hi</p>", "main.js:1:"),
    ] {
        let (outcome, error) = refused(&[("main.js", text), ("lib.js", "export const y = 1")]).await;
        assert!(matches!(outcome, Outcome::BuildFailed | Outcome::StartupFailed), "{outcome:?} {error:?}");
        assert!(lines(&error).first().is_some_and(|first| first.starts_with(line)), "{outcome:?} {error:?}");
    }
    let (_, error) = refused(&[("main.js", "const f = (a: string) => a")]).await;
    assert!(lines(&error)[0].contains("`.ts`"), "{:?}", lines(&error));
}

#[tokio::test]
async fn bad_regular_expressions_have_their_place() {
    for name in ["main.js", "main.ts", "main.cjs"] {
        for (text, line) in [
            ("\nlet x = /(/", format!("{name}:2:10 Invalid regular expression: Unterminated capturing group")),
            ("let x = 1, y = /[z-a]/", format!("{name}:1:19 Invalid regular expression: Character class atom range")),
        ] {
            let (outcome, error) = refused(&[(name, text)]).await;
            assert_eq!(outcome, Outcome::BuildFailed);
            assert!(lines(&error).first().is_some_and(|first| first.starts_with(&line)), "{error:?}");
        }
    }
    // What the engine takes is taken, whatever the front end thinks of it.
    let text = r"export default (): Response => new Response(/(?<\u0061>a)\k<a>/.exec('aa')!.groups!.a)";
    assert_eq!(run(&modules(&[("main.ts", text)]), get("/")).await.text(), "a");
}

#[tokio::test]
async fn a_second_default_export_is_no_matter_of_types() {
    let (_, error) = refused(&[("main.js", "export default () => 1\nexport default () => 2")]).await;
    let all = lines(&error);
    assert!(all[0].starts_with("main.js:2:8 ") && !all[0].contains("TypeScript"), "{all:?}");
}

#[tokio::test]
async fn nesting_that_is_too_deep_is_called_that_with_its_file() {
    let deep = |open: &str, close: &str, times: usize| {
        format!("export default {}1{}", open.repeat(times), close.repeat(times))
    };
    for text in [deep("(", ")", 3_000), deep("[", "]", 200_000)] {
        let map = [("main.js", "export { default } from './deep.js'"), ("deep.js", &*text)];
        let (outcome, error) = refused(&map).await;
        assert_eq!(outcome, Outcome::BuildFailed, "{error:?}");
        assert!(error.message.contains("the code of \"deep.js\" is nested too deeply"), "{}", error.message);
    }
}

#[tokio::test]
async fn modules_of_other_hosts_are_told_what_is_here_instead() {
    for specifier in ["cloudflare:workers", "process", "node:process"] {
        let text = format!("import {{ env }} from '{specifier}'\nexport default () => new Response(env.A)");
        let (_, error) = refused(&[("main.js", &text)]).await;
        let all = lines(&error);
        assert!(all[0].contains("second argument") && !all[0].contains("nothing is fetched"), "{all:?}");
    }
}

#[tokio::test]
async fn jsx_without_a_runtime_says_what_to_do() {
    let (_, error) = refused(&[("main.tsx", "\nexport default { fetch: () => new Response(<p>hi</p>) }")]).await;
    let line = &lines(&error)[0];
    assert!(line.starts_with("main.tsx:2:44 JSX in \"main.tsx\" needs the module \"react/jsx-runtime\""), "{line}");
    assert!(line.contains("@jsxImportSource") && line.contains("@jsx h"), "{line}");
}

#[tokio::test]
async fn nesting_without_end_stays_in_the_sandbox() {
    let deep = 1_000_000;
    for name in ["main.js", "main.ts", "main.cjs", "main.jsx"] {
        for text in [
            "[".repeat(deep),
            format!("export default {}{}", "[".repeat(deep), "]".repeat(deep)),
            "(".repeat(deep),
            "{".repeat(deep),
            "`${".repeat(deep / 10),
            format!("var x = {}1", "-".repeat(deep)),
            format!("x{}", "?.a".repeat(deep / 4)),
            format!("var x = 1{}", "+1".repeat(deep / 2)),
            "<a>".repeat(deep / 10),
            format!("type X = {}", "A<".repeat(deep / 10)),
        ] {
            match prepare(&modules(&[(name, &text)]), Limits::DEFAULT).await {
                Err(BuildError::Code { outcome, error }) => {
                    let named = matches!(
                        outcome,
                        Outcome::BuildFailed | Outcome::BuildLimit | Outcome::StartupFailed | Outcome::StartupLimit
                    );
                    assert!(named && !error.message.is_empty(), "{name} {outcome:?} {error:?}");
                }
                Err(other) => panic!("{name}: {other:?}"),
                Ok(_) => panic!("{name}: accepted"),
            }
        }
    }
    // And whoever comes next is served.
    let ran =
        run(&modules(&[("main.ts", "export default { fetch: (): Response => new Response('alive') }")]), get("/"))
            .await;
    assert_eq!(ran.text(), "alive");
}

#[tokio::test]
async fn a_build_that_takes_too_long_says_what_did_and_of_how_much() {
    let plain = format!("exports.a = [{}]", "{ a: 1, b: 'two' }, ".repeat(40_000));
    let typed = format!(
        "const a: unknown[] = [{}]\nexport default () => new Response('x')",
        "(a: number) => a, ".repeat(20_000)
    );
    for (name, text) in [("main.js", plain), ("main.ts", typed)] {
        let mut ms = 10;
        loop {
            let build_cpu = Duration::from_millis(ms);
            let message = match prepare(&modules(&[(name, &text)]), Limits { build_cpu, ..Limits::DEFAULT }).await {
                Err(BuildError::Code { outcome: Outcome::BuildLimit, error }) => error.message,
                // It compiled.
                _ if ms > 10 => break,
                other => panic!("{name} was not stopped: {:?}", other.err()),
            };
            let used_up = |what: &str| message == format!("{what} used up its {ms} ms of CPU");
            let both = ms > 10 && used_up("reading and compiling the code");
            assert!(both || used_up("reading the code"), "{name}: {message}");
            ms *= 2;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_an_editor_and_runs_nothing() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme", "f", "export default { fetch: () => new Response('x') }").await;
    let check = |modules: Value, main: &str| json!({ "modules": modules, "main_module": main });
    let good = check(json!({ "main.ts": "for (;;) {}\nexport const x: number = import.meta.url.length" }), "main.ts");
    for key in [&host.key, &tenant] {
        let reply = host.api_as(key, "POST", "/v1/check", Some(good.clone())).await;
        assert_eq!((reply.status, reply.json()), (200, json!({ "ok": true, "diagnostics": [] })), "{}", reply.text());
    }
    let bad = check(
        json!({ "main.tsx": "let ä = 'ö'; let b: = 1", "gone.js": "import('./nope.js')", "a.json": "[1" }),
        "main.tsx",
    );
    let said = host.api_as(&tenant, "POST", "/v1/check", Some(bad)).await.json();
    assert_eq!(said["ok"], false, "{said}");
    let first = &said["diagnostics"][0];
    assert_eq!(
        (&first["severity"], &first["file"], &first["line"], &first["column"]),
        (&json!("error"), &json!("main.tsx"), &json!(1), &json!(21)),
        "{said}"
    );
    let warning = &said["diagnostics"][1];
    assert_eq!(
        (&warning["severity"], &warning["code"], &warning["length"]),
        (&json!("warning"), &json!("unknown_module"), &json!(11)),
        "{said}"
    );
    // What only the engine knows is told too.
    let bad = check(json!({ "main.js": "import x from './a.json'; export default x", "a.json": "[1" }), "main.js");
    let said = host.api_as(&tenant, "POST", "/v1/check", Some(bad)).await.json();
    assert_eq!((&said["ok"], &said["diagnostics"][0]["file"]), (&json!(false), &json!("a.json")), "{said}");
    let deep = check(json!({ "main.ts": "[".repeat(1_000_000) }), "main.ts");
    let reply = host.api_as(&tenant, "POST", "/v1/check", Some(deep)).await;
    assert!(reply.status == 422 || reply.json()["ok"] == false, "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_carry_every_error_with_its_module_and_lines() {
    let host = TestHost::start().await;
    let code = json!({ "modules": { "a/main.ts": "import './b';\nlet x: number = 1;\nimport './c';" }, "main_module": "a/main.ts" });
    let reply = host.api("POST", "/v1/tenants/demo/runs", Some(json!({ "code": code.clone() }))).await;
    let problem = reply.json();
    assert_eq!((reply.status, &problem["code"]), (422, &json!("build_failed")), "{problem}");
    let errors = problem["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 2, "{problem}");
    let second = &errors[1];
    assert_eq!(second["pointer"], "/code/modules/a~1main.ts");
    assert_eq!(
        (&second["file"], &second["line"], &second["column"], &second["length"]),
        (&json!("a/main.ts"), &json!(3), &json!(8), &json!(5))
    );
    assert!(
        second["help"].is_string()
            && second["frame"].as_str().is_some_and(|frame| frame.contains(">     3 | import './c';")),
        "{second}"
    );
    assert_eq!(second["code"], "unknown_module");
    host.api("PUT", "/v1/tenants/demo/functions/typed", Some(json!({}))).await;
    let path = "/v1/tenants/demo/functions/typed/deploy";
    let problem = host.api("POST", path, Some(code)).await.json();
    assert_eq!(problem["errors"][0]["pointer"], "/modules/a~1main.ts", "{problem}");
    // What can be mended is deployed, and its run says what reading it took.
    let code = json!({ "modules": { "main.ts": "export default { fetch: (): Response => new Response('ts') }" }, "main_module": "main.ts" });
    let deployed = host.api("POST", path, Some(code.clone())).await;
    assert_eq!(deployed.status, 200, "{}", deployed.text());
    assert_eq!(host.get("typed", "demo", "/").await.text(), "ts");
    let ran = host.api("POST", "/v1/tenants/demo/runs", Some(json!({ "code": code, "reuse": "none" }))).await.json();
    assert!(ran["timing"]["front_end_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_cannot_be_are_refused_by_name() {
    let host = TestHost::start().await;
    for (name, module, code, word) in [
        ("a.wasm", json!({ "wasm": "AGFzbQ==" }), "invalid_code", "component"),
        ("a.wasm", json!("x"), "invalid_code", "component"),
        ("a.bin", json!({ "data": "not base64" }), "invalid_code", "base64"),
        ("a.py", json!("x"), "invalid_code", "ending"),
        ("../a.ts", json!("x"), "invalid_code", "module name"),
        ("a\u{0}.ts", json!("x"), "invalid_code", "module name"),
        ("a?cjs", json!("x"), "invalid_code", "module name"),
    ] {
        let modules = json!({ "main.js": "export default 1", name: module });
        let reply = host.api("POST", "/v1/check", Some(json!({ "modules": modules, "main_module": "main.js" }))).await;
        let problem = reply.json();
        assert_eq!((reply.status, problem["code"].as_str()), (422, Some(code)), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(word)), "{problem}");
    }
    let twice = br#"{"modules": {"main.ts": "1", "main.ts": "2"}, "main_module": "main.ts"}"#;
    let reply = host.raw(&host.key, "POST", "/v1/check", twice.to_vec()).await;
    assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("malformed_request")), "{}", reply.text());
}

//! What guest code can do and how it ends, on the runtime itself. HTTP around it is tested in `server.rs`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt as _;
use isolet_domain::access::TenantScope;
use isolet_domain::execute::{BuildError, GuestExecutor as _, Invocation, Place, PrepareOptions, Report};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_tests::guest::{Ran, Send, code, executor, get, modules, prepare, run, run_prepared};

/// The body of a handler with `request`, `env` and `ctx`.
async fn handler(body: &str, send: Send) -> Ran {
    run(&code(&format!("export default {{ async fetch(request, env, ctx) {{ {body} }} }}")), send).await
}

async fn refused(text: &str) -> (Outcome, isolet_domain::execute::GuestError) {
    match prepare(&code(text), Limits::DEFAULT).await {
        Err(BuildError::Code { outcome, error }) => (outcome, error),
        Err(other) => panic!("refused for another reason: {other:?}"),
        Ok(_) => panic!("it was accepted"),
    }
}

#[tokio::test]
async fn a_handler_answers() {
    let ran = handler("return new Response('hi ' + new URL(request.url).searchParams.get('q'))", get("/?q=you")).await;
    assert_eq!((ran.status(), ran.text().as_str()), (Some(200), "hi you"), "{:?}", ran.report);
    assert_eq!(ran.report.outcome, Outcome::Ok);
    assert!(ran.clean && ran.report.usage.cpu > Duration::ZERO && ran.report.usage.memory_peak_bytes > 1 << 20);
    assert_eq!(ran.head.expect("a head").headers["content-type"], "text/plain;charset=UTF-8");
}

#[tokio::test]
async fn bodies_go_in_and_out() {
    let body: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let send = Send { method: "POST", body: body.clone(), ..Send::default() };
    let ran =
        handler("return new Response(await request.arrayBuffer(), {status: 201, headers: {'x-a': 'b'}})", send.clone())
            .await;
    assert_eq!((ran.status(), ran.body == body), (Some(201), true), "{:?}", ran.report);
    let ran = handler("return new Response(request.body)", send).await;
    assert!(ran.clean && ran.body == body, "{:?} {}", ran.report, ran.body.len());
}

#[tokio::test]
async fn a_streamed_response_arrives_in_order() {
    let ran = handler(
        "let n = 0; return new Response(new ReadableStream({ async pull(c) { await new Promise(r => setTimeout(r, 2));
          if (n === 5) return c.close(); c.enqueue(new TextEncoder().encode('chunk ' + n++ + '\\n')); } }))",
        get("/"),
    )
    .await;
    assert_eq!(ran.text(), "chunk 0\nchunk 1\nchunk 2\nchunk 3\nchunk 4\n", "{:?}", ran.report);
    assert!(ran.clean);
}

#[tokio::test]
async fn the_environment_is_the_functions_own() {
    let send = Send { env: vec![("WHO".into(), "tenant".into())], ..Send::default() };
    let ran = handler(
        "return Response.json({env, g: typeof process, d: typeof Deno, j: typeof Javy, n: typeof __native})",
        send,
    )
    .await;
    assert_eq!(
        ran.text(),
        r#"{"env":{"WHO":"tenant"},"g":"undefined","d":"undefined","j":"undefined","n":"undefined"}"#
    );
}

#[tokio::test]
async fn modules_import_each_other() {
    let code = modules(&[
        (
            "main.js",
            "import { up } from './lib/up.js'; import data from './data.json'; import t from './t.txt';\nexport default { fetch: () => new Response(up(data.a) + t) }",
        ),
        ("lib/up.js", "import { inner } from '../inner.js'; export const up = s => inner(s)"),
        ("inner.js", "export const inner = s => s.toUpperCase()"),
        ("data.json", "{\"a\": \"abc\"}"),
        ("t.txt", "!\u{2028}\"\\"),
    ]);
    let ran = run(&code, get("/")).await;
    assert_eq!(ran.text(), "ABC!\u{2028}\"\\", "{:?}", ran.report);
}

#[tokio::test]
async fn no_state_survives_a_request() {
    let prepared = prepare(
        &code(
            "let n = 0; globalThis.x ??= 0; export default { fetch: () => new Response(`${++n} ${++globalThis.x}`) }",
        ),
        Limits::DEFAULT,
    )
    .await
    .expect("builds");
    for _ in 0..20 {
        assert_eq!(run_prepared(&prepared, get("/")).await.text(), "1 1");
    }
}

#[tokio::test]
async fn lines_of_start_up_do_not_keep_those_of_a_request_from_being_written() {
    let text = "console.log('boot'); export default { fetch(request, env, ctx) {
        console.log('seen'); ctx.waitUntil((async () => { await 0; console.error('later') })());
        if (request.url.endsWith('throw')) throw new Error('real');
        return new Response('ok') } }";
    let ran = run(&code(text), get("/")).await;
    assert_eq!((ran.report.outcome, ran.text().as_str()), (Outcome::Ok, "ok"), "{:?}", ran.report);
    let lines: Vec<&str> = ran.report.logs.iter().map(|line| &*line.message).collect();
    assert_eq!(lines, ["seen", "later"]);
    let ran = run(&code(text), get("/throw")).await;
    assert_eq!(
        (ran.report.outcome, ran.error().contains("Error: real")),
        (Outcome::Exception, true),
        "{:?}",
        ran.report
    );
}

#[tokio::test]
async fn the_host_is_among_the_requests_headers_and_copies_of_it_do_no_harm() {
    let ran = handler(
        "const copy = new Request('http://example.com/', request); copy.headers.append('x', 'y');
         const failed = await fetch(copy).catch((error) => error.message);
         return Response.json([request.headers.get('host'), new URL(request.url).host, [...request.headers].filter(([name]) => name === 'host').length, failed])",
        get("/"),
    )
    .await;
    let said: serde_json::Value = serde_json::from_str(&ran.text()).expect("JSON");
    assert_eq!((&said[0], &said[2]), (&said[1], &1.into()), "{said}");
    assert!(!said[3].as_str().expect("text").contains("header"), "{said}");
}

#[tokio::test]
async fn an_echo_of_the_requests_headers_is_answered_without_those_that_are_the_hosts() {
    let send = Send { method: "POST", headers: vec![("x-a", "b")], body: b"hello".to_vec(), ..get("/") };
    let ran = handler("return new Response(request.body, { headers: request.headers })", send).await;
    assert_eq!((ran.status(), ran.text().as_str()), (Some(200), "hello"), "{:?}", ran.report);
    assert_eq!(ran.head.expect("a head").headers["x-a"], "b");
    // All that `wasi:http` refuses, and two that it does not.
    let names = "connection host http2-settings keep-alive proxy-authenticate proxy-authorization proxy-connection te transfer-encoding upgrade";
    let body = format!(
        "return new Response('sent', {{ headers: Object.fromEntries('{names} X-Kept'.split(' ').map((name) => [name, 'x'])) }})"
    );
    let ran = handler(&body, get("/")).await;
    assert_eq!((ran.status(), ran.text().as_str()), (Some(200), "sent"), "{:?}", ran.report);
    let headers = ran.head.expect("a head").headers;
    assert_eq!(headers["x-kept"], "x");
    assert_eq!(names.split(' ').find(|name| headers.contains_key(*name)), None);
}

#[tokio::test]
async fn console_lines_carry_level_and_place() {
    let ran = handler("\nconsole.warn('careful', {a: 1});\nconsole.log('x');\nreturn new Response('')", get("/")).await;
    let logs = &ran.report.logs;
    assert_eq!(logs.len(), 2, "{logs:?}");
    assert_eq!((logs[0].level.as_str(), logs[0].message.as_str()), ("warn", "careful { a: 1 }"));
    let place = logs[0].position.as_ref().expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("main.js", 2));
}

#[tokio::test]
async fn exceptions_name_the_line() {
    for body in ["\nthrow new TypeError('no')", "\nawait null;\nthrow new TypeError('no')", "\nnull.x"] {
        let ran = handler(body, get("/")).await;
        assert_eq!((ran.report.outcome, ran.status()), (Outcome::Exception, None), "{:?}", ran.report);
        let error = ran.report.error.expect("an error");
        assert!(error.message.starts_with("TypeError: "), "{error:?}");
        let place = error.position.expect("a place");
        assert_eq!((place.file.as_str(), place.line > 1), ("main.js", true), "{body}");
    }
    let ran = handler("throw 'just text'", get("/")).await;
    assert!(ran.error().contains("just text"), "{}", ran.error());
}

#[tokio::test]
async fn the_commonest_mistakes_name_their_line_and_column() {
    for (body, line, column) in [
        ("const none = undefined;\nString(1);\nreturn none.length", 3, 13),
        ("const none = undefined;\nString(\n1 +\nnone[0])", 4, 1),
        ("const x = 1;\nreturn new Response(x +\nmissing)", 3, 1),
        ("const none = undefined;\nconst {\na } = none", 2, 7),
        ("const none = undefined;\nString(1);\nnone.x = 2", 3, 6),
        ("const o = {};\no\n.absent(1, 2)", 3, 2),
        ("JSON.parse(String(1));\nreturn JSON.parse('{')", 2, 13),
        ("function boom(a, b) { throw new Error(a) }\nreturn boom(\n'x',\nrequest.url)", 3, 1),
    ] {
        let error = handler(body, get("/")).await.report.error.expect("an error");
        let frame = error.stack.lines().find(|frame| frame.contains(" fetch ")).unwrap_or_default();
        assert!(frame.ends_with(&format!("(main.js:{line}:{column})")), "{body:?} {error:?}");
    }
}

#[tokio::test]
async fn a_handler_that_never_answers_is_named_at_once() {
    for body in ["await new Promise(() => {})", "return new Promise(() => {})"] {
        let ran = handler(body, get("/")).await;
        assert_eq!(ran.report.outcome, Outcome::NoResponse, "{:?}", ran.report);
        assert!(ran.report.timing.total < Duration::from_secs(5));
    }
    let ran = handler("return 5", get("/")).await;
    assert_eq!(ran.report.outcome, Outcome::Exception);
}

#[tokio::test]
async fn loops_end_at_the_cpu_limit_with_their_line() {
    for body in [
        "\nlet n = Math.abs(1); while(true){ n = Math.abs(n) }",
        "\nlet n = Math.abs(1); for(;;){ try { while(true){ n = Math.abs(n) } } catch {} }",
        "String(1);\nwhile(true){}",
        "String(1);\nfor(;;){}",
        "String(1);\nfor (let i = 0; ; i++) {}",
        // Stopped in the generator or in the loop, as it happens.
        "String(1);\nfunction* g() { for(;;) yield 1 } for (const x of g()) {}",
        "String(1);\ndo {} while (1)",
    ] {
        let ran = handler(body, get("/")).await;
        assert_eq!(ran.report.outcome, Outcome::CpuLimit, "{body} {:?}", ran.report);
        assert!(ran.report.usage.cpu < Duration::from_millis(80), "{body} {:?}", ran.report.usage);
        let error = ran.report.error.expect("an error");
        assert_eq!(error.position.as_ref().map(|place| place.line), Some(2), "{body} {error:?}");
    }
    // Stopped between two jobs, where no line is being run.
    for body in ["while (true) { await null }", "function f() { queueMicrotask(f) } f(); await new Promise(() => {})"] {
        let ran = handler(body, get("/")).await;
        assert_eq!(ran.report.outcome, Outcome::CpuLimit, "{body} {:?}", ran.report);
    }
}

#[tokio::test]
async fn work_inside_natives_ends_at_the_cpu_limit() {
    for body in [
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        "'x'.repeat(1e7).split('').sort().join('').length; while(1) [..'x'.repeat(1e6)].length"
            .replace("[..", "[...")
            .as_str(),
        "/a*a*a*a*a*b/.test('a'.repeat(5000))",
        "'a'.repeat(3e7).match(/[^b]b/g)",
        "'a'.repeat(3e7).replace(/a/g, 'b')",
        "JSON.stringify(JSON.parse('[' + '{\"a\":[1]},'.repeat(5e5) + '1]'))",
        "const a = Array.from({length: 1e6}, (_, i) => -i); for(;;) a.sort().reverse()",
    ] {
        let ran =
            handler(body, Send { limits: Limits { memory_bytes: 256 << 20, ..Limits::DEFAULT }, ..Send::default() })
                .await;
        assert_eq!(ran.report.outcome, Outcome::CpuLimit, "{body} {:?}", ran.report);
        assert!(ran.report.usage.cpu < Duration::from_millis(90), "{body} {:?}", ran.report.usage);
    }
}

#[tokio::test]
async fn the_least_memory_that_can_be_set_is_enough_to_answer() {
    let limits = Limits { memory_bytes: Limits::MIN_MEMORY_BYTES, ..Limits::DEFAULT };
    let body = "return Response.json(JSON.parse('[1, 2, 3]').map((n) => n * 2))";
    let ran = handler(body, Send { limits, ..Send::default() }).await;
    assert_eq!((ran.status(), ran.text().as_str()), (Some(200), "[2,4,6]"), "{:?}", ran.report);
    // And little more than it: what starts with less than the engine has is not worth setting.
    let below = Limits { memory_bytes: Limits::MIN_MEMORY_BYTES - (2 << 20), ..Limits::DEFAULT };
    let ran = handler(body, Send { limits: below, ..Send::default() }).await;
    assert_eq!(ran.report.outcome, Outcome::MemoryLimit, "{:?}", ran.report);
}

#[tokio::test]
async fn memory_ends_at_its_limit() {
    let limits = Limits { cpu: Duration::from_secs(5), ..Limits::DEFAULT };
    for body in [
        "const a = []; for(;;) a.push(new Array(1000).fill(1.5))",
        "const a = []; for(;;) a.push(new Uint8Array(1 << 20))",
        "const m = new Map(); for(let i = 0;; i++) m.set(i, {i})",
        "new ArrayBuffer(2**31 - 1)",
        "'x'.padEnd(2**29)",
    ] {
        let ran = handler(body, Send { limits, ..Send::default() }).await;
        assert_eq!(ran.report.outcome, Outcome::MemoryLimit, "{body} {:?}", ran.report);
        assert!(ran.report.usage.memory_peak_bytes <= limits.memory_bytes);
    }
    let ran = handler("let s = 'x'; for(;;) s += s", Send { limits, ..Send::default() }).await;
    assert!(matches!(ran.report.outcome, Outcome::MemoryLimit | Outcome::Exception), "{:?}", ran.report);
    let ran = handler(
        "try { new Uint8Array(2**30) } catch (e) { return new Response('coped') }",
        Send { limits, ..Send::default() },
    )
    .await;
    assert_eq!((ran.report.outcome, ran.text().as_str()), (Outcome::Ok, "coped"));
}

#[tokio::test]
async fn recursion_is_a_range_error() {
    let ran = handler(
        "let n = 0; function f() { n++; f() } try { f() } catch (e) { return new Response(e.name + (n > 500)) }",
        get("/"),
    )
    .await;
    assert_eq!(ran.text(), "RangeErrortrue", "{:?}", ran.report);
    for body in [
        "function f() { f() } f()",
        "const o = { toString() { return '' + o } }; '' + o",
        "const o = { get x() { return this.x } }; o.x",
        "const p = new Proxy({}, { get(t, k, r) { return r[k] } }); p.x",
        "const o = { toJSON() { return JSON.stringify(o) } }; JSON.stringify(o)",
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity)",
        "JSON.parse('['.repeat(1e6))",
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; structuredClone(a)",
        "new RegExp('('.repeat(1e5))",
    ] {
        let limits = Limits { cpu: Duration::from_secs(5), ..Limits::DEFAULT };
        let ran = handler(body, Send { limits, ..Send::default() }).await;
        assert!(
            matches!(ran.report.outcome, Outcome::StackLimit | Outcome::Exception | Outcome::NoResponse),
            "{body} {:?}",
            ran.report
        );
        assert_ne!(ran.report.outcome, Outcome::Internal, "{body}");
    }
    let ran = handler("function f() { f() } f()", get("/")).await;
    assert_eq!(ran.report.outcome, Outcome::StackLimit, "{:?}", ran.report);
}

#[tokio::test]
async fn waiting_ends_at_the_wall_limit() {
    let limits = Limits { wall: Duration::from_millis(150), ..Limits::DEFAULT };
    let send = Send { limits, ..Send::default() };
    let ran = handler("await new Promise(r => setTimeout(r, 60000)); return new Response('')", send.clone()).await;
    assert_eq!(ran.report.outcome, Outcome::WallLimit, "{:?}", ran.report);
    assert!(ran.report.usage.cpu < Duration::from_millis(50));
    let ran = handler("return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(3)); setTimeout(() => {}, 60000) } }))", send).await;
    assert_eq!(
        (ran.report.outcome, ran.status(), ran.clean),
        (Outcome::WallLimit, Some(200), false),
        "{:?}",
        ran.report
    );
}

#[tokio::test]
async fn output_ends_at_its_limit() {
    let limits = Limits { response_body_bytes: 100_000, ..Limits::DEFAULT };
    let send = Send { limits, ..Send::default() };
    let ran = handler("return new Response('x'.repeat(200000))", send.clone()).await;
    assert_eq!((ran.report.outcome, ran.clean), (Outcome::OutputLimit, false), "{:?}", ran.report);
    let ran = handler(
        "return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1000)) } }))",
        send.clone(),
    )
    .await;
    assert_eq!((ran.report.outcome, ran.clean), (Outcome::OutputLimit, false), "{:?}", ran.report);
    let ran = handler("const h = new Headers(); for (let i = 0; i < 101; i++) h.set('x-' + i, '1'); return new Response('', {headers: h})", send.clone()).await;
    assert_eq!(ran.report.outcome, Outcome::OutputLimit, "{:?}", ran.report);
    let ran = handler("return new Response('', {headers: {'x-a': 'y'.repeat(70000)}})", send).await;
    assert_eq!(ran.report.outcome, Outcome::OutputLimit, "{:?}", ran.report);
}

#[tokio::test]
async fn a_million_console_lines_fail_nothing() {
    let limits = Limits { cpu: Duration::from_secs(20), ..Limits::DEFAULT };
    let ran = handler(
        "for (let i = 0; i < 100000; i++) console.log('line', i); return new Response('ok')",
        Send { limits, ..Send::default() },
    )
    .await;
    assert_eq!((ran.report.outcome, ran.text().as_str()), (Outcome::Ok, "ok"));
    let bytes: usize = ran.report.logs.iter().map(|line| line.message.len()).sum();
    assert!(ran.report.logs_truncated && bytes < (64 << 10) + 200, "{bytes}");
}

#[tokio::test]
async fn fetch_names_what_to_allow() {
    let ran = handler(
        "try { await fetch('https://api.example.com/x') } catch (e) { return new Response(e.name + ': ' + e.message) }",
        get("/"),
    )
    .await;
    assert!(ran.text().starts_with("TypeError: ") && ran.text().contains("api.example.com"), "{}", ran.text());
}

#[tokio::test]
async fn wait_until_outlives_the_response_within_its_budget() {
    let ran = handler("ctx.waitUntil(new Promise(r => setTimeout(() => { console.log('later'); r() }, 20))); return new Response('now')", get("/")).await;
    assert_eq!((ran.text().as_str(), ran.report.logs.len()), ("now", 1), "{:?}", ran.report);
    let limits = Limits { wait_until: Duration::from_millis(50), ..Limits::DEFAULT };
    let ran = handler(
        "ctx.waitUntil(new Promise(r => setTimeout(r, 60000))); return new Response('now')",
        Send { limits, ..Send::default() },
    )
    .await;
    assert_eq!((ran.report.outcome, ran.clean), (Outcome::Ok, true));
    assert!(ran.report.timing.total < Duration::from_secs(3));
}

#[tokio::test]
async fn randomness_differs_between_instances() {
    let prepared = prepare(&code("export default { fetch: () => new Response([Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(2))].join()) }"), Limits::DEFAULT)
        .await
        .expect("builds");
    let mut seen = std::collections::HashSet::new();
    for _ in 0..200 {
        for part in run_prepared(&prepared, get("/")).await.text().split(',') {
            assert!(seen.insert(part.to_owned()), "{part} came twice");
        }
    }
}

#[tokio::test]
async fn dice_at_start_up_follow_from_the_code_and_those_of_requests_from_the_host() {
    let text = |version: u32| {
        format!(
            "const thrown = Array.from({{ length: 4 }}, Math.random), version = {version};
             export default () => Response.json([thrown, Array.from({{ length: 4 }}, Math.random)])"
        )
    };
    let mut of_requests = std::collections::HashSet::new();
    let mut of_start_ups = Vec::new();
    // Twice the same code, built anew each time, and then other code.
    for version in [1, 1, 2] {
        let options = PrepareOptions { limits: Limits::DEFAULT, fresh: true };
        let prepared = executor().prepare(&TenantScope::local(), &code(&text(version)), options).await.expect("builds");
        for _ in 0..50 {
            let ran = run_prepared(&prepared, get("/")).await;
            let [start_up, request]: [Vec<f64>; 2] = serde_json::from_slice(&ran.body).expect("two lists");
            for number in request {
                assert!((0.0..1.0).contains(&number) && of_requests.insert(number.to_bits()), "{number} came twice");
            }
            of_start_ups.push(start_up);
        }
    }
    assert!(of_start_ups[..100].iter().all(|thrown| *thrown == of_start_ups[0]));
    assert!(of_start_ups[100..].iter().all(|thrown| *thrown == of_start_ups[100]));
    for number in of_start_ups[0].iter().chain(&of_start_ups[100]) {
        assert!((0.0..1.0).contains(number) && of_requests.insert(number.to_bits()), "{number} came twice");
    }
}

#[tokio::test]
async fn clocks_stand_still_while_code_computes() {
    let limits = Limits { cpu: Duration::from_secs(2), ..Limits::DEFAULT };
    let ran = handler(
        "const seen = new Set(); for (let i = 0; i < 3e5; i++) { seen.add(Date.now()); seen.add(performance.now()) } const a = Date.now();
         await new Promise(r => setTimeout(r, 20)); return new Response(seen.size + ' ' + (Date.now() - a >= 15))",
        Send { limits, ..Send::default() },
    )
    .await;
    assert_eq!(ran.text(), "2 true", "{:?}", ran.report);
}

#[tokio::test]
async fn start_up_faults_have_their_outcome_and_line() {
    use Outcome::{BuildFailed, StartupFailed, StartupLimit};
    for (text, outcome, line) in [
        ("\n\nlet n = Math.abs(1);\nwhile(true){ n = Math.abs(n) }", StartupLimit, Some(4)),
        ("\nwhile(true){}", StartupLimit, Some(2)),
        ("\nconst a = []; for(;;) a.push(new Array(1e5))", StartupLimit, None),
        ("\n\nthrow new Error('at start')", StartupFailed, Some(3)),
        ("\nfetch('https://example.com')", StartupFailed, Some(2)),
        ("\nawait fetch('https://example.com')", StartupFailed, Some(2)),
        ("\ncrypto.randomUUID()", StartupFailed, Some(2)),
        ("\nsetTimeout(() => {}, 1)", StartupFailed, Some(2)),
        ("\nawait new Promise(() => {})", StartupFailed, None),
        ("export const x = 1", StartupFailed, None),
        ("export default {}", StartupFailed, None),
        ("export default class { fetch() {} }", StartupFailed, None),
        ("\n\nexport default {{", BuildFailed, Some(3)),
        ("\nimport './nope.js'", BuildFailed, Some(2)),
        ("import { nope } from './main.js'", StartupFailed, None),
        ("export default { fetch() { return `${`} }", BuildFailed, Some(1)),
    ] {
        let (found, error) = refused(text).await;
        assert_eq!(found, outcome, "{text:?} {error:?}");
        if line.is_some() {
            assert_eq!(error.position.as_ref().map(|place| place.line), line, "{text:?} {error:?}");
        }
        assert!(!error.message.is_empty(), "{text:?}");
    }
}

#[tokio::test]
async fn a_start_up_that_dirties_every_second_page_is_refused() {
    let (outcome, error) = refused(
        "const b = new Uint8Array(40 << 20); for (let i = 0; i < b.length; i += 8192) b[i] = 1; export default { fetch: () => new Response(b.length) }",
    )
    .await;
    assert_eq!(outcome, Outcome::StartupLimit, "{error:?}");
    assert!(error.message.contains("separate places"), "{error:?}");
}

#[tokio::test]
async fn state_of_start_up_is_there_for_every_request() {
    let text = "const table = Array.from({length: 5000}, (_, i) => ({i, s: 'row' + i})); const big = new Uint8Array(6 << 20).fill(7);
                export default { fetch: () => new Response(table[4321].s + big[5 << 20] + table.length) }";
    let ran = run(&code(text), get("/")).await;
    assert_eq!(ran.text(), "row432175000", "{:?}", ran.report);
}

#[tokio::test]
async fn deep_and_large_sources_end_within_the_build_budget() {
    for text in [
        format!("export default {}{}", "[".repeat(4000), "]".repeat(4000)),
        "(".repeat(1_000_000),
        "`${".repeat(100_000),
        format!("var x = {}1", "-".repeat(2_000_000)),
    ] {
        let (outcome, error) = refused(&text).await;
        assert!(
            matches!(
                outcome,
                Outcome::BuildFailed | Outcome::BuildLimit | Outcome::StartupFailed | Outcome::StartupLimit
            ),
            "{error:?}"
        );
    }
}

fn invocation() -> Invocation {
    Invocation {
        held_bytes: 0,
        request: http::Request::get("http://sandbox/").body(isolet_domain::body::empty()).expect("valid"),
        env: [].into(),
        tenant: TenantScope::local().id(),
        egress: Arc::default(),
        limits: Limits::DEFAULT,
        entrypoint: None,
        events: None,
        place: None,
        ended: None,
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_guest() {
    let prepared = prepare(&code("export default { fetch: () => new Response(new ReadableStream({ async pull(c) { await new Promise(r => setTimeout(r, 1)); c.enqueue(new Uint8Array(10)) } })) }"), Limits::DEFAULT)
        .await
        .expect("builds");
    let answer = executor().invoke(&prepared, invocation()).await;
    drop(answer.response.expect("a response"));
    let report =
        tokio::time::timeout(Duration::from_secs(5), answer.report).await.expect("ends soon").expect("a report");
    assert_eq!(report.outcome, Outcome::ClientDisconnected);
}

/// A place that writes down what becomes of it.
#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Vec<&'static str>>>);

impl Noted {
    fn note(&self, what: &'static str) {
        self.0.lock().expect("no panic").push(what);
    }
}

struct NotedPlace(Noted);

impl Place for NotedPlace {
    fn pay(&self, report: &Report) {
        assert!(report.usage.cpu > Duration::ZERO);
        self.0.note("paid");
    }

    fn answered(&self) {
        self.0.note("answered");
    }

    fn must_end(&self) -> bool {
        false
    }
}

impl Drop for NotedPlace {
    fn drop(&mut self) {
        self.0.note("given back");
    }
}

#[tokio::test]
async fn nobody_waits_for_an_instance_to_be_cleared_away() {
    let hello = code("export default { fetch: () => new Response('hello') }");
    let (prepared, noted) = (prepare(&hello, Limits::DEFAULT).await.expect("builds"), Noted::default());
    let place: Arc<dyn Place> = Arc::new(NotedPlace(noted.clone()));
    let seen = noted.clone();
    // A task like the guest's own, on the same thread.
    let caller = tokio::spawn(async move {
        let answer = executor().invoke(&prepared, Invocation { place: Some(place), ..invocation() }).await;
        let body = answer.response.expect("a response").into_body().collect().await.expect("a whole body");
        noted.note("taken");
        assert_eq!(body.to_bytes(), "hello");
        answer.report.await.expect("a report").outcome
    });
    assert_eq!(caller.await.expect("no panic"), Outcome::Ok);
    assert_eq!(*seen.0.lock().expect("no panic"), ["paid", "answered", "taken", "given back"]);
}

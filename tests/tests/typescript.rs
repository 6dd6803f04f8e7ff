//! TypeScript and JSX as people write them: what runs, and that every place told is in the user's own file. Other module forms are in
//! `module_forms.rs`, what is wrong with code in `diagnostics.rs`.

use std::time::Duration;

use isolet_domain::code::Code;
use isolet_domain::execute::BuildError;
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_tests::guest::{Send, get, modules, prepare, run};

async fn answer(map: &[(&str, &str)]) -> String {
    let ran = run(&modules(map), get("/")).await;
    assert_eq!(ran.report.outcome, Outcome::Ok, "{:?}", ran.report);
    ran.text()
}

#[tokio::test]
async fn types_are_taken_away() {
    let text = answer(&[(
        "main.ts",
        "import type { Gone } from './nowhere.ts';
         import { Kind, type Shape, area } from './shapes';
         type Handler = { fetch(request: Request): Response };
         declare const nothing: Gone;
         abstract class Base<T> { abstract get(): T; protected constructor(public readonly value: T) {} }
         class Boxed extends Base<number> { constructor(v: number) { super(v) } get() { return this.value satisfies number } }
         function assertIt(x: unknown): asserts x is string {}
         const shape = { kind: Kind.Square, side: 3 } as const satisfies Shape;
         export default { fetch: (request) => { assertIt(request.url); return new Response(`${area(shape)} ${new Boxed(4)!.get()} ${<any>5}`) } } as Handler;",
    ), (
        "shapes.ts",
        "export enum Kind { Circle = 'c', Square = 's' }
         export interface Shape { kind: Kind; side: number }
         export const area = <T extends Shape>(shape: T): number => shape.side ** 2;",
    )])
    .await;
    assert_eq!(text, "9 4 5");
}

#[tokio::test]
async fn enums_namespaces_and_decorators_work() {
    let text = answer(&[(
        "main.ts",
        "enum Level { Low, High = 10, Higher }
         const enum Flag { A = 1 << 2, B = A | 1 }
         namespace Deep.Down { export const x = Level[10]; export namespace More { export const y = x + '!' } }
         const seen: string[] = [];
         function log(target: any, key: string, descriptor: PropertyDescriptor) {
           const inner = descriptor.value;
           descriptor.value = function (...args: any[]) { seen.push(key); return inner.apply(this, args) };
         }
         function tag(name: string) { return <T extends { new (...args: any[]): {} }>(c: T) => class extends c { tag = name } }
         function param(target: any, key: string, index: number) { seen.push(`${key}#${index}`) }
         @tag('t') class C { constructor(private n = 1) {} @log add(@param m: number) { return this.n + m } }
         export default { fetch() {
           const c = new C();
           return Response.json([Level.Higher, Flag.B, Deep.Down.More.y, c.add(2), (c as any).tag, seen]);
         } };",
    )])
    .await;
    assert_eq!(text, "[11,5,\"High!\",3,\"t\",[\"add#0\",\"add\"]]");
}

#[tokio::test]
async fn namespaces_export_variables_that_nobody_assigns_to() {
    let text = answer(&[(
        "main.ts",
        "namespace N { export let limit = 3; export var [a, b] = [limit, 'b']; export const all = () => [limit, a, b] }
         export default () => Response.json([N.limit, N.a, N.b, N.all()])",
    )])
    .await;
    assert_eq!(text, "[3,3,\"b\",[3,3,\"b\"]]");
}

/// A JSX runtime in three lines, as `react/jsx-runtime` is imported.
const RUNTIME: &str = "const render = (node) => Array.isArray(node) ? node.map(render).join('') : node?.html ?? (node ?? '');
export const Fragment = ({ children }) => ({ html: render(children) });
export const jsx = (tag, props) => typeof tag === 'function' ? tag(props) : { html: `<${tag}${Object.entries(props).filter(([k]) => k !== 'children').map(([k, v]) => ` ${k}=\"${v}\"`).join('')}>${render(props.children)}</${tag}>` };
export { jsx as jsxs };";

#[tokio::test]
async fn jsx_is_rendered_by_a_runtime_in_the_map() {
    let main = "const Item = ({ n }: { n: number }) => <li class=\"i\">{n}</li>;
                export default { fetch: () => new Response((<><h1 id={'t'}>Hi &amp; {1 + 1}</h1><ul>{[1, 2].map((n) => <Item n={n} />)}</ul></>).html) };";
    let text = answer(&[("main.tsx", main), ("react/jsx-runtime", RUNTIME)]).await;
    assert_eq!(text, "<h1 id=\"t\">Hi & 2</h1><ul><li class=\"i\">1</li><li class=\"i\">2</li></ul>");
    let named = "/** @jsxImportSource tiny */\nexport default { fetch: () => new Response((<p>x</p>).html) }";
    assert_eq!(answer(&[("main.jsx", named), ("tiny/jsx-runtime.js", RUNTIME)]).await, "<p>x</p>");
    let classic = "/** @jsx h @jsxFrag F */\nimport { h, F } from './h.js';\nexport default { fetch: () => Response.json(<><p a=\"1\">x</p></>) }";
    let text =
        answer(&[("main.jsx", classic), ("h.js", "export const F = 'F'; export const h = (...args) => args;")]).await;
    assert_eq!(text, "[\"F\",null,[\"p\",{\"a\":\"1\"},\"x\"]]");
}

#[tokio::test]
async fn stacks_console_and_errors_name_the_users_lines() {
    let main = r"import { fail } from './lib/fail.ts';

interface Unused {
  a: string;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const n: number = 1 as number;
    console.log('here');
    if (request.url.endsWith('deep')) fail<string>('x\n    at nobody (gone.ts:9:9)');
    return new Response((undefined as any).nope);
  },
};
";
    let fail = "type T = string;\n\nexport function fail<U extends T>(why: U): never {\n  throw Object.assign(new Error(why), { name: 'Late' });\n}\n";
    let code = modules(&[("main.ts", main), ("lib/fail.ts", fail)]);
    let ran = run(&code, get("/deep")).await;
    let error = ran.report.error.expect("an error");
    let place = error.position.expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("lib/fail.ts", 4), "{}", error.stack);
    assert_eq!(error.message, "Late: x\n    at nobody (gone.ts:9:9)");
    assert!(error.stack.starts_with("    at fail (lib/fail.ts:4:"), "{}", error.stack);
    assert!(error.stack.contains("lib/fail.ts:4:") && error.stack.contains("main.ts:11:"), "{}", error.stack);
    let log = ran.report.logs[0].position.clone().expect("a place");
    assert_eq!((log.file.as_str(), log.line), ("main.ts", 10));
    let ran = run(&code, get("/")).await;
    let place = ran.report.error.and_then(|error| error.position).expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("main.ts", 12));
    assert!((50..=51).contains(&(place.column + 7)) || place.column > 20, "{place:?}");
}

#[tokio::test]
async fn start_up_faults_and_limits_name_the_users_lines() {
    let fails = |text: &'static str| async move {
        match prepare(&modules(&[("main.ts", text)]), Limits::DEFAULT).await {
            Err(BuildError::Code { outcome, error }) => (outcome, error.position.map(|place| (place.file, place.line))),
            other => panic!("{:?}", other.map(|_| "built")),
        }
    };
    let there = |line| Some(("main.ts".to_owned(), line));
    let text = "interface A {}\n\nconst x: number = 1;\nthrow new Error(`${x}`);\n";
    assert_eq!(fails(text).await, (Outcome::StartupFailed, there(4)));
    assert_eq!(
        fails("type A = 1;\n\nlet n: number = 0;\nwhile (true) { n++; }\n").await,
        (Outcome::StartupLimit, there(4))
    );
    assert_eq!(fails("type A = 1;\n\nlet n: = 0;\n").await, (Outcome::BuildFailed, there(3)));
    let text = "interface Big {\n  a: 1;\n}\nexport default { fetch(): Response {\n  for (;;) {}\n} };";
    let limits = Limits { cpu: Duration::from_millis(30), ..Limits::DEFAULT };
    let ran = run(&modules(&[("main.ts", text)]), Send { limits, ..Send::default() }).await;
    let place = ran.report.error.and_then(|error| error.position).map(|place| (place.file, place.line));
    assert_eq!((ran.report.outcome, place), (Outcome::CpuLimit, there(5)));
}

#[tokio::test]
async fn a_bundles_own_map_names_the_original_files() {
    // As esbuild writes it: two files in one, each line mapped.
    let bundle = "function boom(x) {\n  throw new Error(x);\n}\nvar main_default = { fetch: () => boom('b') };\nconsole.log;\nexport { main_default as default };\n//# sourceMappingURL=main.js.map\n";
    let map = r#"{"version":3,"sources":["../src/boom.ts","../src/main.ts"],"names":[],"mappings":"AAEA;EACE;AACF;ACFA,yBAAyB,MAAM"}"#;
    let code = modules(&[("main.js", bundle), ("main.js.map", map)]);
    let ran = run(&code, get("/")).await;
    let error = ran.report.error.expect("an error");
    assert_eq!(
        error.position.map(|place| (place.file, place.line)),
        Some(("src/boom.ts".to_owned(), 4)),
        "{}",
        error.stack
    );
    assert!(error.stack.contains("(src/main.ts:3:"), "{}", error.stack);
    // Without it, and with one that lies, the bundle's own lines.
    for map in
        ["{}", "not json", r#"{"version":3,"sources":["x"],"names":[],"mappings":"AAAAAAAAAA,zzzzzzzzzzzzzzzzz"}"#]
    {
        let code = modules(&[("main.js", bundle), ("main.js.map", map)]);
        let prepared = prepare(&code, Limits::DEFAULT).await.expect("it builds all the same");
        assert!(prepared.warnings[0].contains("source map"), "{:?}", prepared.warnings);
        let place = run(&code, get("/")).await.report.error.and_then(|error| error.position);
        assert_eq!(place.map(|place| (place.file, place.line)), Some(("main.js".to_owned(), 2)), "{map}");
    }
}

#[tokio::test]
async fn maps_that_are_hostile_cost_no_more_than_a_build() {
    for map in [
        format!(
            "{{\"version\":3,\"sources\":[{}],\"names\":[],\"mappings\":\"AAAA\"}}",
            vec!["\"x\""; 100_000].join(",")
        ),
        format!("{{\"version\":3,\"sources\":[\"x\"],\"names\":[],\"mappings\":\"{}\"}}", ";".repeat(4 << 20)),
        format!("{{\"version\":3,\"sources\":[\"x\"],\"names\":[],\"mappings\":\"{}\"}}", "AAAA,".repeat(800_000)),
        format!(
            "{{\"version\":3,\"sources\":[\"x\"],\"names\":[],\"mappings\":\"{}\"}}",
            "A/////D//////D/////D,".repeat(10_000)
        ),
        format!("{{\"version\":3,\"sections\":{}", "[".repeat(1_000_000)),
        "{\"version\":3,\"sources\":[\"a#b\\n\\u0000c:1:2)\"],\"names\":[],\"mappings\":\"AAAA\"}".to_owned(),
    ] {
        let main = "export default { fetch: () => new Response('ok') }\n//# sourceMappingURL=main.js.map";
        let ran = run(&modules(&[("main.js", main), ("main.js.map", &map)]), get("/")).await;
        assert_eq!(ran.text(), "ok", "{:?}", ran.report);
    }
}

#[tokio::test]
async fn plain_javascript_never_meets_the_front_end() {
    let code = Code::single("export default { fetch: () => new Response('plain') }").expect("valid");
    let prepared = prepare(&code, Limits::DEFAULT).await.expect("builds");
    assert_eq!(prepared.build.front_end, Duration::ZERO);
    let typed =
        prepare(&modules(&[("main.ts", "export default { fetch: () => new Response('typed') }")]), Limits::DEFAULT)
            .await;
    assert!(typed.expect("builds").build.front_end > Duration::ZERO);
}

//! The front end by its one call: maps in, diagnostics and modules out.

use isolet_modules::places::Places;

use crate::work::transform;

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn take<'b>(rest: &mut &'b [u8]) -> &'b [u8] {
    let len = number(rest) as usize;
    let (head, tail) = rest.split_at(len);
    *rest = tail;
    head
}

fn number(rest: &mut &[u8]) -> u32 {
    let (head, tail) = rest.split_first_chunk::<4>().expect("a number");
    *rest = tail;
    u32::from_le_bytes(*head)
}

fn kind(name: &str) -> u32 {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "txt" => 1,
        "json" | "map" => 2,
        "ts" | "mts" => 4,
        "tsx" => 5,
        "jsx" => 6,
        "cjs" => 7,
        _ => 0,
    }
}

struct Done {
    said: Vec<serde_json::Value>,
    /// Name, text, map.
    modules: Vec<(String, String, Vec<u8>)>,
}

impl Done {
    fn text(&self, name: &str) -> &str {
        let found = self.modules.iter().find(|(known, ..)| known == name);
        found.map_or_else(|| panic!("{name} is not in {:?}", self.modules), |(_, text, _)| text.as_str())
    }

    /// Where the first `needle` of a module's output comes from.
    fn origin(&self, name: &str, needle: &str) -> (u32, u32) {
        let (_, text, map) = self.modules.iter().find(|(known, ..)| known == name).expect("the module");
        let at = text.find(needle).expect("the needle");
        let line = text[..at].matches('\n').count() + 1;
        let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
        Places::parse(map).expect("a map").find(line as u32, column as u32)
    }

    /// `file:line:column message`, for each.
    fn messages(&self) -> Vec<String> {
        let show = |one: &serde_json::Value| {
            format!(
                "{}:{}:{} {}",
                one["file"].as_str().unwrap_or(""),
                one["line"],
                one["column"],
                one["message"].as_str().unwrap_or("")
            )
        };
        self.said.iter().map(show).collect()
    }
}

fn run_job(job: u32, modules: &[(&str, &str)]) -> Done {
    let mut sorted = modules.to_vec();
    sorted.sort_unstable();
    let mut input = job.to_le_bytes().to_vec();
    put(&mut input, modules[0].0.as_bytes());
    input.extend_from_slice(&(sorted.len() as u32).to_le_bytes());
    for (name, text) in sorted {
        input.extend_from_slice(&kind(name).to_le_bytes());
        put(&mut input, name.as_bytes());
        put(&mut input, text.as_bytes());
    }
    let output = transform(&input);
    let mut rest = &output[..];
    let said = serde_json::from_slice(take(&mut rest)).expect("diagnostics");
    let mut bundle = take(&mut rest);
    let mut done = Done { said, modules: Vec::new() };
    if !bundle.is_empty() {
        assert_eq!(take(&mut bundle), modules[0].0.as_bytes());
        for _ in 0..number(&mut bundle) {
            number(&mut bundle);
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            let name = text(take(&mut bundle));
            let content = text(take(&mut bundle));
            done.modules.push((name, content, take(&mut bundle).to_vec()));
        }
        assert!(bundle.is_empty());
    }
    done
}

fn run(modules: &[(&str, &str)]) -> Done {
    run_job(0, modules)
}

fn one(name: &str, text: &str) -> Done {
    run(&[(name, text)])
}

#[test]
fn types_go_and_places_stay() {
    let done = one(
        "main.ts",
        "interface A { b: number }\n\nexport const f = (a: A): number => {\n  return a.b + (thrown() as any);\n};\ndeclare function thrown(): never;\n",
    );
    assert_eq!(done.text("main.ts"), "export const f = (a) => {\n  return a.b + thrown();\n};\n");
    assert_eq!(done.origin("main.ts", "thrown"), (4, 17));
    assert_eq!(done.origin("main.ts", "f ="), (3, 14));
}

#[test]
fn enums_namespaces_parameter_properties_and_decorators_run() {
    let done = one(
        "main.ts",
        "enum E { A, B = 'b' }\nnamespace N { export const x = E.A }\nclass C { constructor(private y: number) {} @log m() { return this.y } }\nfunction log(t: any, k: string, d: any) {}\nexport default { E, N, C }",
    );
    let text = done.text("main.ts");
    assert!(
        text.contains("this.y = y")
            && text.contains("E[E[\"A\"] = 0]")
            && text.contains("?isolet:frontend/helpers/decorate"),
        "{text}"
    );
    assert!(done.text("isolet:frontend/helpers/decorate").starts_with("export default"));
    // Standard decorators look the same and are called otherwise.
    assert_eq!(
        (done.said.len(), &done.said[0]["code"], &done.said[0]["severity"]),
        (1, &"decorators".into(), &"warning".into())
    );
}

#[test]
fn what_a_namespace_would_export_wrongly_is_refused() {
    let done = one("main.ts", "namespace N { export let n = 0; export function inc() { n++ } }\nexport default N");
    assert_eq!((&done.said[0]["severity"], &done.said[0]["line"]), (&"error".into(), &1.into()), "{:?}", done.said);
    for writing in [
        "export namespace M { export let n = 1, m = 2 }\nM.n = 3",
        "namespace M { export let [n] = [1] }\n[M['n']] = [2]",
    ] {
        let done = one("main.ts", writing);
        let place = (&done.said[0]["severity"], &done.said[0]["line"]);
        assert_eq!((done.said.len(), place), (1, (&"error".into(), &1.into())), "{writing} {:?}", done.said);
    }
}

#[test]
fn what_a_namespace_exports_and_nobody_assigns_to_is_taken() {
    let done = one(
        "main.ts",
        "namespace N { export let n = 1; export var [a, b] = [n, 2]; export let later: number }\nlet n = 0; n = 2;\nexport default N",
    );
    assert_eq!(done.messages(), [""; 0]);
    assert!(done.text("main.ts").contains("let n = _N.n = 1"), "{}", done.text("main.ts"));
}

#[test]
fn bad_regular_expressions_have_their_place() {
    for (expression, message) in [
        ("/(/", "Unterminated capturing group"),
        ("/[z-a]/", "Character class atom range out of order"),
        ("/a)/u", "Could not parse the entire pattern"),
    ] {
        for name in ["main.js", "main.ts", "main.cjs"] {
            let done = one(name, &format!("\nlet x = {expression}"));
            let column = done.said[0]["column"].as_u64().unwrap_or_default();
            assert!((9..16).contains(&column), "{:?}", done.said);
            assert_eq!(done.messages(), [format!("{name}:2:{column} Invalid regular expression: {message}")]);
        }
    }
}

#[test]
fn expressions_that_the_engine_may_know_are_left_to_it() {
    for expression in [
        r"/(?<\u0061>a)\k<a>/",
        r"/\p{Of_A_Later_Unicode}/u",
        "/a{9007199254740993,9007199254740992}/",
        r"/[\p{L}--a]/v",
    ] {
        assert_eq!(one("main.ts", &format!("export default {expression}")).messages(), [""; 0], "{expression}");
    }
}

#[test]
fn an_import_that_is_put_together_is_no_name() {
    let done = one("main.js", "export default (n) => import('./a' + n + '.js')");
    assert!(done.said.is_empty(), "{:?}", done.said);
}

#[test]
fn places_are_bytes_in_and_characters_out() {
    let done = one("main.ts", "const ä: string = 'ö😀'; export default (x: any) => 'ß😀' + x.nope.nope;");
    let column = "const ä: string = 'ö😀'; export default (x: any) => 'ß😀' + x.".chars().count() as u32 + 1;
    assert_eq!(done.origin("main.ts", "nope.nope"), (1, column));
}

#[test]
fn jsx_becomes_calls_of_its_runtime() {
    let runtime = ("react/jsx-runtime", "export const jsx = 1, jsxs = 2, Fragment = 3;");
    let done = run(&[("main.tsx", "export default () => <p class=\"a\">{1 as number}</p>"), runtime]);
    assert!(done.text("main.tsx").contains("from \"react/jsx-runtime\""), "{:?}", done.modules);
    let done = run(&[
        ("main.jsx", "/** @jsxImportSource hono/jsx */\nexport default <></>"),
        ("hono/jsx/jsx-runtime", "export * from '../../rt.js'"),
        ("rt.js", "export const jsx = 1, jsxs = 2, Fragment = 3;"),
    ]);
    assert!(done.text("main.jsx").contains("from \"hono/jsx/jsx-runtime\""), "{:?}", done.said);
    let done = one("main.jsx", "/** @jsx h */\nconst h = (...a) => a;\nexport default <p a={1}>x</p>");
    assert!(done.text("main.jsx").contains("h(\"p\", { a: 1 }, \"x\")"), "{:?}", done.modules);
    let done = one("main.tsx", "\n\nexport default () => <><p/></>");
    assert_eq!(
        done.messages(),
        ["main.tsx:3:22 JSX in \"main.tsx\" needs the module \"react/jsx-runtime\", which is not among the modules"]
    );
    assert!(done.modules.is_empty());
}

#[test]
fn all_errors_come_at_once_with_their_places() {
    let done = run(&[
        (
            "main.ts",
            "import { x, y } from './a.ts';\nimport z from './utl';\nimport 'node:fs';\nimport hono from 'hono';\nexport default [x, y, z, hono];",
        ),
        ("a.ts", "export const x = 1;\nexport type y = 2;"),
        ("util.ts", "export default 1"),
        ("broken.ts", "let a = ;\n"),
        ("twice.js", "let a;\nlet a;\n"),
        ("lazy.js", "const nope = () => import('./nope.js');"),
    ]);
    let mut messages = done.messages();
    messages.sort();
    assert_eq!(
        messages,
        [
            "broken.ts:1:9 Unexpected token",
            "lazy.js:1:27 module \"./nope.js\", imported by \"lazy.js\", is not among the modules",
            "main.ts:1:13 module \"a.ts\" has no export named \"y\"",
            "main.ts:2:15 module \"./utl\", imported by \"main.ts\", is not among the modules",
            "main.ts:3:8 module \"node:fs\", imported by \"main.ts\", is not among the modules",
            "main.ts:4:18 module \"hono\", imported by \"main.ts\", is not among the modules",
            "twice.js:2:5 Identifier `a` has already been declared",
        ],
        "{:#?}",
        done.said
    );
    let help = |part: &str| {
        done.said
            .iter()
            .find(|one| one["message"].as_str().is_some_and(|text| text.contains(part)))
            .map(|one| one["help"].to_string())
    };
    assert_eq!(help("./utl").as_deref(), Some("\"did you mean \\\"./util.ts\\\"?\""));
    assert!(help("hono").is_some_and(|help| help.contains("bundle")));
}

#[test]
fn other_languages_are_recognised() {
    for (name, text, ending) in [
        ("main.js", "const a: number = 1", "`.ts`"),
        ("main.js", "export default <p/>", "`.jsx`"),
        ("main.ts", "const f = (x: number) => <p>{x}</p>", "`.tsx`"),
    ] {
        let done = one(name, text);
        assert!(
            done.said.iter().any(|one| one["help"].as_str().is_some_and(|help| help.contains(ending))),
            "{:?}",
            done.said
        );
    }
}

#[test]
fn only_types_make_it_typescript() {
    let twice = "export default 1\nexport default 2";
    for name in ["main.js", "main.jsx"] {
        let done = one(name, twice);
        assert_eq!(done.messages(), [format!("{name}:2:8 A module cannot have multiple default exports.")]);
        assert_eq!(done.said[0]["help"], serde_json::Value::Null);
    }
    assert_eq!(one("main.js", "let x = /(/").said[0]["help"], "Add the missing closing delimiter");
    for typed in [
        "interface A {}",
        "let a = 1 as number",
        "class A { private b: number }",
        "import type { A } from './a'",
        "let a!: B",
        "f<A>(x => x)!",
    ] {
        let done = one("main.js", &format!("{typed}\nexport default 1"));
        assert!(
            done.said.first().is_some_and(|one| one["help"].as_str().is_some_and(|help| help.contains("`.ts`"))),
            "{typed} {:?}",
            done.said
        );
    }
}

#[test]
fn what_other_hosts_modules_give_is_said_where_it_is_here() {
    for (specifier, part) in [
        ("cloudflare:workers", "`waitUntil` is a method of its third"),
        ("process", "there is no process"),
        ("node:process", "there is no process"),
    ] {
        let done = one("main.js", &format!("import {{ env }} from '{specifier}'; export default env"));
        let help = done.said[0]["help"].as_str().unwrap_or_default();
        assert!(help.contains("second argument") && help.contains(part) && !help.contains("fetched"), "{help}");
    }
}

#[test]
fn errors_are_bounded() {
    let text = "import './nope.js';\n".repeat(1_000);
    let done = one("main.js", &text);
    assert_eq!(done.said.len(), crate::diagnostics::MAX_DIAGNOSTICS + 1);
    assert_eq!(done.said.last().expect("one")["message"], "there are 950 more like these");
}

#[test]
fn commonjs_becomes_a_body_and_a_facade() {
    let done = run(&[
        ("main.ts", "import def, { a, b, c } from './x.cjs'; export default [def, a, b, c]"),
        (
            "x.cjs",
            "exports.a = 1;\nObject.defineProperty(exports, 'b', { value: 2 });\n__exportStar(require('./y'), exports);\ntry { require('gone') } catch {}\nfunction __exportStar() {}",
        ),
        ("y.cjs", "module.exports = { c: require('./d.json'), 'not a name': 1, ...require('./x') }"),
        ("d.json", "[1]"),
    ]);
    assert_eq!(done.messages(), ["x.cjs:4:15 module \"gone\", imported by \"x.cjs\", is not among the modules"]);
    let facade = done.text("x.cjs");
    for name in ["a", "b", "c"] {
        assert!(facade.contains(&format!("as {name} }}")), "{facade}");
    }
    assert!(done.text("x.cjs?cjs").starts_with("import { $require as $cjs0 } from \"?y.cjs?cjs\";"));
    assert_eq!(done.origin("x.cjs?cjs", "exports.a = 1"), (1, 1));
    let done = one("main.cjs", "module.exports = require('./gone')");
    assert_eq!(done.said[0]["severity"], "error");
    let done = one("main.cjs", "(function (require) { require('./inner') })(x => x)");
    assert_eq!(done.messages(), [""; 0]);
}

#[test]
fn commonjs_is_recognised_in_plain_javascript() {
    let main = ("main.js", "import { a } from './x.js'; export default a");
    let done = run(&[main, ("x.js", "const b = require('./y'); exports.a = b"), ("y.js", "module.exports = 1")]);
    assert_eq!(done.messages(), [""; 0]);
    assert!(done.text("x.js").contains("as a }") && done.text("y.js?cjs").contains("module.exports = 1"));
    for stays in [
        "export const a = typeof module",
        "const module = {}; module.exports = 1",
        "await 0; require('./y')",
        "const a = await (async () => typeof require)()",
        "const exports = {}; if (typeof module !== 'undefined') module.exports = exports",
        "import.meta; exports",
        "// require('x')",
    ] {
        let done = one("main.js", stays);
        assert_eq!((done.text("main.js"), done.modules.len()), (stays, 1));
    }
    assert_eq!(one("main.mjs", "module.exports = 1").modules.len(), 1);
    // What it does is wanted, not what it exports.
    let umd = "typeof module === 'object' ? module.exports = 1 : globalThis.umd = 1";
    let done = run(&[("main.js", "import './umd.js'; export default umd"), ("umd.js", umd)]);
    assert_eq!((done.text("umd.js"), done.modules.len()), (umd, 2));
    for taking in
        ["import * as umd from './umd.js'", "import('./umd.js')", "export * from './umd.js'", "import u from './umd'"]
    {
        let done = run(&[("main.js", &format!("{taking}; export default 1")), ("umd.js", umd)]);
        assert_eq!(done.modules.len(), 3, "{taking}");
    }
    let done = one("main.js", "module.exports = require('./gone')");
    assert_eq!(done.messages(), ["main.js:1:26 module \"./gone\", imported by \"main.js\", is not among the modules"]);
}

#[test]
fn what_nodes_modules_do_not_have_is_said_with_its_place() {
    let done = run(&[
        ("main.js", "import util, { inspect, parseArg } from 'util'; import { on } from './e.js'; export default util"),
        (
            "e.js",
            "export * from 'node:events'; export { isMaps } from 'node:util/types'; import { sep } from 'node:path/posix'",
        ),
    ]);
    assert_eq!(
        done.messages(),
        [
            "e.js:1:39 module \"node:util/types\" has no export named \"isMaps\"",
            "main.js:1:25 module \"node:util\" has no export named \"parseArg\""
        ]
    );
    assert_eq!(done.said[0]["help"], "did you mean `isMap`?");
}

#[test]
fn maps_of_bundles_are_read_and_bad_ones_are_said() {
    // a.ts line 2, then b.ts line 1.
    let map = r#"{"version":3,"sources":["../src/a.ts","b.ts"],"names":[],"mappings":";AACA;ACDA"}"#;
    let code = "// bundle\na()\nb()\n//# sourceMappingURL=main.js.map";
    let done = run_job(1, &[("main.js", code), ("main.js.map", map)]);
    assert_eq!(done.modules.len(), 1);
    assert_eq!(done.origin("main.js", "a()"), (2, 1));
    assert_eq!(done.origin("main.js", "b()"), (1 << 20 | 1, 1));
    for bad in [
        "",
        "{}",
        "[[[[",
        r#"{"version":3,"sources":[],"names":[],"mappings":"AAAA"}"#,
        r#"{"version":3,"sources":["a"],"names":[],"mappings":"//////////////"}"#,
    ] {
        let done = run_job(1, &[("main.js", code), ("main.js.map", bad)]);
        assert_eq!((done.said.len(), done.modules.len()), (1, 1), "{bad}");
        assert_eq!(done.said[0]["severity"], "warning");
    }
    let data = "//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbImEudHMiXSwibmFtZXMiOltdLCJtYXBwaW5ncyI6IkFBSUEifQ==";
    let done = run_job(1, &[("main.js", &format!("a()\n{data}\n"))]);
    assert_eq!(done.origin("main.js", "a()"), (5, 1), "{:?}", done.said);
    let done = one("main.js", &format!("module.exports = a()\n{data}\n"));
    assert_eq!(done.origin("main.js?cjs", "a()"), (5, 1), "{:?}", done.said);
}

#[test]
fn input_that_is_none_gives_nothing() {
    assert!(transform(&[]).is_empty());
    assert!(transform(&[0; 64]).is_empty());
    assert!(transform(&[0xFF; 64]).is_empty());
}

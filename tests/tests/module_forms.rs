//! The forms a module may have besides TypeScript, and how they find each other.

use isolet_domain::code::{Code, Module, ModuleKind};
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_tests::guest::{get, modules, prepare, run};

async fn answer(map: &[(&str, &str)]) -> String {
    let ran = run(&modules(map), get("/")).await;
    assert_eq!(ran.report.outcome, Outcome::Ok, "{:?}", ran.report);
    ran.text()
}

/// An entry that answers with an expression's value as JSON.
fn tells(imports: &str, expression: &str) -> String {
    format!("{imports}\nexport default {{ fetch: () => Response.json({expression}) }}")
}

#[tokio::test]
async fn commonjs_modules_load_each_other_and_everything_else() {
    let main = tells(
        "import lib, { a, b } from './lib.cjs'; import * as all from './lib.cjs';",
        "[lib.a, a, b, Object.keys(all).sort(), lib.where]",
    );
    let lib = "#!/usr/bin/env node
const { five } = require('./esm');
exports.a = five + require('./data.json')[0] + require('./note.txt').trim();
Object.defineProperty(exports, 'b', { enumerable: true, get: () => require('./deep/other.cjs')(2) });
exports.where = [__filename, __dirname, module.exports === exports, this === exports, typeof module.id];
exports.undeclared = undefined;";
    let text = answer(&[
        ("main.js", &main),
        ("lib.cjs", lib),
        ("esm.js", "export const five = 5;"),
        ("data.json", "[6]"),
        ("note.txt", " seven "),
        ("deep/other.cjs", "module.exports = (n) => n * require('../esm.js').five"),
    ])
    .await;
    assert_eq!(
        text,
        "[\"11seven\",\"11seven\",10,[\"a\",\"b\",\"default\",\"undeclared\",\"where\"],[\"/lib.cjs\",\"/\",true,true,\"string\"]]"
    );
}

#[tokio::test]
async fn cycles_see_what_was_exported_so_far_and_bodies_run_when_first_required() {
    // Node's own example of a cycle.
    let a = "log.push('a starts'); exports.done = false; const b = require('./b.cjs'); log.push('in a, b is ' + b.done); exports.done = true; log.push('a ends')";
    let b = "log.push('b starts'); exports.done = false; const a = require('./a.cjs'); log.push('in b, a is ' + a.done); exports.done = true; log.push('b ends')";
    let late = "log.push('late'); module.exports = 1";
    let main = "globalThis.log = ['main starts']; const a = require('./a.cjs'); const b = require('./b.cjs'); if (false) require('./never.cjs');
                log.push(`main: ${a.done} ${b.done} ${require('./late.cjs') + require('./late.cjs')}`);
                exports.default = { fetch: () => Response.json(log) }; exports.__esModule = true;";
    let text = answer(&[
        ("main.cjs", main),
        ("a.cjs", a),
        ("b.cjs", b),
        ("late.cjs", late),
        ("never.cjs", "throw new Error('never')"),
    ])
    .await;
    assert_eq!(
        text,
        "[\"main starts\",\"a starts\",\"b starts\",\"in b, a is false\",\"b ends\",\"in a, b is true\",\"a ends\",\"late\",\"main: true true 2\"]"
    );
}

#[tokio::test]
async fn a_require_that_fails_can_be_caught() {
    let main = "let n = 0; try { require('gone') } catch (error) { n = error.code }
                try { require('./throws.cjs') } catch { try { require('./throws.cjs') } catch (error) { n += error.message } }
                module.exports = { fetch: () => new Response(n + typeof require) }";
    let text = answer(&[
        ("main.cjs", main),
        ("throws.cjs", "globalThis.t = (globalThis.t ?? 0) + 1; throw new Error('try ' + t)"),
    ])
    .await;
    assert_eq!(text, "MODULE_NOT_FOUNDtry 2function");
}

#[tokio::test]
async fn commonjs_in_a_js_file_is_recognised() {
    let umd = "(function (root, make) { typeof module === 'object' && module.exports ? module.exports = make() : root.Umd = make() })(this, () => ({ name: 'umd' }))";
    let text = answer(&[
        ("main.js", "const { name } = require('./umd'); const { a } = require('./lib/a.js'); module.exports = { fetch: () => new Response(name + a) }"),
        ("umd.js", umd),
        ("lib/a.js", "exports.a = require('node:path').basename('/x/y') // no import, no export"),
    ])
    .await;
    assert_eq!(text, "umdy");
    // From modules, by name and as a whole.
    let main = tells("import all, { a } from './a.js'; import umd from './umd.js';", "[all.a, a, umd.name]");
    assert_eq!(answer(&[("main.js", &main), ("a.js", "exports.a = 1"), ("umd.js", umd)]).await, "[1,1,\"umd\"]");
    // What is a module stays one, whatever it speaks of.
    let main = tells("export const kind = typeof require + typeof module + typeof exports;", "kind");
    assert_eq!(answer(&[("main.js", &main)]).await, "\"undefinedundefinedundefined\"");
}

#[tokio::test]
async fn places_in_commonjs_are_the_files_own() {
    let code = modules(&[("main.cjs", "module.exports = { fetch() {\n  return null.x;\n} }")]);
    let ran = run(&code, get("/")).await;
    let error = ran.report.error.expect("an error");
    assert_eq!(
        error.position.map(|place| (place.file, place.line)),
        Some(("main.cjs".to_owned(), 2)),
        "{}",
        error.stack
    );
    assert!(!error.stack.contains("?cjs"), "{}", error.stack);
}

#[tokio::test]
async fn imports_are_found_as_typescript_and_bundlers_write_them() {
    let main = tells(
        "import a from './a'; import b from './b.js'; import c from './dir'; import d from 'pkg/sub'; import e from '/abs.mjs'; import f from './c.jsx';",
        "[a, b, c, d, e, f]",
    );
    let text = answer(&[
        ("src/main.ts", &main),
        ("src/a.mts", "export default 'a' as string"),
        ("src/b.ts", "export default 'b' as string"),
        ("src/c.tsx", "export default 'f' as string"),
        ("src/dir/index.tsx", "export { c as default } from './c.cjs'"),
        ("src/dir/c.cjs", "exports.c = 'c'"),
        ("pkg/sub.js", "export default 'd'"),
        ("abs.mjs", "export default 'e'"),
    ])
    .await;
    assert_eq!(text, "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]");
}

#[tokio::test]
async fn attributes_are_taken_by_the_word_they_had_before() {
    let imports = "import a from './d.json' assert { type: 'json' }\nimport b from \"./d.json\"assert{type:'json'};
                   export { default as c } from './d.json' assert { type: 'json' }";
    for name in ["main.js", "main.ts", "main.mjs"] {
        let main = tells(imports, "[a, b, 'from \\'x\\' assert', new Error().stack.match(/:(\\d+):/)[1]]");
        assert_eq!(answer(&[(name, &main), ("d.json", "1")]).await, "[1,1,\"from 'x' assert\",\"4\"]", "{name}");
    }
    let map = modules(&[("main.js", "import a from './d.json' assert { type: 'json' }\n\nlet a = ;"), ("d.json", "1")]);
    let refused = format!("{:?}", prepare(&map, Limits::DEFAULT).await.err().expect("it is refused"));
    assert!(refused.contains("line: 3"), "{refused}");
}

#[tokio::test]
async fn a_service_worker_answers_by_its_listener() {
    let text = "addEventListener('fetch', event => event.respondWith(answer(event.request)))
                async function answer(request) { return Response.json([new URL(request.url).pathname, typeof module]) }";
    for name in ["main.js", "main.ts", "main.cjs"] {
        let ran = run(&modules(&[(name, text)]), get("/path")).await;
        assert!(ran.text().starts_with("[\"/path\","), "{name} {:?}", ran.report);
    }
    let ran =
        run(&modules(&[("main.js", "addEventListener('fetch', () => { throw new Error('no') })")]), get("/")).await;
    assert_eq!((ran.report.outcome, ran.error().as_str()), (Outcome::Exception, "Error: no"), "{:?}", ran.report);
    let other = modules(&[("main.js", "addEventListener('message', () => {})")]);
    let refused = format!("{:?}", prepare(&other, Limits::DEFAULT).await.err().expect("it is refused"));
    assert!(refused.contains("no default export with a fetch handler"), "{refused}");
}

#[tokio::test]
async fn dynamic_imports_and_addresses_work() {
    let main = "export default { async fetch() {
      const parts = await Promise.all(['./lib/x', './lib/y.cjs', new URL('./lib/x.ts', import.meta.url).href].map((name) => import(name)));
      const gone = await import('./lib/' + 'z').catch((error) => error.message);
      return Response.json([parts[0].default(), parts[1].default, parts[0] === parts[2], gone, import.meta.url]);
    } }";
    let text = answer(&[
        ("app/main.ts", main),
        ("app/lib/x.ts", "export default () => import.meta.url as string"),
        ("app/lib/y.cjs", "module.exports = 'y'"),
    ])
    .await;
    assert!(text.starts_with("[\"file:///app/lib/x.ts\",\"y\",true,\"module \\\"./lib/z\\\""), "{text}");
    assert!(text.ends_with("\"file:///app/main.ts\"]"), "{text}");
}

#[tokio::test]
async fn data_is_an_array_buffer() {
    let main = tells(
        "import data from './logo.bin'; import { size } from './size.cjs';",
        "[data instanceof ArrayBuffer, [...new Uint8Array(data)], size]",
    );
    let module = |kind, text: &str| Module { kind, text: text.into() };
    let map = [
        ("main.js".to_owned(), module(ModuleKind::Js, &main)),
        ("size.cjs".to_owned(), module(ModuleKind::Cjs, "exports.size = require('./logo.bin').byteLength")),
        ("logo.bin".to_owned(), module(ModuleKind::Data, "AP+A")),
        ("empty.bin".to_owned(), module(ModuleKind::Data, "")),
    ];
    let ran = run(&Code::new(map.into(), "main.js".to_owned()).expect("valid"), get("/")).await;
    assert_eq!(ran.text(), "[true,[0,255,128],3]", "{:?}", ran.report);
}

#[tokio::test]
async fn a_thousand_modules_build() {
    for (ending, typed) in [("js", ""), ("ts", ": number")] {
        let mut map = vec![(format!("main.{ending}"), tells("import n from './m0';", "n"))];
        for index in 0..999 {
            // Each but the last ones imports two others.
            let others = [2 * index + 1, 2 * index + 2].into_iter().filter(|other| *other < 999);
            let (mut text, mut sum) = (String::new(), String::from("1"));
            for other in others {
                text += &format!("import n{other} from './m{other}';");
                sum += &format!(" + n{other}");
            }
            map.push((format!("m{index}.{ending}"), format!("{text} const sum{typed} = {sum}; export default sum")));
        }
        let map: Vec<(&str, &str)> = map.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(answer(&map).await, "999", "{ending}");
    }
}

#[tokio::test]
async fn import_cycles_of_modules_work() {
    let text = answer(&[
        ("main.ts", "import { odd } from './odd.ts'; export default { fetch: () => Response.json([odd(7), odd(8)]) }"),
        (
            "odd.ts",
            "import { even } from './even.ts'; export const odd = (n: number): boolean => n !== 0 && even(n - 1)",
        ),
        (
            "even.ts",
            "import { odd } from './odd.ts'; export const even = (n: number): boolean => n === 0 || odd(n - 1)",
        ),
    ])
    .await;
    assert_eq!(text, "[true,false]");
}

#[tokio::test]
async fn a_large_bundle_is_built_or_refused_by_name() {
    let mut text = String::from("export default { fetch: () => new Response('large' + f1(1)) };\n");
    let mut index = 0;
    while text.len() < (5 << 20) - 2_000 {
        text += &format!("function f{index}(a) {{ return a + {index} /* {} */ }}\n", "x".repeat(900));
        index += 1;
    }
    let limits = Limits { memory_bytes: 256 << 20, ..Limits::DEFAULT };
    for name in ["main.js", "main.ts"] {
        match prepare(&modules(&[(name, &text)]), limits).await {
            Ok(prepared) => assert!(prepared.build.overlay_bytes > 0),
            Err(error) => assert_eq!(error.outcome(), Outcome::BuildLimit, "{name} {error:?}"),
        }
    }
}

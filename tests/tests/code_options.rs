//! What code is built with beside its modules: code from text, and the import map.

use isolet_domain::code::Code;
use isolet_domain::code_options::CodeOptions;
use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_tests::guest::{get, modules, prepare, run};

fn allowing(code: Code) -> Code {
    code.with_options(CodeOptions { allow_eval: true, ..CodeOptions::default() }).expect("valid")
}

fn mapping(code: Code, entries: &[(&str, &str)]) -> Code {
    let import_map = entries.iter().map(|(key, target)| ((*key).to_owned(), (*target).to_owned())).collect();
    code.with_options(CodeOptions { import_map, ..CodeOptions::default() }).expect("valid")
}

/// Every way there is from text to code.
const MAKERS: &str = "const makers = {
    direct: () => eval('1 + 1'), indirect: () => (0, eval)('1 + 1'), Function: () => new Function('return 2')(),
    called: () => Function('return 2')(), constructor: () => (() => 0).constructor('return 2')(),
    async: () => (async () => 0).constructor('return 2')() && 2, generator: () => (function* () {}).constructor('yield 2')().next().value,
    asyncGenerator: () => (async function* () {}).constructor('yield 2')() && 2, reflect: () => Reflect.construct(Function, ['return 2'])(),
};
const tried = () => Object.entries(makers).map(([name, make]) => { try { return make() } catch (error) { return `${error.name} ${error.message}` } });";

#[tokio::test]
async fn code_from_text_is_off_unless_asked_for() {
    let text = format!(
        "{MAKERS} const early = tried(); export default {{ fetch: () => Response.json([early, tried(), eval(5), JSON.parse('[1]'), /a+/.test('aa')]) }}"
    );
    let ran = run(&Code::single(&text).expect("valid"), get("/")).await;
    let said: serde_json::Value = serde_json::from_str(&ran.text()).unwrap_or_else(|_| panic!("{:?}", ran.report));
    let refusal =
        "EvalError eval and new Function are off: set options.allow_eval where this function is deployed or run";
    for when in [0, 1] {
        let answers = said[when].as_array().expect("a list");
        assert_eq!(answers.len(), 9);
        assert!(answers.iter().all(|answer| answer == refusal), "{answers:?}");
    }
    // What is no text is given back, as the language has it; nothing else is touched.
    assert_eq!(said[2], 5);
    let ran = run(&allowing(Code::single(&text).expect("valid")), get("/")).await;
    let said: serde_json::Value = serde_json::from_str(&ran.text()).unwrap_or_else(|_| panic!("{:?}", ran.report));
    for when in [0, 1] {
        assert!(said[when].as_array().expect("a list").iter().all(|answer| answer == 2), "{said}");
    }
}

#[tokio::test]
async fn the_refusal_names_the_line() {
    let ran = run(&Code::single("export default { fetch() {\n  return eval('1') } }").expect("valid"), get("/")).await;
    assert_eq!(ran.report.outcome, Outcome::Exception);
    let place = ran.report.error.and_then(|error| error.position).expect("a place");
    assert_eq!((place.file.as_str(), place.line), ("main.js", 2));
}

#[tokio::test]
async fn one_functions_leave_is_not_anothers() {
    let text = "export default { fetch: () => new Response((() => { try { return String(eval('1')) } catch (error) { return error.name } })()) }";
    let (plain, allowed) = (Code::single(text).expect("valid"), allowing(Code::single(text).expect("valid")));
    assert_ne!(plain.digest(), allowed.digest());
    for _ in 0..3 {
        assert_eq!(run(&allowed, get("/")).await.text(), "1");
        assert_eq!(run(&plain, get("/")).await.text(), "EvalError");
    }
}

#[tokio::test]
async fn an_import_map_gives_names_to_modules() {
    let main = "import { h } from 'hono'; import text from 'lib/note.txt'; import own from '#own'; import EventEmitter from 'emitter';
        export default { async fetch() {
            const late = await import('lib/' + 'late.js');
            return Response.json([h, text, own, typeof EventEmitter, late.default]) } }";
    let map = [("hono", "./vendor/hono.js"), ("lib/", "./src/lib/"), ("#own", "own"), ("emitter", "node:events")];
    for main_name in ["main.js", "main.ts"] {
        let code = modules(&[
            (main_name, main),
            ("vendor/hono.js", "export const h = 'h'"),
            ("src/lib/note.txt", "note"),
            ("src/lib/late.js", "export default 'late'"),
            ("own.js", "import { h } from 'hono'; export default h + '!'"),
        ]);
        let ran = run(&mapping(code, &map), get("/")).await;
        assert_eq!(ran.text(), "[\"h\",\"note\",\"h!\",\"function\",\"late\"]", "{:?}", ran.report);
    }
}

#[tokio::test]
async fn a_mapped_import_that_leads_nowhere_is_named() {
    let code =
        modules(&[("main.js", "import x from 'lib/gone.js'; export default { fetch: () => x }"), ("src/a.js", "1")]);
    let code = mapping(code, &[("lib/", "./src/")]);
    let error = prepare(&code, Limits::DEFAULT).await.err().expect("there is none");
    assert!(format!("{error:?}").contains("lib/gone.js"), "{error:?}");
}

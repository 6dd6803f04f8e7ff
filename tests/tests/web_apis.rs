//! Web APIs as a tenant finds them, on the real engine with its natives. The standards' own tests are `conformance/`'s work; these need
//! nothing but the checkout.

use isolet_domain::limits::Limits;
use isolet_domain::outcome::Outcome;
use isolet_tests::guest::{Send, code, modules, prepare, run};

const CHECKS: &str = include_str!("../apis/checks.js");

#[track_caller]
fn passes(name: &str, text: &str) -> impl Future<Output = ()> {
    let code = modules(&[(name, text), ("checks.js", CHECKS)]);
    let limits = Limits { cpu: std::time::Duration::from_secs(5), ..Limits::DEFAULT };
    async move {
        let ran = run(&code, Send { limits, ..Send::default() }).await;
        assert_eq!(ran.status(), Some(200), "{}", ran.error());
        assert!(ran.text().ends_with(" passed"), "{}", ran.text());
    }
}

#[tokio::test]
async fn urls_patterns_and_encodings_follow_the_standards() {
    passes("text.js", include_str!("../apis/text.js")).await;
}

#[tokio::test]
async fn json_is_the_standards_by_the_short_ways_too() {
    passes("json.js", include_str!("../apis/json.js")).await;
}

#[tokio::test]
async fn regular_expressions_are_the_standards_by_the_short_ways_too() {
    passes("regexp.js", include_str!("../apis/regexp.js")).await;
}

#[tokio::test]
async fn loops_and_iterators_are_left_as_the_standard_says() {
    passes("iteration.js", include_str!("../apis/iteration.js")).await;
}

#[tokio::test]
async fn sorting_is_stable_and_asks_for_little() {
    passes("sort.js", include_str!("../apis/sort.js")).await;
}

#[tokio::test]
async fn compression_messages_and_streams_follow_the_standards() {
    passes("platform.js", include_str!("../apis/platform.js")).await;
}

#[tokio::test]
async fn algorithms_of_web_cryptography_give_what_their_standards_print() {
    passes("crypto.js", include_str!("../apis/crypto.js")).await;
}

#[tokio::test]
async fn keys_come_and_go_in_every_format_and_are_used_for_nothing_else() {
    passes("crypto-keys.js", include_str!("../apis/crypto-keys.js")).await;
}

#[tokio::test]
async fn deriving_without_end_ends_at_the_cpu_limit() {
    let code = code(
        "export default async () => {
            const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits'])
            const params = { name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 2 ** 32 - 1 }
            return new Response(await crypto.subtle.deriveBits(params, key, 512))
        }",
    );
    let ran = run(&code, Send::default()).await;
    assert_eq!(ran.report.outcome, Outcome::CpuLimit, "{:?}", ran.report);
}

#[tokio::test]
async fn keys_are_not_made_while_a_module_starts_up() {
    for making in [
        "await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt'])",
        "await crypto.subtle.generateKey('Ed25519', true, ['sign'])",
    ] {
        let built = prepare(&code(&format!("{making}\nexport default () => new Response()")), Limits::DEFAULT).await;
        let error = format!("{:?}", built.err().expect("the build fails"));
        assert!(error.contains("crypto.subtle.generateKey() is not available while the module starts up"), "{error}");
    }
}

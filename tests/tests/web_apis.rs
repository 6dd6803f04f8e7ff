//! Web APIs as a tenant finds them, on the real engine with its natives. The standards' own tests are `conformance/`'s work; these need
//! nothing but the checkout.

use isolet_domain::limits::Limits;
use isolet_tests::guest::{Send, modules, run};

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
async fn compression_messages_and_streams_follow_the_standards() {
    passes("platform.js", include_str!("../apis/platform.js")).await;
}

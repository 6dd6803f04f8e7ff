//! `Intl` and what goes by locale on the real engine, against tables of what Node answers. That the tables are true of Node is checked by
//! the prelude's own tests, which have Node at hand.

use isolet_domain::limits::Limits;
use isolet_tests::guest::{Send, modules, run};

const CHECKS: &str = include_str!("../apis/checks.js");
const RUNNER: &str = include_str!("../apis/intl.js");

#[track_caller]
fn agrees(table: &str) -> impl Future<Output = ()> {
    assert!(table.lines().filter(|line| line.starts_with("  [() => ")).count() > 50, "the table was read");
    let code = modules(&[("intl.js", RUNNER), ("cases.js", table), ("checks.js", CHECKS)]);
    let limits = Limits { cpu: std::time::Duration::from_secs(5), ..Limits::DEFAULT };
    async move {
        let ran = run(&code, Send { limits, ..Send::default() }).await;
        assert_eq!(ran.status(), Some(200), "{}", ran.error());
        assert!(ran.text().ends_with(" passed"), "{}", ran.text());
    }
}

#[tokio::test]
async fn numbers_are_written_as_node_writes_them() {
    agrees(include_str!("../apis/intl-numbers.js")).await;
}

#[tokio::test]
async fn dates_are_written_as_node_writes_them() {
    agrees(include_str!("../apis/intl-dates.js")).await;
}

#[tokio::test]
async fn time_zones_are_those_of_the_database() {
    agrees(include_str!("../apis/intl-zones.js")).await;
}

#[tokio::test]
async fn lists_plurals_and_relative_times_are_as_in_node() {
    agrees(include_str!("../apis/intl-words.js")).await;
}

#[tokio::test]
async fn text_sorts_and_bad_input_fails_as_in_node() {
    agrees(include_str!("../apis/intl-text.js")).await;
}

//! That code reaches no network, as the kernel sees it: a run that tries, under strace, with every network call on record.

use std::process::Command;

use isolet_tests::guest::{code, get, run};

/// Set in the traced child, which is this same test.
const CHILD: &str = "ISOLET_TRACED_CHILD";

const ESCAPES: &str = "export default { async fetch() {
    const seen = [];
    for (const url of ['http://127.0.0.1:6379/', 'https://example.com/', 'http://[::1]/', 'http://169.254.169.254/'])
        try { await fetch(url) } catch (e) { seen.push(e.name) }
    return new Response(seen.join()) } }";

#[test]
fn no_socket_is_opened_by_a_run() {
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let ran = runtime.block_on(run(&code(ESCAPES), get("/")));
        assert_eq!(ran.text(), "TypeError,TypeError,TypeError,TypeError");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("trace");
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=network", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().expect("this program"))
        .args(["no_socket_is_opened_by_a_run", "--exact"])
        .env(CHILD, "1")
        .output();
    let Ok(output) = traced else {
        assert!(std::env::var_os("ISOLET_REQUIRE_STRACE").is_none(), "strace is required and not installed");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let trace = std::fs::read_to_string(&log).expect("a trace");
    for family in ["AF_INET", "AF_INET6", "AF_NETLINK", "sendto(", "connect("] {
        assert!(!trace.contains(family), "{trace}");
    }
}

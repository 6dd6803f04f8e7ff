//! `isolet versions`, `alias`, `rollback`, `tenant` and `key` against a running host: what they do there, what they print, and how they fail.

mod up;

use serde_json::Value;
use up::{Up, cache, exchange, isolet};

struct Desk {
    host: Up,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { host: Up::start(&[]), folder: tempfile::tempdir().expect("a folder") }
    }

    /// Exit code, stdout, stderr.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        self.run_with(&self.host.key_file(), arguments)
    }

    fn run_with(&self, key_file: &std::path::Path, arguments: &[&str]) -> (i32, String, String) {
        let mut command = isolet();
        command.current_dir(self.folder.path()).env("XDG_CACHE_HOME", cache()).args(arguments);
        command.arg("--url").arg(self.host.started["control_plane"].as_str().expect("an address"));
        let output = command.arg("--key-file").arg(key_file).output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().expect("it ended by itself"), text(output.stdout), text(output.stderr))
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {err}");
        out
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let out = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], because: &str) {
        let (code, _, err) = self.run(arguments);
        assert!(code == 1 && err.contains(because), "{arguments:?}: {code} {err}");
    }

    fn deploy(&self, text: &str) {
        let source = format!("export default {{ fetch: () => new Response('{text}') }}\n");
        std::fs::write(self.folder.path().join("main.js"), source).expect("written");
        self.ok(&["deploy", "main.js", "--name", "shop", "--message", text]);
    }

    fn answer(&self) -> (u16, String) {
        exchange(self.host.address("ingress"), "shop--demo.localhost", "GET / HTTP/1.1", b"")
    }
}

#[test]
fn versions_are_shown_and_traffic_is_divided_and_sent_back() {
    let desk = Desk::new();
    for text in ["one", "two", "three"] {
        desk.deploy(text);
    }
    let listed = desk.json(&["versions", "list", "--name", "shop"]);
    let numbers: Vec<_> = listed.as_array().expect("a list").iter().map(|version| version["number"].clone()).collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert!(
        desk.ok(&["versions", "list", "--name", "shop"]).lines().next().is_some_and(|line| line.starts_with("v3  v_"))
    );
    let diff = desk.ok(&["versions", "diff", "v3", "--base", "1", "--name", "shop"]);
    assert!(diff.contains("-export default { fetch: () => new Response('one') }"), "{diff}");
    assert!(diff.contains("+export default { fetch: () => new Response('three') }"), "{diff}");
    assert_eq!(desk.json(&["versions", "show", "v2", "--name", "shop"])["message"], "two");
    desk.refused(&["versions", "show", "v9", "--name", "shop"], "no version 9");

    let set = desk.ok(&["alias", "set", "live=v1:99.5,v2:0.5,v3:0", "--name", "shop", "--sticky", "X-User"]);
    assert!(set.starts_with("live: 99.5 % v_") && set.contains("sticky by header:x-user"), "{set}");
    assert!(desk.ok(&["alias", "set", "live=v2", "--name", "shop"]).contains("sticky by header:x-user"));
    assert!(!desk.ok(&["alias", "set", "live=v2", "--name", "shop", "--sticky", "none"]).contains("sticky"));
    assert_eq!(desk.answer(), (200, "two".to_owned()));
    desk.ok(&["alias", "set", "next=v3", "--name", "shop"]);
    assert_eq!(desk.ok(&["alias", "list", "--name", "shop"]).lines().count(), 2);
    desk.refused(&["alias", "set", "live=v1:50,v2:49", "--name", "shop"], "add up");
    desk.refused(&["alias", "set", "live=v1:x", "--name", "shop"], "per cent");

    desk.ok(&["rollback", "--name", "shop"]);
    desk.ok(&["rollback", "--name", "shop"]);
    assert_eq!(desk.answer(), (200, "three".to_owned()), "what was live before the splits");
    desk.ok(&["rollback", "--to", "v1", "--name", "shop"]);
    assert_eq!(desk.answer(), (200, "one".to_owned()));
    desk.ok(&["alias", "delete", "live", "--name", "shop"]);
    assert_eq!(desk.answer().0, 404);
    desk.refused(&["rollback", "--name", "shop"], "no such alias");
}

#[test]
fn tenants_and_keys_are_managed() {
    let desk = Desk::new();
    desk.ok(&["tenant", "create", "acme", "--label", "tier=gold", "--label", "eu=yes"]);
    desk.ok(&["tenant", "create", "globex"]);
    desk.refused(&["tenant", "create", "acme"], "taken");
    let gold = desk.json(&["tenant", "list", "--label", "tier=gold"]);
    assert_eq!(gold.as_array().map(Vec::len), Some(1));
    assert_eq!(desk.ok(&["tenant", "list"]).lines().count(), 3, "and the demo");
    let limits = desk.json(&["tenant", "limits", "acme", "cpu_ms=20", "rps=50"]);
    assert_eq!((limits["effective"]["cpu_ms"].as_u64(), limits["effective"]["rps"].as_u64()), (Some(20), Some(50)));
    assert!(desk.ok(&["tenant", "limits", "acme"]).contains("cpu_ms = 20  (set here)"));
    assert_eq!(desk.json(&["tenant", "limits", "acme", "--clear"])["set"], serde_json::json!({}));

    let created = desk.ok(&["key", "create", "tenant", "--note", "ci", "--tenant", "acme", "--function", "shop*"]);
    let (line, secret) = created.trim_end().split_once('\n').expect("two lines");
    assert!(secret.starts_with("isl_tenant_"));
    let id = line.split_whitespace().next().expect("an id");
    let listed = desk.ok(&["key", "list", "--tenant", "acme"]);
    assert!(listed.contains(id) && !listed.contains(secret));
    let rotated = desk.json(&["key", "rotate", id, "--grace-s", "60", "--tenant", "acme"]);
    assert_eq!(rotated["replaces"], id);
    let file = desk.folder.path().join("acme.key");
    std::fs::write(&file, rotated["key"].as_str().expect("a key")).expect("written");
    let (code, _, err) = desk.run_with(&file, &["versions", "list", "--name", "shop", "--tenant", "~"]);
    assert!(code == 1 && err.contains("no such function"), "{err}");
    // Bound to functions, it has nothing to do with tenants.
    let (code, _, err) = desk.run_with(&file, &["tenant", "list"]);
    assert!(code == 1 && err.contains("lacks the scope `tenants:read`"), "{err}");
    desk.ok(&["key", "revoke", rotated["id"].as_str().expect("an id"), "--tenant", "acme"]);
    let (code, _, err) = desk.run_with(&file, &["versions", "list", "--name", "shop", "--tenant", "~"]);
    assert!(code == 1 && err.contains("401"), "{err}");

    let suspended = desk.ok(&["tenant", "suspend", "acme", "--reason", "unpaid", "--code", "billing"]);
    assert!(suspended.contains("suspended  (unpaid)"), "{suspended}");
    assert_eq!(desk.json(&["tenant", "list", "--status", "suspended"])[0]["slug"], "acme");
    assert!(desk.ok(&["tenant", "resume", "acme"]).contains("active"));
    desk.refused(&["tenant", "delete", "acme"], "--yes");
    desk.ok(&["tenant", "delete", "acme", "--yes"]);
    desk.refused(&["tenant", "limits", "acme"], "no such tenant");
}

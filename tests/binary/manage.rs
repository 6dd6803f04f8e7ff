//! `isolet versions`, `alias`, `rollback`, `tenant`, `key`, `env`, `secret`, `egress`, `audit`, `login` and `context` against a running
//! host: what they do there, what they print, and how they fail.

mod up;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

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

    /// With this on standard input, these variables and a folder for settings, and without flags that say which host.
    fn alone(&self, input: &str, variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
        let mut command = isolet();
        command.current_dir(self.folder.path()).env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command.envs(variables.iter().copied()).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        // It may end without reading.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().expect("it ended by itself"), text(output.stdout), text(output.stderr))
    }

    fn url(&self) -> &str {
        self.host.started["control_plane"].as_str().expect("an address")
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
    desk.refused(&["alias", "set", "live=v1:50,v2:49", "--name", "shop"], "come to 99 per cent");
    desk.refused(&["alias", "delete", "live?x", "--name", "shop", "--yes"], "404");
    desk.refused(&["alias", "set", "live=v1:x", "--name", "shop"], "per cent");

    desk.ok(&["rollback", "--name", "shop"]);
    desk.ok(&["rollback", "--name", "shop"]);
    assert_eq!(desk.answer(), (200, "three".to_owned()), "what was live before the splits");
    desk.ok(&["rollback", "--to", "v1", "--name", "shop"]);
    assert_eq!(desk.answer(), (200, "one".to_owned()));
    let (_, out, err) = desk.run(&["deploy", "main.js", "--name", "shop", "--message", "again"]);
    assert!(out.contains("version 3 (") && err.contains("keeps the message that it has"), "{out}{err}");
    assert_eq!(desk.json(&["versions", "show", "v3", "--name", "shop"])["message"], "three");
    desk.refused(&["versions", "delete", "v2", "--name", "shop"], "say `--yes`");
    desk.refused(&["versions", "delete", "v3", "--name", "shop", "--yes"], "the alias `live` names the version");
    assert_eq!(desk.ok(&["versions", "delete", "v2", "--name", "shop", "--yes"]), "v2 is gone\n");
    desk.refused(&["versions", "show", "v2", "--name", "shop"], "no version 2");
    desk.refused(&["alias", "delete", "live", "--name", "shop"], "say `--yes` to delete the alias `live` of `shop`");
    assert_eq!(desk.answer().0, 200);
    assert_eq!(desk.json(&["alias", "delete", "live", "--name", "shop", "--yes"])["deleted"], "live");
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
    let beyond = desk.ok(&["tenant", "limits", "acme", "memory_bytes=268435456"]);
    assert!(beyond.contains("(set here to 268435456, and bounded by what the host allows)"), "{beyond}");
    desk.refused(
        &["tenant", "limits", "acme", "memory_bytes=99000000000"],
        "`/memory_bytes` must be at most 268435456",
    );
    desk.refused(&["tenant", "limits", "acme", "memory_bytes=1"], "`/memory_bytes` must be at least 12582912");
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
    assert!(code == 1 && err.contains("bound to functions"), "{err}");
    desk.refused(
        &["key", "revoke", &format!("{}?x", rotated["id"].as_str().expect("an id")), "--tenant", "acme", "--yes"],
        "404",
    );
    let revoke = ["key", "revoke", rotated["id"].as_str().expect("an id"), "--tenant", "acme"];
    desk.refused(&revoke, "say `--yes` to revoke");
    desk.ok(&[&revoke[..], &["--yes"]].concat());
    let (code, _, err) = desk.run_with(&file, &["versions", "list", "--name", "shop", "--tenant", "~"]);
    assert!(code == 1 && err.contains("401"), "{err}");

    let near = ["key", "create", "tenant", "--tenant", "acme", "--cidr", "127.0.0.0/8", "--cidr", "::1"];
    let far = ["key", "create", "tenant", "--tenant", "acme", "--cidr", "192.0.2.0/24"];
    for (create, written, expected) in [(&near[..], "from 127.0.0.0/8, ::1/128", 0), (&far, "from 192.0.2.0/24", 1)] {
        let created = desk.ok(create);
        let (line, secret) = created.trim_end().split_once('\n').expect("two lines");
        assert!(line.contains(written) && desk.ok(&["key", "list", "--tenant", "acme"]).contains(written), "{line}");
        std::fs::write(&file, secret).expect("written");
        let (code, _, err) = desk.run_with(&file, &["key", "list", "--tenant", "~"]);
        assert_eq!((code, err.contains("401")), (expected, expected == 1), "{err}");
    }
    let wrong = ["key", "create", "tenant", "--tenant", "acme", "--cidr", "10.0.0.1/8"];
    desk.refused(&wrong, "`10.0.0.0/8` is probably meant");

    let suspended = desk.ok(&["tenant", "suspend", "acme", "--reason", "unpaid", "--code", "billing"]);
    assert!(suspended.contains("suspended  (unpaid)"), "{suspended}");
    assert_eq!(desk.json(&["tenant", "list", "--status", "suspended"])[0]["slug"], "acme");
    assert!(desk.ok(&["tenant", "resume", "acme"]).contains("active"));
    desk.refused(&["tenant", "suspend", "acme/suspend?x=", "--reason", "r", "--code", "c"], "404");
    desk.refused(&["tenant", "delete", "acme"], "--yes");
    desk.ok(&["tenant", "delete", "acme", "--yes"]);
    desk.refused(&["tenant", "limits", "acme"], "no such tenant");
}

#[test]
fn variables_secrets_and_rules_are_set_shown_and_removed() {
    let desk = Desk::new();
    let source = "export default { fetch: (r, env) => new Response(env.WHO + ' ' + env.LONG) }";
    std::fs::write(desk.folder.path().join("main.js"), source).expect("written");
    desk.ok(&["deploy", "main.js", "--name", "shop"]);
    let key_file = desk.host.key_file();
    let key_file = key_file.to_str().expect("UTF-8");
    let with = |input: &str, arguments: &[&str]| {
        let host = ["--url", desk.url(), "--key-file", key_file];
        desk.alone(input, &[], &[arguments, &host].concat())
    };
    desk.ok(&["env", "set", "WHO=a=b", "LONG=", "--name", "shop"]);
    assert_eq!(with("two\nlines\n", &["env", "set", "LONG", "--name", "shop"]).0, 0);
    assert_eq!(desk.ok(&["env", "list", "--name", "shop"]), "LONG=two\nlines\nWHO=a=b\n");
    assert_eq!(desk.answer(), (200, "a=b two\nlines".to_owned()));
    desk.ok(&["env", "set", "WHO=all", "REGION=eu", "--shared"]);
    assert_eq!(desk.ok(&["env", "list", "--shared"]), "REGION=eu\nWHO=all\n");
    assert!(desk.answer().1.starts_with("a=b "), "a function's own counts");
    desk.ok(&["env", "delete", "WHO", "--name", "shop", "--yes"]);
    assert!(desk.answer().1.starts_with("all "), "and the tenant's below it");
    desk.ok(&["env", "set", "WHO=a=b", "--name", "shop"]);
    desk.ok(&["env", "delete", "WHO", "--shared", "--yes"]);
    desk.refused(&["env", "delete", "WHO", "--shared", "--yes"], "no such variable");
    desk.refused(&["env", "set", "A", "B", "--name", "shop"], "standard input has one value");
    desk.refused(&["env", "set", "no name=1", "--name", "shop"], "422");
    desk.refused(&["env", "delete", "LONG", "--name", "shop"], "say `--yes`");
    assert_eq!(desk.ok(&["env", "list", "--name", "shop"]).lines().count(), 3);
    desk.ok(&["env", "delete", "LONG", "--name", "shop", "--yes"]);
    desk.refused(&["env", "delete", "LONG", "--name", "shop", "--yes"], "no such variable");
    desk.refused(&["env", "delete", "../../../tenants", "--name", "shop", "--yes"], "404");

    for scope in [&["--name", "shop"][..], &["--shared"]] {
        let (code, out, err) = with("s3cret\n", &[&["secret", "put", "TOKEN"], scope].concat());
        assert!(code == 0 && out == "TOKEN is set\n", "{err}");
        assert_eq!(desk.ok(&[&["secret", "list"], scope].concat()), "TOKEN\n");
    }
    let (code, _, err) = with("s3cret\n", &["secret", "put", "no-name", "--shared"]);
    assert!(code == 1 && err.contains("`no-name` cannot be a secret's name"), "{err}");
    let (code, _, err) = with("", &["secret", "put", "TOKEN", "--shared"]);
    assert!(code == 1 && err.contains("no value"), "{err}");
    assert_eq!(desk.run(&["secret", "put", "TOKEN", "s3cret"]).0, 1, "never as an argument");
    desk.refused(&["secret", "delete", "TOKEN", "--shared"], "say `--yes`");
    assert_eq!(desk.ok(&["secret", "list", "--shared"]), "TOKEN\n");
    assert_eq!(desk.json(&["secret", "delete", "TOKEN", "--shared", "--yes"])["deleted"], "TOKEN");
    assert_eq!(desk.json(&["secret", "list", "--shared"]), serde_json::json!([]));

    // A whole file, or nothing of it; and no value is ever shown.
    let dotenv = "# ours\nexport A=hunter2\nB='hunter2 # too'\n";
    std::fs::write(desk.folder.path().join(".env"), dotenv).expect("written");
    let (code, out, err) = desk.run(&["secret", "import", ".env", "--shared"]);
    assert_eq!((code, out.as_str()), (0, "2 are set: A, B\n"), "{err}");
    assert!(!err.contains("hunter2"), "{err}");
    let (code, out, _) = with(dotenv, &["secret", "import", "--name", "shop", "--json"]);
    let set: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &set["set"]), (0, &serde_json::json!(["A", "B"])));
    for (bad, said) in [
        ("C=1\nhunter2\n", "line 2 is not NAME=VALUE"),
        ("C=1\n2D=hunter2\n", "line 2: the name"),
        ("C=1\nD=\n", "the value of `D`"),
        ("C=1\nD=\"hunter2\\nx\"\n", "the value of `D`"),
        ("# nothing\n", "nothing was set"),
    ] {
        let (code, out, err) = with(bad, &["secret", "import", "-", "--shared"]);
        assert!(code == 1 && err.contains(said) && !(out + &err).contains("hunter2"), "{bad:?}: {err}");
    }
    assert_eq!(desk.ok(&["secret", "list", "--shared"]), "A\nB\n");
    desk.refused(&["secret", "import", "absent.env", "--shared"], "cannot read `absent.env`");

    let allow = ["egress", "allow", "api.example.com", "--port", "443", "--inject", "authorization=Bearer TOKEN"];
    let told = "1  allow api.example.com  ports 443  sends TOKEN in authorization\n";
    assert_eq!(desk.ok(&[&allow[..], &["--name", "shop"]].concat()), told);
    assert_eq!(desk.ok(&[&allow[..], &["--name", "shop"]].concat()), told, "once is enough");
    desk.ok(&["egress", "allow", "*.example.org", "--method", "GET", "--path-prefix", "/v1", "--name", "shop"]);
    desk.ok(&["egress", "deny", "evil.example.org", "--name", "shop"]);
    let list = desk.ok(&["egress", "list", "--name", "shop"]);
    assert_eq!(list.lines().next(), Some("1  deny evil.example.org"), "{list}");
    assert_eq!(list.lines().last(), Some("3  allow *.example.org  methods GET  below /v1"), "{list}");
    assert_eq!(desk.ok(&["egress", "remove", "1", "--name", "shop"]).lines().count(), 2);
    desk.refused(&["egress", "remove", "9", "--name", "shop"], "there is no rule 9");
    desk.refused(&["egress", "allow", "127.0.0.1", "--name", "shop"], "403");
    assert_eq!(desk.ok(&["egress", "list", "--shared"]), "");
}

#[test]
fn keys_of_all_tenants_are_made_shown_and_ended_by_the_operator() {
    let desk = Desk::new();
    let created = desk.ok(&["key", "create", "platform", "--name", "backend"]);
    let (line, secret) = created.trim_end().split_once('\n').expect("two lines");
    assert!(secret.starts_with("isl_platform_"), "{created}");
    let id = line.split_whitespace().next().expect("an id");
    let file = desk.folder.path().join("backend.key");
    std::fs::write(&file, secret).expect("written");
    assert_eq!(desk.run_with(&file, &["tenant", "create", "acme"]).0, 0);
    for arguments in [&["key", "list", "--global"][..], &["key", "create", "admin"]] {
        let (code, _, err) = desk.run_with(&file, arguments);
        assert!(code == 1 && err.contains("for the operator"), "{err}");
    }
    let listed = desk.ok(&["key", "list", "--global"]);
    assert!(listed.contains(id) && listed.contains("first start") && !listed.contains(secret), "{listed}");
    assert!(!desk.ok(&["key", "list", "--tenant", "acme"]).contains(id));
    let all = desk.json(&["key", "list", "--global"]);
    let admin = all.as_array().into_iter().flatten().find(|key| key["preset"] == "admin").expect("there")["id"].clone();
    desk.refused(&["key", "revoke", admin.as_str().expect("an id"), "--global", "--yes"], "last admin key");
    let rotated = desk.json(&["key", "rotate", id, "--global"]);
    assert_eq!(rotated["replaces"], id);
    desk.refused(&["key", "revoke", id, "--global"], "say `--yes` to revoke");
    desk.ok(&["key", "revoke", rotated["id"].as_str().expect("an id"), "--global", "--yes"]);
    assert_eq!(desk.run_with(&file, &["tenant", "list"]).0, 1);
}

#[test]
fn the_console_is_opened_by_a_link_that_is_good_once() {
    let desk = Desk::new();
    let (code, out, err) = desk.run(&["open"]);
    assert_eq!(code, 0, "{err}");
    let (console, token) = out.trim_end().split_once("/#t=").expect("a link");
    assert_eq!(console, desk.url());
    assert!(err.contains("one-time sign-in link, valid until ") && !err.contains(token), "{err}");
    let sign_in = || desk.host.api("POST", "/v1/sessions", &serde_json::json!({ "link": token }).to_string());
    let (status, session) = sign_in();
    assert!(status == 201 && session.contains("\"preset\":\"admin\""), "{session}");
    assert_eq!(sign_in().0, 401);
    // Of a tenant's key it signs in as that.
    let key = desk.json(&["key", "create", "tenant", "--tenant", "demo"])["key"].as_str().expect("a key").to_owned();
    let file = desk.folder.path().join("tenant.key");
    std::fs::write(&file, key).expect("written");
    let (code, out, err) = desk.run_with(&file, &["open", "--json"]);
    let link: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    let token = link["url"].as_str().expect("an address").split_once("/#t=").expect("a link").1;
    let (status, session) = desk.host.api("POST", "/v1/sessions", &serde_json::json!({ "link": token }).to_string());
    assert!(code == 0 && status == 201 && session.contains("\"tenant\":\"demo\""), "{session}");
    std::fs::write(&file, "isl_tenant_0").expect("written");
    let (code, _, err) = desk.run_with(&file, &["open"]);
    assert!(code == 1 && err.contains("401"), "{err}");
}

#[test]
fn a_function_is_measured_through_either_door() {
    let desk = Desk::new();
    for through in ["ingress", "api"] {
        let told = desk.json(&["bench", "hello", "--duration", "300ms", "--connections", "2", "--through", through]);
        assert_eq!((told["through"].as_str(), told["connections"].as_u64()), (Some(through), Some(2)));
        assert!(told["requests"].as_u64().is_some_and(|requests| requests > 0), "{told}");
        let (half, most) = (&told["latency_ms"]["p50"], &told["latency_ms"]["max"]);
        assert!(half.as_f64() > Some(0.0) && half.as_f64() <= most.as_f64(), "{told}");
        let outcomes = told["outcomes"].as_object().expect("outcomes");
        assert!(outcomes["ok"].as_u64() > Some(0) && told["errors"] == serde_json::json!({}), "{told}");
        let all: u64 = outcomes.values().filter_map(Value::as_u64).sum();
        assert_eq!(Some(all), told["requests"].as_u64());
    }
    let words = desk.ok(&["bench", "hello", "-d", "200ms", "-c", "1"]);
    assert!(words.starts_with("hello through the ingress, 1 at a time, "), "{words}");
    desk.refused(&["bench", "nobody", "-d", "200ms"], "no such function");
    desk.refused(&["bench", "hello", "-d", "0s"], "give a number with ms, s or m");
    desk.refused(&["bench", "hello", "-c", "0"], "must be 1 to 1000");

    // Ctrl+C ends it early, and it says what it saw.
    let mut command = isolet();
    command.args(["bench", "hello", "-d", "60s", "--json", "--url", desk.url(), "--key-file"]);
    let child = command.arg(desk.host.key_file()).stdout(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(std::time::Duration::from_millis(700));
    // SAFETY: the process is a child of this one, and not waited for yet.
    unsafe { libc::kill(i32::try_from(child.id()).expect("a process's id"), libc::SIGINT) };
    let output = child.wait_with_output().expect("it ends");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(output.status.success() && told["duration_ms"].as_u64() < Some(30_000), "{told}");
}

#[test]
fn contexts_keep_hosts_and_keys_and_yield_to_variables_and_flags() {
    let desk = Desk::new();
    desk.ok(&["tenant", "create", "acme"]);
    let bound = desk.json(&["key", "create", "tenant", "--tenant", "acme"])["key"].as_str().expect("a key").to_owned();
    let admin = std::fs::read_to_string(desk.host.key_file()).expect("a key");
    let alone = |input: &str, arguments: &[&str]| desk.alone(input, &[], arguments);

    let (code, _, err) = alone("isl_tenant_wrong", &["login", "--url", desk.url()]);
    assert!(code == 1 && err.contains("401"), "{err}");
    assert!(alone("", &["login", "--url", desk.url()]).2.contains("no key"));
    assert!(alone("k", &["login", "--url", "http://u:p@127.0.0.1:1"]).2.contains("credentials"));
    assert_eq!(alone("", &["context", "list"]).1.trim(), "", "nothing was kept of those");

    let (code, out, err) = alone(&admin, &["login", "--url", desk.url(), "--context", "ops"]);
    assert!(code == 0 && out.starts_with("ops is http://") && out.contains("admin"), "{err}");
    let (code, out, err) = alone(&format!("{bound}\n"), &["login", "--url", desk.url(), "--context", "acme"]);
    assert!(code == 0 && !out.contains(&bound), "{err}");
    let file = desk.folder.path().join("config/isolet/contexts.toml");
    assert_eq!(std::fs::metadata(&file).expect("written").permissions().mode() & 0o777, 0o600);
    let (_, list, _) = alone("", &["context", "list"]);
    assert!(list.contains("* acme") && list.contains("  ops") && !list.contains("isl_"), "{list}");

    // The bound key of the current context, for its own tenant; another context; a variable; a flag.
    assert!(alone("", &["env", "list", "--name", "f"]).2.contains("no such function"));
    assert!(alone("", &["tenant", "create", "globex"]).2.contains("403"));
    assert_eq!(alone("", &["tenant", "create", "globex", "--context", "ops"]).0, 0);
    assert_eq!(desk.alone("", &[("ISOLET_CONTEXT", "ops")], &["tenant", "create", "initech"]).0, 0);
    assert_eq!(desk.alone("", &[("ISOLET_KEY", &admin)], &["tenant", "create", "hooli"]).0, 0);
    let (_, _, err) = desk.alone("", &[("ISOLET_KEY", &admin)], &["tenant", "list", "--key-file", "absent"]);
    assert!(err.contains("cannot read the key in `absent`"), "{err}");
    let (_, _, err) = desk.alone("", &[("ISOLET_URL", "http://127.0.0.1:1")], &["tenant", "list"]);
    assert!(err.contains("cannot read the key in `.isolet/admin.key`"), "a context's key is for its own host: {err}");
    assert_eq!(
        desk.alone(
            "",
            &[("ISOLET_URL", "http://127.0.0.1:1")],
            &["tenant", "list", "--url", desk.url(), "--context", "ops"]
        )
        .0,
        0
    );

    assert!(alone("", &["context", "use", "nobody"]).2.contains("no context `nobody`"));
    assert_eq!(alone("", &["context", "use", "ops"]).0, 0);
    assert_eq!(alone("", &["tenant", "list"]).0, 0);
    assert_eq!(alone("", &["context", "delete", "ops"]).0, 0);
    assert!(alone("", &["tenant", "list"]).2.contains("admin.key"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("set");
    assert!(alone("", &["context", "list"]).2.contains("chmod 600"));
}

#[test]
fn the_audit_is_shown_searched_and_gone_through() {
    let desk = Desk::new();
    desk.ok(&["tenant", "create", "acme"]);
    desk.ok(&["key", "create", "tenant", "--tenant", "acme"]);
    desk.ok(&["tenant", "create", "globex"]);
    let all = desk.json(&["audit"]);
    let told = |at: usize| (all[at]["operation"].as_str(), all[at]["subject"].as_str().unwrap_or_default().to_owned());
    assert_eq!(told(0), (Some("create_tenant"), "globex".to_owned()));
    assert!(told(1).0 == Some("create_key") && told(1).1.starts_with("key_"), "{all}");
    let of_acme = desk.json(&["audit", "--about", "acme", "--operation", "create_key"]);
    assert_eq!((&of_acme[0], of_acme.as_array().map(Vec::len)), (&all[1], Some(1)));
    assert_eq!(desk.json(&["audit", "--limit", "2"]).as_array().map(Vec::len), Some(2));
    let lines = desk.ok(&["audit", "--about", "acme"]);
    assert!(lines.contains("create_key  /v1/tenants/acme/keys  key_"), "{lines}");
    // What a tenant's key does is in a chain of its own, and in the same list.
    let own = desk.json(&["key", "create", "tenant", "--tenant", "acme"])["key"].as_str().expect("a key").to_owned();
    let file = desk.folder.path().join("acme.key");
    std::fs::write(&file, own).expect("written");
    assert_eq!(desk.run_with(&file, &["key", "create", "invoke-only", "--tenant", "~"]).0, 0);
    assert_eq!(desk.run_with(&file, &["tenant", "create", "initech"]).0, 1);
    let newest = desk.json(&["audit", "--limit", "3"]);
    let told = [0, 1, 2].map(|at| (newest[at]["operation"].as_str(), newest[at]["status"].as_u64()));
    let expected = [("create_tenant", 403), ("create_key", 201), ("create_key", 201)];
    assert_eq!(told, expected.map(|(operation, status)| (Some(operation), Some(status))));
    assert_ne!(newest[0]["host"], newest[2]["host"]);
    assert_eq!((&newest[0]["host"], &newest[0]["number"]), (&newest[1]["host"], &Value::from(2)));
    let (code, out, _) = desk.run(&["audit", "--verify"]);
    assert!(code == 0 && out.contains("All of them are as they were written."), "{out}");
    desk.refused(&["audit", "--about", "nobody"], "404");
    desk.refused(&["audit", "--start", "yesterday"], "`start` is no time");
}

#[test]
fn a_recorded_run_runs_again_there_and_here() {
    let desk = Desk::new();
    let code = "export default { async fetch(r, env) { console.log('seen'); return new Response(`${r.method} ${await r.text()} ${env.WHO}`) } }";
    let ran = desk.json(&["run", "-e", code, "-d", "hello", "--env", "WHO=acme"]);
    let id = ran["id"].as_str().expect("it was recorded");
    assert_eq!(ran["response"]["body"]["text"], "POST hello acme");
    assert_eq!(desk.ok(&["replay", id]), "POST hello undefined\n");
    let (code, out, err) = desk.run(&["replay", id, "--local"]);
    assert_eq!((code, out.as_str()), (0, "POST hello undefined\n"), "{err}");
    assert!(err.contains("runs without WHO") && err.contains("seen"), "{err}");
    assert_eq!(desk.ok(&["replay", id, "--local", "--env", "WHO=me"]), "POST hello me\n");
    desk.refused(&["replay", "run_0", "--local"], "404");
    desk.refused(&["replay", id, "--env", "WHO=me"], "--local");
    // A failure has its outcome's exit code and the lines around it.
    let ran = desk.run(&["run", "-e", "export default {\n  fetch() { throw new Error('no') }\n}", "--json"]);
    let id = serde_json::from_str::<Value>(&ran.1).expect("JSON")["id"].as_str().expect("recorded").to_owned();
    let (code, _, err) = desk.run(&["replay", &id, "--local"]);
    assert_eq!(code, ran.0, "{err}");
    assert!(err.contains("throw new Error"), "{err}");
}

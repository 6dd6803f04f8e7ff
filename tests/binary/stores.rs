//! `isolet store`: a host's store to a file and back, one tenant to another host, and a new master key, with hosts that run before and after.

mod up;

#[path = "../../host/storage/tests/contract/server.rs"]
#[allow(dead_code, reason = "the storage tests use more of it")]
mod server;

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use server::Server;
use up::{Up, cache, exchange, isolet};

const SECRET: &str = "planted-4711-secret";

fn store(data: &Path, arguments: &[&str]) -> Output {
    isolet().arg("store").args(arguments).arg("--data").arg(data).output().expect("it starts")
}

#[track_caller]
fn done(data: &Path, arguments: &[&str]) -> String {
    let output = store(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[track_caller]
fn refused(data: &Path, arguments: &[&str], because: &str) {
    let output = store(data, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(because), "{arguments:?}: {said}");
}

/// A function with a secret, in a tenant of its own.
fn fill(host: &Up) {
    for (method, path, body) in [
        ("POST", "/v1/tenants", json!({ "slug": "acme" })),
        ("PUT", "/v1/tenants/acme/functions/f", json!({})),
        (
            "POST",
            "/v1/tenants/acme/functions/f/deploy",
            json!({ "modules": { "main.js": "export default { fetch: () => new Response('one') }" }, "main_module": "main.js" }),
        ),
        ("PUT", "/v1/tenants/acme/secrets/TOKEN", json!({ "value": SECRET })),
    ] {
        let (status, said) = host.api(method, path, &body.to_string());
        assert!((200..300).contains(&status), "{method} {path}: {status} {said}");
    }
}

/// Everything that `fill` made works, and the audit is whole.
fn works(host: &Up) {
    let answer = exchange(host.address("ingress"), "f--acme.localhost", "GET / HTTP/1.1", b"");
    assert_eq!(answer, (200, "one".to_owned()));
    // Setting another one needs the tenant's key to be opened.
    let (status, said) = host.api("PUT", "/v1/tenants/acme/secrets/OTHER", &json!({ "value": "x" }).to_string());
    assert!((200..300).contains(&status), "{said}");
    let (status, said) = host.api("GET", "/v1/audit/verify", "");
    let verified: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((status, &verified["ok"]), (200, &Value::Bool(true)), "{said}");
}

fn new_data(keys_of: Option<&Path>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for key in ["master.key", "pepper.key", "admin.key"] {
        if let Some(from) = keys_of {
            std::fs::copy(from.join(key), folder.path().join(key)).expect("copied");
        }
    }
    folder
}

#[test]
fn a_store_is_written_down_and_put_back_and_the_host_goes_on() {
    let mut host = Up::start(&[]);
    let (data, files) = (host.folder.path().join("data"), tempfile::tempdir().expect("a folder"));
    let file = files.path().join("all").display().to_string();
    fill(&host);
    refused(&data, &["backup", &file], "in use");
    host.stop();
    assert!(done(&data, &["backup", &file]).contains("rows written to"));
    let written = std::fs::read(&file).expect("there");
    assert!(!written.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "the secret is in it");
    refused(&data, &["backup", &file], "already");
    refused(&data, &["restore", &file], "not empty");
    refused(&data, &["restore", &file, "--force"], "say `--yes` to empty the store");

    // A folder without the key, and one with another.
    let empty = new_data(None);
    refused(empty.path(), &["restore", &file], "master.key");
    std::fs::write(empty.path().join("master.key"), [1; 32]).expect("written");
    refused(empty.path(), &["restore", &file, "--verify"], "master key");

    let fresh = new_data(Some(&data));
    assert!(done(fresh.path(), &["restore", &file, "--verify"]).contains("is whole"));
    let told: Value =
        serde_json::from_str(&done(fresh.path(), &["restore", &file, "--verify", "--json"])).expect("JSON");
    assert!(told["file"] == file && told["rows"].as_u64().is_some_and(|rows| rows > 5), "{told}");
    assert!(!fresh.path().join("data.redb").exists(), "looking leaves nothing behind");
    done(fresh.path(), &["restore", &file]);
    drop(host);
    let host = Up::start_over(fresh, &[]);
    works(&host);

    // One tenant to a host of others, which has the same master key.
    let mut host = host;
    host.stop();
    let from = host.data();
    let one = files.path().join("acme").display().to_string();
    done(&from, &["export", "acme", &one]);
    let other = new_data(Some(&from));
    done(other.path(), &["import", &one]);
    refused(other.path(), &["import", &one], "already");
}

#[test]
fn a_store_is_gone_on_with_by_the_keys_it_was_begun_with() {
    let mut host = Up::start(&[]);
    fill(&host);
    host.stop();
    let data = host.data();
    for name in ["master.key", "pepper.key"] {
        let (key, kept) = (data.join(name), data.join("kept"));
        let before = std::fs::read_dir(&data).expect("readable").count();
        std::fs::rename(&key, &kept).expect("moved");
        let up = || {
            isolet().arg("up").args(["--api", "127.0.0.1:0", "--ingress", "127.0.0.1:0", "--data"]).arg(&data).output()
        };
        let refused = |why: &str| {
            let output = up().expect("it starts");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && said.contains(&format!("{name}` {why}")), "{said}");
        };
        refused("is missing");
        assert!(!key.exists(), "another one in its place would be taken for the right one");
        assert_eq!(std::fs::read_dir(&data).expect("readable").count(), before);
        std::fs::write(&key, [1; 32]).expect("written");
        refused("is not the one that this store was begun with");
        let doctor =
            isolet().args(["doctor", "--data"]).arg(&data).env("XDG_CACHE_HOME", cache()).output().expect("it starts");
        assert!(String::from_utf8_lossy(&doctor.stdout).contains(&format!("{name}` is not the one")), "{doctor:?}");
        std::fs::rename(&kept, &key).expect("moved");
    }
    host.start_again(&[]);
    works(&host);
}

#[test]
fn a_new_master_key_takes_the_old_ones_place() {
    let mut host = Up::start(&[]);
    let data = host.folder.path().join("data");
    fill(&host);
    let before = std::fs::read(data.join("master.key")).expect("there");
    refused(&data, &["rotate-key"], "in use");
    host.stop();
    refused(&data, &["rotate-key", "--finish"], "no key is being replaced");
    assert!(done(&data, &["rotate-key"]).contains("1 tenants' keys"));
    assert_ne!(std::fs::read(data.join("master.key")).expect("there"), before);
    for gone in ["master.next.key", "master.old.key"] {
        assert!(!data.join(gone).exists(), "{gone}");
    }
    host.start_again(&[]);
    works(&host);
    // And once more, with what the first time left.
    host.stop();
    done(&data, &["rotate-key"]);
    host.start_again(&[]);
    works(&host);
}

#[test]
fn hosts_that_share_a_store_change_their_master_key_one_after_the_other() {
    let Some(server) = Server::start(&["appendonly yes"]) else { return };
    let url = server.url();
    let variables = [("ISOLET_STORAGE__REDIS__URL", url.as_str())];
    let mut one = Up::start(&variables);
    let data = one.data();
    fill(&one);
    let mut other = Up::start_with_keys_of(&data, &variables);
    let theirs = other.data();
    let redis = ["--redis", url.as_str()];
    let rotate = |more: &[&'static str]| [&["rotate-key"], more, &redis].concat();
    let give = |names: &[&str]| {
        for name in names {
            std::fs::copy(data.join(name), theirs.join(name)).expect("copied");
        }
    };

    assert!(done(&data, &rotate(&[])).contains("--distributed"));
    give(&["master.next.key"]);
    for host in [&mut one, &mut other] {
        host.stop();
        host.start_again(&variables);
        works(host);
    }
    assert!(done(&data, &rotate(&["--distributed"])).contains("--finish"));
    // Both run, neither has been told: each still opens everything.
    works(&one);
    works(&other);
    // The one seals with the new key from now on, the other with the old one.
    one.stop();
    one.start_again(&variables);
    let made = other.api("POST", "/v1/tenants", &json!({ "slug": "late" }).to_string());
    assert_eq!(made.0, 201, "{}", made.1);
    let set = |host: &Up, name: &str| {
        let path = format!("/v1/tenants/late/secrets/{name}");
        let (status, said) = host.api("PUT", &path, &json!({ "value": "x" }).to_string());
        assert!((200..300).contains(&status), "{said}");
    };
    set(&other, "A");
    set(&one, "B");
    refused(&data, &rotate(&[]), "--finish");
    give(&["master.key", "master.old.key", "audit.key"]);
    std::fs::remove_file(theirs.join("master.next.key")).expect("there");
    other.stop();
    other.start_again(&variables);
    works(&other);
    assert!(done(&data, &rotate(&["--finish"])).contains("1 tenants' keys"));
    std::fs::remove_file(theirs.join("master.old.key")).expect("there");
    for host in [&mut one, &mut other] {
        host.stop();
        host.start_again(&variables);
        works(host);
        set(host, "C");
    }
}

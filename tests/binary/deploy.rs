//! `isolet deploy`: files and projects on a running host, what is said when they are not right, and how a project's esbuild is used. The
//! esbuild here is a script; `tests/libraries` deploys with a real one.

mod up;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;
use up::{Up, cache, exchange, isolet};

/// A running host, and a folder with a project.
struct Desk {
    host: Up,
    folder: tempfile::TempDir,
}

/// Exit code, stdout, stderr.
type Ran = (i32, String, String);

impl Desk {
    fn with(files: &[(&str, &str)]) -> Self {
        let desk = Self { host: Up::start(&[]), folder: tempfile::tempdir().expect("a folder") };
        files.iter().for_each(|(name, text)| desk.write(name, text));
        desk
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn deploy(&self, arguments: &[&str]) -> Ran {
        self.call(&[&["deploy"], arguments].concat())
    }

    fn call(&self, arguments: &[&str]) -> Ran {
        let mut command = isolet();
        command.current_dir(self.folder.path()).env("XDG_CACHE_HOME", cache()).args(arguments);
        command.arg("--url").arg(self.host.started["control_plane"].as_str().expect("an address"));
        let output = command.arg("--key-file").arg(self.host.key_file()).output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code().expect("it ended by itself"), text(output.stdout), text(output.stderr))
    }

    /// What the function answers.
    fn answer(&self, function: &str) -> String {
        exchange(self.host.address("ingress"), &format!("{function}--demo.localhost"), "GET / HTTP/1.1", b"").1
    }

    /// A script in the place of the project's esbuild: it notes its arguments, and answers with `script`.
    fn esbuild(&self, script: &str) {
        let path = "app/node_modules/.bin/esbuild";
        self.write(path, &format!("#!/bin/sh\necho \"$@\" >> '{}'\n{script}", self.path("arguments").display()));
        std::fs::set_permissions(self.path(path), std::fs::Permissions::from_mode(0o755)).expect("set");
    }
}

#[test]
fn a_project_without_a_bundler_is_deployed_as_modules() {
    let desk = Desk::with(&[
        ("app/package.json", r#"{ "name": "@acme/greeter", "main": "src/app.ts" }"#),
        (
            "app/src/app.ts",
            "import { greet } from './greet.js'; export default { fetch: (): Response => new Response(greet('you')) }",
        ),
        ("app/src/greet.ts", "export const greet = (name: string): string => `hello ${name}`"),
    ]);
    let (exit, stdout, stderr) = desk.deploy(&["app", "-m", "first"]);
    assert_eq!((exit, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.starts_with("greeter is version 1 (v_") && stdout.contains("2 module(s)\nhttp"), "{stdout}");
    assert_eq!(desk.answer("greeter"), "hello you");
    // The same again is the same version; a file by itself is named after itself.
    let (exit, stdout, _) = desk.deploy(&["app"]);
    assert!(exit == 0 && stdout.contains("version 1 (") && stdout.contains("deployed before"), "{stdout}");
    let (exit, stdout, _) = desk.deploy(&["app/src/greet.ts", "--name", "greet"]);
    assert_eq!((exit, stdout.as_str()), (20, ""), "it has no handler");
    let (exit, stdout, _) = desk.deploy(&["app/src/app.ts", "--json"]);
    let deployed: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((exit, &deployed["function"], &deployed["number"]), (0, &"app".into(), &1.into()));
}

#[test]
fn a_version_gets_the_traffic_of_the_alias_that_is_named_or_none() {
    let answers = |text: &str| format!("export default {{ fetch: () => new Response('{text}') }}");
    let desk = Desk::with(&[("app/package.json", "{}"), ("app/main.js", &answers("one"))]);
    assert_eq!(desk.deploy(&["app"]).0, 0);
    // Uploaded, by either verb: nothing is sent there.
    for (text, arguments) in [("two", &["deploy", "app", "--no-alias"][..]), ("three", &["versions", "upload", "app"])]
    {
        desk.write("app/main.js", &answers(text));
        let (exit, stdout, stderr) = desk.call(&[arguments, &["-m", text]].concat());
        assert_eq!((exit, stderr.as_str()), (0, ""), "{stdout}");
        assert!(stdout.starts_with("version ") && stdout.contains(" of app: 1 module(s)"), "{stdout}");
        assert_eq!(desk.answer("app"), "one");
    }
    let (exit, stdout, _) = desk.deploy(&["app", "--no-alias", "--json"]);
    let uploaded: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((exit, &uploaded["number"], &uploaded["created"]), (0, &3.into(), &false.into()));
    // An alias of its own; `live` stays.
    let (exit, stdout, _) = desk.deploy(&["app", "--alias", "next"]);
    assert!(exit == 0 && stdout.starts_with("next of app is version 3 ("), "{stdout}");
    assert_eq!(desk.answer("app"), "one");
    let (exit, stdout, _) = desk.call(&["alias", "set", "live=v1:0,v2:100", "--name", "app"]);
    assert_eq!((exit, desk.answer("app").as_str()), (0, "two"), "{stdout}");
    // A function that is not there is made; what does not build is not uploaded.
    let (exit, stdout, _) = desk.deploy(&["app/main.js", "--name", "fresh", "--no-alias"]);
    assert!(exit == 0 && stdout.starts_with("version 1 ("), "{stdout}");
    desk.write("app/main.js", "let a = ;");
    assert_eq!(desk.deploy(&["app", "--no-alias"]).0, 22);
    for (arguments, part) in [
        (&["app", "--alias", "No"][..], "`--alias No`: it must be"),
        (&["app", "--alias", "next", "--no-alias"], "cannot be used with"),
    ] {
        let (exit, _, stderr) = desk.deploy(arguments);
        assert!(exit == 1 && stderr.contains(part), "{stderr}");
    }
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let desk = Desk::with(&[
        ("app/main.ts", "import './lib/gone.ts'\nexport default { fetch: () => new Response('') }"),
        ("bad/main.js", "\n\nlet a = ;"),
        ("throws/main.js", "export default {}\nnull.x"),
        ("odd name/main.js", "export default { fetch: () => new Response('') }"),
    ]);
    for (folder, exit, place) in [("app", 22, "main.ts:1:8"), ("bad", 22, "main.js:3:9"), ("throws", 20, "main.js:2:")]
    {
        let (code, stdout, stderr) = desk.deploy(&[folder]);
        assert_eq!((code, stdout.as_str()), (exit, ""), "{stderr}");
        assert!(stderr.contains(&format!("--> {place}")) && stderr.contains('^'), "{stderr}");
    }
    for (arguments, exit, part) in [
        (&["odd name"][..], 1, "give `--name`"),
        (&["bad", "--name", "A"], 1, "`--name A`: it must be"),
        (&["absent.js"], 1, "cannot read `absent.js`"),
        (&["bad", "--tenant", "nobody"], 33, "tenant_not_found"),
        (&["bad", "--import-map", "app/main.ts"], 1, "is not JSON"),
    ] {
        let (code, _, stderr) = desk.deploy(arguments);
        assert!(code == exit && stderr.contains(part), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_projects_esbuild_bundles_it() {
    let desk = Desk::with(&[("app/package.json", "{}"), ("app/src/index.ts", "import 'library'\n\noops")]);
    desk.esbuild(
        r#"for flag in "$@"; do case $flag in --metafile=*) echo '{"inputs":{}}' > "${flag#--metafile=}";; esac; done
            echo "export default { fetch: () => new Response('bundled') }""#,
    );
    let (exit, stdout, stderr) = desk.deploy(&["app"]);
    assert_eq!((exit, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.contains("a bundle of 1 KiB"), "{stdout}");
    assert_eq!(desk.answer("app"), "bundled");
    let arguments = std::fs::read_to_string(desk.path("arguments")).expect("it was called");
    for flag in [
        "src/index.ts",
        "--bundle",
        "--format=esm",
        "--sourcemap=inline",
        "--external:node:events",
        "--external:events",
        "--define:process.env.NODE_ENV=\"production\"",
    ] {
        assert!(arguments.contains(flag), "{flag}: {arguments}");
    }
    // What it refuses, it says itself; and nothing is deployed.
    desk.esbuild("echo 'index.ts:1:7: no such library' >&2; exit 1");
    let (exit, stdout, stderr) = desk.deploy(&["app"]);
    assert_eq!((exit, stdout.as_str(), stderr.contains("no such library")), (22, "", true), "{stderr}");
    assert_eq!(desk.answer("app"), "bundled");
    // Left out, the files are what is deployed.
    let (exit, _, stderr) = desk.deploy(&["app", "--no-bundle"]);
    assert!(exit == 22 && stderr.contains("module \"library\""), "{stderr}");
    let (exit, _, stderr) = desk.deploy(&["app/src/index.ts", "--import-map", "app/map.json"]);
    assert!(exit == 1 && stderr.contains("app/map.json"), "{stderr}");
    // So the project can say too, and a flag the opposite.
    desk.write("app/function.toml", "bundle = false\n");
    let (exit, _, stderr) = desk.deploy(&["app"]);
    assert!(exit == 22 && stderr.contains("module \"library\""), "{stderr}");
    let (exit, _, stderr) = desk.deploy(&["app", "--bundle"]);
    assert!(exit == 22 && stderr.contains("no such library"), "{stderr}");
}

#[test]
fn options_go_along() {
    let desk = Desk::with(&[
        (
            "app/main.js",
            "import { one } from 'one'; export default { fetch: () => new Response(String(eval('one + 1'))) }",
        ),
        ("app/vendor/one.js", "export const one = 1"),
        ("app/map.json", r#"{ "imports": { "one": "./vendor/one.js" } }"#),
    ]);
    let (exit, stdout, stderr) =
        desk.deploy(&["app", "--import-map", "app/map.json", "--allow-eval", "-m", "as asked"]);
    assert_eq!((exit, stderr.as_str()), (0, ""), "{stdout}");
    assert_eq!(desk.answer("app"), "2");
    let (status, versions) = desk.host.api("GET", "/v1/tenants/demo/functions/app/versions", "");
    assert!(status == 200 && versions.contains("\"message\":\"as asked\""), "{versions}");
    let (exit, _, stderr) = desk.deploy(&["app", "--allow-eval"]);
    assert!(exit == 22 && stderr.contains("module \"one\""), "{stderr}");
    // The same from the project's own file; another alias too, which an upload alone leaves as it is.
    desk.write("app/function.toml", "name = 'own'\nalias = 'next'\nallow_eval = true\nimport_map = 'map.json'\n");
    let (exit, stdout, stderr) = desk.deploy(&["app"]);
    assert!(exit == 0 && stdout.starts_with("next of own is version 1 ("), "{stdout} {stderr}");
    let (exit, stdout, stderr) = desk.deploy(&["app", "--alias", "live"]);
    assert!(exit == 0 && stdout.starts_with("own is version 1 ("), "{stdout} {stderr}");
    assert_eq!(desk.answer("own"), "2");
    let (exit, stdout, stderr) = desk.call(&["versions", "upload", "app"]);
    assert!(exit == 0 && stdout.starts_with("version 1 (") && stdout.contains(" of own,"), "{stdout} {stderr}");
    // A file by itself is no project.
    let (exit, _, stderr) = desk.deploy(&["app/main.js"]);
    assert!(exit == 22 && stderr.contains("module \"one\""), "{stderr}");
}

//! From nothing to a function that follows its files: `isolet init`, `types`, `dev` and `completions`, as a newcomer types them.

mod up;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use up::{Up, cache, exchange, isolet};

/// One call in this folder.
fn call(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = isolet();
    command.current_dir(folder).env("XDG_CACHE_HOME", cache()).args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_new_project_checks_runs_and_is_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    for (template, ran) in [
        ("hello", "Hello, Ada!\n"),
        ("router", "Hello, Ada!\n"),
        // Without a rule nothing goes out, and the code says so.
        ("fetch", "egress"),
    ] {
        let made = call(folder.path(), &["init", template, "--template", template]);
        assert!(made.status.success(), "{made:?}");
        let entry = format!("{template}/src/main.ts");
        let checked = call(folder.path(), &["check", &entry]);
        assert!(checked.status.success(), "{checked:?}");
        // As it says itself.
        let said = text(&made.stdout).lines().find_map(|line| line.trim().strip_prefix("isolet run "));
        let words: Vec<&str> = said.expect("how to run it").split(' ').collect();
        let output = call(folder.path(), &[&["run"], &words[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(text(&output.stdout).contains(ran), "{output:?}");
        for file in ["package.json", "tsconfig.json", "isolet.d.ts"] {
            assert!(folder.path().join(template).join(file).is_file(), "{file}");
        }
    }
    // A crate has no file that runs as it is.
    let made = call(folder.path(), &["init", "my-hook", "--template", "rust", "--sdk", "/isolet/guest-sdk/rust"]);
    assert!(made.status.success() && text(&made.stdout).contains("cargo build --release"), "{made:?}");
    let manifest = std::fs::read_to_string(folder.path().join("my-hook/Cargo.toml")).expect("written");
    assert!(
        manifest.contains("name = \"my-hook\"") && manifest.contains("path = \"/isolet/guest-sdk/rust\""),
        "{manifest}"
    );
    assert!(folder.path().join("my-hook/src/lib.rs").is_file() && !folder.path().join("my-hook/package.json").exists());
    // What somebody wrote stays, and nothing is added beside it.
    let mine = folder.path().join("mine");
    std::fs::create_dir(&mine).expect("made");
    std::fs::write(mine.join("tsconfig.json"), "mine").expect("written");
    let refused = call(folder.path(), &["init", "mine"]);
    assert!(
        !refused.status.success() && text(&refused.stderr).contains("tsconfig.json` is there already"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read_dir(&mine).expect("there").count(), 1);
    let refused = call(folder.path(), &["init", "Not a name"]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("cannot be a function's name"), "{refused:?}");
}

#[test]
fn types_and_completions_are_the_binarys_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let types = call(folder.path(), &["types", "-"]);
    assert!(text(&types.stdout).contains("interface ExportedHandler"), "{types:?}");
    let written = call(folder.path(), &["types"]);
    assert!(written.status.success(), "{written:?}");
    assert_eq!(std::fs::read(folder.path().join("isolet.d.ts")).expect("written"), types.stdout);
    for (shell, sign) in [("bash", "complete -F _isolet"), ("zsh", "#compdef isolet"), ("fish", "complete -c isolet")] {
        let completions = call(folder.path(), &["completions", shell]);
        assert!(text(&completions.stdout).contains(sign) && text(&completions.stdout).contains("doctor"), "{shell}");
    }
}

/// What `isolet dev` prints, line by line; ended when dropped.
struct Dev {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Dev {
    /// The next line that says this.
    fn says(&mut self, sign: &str) -> String {
        let found = self.lines.by_ref().map(|line| line.expect("text")).find(|line| line.contains(sign));
        found.unwrap_or_else(|| panic!("it ended before it said {sign:?}"))
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn dev_follows_the_files_through_mistakes() {
    let host = Up::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    assert!(call(folder.path(), &["init", "greeter"]).status.success());
    let entry = folder.path().join("greeter/src/main.ts");
    let mut command = isolet();
    command.current_dir(folder.path()).env("XDG_CACHE_HOME", cache()).args(["dev", "greeter", "--url"]);
    command.arg(host.started["control_plane"].as_str().expect("an address")).arg("--key-file").arg(host.key_file());
    // Faults go to stderr, and the test wants to see both in their order.
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut dev = Dev { child, lines };
    dev.says("greeter is version 1 ");
    let answer = || exchange(host.address("ingress"), "greeter--demo.localhost", "GET /?q=Ada HTTP/1.1", b"").1;
    assert!(answer().contains("Hello, Ada!"), "{}", answer());
    // Broken, the live version goes on; mended, the next one serves.
    let source = std::fs::read_to_string(&entry).expect("there");
    std::fs::write(&entry, "export default {").expect("written");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(answer().contains("Hello, Ada!"), "{}", answer());
    std::fs::write(&entry, source.replace("Hello", "Good day")).expect("written");
    dev.says("greeter is version 2 ");
    assert!(answer().contains("Good day, Ada!"), "{}", answer());
}

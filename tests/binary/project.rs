//! From nothing to a function that follows its files: `isolet init`, `types`, `dev` with its keys, and `completions`, as a newcomer types
//! them; and what a project says of itself in `function.toml`.

mod up;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

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
        for file in ["function.toml", "package.json", "tsconfig.json", "isolet.d.ts"] {
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
    std::fs::rename(mine.join("tsconfig.json"), mine.join("function.toml")).expect("renamed");
    let refused = call(folder.path(), &["init", "mine"]);
    assert!(text(&refused.stderr).contains("function.toml` is there already"), "{refused:?}");
    assert_eq!(std::fs::read(mine.join("function.toml")).expect("there"), b"mine");
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
    std::thread::sleep(Duration::from_secs(1));
    assert!(answer().contains("Hello, Ada!"), "{}", answer());
    std::fs::write(&entry, source.replace("Hello", "Good day")).expect("written");
    dev.says("greeter is version 2 ");
    assert!(answer().contains("Good day, Ada!"), "{}", answer());
}

/// A running host, and a folder with projects, from which it is called.
struct Desk {
    host: Up,
    folder: tempfile::TempDir,
}

impl Desk {
    /// Signed in to the host, for this tenant.
    fn signed_in(tenant: &str) -> Self {
        let desk = Self { host: Up::start(&[]), folder: tempfile::tempdir().expect("a folder") };
        let key = File::open(desk.host.key_file()).expect("a key");
        let url = desk.host.started["control_plane"].as_str().expect("an address");
        let mut login = desk.command(&[], &["login", "--url", url, "--tenant", tenant]);
        let output = login.stdin(key).output().expect("it starts");
        assert!(output.status.success(), "{output:?}");
        desk
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn command(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = isolet();
        command.current_dir(self.folder.path()).env("XDG_CACHE_HOME", cache());
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command.envs(variables.iter().copied()).args(arguments);
        command
    }

    /// What it prints when it is well.
    #[track_caller]
    fn ok(&self, variables: &[(&str, &str)], arguments: &[&str]) -> String {
        let output = self.command(variables, arguments).output().expect("it starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text(&output.stdout).to_owned()
    }

    fn answer(&self, host: &str) -> String {
        exchange(self.host.address("ingress"), host, "GET /?q=Ada HTTP/1.1", b"").1
    }
}

#[test]
fn what_a_project_says_yields_to_flags_and_variables_and_wins_over_the_context() {
    let desk = Desk::signed_in("signed-in");
    for tenant in ["signed-in", "filed", "set", "named"] {
        desk.ok(&[], &["tenant", "create", tenant]);
    }
    desk.write("app/src/own.js", "export default { fetch: () => new Response('own') }");
    desk.write("app/other.js", "export default { fetch: () => new Response('other') }");
    desk.write("app/package.json", r#"{ "name": "other", "main": "other.js" }"#);
    desk.write("app/function.toml", "name = 'shop'\ntenant = 'filed'\nmain = 'src/own.js'\n");
    let variable = [("ISOLET_TENANT", "set")];
    for (variables, flags, at) in [
        (&[][..], &[][..], "shop--filed"),
        (&variable, &[], "shop--set"),
        (&variable, &["--tenant", "named"], "shop--named"),
        (&[], &["--name", "till"], "till--filed"),
    ] {
        let said = desk.ok(variables, &[&["deploy", "app"], flags].concat());
        assert!(said.contains(&format!("http://{at}.localhost")), "{said}");
        assert_eq!(desk.answer(&format!("{at}.localhost")), "own");
    }
    // In the working directory it says for whom, and which function.
    let versions = |arguments: &[&str]| {
        let mut command = desk.command(&[], arguments);
        let output = command.current_dir(desk.folder.path().join("app")).output().expect("it starts");
        (output.status.success(), text(&output.stdout).lines().count(), text(&output.stderr).to_owned())
    };
    assert_eq!(versions(&["versions", "list"]), (true, 1, String::new()));
    let (well, _, stderr) = versions(&["versions", "list", "--tenant", "signed-in"]);
    assert!(!well && stderr.contains("404 "), "{stderr}");
    // What it leaves out say the context, the package and the folder.
    desk.write("app/function.toml", "main = 'src/own.js'\n");
    let said = desk.ok(&[], &["deploy", "app"]);
    assert!(said.contains("http://other--signed-in.localhost"), "{said}");
    assert_eq!(desk.answer("other--signed-in.localhost"), "own");
    std::fs::remove_file(desk.folder.path().join("app/function.toml")).expect("there");
    desk.ok(&[], &["deploy", "app"]);
    assert_eq!(desk.answer("other--signed-in.localhost"), "other");
}

#[test]
fn what_init_writes_is_deployed_by_its_name_wherever_the_folder_is() {
    let desk = Desk::signed_in("demo");
    for template in ["hello", "router", "fetch"] {
        desk.ok(&[], &["init", template, "--template", template]);
        let (made, moved) = (desk.folder.path().join(template), desk.folder.path().join("somewhere else"));
        std::fs::rename(made, &moved).expect("renamed");
        // `function.toml` alone says the name and the entry.
        std::fs::remove_file(moved.join("package.json")).expect("there");
        let said = desk.ok(&[], &["deploy", "somewhere else"]);
        // The host came with a `hello` of its own.
        let number = if template == "hello" { 2 } else { 1 };
        assert!(said.starts_with(&format!("{template} is version {number} (")), "{said}");
        std::fs::remove_dir_all(moved).expect("removed");
    }
}

#[test]
fn a_mistake_in_function_toml_is_told_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("app/main.js", "export default { fetch: () => new Response(eval('String(1 + 1)')) }");
    write("outside.js", "export default { fetch: () => new Response('outside') }");
    for (said, place, what) in [
        ("# ours\n\nnmae = 'shop'\n", "line 3, `nmae`", "unknown field `nmae`"),
        // Nobody else says where keys are sent.
        ("name = 'a'\nurl = 'http://127.0.0.1:1'\n", "line 2, `url`", "unknown field `url`"),
        ("allow_eval = 'yes'\n", "line 1, `allow_eval`", "expected a boolean"),
        ("name = 'A shop'\n", "line 1, `name`", "it must be 1 to 30 characters"),
        ("main = '../outside.js'\n", "line 1, `main`", "`../outside.js` leaves the project's folder"),
        ("import_map = '/etc/passwd'\n", "line 1, `import_map`", "leaves the project's folder"),
    ] {
        write("app/function.toml", said);
        for verb in [
            &["check", "app"][..],
            &["run", "app"],
            &["build", "app", "-o", "x.wasm"],
            &["deploy", "app"],
            &["versions", "upload", "app"],
        ] {
            let output = call(folder.path(), verb);
            let told = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{verb:?}: {output:?}");
            assert!(
                told.contains(&format!("`app/function.toml`, {place}: ")) && told.contains(what),
                "{verb:?}: {told}"
            );
        }
    }
    // Understood, it is what flags are; and yields to them.
    write("app/function.toml", "allow_eval = true\n");
    assert_eq!(text(&call(folder.path(), &["run", "app"]).stdout), "2\n");
    assert!(call(folder.path(), &["check", "app"]).status.success());
    assert!(!call(folder.path(), &["run", "app", "--allow-eval=false"]).status.success());
    assert!(!call(folder.path(), &["run", "app/main.js"]).status.success(), "a file is no project");
    write("app/function.toml", "main = 'link.js'\n");
    std::os::unix::fs::symlink("../outside.js", folder.path().join("app/link.js")).expect("linked");
    let told = call(folder.path(), &["run", "app"]);
    assert!(text(&told.stderr).contains("is a link that leaves the folder"), "{told:?}");
}

/// A terminal of the test's own: what is typed into it, and what it shows.
struct Terminal {
    near: File,
    far: File,
    shown: Receiver<Vec<u8>>,
    text: String,
}

impl Terminal {
    fn open() -> Self {
        let (mut near, mut far) = (-1, -1);
        // SAFETY: both numbers are written when the call is well, and are files that nobody else has.
        let (near, far) = unsafe {
            let none = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
            assert_eq!(libc::openpty(&raw mut near, &raw mut far, none.0, none.1, none.2), 0);
            (File::from_raw_fd(near), File::from_raw_fd(far))
        };
        let (sender, shown) = channel();
        let mut output = near.try_clone().expect("a copy");
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = output.read(&mut buffer) {
                if length == 0 || sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { near, far, shown, text: String::new() }
    }

    /// Starts it at this terminal.
    fn start(&self, mut command: Command) -> Child {
        let end = || Stdio::from(self.far.try_clone().expect("a copy"));
        command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("it starts")
    }

    fn types(&mut self, keys: &str) {
        self.near.write_all(keys.as_bytes()).expect("typed");
    }

    /// Whether this is shown after what was looked for before, within the time.
    fn has_shown(&mut self, sign: &str, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            if let Some(at) = self.text.find(sign) {
                self.text.drain(..at + sign.len());
                return true;
            }
            match self.shown.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(more) => self.text.push_str(&String::from_utf8_lossy(&more)),
                Err(_) => return false,
            }
        }
    }

    #[track_caller]
    fn shows(&mut self, sign: &str) {
        assert!(self.has_shown(sign, Duration::from_secs(60)), "no {sign:?} in {:?}", self.text);
    }

    /// Whether it shows what is typed, gathers it into lines, and makes signals of Ctrl+C and the like.
    fn settings(&self) -> [bool; 3] {
        let mut settings = std::mem::MaybeUninit::uninit();
        // SAFETY: the settings are read only when the call says that it wrote them.
        let settings: libc::termios = unsafe {
            assert_eq!(libc::tcgetattr(self.far.as_raw_fd(), settings.as_mut_ptr()), 0);
            settings.assume_init()
        };
        [libc::ECHO, libc::ICANON, libc::ISIG].map(|flag| settings.c_lflag & flag != 0)
    }

    #[track_caller]
    fn becomes(&self, expected: [bool; 3]) {
        let until = Instant::now() + Duration::from_secs(30);
        while self.settings() != expected && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(self.settings(), expected);
    }
}

const LINES: [bool; 3] = [true, true, true];
const SINGLE_KEYS: [bool; 3] = [false, false, true];

#[test]
fn dev_obeys_keys_and_leaves_the_terminal_as_it_was() {
    let desk = Desk::signed_in("demo");
    desk.ok(&[], &["init", "greeter"]);
    let mut terminal = Terminal::open();
    assert_eq!(terminal.settings(), LINES);
    let mut dev = terminal.start(desk.command(&[], &["dev", "greeter"]));
    terminal.shows("keys: b opens the function");
    terminal.shows("greeter is version 1 ");
    terminal.becomes(SINGLE_KEYS);
    // An arrow is none of the keys that its letters are.
    terminal.types("\x1b[C");
    assert!(!terminal.has_shown("\x1b[2J", Duration::from_millis(300)));
    terminal.types("r");
    terminal.shows("again");
    terminal.shows("deployed before");
    terminal.types("c");
    terminal.shows("\x1b[2J");
    terminal.types("b");
    terminal.shows("http://greeter--demo.localhost");
    terminal.types("o");
    terminal.shows("/#/functions/greeter?tenant=demo");
    terminal.shows("/#t=");
    terminal.types("l");
    terminal.shows("the log is shown");
    // From when the host was asked, which is a moment later.
    let asked = |terminal: &mut Terminal| {
        desk.answer("greeter--demo.localhost");
        terminal.has_shown("GET /", Duration::from_secs(1))
    };
    assert!((0..30).any(|_| asked(&mut terminal)), "{:?}", terminal.text);
    terminal.types("l");
    terminal.shows("the log is hidden");
    terminal.types("x");
    assert!(dev.wait().expect("it ends").success());
    assert_eq!(terminal.settings(), LINES);
}

#[test]
fn dev_gives_the_terminal_back_whichever_signal_ends_or_stops_it() {
    let desk = Desk::signed_in("demo");
    desk.ok(&[], &["init", "greeter"]);
    for signal in ["INT", "TERM", "HUP", "QUIT"] {
        let mut terminal = Terminal::open();
        let mut dev = terminal.start(desk.command(&[], &["dev", "greeter"]));
        let send = |signal: &str| {
            let sent = Command::new("kill").args([&format!("-{signal}"), &dev.id().to_string()]).status();
            assert!(sent.expect("it starts").success());
        };
        terminal.shows("greeter is version 1 ");
        terminal.becomes(SINGLE_KEYS);
        if signal == "INT" {
            send("TSTP");
            terminal.becomes(LINES);
            // A signal to go on that came before it stopped would be lost.
            let stat = format!("/proc/{}/stat", dev.id());
            while !std::fs::read_to_string(&stat).expect("it is there").contains(") T ") {
                std::thread::sleep(Duration::from_millis(10));
            }
            send("CONT");
            terminal.becomes(SINGLE_KEYS);
        }
        send(signal);
        assert!(dev.wait().expect("it ends").success(), "{signal}");
        assert_eq!(terminal.settings(), LINES, "{signal}");
    }
    // Programs that read its output are told nothing of keys, and the terminal stays as it is.
    let mut terminal = Terminal::open();
    let mut dev = terminal.start(desk.command(&[], &["dev", "greeter", "--json"]));
    terminal.shows("\"number\": 1");
    assert_eq!(terminal.settings(), LINES);
    dev.kill().expect("killed");
    dev.wait().expect("it ends");
}

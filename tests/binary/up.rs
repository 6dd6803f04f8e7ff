//! The built `isolet`, started as a child: what the suites beside this file share. They are tests of `host/server`, because cargo
//! builds a crate's binary for that crate's own tests and tells only them where it is.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary with an environment of its own: nothing of whoever runs the tests reaches it.
pub fn isolet() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isolet"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    command
}

/// A cache folder with the compiled code of engine and front end in it, the same for all tests: compiling them takes seconds, and a host
/// that found no front end would do so beside whatever is tested.
pub fn cache() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("isolet-tests-cache");
        let file = folder.join("hello.ts");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(&file, "export default { fetch: (): Response => new Response('hi') }").expect("written");
        let status = isolet().env("XDG_CACHE_HOME", &folder).arg("run").arg(&file).output();
        assert!(status.expect("it starts").status.success());
        folder
    })
}

/// A running `isolet up`, ended when dropped.
pub struct Up {
    child: Child,
    /// The line that it prints when it is ready.
    pub started: Value,
    pub folder: tempfile::TempDir,
}

impl Up {
    /// Starts a host on ports of its own, with these `ISOLET_…` variables.
    #[allow(dead_code, reason = "not every suite leaves its log alone")]
    pub fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_saying(isolet(), variables, Stdio::inherit())
    }

    /// The same, with so many files open at a time and no more.
    #[allow(dead_code, reason = "not every suite has it short of them")]
    pub fn start_with_files(files: u32, variables: &[(&str, &str)]) -> Self {
        let program = isolet();
        let mut shell = Command::new("sh");
        shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
        shell.arg("-c").arg(format!("ulimit -n {files} && exec \"$0\" \"$@\"")).arg(program.get_program());
        Self::start_saying(shell, variables, Stdio::inherit())
    }

    /// The same, with its own log in a file.
    #[allow(dead_code, reason = "not every suite reads it")]
    pub fn start_with_log(variables: &[(&str, &str)], log: std::fs::File) -> Self {
        Self::start_saying(isolet(), variables, log.into())
    }

    /// The same, with the keys of another host's data folder.
    #[allow(dead_code, reason = "few suites have several hosts")]
    pub fn start_with_keys_of(other: &Path, variables: &[(&str, &str)]) -> Self {
        let folder = new_folder();
        for key in ["admin.key", "pepper.key", "master.key"] {
            std::fs::copy(other.join(key), folder.path().join("data").join(key)).expect("copied");
        }
        let (child, started) = launch(isolet(), &folder, variables, Stdio::inherit());
        Self { child, started, folder }
    }

    fn start_saying(program: Command, variables: &[(&str, &str)], log: Stdio) -> Self {
        let folder = new_folder();
        let (child, started) = launch(program, &folder, variables, log);
        Self { child, started, folder }
    }

    /// Kills it at once, as a power cut would.
    #[allow(dead_code, reason = "few suites kill")]
    pub fn kill(&self) {
        let _ = Command::new("kill").args(["-KILL", &self.child.id().to_string()]).status();
    }

    /// Has it end by itself.
    #[allow(dead_code, reason = "few suites stop one")]
    pub fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }

    #[allow(dead_code, reason = "not every suite looks")]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Over a data folder that is there.
    #[allow(dead_code, reason = "few suites have one")]
    pub fn start_over(data: tempfile::TempDir, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::rename(data.keep(), folder.path().join("data")).expect("moved");
        let engine = folder.path().join("data/engine");
        std::os::unix::fs::symlink(cache().join("isolet/engine"), engine).expect("linked");
        let (child, started) = launch(isolet(), &folder, variables, Stdio::inherit());
        Self { child, started, folder }
    }

    /// Starts it again over the same folder, once it is gone.
    #[allow(dead_code, reason = "few suites kill")]
    pub fn start_again(&mut self, variables: &[(&str, &str)]) {
        let _ = self.child.wait();
        (self.child, self.started) = launch(isolet(), &self.folder, variables, Stdio::inherit());
    }

    #[allow(dead_code, reason = "not every suite looks")]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("data/admin.key")
    }

    /// `control_plane` or `ingress`, without the scheme.
    pub fn address(&self, name: &str) -> &str {
        self.started[name].as_str().and_then(|url| url.strip_prefix("http://")).expect("an address")
    }

    /// A request to the control plane; the answer's status and body.
    #[allow(dead_code, reason = "not every suite asks past the command line")]
    pub fn api(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let key = std::fs::read_to_string(self.key_file()).expect("a key");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/json",
            key.trim()
        );
        exchange(self.address("control_plane"), "127.0.0.1", &head, body.as_bytes())
    }

    /// What the process wrote to memory and still has. Pages of its own program are left out: how many of those the kernel maps along
    /// depends on how the file got into its cache.
    #[allow(dead_code, reason = "not every suite looks")]
    pub fn resident_bytes(&self) -> u64 {
        self.status("RssAnon:")
    }

    /// The most that it ever was.
    #[allow(dead_code, reason = "not every suite looks")]
    pub fn peak_bytes(&self) -> u64 {
        self.status("VmHWM:")
    }

    #[allow(dead_code, reason = "not every suite looks")]
    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux says so");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib << 10
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }
}

fn new_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("made");
    std::os::unix::fs::symlink(cache().join("isolet/engine"), data.join("engine")).expect("linked");
    folder
}

/// The process, and the line that it prints when it is ready.
fn launch(mut command: Command, folder: &tempfile::TempDir, variables: &[(&str, &str)], log: Stdio) -> (Child, Value) {
    command.args(["up", "--json", "--api", "127.0.0.1:0", "--ingress", "127.0.0.1:0", "--data"]);
    command.arg(folder.path().join("data"));
    let mut child =
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(log).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("readable");
    let started = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    (child, started)
}

impl Drop for Up {
    fn drop(&mut self) {
        if !self.is_running() {
            return;
        }
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.is_running() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One HTTP exchange on a connection of its own. `head` is the request line and further lines, without the last line end.
#[allow(dead_code, reason = "not every suite asks past the command line")]
pub fn exchange(address: &str, host: &str, head: &str, body: &[u8]) -> (u16, String) {
    exchange_over(TcpStream::connect(address).expect("it listens"), host, head, body)
}

/// The same with somebody who may be gone, or go meanwhile: then there is nothing.
#[allow(dead_code, reason = "few suites kill")]
pub fn try_exchange(address: &str, host: &str, head: &str, body: &[u8]) -> Option<(u16, String)> {
    let answer = exchange_over(TcpStream::connect(address).ok()?, host, head, body);
    (answer.0 != 0).then_some(answer)
}

fn exchange_over(mut stream: TcpStream, host: &str, head: &str, body: &[u8]) -> (u16, String) {
    let length = body.len();
    let head = format!("{head}\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    // What is gone answers nothing.
    let _ = stream.write_all(head.as_bytes());
    // A host may answer before it has read everything, and close.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

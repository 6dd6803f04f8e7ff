//! A real `redis-server` on a port of its own, gone when the test is.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub struct Server {
    shell: Child,
    port: u16,
    folder: TempDir,
    kind: &'static str,
    options: Vec<String>,
}

/// The one that all tests share which do it no harm.
pub fn shared_server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&[])).as_ref()
}

impl Server {
    /// Starts a server with these lines of configuration, or says on standard error that there is none to start.
    pub fn start(options: &[&str]) -> Option<Self> {
        Self::start_as("", options)
    }

    /// The same, as a Sentinel.
    pub fn start_sentinel(options: &[&str]) -> Option<Self> {
        Self::start_as("--sentinel", options)
    }

    fn start_as(kind: &'static str, options: &[&str]) -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            assert!(
                std::env::var_os("ISOLET_REQUIRE_REDIS").is_none_or(|value| value != "1"),
                "ISOLET_REQUIRE_REDIS=1 and there is no `redis-server`: apt-get install redis-server"
            );
            // Not `eprintln!`, whose output is hidden when the test passes.
            let _ = writeln!(std::io::stderr(), "SKIPPED: no `redis-server` here, the Redis store is not tested");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        for _ in 0..10 {
            let port = free_port();
            if let Some(shell) = launch(kind, port, &folder, &options) {
                return Some(Self { shell, port, folder, kind, options });
            }
        }
        panic!("redis-server did not start; its log: {}", log(&folder));
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Sends one inline command and returns what comes back at first.
    pub fn command(&self, line: &str) -> String {
        ask(self.port, line).expect("the server answers")
    }

    /// A connection that has given a password and takes further lines.
    pub fn authenticated(&self, password: &str) -> impl FnMut(&str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server answers");
        let mut send = move |line: &str| {
            stream.write_all(format!("{line}\r\n").as_bytes()).expect("the server listens");
            let mut answer = [0; 4_096];
            let length = stream.read(&mut answer).expect("the server answers");
            assert!(!answer[..length].starts_with(b"-"), "{line}: {}", String::from_utf8_lossy(&answer[..length]));
        };
        send(&format!("AUTH {password}"));
        send
    }

    /// Sends a signal to the server itself.
    pub fn signal(&self, name: &str) {
        let info = std::fs::read_to_string(self.folder.path().join("pid")).expect("a pid file");
        signal(name, info.trim());
    }

    /// Kills it at once, as a power cut would.
    pub fn kill(&mut self) {
        self.signal("KILL");
        let _ = self.shell.wait();
    }

    /// Starts it again, on the same port and over the same files.
    pub fn restart(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(shell) = launch(self.kind, self.port, &self.folder, &self.options) {
                self.shell = shell;
                return;
            }
            assert!(Instant::now() < deadline, "redis-server did not start again; its log: {}", log(&self.folder));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A stopped process takes no other signal but this one.
        self.signal("KILL");
        let _ = self.shell.wait();
    }
}

pub fn signal(name: &str, pid: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), pid]).stderr(Stdio::null()).status();
    sent.expect("`kill` is everywhere");
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

fn log(folder: &TempDir) -> String {
    std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()
}

fn launch(kind: &str, port: u16, folder: &TempDir, options: &[String]) -> Option<Child> {
    let mut config = format!(
        "bind 127.0.0.1\nport {port}\ndir {path}\nlogfile {path}/log\npidfile {path}/pid\ndaemonize no\n",
        path = folder.path().display(),
    );
    if kind.is_empty() {
        config.push_str("save \"\"\n");
    }
    for option in options {
        config.push_str(option);
        config.push('\n');
    }
    let file = folder.path().join("redis.conf");
    std::fs::write(&file, config).expect("the folder can be written to");
    let _ = std::fs::remove_file(folder.path().join("pid"));
    // The shell ends the server when its own input ends: also when this process is killed and drops nothing.
    let script = "redis-server \"$0\" $1 & server=$!; (cat >/dev/null; kill -9 $server 2>/dev/null) <&3 & wait $server";
    let mut shell = Command::new("sh")
        .arg("-c")
        .arg(format!("exec 3<&0; {script}"))
        .arg(&file)
        .arg(kind)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let up = ask(port, "PING").is_some_and(|answer| answer.contains("PONG") || answer.contains("NOAUTH"));
        if up && folder.path().join("pid").exists() {
            return Some(shell);
        }
        if shell.try_wait().is_ok_and(|status| status.is_some()) {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = shell.kill();
    let _ = shell.wait();
    None
}

fn ask(port: u16, line: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(format!("{line}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 65_536];
    let length = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}

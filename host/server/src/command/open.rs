//! `isolet open`: the console, signed in by a one-time link, in a browser where there is one to see it. The link goes to the output and, in
//! a file that only its owner can read, to the browser: never into arguments, which every process of the machine can read.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use http::Method;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::access::Access;
use super::remote::{HostArguments, text};
use super::show::progress;

/// How long the browser has for reading the file, from when it was told of it.
const BROWSER_READS: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct OpenArguments {
    /// Print the address, and leave opening it to whoever reads it.
    #[arg(long)]
    no_browser: bool,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn open(arguments: OpenArguments) -> Result<u8> {
    let access = Access::of(&arguments.host.access())?;
    let link = link(&access).await?;
    let address = address(&access.url, &link);
    if arguments.host.json {
        super::show::answer(&json!({ "url": address, "expires_at": link["expires_at"] }).to_string());
        return Ok(0);
    }
    tell(&address, &link);
    if arguments.no_browser { Ok(0) } else { in_browser(&address).await.map(|()| 0) }
}

/// The console, signed in where the host makes links for that: said, and shown in a browser where somebody sees one.
pub async fn console(access: &Access) -> Result<()> {
    let link = link(access).await?;
    let address = address(&access.url, &link);
    tell(&address, &link);
    in_browser(&address).await
}

/// Shows an address in a browser, where there is one and somebody who sees it.
pub async fn in_browser(address: &str) -> Result<()> {
    let is_set = |name: &str| super::variables().any(|(held, value)| held == name && !value.is_empty());
    if somebody_sees(is_set) { browse(address).await } else { Ok(()) }
}

/// A one-time link.
async fn link(access: &Access) -> Result<Value> {
    let reply = access.client()?.send(Method::POST, "/v1/sessions/links", None).await?;
    // Hosts before this operation issue one link alone, at their start.
    if reply.json["code"] == "not_found" { Ok(Value::Null) } else { reply.into_success() }
}

fn tell(address: &str, link: &Value) {
    super::show::answer(&super::show::inert(address));
    match link["expires_at"].as_str() {
        Some(until) => progress(&format!("a one-time sign-in link, valid until {}", super::show::inert(until))),
        None => progress("this host makes no sign-in links: sign in with a key"),
    }
}

/// The link, or where there is none the console alone.
fn address(console: &str, link: &Value) -> String {
    let console = console.trim_end_matches('/');
    match text(link, "token") {
        "" => format!("{console}/"),
        token => format!("{console}/#t={token}"),
    }
}

/// Whether this is somebody's own screen: a terminal with a display, not over a network, and no build.
fn somebody_sees(is_set: impl Fn(&str) -> bool) -> bool {
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| is_set(name));
    let elsewhere = ["SSH_CONNECTION", "SSH_TTY", "CI"].iter().any(|name| is_set(name));
    std::io::stdout().is_terminal() && display && !elsewhere
}

async fn browse(address: &str) -> Result<()> {
    let file = page(address)?;
    let mut command = tokio::process::Command::new("xdg-open");
    // What is typed meanwhile is for whoever called it.
    command.arg(file.path()).stdin(Stdio::null()).kill_on_drop(true);
    match command.status().await {
        Ok(status) if status.success() => {
            tokio::time::sleep(BROWSER_READS).await;
            Ok(())
        }
        Ok(status) => Err(anyhow!("xdg-open could not open a browser ({status})")),
        Err(error) => {
            progress(&format!("no browser was opened: xdg-open: {error}"));
            Ok(())
        }
    }
}

/// A page that leads on to the address, readable by its owner alone and gone when dropped.
fn page(address: &str) -> Result<NamedTempFile> {
    let own = super::variables().find(|(name, _)| name == "XDG_RUNTIME_DIR").map(|(_, folder)| PathBuf::from(folder));
    let folder = own.filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir);
    let mut file = tempfile::Builder::new().prefix("isolet-").suffix(".html").tempfile_in(&folder)?;
    let write = file.write_all(leading_on(address).as_bytes());
    write.with_context(|| format!("cannot write to `{}`", folder.display()))?;
    Ok(file)
}

fn leading_on(address: &str) -> String {
    let quoted: String = address
        .chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '"' => "&quot;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            other => other.to_string(),
        })
        .collect();
    format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0;url={quoted}\"><title>isolet</title>\n"
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_link_is_the_console_with_the_token_behind_it() {
        let console = "https://isolet.example";
        assert_eq!(address(console, &json!({ "token": "ab" })), "https://isolet.example/#t=ab");
        assert_eq!(address(console, &Value::Null), "https://isolet.example/");
    }

    #[test]
    fn the_page_is_its_owners_and_goes() {
        let file = page("http://127.0.0.1:8787/#t=ab").expect("written");
        let path = file.path().to_owned();
        let about = std::fs::metadata(&path).expect("there");
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        let held = std::fs::read_to_string(&path).expect("readable");
        assert!(held.contains("content=\"0;url=http://127.0.0.1:8787/#t=ab\""), "{held}");
        drop(file);
        assert!(!path.exists());
        assert!(leading_on("http://x/\"><script>&").contains("url=http://x/&quot;&gt;&lt;script&gt;&amp;\""));
    }
}

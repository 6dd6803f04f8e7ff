//! `isolet logs`: a tenant's log, and what comes to it. Everything in a record is the tenant's word: made inert, and indented, so that no
//! line of it can pass for a record.

#![allow(clippy::print_stdout, reason = "records go to stdout")]

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, ValueEnum};
use http::Method;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::Value;

use super::remote::{HostArguments, Remote, text};
use super::show::{inert, progress};
use crate::events::{Event, Events};

/// A connection on which nothing came for so long is given up: the host sends a sign of life every 15 seconds.
const QUIET: Duration = Duration::from_secs(40);
/// Between two attempts to connect, from the first failure to the tenth.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// Records that are asked for at a time.
const PAGE: usize = 500;

/// What `isolet logs` is given.
#[derive(Args)]
pub struct LogsArguments {
    #[command(flatten)]
    host: HostArguments,
    /// Go on with what comes.
    #[arg(long, short = 't', visible_alias = "follow")]
    tail: bool,
    /// Records of this last time, such as `90s`, `10m`, `1h` or `2d`, or since a time as in RFC 3339.
    #[arg(long)]
    since: Option<String>,
    /// Records with a line at least as bad: debug, info, warn or error.
    #[arg(long)]
    level: Option<String>,
    /// Records of requests that ended so, such as `ok` or `cpu_limit`.
    #[arg(long)]
    outcome: Option<String>,
    /// Records of this function.
    #[arg(long)]
    function: Option<String>,
    /// Records of this version's id.
    #[arg(long = "function-version")]
    version: Option<String>,
    /// The record of this request.
    #[arg(long)]
    request_id: Option<String>,
    /// Records with this text in the path, the error or a line.
    #[arg(long, short = 'q')]
    query: Option<String>,
    /// How many of the newest records are shown first.
    #[arg(long, short = 'n', default_value_t = 100)]
    limit: usize,
    /// Text for people or a line of JSON for each record; JSON where the output is no terminal.
    #[arg(long)]
    format: Option<Format>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

pub async fn logs(arguments: LogsArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    let usual = if std::io::stdout().is_terminal() { Format::Pretty } else { Format::Json };
    let format = if arguments.host.json { Format::Json } else { arguments.format.unwrap_or(usual) };
    let query = arguments.query()?;
    if arguments.tail {
        return tail(&remote, &query, format).await;
    }
    for record in newest(&remote, &query, arguments.limit).await?.iter().rev() {
        show(record, format);
    }
    Ok(0)
}

impl LogsArguments {
    /// The parameters, each with an `&` before it.
    fn query(&self) -> Result<String> {
        let start = self.since.as_deref().map(|since| start(since, Timestamp::now())).transpose()?;
        let start = start.map(|start| start.to_string());
        let mut query = String::new();
        for (name, value) in [
            ("start", &start),
            ("level", &self.level),
            ("outcome", &self.outcome),
            ("function", &self.function),
            ("version", &self.version),
            ("request_id", &self.request_id),
            ("query", &self.query),
        ] {
            if let Some(value) = value {
                query.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        Ok(query)
    }
}

/// The text as a part of a query (RFC 3986 §2.1).
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// When `since` was.
fn start(since: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(time) = since.parse() {
        return Ok(time);
    }
    let unit = since.chars().last().and_then(|unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(24 * 3_600),
        _ => None,
    });
    let number = |unit: u64| since[..since.len() - 1].parse::<u32>().ok().map(|number| u64::from(number) * unit);
    let span = unit.and_then(number).map(Duration::from_secs);
    let start = span.and_then(|span| now.checked_sub(span).ok());
    start.ok_or_else(|| anyhow!("`--since {since}`: give a number with s, m, h or d, or a time like {now:.0}"))
}

async fn newest(remote: &Remote, query: &str, limit: usize) -> Result<Vec<Value>> {
    let (mut records, mut cursor) = (Vec::new(), String::new());
    while records.len() < limit {
        let size = (limit - records.len()).min(PAGE);
        let path = remote.path(&format!("/logs?limit={size}{query}{cursor}"));
        let page = remote.call(Method::GET, &path, None).await?;
        records.extend(page["data"].as_array().cloned().unwrap_or_default());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    Ok(records)
}

/// Follows until it is stopped; connects again where that helps.
async fn tail(remote: &Remote, query: &str, format: Format) -> Result<u8> {
    let path = remote.path(&format!("/logs?{}", query.trim_start_matches('&')));
    let (mut last, mut wait, mut connected) = (None, BACK_OFF.0, false);
    loop {
        match listen(remote, &path, &mut last, format).await {
            Ok(()) => {
                connected = true;
                wait = BACK_OFF.0;
            }
            // What was refused will be refused again, and a host that never was there is rather a mistake.
            Err(Stopped::Refused(error)) => return Err(error),
            Err(Stopped::Lost(error)) if !connected && last.is_none() => return Err(error),
            Err(Stopped::Lost(error)) => progress(&format!("{error:#}; trying again in {} s", wait.as_secs_f32())),
        }
        // Not all at once after a restart.
        let spread = f64::from(Timestamp::now().subsec_nanosecond() % 1_000) / 1_000.0;
        tokio::time::sleep(wait.mul_f64(0.5 + spread / 2.0)).await;
        wait = (wait * 2).min(BACK_OFF.1);
    }
}

enum Stopped {
    Refused(anyhow::Error),
    Lost(anyhow::Error),
}

/// One connection, until it ends. `last` is the last record that was shown.
async fn listen(remote: &Remote, path: &str, last: &mut Option<String>, format: Format) -> Result<(), Stopped> {
    let mut fields = vec![("accept", "text/event-stream")];
    if let Some(last) = last.as_deref() {
        fields.push(("last-event-id", last));
    }
    let response = remote.open(path, &fields).await.map_err(Stopped::Lost)?;
    let status = response.status();
    let mut body = response.into_body();
    if !status.is_success() {
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let error = anyhow!("{} {}: {}", status.as_u16(), text(&problem, "title"), text(&problem, "detail"));
        return Err(if status.is_server_error() { Stopped::Lost(error) } else { Stopped::Refused(error) });
    }
    let mut events = Events::default();
    loop {
        let frame = tokio::time::timeout(QUIET, body.frame()).await;
        let Ok(Some(frame)) = frame else { return Ok(()) };
        let Ok(frame) = frame.context("the connection broke off") else { return Ok(()) };
        for event in events.read(frame.data_ref().map_or(&[][..], |data| data)) {
            told(&event, format);
            if event.id.is_some() {
                *last = event.id;
            }
        }
    }
}

fn told(event: &Event, format: Format) {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    match (event.name.as_str(), format) {
        ("log", _) => show(&data, format),
        ("dropped", Format::Json) => println!("{{\"dropped\":{}}}", data["count"]),
        ("dropped", Format::Pretty) => println!("… {} records are missing here", data["count"]),
        _ => {}
    }
}

fn show(record: &Value, format: Format) {
    match format {
        Format::Json => println!("{record}"),
        Format::Pretty => println!("{}", pretty(record)),
    }
}

/// A line about the request, and one for each line of the code's.
fn pretty(record: &Value) -> String {
    let function = match (record["function"].as_str(), record["version_number"].as_u64()) {
        (Some(function), Some(number)) => format!("{function} v{number}"),
        (Some(function), None) => function.to_owned(),
        (None, _) => "run".to_owned(),
    };
    let status = record["status"].as_u64().map(|status| format!("{status} ")).unwrap_or_default();
    let (time, method, path) = (text(record, "time"), text(record, "method"), text(record, "path"));
    let (outcome, took) = (text(record, "outcome"), record["duration_ms"].as_f64().unwrap_or(0.0));
    let time = time.parse::<Timestamp>().map_or_else(|_| time.to_owned(), |time| format!("{time:.3}"));
    let mut shown = one_line(&format!("{time}  {function}  {method} {path}  {status}{outcome}  {took:.1} ms"));
    for line in record["lines"].as_array().into_iter().flatten() {
        shown.push_str(&said(text(line, "level"), line));
    }
    if record["error"].is_object() {
        shown.push_str(&said("error", &record["error"]));
    }
    if record["lines_truncated"] == true {
        shown.push_str("\n         … the rest of what it said was left out");
    }
    shown
}

fn said(level: &str, line: &Value) -> String {
    let place = match (line["file"].as_str(), line["line"].as_u64()) {
        (Some(file), Some(number)) => format!("  ({file}:{number})"),
        _ => String::new(),
    };
    let message = inert(text(line, "message")).replace('\n', "\n         ");
    format!("\n  {level:>5}  {message}{}", one_line(&place))
}

fn one_line(text: &str) -> String {
    inert(text).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn since_is_a_span_or_a_time() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().expect("a time");
        let at = |since: &str| start(since, now).map(|start| start.to_string()).unwrap_or_default();
        assert_eq!(at("1d"), "2026-01-01T00:00:00Z");
        assert_eq!(at("90s"), "2026-01-01T23:58:30Z");
        assert_eq!(at("2025-01-01T00:00:00Z"), "2025-01-01T00:00:00Z");
        for bad in ["", "h", "-1h", "1", "1w", "1.5h", "é", "99999999999d"] {
            assert_eq!(at(bad), "", "{bad}");
        }
    }

    #[test]
    fn no_line_of_a_tenants_passes_for_a_record_or_moves_the_terminal() {
        let record = json!({
            "time": "2026-01-01T00:00:00.123456Z", "function": "hello", "version_number": 3, "method": "GET",
            "path": "/\u{1b}[2J\n2026 fake", "status": 200, "outcome": "ok", "duration_ms": 1.25,
            "lines": [{ "level": "info", "message": "a\n2026-01-01T00:00:00Z  fake\u{9b}31m", "file": "x\n.js", "line": 1 }],
            "error": { "message": "boom\r" }, "lines_truncated": true,
        });
        let shown = pretty(&record);
        assert!(
            shown.starts_with("2026-01-01T00:00:00.123Z  hello v3  GET /\\u{1b}[2J\\n2026 fake  200 ok  1.2 ms\n"),
            "{shown}"
        );
        assert!(shown.lines().skip(1).all(|line| line.starts_with("  ")), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\r']), "{shown}");
        assert_eq!(shown.lines().count(), 5);
    }

    #[test]
    fn parameters_are_escaped() {
        assert_eq!(escaped("a b&c=é"), "a%20b%26c%3D%C3%A9");
    }
}

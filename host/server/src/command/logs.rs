//! `isolet logs`: a tenant's log, and what comes to it. Everything in a record is the tenant's word: made inert, and indented, so that no
//! line of it can pass for a record.

#![allow(clippy::print_stdout, reason = "records go to stdout")]

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, ValueEnum};
use http::Method;
use http_body_util::BodyExt as _;
use isolet_domain::ids::FunctionName;
use jiff::Timestamp;
use serde_json::Value;

use super::access::Access;
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
    // Where the log ended before the newest were asked for: what comes later is after this, or among them.
    let end = if arguments.tail { newest(&remote, "", 1).await? } else { Vec::new() };
    let shown = newest(&remote, &query, arguments.limit).await?;
    for record in shown.iter().rev() {
        show(record, format);
    }
    if !arguments.tail {
        return Ok(0);
    }
    let last = later(end.first(), shown.first());
    tail(&remote, &query, last, format).await
}

/// Shows, for people, what comes to a function's log from now on. It ends only by being refused, or dropped.
pub async fn follow(access: Access, function: &FunctionName) -> Result<()> {
    let remote = Remote::at(access, false)?;
    let end = newest(&remote, "", 1).await?;
    tail(&remote, &format!("&function={function}"), later(end.first(), None), Format::Pretty).await?;
    Ok(())
}

/// The id of the later of two records. Ids are numbers that only grow.
fn later(one: Option<&Value>, other: Option<&Value>) -> Option<String> {
    let ids = [one, other].into_iter().flatten().map(|record| text(record, "id"));
    ids.max_by_key(|id| id.parse::<u64>().unwrap_or(0)).map(str::to_owned)
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

/// Follows from after the record `last` until it is stopped; connects again where that helps.
async fn tail(remote: &Remote, query: &str, mut last: Option<String>, format: Format) -> Result<u8> {
    let path = remote.path(&format!("/logs?{}", followed(query, last.is_some())));
    let mut wait = BACK_OFF.0;
    loop {
        match listen(remote, &path, &mut last, format).await {
            Ok(()) => wait = BACK_OFF.0,
            // What was refused will be refused again.
            Err(Stopped::Refused(error)) => return Err(error),
            Err(Stopped::Lost(error)) => progress(&format!("{error:#}; trying again in {} s", wait.as_secs_f32())),
        }
        // Not all at once after a restart.
        let spread = f64::from(Timestamp::now().subsec_nanosecond() % 1_000) / 1_000.0;
        tokio::time::sleep(wait.mul_f64(0.5 + spread / 2.0)).await;
        wait = (wait * 2).min(BACK_OFF.1);
    }
}

/// The parameters of what is followed. A log that was empty has no last record: it is followed from its beginning, so that a connection
/// that breaks off before there is a first one loses nothing.
fn followed(query: &str, has_last: bool) -> String {
    let query = query.trim_start_matches('&');
    match query.starts_with("start=") || has_last {
        true => query.to_owned(),
        false => format!("start={}&{query}", Timestamp::UNIX_EPOCH).trim_end_matches('&').to_owned(),
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
    fn it_is_followed_from_the_last_record_or_from_the_beginning() {
        let record = |id: &str| json!({ "id": id });
        assert_eq!(later(None, None), None);
        assert_eq!(later(Some(&record("9")), None).as_deref(), Some("9"));
        // Of the filter's, or of the whole log.
        assert_eq!(later(Some(&record("9")), Some(&record("10"))).as_deref(), Some("10"));
        assert_eq!(later(Some(&record("100")), Some(&record("20"))).as_deref(), Some("100"));
        assert_eq!(followed("", true), "");
        assert_eq!(followed("&level=warn", true), "level=warn");
        assert_eq!(followed("&level=warn", false), "start=1970-01-01T00:00:00Z&level=warn");
        assert_eq!(followed("", false), "start=1970-01-01T00:00:00Z");
        assert_eq!(followed("&start=2026-01-01T00:00:00Z&level=warn", false), "start=2026-01-01T00:00:00Z&level=warn");
    }

    /// Answers one request after the other with these, a connection each, and gives back their heads.
    async fn played(answers: Vec<(&'static str, String)>) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let port = listener.local_addr().expect("bound").port();
        let playing = tokio::spawn(async move {
            let mut heads = Vec::new();
            for (kind, body) in answers {
                let (mut connection, _) = listener.accept().await.expect("somebody comes");
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(connection.read_u8().await.expect("a request"));
                }
                heads.push(String::from_utf8(head).expect("ASCII").to_ascii_lowercase());
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{body}");
                connection.write_all(answer.as_bytes()).await.expect("written");
            }
            heads
        });
        (port, playing)
    }

    #[tokio::test]
    async fn what_comes_after_a_break_is_asked_for_from_where_it_was() {
        let page = |ids: &[u64]| {
            let records: Vec<Value> = ids.iter().map(|id| json!({ "id": id.to_string(), "path": "/" })).collect();
            ("application/json", json!({ "data": records, "next_cursor": null }).to_string())
        };
        let events = |text: &str| ("text/event-stream", text.to_owned());
        let record = "event: log\nid: 9\ndata: {\"id\":\"9\"}\n\n";
        for (answers, expected) in [
            // Cut before the first record: again from the end of the log, which no record that was shown is.
            (vec![page(&[7]), page(&[]), events("retry: 1000\n\n"), events(record), events("")], ["7", "7", "9"]),
            // The newest that was shown is newer.
            (vec![page(&[7]), page(&[8, 2]), events(""), events(record), events("")], ["8", "8", "9"]),
            // There was none at all: from the beginning, until there is one.
            (vec![page(&[]), page(&[]), events(""), events(record), events("")], ["", "", "9"]),
        ] {
            let (port, playing) = played(answers).await;
            let host = HostArguments::of(&format!("http://127.0.0.1:{port}"), "isl_x");
            let tailing = logs(LogsArguments {
                host,
                tail: true,
                since: None,
                level: None,
                outcome: None,
                function: None,
                version: None,
                request_id: None,
                query: None,
                limit: 100,
                format: Some(Format::Json),
            });
            let heads = tokio::select! {
                heads = playing => heads.expect("no panic"),
                ended = tailing => panic!("it ended: {:?}", ended.err()),
            };
            let of =
                |head: &String| head.lines().find_map(|line| line.strip_prefix("last-event-id: ").map(str::to_owned));
            let positions: Vec<String> = heads[2..].iter().map(|head| of(head).unwrap_or_default()).collect();
            assert_eq!(positions, expected);
            let from_the_beginning = heads[2].contains("start=1970-01-01");
            assert_eq!(from_the_beginning, expected[0].is_empty(), "{}", heads[2]);
        }
    }

    #[test]
    fn parameters_are_escaped() {
        assert_eq!(escaped("a b&c=é"), "a%20b%26c%3D%C3%A9");
    }
}

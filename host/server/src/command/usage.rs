//! `isolet usage`: what was used lately, and a month of it for a bill; of all tenants that the key reaches, or of those that `--tenant`
//! names, with commas between them.

#![allow(clippy::print_stdout, reason = "rows go to stdout")]

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Subcommand};
use http::Method;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::Value;

use super::access::encoded;
use super::remote::{HostArguments, Remote, text};

/// What `isolet usage` is given.
#[derive(Args)]
pub struct UsageArguments {
    #[command(flatten)]
    host: HostArguments,
    #[command(flatten)]
    shape: Shape,
    #[command(subcommand)]
    verb: Option<UsageVerb>,
    /// From when on, as in RFC 3339; a day ago without it.
    #[arg(long)]
    start: Option<String>,
    /// Until when; now without it.
    #[arg(long)]
    end: Option<String>,
}

#[derive(Args)]
struct Shape {
    /// The length of a window: 15m, 1h or 1d.
    #[arg(long, default_value = "1d", global = true)]
    granularity: String,
    /// What has rows of its own: tenant, function, label.NAME, with commas between them.
    #[arg(long, default_value = "tenant", global = true)]
    group_by: String,
}

impl Shape {
    /// The parameters, with those of the tenants that a flag or a variable names. A context's tenant is no reason to leave the others out.
    fn query(&self, tenants: Option<&str>) -> String {
        let list = |text: &str| text.split(',').map(encoded).collect::<Vec<_>>().join(",");
        let tenants = tenants.map(|tenants| format!("&tenant={}", list(tenants))).unwrap_or_default();
        format!("granularity={}&group_by={}{tenants}", encoded(&self.granularity), list(&self.group_by))
    }
}

#[derive(Subcommand)]
enum UsageVerb {
    /// Write a month (UTC) as a table for a bill.
    Export(ExportArguments),
}

#[derive(Args)]
struct ExportArguments {
    /// Such as 2026-11.
    #[arg(long)]
    month: String,
    /// A table with commas.
    #[arg(long, conflicts_with = "ndjson")]
    csv: bool,
    /// A line of JSON for each row.
    #[arg(long)]
    ndjson: bool,
    /// The file; without it, to the output.
    #[arg(long, short = 'o')]
    out: Option<PathBuf>,
}

pub async fn usage(arguments: UsageArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    let shape = arguments.shape.query(arguments.host.tenant());
    if let Some(UsageVerb::Export(export)) = &arguments.verb {
        return self::export(&remote, &shape, export).await;
    }
    let mut path = format!("/v1/usage?{shape}");
    for (name, value) in [("start", &arguments.start), ("end", &arguments.end)] {
        if let Some(value) = value {
            let time: Timestamp = value.parse().with_context(|| format!("`--{name} {value}` is no time"))?;
            path.push_str(&format!("&{name}={time}"));
        }
    }
    let rows = remote.call(Method::GET, &path, None).await?;
    remote.show_all(rows["data"].as_array().map(Vec::as_slice).unwrap_or_default(), line);
    Ok(0)
}

fn line(row: &Value) -> String {
    let labels: Vec<String> = row["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or("-")))
        .collect();
    let number = |name: &str| row[name].as_f64().unwrap_or(0.0);
    format!(
        "{}  {:<30}  {:>10} requests  {:>12.1} ms CPU  {:>12.1} MiB s  {:>12} bytes out{}",
        text(row, "window_start"),
        labels.join(" ").replace('\n', " "),
        row["requests"],
        number("cpu_ms"),
        number("memory_mib_s"),
        row["response_bytes"],
        if row["closed"] == true { "" } else { "  (still open)" }
    )
}

async fn export(remote: &Remote, shape: &str, export: &ExportArguments) -> Result<u8> {
    let (start, end) = month(&export.month)?;
    let accept = match (export.csv, export.ndjson) {
        (false, true) => "application/x-ndjson",
        _ => "text/csv",
    };
    let response = remote.open(&format!("/v1/usage?{shape}&start={start}&end={end}"), &[("accept", accept)]).await?;
    let status = response.status();
    let mut body = response.into_body();
    if !status.is_success() {
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        return Err(anyhow!("{} {}: {}", status.as_u16(), text(&problem, "title"), text(&problem, "detail")));
    }
    let mut out: Box<dyn std::io::Write> = match &export.out {
        Some(file) => {
            Box::new(std::fs::File::create(file).with_context(|| format!("cannot write `{}`", file.display()))?)
        }
        None => Box::new(std::io::stdout()),
    };
    while let Some(frame) = body.frame().await {
        // What broke off is no bill.
        let frame = frame.context("the report broke off and is not whole")?;
        out.write_all(frame.data_ref().map_or(&[][..], |data| data))?;
    }
    out.flush()?;
    Ok(0)
}

/// The first moment of a month, and of the next one.
fn month(text: &str) -> Result<(Timestamp, Timestamp)> {
    let parts =
        text.split_once('-').and_then(|(year, month)| Some((year.parse::<i16>().ok()?, month.parse::<i8>().ok()?)));
    let wrong = || anyhow!("`--month {text}`: give a year and a month, like 2026-11");
    let (year, month) =
        parts.filter(|(year, month)| (2020..9999).contains(year) && (1..=12).contains(month)).ok_or_else(wrong)?;
    let first = |year: i16, month: i8| format!("{year:04}-{month:02}-01T00:00:00Z").parse::<Timestamp>();
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Ok((first(year, month)?, first(next.0, next.1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenants_that_are_named_are_sent_along() {
        let shape = Shape { granularity: "1d".to_owned(), group_by: "tenant,label.a b".to_owned() };
        assert_eq!(shape.query(None), "granularity=1d&group_by=tenant,label.a%20b");
        assert_eq!(shape.query(Some("acme,a&b")), "granularity=1d&group_by=tenant,label.a%20b&tenant=acme,a%26b");
    }

    #[test]
    fn a_month_is_from_its_first_moment_to_the_next_ones() {
        let of = |text: &str| month(text).map(|(start, end)| format!("{start} {end}")).unwrap_or_default();
        assert_eq!(of("2026-11"), "2026-11-01T00:00:00Z 2026-12-01T00:00:00Z");
        assert_eq!(of("2026-12"), "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z");
        assert_eq!(of("2028-2"), "2028-02-01T00:00:00Z 2028-03-01T00:00:00Z");
        for bad in ["", "2026", "2026-13", "2026-00", "26-11", "2026-11-01", "x-y"] {
            assert_eq!(of(bad), "", "{bad}");
        }
    }
}

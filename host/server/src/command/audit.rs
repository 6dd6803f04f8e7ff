//! `isolet audit`: who changed what on a host, and whether that is still as it was written.

use anyhow::Result;
use clap::Args;
use http::Method;
use isolet_domain::audit::{REFUSED, TRIMMED};
use serde_json::Value;

use super::access::encoded;
use super::remote::{HostArguments, Remote, text};
use super::show;

#[derive(Args)]
pub struct AuditArguments {
    /// Go through all of it, and name the first entry that is not as it was written. The exit code is 1 where there is one.
    #[arg(long, conflicts_with_all = ["about", "actor", "operation", "start", "end"])]
    verify: bool,
    /// What was about this tenant.
    #[arg(long, value_name = "TENANT")]
    about: Option<String>,
    /// What this key did.
    #[arg(long, value_name = "KEY")]
    actor: Option<String>,
    /// One operation, as the OpenAPI document calls it.
    #[arg(long)]
    operation: Option<String>,
    /// From then on, as RFC 3339 writes it.
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Before then.
    #[arg(long, value_name = "TIME")]
    end: Option<String>,
    /// How many entries at most, newest first.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    host: HostArguments,
}

pub async fn audit(arguments: AuditArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    if arguments.verify {
        let verified = remote.call(Method::GET, "/v1/audit/verify", None).await?;
        remote.show(&verified, in_words);
        return Ok(u8::from(verified["ok"] != true));
    }
    let asked = [
        ("tenant", arguments.about),
        ("actor", arguments.actor),
        ("operation", arguments.operation),
        ("start", arguments.start),
        ("end", arguments.end),
    ];
    let said = asked.into_iter().filter_map(|(name, value)| Some(format!("{name}={}&", encoded(&value?))));
    let entries = remote.some(&format!("/v1/audit?{}", said.collect::<String>()), arguments.limit).await?;
    remote.show_all(&entries, line);
    if entries.is_empty() && !arguments.host.json {
        show::progress("There is no such entry.");
    }
    Ok(0)
}

fn line(entry: &Value) -> String {
    let by_itself = [TRIMMED, REFUSED].contains(&text(entry, "operation"));
    let who = entry["actor"].as_str().unwrap_or(if by_itself { "the host" } else { "operator" });
    let subject = entry["subject"].as_str().map(|subject| format!("  {subject}")).unwrap_or_default();
    let [at, operation, target] = ["at", "operation", "target"].map(|name| text(entry, name));
    format!("{at}  {}  {operation}  {target}{subject}  {who}", entry["status"])
}

fn in_words(verified: &Value) -> String {
    let heads = verified["heads"].as_array().map(Vec::as_slice).unwrap_or_default();
    let counted = |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    let entries = verified["entries"].as_u64().map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let entries = counted(entries, "entry", "entries");
    let mut lines = vec![format!("{entries} of {}", counted(heads.len(), "chain", "chains"))];
    for head in heads {
        lines.push(format!("  {} ends with {} {}", text(head, "host"), head["number"], text(head, "digest")));
    }
    let broken = &verified["broken"];
    lines.push(if broken.is_null() {
        "All of them are as they were written.".to_owned()
    } else {
        let id = broken["id"].as_str().map(|id| format!(" ({id})")).unwrap_or_default();
        format!("BROKEN at entry {} of {}{id}: {}", broken["number"], text(broken, "host"), text(broken, "why"))
    });
    lines.join("\n")
}

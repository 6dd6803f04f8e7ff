//! Entries of the audit, and what came of going through it, on the wire.

use isolet_domain::audit::{AuditEntry, Break, Link};
use isolet_domain::service::audit::Verified;
use schemars::JsonSchema;
use serde::Serialize;

use super::words::Time;
use crate::answer::ResponseBody;

#[derive(JsonSchema, Serialize)]
pub struct AuditEntryResponse {
    id: String,
    #[schemars(with = "Time")]
    at: String,
    /// The key; absent for the operator's one-time link, and for what a host does by itself.
    actor: Option<String>,
    operation: String,
    tenant: Option<String>,
    tenant_id: Option<String>,
    /// The address it was asked of.
    target: String,
    /// What was made, where the address does not say.
    subject: Option<String>,
    /// How it was answered.
    /// 0: the host ended before it was known what came of it.
    status: u16,
    request_id: String,
    host: String,
    /// In the host's chain.
    number: u64,
    /// The end of the other chain that was written to last, as it was then.
    seen: Option<LinkResponse>,
    /// Digest of the entry before in this chain.
    before: String,
    digest: String,
}

/// A place in a chain.
#[derive(JsonSchema, Serialize)]
pub struct LinkResponse {
    host: String,
    number: u64,
    digest: String,
}

impl From<Link> for LinkResponse {
    fn from(Link { host, number, digest }: Link) -> Self {
        Self { host: host.to_string(), number, digest: digest.to_string() }
    }
}

impl From<AuditEntry> for AuditEntryResponse {
    fn from(entry: AuditEntry) -> Self {
        let (tenant_id, tenant) = entry.act.tenant.map(|(id, slug)| (id.to_string(), slug.to_string())).unzip();
        Self {
            id: entry.id.to_string(),
            at: entry.at.to_string(),
            actor: entry.act.actor.map(|actor| actor.to_string()),
            operation: entry.act.operation,
            tenant,
            tenant_id,
            target: entry.act.target,
            subject: entry.act.subject,
            status: entry.act.status,
            request_id: entry.act.request.to_string(),
            host: entry.host.to_string(),
            number: entry.number,
            seen: entry.seen.map(LinkResponse::from),
            before: entry.before.to_string(),
            digest: entry.digest.to_string(),
        }
    }
}

#[derive(JsonSchema, Serialize)]
pub struct VerifiedResponse {
    ok: bool,
    entries: u64,
    /// Where each host's chain ends. Noted elsewhere, they show later that nothing was taken off.
    heads: Vec<LinkResponse>,
    broken: Option<BreakResponse>,
}

/// The first entry that is not as it was written.
#[derive(JsonSchema, Serialize)]
pub struct BreakResponse {
    host: String,
    number: u64,
    id: Option<String>,
    why: &'static str,
}

impl From<Break> for BreakResponse {
    fn from(Break { host, number, id, why }: Break) -> Self {
        Self { host: host.to_string(), number, id: id.map(|id| id.to_string()), why }
    }
}

impl From<Verified> for VerifiedResponse {
    fn from(Verified { entries, heads, broken }: Verified) -> Self {
        let heads = heads.into_iter().map(LinkResponse::from).collect();
        Self { ok: broken.is_none(), entries, heads, broken: broken.map(BreakResponse::from) }
    }
}

impl ResponseBody for AuditEntryResponse {}
impl ResponseBody for VerifiedResponse {}

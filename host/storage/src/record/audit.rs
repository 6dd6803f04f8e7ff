//! The written form of the audit's entries.

use isolet_domain::audit::{Act, AuditEntry, Link};
use isolet_domain::ids::{AuditId, Digest, HostId, KeyId, RequestId, TenantId, TenantSlug};
use serde::{Deserialize, Serialize};

use super::envelope::{Record, parse, parse_time};

#[derive(Serialize, Deserialize)]
pub(crate) struct AuditRecord {
    id: String,
    host: String,
    number: u64,
    at: String,
    request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<(String, String)>,
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<(String, u64, String)>,
    before: String,
    digest: String,
}

impl Record for AuditRecord {
    type Domain = AuditEntry;

    fn of(entry: &AuditEntry) -> Self {
        let Act { request, actor, operation, tenant, target, subject, status } = &entry.act;
        Self {
            id: entry.id.to_string(),
            host: entry.host.to_string(),
            number: entry.number,
            at: entry.at.to_string(),
            request: request.to_string(),
            actor: actor.map(|actor| actor.to_string()),
            operation: operation.clone(),
            tenant: tenant.as_ref().map(|(id, slug)| (id.to_string(), slug.to_string())),
            target: target.clone(),
            subject: subject.clone(),
            status: *status,
            seen: entry.seen.map(|link| (link.host.to_string(), link.number, link.digest.to_string())),
            before: entry.before.to_string(),
            digest: entry.digest.to_string(),
        }
    }

    fn into_domain(self) -> Result<AuditEntry, String> {
        let tenant = |(id, slug): (String, String)| {
            Ok::<_, String>((parse("tenant", &id, TenantId::parse)?, parse("tenant", &slug, TenantSlug::parse)?))
        };
        let link = |(host, number, digest): (String, u64, String)| {
            let digest = parse("seen", &digest, Digest::parse)?;
            Ok::<_, String>(Link { host: parse("seen", &host, HostId::parse)?, number, digest })
        };
        Ok(AuditEntry {
            id: parse("id", &self.id, AuditId::parse)?,
            host: parse("host", &self.host, HostId::parse)?,
            number: self.number,
            at: parse_time("at", &self.at)?,
            act: Act {
                request: parse("request", &self.request, RequestId::parse)?,
                actor: self.actor.map(|actor| parse("actor", &actor, KeyId::parse)).transpose()?,
                operation: self.operation,
                tenant: self.tenant.map(tenant).transpose()?,
                target: self.target,
                subject: self.subject,
                status: self.status,
            },
            seen: self.seen.map(link).transpose()?,
            before: parse("before", &self.before, Digest::parse)?,
            digest: parse("digest", &self.digest, Digest::parse)?,
        })
    }
}

//! The audit in Redis: the entries in one hash, with sorted sets that find them by time, by tenant and by place in a chain. They share one
//! slot of a cluster, as a script writes to all of them.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::audit::{AuditEntry, Link};
use isolet_domain::ids::{AuditId, Digest, HostId};
use isolet_domain::repository::{AuditRepository, Page, RepositoryError, WriteError};

use super::scripts::{Verdict, decide};
use super::store::RedisStore;
use crate::record::{AuditRecord, audit_key, decode, encode, lost};

/// Entries that one step removes.
const TRIMMED: usize = 500;

/// A chain's end as it is noted: number and digest.
fn link(host: &str, head: &str) -> Result<Link, RepositoryError> {
    let read = || {
        let (number, digest) = head.split_once(' ')?;
        let (host, digest) = (HostId::parse(host).ok()?, Digest::parse(digest).ok()?);
        Some(Link { host, number: number.parse().ok()?, digest })
    };
    let why = "it is no number and digest".to_owned();
    read().ok_or_else(|| RepositoryError::Corrupt { what: format!("the end of the audit of {host}"), why })
}

fn read(id: &str, record: Option<&[u8]>) -> Result<AuditEntry, RepositoryError> {
    let what = || RepositoryError::Corrupt { what: id.to_owned(), why: "it is no id".to_owned() };
    let key = audit_key(&AuditId::parse(id).map_err(|_| what())?);
    decode::<AuditRecord>(&key, record.ok_or_else(|| lost(&key))?)
}

#[async_trait]
impl AuditRepository for RedisStore {
    async fn audit_heads(&self, host: &HostId) -> Result<(Option<Link>, Option<Link>), RepositoryError> {
        let keys = self.keys.audit();
        let host = host.to_string();
        let rows: Vec<(String, String)> =
            self.link.read(&self.scripts.audit_heads, &[keys.heads(), keys.latest()], &[host.as_bytes()]).await?;
        let links = rows.iter().map(|(host, head)| link(host, head)).collect::<Result<Vec<_>, _>>()?;
        let (own, others): (Vec<Link>, Vec<Link>) = links.into_iter().partition(|link| link.host.to_string() == host);
        Ok((own.into_iter().next(), others.into_iter().next()))
    }

    async fn begin_audit(&self, begun: &[AuditEntry]) -> Result<(), RepositoryError> {
        let Some(first) = begun.first() else { return Ok(()) };
        let note = |entry: &AuditEntry| {
            [entry.id.to_string().into_bytes(), encode::<AuditRecord>(&audit_key(&entry.id), entry)]
        };
        let args: Vec<Vec<u8>> = begun.iter().flat_map(note).collect();
        let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        let keys = [self.keys.audit().begun(&first.host)];
        let (_, ()) = decide(&self.link, &self.scripts.begin_audit, &keys, &args).await?;
        Ok(())
    }

    async fn begun_audit(&self, host: &HostId) -> Result<Vec<AuditEntry>, RepositoryError> {
        let rows: Vec<(String, Vec<u8>)> =
            self.link.command(redis::cmd("HGETALL").arg(self.keys.audit().begun(host))).await?;
        let mut begun = rows.iter().map(|(id, record)| read(id, Some(record))).collect::<Result<Vec<_>, _>>()?;
        begun.sort_by_key(|entry| entry.id);
        Ok(begun)
    }

    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), WriteError> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
        let keys = self.keys.audit();
        let mut places = vec![
            keys.heads(),
            keys.latest(),
            keys.entries(),
            keys.order(),
            keys.chain(&first.host),
            keys.begun(&first.host),
        ];
        let mut args = vec![
            first.host.to_string().into_bytes(),
            (first.number - 1).to_string().into_bytes(),
            format!("{} {}", last.number, last.digest).into_bytes(),
            last.at.as_millisecond().to_string().into_bytes(),
        ];
        for entry in entries {
            let own = entry.act.tenant.as_ref().map(|(tenant, _)| keys.of(tenant));
            // Which of the keys it is; 0 for none.
            let at = own.map_or(0, |own| match places.iter().position(|place| *place == own) {
                Some(at) => at + 1,
                None => {
                    places.push(own);
                    places.len()
                }
            });
            args.push(entry.id.to_string().into_bytes());
            args.push(entry.number.to_string().into_bytes());
            args.push(encode::<AuditRecord>(&audit_key(&entry.id), entry));
            args.push(at.to_string().into_bytes());
        }
        let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
        match decide(&self.writes, &self.scripts.append_audit, &places, &args).await? {
            (Verdict::Done, ()) => Ok(()),
            _ => Err(WriteError::Exists),
        }
    }

    async fn list_audit(
        &self,
        tenant: Option<&TenantScope>,
        before: Option<&AuditId>,
        limit: usize,
    ) -> Result<Page<AuditEntry>, RepositoryError> {
        let keys = self.keys.audit();
        let order = tenant.map_or_else(|| keys.order(), |tenant| keys.of(&tenant.id()));
        let max = before.map_or_else(|| "+".to_owned(), |id| format!("({id}"));
        let count = (limit + 1).to_string();
        let args: [&[u8]; 2] = [max.as_bytes(), count.as_bytes()];
        let mut rows: Vec<(String, Option<Vec<u8>>)> =
            self.link.read(&self.scripts.list_audit, &[order, keys.entries()], &args).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items = rows.iter().map(|(id, record)| read(id, record.as_deref()));
        Ok(Page { items: items.collect::<Result<_, _>>()?, more })
    }

    async fn audit_chains(&self) -> Result<Vec<Link>, RepositoryError> {
        let heads: Vec<(String, String)> =
            self.link.command(redis::cmd("HGETALL").arg(self.keys.audit().heads())).await?;
        let mut links = heads.iter().map(|(host, head)| link(host, head)).collect::<Result<Vec<_>, _>>()?;
        links.sort_by_key(|link| link.host);
        Ok(links)
    }

    async fn audit_chain(
        &self,
        host: &HostId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Option<AuditEntry>)>, RepositoryError> {
        let keys = self.keys.audit();
        let (after, count) = (after.to_string(), limit.to_string());
        let args: [&[u8]; 2] = [after.as_bytes(), count.as_bytes()];
        let rows: Vec<(u64, String, Option<Vec<u8>>)> =
            self.link.read(&self.scripts.audit_chain, &[keys.chain(host), keys.entries()], &args).await?;
        let one = |(number, id, record): &(u64, String, Option<Vec<u8>>)| (*number, read(id, record.as_deref()).ok());
        Ok(rows.iter().map(one).collect())
    }

    async fn trim_audit(&self, host: &HostId, up_to: u64) -> Result<bool, RepositoryError> {
        let keys = self.keys.audit();
        let next = self.audit_chain(host, 0, TRIMMED).await?;
        let gone: Vec<_> = next.into_iter().filter(|(number, _)| *number <= up_to).collect();
        let Some((last, _)) = gone.last() else { return Ok(false) };
        let mut places = vec![keys.entries(), keys.order(), keys.chain(host)];
        for (_, entry) in &gone {
            let tenant = entry.as_ref().and_then(|entry| entry.act.tenant.as_ref());
            let own = tenant.map(|(tenant, _)| keys.of(tenant));
            places.extend(own.filter(|own| !places.contains(own)));
        }
        let last = last.to_string();
        let (_, ()) = decide(&self.writes, &self.scripts.trim_audit, &places, &[last.as_bytes()]).await?;
        Ok(gone.len() == TRIMMED)
    }
}

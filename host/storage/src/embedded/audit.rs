//! The audit in the embedded database: the entries by host and number, and where to find them by time and by tenant.

use std::ops::Bound;

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::audit::{AuditEntry, Link};
use isolet_domain::ids::{AuditId, Digest, HostId, TenantId};
use isolet_domain::repository::{AuditRepository, Page, RepositoryError, WriteError};
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::failure::{Trouble, only_repository};
use super::store::EmbeddedStore;
use super::tables::{AUDIT, AUDIT_BEGUN, AUDIT_HEADS, AUDIT_OF, AUDIT_ORDER, ids_of};
use crate::record::{AuditRecord, audit_key, decode, encode, lost};

/// Entries that one step removes.
const TRIMMED: usize = 1_000;

/// Where each chain ends, and when it was written to.
fn heads(txn: &ReadTransaction) -> Result<Vec<(i64, Link)>, Trouble> {
    let mut heads = Vec::new();
    for row in txn.open_table(AUDIT_HEADS)?.iter()? {
        let (host, head) = row?;
        let (number, at, digest) = head.value();
        let host = HostId::from_bytes(*host.value());
        heads.push((at, Link { host, number, digest: Digest::from_bytes(*digest) }));
    }
    Ok(heads)
}

fn entry(txn: &ReadTransaction, id: &AuditId) -> Result<AuditEntry, Trouble> {
    let key = audit_key(id);
    let place = txn.open_table(AUDIT_ORDER)?.get(id.as_bytes())?.ok_or_else(|| lost(&key))?;
    let record = txn.open_table(AUDIT)?.get(place.value())?.ok_or_else(|| lost(&key))?;
    Ok(decode::<AuditRecord>(&key, record.value().1)?)
}

fn append(txn: &WriteTransaction, entries: &[AuditEntry]) -> Result<(), Trouble> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
    let mut heads = txn.open_table(AUDIT_HEADS)?;
    let before = heads.get(first.host.as_bytes())?.map_or(0, |head| head.value().0);
    if first.number != before + 1 {
        return Err(WriteError::Exists.into());
    }
    let (mut audit, mut order, mut of) =
        (txn.open_table(AUDIT)?, txn.open_table(AUDIT_ORDER)?, txn.open_table(AUDIT_OF)?);
    let mut begun = txn.open_table(AUDIT_BEGUN)?;
    for entry in entries {
        let (host, id) = (entry.host.as_bytes(), entry.id.as_bytes());
        let record = encode::<AuditRecord>(&audit_key(&entry.id), entry);
        audit.insert((host, entry.number), (id, record.as_slice()))?;
        order.insert(id, (host, entry.number))?;
        begun.remove((host, id))?;
        if let Some((tenant, _)) = &entry.act.tenant {
            of.insert((tenant.as_bytes(), id), ())?;
        }
    }
    let head = (last.number, last.at.as_millisecond(), last.digest.as_bytes());
    heads.insert(last.host.as_bytes(), head)?;
    Ok(())
}

/// Ids before this one, newest first, one more than wanted.
fn ids(
    txn: &ReadTransaction,
    tenant: Option<&TenantId>,
    before: Option<&AuditId>,
    limit: usize,
) -> Result<Vec<AuditId>, Trouble> {
    let mut ids = Vec::new();
    let last = AuditId::from_bytes([0xFF; 16]);
    let before = before.unwrap_or(&last).as_bytes();
    match tenant {
        Some(tenant) => {
            let (first, _) = ids_of(tenant).into_inner();
            let within = (Bound::Included(first), Bound::Excluded((tenant.as_bytes(), before)));
            for row in txn.open_table(AUDIT_OF)?.range(within)?.rev().take(limit + 1) {
                ids.push(AuditId::from_bytes(*row?.0.value().1));
            }
        }
        None => {
            let within = (Bound::Unbounded, Bound::Excluded(before));
            for row in txn.open_table(AUDIT_ORDER)?.range::<&[u8; 16]>(within)?.rev().take(limit + 1) {
                ids.push(AuditId::from_bytes(*row?.0.value()));
            }
        }
    }
    Ok(ids)
}

fn trim(txn: &WriteTransaction, host: &HostId, up_to: u64) -> Result<bool, Trouble> {
    let mut audit = txn.open_table(AUDIT)?;
    let mut gone = Vec::new();
    for row in audit.range((host.as_bytes(), 0)..=(host.as_bytes(), up_to))?.take(TRIMMED) {
        let (place, entry) = row?;
        let (id, record) = entry.value();
        let id = AuditId::from_bytes(*id);
        // What cannot be read is nobody's.
        let read = decode::<AuditRecord>(&audit_key(&id), record).ok();
        gone.push((place.value().1, id, read.and_then(|entry| entry.act.tenant).map(|(tenant, _)| tenant)));
    }
    let (mut order, mut of) = (txn.open_table(AUDIT_ORDER)?, txn.open_table(AUDIT_OF)?);
    for (number, id, tenant) in &gone {
        audit.remove((host.as_bytes(), *number))?;
        order.remove(id.as_bytes())?;
        if let Some(tenant) = tenant {
            of.remove((tenant.as_bytes(), id.as_bytes()))?;
        }
    }
    Ok(gone.len() == TRIMMED)
}

#[async_trait]
impl AuditRepository for EmbeddedStore {
    async fn audit_heads(&self, host: &HostId) -> Result<(Option<Link>, Option<Link>), RepositoryError> {
        let heads = self.read(heads).await?;
        let own = heads.iter().find(|(_, link)| link.host == *host).map(|(_, link)| *link);
        let others = heads.into_iter().filter(|(_, link)| link.host != *host);
        Ok((own, others.max_by_key(|(at, _)| *at).map(|(_, link)| link)))
    }

    async fn begin_audit(&self, begun: &[AuditEntry]) -> Result<(), RepositoryError> {
        let note = |entry: &AuditEntry| (entry.host, entry.id, encode::<AuditRecord>(&audit_key(&entry.id), entry));
        let rows: Vec<_> = begun.iter().map(note).collect();
        let begin = move |txn: &WriteTransaction| {
            let mut begun = txn.open_table(AUDIT_BEGUN)?;
            for (host, id, record) in &rows {
                begun.insert((host.as_bytes(), id.as_bytes()), record.as_slice())?;
            }
            Ok(())
        };
        self.write(begin).await.map_err(only_repository)
    }

    async fn begun_audit(&self, host: &HostId) -> Result<Vec<AuditEntry>, RepositoryError> {
        let host = *host;
        self.read_much(move |txn| {
            let within = (host.as_bytes(), &[0; 16])..=(host.as_bytes(), &[0xFF; 16]);
            let mut begun = Vec::new();
            for row in txn.open_table(AUDIT_BEGUN)?.range(within)? {
                let (place, record) = row?;
                begun.push(decode::<AuditRecord>(&audit_key(&AuditId::from_bytes(*place.value().1)), record.value())?);
            }
            Ok(begun)
        })
        .await
    }

    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), WriteError> {
        let entries = entries.to_vec();
        self.write(move |txn| append(txn, &entries)).await
    }

    async fn list_audit(
        &self,
        tenant: Option<&TenantScope>,
        before: Option<&AuditId>,
        limit: usize,
    ) -> Result<Page<AuditEntry>, RepositoryError> {
        let (tenant, before) = (tenant.map(TenantScope::id), before.copied());
        self.read_much(move |txn| {
            let mut ids = ids(txn, tenant.as_ref(), before.as_ref(), limit)?;
            let more = ids.len() > limit;
            ids.truncate(limit);
            let items = ids.iter().map(|id| entry(txn, id)).collect::<Result<_, _>>()?;
            Ok(Page { items, more })
        })
        .await
    }

    async fn audit_chains(&self) -> Result<Vec<Link>, RepositoryError> {
        Ok(self.read(heads).await?.into_iter().map(|(_, link)| link).collect())
    }

    async fn audit_chain(
        &self,
        host: &HostId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Option<AuditEntry>)>, RepositoryError> {
        let host = *host;
        self.read_much(move |txn| {
            let mut entries = Vec::new();
            let Some(first) = after.checked_add(1) else { return Ok(entries) };
            let audit = txn.open_table(AUDIT)?;
            for row in audit.range((host.as_bytes(), first)..=(host.as_bytes(), u64::MAX))?.take(limit) {
                let (place, entry) = row?;
                let (id, record) = entry.value();
                let key = audit_key(&AuditId::from_bytes(*id));
                entries.push((place.value().1, decode::<AuditRecord>(&key, record).ok()));
            }
            Ok(entries)
        })
        .await
    }

    async fn trim_audit(&self, host: &HostId, up_to: u64) -> Result<bool, RepositoryError> {
        let host = *host;
        self.write(move |txn| trim(txn, &host, up_to)).await.map_err(only_repository)
    }
}

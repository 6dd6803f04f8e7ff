//! The audit in memory.

use async_trait::async_trait;

use super::{MemoryStore, page};
use crate::access::TenantScope;
use crate::audit::{AuditEntry, Link};
use crate::ids::{AuditId, HostId};
use crate::repository::{AuditRepository, Page, RepositoryError, WriteError};

fn head(entries: &[AuditEntry], of: impl Fn(&HostId) -> bool) -> Option<Link> {
    entries.iter().rev().find(|entry| of(&entry.host)).map(AuditEntry::link)
}

#[async_trait]
impl AuditRepository for MemoryStore {
    async fn audit_heads(&self, host: &HostId) -> Result<(Option<Link>, Option<Link>), RepositoryError> {
        let contents = self.open()?;
        Ok((head(&contents.audit, |of| of == host), head(&contents.audit, |of| of != host)))
    }

    async fn begin_audit(&self, begun: &[AuditEntry]) -> Result<(), RepositoryError> {
        self.open()?.begun.extend(begun.iter().map(|entry| (entry.id, entry.clone())));
        Ok(())
    }

    async fn begun_audit(&self, host: &HostId) -> Result<Vec<AuditEntry>, RepositoryError> {
        Ok(self.open()?.begun.values().filter(|entry| entry.host == *host).cloned().collect())
    }

    async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), WriteError> {
        let mut contents = self.open()?;
        let Some(first) = entries.first() else { return Ok(()) };
        let last = head(&contents.audit, |host| *host == first.host).map_or(0, |last| last.number);
        if first.number != last + 1 {
            return Err(WriteError::Exists);
        }
        contents.audit.extend_from_slice(entries);
        contents.begun.retain(|id, _| entries.iter().all(|entry| entry.id != *id));
        Ok(())
    }

    async fn list_audit(
        &self,
        tenant: Option<&TenantScope>,
        before: Option<&AuditId>,
        limit: usize,
    ) -> Result<Page<AuditEntry>, RepositoryError> {
        let contents = self.open()?;
        let is_one = |entry: &&AuditEntry| {
            let owner = entry.act.tenant.as_ref().map(|(id, _)| *id);
            tenant.is_none_or(|tenant| owner == Some(tenant.id())) && before.is_none_or(|before| entry.id < *before)
        };
        let mut found: Vec<AuditEntry> = contents.audit.iter().filter(is_one).cloned().collect();
        found.sort_by_key(|entry| std::cmp::Reverse(entry.id));
        Ok(page(found.into_iter(), limit))
    }

    async fn audit_chains(&self) -> Result<Vec<Link>, RepositoryError> {
        let contents = self.open()?;
        let hosts: std::collections::BTreeSet<HostId> = contents.audit.iter().map(|entry| entry.host).collect();
        Ok(hosts.iter().filter_map(|host| head(&contents.audit, |of| of == host)).collect())
    }

    async fn audit_chain(
        &self,
        host: &HostId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Option<AuditEntry>)>, RepositoryError> {
        let contents = self.open()?;
        let next = contents.audit.iter().filter(|entry| entry.host == *host && entry.number > after);
        Ok(next.take(limit).map(|entry| (entry.number, Some(entry.clone()))).collect())
    }

    async fn trim_audit(&self, host: &HostId, up_to: u64) -> Result<bool, RepositoryError> {
        self.open()?.audit.retain(|entry| entry.host != *host || entry.number > up_to);
        Ok(false)
    }
}

//! Tenants in Redis. One exists when its record is there and the index names it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::{Digest, TenantId, TenantSlug};
use isolet_domain::repository::{Page, RepositoryError, TenantRepository, WriteError};
use isolet_domain::tenant::Tenant;
use redis::Cmd;

use super::keys::{tenant_member, tenant_of_member, tenant_with, tenants_after};
use super::scripts::{Verdict, decide};
use super::store::RedisStore;
use crate::record::{TenantRecord, decode, encode, rewrite, tenant_key};

/// Entries of the index that are looked up in one go.
const CHUNK: usize = 100;

impl RedisStore {
    /// The records of these tenants, in their order; `None` where there is none.
    async fn tenant_records(&self, ids: &[TenantId]) -> Result<Vec<Option<Tenant>>, RepositoryError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let reads: Vec<Cmd> = ids.iter().map(|id| Cmd::get(self.keys.of(id).tenant())).collect();
        let records: Vec<Option<Vec<u8>>> = self.link.commands(&reads).await?;
        let read = |(id, record): (&TenantId, Option<Vec<u8>>)| match record {
            Some(record) => decode::<TenantRecord>(&tenant_key(id), &record).map(Some),
            None => Ok(None),
        };
        ids.iter().zip(records).map(read).collect()
    }

    pub(super) async fn tenant_record(&self, id: &TenantId) -> Result<Option<Tenant>, RepositoryError> {
        Ok(self.tenant_records(std::slice::from_ref(id)).await?.pop().flatten())
    }

    async fn claim_slug(&self, tenant: &Tenant, push_out: &str) -> Result<(Verdict, Option<String>), RepositoryError> {
        let (within, member) = (tenant_with(&tenant.slug), tenant_member(&tenant.slug, &tenant.id));
        let args = [within.min.as_bytes(), within.max.as_bytes(), member.as_bytes(), push_out.as_bytes()];
        decide(&self.writes, &self.scripts.claim_slug, &[self.keys.tenants()], &args).await
    }

    /// Removes records that nothing names any more, here and in `api_keys`. What cannot be removed is never seen again, so a
    /// failure is not the caller's.
    pub(super) async fn sweep(&self, keys: Vec<String>) {
        for key in keys {
            let removed: Result<(), _> = self.writes.change(redis::cmd("UNLINK").arg(&key)).await;
            if let Err(err) = removed {
                tracing::warn!(key, error = %err, "a record that nothing names was left in Redis");
            }
        }
    }
}

#[async_trait]
impl TenantRepository for RedisStore {
    async fn create_tenant(&self, tenant: &Tenant) -> Result<(), WriteError> {
        let record = encode::<TenantRecord>(&tenant_key(&tenant.id), tenant);
        let place = self.keys.of(&tenant.id).tenant();
        let (_, held): (Verdict, Option<Vec<u8>>) =
            decide(&self.writes, &self.scripts.set_new, std::slice::from_ref(&place), &[&record]).await?;
        if let Some(held) = held {
            // The very same record may be from an attempt that got no further. Then the index decides.
            if held != record {
                return Err(WriteError::Exists);
            }
        }
        let own = tenant_member(&tenant.slug, &tenant.id);
        let mut push_out = String::new();
        loop {
            let (verdict, held) = self.claim_slug(tenant, &push_out).await?;
            let Some(held) = held.filter(|_| verdict == Verdict::Exists) else { return Ok(()) };
            if held == own {
                return Err(WriteError::Exists);
            }
            let holder = tenant_of_member(&held).ok_or_else(|| RepositoryError::Corrupt {
                what: format!("the index entry {held:?}"),
                why: "it names no tenant".to_owned(),
            })?;
            if self.tenant_record(&holder).await?.is_some() {
                self.sweep(vec![place]).await;
                return Err(WriteError::Exists);
            }
            // Its holder was deleted: records are written before entries, so this one will not get one again.
            push_out = held;
        }
    }

    async fn tenant_by_slug(&self, slug: &TenantSlug) -> Result<Option<Tenant>, RepositoryError> {
        let within = tenant_with(slug);
        let mut find = redis::cmd("ZRANGEBYLEX");
        find.arg(self.keys.tenants()).arg(within.min).arg(within.max);
        let members: Vec<String> = self.link.command(&find).await?;
        let Some(id) = members.first().and_then(|member| tenant_of_member(member)) else { return Ok(None) };
        let tenant = self.tenant_record(&id).await?;
        match tenant {
            Some(tenant) if tenant.slug != *slug => Err(RepositoryError::Corrupt {
                what: tenant_key(&id),
                why: "the index names it under another slug".to_owned(),
            }),
            tenant => Ok(tenant),
        }
    }

    async fn tenant_by_id(&self, id: &TenantId) -> Result<Option<Tenant>, RepositoryError> {
        let Some(tenant) = self.tenant_record(id).await? else { return Ok(None) };
        let mut named = redis::cmd("ZSCORE");
        named.arg(self.keys.tenants()).arg(tenant_member(&tenant.slug, id));
        let score: Option<String> = self.link.command(&named).await?;
        Ok(score.map(|_| tenant))
    }

    async fn update_tenant(
        &self,
        id: &TenantId,
        change: &(dyn for<'t> Fn(&'t mut Tenant) + Send + Sync),
    ) -> Result<Tenant, WriteError> {
        let (key, place) = (tenant_key(id), self.keys.of(id).tenant());
        self.tenant_by_id(id).await?.ok_or(WriteError::Missing)?;
        let _turn = self.turns.take(id).await;
        loop {
            let before: Option<Vec<u8>> = self.writes.command(redis::cmd("GET").arg(&place)).await?;
            let before = before.ok_or(WriteError::Missing)?;
            let stored = decode::<TenantRecord>(&key, &before)?;
            let mut changed = stored.clone();
            change(&mut changed);
            (changed.id, changed.slug) = (stored.id, stored.slug);
            let after = rewrite::<TenantRecord>(&key, &before, &changed)?;
            let args: [&[u8]; 2] = [&before, &after];
            let (verdict, ()) =
                decide(&self.writes, &self.scripts.exchange, std::slice::from_ref(&place), &args).await?;
            match verdict {
                Verdict::Done => return Ok(changed),
                Verdict::Missing => return Err(WriteError::Missing),
                // Another host was faster, so at least one of them gets on.
                Verdict::Conflict | Verdict::Exists => {}
            }
        }
    }

    async fn delete_tenant(&self, id: &TenantId) -> Result<BTreeSet<Digest>, WriteError> {
        let tenant = self.tenant_by_id(id).await?.ok_or(WriteError::Missing)?;
        let hosts = self.hosts_of(id).await;
        // A broken record, or a key of another kind, must not keep a tenant from being removed.
        let named = self.named_by(id).await.unwrap_or_default();
        let (verdict, hashes): (_, Vec<String>) =
            decide(&self.writes, &self.scripts.delete_tenant, &self.keys.of(id).all(), &[]).await?;
        if verdict != Verdict::Done {
            return Err(WriteError::Missing);
        }
        // From here on it is gone, whatever becomes of the rest.
        let mut unname = redis::cmd("ZREM");
        unname.arg(self.keys.tenants()).arg(tenant_member(&tenant.slug, id));
        let unnamed: Result<(), _> = self.writes.change(&unname).await;
        if let Err(err) = unnamed {
            tracing::warn!(tenant.id = %id, error = %err, "a deleted tenant was left in the index");
        }
        for host in hosts {
            if let Err(err) = self.unindex_host(id, &host).await {
                tracing::warn!(tenant.id = %id, %host, error = %err, "the host of a deleted tenant was left in the index");
            }
        }
        let records = hashes.iter().filter_map(|hash| Digest::parse(hash).ok()).map(|hash| self.keys.key(&hash));
        self.sweep(records.collect()).await;
        Ok(named)
    }

    async fn stored_bytes(&self, tenant: &TenantScope) -> Result<u64, RepositoryError> {
        self.stored_bytes_of(&tenant.id()).await
    }

    async fn list_tenants(&self, after: Option<&TenantSlug>, limit: usize) -> Result<Page<Tenant>, RepositoryError> {
        let mut items = Vec::new();
        let mut from = tenants_after(after);
        loop {
            let mut list = redis::cmd("ZRANGEBYLEX");
            list.arg(self.keys.tenants()).arg(&from.min).arg(&from.max).arg("LIMIT").arg(0).arg(CHUNK);
            let members: Vec<String> = self.link.command(&list).await?;
            let ids: Vec<TenantId> = members.iter().filter_map(|member| tenant_of_member(member)).collect();
            // Entries without a record are of tenants that are being deleted.
            for tenant in self.tenant_records(&ids).await?.into_iter().flatten() {
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                items.push(tenant);
            }
            match members.last() {
                Some(last) if members.len() == CHUNK => from.min = format!("({last}"),
                _ => return Ok(Page { items, more: false }),
            }
        }
    }
}

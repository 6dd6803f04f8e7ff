//! Tenants in the embedded database.

use std::collections::BTreeSet;
use std::ops::Bound;

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::{Digest, TenantId, TenantSlug};
use isolet_domain::repository::{Page, RepositoryError, TenantRepository, WriteError};
use isolet_domain::tenant::Tenant;
use redb::{ReadTransaction, ReadableTable};

use super::blobs::named_by;
use super::failure::Trouble;
use super::routes;
use super::store::EmbeddedStore;
use super::tables::{
    ANSWER_COUNTS, ANSWERS, FUNCTIONS, KEYS, LOG_SIZES, LOGS, NUMBERS, RUNS, SERIES, SLUGS, STARS, TENANT_KEYS,
    TENANTS, VERSIONS, all_series_of, answers_of, functions_of, ids_of, logs_of, numbers_of, versions_of,
};
use crate::record::{TenantRecord, decode, encode, lost, rewrite, tenant_key};

fn find(txn: &ReadTransaction, id: &TenantId) -> Result<Option<Tenant>, Trouble> {
    let Some(record) = txn.open_table(TENANTS)?.get(id.as_bytes())? else { return Ok(None) };
    Ok(Some(decode::<TenantRecord>(&tenant_key(id), record.value())?))
}

#[async_trait]
impl TenantRepository for EmbeddedStore {
    async fn create_tenant(&self, tenant: &Tenant) -> Result<(), WriteError> {
        let (id, slug) = (tenant.id, tenant.slug.clone());
        let record = encode::<TenantRecord>(&tenant_key(&id), tenant);
        let create = move |txn: &redb::WriteTransaction| {
            let mut slugs = txn.open_table(SLUGS)?;
            let mut tenants = txn.open_table(TENANTS)?;
            if slugs.get(slug.as_str())?.is_some() || tenants.get(id.as_bytes())?.is_some() {
                return Err(WriteError::Exists.into());
            }
            slugs.insert(slug.as_str(), id.as_bytes())?;
            tenants.insert(id.as_bytes(), record.as_slice())?;
            Ok(())
        };
        self.write(create).await
    }

    async fn tenant_by_slug(&self, slug: &TenantSlug) -> Result<Option<Tenant>, RepositoryError> {
        self.read(|txn| {
            let Some(id) = txn.open_table(SLUGS)?.get(slug.as_str())? else { return Ok(None) };
            let id = TenantId::from_bytes(*id.value());
            Ok(Some(find(txn, &id)?.ok_or_else(|| lost(&tenant_key(&id)))?))
        })
        .await
    }

    async fn tenant_by_id(&self, id: &TenantId) -> Result<Option<Tenant>, RepositoryError> {
        self.read(|txn| find(txn, id)).await
    }

    async fn update_tenant(
        &self,
        id: &TenantId,
        change: &(dyn for<'t> Fn(&'t mut Tenant) + Send + Sync),
    ) -> Result<Tenant, WriteError> {
        let key = tenant_key(id);
        let _turn = self.turns.take(id).await;
        loop {
            // As with functions: changed here, and put in place only if nothing else was in between.
            let before = self
                .read(|txn| {
                    let record = txn.open_table(TENANTS)?.get(id.as_bytes())?;
                    Ok(record.map(|record| record.value().to_vec()))
                })
                .await?;
            let before = before.ok_or(WriteError::Missing)?;
            let stored = decode::<TenantRecord>(&key, &before)?;
            let mut changed = stored.clone();
            change(&mut changed);
            (changed.id, changed.slug) = (stored.id, stored.slug);
            let (id, after) = (*id, rewrite::<TenantRecord>(&key, &before, &changed)?);
            let exchange = move |txn: &redb::WriteTransaction| {
                let mut tenants = txn.open_table(TENANTS)?;
                match tenants.get(id.as_bytes())? {
                    None => return Err(WriteError::Missing.into()),
                    Some(record) if record.value() != before => return Ok(false),
                    Some(_) => {}
                }
                tenants.insert(id.as_bytes(), after.as_slice())?;
                Ok(true)
            };
            if self.write(exchange).await? {
                return Ok(changed);
            }
        }
    }

    async fn delete_tenant(&self, id: &TenantId) -> Result<BTreeSet<Digest>, WriteError> {
        let id = *id;
        let delete = move |txn: &redb::WriteTransaction| {
            let mut tenants = txn.open_table(TENANTS)?;
            let slug = match tenants.get(id.as_bytes())? {
                Some(record) => decode::<TenantRecord>(&tenant_key(&id), record.value())?.slug,
                None => return Err(WriteError::Missing.into()),
            };
            let named = named_by(txn, &id)?;
            tenants.remove(id.as_bytes())?;
            txn.open_table(SLUGS)?.remove(slug.as_str())?;
            let mut keys = txn.open_table(KEYS)?;
            let mut tenant_keys = txn.open_table(TENANT_KEYS)?;
            for row in tenant_keys.range(ids_of(&id))? {
                keys.remove(row?.1.value())?;
            }
            tenant_keys.retain_in(ids_of(&id), |_, _| false)?;
            txn.open_table(FUNCTIONS)?.retain_in(functions_of(&id), |_, _| false)?;
            txn.open_table(VERSIONS)?.retain_in(versions_of(&id, None), |_, _| false)?;
            txn.open_table(NUMBERS)?.retain_in(numbers_of(&id, None), |_, _| false)?;
            routes::delete(txn, &id)?;
            txn.open_table(RUNS)?.retain_in(ids_of(&id), |_, _| false)?;
            txn.open_table(STARS)?.retain_in(ids_of(&id), |_, _| false)?;
            txn.open_table(ANSWERS)?.retain_in(answers_of(&id), |_, _| false)?;
            txn.open_table(ANSWER_COUNTS)?.remove(id.as_bytes())?;
            txn.open_table(LOGS)?.retain_in(logs_of(&id), |_, _| false)?;
            txn.open_table(LOG_SIZES)?.remove(id.as_bytes())?;
            txn.open_table(SERIES)?.retain_in(all_series_of(&id), |_, _| false)?;
            Ok(named)
        };
        self.write(delete).await
    }

    async fn stored_bytes(&self, tenant: &TenantScope) -> Result<u64, RepositoryError> {
        self.stored_bytes_of(tenant.id()).await
    }

    async fn list_tenants(&self, after: Option<&TenantSlug>, limit: usize) -> Result<Page<Tenant>, RepositoryError> {
        let after = after.cloned();
        self.read_much(move |txn| {
            let slugs = txn.open_table(SLUGS)?;
            let from = after.as_ref().map_or(Bound::Unbounded, |slug| Bound::Excluded(slug.as_str()));
            let mut items = Vec::new();
            for row in slugs.range::<&str>((from, Bound::Unbounded))? {
                let (_, id) = row?;
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                let id = TenantId::from_bytes(*id.value());
                items.push(find(txn, &id)?.ok_or_else(|| lost(&tenant_key(&id)))?);
            }
            Ok(Page { items, more: false })
        })
        .await
    }
}

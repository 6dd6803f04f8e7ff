//! Functions in the embedded database. Their versions are in `versions`.

use std::collections::BTreeSet;
use std::ops::Bound;

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::function::{Function, Version};
use isolet_domain::ids::{Digest, FunctionName, VersionId};
use isolet_domain::repository::{FunctionRepository, Page, Removal, RepositoryError, WriteError};
use redb::{ReadableTable, WriteTransaction};

use super::store::EmbeddedStore;
use super::tables::{FUNCTIONS, NUMBERS, TENANTS, VERSIONS, functions_of, numbers_of, versions_of};
use super::versions;
use crate::record::{FunctionRecord, content_of_version, decode, encode, function_key, rewrite};

impl EmbeddedStore {
    /// The record as it is written: what a later compare-and-set compares with.
    async fn function_bytes(
        &self,
        tenant: &TenantScope,
        name: &FunctionName,
    ) -> Result<Option<Vec<u8>>, RepositoryError> {
        self.read(|txn| {
            let record = txn.open_table(FUNCTIONS)?.get((tenant.id().as_bytes(), name.as_str()))?;
            Ok(record.map(|record| record.value().to_vec()))
        })
        .await
    }
}

#[async_trait]
impl FunctionRepository for EmbeddedStore {
    async fn create_function(&self, tenant: &TenantScope, function: &Function) -> Result<(), WriteError> {
        let (tenant, name) = (tenant.id(), function.name.clone());
        let record = encode::<FunctionRecord>(&function_key(&tenant, &name), function);
        let create = move |txn: &WriteTransaction| {
            if txn.open_table(TENANTS)?.get(tenant.as_bytes())?.is_none() {
                return Err(WriteError::Missing.into());
            }
            let mut functions = txn.open_table(FUNCTIONS)?;
            let place = (tenant.as_bytes(), name.as_str());
            if functions.get(place)?.is_some() {
                return Err(WriteError::Exists.into());
            }
            functions.insert(place, record.as_slice())?;
            Ok(())
        };
        self.write(create).await
    }

    async fn function(&self, tenant: &TenantScope, name: &FunctionName) -> Result<Option<Function>, RepositoryError> {
        let Some(record) = self.function_bytes(tenant, name).await? else { return Ok(None) };
        decode::<FunctionRecord>(&function_key(&tenant.id(), name), &record).map(Some)
    }

    async fn list_functions(
        &self,
        tenant: &TenantScope,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> Result<Page<Function>, RepositoryError> {
        let (tenant, after) = (tenant.id(), after.cloned());
        self.read_much(move |txn| {
            let functions = txn.open_table(FUNCTIONS)?;
            let (first, last) = functions_of(&tenant).into_inner();
            let from = after.as_ref().map_or(first, |name| (tenant.as_bytes(), name.as_str()));
            let mut items = Vec::new();
            for row in functions.range((Bound::Excluded(from), Bound::Included(last)))? {
                let (place, record) = row?;
                if items.len() == limit {
                    return Ok(Page { items, more: true });
                }
                let key = format!("function/{tenant}/{}", place.value().1);
                items.push(decode::<FunctionRecord>(&key, record.value())?);
            }
            Ok(Page { items, more: false })
        })
        .await
    }

    async fn update_function(
        &self,
        tenant: &TenantScope,
        name: &FunctionName,
        change: &(dyn for<'f> Fn(&'f mut Function) + Send + Sync),
    ) -> Result<Function, WriteError> {
        // The change is borrowed and cannot travel to the writer thread. So it is made here, and the writer puts it in place
        // only if nothing else was in between.
        let key = function_key(&tenant.id(), name);
        let _turn = self.turns.take(&(tenant.id(), name)).await;
        loop {
            let before = self.function_bytes(tenant, name).await?.ok_or(WriteError::Missing)?;
            let stored = decode::<FunctionRecord>(&key, &before)?;
            let mut changed = stored.clone();
            change(&mut changed);
            // The name is the record's place, and the counts are of `add_version` and `delete_version`: none is for the caller to change.
            changed.name = stored.name;
            (changed.next_number, changed.removals) = (stored.next_number, stored.removals);
            let after = rewrite::<FunctionRecord>(&key, &before, &changed)?;
            let (owner, place) = (tenant.id(), name.clone());
            let exchange = move |txn: &WriteTransaction| {
                let mut functions = txn.open_table(FUNCTIONS)?;
                let place = (owner.as_bytes(), place.as_str());
                match functions.get(place)? {
                    None => return Err(WriteError::Missing.into()),
                    Some(record) if record.value() != before => return Ok(false),
                    Some(_) => {}
                }
                functions.insert(place, after.as_slice())?;
                Ok(true)
            };
            if self.write(exchange).await? {
                return Ok(changed);
            }
        }
    }

    async fn delete_function(&self, tenant: &TenantScope, name: &FunctionName) -> Result<BTreeSet<Digest>, WriteError> {
        let (tenant, name) = (tenant.id(), name.clone());
        let delete = move |txn: &WriteTransaction| {
            if txn.open_table(FUNCTIONS)?.remove((tenant.as_bytes(), name.as_str()))?.is_none() {
                return Err(WriteError::Missing.into());
            }
            let mut named = BTreeSet::new();
            txn.open_table(VERSIONS)?.retain_in(versions_of(&tenant, Some(&name)), |_, record| {
                // What cannot be read of them holds nothing up.
                named.extend(content_of_version(record).ok());
                false
            })?;
            txn.open_table(NUMBERS)?.retain_in(numbers_of(&tenant, Some(&name)), |_, _| false)?;
            Ok(named)
        };
        self.write(delete).await
    }

    async fn add_version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        version: Version,
    ) -> Result<(Version, bool), WriteError> {
        let (tenant, function) = (tenant.id(), function.clone());
        self.write(move |txn| versions::add(txn, &tenant, &function, &version)).await
    }

    async fn delete_version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Removal, WriteError> {
        let (tenant, function, id) = (tenant.id(), function.clone(), id.clone());
        self.write(move |txn| versions::remove(txn, &tenant, &function, &id)).await
    }

    async fn version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Option<Version>, RepositoryError> {
        self.read(|txn| versions::find(txn, &tenant.id(), function, id)).await
    }

    async fn list_versions(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Version>, RepositoryError> {
        let (tenant, function) = (tenant.clone(), function.clone());
        self.read_much(move |txn| versions::list(txn, &tenant, &function, before, limit)).await
    }
}

//! API keys in the embedded database.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::{Digest, KeyId};
use isolet_domain::key::Key;
use isolet_domain::repository::{KeyRepository, RepositoryError, WriteError};
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::failure::Trouble;
use super::store::EmbeddedStore;
use super::tables::{KEYS, TENANT_KEYS, TENANTS, ids_of};
use crate::record::{KeyRecord, decode, encode, key_key, lost, rewrite};

fn find(txn: &ReadTransaction, hash: &Digest) -> Result<Option<Key>, Trouble> {
    let Some(record) = txn.open_table(KEYS)?.get(hash.as_bytes())? else { return Ok(None) };
    Ok(Some(decode::<KeyRecord>(&key_key(hash), record.value())?))
}

#[async_trait]
impl KeyRepository for EmbeddedStore {
    async fn create_key(&self, key: &Key) -> Result<(), WriteError> {
        let (id, hash, tenant) = (key.id, key.hash, key.tenant);
        let record = encode::<KeyRecord>(&key_key(&hash), key);
        let create = move |txn: &WriteTransaction| {
            let mut keys = txn.open_table(KEYS)?;
            let mut tenant_keys = txn.open_table(TENANT_KEYS)?;
            if let Some(tenant) = tenant {
                if txn.open_table(TENANTS)?.get(tenant.as_bytes())?.is_none() {
                    return Err(WriteError::Missing.into());
                }
                if tenant_keys.get((tenant.as_bytes(), id.as_bytes()))?.is_some() {
                    return Err(WriteError::Exists.into());
                }
            }
            if keys.get(hash.as_bytes())?.is_some() {
                return Err(WriteError::Exists.into());
            }
            if let Some(tenant) = tenant {
                tenant_keys.insert((tenant.as_bytes(), id.as_bytes()), hash.as_bytes())?;
            }
            keys.insert(hash.as_bytes(), record.as_slice())?;
            Ok(())
        };
        self.write(create).await
    }

    async fn key_by_hash(&self, hash: &Digest) -> Result<Option<Key>, RepositoryError> {
        self.read(|txn| find(txn, hash)).await
    }

    async fn update_key(
        &self,
        hash: &Digest,
        change: &(dyn for<'k> Fn(&'k mut Key) + Send + Sync),
    ) -> Result<Key, WriteError> {
        let (key, hash) = (key_key(hash), *hash);
        let _turn = self.turns.take(&hash).await;
        loop {
            // As with functions: changed here, and put in place only if nothing else was in between.
            let before = self
                .read(|txn| {
                    let record = txn.open_table(KEYS)?.get(hash.as_bytes())?;
                    Ok(record.map(|record| record.value().to_vec()))
                })
                .await?;
            let before = before.ok_or(WriteError::Missing)?;
            let stored = decode::<KeyRecord>(&key, &before)?;
            let mut changed = stored.clone();
            change(&mut changed);
            (changed.id, changed.hash, changed.tenant) = (stored.id, stored.hash, stored.tenant);
            let after = rewrite::<KeyRecord>(&key, &before, &changed)?;
            let exchange = move |txn: &WriteTransaction| {
                let mut keys = txn.open_table(KEYS)?;
                match keys.get(hash.as_bytes())? {
                    None => return Err(WriteError::Missing.into()),
                    Some(record) if record.value() != before => return Ok(false),
                    Some(_) => {}
                }
                keys.insert(hash.as_bytes(), after.as_slice())?;
                Ok(true)
            };
            if self.write(exchange).await? {
                return Ok(changed);
            }
        }
    }

    async fn list_keys(&self, tenant: &TenantScope) -> Result<Vec<Key>, RepositoryError> {
        let tenant = tenant.id();
        self.read_much(move |txn| {
            let mut keys = Vec::new();
            for row in txn.open_table(TENANT_KEYS)?.range(ids_of(&tenant))? {
                let hash = Digest::from_bytes(*row?.1.value());
                keys.push(find(txn, &hash)?.ok_or_else(|| lost(&key_key(&hash)))?);
            }
            Ok(keys)
        })
        .await
    }

    async fn delete_key(&self, tenant: &TenantScope, id: &KeyId) -> Result<(), WriteError> {
        let (tenant, id) = (tenant.id(), *id);
        let delete = move |txn: &WriteTransaction| {
            let hash = match txn.open_table(TENANT_KEYS)?.remove((tenant.as_bytes(), id.as_bytes()))? {
                Some(hash) => *hash.value(),
                None => return Err(WriteError::Missing.into()),
            };
            txn.open_table(KEYS)?.remove(&hash)?;
            Ok(())
        };
        self.write(delete).await
    }

    async fn list_global_keys(&self) -> Result<Vec<Key>, RepositoryError> {
        self.read_much(|txn| {
            let mut keys = Vec::new();
            // Nothing names them, so all are looked through.
            for row in txn.open_table(KEYS)?.iter()? {
                let (hash, record) = row?;
                let hash = Digest::from_bytes(*hash.value());
                keys.extend(
                    Some(decode::<KeyRecord>(&key_key(&hash), record.value())?).filter(|key| key.tenant.is_none()),
                );
            }
            keys.sort_by_key(|key| key.id);
            Ok(keys)
        })
        .await
    }

    async fn delete_global_key(&self, hash: &Digest) -> Result<(), WriteError> {
        let hash = *hash;
        let delete = move |txn: &WriteTransaction| {
            let mut keys = txn.open_table(KEYS)?;
            let held = keys.get(hash.as_bytes())?.map(|record| decode::<KeyRecord>(&key_key(&hash), record.value()));
            if held.transpose()?.is_none_or(|key| key.tenant.is_some()) {
                return Err(WriteError::Missing.into());
            }
            keys.remove(hash.as_bytes())?;
            Ok(())
        };
        self.write(delete).await
    }
}

//! API keys in Redis. One that is bound to a tenant exists when the tenant names it; one that reaches all, when its record is
//! there.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::{Digest, KeyId};
use isolet_domain::key::Key;
use isolet_domain::repository::{KeyRepository, RepositoryError, WriteError};
use redis::Cmd;

use super::scripts::{Verdict, decide};
use super::store::RedisStore;
use crate::record::{KeyRecord, decode, encode, key_key, rewrite};

/// Keys that are looked for, and records that are read, in one go.
const AT_ONCE: usize = 500;

impl RedisStore {
    /// The records of API keys that reach all tenants, by hash: nothing names them, so all of Redis is looked through.
    pub(super) async fn global_keys(&self) -> Result<Vec<(Digest, Vec<u8>)>, RepositoryError> {
        let start = self.keys.key_start();
        let hash = |key: &String| Digest::parse(&format!("b3:{}", key.strip_prefix(&start)?)).ok();
        let hashes: Vec<Digest> =
            self.link.scan(&format!("{start}*"), AT_ONCE).await?.iter().filter_map(hash).collect();
        let mut found = Vec::new();
        for some in hashes.chunks(AT_ONCE) {
            let reads: Vec<Cmd> = some.iter().map(|hash| Cmd::get(self.keys.key(hash))).collect();
            let records: Vec<Option<Vec<u8>>> = self.link.commands(&reads).await?;
            for (hash, record) in some.iter().zip(records) {
                // Absent: it was deleted between the two reads.
                let Some(record) = record else { continue };
                if decode::<KeyRecord>(&key_key(hash), &record)?.tenant.is_none() {
                    found.push((*hash, record));
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

#[async_trait]
impl KeyRepository for RedisStore {
    async fn create_key(&self, key: &Key) -> Result<(), WriteError> {
        let record = encode::<KeyRecord>(&key_key(&key.hash), key);
        let place = self.keys.key(&key.hash);
        let (verdict, held): (_, Option<Vec<u8>>) =
            decide(&self.writes, &self.scripts.set_new, std::slice::from_ref(&place), &[&record]).await?;
        // Of a key bound to a tenant the very same record may be there from an attempt that got no further.
        if verdict == Verdict::Exists && (key.tenant.is_none() || held.as_ref() != Some(&record)) {
            return Err(WriteError::Exists);
        }
        let Some(tenant) = key.tenant else { return Ok(()) };
        let (keys, id, hash) = (self.keys.of(&tenant), key.id.to_string(), key.hash.to_string());
        let (keys, args) = ([keys.tenant(), keys.keys()], [id.as_bytes(), hash.as_bytes()]);
        let (verdict, registered): (_, Option<String>) =
            decide(&self.writes, &self.scripts.register_key, &keys, &args).await?;
        let refused = match verdict {
            Verdict::Done => return Ok(()),
            // This very key, by somebody who was faster: the record is theirs too.
            Verdict::Exists if registered.as_ref() == Some(&hash) => return Err(WriteError::Exists),
            Verdict::Exists | Verdict::Conflict => WriteError::Exists,
            Verdict::Missing => WriteError::Missing,
        };
        self.sweep(vec![place]).await;
        Err(refused)
    }

    async fn key_by_hash(&self, hash: &Digest) -> Result<Option<Key>, RepositoryError> {
        let record: Option<Vec<u8>> = self.link.command(redis::cmd("GET").arg(self.keys.key(hash))).await?;
        let Some(record) = record else { return Ok(None) };
        let key = decode::<KeyRecord>(&key_key(hash), &record)?;
        if let Some(tenant) = key.tenant {
            let mut named = redis::cmd("HGET");
            named.arg(self.keys.of(&tenant).keys()).arg(key.id.to_string());
            let registered: Option<String> = self.link.command(&named).await?;
            if registered != Some(hash.to_string()) {
                return Ok(None);
            }
        }
        Ok(Some(key))
    }

    async fn update_key(
        &self,
        hash: &Digest,
        change: &(dyn for<'k> Fn(&'k mut Key) + Send + Sync),
    ) -> Result<Key, WriteError> {
        // One that no tenant names is gone, whatever is left of it.
        self.key_by_hash(hash).await?.ok_or(WriteError::Missing)?;
        let (key, place) = (key_key(hash), self.keys.key(hash));
        let _turn = self.turns.take(hash).await;
        loop {
            let before: Option<Vec<u8>> = self.writes.command(redis::cmd("GET").arg(&place)).await?;
            let before = before.ok_or(WriteError::Missing)?;
            let stored = decode::<KeyRecord>(&key, &before)?;
            let mut changed = stored.clone();
            change(&mut changed);
            (changed.id, changed.hash, changed.tenant) = (stored.id, stored.hash, stored.tenant);
            let after = rewrite::<KeyRecord>(&key, &before, &changed)?;
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

    async fn list_keys(&self, tenant: &TenantScope) -> Result<Vec<Key>, RepositoryError> {
        let keys = self.keys.of(&tenant.id()).keys();
        let named: Vec<String> = self.link.command(redis::cmd("HVALS").arg(keys)).await?;
        let mut hashes = Vec::with_capacity(named.len());
        let mut reads = Vec::with_capacity(named.len());
        for hash in &named {
            let hash = Digest::parse(hash).map_err(|err| RepositoryError::Corrupt {
                what: format!("a key of tenant/{}", tenant.id()),
                why: err.to_string(),
            })?;
            reads.push(Cmd::get(self.keys.key(&hash)));
            hashes.push(hash);
        }
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        let records: Vec<Option<Vec<u8>>> = self.link.commands(&reads).await?;
        let mut keys = Vec::with_capacity(records.len());
        for (hash, record) in hashes.iter().zip(records) {
            // Absent: it was deleted between the two reads.
            if let Some(record) = record {
                let key = decode::<KeyRecord>(&key_key(hash), &record)?;
                if key.tenant != Some(tenant.id()) {
                    return Err(RepositoryError::Corrupt {
                        what: key_key(hash),
                        why: "another tenant names it".to_owned(),
                    });
                }
                keys.push(key);
            }
        }
        keys.sort_by_key(|key| key.id);
        Ok(keys)
    }

    async fn delete_key(&self, tenant: &TenantScope, id: &KeyId) -> Result<(), WriteError> {
        let keys = [self.keys.of(&tenant.id()).keys()];
        let (verdict, hash): (_, Option<String>) =
            decide(&self.writes, &self.scripts.unregister_key, &keys, &[id.to_string().as_bytes()]).await?;
        if verdict != Verdict::Done {
            return Err(WriteError::Missing);
        }
        let record = hash.and_then(|hash| Digest::parse(&hash).ok()).map(|hash| self.keys.key(&hash));
        self.sweep(record.into_iter().collect()).await;
        Ok(())
    }

    async fn list_global_keys(&self) -> Result<Vec<Key>, RepositoryError> {
        let mut keys = Vec::new();
        for (hash, record) in self.global_keys().await? {
            keys.push(decode::<KeyRecord>(&key_key(&hash), &record)?);
        }
        keys.sort_by_key(|key| key.id);
        Ok(keys)
    }

    async fn delete_global_key(&self, hash: &Digest) -> Result<(), WriteError> {
        // What a key is bound to never changes.
        if self.key_by_hash(hash).await?.is_none_or(|key| key.tenant.is_some()) {
            return Err(WriteError::Missing);
        }
        let (verdict, ()) = decide(&self.writes, &self.scripts.remove, &[self.keys.key(hash)], &[]).await?;
        if verdict == Verdict::Done { Ok(()) } else { Err(WriteError::Missing) }
    }
}

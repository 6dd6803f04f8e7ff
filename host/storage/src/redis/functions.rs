//! Functions and their versions in Redis: all in one tenant's keys, so every change is one script.

use std::collections::BTreeSet;

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::function::{Function, Version};
use isolet_domain::ids::{Digest, FunctionName, VersionId};
use isolet_domain::repository::{FunctionRepository, Page, Removal, RepositoryError, WriteError};

use super::keys::{names_after, number_member, numbers_before, version_field};
use super::scripts::{Verdict, decide};
use super::servers::Servers;
use super::store::RedisStore;
use crate::record::{FunctionRecord, VersionRecord, decode, encode, function_key, lost, rewrite, version_key};

/// A name from an index and the record it stands for.
type Row = (String, Option<Vec<u8>>);

impl RedisStore {
    /// The record as it is written. Where it is to be compared and set it is asked for of the server that will do it: another one may
    /// never come to see what was written.
    async fn function_bytes(
        &self,
        servers: &Servers,
        tenant: &TenantScope,
        name: &FunctionName,
    ) -> Result<Option<Vec<u8>>, RepositoryError> {
        let mut get = redis::cmd("HGET");
        get.arg(self.keys.of(&tenant.id()).functions()).arg(name.as_str());
        servers.command(&get).await
    }
}

/// Rows of an index as a page: one more than `limit` was asked for.
fn page<T>(
    mut rows: Vec<Row>,
    limit: usize,
    read: impl Fn(&str, &[u8]) -> Result<T, RepositoryError>,
) -> Result<Page<T>, RepositoryError> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let items = rows.iter().map(|(name, record)| match record {
        Some(record) => read(name, record),
        None => Err(lost(name)),
    });
    Ok(Page { items: items.collect::<Result<_, _>>()?, more })
}

impl RedisStore {
    /// What a function's versions name.
    async fn contents_of(
        &self,
        tenant: &TenantScope,
        name: &FunctionName,
    ) -> Result<BTreeSet<Digest>, RepositoryError> {
        let (mut named, mut before) = (BTreeSet::new(), None);
        loop {
            let page = self.list_versions(tenant, name, before, VERSIONS_AT_ONCE).await?;
            named.extend(page.items.iter().map(|version| version.digest));
            match page.items.last() {
                Some(last) if page.more => before = Some(last.number),
                _ => return Ok(named),
            }
        }
    }
}

/// Versions that are asked for in one go.
const VERSIONS_AT_ONCE: usize = 500;

#[async_trait]
impl FunctionRepository for RedisStore {
    async fn create_function(&self, tenant: &TenantScope, function: &Function) -> Result<(), WriteError> {
        let keys = self.keys.of(&tenant.id());
        let record = encode::<FunctionRecord>(&function_key(&tenant.id(), &function.name), function);
        let keys = [keys.tenant(), keys.functions(), keys.names()];
        let args: [&[u8]; 2] = [function.name.as_str().as_bytes(), &record];
        let (verdict, ()) = decide(&self.writes, &self.scripts.create_function, &keys, &args).await?;
        match verdict {
            Verdict::Done => Ok(()),
            Verdict::Exists | Verdict::Conflict => Err(WriteError::Exists),
            Verdict::Missing => Err(WriteError::Missing),
        }
    }

    async fn function(&self, tenant: &TenantScope, name: &FunctionName) -> Result<Option<Function>, RepositoryError> {
        let Some(record) = self.function_bytes(&self.link, tenant, name).await? else { return Ok(None) };
        decode::<FunctionRecord>(&function_key(&tenant.id(), name), &record).map(Some)
    }

    async fn list_functions(
        &self,
        tenant: &TenantScope,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> Result<Page<Function>, RepositoryError> {
        let (keys, within) = (self.keys.of(&tenant.id()), names_after(after));
        let count = (limit + 1).to_string();
        let args = [within.min.as_bytes(), within.max.as_bytes(), count.as_bytes()];
        let rows = self.link.read(&self.scripts.list_functions, &[keys.names(), keys.functions()], &args).await?;
        page(rows, limit, |name, record| decode::<FunctionRecord>(&format!("function/{}/{name}", tenant.id()), record))
    }

    async fn update_function(
        &self,
        tenant: &TenantScope,
        name: &FunctionName,
        change: &(dyn for<'f> Fn(&'f mut Function) + Send + Sync),
    ) -> Result<Function, WriteError> {
        let key = function_key(&tenant.id(), name);
        let keys = [self.keys.of(&tenant.id()).functions()];
        let _turn = self.turns.take(&(tenant.id(), name)).await;
        loop {
            let before = self.function_bytes(&self.writes, tenant, name).await?.ok_or(WriteError::Missing)?;
            let stored = decode::<FunctionRecord>(&key, &before)?;
            let mut changed = stored.clone();
            change(&mut changed);
            // The name is the record's place, and the counts are of `add_version` and `delete_version`: none is for the caller to change.
            changed.name = stored.name;
            (changed.next_number, changed.removals) = (stored.next_number, stored.removals);
            let after = rewrite::<FunctionRecord>(&key, &before, &changed)?;
            let args: [&[u8]; 3] = [name.as_str().as_bytes(), &before, &after];
            let (verdict, ()) = decide(&self.writes, &self.scripts.exchange_function, &keys, &args).await?;
            match verdict {
                Verdict::Done => return Ok(changed),
                Verdict::Missing => return Err(WriteError::Missing),
                // Another host was faster, so at least one of them gets on.
                Verdict::Conflict | Verdict::Exists => {}
            }
        }
    }

    async fn delete_function(&self, tenant: &TenantScope, name: &FunctionName) -> Result<BTreeSet<Digest>, WriteError> {
        // A broken record must not keep a function from being removed.
        let named = self.contents_of(tenant, name).await.unwrap_or_default();
        let (keys, within) = (self.keys.of(&tenant.id()), numbers_before(name, None));
        let keys = [keys.functions(), keys.names(), keys.versions(), keys.numbers()];
        let args = [name.as_str().as_bytes(), within.min.as_bytes(), within.max.as_bytes()];
        match decide(&self.writes, &self.scripts.delete_function, &keys, &args).await? {
            (Verdict::Done, ()) => Ok(named),
            _ => Err(WriteError::Missing),
        }
    }

    async fn add_version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        version: Version,
    ) -> Result<(Version, bool), WriteError> {
        let owner_key = function_key(&tenant.id(), function);
        let key = version_key(&tenant.id(), function, &version.id);
        let keys = self.keys.of(&tenant.id());
        let keys = [keys.functions(), keys.versions(), keys.numbers()];
        let field = version_field(function, &version.id);
        let _turn = self.turns.take(&(tenant.id(), function)).await;
        loop {
            let before = self.function_bytes(&self.writes, tenant, function).await?.ok_or(WriteError::Missing)?;
            let mut owner = decode::<FunctionRecord>(&owner_key, &before)?;
            let added = Version { number: owner.next_number, ..version.clone() };
            owner.next_number += 1;
            let after = rewrite::<FunctionRecord>(&owner_key, &before, &owner)?;
            let record = encode::<VersionRecord>(&key, &added);
            let member = number_member(function, added.number, &added.id);
            let args: [&[u8]; 6] =
                [function.as_str().as_bytes(), field.as_bytes(), &before, &after, &record, member.as_bytes()];
            let (verdict, known): (_, Option<Vec<u8>>) =
                decide(&self.writes, &self.scripts.add_version, &keys, &args).await?;
            match (verdict, known) {
                (Verdict::Done, _) => return Ok((added, true)),
                (Verdict::Missing, _) => return Err(WriteError::Missing),
                (Verdict::Exists, Some(known)) => {
                    let known = decode::<VersionRecord>(&key, &known)?;
                    // An id is 130 bits of the digest: the same id and another digest is no version that could be added.
                    return if known.digest == version.digest { Ok((known, false)) } else { Err(WriteError::Exists) };
                }
                (Verdict::Conflict | Verdict::Exists, _) => {}
            }
        }
    }

    async fn delete_version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Removal, WriteError> {
        let owner_key = function_key(&tenant.id(), function);
        let keys = self.keys.of(&tenant.id());
        let field = version_field(function, id);
        let mut get = redis::cmd("HGET");
        get.arg(keys.versions()).arg(&field);
        let keys = [keys.functions(), keys.versions(), keys.numbers()];
        let _turn = self.turns.take(&(tenant.id(), function)).await;
        loop {
            // The function first: what becomes of the version after this is seen by its record.
            let before = self.function_bytes(&self.writes, tenant, function).await?.ok_or(WriteError::Missing)?;
            let record: Option<Vec<u8>> = self.writes.command(&get).await?;
            let record = record.ok_or(WriteError::Missing)?;
            let version = decode::<VersionRecord>(&version_key(&tenant.id(), function, id), &record)?;
            let mut owner = decode::<FunctionRecord>(&owner_key, &before)?;
            if let Err(alias) = owner.let_go(id) {
                return Ok(Removal::Named(alias));
            }
            let after = rewrite::<FunctionRecord>(&owner_key, &before, &owner)?;
            let member = number_member(function, version.number, id);
            let args: [&[u8]; 5] = [function.as_str().as_bytes(), field.as_bytes(), &before, &after, member.as_bytes()];
            let (verdict, ()) = decide(&self.writes, &self.scripts.delete_version, &keys, &args).await?;
            match verdict {
                Verdict::Done => return Ok(Removal::Gone(version.digest)),
                Verdict::Missing => return Err(WriteError::Missing),
                // Another host was faster, so at least one of them gets on.
                Verdict::Conflict | Verdict::Exists => {}
            }
        }
    }

    async fn version(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        id: &VersionId,
    ) -> Result<Option<Version>, RepositoryError> {
        let mut get = redis::cmd("HGET");
        get.arg(self.keys.of(&tenant.id()).versions()).arg(version_field(function, id));
        let record: Option<Vec<u8>> = self.link.command(&get).await?;
        let Some(record) = record else { return Ok(None) };
        decode::<VersionRecord>(&version_key(&tenant.id(), function, id), &record).map(Some)
    }

    async fn list_versions(
        &self,
        tenant: &TenantScope,
        function: &FunctionName,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Page<Version>, RepositoryError> {
        let (keys, within) = (self.keys.of(&tenant.id()), numbers_before(function, before));
        let count = (limit + 1).to_string();
        let args = [within.max.as_bytes(), within.min.as_bytes(), count.as_bytes(), function.as_str().as_bytes()];
        let rows = self.link.read(&self.scripts.list_versions, &[keys.numbers(), keys.versions()], &args).await?;
        page(rows, limit, |id, record| {
            decode::<VersionRecord>(&format!("version/{}/{function}/{id}", tenant.id()), record)
        })
    }
}

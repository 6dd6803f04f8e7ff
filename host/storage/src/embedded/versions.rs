//! Versions in the embedded database: what `functions` offers of them, inside its transactions.

use isolet_domain::access::TenantScope;
use isolet_domain::function::Version;
use isolet_domain::ids::{FunctionName, TenantId, VersionId};
use isolet_domain::repository::{Page, Removal, WriteError};
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::failure::Trouble;
use super::tables::{FUNCTIONS, NUMBERS, VERSIONS, numbers_of};
use crate::record::{FunctionRecord, VersionRecord, decode, encode, function_key, lost, rewrite, version_key};

/// Adds a version under the function's next number, or finds the one that is there.
pub(super) fn add(
    txn: &WriteTransaction,
    tenant: &TenantId,
    name: &FunctionName,
    version: &Version,
) -> Result<(Version, bool), Trouble> {
    let mut functions = txn.open_table(FUNCTIONS)?;
    let mut versions = txn.open_table(VERSIONS)?;
    let owner = (tenant.as_bytes(), name.as_str());
    let owner_key = function_key(tenant, name);
    let before = functions.get(owner)?.map(|record| record.value().to_vec()).ok_or(WriteError::Missing)?;
    let mut function = decode::<FunctionRecord>(&owner_key, &before)?;
    // An id is 130 bits of the digest: the same id and another digest is no version that could be added or found.
    let place = (tenant.as_bytes(), name.as_str(), version.id.as_str());
    let key = version_key(tenant, name, &version.id);
    if let Some(record) = versions.get(place)? {
        let known = decode::<VersionRecord>(&key, record.value())?;
        return if known.digest == version.digest { Ok((known, false)) } else { Err(WriteError::Exists.into()) };
    }
    let added = Version { number: function.next_number, ..version.clone() };
    function.next_number += 1;
    functions.insert(owner, rewrite::<FunctionRecord>(&owner_key, &before, &function)?.as_slice())?;
    versions.insert(place, encode::<VersionRecord>(&key, &added).as_slice())?;
    txn.open_table(NUMBERS)?.insert((tenant.as_bytes(), name.as_str(), added.number), added.id.as_str())?;
    Ok((added, true))
}

/// Removes a version that no alias names.
pub(super) fn remove(
    txn: &WriteTransaction,
    tenant: &TenantId,
    name: &FunctionName,
    id: &VersionId,
) -> Result<Removal, Trouble> {
    let mut functions = txn.open_table(FUNCTIONS)?;
    let mut versions = txn.open_table(VERSIONS)?;
    let (owner, place) = ((tenant.as_bytes(), name.as_str()), (tenant.as_bytes(), name.as_str(), id.as_str()));
    let owner_key = function_key(tenant, name);
    let before = functions.get(owner)?.map(|record| record.value().to_vec()).ok_or(WriteError::Missing)?;
    let record = versions.get(place)?.map(|record| record.value().to_vec()).ok_or(WriteError::Missing)?;
    let version = decode::<VersionRecord>(&version_key(tenant, name, id), &record)?;
    let mut function = decode::<FunctionRecord>(&owner_key, &before)?;
    if let Err(alias) = function.let_go(id) {
        return Ok(Removal::Named(alias));
    }
    functions.insert(owner, rewrite::<FunctionRecord>(&owner_key, &before, &function)?.as_slice())?;
    versions.remove(place)?;
    txn.open_table(NUMBERS)?.remove((tenant.as_bytes(), name.as_str(), version.number))?;
    Ok(Removal::Gone(version.digest))
}

pub(super) fn find(
    txn: &ReadTransaction,
    tenant: &TenantId,
    name: &FunctionName,
    id: &VersionId,
) -> Result<Option<Version>, Trouble> {
    let place = (tenant.as_bytes(), name.as_str(), id.as_str());
    let Some(record) = txn.open_table(VERSIONS)?.get(place)? else { return Ok(None) };
    Ok(Some(decode::<VersionRecord>(&version_key(tenant, name, id), record.value())?))
}

/// Newest first, those with a number below `before`.
pub(super) fn list(
    txn: &ReadTransaction,
    tenant: &TenantScope,
    name: &FunctionName,
    before: Option<u64>,
    limit: usize,
) -> Result<Page<Version>, Trouble> {
    let tenant = tenant.id();
    let mut items = Vec::new();
    for row in txn.open_table(NUMBERS)?.range(numbers_of(&tenant, Some(name)))?.rev() {
        let (place, id) = row?;
        if before.is_some_and(|before| place.value().2 >= before) {
            continue;
        }
        if items.len() == limit {
            return Ok(Page { items, more: true });
        }
        let id = VersionId::parse(id.value()).map_err(|_| lost(id.value()))?;
        items.push(find(txn, &tenant, name, &id)?.ok_or_else(|| lost(&version_key(&tenant, name, &id)))?);
    }
    Ok(Page { items, more: false })
}

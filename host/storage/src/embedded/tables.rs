//! The tables of `data.redb`. Keys start with the tenant's id wherever a tenant owns the row, so that one range is one tenant's.

use std::ops::RangeInclusive;

use isolet_domain::ids::{FunctionName, TenantId};
use isolet_domain::series::Step;
use redb::{Key, ReadTransaction, ReadableTable as _, TableDefinition, TableHandle as _, Value, WriteTransaction};

use super::failure::Trouble;

/// A tenant's or a run's or a key's id.
pub(super) type Id = &'static [u8; 16];

/// Facts about the file itself.
pub(super) const META: TableDefinition<&str, &str> = TableDefinition::new("meta");
/// Tenant → record.
pub(super) const TENANTS: TableDefinition<Id, &[u8]> = TableDefinition::new("tenants");
/// Slug → tenant.
pub(super) const SLUGS: TableDefinition<&str, Id> = TableDefinition::new("slugs");
/// Hash of the secret → record.
pub(super) const KEYS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("keys");
/// Tenant, key → hash of the secret.
pub(super) const TENANT_KEYS: TableDefinition<(Id, Id), &[u8; 32]> = TableDefinition::new("tenant_keys");
/// Tenant, name → record.
pub(super) const FUNCTIONS: TableDefinition<(Id, &str), &[u8]> = TableDefinition::new("functions");
/// Tenant, function, version → record.
pub(super) const VERSIONS: TableDefinition<(Id, &str, &str), &[u8]> = TableDefinition::new("versions");
/// Tenant, function, number → version.
pub(super) const NUMBERS: TableDefinition<(Id, &str, u64), &str> = TableDefinition::new("numbers");
/// Tenant → record of its hosts and routes.
pub(super) const ROUTING: TableDefinition<Id, &[u8]> = TableDefinition::new("routing");
/// Custom host → tenant.
pub(super) const HOSTS: TableDefinition<&str, Id> = TableDefinition::new("hosts");
/// Tenant, run → record.
pub(super) const RUNS: TableDefinition<(Id, Id), &[u8]> = TableDefinition::new("runs");
/// Tenant, run → whether it is starred. One row for each run, so that counting them reads no records.
pub(super) const STARS: TableDefinition<(Id, Id), bool> = TableDefinition::new("stars");

/// Tenant, place → record.
pub(super) const ANSWERS: TableDefinition<(Id, &[u8; 32]), &[u8]> = TableDefinition::new("answers");
/// When it ends in milliseconds, tenant, place. A row may be older than the record, whose own end counts.
pub(super) const ANSWER_ENDS: TableDefinition<(u64, Id, &[u8; 32]), ()> = TableDefinition::new("answer_ends");
/// Tenant → rows in `ANSWERS`, where there are any.
pub(super) const ANSWER_COUNTS: TableDefinition<Id, u64> = TableDefinition::new("answer_counts");

/// Host, number → id and record of an entry.
pub(super) const AUDIT: TableDefinition<(Id, u64), (Id, &[u8])> = TableDefinition::new("audit");
/// Entry → host, number; in the order of time.
pub(super) const AUDIT_ORDER: TableDefinition<Id, (Id, u64)> = TableDefinition::new("audit_order");
/// Tenant, entry.
pub(super) const AUDIT_OF: TableDefinition<(Id, Id), ()> = TableDefinition::new("audit_of");
/// Host → number, time in milliseconds and digest of its last entry.
pub(super) const AUDIT_HEADS: TableDefinition<Id, (u64, i64, &[u8; 32])> = TableDefinition::new("audit_heads");
/// Host, entry → record of what was begun and has not ended.
pub(super) const AUDIT_BEGUN: TableDefinition<(Id, Id), &[u8]> = TableDefinition::new("audit_begun");
/// A tenant's batch of log records, by the positions of its last and its first record.
pub(super) type LogPlace = (Id, u64, u64);
/// When it was stored in milliseconds, what it is called, its record.
pub(super) type LogRow = (u64, u128, &'static [u8]);
pub(super) const LOGS: TableDefinition<LogPlace, LogRow> = TableDefinition::new("logs");
/// Tenant → the position of its next record, and the bytes and records that it has in `LOGS`.
pub(super) const LOG_SIZES: TableDefinition<Id, (u64, u64, u64)> = TableDefinition::new("log_sizes");

/// Tenant, step, start of the window in seconds, writer → record of its part.
pub(super) const SERIES: TableDefinition<(Id, u8, u64, u128), &[u8]> = TableDefinition::new("series");

const FIRST: Id = &[0; 16];
const LAST: Id = &[0xFF; 16];
/// Above every slug and version id, which are of `a-z`, `0-9`, `-` and `_`.
const ABOVE_NAMES: &str = "~";

/// How many there are.
pub(super) const COUNT: usize = 23;

/// Does something with each of them.
macro_rules! each_table {
    ($table:ident => $step:expr) => {
        each_table!(@ $table => $step; META TENANTS SLUGS KEYS TENANT_KEYS FUNCTIONS VERSIONS NUMBERS ROUTING HOSTS RUNS STARS
            ANSWERS ANSWER_ENDS ANSWER_COUNTS AUDIT AUDIT_ORDER AUDIT_OF AUDIT_HEADS AUDIT_BEGUN LOGS LOG_SIZES SERIES)
    };
    (@ $table:ident => $step:expr; $($name:ident)*) => {
        $({
            let $table = $name;
            $step;
        })*
    };
}

/// Creates what is missing, so that readers never meet an absent table.
pub(super) fn create_all(txn: &WriteTransaction) -> Result<(), Trouble> {
    each_table!(table => txn.open_table(table)?);
    Ok(())
}

/// Removes everything but the facts about the file.
pub(super) fn empty_all(txn: &WriteTransaction) -> Result<(), Trouble> {
    each_table!(table => if table.name() != META.name() {
        txn.delete_table(table)?;
    });
    create_all(txn)
}

/// Writes everything that is in one file into another.
pub(super) fn copy_all(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), Trouble> {
    each_table!(table => copy(table, from, to)?);
    Ok(())
}

fn copy<K: Key + 'static, V: Value + 'static>(
    table: TableDefinition<'_, K, V>,
    from: &ReadTransaction,
    to: &WriteTransaction,
) -> Result<(), Trouble> {
    let mut rows = to.open_table(table)?;
    for row in from.open_table(table)?.iter()? {
        let (key, value) = row?;
        rows.insert(key.value(), value.value())?;
    }
    Ok(())
}

/// A tenant's rows in a table keyed by tenant and id.
pub(super) fn ids_of(tenant: &TenantId) -> RangeInclusive<(&[u8; 16], &[u8; 16])> {
    (tenant.as_bytes(), FIRST)..=(tenant.as_bytes(), LAST)
}

/// A tenant's rows in `ANSWERS`.
pub(super) fn answers_of(tenant: &TenantId) -> RangeInclusive<(&[u8; 16], &[u8; 32])> {
    (tenant.as_bytes(), &[0; 32])..=(tenant.as_bytes(), &[0xFF; 32])
}

/// A tenant's rows in `LOGS`.
pub(super) fn logs_of(tenant: &TenantId) -> RangeInclusive<(&[u8; 16], u64, u64)> {
    (tenant.as_bytes(), 0, 0)..=(tenant.as_bytes(), u64::MAX, u64::MAX)
}

/// As a step is written in `SERIES`.
pub(super) fn step_code(step: Step) -> u8 {
    match step {
        Step::TenSeconds => 0,
        Step::Minute => 1,
        Step::Hour => 2,
        Step::Quarter => 3,
    }
}

/// A tenant's rows in `SERIES` of one step, from one start of a window to another.
pub(super) fn series_of(
    tenant: &TenantId,
    step: Step,
    from: u64,
    to: u64,
) -> RangeInclusive<(&[u8; 16], u8, u64, u128)> {
    let step = step_code(step);
    (tenant.as_bytes(), step, from, 0)..=(tenant.as_bytes(), step, to, u128::MAX)
}

/// All of a tenant's rows in `SERIES`.
pub(super) fn all_series_of(tenant: &TenantId) -> RangeInclusive<(&[u8; 16], u8, u64, u128)> {
    (tenant.as_bytes(), 0, 0, 0)..=(tenant.as_bytes(), u8::MAX, u64::MAX, u128::MAX)
}

/// A tenant's rows in `FUNCTIONS`.
pub(super) fn functions_of(tenant: &TenantId) -> RangeInclusive<(&[u8; 16], &str)> {
    (tenant.as_bytes(), "")..=(tenant.as_bytes(), ABOVE_NAMES)
}

/// A tenant's rows in `VERSIONS`, or one function's.
pub(super) fn versions_of<'a>(
    tenant: &'a TenantId,
    function: Option<&'a FunctionName>,
) -> RangeInclusive<(&'a [u8; 16], &'a str, &'a str)> {
    let (from, to) = function.map_or(("", ABOVE_NAMES), |name| (name.as_str(), name.as_str()));
    (tenant.as_bytes(), from, "")..=(tenant.as_bytes(), to, ABOVE_NAMES)
}

/// A tenant's rows in `NUMBERS`, or one function's.
pub(super) fn numbers_of<'a>(
    tenant: &'a TenantId,
    function: Option<&'a FunctionName>,
) -> RangeInclusive<(&'a [u8; 16], &'a str, u64)> {
    let (from, to) = function.map_or(("", ABOVE_NAMES), |name| (name.as_str(), name.as_str()));
    (tenant.as_bytes(), from, 0)..=(tenant.as_bytes(), to, u64::MAX)
}

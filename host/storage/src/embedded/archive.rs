//! The embedded store's rows, given and taken for archives. One read transaction gives all of them, so they are of one moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use isolet_domain::ids::{AuditId, Digest, FunctionName, HostId, RunId, TenantId, VersionId};
use isolet_domain::repository::RepositoryError;
use isolet_domain::series::{self, Step, Writer};
use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata as _, WriteTransaction};
use tokio::sync::mpsc;

use super::contents::Contents;
use super::failure::{Trouble, only_repository};
use super::store::{EmbeddedStore, blocking};
use super::tables::{
    self, AUDIT, AUDIT_HEADS, AUDIT_OF, AUDIT_ORDER, FUNCTIONS, HOSTS, KEYS, LOG_SIZES, LOGS, NUMBERS, ROUTING, RUNS,
    SERIES, SLUGS, STARS, TENANT_KEYS, TENANTS, VERSIONS, all_series_of, functions_of, ids_of, logs_of, numbers_of,
    step_code,
};
use crate::archive::{Place, Row, Rows, corrupt};
use crate::record::{
    AuditRecord, KeyRecord, RoutingRecord, TenantRecord, audit_key, content_of_run, content_of_version, decode,
    key_key, lost, routing_key, tenant_key,
};

/// Sends rows to whoever writes them down.
struct Giver {
    to: mpsc::Sender<Row>,
    /// Contents that versions name, and those that runs do.
    named: BTreeSet<Digest>,
    of_runs: BTreeSet<Digest>,
}

impl Giver {
    fn give(&self, place: Place, value: &[u8]) -> Result<(), Trouble> {
        let given = self.to.blocking_send(Row::new(place, value));
        Ok(given.map_err(|_| RepositoryError::Unavailable("nobody takes the rows".to_owned()))?)
    }

    fn tenant(&mut self, txn: &ReadTransaction, id: TenantId, record: &[u8]) -> Result<(), Trouble> {
        let owner = id.as_bytes();
        self.give(Place::Tenant(id), record)?;
        if let Some(routing) = txn.open_table(ROUTING)?.get(owner)? {
            self.give(Place::Routing(id), routing.value())?;
        }
        for row in txn.open_table(FUNCTIONS)?.range(functions_of(&id))? {
            let (place, record) = row?;
            self.give(Place::Function(id, name(place.value().1)?), record.value())?;
        }
        self.versions(txn, id)?;
        let stars = txn.open_table(STARS)?;
        let runs = txn.open_table(RUNS)?;
        for row in stars.range(ids_of(&id))? {
            let (place, star) = row?;
            let run = RunId::from_bytes(*place.value().1);
            let record = runs.get(place.value())?.ok_or_else(|| lost(&run.to_string()))?;
            self.of_runs.extend(content_of_run(record.value())?);
            self.give(Place::Run { tenant: id, id: run, starred: star.value() }, record.value())?;
        }
        for row in txn.open_table(LOGS)?.range(logs_of(&id))? {
            let (place, row) = row?;
            let ((_, last, first), (at_ms, batch, record)) = (place.value(), row.value());
            self.give(Place::Logs { tenant: id, last, count: last - first + 1, at_ms, batch }, record)?;
        }
        if let Some(sizes) = txn.open_table(LOG_SIZES)?.get(owner)? {
            self.give(Place::NextLog { tenant: id, next: sizes.value().0 }, &[])?;
        }
        self.series(txn, id)
    }

    fn versions(&mut self, txn: &ReadTransaction, tenant: TenantId) -> Result<(), Trouble> {
        let versions = txn.open_table(VERSIONS)?;
        for row in txn.open_table(NUMBERS)?.range(numbers_of(&tenant, None))? {
            let (place, id) = row?;
            let (owner, function, number) = place.value();
            let record = versions.get((owner, function, id.value()))?.ok_or_else(|| lost(id.value()))?;
            self.named.insert(content_of_version(record.value())?);
            let id = VersionId::parse(id.value()).map_err(|_| corrupt(id.value(), "it is no version's id"))?;
            self.give(Place::Version { tenant, function: name(function)?, number, id }, record.value())?;
        }
        Ok(())
    }

    fn series(&self, txn: &ReadTransaction, tenant: TenantId) -> Result<(), Trouble> {
        for row in txn.open_table(SERIES)?.range(all_series_of(&tenant))? {
            let (place, record) = row?;
            let (_, code, start, writer) = place.value();
            let step = Step::ALL.into_iter().find(|step| step_code(*step) == code);
            let step = step.ok_or_else(|| corrupt(code.to_string(), "it is no step"))?;
            let start = i64::try_from(start).unwrap_or(i64::MAX);
            let place = series::Place { step, start, writer: Writer(writer.to_be_bytes()) };
            self.give(Place::Part(tenant, place), record.value())?;
        }
        Ok(())
    }

    fn keys(&self, txn: &ReadTransaction, only: Option<TenantId>) -> Result<(), Trouble> {
        for row in txn.open_table(KEYS)?.iter()? {
            let (hash, record) = row?;
            let hash = Digest::from_bytes(*hash.value());
            let of = decode::<KeyRecord>(&key_key(&hash), record.value())?.tenant;
            if only.is_none() || of == only {
                self.give(Place::Key(hash), record.value())?;
            }
        }
        Ok(())
    }

    fn audit(&self, txn: &ReadTransaction) -> Result<(), Trouble> {
        for row in txn.open_table(AUDIT_HEADS)?.iter()? {
            let (host, head) = row?;
            let (number, at_ms, digest) = head.value();
            let (host, digest) = (HostId::from_bytes(*host.value()), Digest::from_bytes(*digest));
            self.give(Place::Head { host, number, at_ms, digest }, &[])?;
        }
        for row in txn.open_table(AUDIT)?.iter()? {
            let (place, entry) = row?;
            let ((host, number), (id, record)) = (place.value(), entry.value());
            let (host, id) = (HostId::from_bytes(*host), AuditId::from_bytes(*id));
            self.give(Place::Audit { host, number, id }, record)?;
        }
        Ok(())
    }

    fn contents(&self, contents: &Contents) -> Result<(), Trouble> {
        for digest in self.named.union(&self.of_runs) {
            match contents.get(digest)? {
                Some(bytes) => self.give(Place::Blob(*digest), &bytes)?,
                // That of a run may be gone, and the run says so then.
                None if !self.named.contains(digest) => {}
                None => return Err(lost(&digest.to_string()).into()),
            }
        }
        Ok(())
    }
}

fn name(raw: &str) -> Result<FunctionName, Trouble> {
    Ok(FunctionName::parse(raw).map_err(|_| corrupt(raw, "it is no function's name"))?)
}

fn put(txn: &WriteTransaction, row: &Row) -> Result<(), Trouble> {
    let value = row.value.as_slice();
    match &row.place {
        Place::Tenant(id) => {
            let tenant = decode::<TenantRecord>(&tenant_key(id), value)?;
            txn.open_table(TENANTS)?.insert(id.as_bytes(), value)?;
            txn.open_table(SLUGS)?.insert(tenant.slug.as_str(), id.as_bytes())?;
        }
        Place::Routing(tenant) => {
            txn.open_table(ROUTING)?.insert(tenant.as_bytes(), value)?;
            let mut hosts = txn.open_table(HOSTS)?;
            for host in decode::<RoutingRecord>(&routing_key(tenant), value)?.hosts {
                hosts.insert(host.as_str(), tenant.as_bytes())?;
            }
        }
        Place::Function(tenant, name) => {
            txn.open_table(FUNCTIONS)?.insert((tenant.as_bytes(), name.as_str()), value)?;
        }
        Place::Version { tenant, function, number, id } => {
            let (tenant, function) = (tenant.as_bytes(), function.as_str());
            txn.open_table(VERSIONS)?.insert((tenant, function, id.as_str()), value)?;
            txn.open_table(NUMBERS)?.insert((tenant, function, *number), id.as_str())?;
        }
        Place::Run { tenant, id, starred } => {
            txn.open_table(RUNS)?.insert((tenant.as_bytes(), id.as_bytes()), value)?;
            txn.open_table(STARS)?.insert((tenant.as_bytes(), id.as_bytes()), *starred)?;
        }
        Place::Logs { .. } | Place::NextLog { .. } => put_logs(txn, row)?,
        Place::Part(tenant, part) => {
            let start = u64::try_from(part.start).unwrap_or(0);
            let writer = u128::from_be_bytes(part.writer.0);
            txn.open_table(SERIES)?.insert((tenant.as_bytes(), step_code(part.step), start, writer), value)?;
        }
        Place::Key(hash) => {
            let key = decode::<KeyRecord>(&key_key(hash), value)?;
            txn.open_table(KEYS)?.insert(hash.as_bytes(), value)?;
            if let Some(tenant) = key.tenant {
                txn.open_table(TENANT_KEYS)?.insert((tenant.as_bytes(), key.id.as_bytes()), hash.as_bytes())?;
            }
        }
        Place::Head { host, number, at_ms, digest } => {
            txn.open_table(AUDIT_HEADS)?.insert(host.as_bytes(), (*number, *at_ms, digest.as_bytes()))?;
        }
        Place::Audit { host, number, id } => {
            let entry = decode::<AuditRecord>(&audit_key(id), value)?;
            txn.open_table(AUDIT)?.insert((host.as_bytes(), *number), (id.as_bytes(), value))?;
            txn.open_table(AUDIT_ORDER)?.insert(id.as_bytes(), (host.as_bytes(), *number))?;
            if let Some((tenant, _)) = &entry.act.tenant {
                txn.open_table(AUDIT_OF)?.insert((tenant.as_bytes(), id.as_bytes()), ())?;
            }
        }
        // In files, not here.
        Place::Blob(_) => {}
    }
    Ok(())
}

fn put_logs(txn: &WriteTransaction, row: &Row) -> Result<(), Trouble> {
    let mut table = txn.open_table(LOG_SIZES)?;
    let (tenant, next, bytes, records) = match &row.place {
        Place::Logs { tenant, last, count, at_ms, batch } => {
            let place = (tenant.as_bytes(), *last, last + 1 - count);
            let before = txn.open_table(LOGS)?.insert(place, (*at_ms, *batch, row.value.as_slice()))?.is_some();
            // What is put again was counted.
            let (bytes, records) = if before { (0, 0) } else { (row.value.len() as u64, *count) };
            (tenant, last + 1, bytes, records)
        }
        Place::NextLog { tenant, next } => (tenant, *next, 0, 0),
        _ => return Ok(()),
    };
    let known = table.get(tenant.as_bytes())?.map_or((0, 0, 0), |sizes| sizes.value());
    table.insert(tenant.as_bytes(), (next.max(known.0), known.1 + bytes, known.2 + records))?;
    Ok(())
}

#[async_trait]
impl Rows for EmbeddedStore {
    async fn rows(&self, only: Option<TenantId>, to: mpsc::Sender<Row>) -> Result<(), RepositoryError> {
        let contents = Arc::clone(&self.contents);
        self.read_once(move |txn| {
            let mut giver = Giver { to, named: BTreeSet::new(), of_runs: BTreeSet::new() };
            for row in txn.open_table(TENANTS)?.iter()? {
                let (id, record) = row?;
                let id = TenantId::from_bytes(*id.value());
                if only.is_none_or(|only| only == id) {
                    giver.tenant(txn, id, record.value())?;
                }
            }
            giver.keys(txn, only)?;
            if only.is_none() {
                giver.audit(txn)?;
            }
            giver.contents(&contents)
        })
        .await
    }

    async fn put_rows(&self, rows: Vec<Row>) -> Result<(), RepositoryError> {
        let (contents, rows) = (Arc::clone(&self.contents), Arc::new(rows));
        let of_rows = Arc::clone(&rows);
        blocking(move || {
            for row in of_rows.iter().filter(|row| matches!(row.place, Place::Blob(_))) {
                contents.put(&row.value).map_err(|err| RepositoryError::Unavailable(err.to_string()))?;
            }
            Ok(())
        })
        .await?;
        self.write(move |txn| rows.iter().try_for_each(|row| put(txn, row))).await.map_err(only_repository)
    }

    async fn is_empty(&self) -> Result<bool, RepositoryError> {
        self.read_much(|txn| {
            Ok(txn.open_table(TENANTS)?.is_empty()?
                && txn.open_table(KEYS)?.is_empty()?
                && txn.open_table(AUDIT)?.is_empty()?)
        })
        .await
    }

    /// Contents stay: what is put again is there, and what is not can be removed with the folder.
    async fn clear(&self) -> Result<(), RepositoryError> {
        self.write(tables::empty_all).await.map_err(only_repository)
    }
}

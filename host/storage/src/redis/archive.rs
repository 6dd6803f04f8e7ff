//! Redis' rows, given and taken for archives. A tenant's records are read by one script, so they are of one moment; its log and series,
//! which are only ever added to, after them, and contents last, as they are put first.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use isolet_domain::ids::{AuditId, Digest, FunctionName, HostId, RunId, TenantId, VersionId};
use isolet_domain::repository::{BlobRepository as _, RepositoryError};
use isolet_domain::series::{self, Step, Writer};
use redis::Cmd;
use tokio::sync::mpsc;

use super::keys::{series_of_member, tenant_of_member};
use super::restore::puts_of;
use super::store::RedisStore;
use crate::archive::{Place, Row, Rows, corrupt};
use crate::record::{VersionRecord, content_of_run, content_of_version, decode, lost, version_key};

/// Entries of a log or of the audit that are read in one go, and keys that are looked through or removed.
const AT_ONCE: usize = 500;

type Map = BTreeMap<String, Vec<u8>>;
/// What `dump_tenant.lua` answers: record, routing, functions, versions, runs, the unstarred ones, hashes of keys.
type Dump = (Option<Vec<u8>>, Option<Vec<u8>>, Map, Map, Map, BTreeSet<String>, Vec<String>);
/// Position of the last record, name, how many there are, when it was stored, the record.
type Batch = (u64, Vec<u8>, u64, u64, Vec<u8>);

struct Giver<'s> {
    store: &'s RedisStore,
    to: mpsc::Sender<Row>,
    named: BTreeSet<Digest>,
    of_runs: BTreeSet<Digest>,
    keys: BTreeSet<Digest>,
}

impl Giver<'_> {
    async fn give(&self, place: Place, value: Vec<u8>) -> Result<(), RepositoryError> {
        let given = self.to.send(Row { place, value }).await;
        given.map_err(|_| RepositoryError::Unavailable("nobody takes the rows".to_owned()))
    }

    async fn tenant(&mut self, tenant: TenantId) -> Result<(), RepositoryError> {
        let keys = self.store.keys.of(&tenant);
        let places =
            [keys.tenant(), keys.routing(), keys.functions(), keys.versions(), keys.runs(), keys.ring(), keys.keys()];
        let dump: Dump = self.store.blob_link.read(&self.store.scripts.dump_tenant, &places, &[]).await?;
        let (record, routing, functions, versions, runs, ring, hashes) = dump;
        // It was deleted since.
        let Some(record) = record else { return Ok(()) };
        self.give(Place::Tenant(tenant), record).await?;
        if let Some(routing) = routing {
            self.give(Place::Routing(tenant), routing).await?;
        }
        for (raw, record) in functions {
            self.give(Place::Function(tenant, name(&raw)?), record).await?;
        }
        self.versions(tenant, versions).await?;
        for (raw, record) in runs {
            self.of_runs.extend(content_of_run(&record)?);
            let id = RunId::parse(&raw).map_err(|_| corrupt(raw.as_str(), "it is no run's id"))?;
            self.give(Place::Run { tenant, id, starred: !ring.contains(&raw) }, record).await?;
        }
        for raw in hashes {
            self.keys.insert(Digest::parse(&raw).map_err(|_| corrupt(raw.as_str(), "it is no key's hash"))?);
        }
        self.logs(tenant).await?;
        self.series(tenant).await
    }

    async fn versions(&mut self, tenant: TenantId, versions: Map) -> Result<(), RepositoryError> {
        let mut sorted = BTreeMap::new();
        for (field, record) in versions {
            let no_version = || corrupt(field.as_str(), "it is no version's place");
            let (function, id) = field.split_once(' ').ok_or_else(no_version)?;
            let (function, id) = (name(function)?, VersionId::parse(id).map_err(|_| no_version())?);
            let number = decode::<VersionRecord>(&version_key(&tenant, &function, &id), &record)?.number;
            self.named.insert(content_of_version(&record)?);
            sorted.insert((function, number), (id, record));
        }
        for ((function, number), (id, record)) in sorted {
            self.give(Place::Version { tenant, function, number, id }, record).await?;
        }
        Ok(())
    }

    async fn logs(&self, tenant: TenantId) -> Result<(), RepositoryError> {
        let keys = self.store.keys.of(&tenant);
        let (mut from, count) = (0, AT_ONCE.to_string());
        loop {
            let (after, log) = (from.to_string(), [keys.log()]);
            let args = [after.as_bytes(), count.as_bytes()];
            let batches: Vec<Batch> = self.store.blob_link.read(&self.store.scripts.dump_log, &log, &args).await?;
            let Some((last, ..)) = batches.last() else { break };
            from = last + 1;
            for (last, batch, count, at_ms, record) in batches {
                let batch = batch.try_into().map(u128::from_be_bytes);
                let batch = batch.map_err(|_| corrupt(last.to_string(), "its name is none"))?;
                self.give(Place::Logs { tenant, last, count, at_ms, batch }, record).await?;
            }
        }
        let mut next = redis::cmd("HGET");
        next.arg(keys.log_sizes()).arg("next");
        if let Some(next) = self.store.blob_link.command::<Option<u64>>(&next).await? {
            self.give(Place::NextLog { tenant, next }, Vec::new()).await?;
        }
        Ok(())
    }

    async fn series(&self, tenant: TenantId) -> Result<(), RepositoryError> {
        for step in Step::ALL {
            let mut all = redis::cmd("HGETALL");
            all.arg(self.store.keys.of(&tenant).series(step));
            let parts: Map = self.store.blob_link.command(&all).await?;
            let mut sorted = BTreeMap::new();
            for (member, record) in parts {
                let (start, writer) =
                    series_of_member(&member).ok_or_else(|| corrupt(member.as_str(), "it is no part's place"))?;
                sorted.insert((start, writer), record);
            }
            for ((start, writer), record) in sorted {
                let place = series::Place { step, start, writer: Writer(writer) };
                self.give(Place::Part(tenant, place), record).await?;
            }
        }
        Ok(())
    }

    async fn keys(&self) -> Result<(), RepositoryError> {
        for hash in &self.keys {
            let record: Option<Vec<u8>> = self.store.link.command(&Cmd::get(self.store.keys.key(hash))).await?;
            // One that was deleted since.
            if let Some(record) = record {
                self.give(Place::Key(*hash), record).await?;
            }
        }
        Ok(())
    }

    async fn audit(&self) -> Result<(), RepositoryError> {
        let audit = self.store.keys.audit();
        let mut latest = redis::cmd("ZRANGE");
        latest.arg(audit.latest()).arg(0).arg(-1).arg("WITHSCORES");
        let latest: Vec<(String, f64)> = self.store.link.command(&latest).await?;
        let heads: BTreeMap<String, String> = self.store.link.command(redis::cmd("HGETALL").arg(audit.heads())).await?;
        let mut chains = Vec::new();
        for (raw, head) in &heads {
            let no_head = || corrupt(raw.as_str(), "it is no end of an audit");
            let host = HostId::parse(raw).map_err(|_| no_head())?;
            let (number, digest) = head.split_once(' ').ok_or_else(no_head)?;
            let (number, digest) =
                (number.parse().map_err(|_| no_head())?, Digest::parse(digest).map_err(|_| no_head())?);
            let at_ms = latest.iter().find(|(known, _)| known == raw).map_or(0, |(_, at)| *at as i64);
            self.give(Place::Head { host, number, at_ms, digest }, Vec::new()).await?;
            chains.push((host, number));
        }
        for (host, end) in chains {
            self.chain(host, end).await?;
        }
        Ok(())
    }

    /// What came after the end that was given is not of the same moment.
    async fn chain(&self, host: HostId, end: u64) -> Result<(), RepositoryError> {
        let keys = self.store.keys.audit();
        let (mut after, count) = (0_u64, AT_ONCE.to_string());
        loop {
            let (from, places) = (after.to_string(), [keys.chain(&host), keys.entries()]);
            let args = [from.as_bytes(), count.as_bytes()];
            let rows: Vec<(u64, String, Option<Vec<u8>>)> =
                self.store.blob_link.read(&self.store.scripts.audit_chain, &places, &args).await?;
            let Some((last, ..)) = rows.last() else { return Ok(()) };
            after = *last;
            for (number, raw, record) in rows {
                if number > end {
                    return Ok(());
                }
                let id = AuditId::parse(&raw).map_err(|_| corrupt(raw.as_str(), "it is no entry's id"))?;
                let record = record.ok_or_else(|| lost(&raw))?;
                self.give(Place::Audit { host, number, id }, record).await?;
            }
        }
    }

    async fn contents(&self) -> Result<(), RepositoryError> {
        for digest in self.named.union(&self.of_runs) {
            match self.store.blob(digest).await? {
                Some(bytes) => self.give(Place::Blob(*digest), bytes.to_vec()).await?,
                // That of a run may be gone, and the run says so then.
                None if !self.named.contains(digest) => {}
                None => return Err(lost(&digest.to_string())),
            }
        }
        Ok(())
    }
}

fn name(raw: &str) -> Result<FunctionName, RepositoryError> {
    FunctionName::parse(raw).map_err(|_| corrupt(raw, "it is no function's name"))
}

#[async_trait]
impl Rows for RedisStore {
    async fn rows(&self, only: Option<TenantId>, to: mpsc::Sender<Row>) -> Result<(), RepositoryError> {
        let mut giver =
            Giver { store: self, to, named: BTreeSet::new(), of_runs: BTreeSet::new(), keys: BTreeSet::new() };
        let mut list = redis::cmd("ZRANGE");
        list.arg(self.keys.tenants()).arg(0).arg(-1);
        let members: Vec<String> = self.link.command(&list).await?;
        let ids: BTreeSet<TenantId> = members.iter().filter_map(|member| tenant_of_member(member)).collect();
        for id in ids.into_iter().filter(|id| only.is_none_or(|only| only == *id)) {
            giver.tenant(id).await?;
        }
        if only.is_none() {
            giver.keys.extend(self.global_keys().await?.into_iter().map(|(hash, _)| hash));
        }
        giver.keys().await?;
        if only.is_none() {
            giver.audit().await?;
        }
        giver.contents().await
    }

    async fn put_rows(&self, rows: Vec<Row>) -> Result<(), RepositoryError> {
        let mut puts = Vec::new();
        for row in rows {
            if matches!(row.place, Place::Logs { .. } | Place::NextLog { .. }) {
                self.put_log(&row).await?;
            } else {
                puts.extend(puts_of(&self.keys, row)?);
            }
        }
        for some in puts.chunks(AT_ONCE) {
            let _: Vec<redis::Value> = self.blob_link.changes(some).await?;
        }
        Ok(())
    }

    async fn is_empty(&self) -> Result<bool, RepositoryError> {
        let audit = self.keys.audit().heads();
        for (size, key) in [("ZCARD", self.keys.tenants()), ("HLEN", audit)] {
            if self.link.command::<u64>(redis::cmd(size).arg(key)).await? > 0 {
                return Ok(false);
            }
        }
        Ok(self.global_keys().await?.is_empty())
    }

    async fn clear(&self) -> Result<(), RepositoryError> {
        for key in self.link.scan(&self.keys.all_pattern(), AT_ONCE).await? {
            let () = self.blob_link.change(redis::cmd("UNLINK").arg(key)).await?;
        }
        self.claim_prefix().await.map_err(|err| match err {
            crate::open_error::OpenError::Repository(err) => err,
            other => RepositoryError::Unavailable(other.to_string()),
        })
    }
}

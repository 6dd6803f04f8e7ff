//! What puts the rows of an archive where they belong in Redis, each command about one key.

use isolet_domain::repository::RepositoryError;
use redis::Cmd;

use super::keys::{Keys, number_member, series_member, tenant_member, version_field};
use super::store::RedisStore;
use crate::archive::{Place, Row};
use crate::record::{
    AuditRecord, KeyRecord, RoutingRecord, TenantRecord, audit_key, decode, key_key, routing_key, tenant_key,
};

/// How long a log and series stay that nobody adds to; whoever does sets it anew.
const KEPT_MS: u64 = 400 * 24 * 60 * 60 * 1_000;

/// The command of these words, and of bytes behind them.
fn command(words: &[&str], last: Option<&[u8]>) -> Cmd {
    let mut command = redis::cmd(words[0]);
    for word in &words[1..] {
        command.arg(*word);
    }
    if let Some(last) = last {
        command.arg(last);
    }
    command
}

fn with(words: &[&str], value: &[u8]) -> Cmd {
    command(words, Some(value))
}

fn of(words: &[&str]) -> Cmd {
    command(words, None)
}

/// Those of logs are put by `put_log`.
pub(super) fn puts_of(keys: &Keys, row: Row) -> Result<Vec<Cmd>, RepositoryError> {
    let value = row.value;
    Ok(match row.place {
        Place::Tenant(id) => {
            let tenant = decode::<TenantRecord>(&tenant_key(&id), &value)?;
            vec![
                with(&["SET", &keys.of(&id).tenant()], &value),
                of(&["ZADD", &keys.tenants(), "0", &tenant_member(&tenant.slug, &id)]),
            ]
        }
        Place::Routing(id) => {
            let hosts = decode::<RoutingRecord>(&routing_key(&id), &value)?.hosts;
            let names = hosts.iter().map(|host| of(&["HSET", &keys.hosts(), host.as_str(), &id.to_string()]));
            [with(&["SET", &keys.of(&id).routing()], &value)].into_iter().chain(names).collect()
        }
        Place::Function(id, name) => {
            let own = keys.of(&id);
            vec![
                with(&["HSET", &own.functions(), name.as_str()], &value),
                of(&["ZADD", &own.names(), "0", name.as_str()]),
            ]
        }
        Place::Version { tenant, function, number, id } => {
            let own = keys.of(&tenant);
            vec![
                with(&["HSET", &own.versions(), &version_field(&function, &id)], &value),
                of(&["ZADD", &own.numbers(), "0", &number_member(&function, number, &id)]),
            ]
        }
        Place::Run { tenant, id, starred } => {
            let (own, id) = (keys.of(&tenant), id.to_string());
            let ring = if starred { of(&["ZREM", &own.ring(), &id]) } else { of(&["ZADD", &own.ring(), "0", &id]) };
            vec![with(&["HSET", &own.runs(), &id], &value), of(&["ZADD", &own.order(), "0", &id]), ring]
        }
        Place::Part(tenant, part) => {
            let (own, member, kept) = (keys.of(&tenant), series_member(&part), KEPT_MS.to_string());
            let (parts, windows) = (own.series(part.step), own.windows(part.step));
            vec![
                with(&["HSET", &parts, &member], &value),
                of(&["ZADD", &windows, &part.start.to_string(), &member]),
                of(&["PEXPIRE", &parts, &kept]),
                of(&["PEXPIRE", &windows, &kept]),
            ]
        }
        Place::Key(hash) => {
            let key = decode::<KeyRecord>(&key_key(&hash), &value)?;
            let named = key
                .tenant
                .map(|tenant| of(&["HSET", &keys.of(&tenant).keys(), &key.id.to_string(), &hash.to_string()]));
            [with(&["SET", &keys.key(&hash)], &value)].into_iter().chain(named).collect()
        }
        Place::Head { .. } | Place::Audit { .. } => puts_of_audit(keys, &row.place, &value)?,
        Place::Blob(digest) => vec![with(&["SET", &keys.blob(&digest)], &value)],
        Place::Logs { .. } | Place::NextLog { .. } => Vec::new(),
    })
}

fn puts_of_audit(keys: &Keys, place: &Place, value: &[u8]) -> Result<Vec<Cmd>, RepositoryError> {
    let audit = keys.audit();
    Ok(match place {
        Place::Head { host, number, at_ms, digest } => {
            let host = host.to_string();
            vec![
                of(&["HSET", &audit.heads(), &host, &format!("{number} {digest}")]),
                of(&["ZADD", &audit.latest(), &at_ms.to_string(), &host]),
            ]
        }
        Place::Audit { host, number, id } => {
            let entry = decode::<AuditRecord>(&audit_key(id), value)?;
            let id = id.to_string();
            let about = entry.act.tenant.map(|(tenant, _)| of(&["ZADD", &audit.of(&tenant), "0", &id]));
            let own = [
                with(&["HSET", &audit.entries(), &id], value),
                of(&["ZADD", &audit.order(), "0", &id]),
                of(&["ZADD", &audit.chain(host), &number.to_string(), &id]),
            ];
            own.into_iter().chain(about).collect()
        }
        _ => Vec::new(),
    })
}

impl RedisStore {
    /// By a script, as batches are counted.
    pub(super) async fn put_log(&self, row: &Row) -> Result<(), RepositoryError> {
        let (tenant, batch, numbers) = match &row.place {
            Place::Logs { tenant, last, count, at_ms, batch } => (tenant, *batch, [*last, *count, *at_ms]),
            Place::NextLog { tenant, next } => (tenant, 0, [next.saturating_sub(1), 0, 0]),
            _ => return Ok(()),
        };
        let keys = self.keys.of(tenant);
        let numbers = numbers.map(|number| number.to_string());
        let kept = KEPT_MS.to_string();
        let batch = batch.to_be_bytes();
        let mut args: Vec<&[u8]> = vec![&batch, &row.value];
        args.extend(numbers.iter().map(String::as_bytes));
        args.push(kept.as_bytes());
        let (_, ()): (String, ()) =
            self.blob_link.write(&self.scripts.restore_log, &[keys.log(), keys.log_sizes()], &args).await?;
        Ok(())
    }
}

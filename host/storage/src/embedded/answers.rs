//! Remembered answers in the embedded database. Each claim removes a few that have ended, whosever they were.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::answer::{Claimed, Remembered};
use isolet_domain::ids::{Digest, TenantId};
use isolet_domain::repository::{AnswerRepository, RepositoryError};
use jiff::Timestamp;
use redb::{ReadableTable, WriteTransaction};

use super::failure::{Trouble, only_repository};
use super::store::EmbeddedStore;
use super::tables::{ANSWER_COUNTS, ANSWER_ENDS, ANSWERS};
use crate::record::{AnswerRecord, answer_key, decode, encode};

/// Ended ones that a claim removes: more than it adds, so that they do not pile up.
const SWEPT: usize = 16;

fn held(txn: &WriteTransaction, tenant: &TenantId, place: &Digest) -> Result<Option<Remembered>, Trouble> {
    let answers = txn.open_table(ANSWERS)?;
    let Some(record) = answers.get((tenant.as_bytes(), place.as_bytes()))? else { return Ok(None) };
    Ok(Some(decode::<AnswerRecord>(&answer_key(tenant, place), record.value())?))
}

fn put(txn: &WriteTransaction, tenant: &TenantId, place: &Digest, remembered: &Remembered) -> Result<(), Trouble> {
    let record = encode::<AnswerRecord>(&answer_key(tenant, place), remembered);
    let (owner, name) = (tenant.as_bytes(), place.as_bytes());
    if txn.open_table(ANSWERS)?.insert((owner, name), record.as_slice())?.is_none() {
        count(txn, tenant, 1)?;
    }
    txn.open_table(ANSWER_ENDS)?.insert((milliseconds(remembered.ends_at), owner, name), ())?;
    Ok(())
}

fn remove(txn: &WriteTransaction, tenant: &TenantId, place: &Digest) -> Result<(), Trouble> {
    if txn.open_table(ANSWERS)?.remove((tenant.as_bytes(), place.as_bytes()))?.is_some() {
        count(txn, tenant, -1)?;
    }
    Ok(())
}

fn count(txn: &WriteTransaction, tenant: &TenantId, more: i64) -> Result<(), Trouble> {
    let mut counts = txn.open_table(ANSWER_COUNTS)?;
    let now = counts.get(tenant.as_bytes())?.map_or(0, |count| count.value()).saturating_add_signed(more);
    if now == 0 {
        counts.remove(tenant.as_bytes())?;
    } else {
        counts.insert(tenant.as_bytes(), now)?;
    }
    Ok(())
}

fn sweep(txn: &WriteTransaction, now: Timestamp) -> Result<(), Trouble> {
    let mut ended = Vec::new();
    for row in txn.open_table(ANSWER_ENDS)?.iter()?.take(SWEPT) {
        let (row, _) = row?;
        let (at, tenant, place) = row.value();
        if at > milliseconds(now) {
            break;
        }
        ended.push((at, TenantId::from_bytes(*tenant), Digest::from_bytes(*place)));
    }
    for (at, tenant, place) in ended {
        txn.open_table(ANSWER_ENDS)?.remove((at, tenant.as_bytes(), place.as_bytes()))?;
        // Its place may have been taken anew since, or its claim have become an answer.
        if held(txn, &tenant, &place)?.is_some_and(|held| held.ends_at <= now) {
            remove(txn, &tenant, &place)?;
        }
    }
    Ok(())
}

fn milliseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or(0)
}

#[async_trait]
impl AnswerRepository for EmbeddedStore {
    async fn claim_answer(
        &self,
        tenant: &TenantScope,
        place: &Digest,
        claim: &Remembered,
        now: Timestamp,
        keep: usize,
    ) -> Result<Claimed, RepositoryError> {
        let (tenant, place, claim) = (tenant.id(), *place, claim.clone());
        let take = move |txn: &WriteTransaction| {
            let found = held(txn, &tenant, &place)?;
            if let Some(held) = found.filter(|held| held.ends_at > now) {
                return Ok(Claimed::Held(held));
            }
            sweep(txn, now)?;
            remove(txn, &tenant, &place)?;
            let count = txn.open_table(ANSWER_COUNTS)?.get(tenant.as_bytes())?.map_or(0, |count| count.value());
            if count >= keep as u64 {
                return Ok(Claimed::Full);
            }
            put(txn, &tenant, &place, &claim)?;
            Ok(Claimed::Taken)
        };
        self.write(take).await.map_err(only_repository)
    }

    async fn keep_answer(
        &self,
        tenant: &TenantScope,
        place: &Digest,
        remembered: &Remembered,
    ) -> Result<(), RepositoryError> {
        let (tenant, place, remembered) = (tenant.id(), *place, remembered.clone());
        self.write(move |txn| put(txn, &tenant, &place, &remembered)).await.map_err(only_repository)
    }

    async fn forget_answer(&self, tenant: &TenantScope, place: &Digest) -> Result<(), RepositoryError> {
        let (tenant, place) = (tenant.id(), *place);
        self.write(move |txn| remove(txn, &tenant, &place)).await.map_err(only_repository)
    }
}

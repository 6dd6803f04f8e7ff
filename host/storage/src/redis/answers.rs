//! Remembered answers in Redis: a tenant's in one hash, with an index by their end. The one thing here that Redis may forget by
//! itself, once the last of them has ended.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::answer::{Claimed, Remembered};
use isolet_domain::ids::{Digest, TenantId};
use isolet_domain::repository::{AnswerRepository, RepositoryError};
use jiff::Timestamp;

use super::scripts::{Verdict, decide};
use super::store::RedisStore;
use crate::record::{AnswerRecord, answer_key, decode, encode};

impl RedisStore {
    fn answer_places(&self, tenant: &TenantId) -> [String; 2] {
        let keys = self.keys.of(tenant);
        [keys.answers(), keys.ends()]
    }
}

#[async_trait]
impl AnswerRepository for RedisStore {
    async fn claim_answer(
        &self,
        tenant: &TenantScope,
        place: &Digest,
        claim: &Remembered,
        now: Timestamp,
        keep: usize,
    ) -> Result<Claimed, RepositoryError> {
        let key = answer_key(&tenant.id(), place);
        let record = encode::<AnswerRecord>(&key, claim);
        let (name, now, ends) = (place.to_hex(), milliseconds(now), milliseconds(claim.ends_at));
        let keep = keep.to_string();
        let args = [name.as_bytes(), &record, now.as_bytes(), ends.as_bytes(), keep.as_bytes()];
        let (verdict, held): (_, Option<Vec<u8>>) =
            decide(&self.writes, &self.scripts.claim_answer, &self.answer_places(&tenant.id()), &args).await?;
        match (verdict, held) {
            (Verdict::Exists, Some(held)) => Ok(Claimed::Held(decode::<AnswerRecord>(&key, &held)?)),
            (Verdict::Conflict, _) => Ok(Claimed::Full),
            _ => Ok(Claimed::Taken),
        }
    }

    async fn keep_answer(
        &self,
        tenant: &TenantScope,
        place: &Digest,
        remembered: &Remembered,
    ) -> Result<(), RepositoryError> {
        let record = encode::<AnswerRecord>(&answer_key(&tenant.id(), place), remembered);
        let (name, ends) = (place.to_hex(), milliseconds(remembered.ends_at));
        let now = milliseconds(Timestamp::now());
        let args = [name.as_bytes(), &record, now.as_bytes(), ends.as_bytes()];
        let (_, ()) = decide(&self.writes, &self.scripts.keep_answer, &self.answer_places(&tenant.id()), &args).await?;
        Ok(())
    }

    async fn forget_answer(&self, tenant: &TenantScope, place: &Digest) -> Result<(), RepositoryError> {
        let name = place.to_hex();
        let (_, ()) =
            decide(&self.writes, &self.scripts.forget_answer, &self.answer_places(&tenant.id()), &[name.as_bytes()])
                .await?;
        Ok(())
    }
}

fn milliseconds(time: Timestamp) -> String {
    time.as_millisecond().to_string()
}

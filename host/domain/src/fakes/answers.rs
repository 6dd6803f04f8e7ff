//! Remembered answers in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryStore;
use crate::access::TenantScope;
use crate::answer::{Claimed, Remembered};
use crate::ids::Digest;
use crate::repository::{AnswerRepository, RepositoryError};

#[async_trait]
impl AnswerRepository for MemoryStore {
    async fn claim_answer(
        &self,
        tenant: &TenantScope,
        place: &Digest,
        claim: &Remembered,
        now: Timestamp,
        keep: usize,
    ) -> Result<Claimed, RepositoryError> {
        let mut contents = self.open()?;
        contents.answers.retain(|_, held| held.ends_at > now);
        if let Some(held) = contents.answers.get(&(tenant.id(), *place)) {
            return Ok(Claimed::Held(held.clone()));
        }
        if contents.answers.keys().filter(|(owner, _)| *owner == tenant.id()).count() >= keep {
            return Ok(Claimed::Full);
        }
        contents.answers.insert((tenant.id(), *place), claim.clone());
        Ok(Claimed::Taken)
    }

    async fn keep_answer(
        &self,
        tenant: &TenantScope,
        place: &Digest,
        remembered: &Remembered,
    ) -> Result<(), RepositoryError> {
        self.open()?.answers.insert((tenant.id(), *place), remembered.clone());
        Ok(())
    }

    async fn forget_answer(&self, tenant: &TenantScope, place: &Digest) -> Result<(), RepositoryError> {
        self.open()?.answers.remove(&(tenant.id(), *place));
        Ok(())
    }
}

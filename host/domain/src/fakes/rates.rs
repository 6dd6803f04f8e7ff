//! Rates that hosts share, in memory.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::MemoryStore;
use crate::repository::{RateCharge, RateRepository, RepositoryError};

#[async_trait]
impl RateRepository for MemoryStore {
    async fn charge_rates(&self, charges: &[RateCharge]) -> Result<Option<Vec<Duration>>, RepositoryError> {
        let (mut contents, now) = (self.open()?, Instant::now());
        let charge = |charge: &RateCharge| {
            let full_at = contents.rates.entry(charge.tenant).or_insert(now);
            *full_at = (*full_at).max(now) + charge.interval() * charge.count;
            full_at.duration_since(now)
        };
        Ok(Some(charges.iter().map(charge).collect()))
    }
}

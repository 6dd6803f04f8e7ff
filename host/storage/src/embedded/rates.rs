//! Rates in the embedded store: no other host uses it, and the one that does needs nobody to keep them.

use std::time::Duration;

use async_trait::async_trait;
use isolet_domain::repository::{RateCharge, RateRepository, RepositoryError};

use super::store::EmbeddedStore;

#[async_trait]
impl RateRepository for EmbeddedStore {
    async fn charge_rates(&self, _charges: &[RateCharge]) -> Result<Option<Vec<Duration>>, RepositoryError> {
        Ok(None)
    }
}

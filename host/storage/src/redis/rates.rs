//! Rates that hosts share: for each tenant when its bucket will be full, by the server's clock. Late or lost charges do no harm, so nothing
//! here is fenced.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use isolet_domain::repository::{RateCharge, RateRepository, RepositoryError};

use super::store::RedisStore;

#[async_trait]
impl RateRepository for RedisStore {
    async fn charge_rates(&self, charges: &[RateCharge]) -> Result<Option<Vec<Duration>>, RepositoryError> {
        let charged = charges.iter().map(async |charge| {
            let (count, interval) = (charge.count.to_string(), charge.interval().as_micros().to_string());
            let keys = [self.keys.of(&charge.tenant).rate()];
            let full_after: u64 =
                self.link.read(&self.scripts.charge_rate, &keys, &[count.as_bytes(), interval.as_bytes()]).await?;
            Ok(Duration::from_micros(full_after))
        });
        try_join_all(charged).await.map(Some)
    }
}

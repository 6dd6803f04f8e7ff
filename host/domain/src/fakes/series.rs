//! Tallies in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryStore;
use crate::access::TenantScope;
use crate::repository::{RepositoryError, SeriesRepository};
use crate::series::{Keeping, Place, Recorded, Step, Tallies};

#[async_trait]
impl SeriesRepository for MemoryStore {
    async fn put_tallies(
        &self,
        tenant: &TenantScope,
        place: &Place,
        tallies: &Tallies,
        keeping: Keeping,
    ) -> Result<Recorded, RepositoryError> {
        let mut contents = self.open()?;
        if !contents.tenants.contains_key(&tenant.id()) {
            return Ok(Recorded::Kept);
        }
        let now = Timestamp::now().as_second();
        if keeping.closes_after.is_some_and(|grace| now >= place.end() + grace) {
            let known = contents.series.get(&(tenant.id(), *place)).cloned();
            return Ok(Recorded::Closed(known.unwrap_or_default()));
        }
        contents.series.insert((tenant.id(), *place), tallies.clone());
        let of_step = |owner, known: &Place| owner == tenant.id() && known.step == place.step;
        contents.series.retain(|(owner, known), _| !of_step(*owner, known) || known.start >= now - keeping.kept);
        Ok(Recorded::Kept)
    }

    async fn tallies(
        &self,
        tenant: &TenantScope,
        step: Step,
        (from, to): (i64, i64),
    ) -> Result<Vec<(Place, Tallies)>, RepositoryError> {
        let contents = self.open()?;
        let wanted =
            |owner, place: &Place| owner == tenant.id() && place.step == step && (from..to).contains(&place.start);
        let parts = contents.series.iter().filter(|((owner, place), _)| wanted(*owner, place));
        Ok(parts.map(|((_, place), tallies)| (*place, tallies.clone())).collect())
    }
}

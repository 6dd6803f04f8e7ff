//! Tenants' tallies in Redis: for each step a hash with the parts, and their places in order of time. Both end by themselves when nothing
//! was put for as long as they are kept. Whether a window is closed is decided by the server's clock, the only one all hosts share.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::repository::{RepositoryError, SeriesRepository};
use isolet_domain::series::{Keeping, Place, Recorded, Step, Tallies, Writer};

use super::keys::{series_member, series_of_member};
use super::scripts::{Verdict, decide};
use super::store::RedisStore;
use crate::record::{TalliesRecord, decode, encode, series_key};

#[async_trait]
impl SeriesRepository for RedisStore {
    async fn put_tallies(
        &self,
        tenant: &TenantScope,
        place: &Place,
        tallies: &Tallies,
        keeping: Keeping,
    ) -> Result<Recorded, RepositoryError> {
        let key = series_key(&tenant.id(), place);
        let record = encode::<TalliesRecord>(&key, tallies);
        let closes = keeping.closes_after.map_or_else(String::new, |grace| (place.end() + grace).to_string());
        let (member, start, kept) = (series_member(place), place.start.to_string(), keeping.kept.to_string());
        let args = [member.as_bytes(), start.as_bytes(), &record, closes.as_bytes(), kept.as_bytes()];
        let keys = self.keys.of(&tenant.id());
        let keys = [keys.tenant(), keys.series(place.step), keys.windows(place.step)];
        let (verdict, known): (_, Option<Vec<u8>>) =
            decide(&self.writes, &self.scripts.put_tallies, &keys, &args).await?;
        if verdict != Verdict::Conflict {
            return Ok(Recorded::Kept);
        }
        let known = known.map(|record| decode::<TalliesRecord>(&key, &record)).transpose()?;
        Ok(Recorded::Closed(known.unwrap_or_default()))
    }

    async fn tallies(
        &self,
        tenant: &TenantScope,
        step: Step,
        (from, to): (i64, i64),
    ) -> Result<Vec<(Place, Tallies)>, RepositoryError> {
        if to <= from {
            return Ok(Vec::new());
        }
        let keys = self.keys.of(&tenant.id());
        let (from, to) = (from.to_string(), format!("({to}"));
        let keys = [keys.series(step), keys.windows(step)];
        let rows: Vec<(String, Option<Vec<u8>>)> =
            self.blob_link.read(&self.scripts.read_tallies, &keys, &[from.as_bytes(), to.as_bytes()]).await?;
        let parts = rows.into_iter().filter_map(|(member, record)| {
            let (start, writer) = series_of_member(&member)?;
            let place = Place { step, start, writer: Writer(writer) };
            let tallies = decode::<TalliesRecord>(&series_key(&tenant.id(), &place), &record?);
            Some(tallies.map(|tallies| (place, tallies)))
        });
        parts.collect()
    }
}

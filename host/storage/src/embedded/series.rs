//! Tenants' tallies in the embedded database: a row for each part of a window.

use async_trait::async_trait;
use isolet_domain::access::TenantScope;
use isolet_domain::ids::TenantId;
use isolet_domain::repository::{RepositoryError, SeriesRepository};
use isolet_domain::series::{Keeping, Place, Recorded, Step, Tallies, Writer};
use jiff::Timestamp;
use redb::{ReadableTable, WriteTransaction};

use super::failure::{Trouble, only_repository};
use super::store::EmbeddedStore;
use super::tables::{META, SERIES, TENANTS, series_of, step_code};
use crate::record::{TalliesRecord, decode, encode, series_key};

/// Under `META`: the latest second at which a part was put. The clock may be set back, and a closed window stays closed.
const CLOCK: &str = "series_clock";

fn second(start: i64) -> u64 {
    u64::try_from(start).unwrap_or(0)
}

struct Put {
    tenant: TenantId,
    place: Place,
    record: Vec<u8>,
    keeping: Keeping,
}

impl Put {
    fn apply(&self, txn: &WriteTransaction) -> Result<Recorded, Trouble> {
        if txn.open_table(TENANTS)?.get(self.tenant.as_bytes())?.is_none() {
            return Ok(Recorded::Kept);
        }
        let Place { step, start, writer } = self.place;
        let row = (self.tenant.as_bytes(), step_code(step), second(start), u128::from_be_bytes(writer.0));
        let now = clock(txn)?;
        let mut series = txn.open_table(SERIES)?;
        if self.keeping.closes_after.is_some_and(|grace| now >= self.place.end() + grace) {
            let known = series.get(row)?;
            let key = series_key(&self.tenant, &self.place);
            let known = known.map(|record| decode::<TalliesRecord>(&key, record.value())).transpose()?;
            return Ok(Recorded::Closed(known.unwrap_or_default()));
        }
        series.insert(row, self.record.as_slice())?;
        let old = second(now.saturating_sub(self.keeping.kept));
        let range = series_of(&self.tenant, step, 0, old.saturating_sub(1));
        if old > 0 && series.range(range.clone())?.next().is_some() {
            series.retain_in(range, |_, _| false)?;
        }
        Ok(Recorded::Kept)
    }
}

/// The second it is, or was before the clock was set back.
fn clock(txn: &WriteTransaction) -> Result<i64, Trouble> {
    let mut meta = txn.open_table(META)?;
    let noted = meta.get(CLOCK)?.and_then(|noted| noted.value().parse::<i64>().ok()).unwrap_or(0);
    let now = Timestamp::now().as_second();
    if now > noted {
        meta.insert(CLOCK, now.to_string().as_str())?;
    }
    Ok(now.max(noted))
}

#[async_trait]
impl SeriesRepository for EmbeddedStore {
    async fn put_tallies(
        &self,
        tenant: &TenantScope,
        place: &Place,
        tallies: &Tallies,
        keeping: Keeping,
    ) -> Result<Recorded, RepositoryError> {
        let (tenant, place) = (tenant.id(), *place);
        let record = encode::<TalliesRecord>(&series_key(&tenant, &place), tallies);
        let put = Put { tenant, place, record, keeping };
        self.write(move |txn| put.apply(txn)).await.map_err(only_repository)
    }

    async fn tallies(
        &self,
        tenant: &TenantScope,
        step: Step,
        (from, to): (i64, i64),
    ) -> Result<Vec<(Place, Tallies)>, RepositoryError> {
        let tenant = tenant.id();
        if to <= from.max(0) {
            return Ok(Vec::new());
        }
        self.read_much(move |txn| {
            let series = txn.open_table(SERIES)?;
            let mut parts = Vec::new();
            for row in series.range(series_of(&tenant, step, second(from), second(to - 1)))? {
                let (row, record) = row?;
                let (_, _, start, writer) = row.value();
                let start = i64::try_from(start).unwrap_or(i64::MAX);
                let place = Place { step, start, writer: Writer(writer.to_be_bytes()) };
                parts.push((place, decode::<TalliesRecord>(&series_key(&tenant, &place), record.value())?));
            }
            Ok(parts)
        })
        .await
    }
}

//! What `Intl` needs and JavaScript has not: the root collation, which English sorts by, and the time zone database. Both lie in the
//! engine's data, compiled in. Formatting, and everything about locales, is `js/`'s business.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::LazyLock;

use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, Strength};
use icu_collator::preferences::{CollationCaseFirst, CollationNumericOrdering};
use icu_collator::{Collator, CollatorPreferences, provider};
use icu_provider::prelude::*;
use javy::quickjs::convert::List;
use javy::quickjs::{Ctx, Function, Object, Result, Value};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use super::or_null;
use super::text::string;
use crate::engine::Single;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Made when first asked for, by their options' number.
static COLLATORS: Single<RefCell<[Option<Collator>; 64]>> = Single::new(RefCell::new([const { None }; 64]));

pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("compare", Function::new(ctx.clone(), compare)?)?;
    native.set("zoneFind", Function::new(ctx.clone(), zone_find)?)?;
    native.set("zoneNames", Function::new(ctx.clone(), zone_names)?)?;
    native.set("zoneOffset", Function::new(ctx.clone(), zone_offset)?)
}

/// Below, at or above zero. `options` are those of [`collator`].
fn compare(a: Value<'_>, b: Value<'_>, options: usize) -> Result<i32> {
    let (a, b) = (string(&a)?, string(&b)?);
    let mut collators = COLLATORS.borrow_mut();
    let collator = collators[options & 63].get_or_insert_with(|| collator(options));
    Ok(match collator.as_borrowed().compare(&a, &b) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

/// Two bits of sensitivity (base, accent, case, variant), one for numeric, two for the case that comes first (neither, upper, lower)
/// and one for punctuation that does not count.
fn collator(bits: usize) -> Collator {
    let mut options = CollatorOptions::default();
    (options.strength, options.case_level) = match bits & 3 {
        0 => (Some(Strength::Primary), Some(CaseLevel::Off)),
        1 => (Some(Strength::Secondary), Some(CaseLevel::Off)),
        2 => (Some(Strength::Primary), Some(CaseLevel::On)),
        _ => (Some(Strength::Tertiary), Some(CaseLevel::Off)),
    };
    if bits & 32 != 0 {
        options.alternate_handling = Some(AlternateHandling::Shifted);
    }
    let mut preferences = CollatorPreferences::default();
    if bits & 4 != 0 {
        preferences.numeric_ordering = Some(CollationNumericOrdering::True);
    }
    preferences.case_first = match bits >> 3 & 3 {
        0 => None,
        1 => Some(CollationCaseFirst::Upper),
        _ => Some(CollationCaseFirst::Lower),
    };
    Collator::try_new_unstable(&Root, preferences, options).expect("the root collation is compiled in")
}

/// The root collation without any language's tailoring, which would be megabytes.
struct Root;

macro_rules! from_compiled_data {
    ($source:expr; $($marker:ty),*) => {$(
        impl DataProvider<$marker> for Root {
            fn load(&self, request: DataRequest<'_>) -> std::result::Result<DataResponse<$marker>, DataError> {
                DataProvider::<$marker>::load(&$source, request)
            }
        }
    )*};
}

from_compiled_data!(provider::Baked;
    provider::CollationSpecialPrimariesV1, provider::CollationRootV1, provider::CollationDiacriticsV1, provider::CollationJamoV1,
    provider::CollationMetadataV1);
from_compiled_data!(icu_normalizer::provider::Baked;
    icu_normalizer::provider::NormalizerNfdDataV1, icu_normalizer::provider::NormalizerNfdTablesV1);

impl DataProvider<provider::CollationTailoringV1> for Root {
    fn load(
        &self,
        request: DataRequest<'_>,
    ) -> std::result::Result<DataResponse<provider::CollationTailoringV1>, DataError> {
        Err(DataErrorKind::IdentifierNotFound.with_req(provider::CollationTailoringV1::INFO, request))
    }
}

impl DataProvider<provider::CollationReorderingV1> for Root {
    fn load(
        &self,
        request: DataRequest<'_>,
    ) -> std::result::Result<DataResponse<provider::CollationReorderingV1>, DataError> {
        Err(DataErrorKind::IdentifierNotFound.with_req(provider::CollationReorderingV1::INFO, request))
    }
}

/// The zone's name as the database writes it, `null` for none. Case does not matter.
fn zone_find<'js>(ctx: Ctx<'js>, name: String) -> Result<Value<'js>> {
    let zone = ZONES.get(&name).ok();
    or_null(&ctx, zone.as_ref().and_then(|zone| zone.iana_name()))
}

fn zone_names() -> Vec<String> {
    ZONES.available().map(|name| name.as_str().to_owned()).collect()
}

/// Seconds east of Greenwich at a time in milliseconds, and whether that is summer time.
fn zone_offset(name: String, time: f64) -> List<(i32, bool)> {
    let time =
        Timestamp::from_millisecond(time as i64).unwrap_or(if time < 0.0 { Timestamp::MIN } else { Timestamp::MAX });
    List(ZONES.get(&name).map_or((0, false), |zone| {
        let info = zone.to_offset_info(time);
        (info.offset().seconds(), info.dst().is_dst())
    }))
}

//! How many entries of the audit a tenant's credentials may leave on one host, so that nobody fills it: a bucket of places that come back
//! evenly. What was refused may take half of them, and signing in so many of each key's, so that who may do little else cannot keep the
//! tenant from changing anything, or from getting in; and both leave some for taking keys back, so that who floods can be stopped. What was
//! refused beyond that is counted. What the entries are is in `audit`.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::{KeyId, TenantId};

/// Entries of a tenant at once.
pub const ENTRIES: u32 = 10_000;
/// Of these, places that are kept for what is done.
const RESERVED: u32 = ENTRIES / 2;
/// And of those, places that are kept for taking keys back.
const RESERVED_FOR_KEYS: u32 = ENTRIES / 20;
/// How often a place comes back.
pub const COMES_BACK: Duration = Duration::from_secs(5);
/// Entries that signing in with one key may leave at once, and how often a place for one comes back: less often than the tenant's, or one key
/// could take them all.
pub const SIGN_INS: u32 = 100;
const SIGN_IN_COMES_BACK: Duration = Duration::from_secs(60);

/// What somebody is about to do, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Change,
    TakeBackAKey,
    SignIn(Option<KeyId>),
}

/// What becomes of an act that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is written down.
    Write,
    /// It was counted.
    Counted,
    /// One entry is written for so many, this one among them.
    Tell(u64),
}

#[derive(Default)]
pub(super) struct Allowances {
    // Held to look and count, never across an await.
    buckets: Mutex<HashMap<TenantId, Bucket>>,
    /// When each key will have all of its places back.
    // The same.
    sign_ins: Mutex<HashMap<KeyId, Instant>>,
}

struct Bucket {
    full_at: Instant,
    /// Refused acts that no entry tells of yet.
    counted: u64,
}

impl Bucket {
    /// Takes a place, if there are more than so many; else says how long until there are.
    fn take(&mut self, reserved: u32, now: Instant) -> Result<(), Duration> {
        take(&mut self.full_at, COMES_BACK, ENTRIES - reserved, now)
    }
}

/// One of so many places, by the instant at which all of them will be back; else says how long until there is one.
fn take(full_at: &mut Instant, comes_back: Duration, places: u32, now: Instant) -> Result<(), Duration> {
    let full = (*full_at).max(now) + comes_back;
    let latest = now + comes_back * places;
    if full > latest {
        return Err(full - latest);
    }
    *full_at = full;
    Ok(())
}

impl Allowances {
    /// Takes the place of an act that is done; else says how long until there is one.
    pub(super) fn take(&self, tenant: TenantId, doing: Doing) -> Result<(), Duration> {
        let reserved = match doing {
            Doing::TakeBackAKey => 0,
            Doing::Change => RESERVED_FOR_KEYS,
            Doing::SignIn(key) => {
                key.map_or(Ok(()), |key| self.sign_in(key))?;
                RESERVED_FOR_KEYS
            }
        };
        self.with(tenant, |bucket, now| bucket.take(reserved, now))
    }

    fn sign_in(&self, key: KeyId) -> Result<(), Duration> {
        let now = Instant::now();
        let mut sign_ins = self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner);
        take(sign_ins.entry(key).or_insert(now), SIGN_IN_COMES_BACK, SIGN_INS, now)
    }

    /// Takes the place of an act that was refused, or counts it.
    pub(super) fn refuse(&self, tenant: TenantId) -> Refused {
        self.with(tenant, |bucket, now| {
            let place = bucket.take(RESERVED, now);
            if place.is_ok() && bucket.counted == 0 {
                return Refused::Write;
            }
            bucket.counted += 1;
            if place.is_err() { Refused::Counted } else { Refused::Tell(std::mem::take(&mut bucket.counted)) }
        })
    }

    /// Counts acts that no entry tells of yet.
    pub(super) fn count(&self, tenant: TenantId, count: u64) {
        self.with(tenant, |bucket, _| bucket.counted += count);
    }

    /// What was counted, of the tenants that have a place for it, or of all; and forgets who has all places back.
    pub(super) fn counted(&self, of_all: bool) -> Vec<(TenantId, u64)> {
        let (mut told, now) = (Vec::new(), Instant::now());
        self.lock().retain(|tenant, bucket| {
            if bucket.counted > 0 && (bucket.take(RESERVED, now).is_ok() || of_all) {
                told.push((*tenant, std::mem::take(&mut bucket.counted)));
            }
            bucket.counted > 0 || bucket.full_at > now
        });
        self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, full_at| *full_at > now);
        told
    }

    fn with<T>(&self, tenant: TenantId, work: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let now = Instant::now();
        let mut buckets = self.lock();
        work(buckets.entry(tenant).or_insert(Bucket { full_at: now, counted: 0 }), now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_is_counted_beyond_its_half() {
        let (allowances, tenant, other) = (Allowances::default(), TenantId::generate(), TenantId::generate());
        for n in 0..RESERVED {
            assert_eq!(allowances.refuse(tenant), Refused::Write, "{n}");
        }
        for _ in 0..7 {
            assert_eq!(allowances.refuse(tenant), Refused::Counted);
        }
        assert_eq!(allowances.refuse(other), Refused::Write);
        assert_eq!(allowances.counted(false), []);
        tokio::time::advance(COMES_BACK).await;
        assert_eq!(allowances.refuse(tenant), Refused::Tell(8));
        assert_eq!(allowances.refuse(tenant), Refused::Counted);
        // Nor need anything more be refused for it to be told.
        tokio::time::advance(COMES_BACK).await;
        assert_eq!((allowances.counted(false), allowances.counted(false)), (vec![(tenant, 1)], vec![]));
        assert_eq!(allowances.refuse(tenant), Refused::Counted);
        assert_eq!(allowances.counted(true), [(tenant, 1)], "for the last time");
        tokio::time::advance(COMES_BACK).await;
        assert_eq!(allowances.refuse(tenant), Refused::Write);
    }

    #[tokio::test(start_paused = true)]
    async fn changes_have_places_that_nothing_refused_takes() {
        let (allowances, tenant) = (Allowances::default(), TenantId::generate());
        while allowances.refuse(tenant) == Refused::Write {}
        // Who floods keeps nobody from getting in to see it.
        assert_eq!(allowances.take(tenant, Doing::SignIn(Some(KeyId::generate()))), Ok(()));
        let change = || allowances.take(tenant, Doing::Change);
        for n in 1..RESERVED - RESERVED_FOR_KEYS {
            assert_eq!(change(), Ok(()), "{n}");
        }
        let wait = change().expect_err("no place is left");
        assert_eq!(wait, COMES_BACK);
        tokio::time::advance(wait).await;
        assert_eq!(change(), Ok(()));
        assert!(change().is_err());
        for n in 0..RESERVED_FOR_KEYS {
            assert_eq!(allowances.take(tenant, Doing::TakeBackAKey), Ok(()), "{n}");
        }
        assert!(allowances.take(tenant, Doing::TakeBackAKey).is_err());
        // Who has all of them back, and nothing to tell, is forgotten.
        tokio::time::advance(COMES_BACK * ENTRIES).await;
        assert_eq!(allowances.counted(false), [(tenant, 1)]);
        tokio::time::advance(COMES_BACK).await;
        allowances.counted(false);
        assert!(allowances.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn one_key_that_signs_in_without_end_takes_few_places() {
        let (allowances, tenant) = (Allowances::default(), TenantId::generate());
        let (flooding, other) = (KeyId::generate(), KeyId::generate());
        let sign_in = |key| allowances.take(tenant, Doing::SignIn(Some(key)));
        for n in 0..SIGN_INS {
            assert_eq!(sign_in(flooding), Ok(()), "{n}");
        }
        assert_eq!(sign_in(flooding), Err(SIGN_IN_COMES_BACK));
        assert_eq!(sign_in(other), Ok(()));
        tokio::time::advance(SIGN_IN_COMES_BACK).await;
        assert_eq!(sign_in(flooding), Ok(()));
        assert!(sign_in(flooding).is_err());
        // By then the tenant has more places back than it took.
        for n in 0..ENTRIES - RESERVED_FOR_KEYS - SIGN_INS {
            assert_eq!(allowances.take(tenant, Doing::Change), Ok(()), "{n}");
        }
        tokio::time::advance(SIGN_IN_COMES_BACK * SIGN_INS).await;
        allowances.counted(false);
        assert!(allowances.sign_ins.lock().expect("not poisoned").is_empty());
    }
}

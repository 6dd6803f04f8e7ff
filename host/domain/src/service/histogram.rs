//! Durations counted in a fixed set of buckets, for the page of metrics. How they are shown is the business of `api`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds; a last one has all that is longer.
pub const BOUNDS_US: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000,
    60_000_000,
];

#[derive(Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    pub fn count(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(BOUNDS_US.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// How many took at most each of the bounds, and how many there are.
    pub fn read(&self) -> ([u64; BOUNDS_US.len()], u64) {
        let mut sum = 0;
        let up_to = std::array::from_fn(|bucket| {
            sum += self.buckets[bucket].load(Ordering::Relaxed);
            sum
        });
        (up_to, sum + self.buckets[BOUNDS_US.len()].load(Ordering::Relaxed))
    }

    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_in_all_buckets_that_are_long_enough() {
        let histogram = Histogram::default();
        for us in [0, 500, 501, 60_000_000, 60_000_001] {
            histogram.count(Duration::from_micros(us));
        }
        let (up_to, all) = histogram.read();
        assert_eq!((up_to[0], up_to[1], up_to[13], all), (2, 3, 4, 5));
        assert_eq!(histogram.sum(), Duration::from_micros(120_001_002));
        assert!(BOUNDS_US.is_sorted());
    }
}

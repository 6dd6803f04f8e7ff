//! What executions come to in a window of time: counts, sums, and how long they took. How windows are gathered is in
//! `service::series_buffer`; what of them is billed is in `usage`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::FunctionName;
use crate::outcome::Outcome;

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    TenSeconds,
    Minute,
    Hour,
    /// What is billed: a window of it that is over does not change any more.
    Quarter,
}

impl Step {
    pub const ALL: [Self; 4] = [Self::TenSeconds, Self::Minute, Self::Hour, Self::Quarter];
    /// Those that charts are made of, the finest first.
    pub const SERIES: [Self; 3] = [Self::TenSeconds, Self::Minute, Self::Hour];

    pub const fn seconds(self) -> i64 {
        match self {
            Self::TenSeconds => 10,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Quarter => 900,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenSeconds => "10s",
            Self::Minute => "1m",
            Self::Hour => "1h",
            Self::Quarter => "15m",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == raw)
    }

    /// The start of the window that this second lies in, in seconds since 1970.
    pub const fn window(self, second: i64) -> i64 {
        second - second.rem_euclid(self.seconds())
    }
}

/// One start of one host: whoever writes its own part of a window, and nobody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer(pub [u8; 16]);

/// Durations in buckets an eighth of a doubling wide, from a microsecond on: a quantile is off by at most a sixteenth. Sketches of
/// several hosts and windows add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch(Vec<(u8, u64)>);

impl Sketch {
    /// Out of what was written down.
    pub fn of(buckets: impl IntoIterator<Item = (u8, u64)>) -> Self {
        let mut sketch = Self::default();
        buckets.into_iter().for_each(|(bucket, count)| sketch.add_to(bucket, count));
        sketch
    }

    /// Buckets that have any, in order.
    pub fn buckets(&self) -> &[(u8, u64)] {
        &self.0
    }

    pub fn add(&mut self, duration: Duration) {
        self.add_to(bucket_of(duration), 1);
    }

    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(bucket, count)| self.add_to(*bucket, *count));
    }

    fn add_to(&mut self, bucket: u8, count: u64) {
        match self.0.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(count),
            Err(at) => self.0.insert(at, (bucket, count)),
        }
    }

    /// The duration that this share of them, 0 to 1, does not exceed; `None` when there are none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let all: u64 = self.0.iter().map(|(_, count)| count).sum();
        if all == 0 {
            return None;
        }
        let rank = (share.clamp(0.0, 1.0) * all as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let found = self.0.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        found.or(self.0.last()).map(|(bucket, _)| middle_of(*bucket))
    }
}

/// Microseconds up to 15 have a bucket each; from there on eight go to each doubling. The last one has all that is longer.
fn bucket_of(duration: Duration) -> u8 {
    let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    if us < 16 {
        return us as u8;
    }
    let doublings = u64::from(us.ilog2());
    let bucket = 16 + (doublings - 4) * 8 + ((us >> (doublings - 3)) & 7);
    u8::try_from(bucket).unwrap_or(u8::MAX)
}

fn middle_of(bucket: u8) -> Duration {
    if bucket < 16 {
        return Duration::from_micros(u64::from(bucket));
    }
    let (doublings, eighth) = (u64::from(bucket - 16) / 8 + 4, u64::from(bucket - 16) % 8);
    let width = 1_u64 << (doublings - 3);
    Duration::from_micros((8 + eighth) * width + width / 2)
}

/// One execution, as it is counted.
#[derive(Clone, Copy, Debug)]
pub struct Execution {
    pub outcome: Outcome,
    pub duration: Duration,
    pub cpu: Duration,
    pub memory_peak_bytes: u64,
    pub cold: bool,
    pub subrequests: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub egress_bytes: u64,
}

/// What several came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub requests: u64,
    /// Those that there were.
    pub outcomes: BTreeMap<Outcome, u64>,
    pub durations: Sketch,
    pub duration_us: u64,
    pub cpu_us: u64,
    pub memory_peak_bytes: u64,
    /// Peak times duration, summed: kibibytes times milliseconds.
    pub memory_kib_ms: u64,
    pub cold_starts: u64,
    pub subrequests: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub egress_bytes: u64,
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Tally {
    pub fn add(&mut self, execution: &Execution) {
        let Execution { duration, memory_peak_bytes: peak, .. } = *execution;
        *self.outcomes.entry(execution.outcome).or_default() += 1;
        self.durations.add(duration);
        self.sum(&Self {
            requests: 1,
            duration_us: us(duration),
            cpu_us: us(execution.cpu),
            memory_peak_bytes: peak,
            memory_kib_ms: (peak >> 10).saturating_mul(us(duration)) / 1_000,
            cold_starts: u64::from(execution.cold),
            subrequests: execution.subrequests,
            request_bytes: execution.request_bytes,
            response_bytes: execution.response_bytes,
            egress_bytes: execution.egress_bytes,
            ..Self::default()
        });
    }

    pub fn merge(&mut self, other: &Self) {
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += count;
        }
        self.durations.merge(&other.durations);
        self.sum(other);
    }

    /// Those that did not end as they should.
    pub fn failed(&self) -> u64 {
        self.requests.saturating_sub(self.outcomes.get(&Outcome::Ok).copied().unwrap_or(0))
    }

    /// What is here and not in `other`, which was here before.
    #[must_use]
    pub fn since(&self, other: &Self) -> Self {
        let mut rest = Self { outcomes: BTreeMap::new(), durations: Sketch::default(), ..self.clone() };
        for (field, before) in rest.sums_mut().into_iter().zip(other.sums()) {
            *field = field.saturating_sub(before);
        }
        rest
    }

    fn sum(&mut self, other: &Self) {
        self.memory_peak_bytes = self.memory_peak_bytes.max(other.memory_peak_bytes);
        for (field, more) in self.sums_mut().into_iter().zip(other.sums()) {
            *field = field.saturating_add(more);
        }
    }

    fn sums(&self) -> [u64; 9] {
        [
            self.requests,
            self.duration_us,
            self.cpu_us,
            self.memory_kib_ms,
            self.cold_starts,
            self.subrequests,
            self.request_bytes,
            self.response_bytes,
            self.egress_bytes,
        ]
    }

    fn sums_mut(&mut self) -> [&mut u64; 9] {
        [
            &mut self.requests,
            &mut self.duration_us,
            &mut self.cpu_us,
            &mut self.memory_kib_ms,
            &mut self.cold_starts,
            &mut self.subrequests,
            &mut self.request_bytes,
            &mut self.response_bytes,
            &mut self.egress_bytes,
        ]
    }
}

/// A tenant's, by function; `None` for code that came with a run.
pub type Tallies = BTreeMap<Option<FunctionName>, Tally>;

/// Adds what is in one to the other: whole, or what is billed alone.
pub fn merge(into: &mut Tallies, from: &Tallies, whole: bool) {
    for (function, tally) in from {
        let known = into.entry(function.clone()).or_default();
        if whole {
            known.merge(tally);
        } else {
            known.sum(tally);
        }
    }
}

/// Where one host's part of one window lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub step: Step,
    /// Of the window, in seconds since 1970.
    pub start: i64,
    pub writer: Writer,
}

impl Place {
    pub fn end(&self) -> i64 {
        self.start + self.step.seconds()
    }
}

/// How long parts are kept, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    pub kept: i64,
    /// How long after its end a window closes, where it does.
    pub closes_after: Option<i64>,
}

/// What became of a part that was put.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    Kept,
    /// The window had been closed; this is what it has of this host.
    Closed(Tallies),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn quantiles_are_off_by_a_sixteenth_at_most() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.quantile(0.5), None);
        (1..=10_000_u64).for_each(|us| sketch.add(Duration::from_micros(us * 37)));
        for (share, expected) in [(0.0, 37.0), (0.5, 185_000.0), (0.95, 351_500.0), (0.99, 366_300.0), (1.0, 370_000.0)]
        {
            let found = sketch.quantile(share).expect("there are some").as_secs_f64() * 1e6;
            assert!((found - expected).abs() <= expected / 16.0, "{share}: {found} and not {expected}");
        }
    }

    #[test]
    fn every_duration_has_a_bucket_and_lies_near_its_middle() {
        let mut last = 0;
        let near = |us: u64| {
            let bucket = bucket_of(Duration::from_micros(us));
            let middle = middle_of(bucket).as_micros() as f64;
            assert!(bucket == u8::MAX || (middle - us as f64).abs() <= us as f64 / 16.0, "{us}: {middle}");
            bucket
        };
        for us in 0..200_000 {
            let bucket = near(us);
            assert!(bucket >= last && bucket - last <= 1, "{us}");
            last = bucket;
        }
        assert!((18..64).all(|bit| near(1_u64 << bit) > last));
        // The longest that a run may take has a bucket of its own kind.
        assert!(bucket_of(ms(900_000)) < u8::MAX);
    }

    #[test]
    fn parts_add_up_however_they_are_cut() {
        let execution = |number: u64| Execution {
            outcome: Outcome::ALL[number as usize % 3],
            duration: ms(number),
            cpu: Duration::from_micros(number * 10),
            memory_peak_bytes: number << 20,
            cold: number.is_multiple_of(7),
            subrequests: number % 2,
            request_bytes: 1,
            response_bytes: number,
            egress_bytes: 3,
        };
        let of = |numbers: std::ops::Range<u64>| {
            let mut tally = Tally::default();
            numbers.for_each(|number| tally.add(&execution(number)));
            tally
        };
        let (whole, mut parts) = (of(0..100), of(0..33));
        let before = parts.clone();
        parts.merge(&of(33..100));
        assert_eq!(parts, whole);
        let rest = whole.since(&before);
        assert_eq!((rest.requests, rest.cpu_us), (67, whole.cpu_us - before.cpu_us));
        assert_eq!(whole.memory_peak_bytes, 99 << 20);
    }

    #[test]
    fn windows_begin_at_whole_steps_also_before_1970() {
        assert_eq!((Step::Minute.window(61), Step::Minute.window(59), Step::Minute.window(-1)), (60, 0, -60));
        for step in Step::ALL {
            assert_eq!(Step::parse(step.as_str()), Some(step));
            assert_eq!(3_600 % step.seconds(), 0);
        }
    }
}

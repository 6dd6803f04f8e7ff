//! What is counted while the host works, without names: as many numbers as there are outcomes, however many tenants. How they are
//! shown is the business of `api`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::histogram::Histogram;
use crate::log::Via;
use crate::outcome::Outcome;

/// One count for each outcome.
pub struct ByOutcome([AtomicU64; Outcome::ALL.len()]);

impl Default for ByOutcome {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl ByOutcome {
    pub fn count(&self, outcome: Outcome) {
        // `ALL` lists the variants in the order of their discriminants.
        self.0[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn read(&self) -> impl Iterator<Item = (Outcome, u64)> + '_ {
        Outcome::ALL.iter().map(|outcome| (*outcome, self.0[*outcome as usize].load(Ordering::Relaxed)))
    }
}

#[derive(Default)]
pub struct Counters {
    /// Invocations through the ingress and the invoke route.
    pub invocations: ByOutcome,
    /// One-off runs.
    pub runs: ByOutcome,
    /// Builds by how they ended; `ok` counts those that were really built.
    pub builds: ByOutcome,
    /// Invocations and runs that found their code ready, and those that did not.
    pub warm: AtomicU64,
    pub cold: AtomicU64,
    /// Records of requests that the store has, those that were left out because a tenant had too many, and batches that the store
    /// did not take when they were sent.
    pub log_records: AtomicU64,
    pub log_records_dropped: AtomicU64,
    pub log_batches_refused: AtomicU64,
    /// From the arrival of invocations and runs to the end of their instances.
    pub durations: Histogram,
    /// How long those waited that found no place at once, whether they got one or not.
    pub queue_waits: Histogram,
    /// Flushes of series and usage that the store did not take.
    pub series_refused: AtomicU64,
    in_flight: AtomicU64,
    /// Executions that are still to be written down.
    pub(super) open: AtomicU64,
}

/// Counts one as in flight until it is dropped.
pub struct InFlight(Arc<Counters>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Everything that was counted to its end: it differs when there was work in between.
    pub fn ended(&self) -> u64 {
        [&self.invocations, &self.runs, &self.builds]
            .into_iter()
            .flat_map(ByOutcome::read)
            .map(|(_, count)| count)
            .sum()
    }

    /// Returns once all that ended is written down; what goes on after its answer is waited for this long.
    pub(super) async fn settled(&self, at_most: Duration) {
        let settled = async {
            while self.open.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let _ = tokio::time::timeout(at_most, settled).await;
    }

    pub(super) fn enter(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }

    /// One that ended, by the way it came.
    pub(super) fn count(&self, via: Via, outcome: Outcome) {
        match via {
            Via::Ingress | Via::Invoke => self.invocations.count(outcome),
            Via::Run => self.runs.count(outcome),
        }
    }

    pub(super) fn count_cache(&self, cached: bool) {
        let counter = if cached { &self.warm } else { &self.cold };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

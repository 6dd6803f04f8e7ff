//! Executions on their way into tenants' series: what they come to since the last flush, in windows of the finest step. Keeping them is the
//! work of `activity`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::access::TenantScope;
use crate::ids::{FunctionName, TenantId};
use crate::series::{Execution, Step, Tallies, Tally};

/// Locks that tenants share, so that two that are busy seldom wait for each other.
const SHARDS: usize = 16;

#[derive(Default)]
pub(super) struct SeriesBuffer {
    // Each is held to count one execution, or to take all; never across an await.
    shards: [Mutex<HashMap<TenantId, Counted>>; SHARDS],
}

/// What a tenant's executions came to, by the start of the window.
pub(super) struct Counted {
    pub(super) scope: Arc<TenantScope>,
    pub(super) windows: Vec<(i64, Tallies)>,
}

impl SeriesBuffer {
    pub(super) fn note(
        &self,
        scope: &Arc<TenantScope>,
        function: &Option<FunctionName>,
        second: i64,
        execution: &Execution,
    ) {
        let window = Step::TenSeconds.window(second);
        // The last byte of an id is random.
        let at = usize::from(scope.id().as_bytes()[15]) % SHARDS;
        let mut shard = self.shards[at].lock().unwrap_or_else(PoisonError::into_inner);
        let counted =
            shard.entry(scope.id()).or_insert_with(|| Counted { scope: scope.clone(), windows: Vec::with_capacity(1) });
        // The newest is the last: nearly all belong there.
        let found = counted.windows.iter().rposition(|(start, _)| *start == window);
        let found = found.unwrap_or_else(|| {
            counted.windows.push((window, Tallies::new()));
            counted.windows.len() - 1
        });
        let tallies = &mut counted.windows[found].1;
        match tallies.get_mut(function) {
            Some(tally) => tally.add(execution),
            None => {
                let mut tally = Tally::default();
                tally.add(execution);
                tallies.insert(function.clone(), tally);
            }
        }
    }

    /// All there is.
    pub(super) fn take(&self) -> Vec<Counted> {
        let mut taken = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            taken.extend(shard.drain().map(|(_, counted)| counted));
            // What a burst left is not kept for ever.
            shard.shrink_to(64);
        }
        taken
    }
}

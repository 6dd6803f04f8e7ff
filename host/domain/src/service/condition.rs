//! What has to hold of what is there for a change to be made. It is asked at that very moment, and perhaps more than once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `None`: nothing is there.
pub type Holds<T> = Arc<dyn Fn(Option<&T>) -> bool + Send + Sync>;

/// For a change that may always be made.
pub fn always<T>() -> Holds<T> {
    Arc::new(|_| true)
}

/// Remembers whether the condition held when it was last asked.
pub(super) struct Gate<T> {
    holds: Holds<T>,
    held: AtomicBool,
}

impl<T> Gate<T> {
    pub(super) fn new(holds: Holds<T>) -> Self {
        Self { holds, held: AtomicBool::new(true) }
    }

    pub(super) fn ask(&self, found: Option<&T>) -> bool {
        let held = (self.holds)(found);
        self.held.store(held, Ordering::Release);
        held
    }

    pub(super) fn held(&self) -> bool {
        self.held.load(Ordering::Acquire)
    }
}

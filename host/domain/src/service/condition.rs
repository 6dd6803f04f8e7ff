//! What has to hold of what is there for a change to be made. It is asked at that very moment, and perhaps more than once.

use std::sync::{Arc, Mutex, PoisonError};

/// What a condition says of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    /// Nothing was demanded, and there is something to lose.
    Missing,
    Failed,
}

/// `None`: nothing is there.
pub type Condition<T> = Arc<dyn Fn(Option<&T>) -> Verdict + Send + Sync>;

/// For a change that may always be made.
pub fn always<T>() -> Condition<T> {
    Arc::new(|_| Verdict::Holds)
}

/// Remembers what the condition said when it was last asked.
pub(super) struct Gate<T> {
    condition: Condition<T>,
    // Held to note or read one word.
    said: Mutex<Verdict>,
}

impl<T> Gate<T> {
    pub(super) fn new(condition: Condition<T>) -> Self {
        Self { condition, said: Mutex::new(Verdict::Holds) }
    }

    /// Whether the change may be made.
    pub(super) fn ask(&self, found: Option<&T>) -> bool {
        let verdict = (self.condition)(found);
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = verdict;
        verdict == Verdict::Holds
    }

    pub(super) fn said(&self) -> Verdict {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn held(&self) -> bool {
        self.said() == Verdict::Holds
    }
}

//! What a server's clock says, without asking it again.

use std::time::Instant;

#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) server_ms: i64,
    /// When the answer came, so that an estimate is never ahead of the server: a fence is rather too strict.
    pub(super) at: Instant,
}

impl Clock {
    pub(super) fn server_ms_at(self, instant: Instant) -> i64 {
        let later = instant.saturating_duration_since(self.at).as_millis();
        self.server_ms.saturating_add(i64::try_from(later).unwrap_or(i64::MAX))
    }
}

//! What is remembered of a request that has a key of its own (`Idempotency-Key`), so that sending it again does nothing again. Where
//! it is kept is `repository`'s; who claims and when it is forgotten is in `service/answers`.

use jiff::Timestamp;

use crate::ids::Digest;
use crate::secret::Sealed;

/// One request, and its answer once there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Of the request as it was sent: another one under the same key is a mistake.
    pub request: Digest,
    /// `None` while it is on its way.
    pub answer: Option<Sealed>,
    /// From then on it is forgotten.
    pub ends_at: Timestamp,
}

/// What came of claiming a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is the caller's now.
    Taken,
    /// Somebody has it.
    Held(Remembered),
    /// There are as many as there may be.
    Full,
}

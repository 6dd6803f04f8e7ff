//! Why a run does not begin, and as which outcome that counts.

use super::request::InvalidRequest;
use crate::egress::NotAllowed;
use crate::execute::BuildError;
use crate::ids::Digest;
use crate::outcome::Outcome;
use crate::repository::RepositoryError;
use crate::service::admission::NotAdmitted;
use crate::service::preparation::PrepareError;
use crate::service::storage::StorageError;

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("there is no such function")]
    UnknownFunction,
    #[error("nothing has been deployed to the function yet")]
    NotDeployed,
    #[error("there is no such version")]
    UnknownVersion,
    #[error("there is no such run")]
    UnknownRun,
    #[error("the run is not over, or its request was not kept whole and cannot be sent again")]
    NotReplayable,
    #[error(transparent)]
    Request(#[from] InvalidRequest),
    #[error(transparent)]
    Egress(#[from] NotAllowed),
    #[error("the request's body is larger than the {limit_bytes} bytes that it may have")]
    BodyTooLarge { limit_bytes: u64 },
    #[error("the tenant is gone")]
    UnknownTenant,
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("the code `{0}` is missing from the store")]
    MissingCode(Digest),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl From<PrepareError> for RunError {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Build(error) => Self::Build(error),
            PrepareError::MissingCode(digest) => Self::MissingCode(digest),
            PrepareError::Repository(error) => Self::Repository(error),
        }
    }
}

pub(super) fn outcome(error: &RunError) -> Outcome {
    match error {
        RunError::NotAdmitted(error) => error.outcome(),
        RunError::Build(error) => error.outcome(),
        RunError::UnknownFunction
        | RunError::NotDeployed
        | RunError::UnknownVersion
        | RunError::UnknownRun
        | RunError::UnknownTenant => Outcome::NotFound,
        RunError::NotReplayable | RunError::Request(_) | RunError::BodyTooLarge { .. } | RunError::Egress(_) => {
            Outcome::NotFound
        }
        RunError::Storage(StorageError::Full(_)) => Outcome::QuotaExceeded,
        RunError::MissingCode(_) | RunError::Storage(_) | RunError::Repository(_) => Outcome::Internal,
    }
}

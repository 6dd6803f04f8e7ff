//! Requests with a key of their own: done once, and answered again as they were. What an answer looks like is the caller's business;
//! here it is bytes, sealed with the host's key because a new API key's secret may be in it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::authority::Authority;
use crate::access::{Credential, TenantScope};
use crate::answer::{Claimed, Remembered};
use crate::ids::Digest;
use crate::repository::{Repository, RepositoryError};

/// How long an answer is remembered.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a request may be on its way: more than the longest run and its build. A host that ended before it answered holds its
/// claims for as long.
const ON_ITS_WAY_FOR: Duration = Duration::from_secs(20 * 60);
/// Answers remembered for one tenant, and for the operator's keys together.
const MAX_OF_TENANT: usize = 10_000;
const MAX_OF_OPERATOR: usize = 1_000_000;

#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("a request with this key is on its way")]
    InFlight,
    #[error("another request was sent with this key")]
    Reused,
    #[error("the answer to the request with this key was too large to be remembered")]
    NotKept,
    #[error("too many requests with keys of their own are remembered")]
    Full,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// A request that names itself.
#[derive(Clone, Debug)]
pub struct NamedRequest {
    owner: TenantScope,
    place: Digest,
    request: Digest,
}

impl NamedRequest {
    /// `owner`: the tenant whose credential it is, or nobody for the operator's. Keys of different credentials never meet.
    pub fn new(credential: &Credential, owner: Option<TenantScope>, key: &str, request: Digest) -> Self {
        let holder = credential.key.map_or_else(|| "operator".to_owned(), |id| id.to_string());
        let place = Digest::of(format!("{holder} {key}").as_bytes());
        Self { owner: owner.unwrap_or_else(TenantScope::local), place, request }
    }

    fn is_operators(&self) -> bool {
        self.owner == TenantScope::local()
    }
}

pub struct RememberedAnswers {
    repository: Arc<dyn Repository>,
    authority: Arc<Authority>,
}

impl RememberedAnswers {
    pub(super) fn new(repository: Arc<dyn Repository>, authority: Arc<Authority>) -> Self {
        Self { repository, authority }
    }

    /// `None`: it is new, and whoever asks has to do it and say what came of it. Otherwise the answer that was given.
    pub async fn claim(&self, named: &NamedRequest) -> Result<Option<Vec<u8>>, AnswerError> {
        let now = Timestamp::now();
        let claim = Remembered { request: named.request, answer: None, ends_at: now + ON_ITS_WAY_FOR };
        let keep = if named.is_operators() { MAX_OF_OPERATOR } else { MAX_OF_TENANT };
        match self.repository.claim_answer(&named.owner, &named.place, &claim, now, keep).await? {
            Claimed::Taken => Ok(None),
            Claimed::Full => Err(AnswerError::Full),
            Claimed::Held(held) if held.request != named.request => Err(AnswerError::Reused),
            Claimed::Held(Remembered { answer: None, .. }) => Err(AnswerError::InFlight),
            Claimed::Held(Remembered { answer: Some(sealed), .. }) => {
                // Sealed by a host with another master key: there is an answer, and it cannot be told.
                let answer = self.authority.open_answer(&named.place, &sealed).map_err(|_| AnswerError::NotKept)?;
                if answer.is_empty() { Err(AnswerError::NotKept) } else { Ok(Some(answer)) }
            }
        }
    }

    /// Remembers what was answered; `None` where it is too large, and asking again will say so.
    pub async fn keep(&self, named: &NamedRequest, answer: Option<&[u8]>) -> Result<(), RepositoryError> {
        let sealed = self.authority.seal_answer(&named.place, answer.unwrap_or_default());
        let ends_at = Timestamp::now() + REMEMBERED_FOR;
        let remembered = Remembered { request: named.request, answer: Some(sealed), ends_at };
        self.repository.keep_answer(&named.owner, &named.place, &remembered).await
    }

    /// Forgets the claim: nothing was done, and it can be tried again.
    pub async fn release(&self, named: &NamedRequest) -> Result<(), RepositoryError> {
        self.repository.forget_answer(&named.owner, &named.place).await
    }
}

//! Looking at code without running it, for an editor: how often a tenant may ask, and as whose work it counts.

use std::sync::Arc;
use std::time::Duration;

use super::admission::{Admissions, NotAdmitted, Standing};
use super::counters::Counters;
use crate::access::TenantScope;
use crate::code::Code;
use crate::execute::{BuildError, Diagnostic, GuestExecutor, PrepareOptions};
use crate::limits::{Admission, Budgets, Limits};

/// What one tenant may have checked: an editor asks at every pause in typing, and a check costs a compile.
const ADMISSION: Admission = Admission {
    budgets: Budgets::NONE,
    stored_bytes: None,
    concurrency: 4,
    concurrency_of_all: 100,
    queue: 16,
    queue_wait: Duration::from_secs(1),
    rate_per_second: 20,
};

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    #[error(transparent)]
    Build(#[from] BuildError),
}

pub struct Checks {
    executor: Arc<dyn GuestExecutor>,
    admissions: Admissions,
    limits: Limits,
}

impl Checks {
    pub(super) fn new(executor: Arc<dyn GuestExecutor>, limits: Limits) -> Self {
        // Counted apart: a check is no invocation in flight.
        Self { executor, admissions: Admissions::new(ADMISSION.concurrency_of_all, Arc::<Counters>::default()), limits }
    }

    /// How this tenant stands with its rate of checks.
    pub fn standing(&self, scope: &TenantScope) -> Standing {
        self.admissions.standing(scope.id(), &ADMISSION)
    }

    /// What is wrong with the code, and what is doubtful. Empty when nothing is.
    pub async fn check(&self, scope: &TenantScope, code: &Code) -> Result<Vec<Diagnostic>, CheckError> {
        let _permit = self.admissions.enter(scope.id(), &ADMISSION).await?;
        Ok(self.executor.check(scope, code, PrepareOptions { limits: self.limits, fresh: true }).await?)
    }
}

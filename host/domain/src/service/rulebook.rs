//! Which limits count: those of the plan, lowered by the tenant's, lowered by the function's. A call may lower them further.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::TenantScope;
use crate::function::Function;
use crate::limits::{Admission, LimitBounds, Limits};
use crate::repository::{Repository, RepositoryError};
use crate::tenant::Tenant;

pub(super) struct Rulebook {
    repository: Arc<dyn Repository>,
    limits: Limits,
    admission: Admission,
    plans: Arc<BTreeMap<String, LimitBounds>>,
}

impl Rulebook {
    pub(super) fn new(
        repository: Arc<dyn Repository>,
        (limits, admission): (Limits, Admission),
        plans: Arc<BTreeMap<String, LimitBounds>>,
    ) -> Self {
        Self { repository, limits, admission, plans }
    }

    /// A plan that this host does not know, or nobody's, is the host's own settings.
    pub(super) fn of(&self, tenant: &Tenant, function: Option<&Function>) -> (Limits, Admission) {
        let mut limits = self.limits;
        let mut admission = self.admission;
        if let Some(plan) = self.plans.get(&tenant.plan) {
            // A plan may give more than the host's usual, never more than there is.
            limits = plan.over(limits).tightened_by(Limits::MAX);
            admission.concurrency = plan.concurrency.unwrap_or(admission.concurrency);
            admission.budgets = plan.budgets_over(admission.budgets);
            admission.stored_bytes = plan.stored_bytes.or(admission.stored_bytes);
            admission.rate_per_second = plan.rate_per_second.unwrap_or(admission.rate_per_second);
        }
        limits = tenant.limits.tighten(limits);
        admission = tenant.limits.tighten_admission(admission);
        if let Some(function) = function {
            limits = function.limits.tighten(limits);
        }
        (limits, admission)
    }

    /// How many of a function's newest versions stay that no alias names, one at least; `None` is all.
    pub(super) fn versions_kept(&self, tenant: &Tenant, function: Option<&Function>) -> Option<u32> {
        let plan = self.plans.get(&tenant.plan).and_then(|plan| plan.versions_kept);
        let function = function.and_then(|function| function.limits.versions_kept);
        [plan, tenant.limits.versions_kept, function].into_iter().flatten().min().map(|kept| kept.max(1))
    }

    /// The limits of one invocation or build, for who has no record of the tenant at hand. A tenant that is gone has none to lose.
    pub(super) async fn limits(
        &self,
        tenant: &TenantScope,
        function: Option<&Function>,
    ) -> Result<Limits, RepositoryError> {
        let found = self.repository.tenant_by_id(&tenant.id()).await?;
        Ok(found.map_or(self.limits, |tenant| self.of(&tenant, function).0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::fakes::MemoryStore;
    use crate::ids::{FunctionName, TenantSlug};

    #[test]
    fn of_all_words_about_versions_the_lowest_counts() {
        let kept = |versions_kept| LimitBounds { versions_kept, ..LimitBounds::default() };
        let plans = BTreeMap::from([("ten".to_owned(), kept(Some(10))), ("none".to_owned(), kept(Some(0)))]);
        let book = Rulebook::new(Arc::new(MemoryStore::new()), (Limits::DEFAULT, Admission::DEFAULT), Arc::new(plans));
        let now = Timestamp::UNIX_EPOCH;
        let mut tenant = Tenant::new(TenantSlug::parse("acme").expect("valid"), now);
        let mut function = Function::new(FunctionName::parse("hello").expect("valid"), now);
        for (plan, of_tenant, of_function, counts) in [
            ("default", None, None, None),
            ("default", None, Some(7), Some(7)),
            ("default", Some(5), Some(7), Some(5)),
            ("ten", None, None, Some(10)),
            ("ten", Some(20), Some(30), Some(10)),
            ("ten", Some(20), Some(3), Some(3)),
            ("none", None, None, Some(1)),
        ] {
            plan.clone_into(&mut tenant.plan);
            (tenant.limits, function.limits) = (kept(of_tenant), kept(of_function));
            assert_eq!(book.versions_kept(&tenant, Some(&function)), counts, "{plan} {of_tenant:?} {of_function:?}");
        }
    }

    #[test]
    fn the_lowest_counts_and_a_plan_is_where_it_begins() {
        let cpu = |ms: u64| LimitBounds { cpu: Some(Duration::from_millis(ms)), ..LimitBounds::default() };
        let gold = LimitBounds { concurrency: Some(500), rate_per_second: Some(9), ..cpu(900) };
        let endless = cpu(u64::MAX);
        let plans = BTreeMap::from([("gold".to_owned(), gold), ("endless".to_owned(), endless)]);
        let book = Rulebook::new(Arc::new(MemoryStore::new()), (Limits::DEFAULT, Admission::DEFAULT), Arc::new(plans));
        let now = Timestamp::UNIX_EPOCH;
        let mut tenant = Tenant::new(TenantSlug::parse("acme").expect("valid"), now);
        let mut function = Function::new(FunctionName::parse("hello").expect("valid"), now);
        let told = |tenant: &Tenant, function: &Function| {
            let (limits, admission) = book.of(tenant, Some(function));
            (limits.cpu.as_millis(), admission.concurrency, admission.rate_per_second)
        };
        assert_eq!(told(&tenant, &function), (50, 32, 200));
        tenant.limits = cpu(70);
        assert_eq!(told(&tenant, &function), (50, 32, 200));
        tenant.plan = "gold".to_owned();
        assert_eq!(told(&tenant, &function), (70, 500, 9));
        tenant.limits = LimitBounds { concurrency: Some(3), ..LimitBounds::default() };
        assert_eq!(told(&tenant, &function), (900, 3, 9));
        function.limits = cpu(20);
        assert_eq!(told(&tenant, &function), (20, 3, 9));
        function.limits = cpu(2_000);
        assert_eq!(told(&tenant, &function), (900, 3, 9));
        tenant.plan = "endless".to_owned();
        function.limits = LimitBounds::default();
        assert_eq!(told(&tenant, &function).0, Limits::MAX.cpu.as_millis());
        tenant.plan = "no such plan".to_owned();
        assert_eq!(told(&tenant, &function), (50, 3, 200));
    }
}

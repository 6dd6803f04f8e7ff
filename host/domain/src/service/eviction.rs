//! What tenants that were suspended or deleted still have in flight ends, a grace after: on every host that shares the store, and asked of
//! it only for tenants one of whose invocations goes on for longer. Who may come in is in `admission`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::ids::TenantId;
use crate::repository::{Repository, RepositoryError};
use crate::tenant::{Tenant, TenantStatus};

/// One tenant's invocations in flight, as a whole.
pub(super) struct Presence {
    tenant: TenantId,
    /// One of them has been there for a while.
    lingers: AtomicBool,
    must_end: AtomicBool,
}

impl Presence {
    pub(super) fn of(tenant: TenantId) -> Self {
        Self { tenant, lingers: AtomicBool::new(false), must_end: AtomicBool::new(false) }
    }

    /// Somebody was let in, so the tenant is not suspended, as far as this host knows.
    pub(super) fn welcome(&self) {
        self.must_end.store(false, Ordering::Release);
    }

    /// Asked by an invocation that goes on.
    pub(super) fn must_end(&self) -> bool {
        self.lingers.store(true, Ordering::Release);
        self.must_end.load(Ordering::Acquire)
    }
}

/// Looks after those that linger.
pub(super) async fn evict(
    repository: &Arc<dyn Repository>,
    present: Vec<Arc<Presence>>,
    grace: Duration,
) -> Result<(), RepositoryError> {
    for presence in present {
        if presence.lingers.swap(false, Ordering::AcqRel) {
            let tenant = repository.tenant_by_id(&presence.tenant).await?;
            let over = tenant.is_none_or(|tenant| is_over(&tenant, grace, Timestamp::now()));
            presence.must_end.store(over, Ordering::Release);
        }
    }
    Ok(())
}

fn is_over(tenant: &Tenant, grace: Duration, now: Timestamp) -> bool {
    let since = tenant.suspension.as_ref().map(|suspension| suspension.since);
    tenant.status == TenantStatus::Suspended
        && since.is_none_or(|since| now.duration_since(since).unsigned_abs() >= grace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::MemoryStore;
    use crate::ids::TenantSlug;
    use crate::tenant::Suspension;

    #[tokio::test]
    async fn a_suspended_tenants_invocations_end_after_the_grace_and_no_others() {
        const GRACE: Duration = Duration::from_secs(5);
        let repository: Arc<dyn Repository> = Arc::new(MemoryStore::new());
        let tenant = |slug: &str| Tenant::new(TenantSlug::parse(slug).expect("valid"), Timestamp::now());
        let (active, fresh, over) = (tenant("active"), tenant("fresh"), tenant("over"));
        for tenant in [&active, &fresh, &over] {
            repository.create_tenant(tenant).await.expect("created");
        }
        for (tenant, ago) in [(&fresh, 0), (&over, 6)] {
            let since = Timestamp::now() - jiff::SignedDuration::from_secs(ago);
            let suspend = move |tenant: &mut Tenant| {
                tenant.status = TenantStatus::Suspended;
                tenant.suspension = Some(Suspension { reason: String::new(), code: String::new(), since });
            };
            repository.update_tenant(&tenant.id, &suspend).await.expect("suspended");
        }
        let gone = Tenant::new(fresh.slug.clone(), Timestamp::now());
        let presence = |tenant: &Tenant| Arc::new(Presence::of(tenant.id));
        let present: Vec<_> = [&active, &fresh, &over, &gone].map(presence).into();
        evict(&repository, present.clone(), GRACE).await.expect("looked");
        let asked = |present: &[Arc<Presence>]| present.iter().map(|presence| presence.must_end()).collect::<Vec<_>>();
        assert_eq!(asked(&present), [false; 4], "nobody is looked after who does not linger");
        evict(&repository, present.clone(), GRACE).await.expect("looked");
        assert_eq!(asked(&present), [false, false, true, true]);
        present[2].welcome();
        assert!(!present[2].must_end(), "it was let in again");
    }
}

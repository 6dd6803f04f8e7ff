//! A tenant: a customer of whoever operates this host. What it owns lives in `function`, `key` and `run`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::egress::EgressPolicy;
use crate::ids::{EnvName, TenantId, TenantSlug};
use crate::limits::LimitBounds;
use crate::secret::Sealed;

/// The plan of whoever has no other.
pub const DEFAULT_PLAN: &str = "default";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: TenantSlug,
    /// Free text for the operator's own use.
    pub labels: BTreeMap<String, String>,
    /// The plan its limits come from.
    pub plan: String,
    /// What the operator set for it, beside its plan. The lowest counts.
    pub limits: LimitBounds,
    pub status: TenantStatus,
    /// Why, while it is suspended and somebody said so.
    pub suspension: Option<Suspension>,
    /// The operator's word about this tenant, in place of the host's ceiling.
    pub ceiling: Option<Arc<EgressPolicy>>,
    pub egress: Option<Arc<EgressPolicy>>,
    /// The key its secrets are sealed with, itself sealed with the host's. Made with the first secret.
    pub data_key: Option<Sealed>,
    pub secrets: BTreeMap<EnvName, Sealed>,
    /// What all its code finds in `env`, below what its functions set.
    pub env: BTreeMap<EnvName, String>,
    pub created_at: Timestamp,
}

/// What the operator says about a suspension. The tenant may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// For people.
    pub reason: String,
    /// For programs.
    pub code: String,
    pub since: Timestamp,
}

/// The longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantStatus {
    Active,
    /// Nothing of it runs until it is resumed.
    Suspended,
}

impl TenantStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    pub fn parse(raw: &str) -> Option<Self> {
        [Self::Active, Self::Suspended].into_iter().find(|status| status.as_str() == raw)
    }
}

impl Tenant {
    pub fn new(slug: TenantSlug, now: Timestamp) -> Self {
        Self {
            id: TenantId::generate(),
            slug,
            labels: BTreeMap::new(),
            plan: DEFAULT_PLAN.to_owned(),
            limits: LimitBounds::default(),
            status: TenantStatus::Active,
            suspension: None,
            ceiling: None,
            egress: None,
            data_key: None,
            secrets: BTreeMap::new(),
            env: BTreeMap::new(),
            created_at: now,
        }
    }
}

//! A tenant: a customer of whoever operates this host. What it owns lives in `function`, `key` and `run`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::egress::EgressPolicy;
use crate::ids::{EnvName, TenantId, TenantSlug};
use crate::secret::Sealed;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: TenantSlug,
    /// Free text for the operator's own use.
    pub labels: BTreeMap<String, String>,
    /// The plan its limits come from.
    pub plan: String,
    pub status: TenantStatus,
    /// The operator's word about this tenant, in place of the host's ceiling.
    pub ceiling: Option<Arc<EgressPolicy>>,
    pub egress: Option<Arc<EgressPolicy>>,
    /// The key its secrets are sealed with, itself sealed with the host's. Made with the first secret.
    pub data_key: Option<Sealed>,
    pub secrets: BTreeMap<EnvName, Sealed>,
    pub created_at: Timestamp,
}

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
            plan: "default".to_owned(),
            status: TenantStatus::Active,
            ceiling: None,
            egress: None,
            data_key: None,
            secrets: BTreeMap::new(),
            created_at: now,
        }
    }
}

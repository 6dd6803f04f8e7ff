//! The written form of tenants.

use std::collections::BTreeMap;

use isolet_domain::ids::{TenantId, TenantSlug};
use isolet_domain::tenant::{Suspension, Tenant, TenantStatus};
use serde::{Deserialize, Serialize};

use super::egress::{
    PolicyRecord, SecretsRecord, into_policy, into_sealed, into_secrets, of_policy, of_sealed, of_secrets,
};
use super::envelope::{Record, parse, parse_time};
use super::function::{into_env, of_env};
use super::limits::LimitsRecord;

#[derive(Serialize, Deserialize)]
pub(crate) struct TenantRecord {
    id: String,
    slug: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    plan: String,
    #[serde(default, skip_serializing_if = "LimitsRecord::is_empty")]
    limits: LimitsRecord,
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspension: Option<SuspensionRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ceiling: PolicyRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    egress: PolicyRecord,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: SecretsRecord,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_key: Option<String>,
    created_at: String,
}

#[derive(Serialize, Deserialize)]
struct SuspensionRecord {
    reason: String,
    code: String,
    since: String,
}

impl SuspensionRecord {
    fn of(suspension: &Suspension) -> Self {
        let Suspension { reason, code, since } = suspension;
        Self { reason: reason.clone(), code: code.clone(), since: since.to_string() }
    }

    fn into_domain(self) -> Result<Suspension, String> {
        Ok(Suspension { reason: self.reason, code: self.code, since: parse_time("since", &self.since)? })
    }
}

impl Record for TenantRecord {
    type Domain = Tenant;

    fn of(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            slug: tenant.slug.to_string(),
            labels: tenant.labels.clone(),
            plan: tenant.plan.clone(),
            limits: LimitsRecord::of(&tenant.limits),
            status: tenant.status.as_str().to_owned(),
            suspension: tenant.suspension.as_ref().map(SuspensionRecord::of),
            ceiling: of_policy(tenant.ceiling.as_ref()),
            egress: of_policy(tenant.egress.as_ref()),
            secrets: of_secrets(&tenant.secrets),
            env: of_env(&tenant.env),
            data_key: tenant.data_key.as_ref().map(of_sealed),
            created_at: tenant.created_at.to_string(),
        }
    }

    fn into_domain(self) -> Result<Tenant, String> {
        Ok(Tenant {
            id: parse("id", &self.id, TenantId::parse)?,
            slug: parse("slug", &self.slug, TenantSlug::parse)?,
            labels: self.labels,
            plan: self.plan,
            // An unknown status is an error and no guess: it might mean that nothing of this tenant may run.
            status: TenantStatus::parse(&self.status).ok_or_else(|| format!("`status`: unknown {:?}", self.status))?,
            limits: self.limits.into_domain(),
            suspension: self.suspension.map(SuspensionRecord::into_domain).transpose()?,
            ceiling: into_policy(self.ceiling)?,
            egress: into_policy(self.egress)?,
            secrets: into_secrets(self.secrets)?,
            env: into_env(self.env)?,
            data_key: self.data_key.as_deref().map(into_sealed).transpose()?,
            created_at: parse_time("created_at", &self.created_at)?,
        })
    }
}

//! The written form of tenants and of API keys.

use std::collections::BTreeMap;

use isolet_domain::access::Preset;
use isolet_domain::ids::{Digest, KeyId, TenantId, TenantSlug};
use isolet_domain::key::Key;
use isolet_domain::tenant::{Tenant, TenantStatus};
use serde::{Deserialize, Serialize};

use super::egress::{
    PolicyRecord, SecretsRecord, into_policy, into_sealed, into_secrets, of_policy, of_sealed, of_secrets,
};
use super::envelope::{Record, parse, parse_time};

#[derive(Serialize, Deserialize)]
pub(crate) struct TenantRecord {
    id: String,
    slug: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    plan: String,
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ceiling: PolicyRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    egress: PolicyRecord,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: SecretsRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_key: Option<String>,
    created_at: String,
}

impl Record for TenantRecord {
    type Domain = Tenant;

    fn of(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            slug: tenant.slug.to_string(),
            labels: tenant.labels.clone(),
            plan: tenant.plan.clone(),
            status: tenant.status.as_str().to_owned(),
            ceiling: of_policy(tenant.ceiling.as_ref()),
            egress: of_policy(tenant.egress.as_ref()),
            secrets: of_secrets(&tenant.secrets),
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
            ceiling: into_policy(self.ceiling)?,
            egress: into_policy(self.egress)?,
            secrets: into_secrets(self.secrets)?,
            data_key: self.data_key.as_deref().map(into_sealed).transpose()?,
            created_at: parse_time("created_at", &self.created_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    id: String,
    name: String,
    preset: String,
    tenant: Option<String>,
    hash: String,
    created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl Record for KeyRecord {
    type Domain = Key;

    fn of(key: &Key) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            preset: key.preset.as_str().to_owned(),
            tenant: key.tenant.map(|tenant| tenant.to_string()),
            hash: key.hash.to_string(),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|end| end.to_string()),
        }
    }

    fn into_domain(self) -> Result<Key, String> {
        let tenant = match &self.tenant {
            Some(tenant) => Some(parse("tenant", tenant, TenantId::parse)?),
            None => None,
        };
        Ok(Key {
            id: parse("id", &self.id, KeyId::parse)?,
            name: self.name,
            // An unknown preset is an error: nobody can say what such a key may do.
            preset: Preset::parse(&self.preset).ok_or_else(|| format!("`preset`: unknown {:?}", self.preset))?,
            tenant,
            hash: parse("hash", &self.hash, Digest::parse)?,
            created_at: parse_time("created_at", &self.created_at)?,
            expires_at: self.expires_at.map(|end| parse_time("expires_at", &end)).transpose()?,
        })
    }
}

//! Tenants and their keys on the wire.

use std::collections::{BTreeMap, BTreeSet};

use isolet_domain::access::{Credential, Scope};
use isolet_domain::bounds::MAX_NETWORKS;
use isolet_domain::key::Key;
use isolet_domain::tenant::Tenant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::suspension::SuspensionResponse;
use crate::answer::ResponseBody;
use crate::strict_json::{RequestBody, UniqueMap};
use crate::wire::words::{PresetWord, ScopeWord, StatusWord, Time};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTenantRequest {
    /// Part of the addresses of its functions; it never changes.
    #[schemars(regex(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"), length(max = 30))]
    pub slug: String,
    #[serde(default)]
    pub labels: UniqueMap<String>,
    pub plan: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTenantRequest {
    pub labels: Option<UniqueMap<String>>,
    pub plan: Option<String>,
}

#[derive(JsonSchema, Serialize)]
pub struct TenantResponse {
    id: String,
    slug: String,
    labels: BTreeMap<String, String>,
    plan: String,
    #[schemars(with = "StatusWord")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension: Option<SuspensionResponse>,
    #[schemars(with = "Time")]
    created_at: String,
}

impl From<Tenant> for TenantResponse {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id.to_string(),
            slug: tenant.slug.to_string(),
            labels: tenant.labels,
            plan: tenant.plan,
            status: tenant.status.as_str(),
            suspension: tenant.suspension.map(SuspensionResponse::from),
            created_at: tenant.created_at.to_string(),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKeyRequest {
    #[schemars(with = "PresetWord")]
    pub preset: String,
    #[serde(default)]
    pub name: String,
    /// Of the preset's scopes, these alone.
    #[schemars(with = "Option<Vec<ScopeWord>>")]
    pub scopes: Option<Vec<String>>,
    /// Names of functions, or beginnings of names and `*`: these alone.
    pub functions: Option<Vec<String>>,
    /// Networks of IPv4 and IPv6, such as `10.0.0.0/8`, or single addresses: from these alone. From elsewhere it is like a key that there is
    /// none of.
    #[schemars(length(min = 1, max = MAX_NETWORKS))]
    pub cidr: Option<Vec<String>>,
    /// When it ends: then, or with the key that asks for it.
    #[schemars(with = "Option<Time>")]
    pub expires_at: Option<String>,
}

#[derive(JsonSchema, Serialize)]
pub struct KeyResponse {
    id: String,
    /// The secret, in the one answer that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    name: String,
    #[schemars(with = "PresetWord")]
    preset: &'static str,
    #[schemars(with = "Vec<ScopeWord>")]
    scopes: Vec<&'static str>,
    /// Absent: all of the tenant's, and the tenant itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    functions: Option<Vec<String>>,
    /// Absent: it is good from everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    cidr: Option<Vec<String>>,
    #[schemars(with = "Option<Time>")]
    expires_at: Option<String>,
    #[schemars(with = "Time")]
    created_at: String,
    /// To within some minutes.
    #[schemars(with = "Option<Time>")]
    last_used_at: Option<String>,
}

impl KeyResponse {
    pub fn new(key: Key, secret: Option<String>) -> Self {
        Self {
            id: key.id.to_string(),
            key: secret,
            scopes: scopes(&key.credential()),
            name: key.name,
            preset: key.preset.as_str(),
            functions: texts(key.bounds.functions.as_ref()),
            cidr: texts(key.bounds.networks.as_ref()),
            expires_at: key.bounds.expires_at.map(|end| end.to_string()),
            created_at: key.created_at.to_string(),
            last_used_at: key.last_used_at.map(|used| used.to_string()),
        }
    }
}

fn scopes(credential: &Credential) -> Vec<&'static str> {
    credential.scopes().into_iter().map(Scope::as_str).collect()
}

fn texts<T: ToString>(bound: Option<&BTreeSet<T>>) -> Option<Vec<String>> {
    bound.map(|all| all.iter().map(ToString::to_string).collect())
}

/// Exactly one of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSessionRequest {
    pub link: Option<String>,
    pub key: Option<String>,
}

#[derive(JsonSchema, Serialize)]
pub struct SessionResponse {
    pub token: String,
    #[schemars(with = "Time")]
    pub expires_at: String,
    #[serde(flatten)]
    pub caller: CallerResponse,
}

/// A one-time link: the console's address with `#t=` and this behind it.
#[derive(JsonSchema, Serialize)]
pub struct SignInLinkResponse {
    pub token: String,
    #[schemars(with = "Time")]
    pub expires_at: String,
}

/// What a credential may do, and where.
#[derive(JsonSchema, Serialize)]
pub struct CallerResponse {
    tenant: Option<String>,
    #[schemars(with = "Vec<ScopeWord>")]
    scopes: Vec<&'static str>,
    #[schemars(with = "PresetWord")]
    preset: &'static str,
}

impl CallerResponse {
    pub fn new(credential: &Credential, tenant: Option<&Tenant>) -> Self {
        Self {
            tenant: tenant.map(|tenant| tenant.slug.to_string()),
            scopes: scopes(credential),
            preset: credential.preset.as_str(),
        }
    }
}

impl RequestBody for CreateTenantRequest {}
impl RequestBody for UpdateTenantRequest {}
impl RequestBody for CreateKeyRequest {}
impl RequestBody for OpenSessionRequest {}

impl ResponseBody for TenantResponse {
    const TAGGED: bool = true;
    fn subject(&self) -> Option<String> {
        Some(self.slug.clone())
    }
}
impl ResponseBody for KeyResponse {
    fn subject(&self) -> Option<String> {
        Some(self.id.clone())
    }
}
impl ResponseBody for SignInLinkResponse {}
impl ResponseBody for SessionResponse {}
impl ResponseBody for CallerResponse {}

//! The written form of functions and of their versions.

use std::collections::BTreeMap;

use isolet_domain::function::{Function, FunctionKind, Version};
use isolet_domain::ids::{Digest, EnvName, FunctionName, VersionId};
use serde::{Deserialize, Serialize};

use super::alias::{AliasRecord, into_aliases, of_aliases};
use super::egress::{PolicyRecord, SecretsRecord, into_policy, into_secrets, of_policy, of_secrets};
use super::envelope::{Record, parse, parse_time};
use super::limits::LimitsRecord;

#[derive(Serialize, Deserialize)]
pub(crate) struct FunctionRecord {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    live: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    aliases: BTreeMap<String, AliasRecord>,
    next_number: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    removals: u64,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "LimitsRecord::is_empty")]
    limits: LimitsRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    egress: PolicyRecord,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: SecretsRecord,
    created_at: String,
    updated_at: String,
}

impl Record for FunctionRecord {
    type Domain = Function;

    fn of(function: &Function) -> Self {
        Self {
            name: function.name.to_string(),
            kind: (function.kind != FunctionKind::Js).then(|| function.kind.as_str().to_owned()),
            labels: function.labels.clone(),
            live: function.live().map(VersionId::to_string),
            aliases: of_aliases(&function.aliases),
            next_number: function.next_number,
            removals: function.removals,
            env: of_env(&function.env),
            limits: LimitsRecord::of(&function.limits),
            egress: of_policy(function.egress.as_ref()),
            secrets: of_secrets(&function.secrets),
            created_at: function.created_at.to_string(),
            updated_at: function.updated_at.to_string(),
        }
    }

    fn into_domain(self) -> Result<Function, String> {
        let updated_at = parse_time("updated_at", &self.updated_at)?;
        let kind = self.kind.as_deref().map(|kind| FunctionKind::parse(kind).ok_or("kind: it is none that is known"));
        Ok(Function {
            name: parse("name", &self.name, FunctionName::parse)?,
            kind: kind.transpose()?.unwrap_or_default(),
            labels: self.labels,
            aliases: into_aliases(self.aliases, self.live.as_deref(), updated_at)?,
            next_number: self.next_number,
            removals: self.removals,
            env: into_env(self.env)?,
            limits: self.limits.into_domain(),
            egress: into_policy(self.egress)?,
            secrets: into_secrets(self.secrets)?,
            created_at: parse_time("created_at", &self.created_at)?,
            updated_at,
        })
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Variables, of a tenant's record as well.
pub(super) fn of_env(env: &BTreeMap<EnvName, String>) -> BTreeMap<String, String> {
    env.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
}

pub(super) fn into_env(env: BTreeMap<String, String>) -> Result<BTreeMap<EnvName, String>, String> {
    env.into_iter().map(|(name, value)| Ok((parse("env", &name, EnvName::parse)?, value))).collect()
}

#[derive(Serialize, Deserialize)]
pub(crate) struct VersionRecord {
    id: String,
    digest: String,
    number: u64,
    main_module: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    overlay_bytes: u64,
    #[serde(default)]
    startup_cpu_us: u64,
    created_at: String,
}

impl Record for VersionRecord {
    type Domain = Version;

    fn of(version: &Version) -> Self {
        Self {
            id: version.id.to_string(),
            digest: version.digest.to_string(),
            number: version.number,
            main_module: version.main_module.clone(),
            message: version.message.clone(),
            overlay_bytes: version.overlay_bytes,
            startup_cpu_us: version.startup_cpu_us,
            created_at: version.created_at.to_string(),
        }
    }

    fn into_domain(self) -> Result<Version, String> {
        Ok(Version {
            id: parse("id", &self.id, VersionId::parse)?,
            digest: parse("digest", &self.digest, Digest::parse)?,
            number: self.number,
            main_module: self.main_module,
            message: self.message,
            overlay_bytes: self.overlay_bytes,
            startup_cpu_us: self.startup_cpu_us,
            created_at: parse_time("created_at", &self.created_at)?,
        })
    }
}

//! The written form of rules for outgoing requests and of sealed secrets: parts of the records of tenants and functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use isolet_domain::egress::{Action, EgressPolicy, EgressRule, HostPattern, Injection};
use isolet_domain::ids::EnvName;
use isolet_domain::secret::Sealed;
use serde::{Deserialize, Serialize};

use super::envelope::parse;

#[derive(Serialize, Deserialize)]
pub(super) struct RuleRecord {
    allow: bool,
    host: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ports: Vec<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    methods: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    path_prefix: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inject: Vec<InjectionRecord>,
    #[serde(default)]
    private: bool,
}

#[derive(Serialize, Deserialize)]
struct InjectionRecord {
    header: String,
    secret: String,
    prefix: String,
}

pub(super) type PolicyRecord = Option<Vec<RuleRecord>>;
/// Name → base 64 of nonce and sealed bytes.
pub(super) type SecretsRecord = BTreeMap<String, String>;

pub(super) fn of_policy(policy: Option<&Arc<EgressPolicy>>) -> PolicyRecord {
    let rule = |rule: &EgressRule| RuleRecord {
        allow: rule.action == Action::Allow,
        host: rule.host.to_string(),
        ports: rule.ports.clone(),
        methods: rule.methods.clone(),
        path_prefix: rule.path_prefix.clone(),
        inject: rule
            .inject
            .iter()
            .map(|Injection { header, secret, prefix }| InjectionRecord {
                header: header.clone(),
                secret: secret.clone(),
                prefix: prefix.clone(),
            })
            .collect(),
        private: rule.private,
    };
    policy.map(|policy| policy.rules.iter().map(rule).collect())
}

pub(super) fn into_policy(record: PolicyRecord) -> Result<Option<Arc<EgressPolicy>>, String> {
    let Some(rules) = record else { return Ok(None) };
    let rule = |rule: RuleRecord| {
        Ok(EgressRule {
            action: if rule.allow { Action::Allow } else { Action::Deny },
            host: parse("host", &rule.host, HostPattern::parse)?,
            ports: rule.ports,
            methods: rule.methods,
            path_prefix: rule.path_prefix,
            inject: rule
                .inject
                .into_iter()
                .map(|InjectionRecord { header, secret, prefix }| Injection { header, secret, prefix })
                .collect(),
            private: rule.private,
        })
    };
    let rules = rules.into_iter().map(rule).collect::<Result<_, String>>()?;
    Ok(Some(Arc::new(EgressPolicy { rules })))
}

pub(super) fn of_sealed(sealed: &Sealed) -> String {
    STANDARD_NO_PAD.encode(sealed.as_bytes())
}

pub(super) fn into_sealed(record: &str) -> Result<Sealed, String> {
    parse("secret", record, |text| STANDARD_NO_PAD.decode(text)).map(Sealed::from_bytes)
}

pub(super) fn of_secrets(secrets: &BTreeMap<EnvName, Sealed>) -> SecretsRecord {
    secrets.iter().map(|(name, sealed)| (name.to_string(), of_sealed(sealed))).collect()
}

pub(super) fn into_secrets(record: SecretsRecord) -> Result<BTreeMap<EnvName, Sealed>, String> {
    let secret =
        |(name, sealed): (String, String)| Ok((parse("secrets", &name, EnvName::parse)?, into_sealed(&sealed)?));
    record.into_iter().map(secret).collect()
}

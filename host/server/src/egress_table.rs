//! The `[egress]` table of the settings: the ceiling over what tenants allow themselves.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use isolet_domain::egress::{Action, EgressPolicy, EgressRule, HostPattern};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressTable {
    /// The first rule that matches decides; what none matches is denied.
    pub ceiling: Vec<RuleTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTable {
    action: ActionName,
    host: String,
    #[serde(default)]
    ports: Vec<u16>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    path_prefix: String,
    #[serde(default)]
    private_addresses: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ActionName {
    Allow,
    Deny,
}

impl EgressTable {
    /// # Errors
    /// Names the rule that cannot be.
    pub fn policy(&self) -> Result<Arc<EgressPolicy>> {
        let rules = self
            .ceiling
            .iter()
            .enumerate()
            .map(|(index, rule)| rule.rule().with_context(|| format!("[egress] ceiling, rule {}", index + 1)));
        Ok(Arc::new(EgressPolicy { rules: rules.collect::<Result<_>>()? }))
    }
}

impl RuleTable {
    fn rule(&self) -> Result<EgressRule> {
        let rule = EgressRule {
            action: match self.action {
                ActionName::Allow => Action::Allow,
                ActionName::Deny => Action::Deny,
            },
            host: HostPattern::parse(&self.host)?,
            ports: self.ports.clone(),
            methods: self.methods.clone(),
            path_prefix: self.path_prefix.clone(),
            inject: Vec::new(),
            private: self.private_addresses,
        };
        rule.check().with_context(|| rule.check().err().map_or_else(String::new, |error| error.field().to_owned()))?;
        Ok(rule)
    }
}

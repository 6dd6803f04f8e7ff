//! The `[egress]` table of the settings: the ceiling over what tenants allow themselves. Rules are written as in requests.

use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use isolet_api::{PolicyText, RuleText};
use isolet_domain::egress::EgressPolicy;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressTable {
    /// The first rule that matches decides; what none matches is denied.
    pub ceiling: Vec<RuleText>,
}

impl EgressTable {
    /// # Errors
    /// Names the first rule that cannot be.
    pub fn policy(&self) -> Result<Arc<EgressPolicy>> {
        let text = PolicyText { rules: self.ceiling.clone() };
        let policy = text.into_domain("").map_err(|faults| {
            let said = faults.first().map(|fault| format!("{}: {}", fault.pointer, fault.detail)).unwrap_or_default();
            anyhow!("[egress] ceiling: {said}")
        })?;
        // A ceiling opens; what is sent is for those who own the secrets to say.
        ensure!(policy.rules.iter().all(|rule| rule.inject.is_empty()), "[egress] ceiling: its rules inject nothing");
        Ok(Arc::new(policy))
    }
}

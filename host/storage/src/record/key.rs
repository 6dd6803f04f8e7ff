//! The written form of API keys. A key that is bound more tightly than its preset is written with a preset that hosts without bounds
//! do not know, so that they refuse it and do not take it for more than it is.

use std::collections::BTreeSet;

use isolet_domain::access::{Preset, Scope};
use isolet_domain::bounds::{Bounds, FunctionPattern};
use isolet_domain::ids::{Digest, KeyId, TenantId};
use isolet_domain::key::Key;
use serde::{Deserialize, Serialize};

use super::envelope::{Record, parse, parse_time};

const BOUND: &str = "bound";

#[derive(Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    id: String,
    name: String,
    preset: String,
    /// The preset of a key that is bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound_preset: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    functions: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    tenant: Option<String>,
    hash: String,
    created_at: String,
}

impl Record for KeyRecord {
    type Domain = Key;

    fn of(key: &Key) -> Self {
        let Bounds { scopes, functions, expires_at } = &key.bounds;
        let preset = key.preset.as_str().to_owned();
        let (preset, bound_preset) =
            if key.bounds.is_none() { (preset, None) } else { (BOUND.to_owned(), Some(preset)) };
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            preset,
            bound_preset,
            scopes: scopes.as_ref().map(|scopes| scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
            functions: functions.as_ref().map(|names| names.iter().map(FunctionPattern::to_string).collect()),
            expires_at: expires_at.map(|end| end.to_string()),
            last_used_at: key.last_used_at.map(|used| used.to_string()),
            tenant: key.tenant.map(|tenant| tenant.to_string()),
            hash: key.hash.to_string(),
            created_at: key.created_at.to_string(),
        }
    }

    fn into_domain(self) -> Result<Key, String> {
        // An unknown preset is an error: nobody can say what such a key may do.
        let preset = self.bound_preset.as_ref().filter(|_| self.preset == BOUND).unwrap_or(&self.preset);
        let preset = Preset::parse(preset).ok_or_else(|| format!("`preset`: unknown {preset:?}"))?;
        // A scope that only a later host knows allows nothing here.
        let scopes = self.scopes.map(|scopes| scopes.iter().filter_map(|scope| Scope::parse(scope)).collect());
        let pattern = |text: &String| parse("functions", text, FunctionPattern::parse);
        let functions = self.functions.map(|names| names.iter().map(pattern).collect::<Result<BTreeSet<_>, _>>());
        let time = |name: &str, text: Option<String>| text.map(|text| parse_time(name, &text)).transpose();
        Ok(Key {
            id: parse("id", &self.id, KeyId::parse)?,
            name: self.name,
            preset,
            tenant: self.tenant.map(|tenant| parse("tenant", &tenant, TenantId::parse)).transpose()?,
            bounds: Bounds {
                scopes,
                functions: functions.transpose()?,
                expires_at: time("expires_at", self.expires_at)?,
            },
            hash: parse("hash", &self.hash, Digest::parse)?,
            created_at: parse_time("created_at", &self.created_at)?,
            last_used_at: time("last_used_at", self.last_used_at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::envelope::{encode, key_key};
    use super::*;

    #[test]
    fn hosts_without_bounds_do_not_know_the_preset_of_a_bound_key() {
        let hash = Digest::of(b"secret");
        let key = Key {
            id: KeyId::generate(),
            name: String::new(),
            preset: Preset::Tenant,
            tenant: Some(TenantId::generate()),
            bounds: Bounds::default(),
            hash,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            last_used_at: None,
        };
        let written = |key: &Key| String::from_utf8(encode::<KeyRecord>(&key_key(&hash), key)).expect("JSON is UTF-8");
        assert!(written(&key).contains(r#""preset":"tenant""#) && !written(&key).contains("bound"));
        for bounds in [
            Bounds { scopes: Some(BTreeSet::new()), ..Bounds::default() },
            Bounds { functions: Some(BTreeSet::new()), ..Bounds::default() },
            Bounds { expires_at: Some(jiff::Timestamp::MAX), ..Bounds::default() },
        ] {
            let bound = written(&Key { bounds, ..key.clone() });
            assert!(bound.contains(r#""preset":"bound""#) && Preset::parse("bound").is_none(), "{bound}");
        }
    }
}

//! The written form of API keys. A key that is bound more tightly than its preset is written with a preset that hosts without bounds
//! do not know, and one that is bound to networks with one that hosts without those do not know, so that they refuse it and do not take it
//! for more than it is.

use std::collections::BTreeSet;

use isolet_domain::access::{Preset, Scope};
use isolet_domain::bounds::{Bounds, FunctionPattern};
use isolet_domain::ids::{Digest, KeyId, TenantId};
use isolet_domain::key::Key;
use isolet_domain::network::Network;
use serde::{Deserialize, Serialize};

use super::envelope::{Record, parse, parse_time};

const BOUND: &str = "bound";
const BOUND_TO_NETWORKS: &str = "bound-to-networks";

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
    cidr: Option<Vec<String>>,
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
        let Bounds { scopes, functions, networks, expires_at } = &key.bounds;
        let preset = key.preset.as_str().to_owned();
        let (preset, bound_preset) = match networks {
            Some(_) => (BOUND_TO_NETWORKS.to_owned(), Some(preset)),
            None if key.bounds.is_none() => (preset, None),
            None => (BOUND.to_owned(), Some(preset)),
        };
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            preset,
            bound_preset,
            scopes: scopes.as_ref().map(|scopes| scopes.iter().map(|scope| scope.as_str().to_owned()).collect()),
            functions: functions.as_ref().map(|names| names.iter().map(FunctionPattern::to_string).collect()),
            cidr: networks.as_ref().map(|networks| networks.iter().map(Network::to_string).collect()),
            expires_at: expires_at.map(|end| end.to_string()),
            last_used_at: key.last_used_at.map(|used| used.to_string()),
            tenant: key.tenant.map(|tenant| tenant.to_string()),
            hash: key.hash.to_string(),
            created_at: key.created_at.to_string(),
        }
    }

    fn into_domain(self) -> Result<Key, String> {
        // An unknown preset is an error: nobody can say what such a key may do.
        let is_bound = self.preset == BOUND || self.preset == BOUND_TO_NETWORKS;
        let preset = self.bound_preset.as_ref().filter(|_| is_bound).unwrap_or(&self.preset);
        let preset = Preset::parse(preset).ok_or_else(|| format!("`preset`: unknown {preset:?}"))?;
        // A scope that only a later host knows allows nothing here.
        let scopes = self.scopes.map(|scopes| scopes.iter().filter_map(|scope| Scope::parse(scope)).collect());
        let pattern = |text: &String| parse("functions", text, FunctionPattern::parse);
        let functions = self.functions.map(|names| names.iter().map(pattern).collect::<Result<BTreeSet<_>, _>>());
        let network = |text: &String| parse("cidr", text, Network::parse);
        let networks = self.cidr.map(|texts| texts.iter().map(network).collect::<Result<BTreeSet<_>, _>>());
        // Without them it would be good from everywhere.
        if self.preset == BOUND_TO_NETWORKS && networks.is_none() {
            return Err("`cidr`: a key that is bound to networks has none".to_owned());
        }
        let time = |name: &str, text: Option<String>| text.map(|text| parse_time(name, &text)).transpose();
        Ok(Key {
            id: parse("id", &self.id, KeyId::parse)?,
            name: self.name,
            preset,
            tenant: self.tenant.map(|tenant| parse("tenant", &tenant, TenantId::parse)).transpose()?,
            bounds: Bounds {
                scopes,
                functions: functions.transpose()?,
                networks: networks.transpose()?,
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
    use super::super::envelope::{decode, encode, key_key};
    use super::*;

    fn key() -> Key {
        Key {
            id: KeyId::generate(),
            name: String::new(),
            preset: Preset::Tenant,
            tenant: Some(TenantId::generate()),
            bounds: Bounds::default(),
            hash: Digest::of(b"secret"),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            last_used_at: None,
        }
    }

    fn written(key: &Key) -> String {
        String::from_utf8(encode::<KeyRecord>(&key_key(&key.hash), key)).expect("JSON is UTF-8")
    }

    #[test]
    fn hosts_without_bounds_do_not_know_the_preset_of_a_bound_key() {
        let key = key();
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

    #[test]
    fn hosts_without_networks_do_not_know_the_preset_of_a_key_that_is_bound_to_some() {
        let networks = ["10.0.0.0/8", "2001:db8::1"].map(|raw| Network::parse(raw).expect("valid"));
        let bound = |networks: Vec<Network>| {
            let networks = Some(networks.into_iter().collect());
            Key { bounds: Bounds { networks, expires_at: Some(jiff::Timestamp::MAX), ..Bounds::default() }, ..key() }
        };
        for key in [bound(networks.into()), bound(Vec::new())] {
            let text = written(&key);
            // What is no preset they take for an unknown one, whatever else is there.
            assert!(text.contains(r#""preset":"bound-to-networks","bound_preset":"tenant""#), "{text}");
            assert!(Preset::parse(BOUND_TO_NETWORKS).is_none() && BOUND_TO_NETWORKS != BOUND);
            let read = decode::<KeyRecord>(&key_key(&key.hash), text.as_bytes()).expect("readable");
            assert_eq!(read, key);
        }
        // A record that lost them is no key of everywhere.
        let key = bound(networks.into());
        let lost = written(&key).replace(r#""cidr":["10.0.0.0/8","2001:db8::1/128"],"#, "");
        let read = decode::<KeyRecord>(&key_key(&key.hash), lost.as_bytes());
        assert!(!lost.contains("cidr") && read.is_err(), "{read:?}");
    }
}

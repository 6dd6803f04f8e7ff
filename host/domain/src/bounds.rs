//! What narrows a credential below its preset: fewer scopes, some functions, some networks, an end. Presets and what a credential is for
//! are in `access`.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::ids::{FunctionName, MAX_SLUG};
use crate::network::Network;
use crate::scope::Scope;

/// Patterns that one key can have.
pub const MAX_PATTERNS: usize = 50;
/// Networks that one key can be bound to.
pub const MAX_NETWORKS: usize = 50;

/// Names of functions: one name, or with `*` at its end all that begin like it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionPattern(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a function's name, or the beginning of one and `*`")]
pub struct InvalidPattern;

impl FunctionPattern {
    pub fn parse(raw: &str) -> Result<Self, InvalidPattern> {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let good = match raw.strip_suffix('*') {
            Some(beginning) => beginning.len() <= MAX_SLUG && plain(beginning),
            None => FunctionName::parse(raw).is_ok(),
        };
        if good { Ok(Self(raw.to_owned())) } else { Err(InvalidPattern) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn has(&self, name: &FunctionName) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => name.as_str().starts_with(beginning),
            None => name.as_str() == self.0,
        }
    }

    /// What all of its names begin with.
    fn beginning(&self) -> &str {
        self.0.strip_suffix('*').unwrap_or(&self.0)
    }

    /// Whether it has every name that the other one has.
    fn covers(&self, other: &Self) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => other.beginning().starts_with(beginning),
            None => self == other,
        }
    }
}

impl fmt::Display for FunctionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `None` is no bound of that kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Of the preset's scopes, these alone.
    pub scopes: Option<BTreeSet<Scope>>,
    /// These functions alone, and nothing that is the tenant's as a whole.
    pub functions: Option<BTreeSet<FunctionPattern>>,
    /// From these networks alone.
    pub networks: Option<BTreeSet<Network>>,
    /// From then on nothing.
    pub expires_at: Option<Timestamp>,
}

impl Bounds {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    pub fn reaches(&self, function: &FunctionName) -> bool {
        self.functions.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.has(function)))
    }

    /// Where whoever has looked at all names up to this one goes on: after the name that is given, which says nothing of names out of reach.
    /// `None` where no later one is reached.
    pub fn next_after(&self, looked_at: FunctionName) -> Option<FunctionName> {
        match &self.functions {
            Some(patterns) if !self.reaches(&looked_at) => {
                let beginnings = patterns.iter().map(FunctionPattern::beginning);
                last_before(beginnings.filter(|beginning| *beginning > looked_at.as_str()).min()?)
            }
            _ => Some(looked_at),
        }
    }

    /// Whether it is good for whoever asks from there. An address that is not known is in no network.
    pub fn admits(&self, from: Option<IpAddr>) -> bool {
        let within =
            |networks: &BTreeSet<Network>| from.is_some_and(|from| networks.iter().any(|network| network.has(from)));
        self.networks.as_ref().is_none_or(within)
    }

    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether whoever is bound by these may hand out something bound by `other`, scopes aside: those depend on presets.
    pub fn allow(&self, other: &Self) -> bool {
        let functions = match (&self.functions, &other.functions) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(others)) => others.iter().all(|other| own.iter().any(|pattern| pattern.covers(other))),
        };
        let networks = match (&self.networks, &other.networks) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(others)) => others.iter().all(|other| own.iter().any(|network| network.covers(other))),
        };
        let end = match (self.expires_at, other.expires_at) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => other <= own,
        };
        functions && networks && end
    }

    /// What was not said is as it is for whoever says it.
    #[must_use]
    pub fn within(self, giver: &Self) -> Self {
        Self {
            scopes: self.scopes,
            functions: self.functions.or_else(|| giver.functions.clone()),
            networks: self.networks.or_else(|| giver.networks.clone()),
            expires_at: self.expires_at.or(giver.expires_at),
        }
    }
}

/// The last name there can be before all that begin like this.
fn last_before(beginning: &str) -> Option<FunctionName> {
    beginning.char_indices().rev().find_map(|(at, least)| {
        let same = &beginning[..at];
        let smaller = ('a'..='z').rev().chain(('0'..='9').rev()).chain(['-']).filter(|c| *c < least);
        let longer = smaller.map(|c| format!("{:z<MAX_SLUG$}", format!("{same}{c}")));
        longer.chain([same.to_owned()]).find_map(|name| FunctionName::parse(&name).ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(raw: &[&str]) -> Bounds {
        let functions = raw.iter().map(|raw| FunctionPattern::parse(raw).expect("valid")).collect();
        Bounds { functions: Some(functions), ..Bounds::default() }
    }

    #[test]
    fn patterns_have_names_and_cover_each_other() {
        let reaches = |raw: &[&str], name: &str| patterns(raw).reaches(&FunctionName::parse(name).expect("valid"));
        assert!(
            reaches(&["a*"], "a") && reaches(&["a*"], "ab") && reaches(&["x", "a-*"], "a-b") && reaches(&["*"], "z")
        );
        assert!(!reaches(&["a"], "ab") && !reaches(&["a-*"], "a") && !reaches(&[], "a"));
        for (own, other, allowed) in [
            (&["a*"][..], &["a"][..], true),
            (&["a*"], &["ab*", "ac"], true),
            (&["a*"], &["a*"], true),
            (&["ab*"], &["a*"], false),
            (&["ab*"], &["a"], false),
            (&["a"], &["a*"], false),
            (&["a", "b"], &["b"], true),
            (&["a"], &["b"], false),
            (&["*"], &["*"], true),
            (&["a"], &[], true),
        ] {
            assert_eq!(patterns(own).allow(&patterns(other)), allowed, "{own:?} {other:?}");
        }
        assert!(!patterns(&["a"]).allow(&Bounds::default()) && Bounds::default().allow(&patterns(&["a"])));
        for bad in ["", "A", "*a", "a*b", "a**", "a_", "a.b*", "-a", &"a".repeat(31)] {
            assert_eq!(FunctionPattern::parse(bad), Err(InvalidPattern), "{bad}");
        }
    }

    #[test]
    fn whoever_goes_on_learns_no_name_out_of_reach() {
        let next = |raw: &[&str], from: &str| {
            let next = patterns(raw).next_after(FunctionName::parse(from).expect("valid"));
            next.map(|name| name.to_string())
        };
        let filled = |beginning: &str| Some(format!("{beginning:z<30}"));
        assert_eq!(next(&["a*"], "ab"), Some("ab".to_owned()));
        for (raw, from, expected) in [
            (&["c*"][..], "ab", filled("b")),
            (&["cb*", "x"], "ab", filled("ca")),
            (&["ca*"], "ab", filled("c9")),
            (&["c0"], "ab", filled("c-")),
            (&["c-*"], "ab", Some("c".to_owned())),
            (&["c-0*"], "ab", Some("c".to_owned())),
            (&["a*", "c"], "b", filled("b")),
            (&["0*"], "1", None),
            (&["a*", "b"], "c", None),
            (&[], "c", None),
        ] {
            assert_eq!(next(raw, from), expected, "{raw:?} {from}");
        }
        assert_eq!(last_before("0"), None);
        let name = FunctionName::parse("x").expect("valid");
        assert_eq!(Bounds::default().next_after(name.clone()), Some(name));
    }

    fn networks(raw: &[&str]) -> Bounds {
        let networks = raw.iter().map(|raw| Network::parse(raw).expect("valid")).collect();
        Bounds { networks: Some(networks), ..Bounds::default() }
    }

    #[test]
    fn a_key_is_good_from_its_networks_and_nobody_hands_out_others() {
        let admits = |raw: &[&str], from: &str| networks(raw).admits(Some(from.parse().expect("an address")));
        assert!(admits(&["10.0.0.0/8", "::1"], "10.1.2.3") && admits(&["10.0.0.0/8", "::1"], "::1"));
        assert!(admits(&["10.0.0.0/8"], "::ffff:10.1.2.3"));
        assert!(!admits(&["10.0.0.0/8", "::1"], "11.0.0.1") && !admits(&[], "10.0.0.1"));
        assert!(Bounds::default().admits(None) && !networks(&["0.0.0.0/0", "::/0"]).admits(None));
        for (own, other, allowed) in [
            (&["10.0.0.0/8"][..], &["10.0.0.0/8"][..], true),
            (&["10.0.0.0/8", "::1"], &["10.1.0.0/16", "10.2.0.1"], true),
            (&["10.0.0.0/8"], &["10.1.0.0/16", "11.0.0.1"], false),
            (&["10.1.0.0/16"], &["10.0.0.0/8"], false),
            // Each block in one of them, not in all of them together.
            (&["10.0.0.0/9", "10.128.0.0/9"], &["10.0.0.0/8"], false),
            (&["0.0.0.0/0"], &["::1"], false),
            (&["10.0.0.0/8"], &[], true),
        ] {
            assert_eq!(networks(own).allow(&networks(other)), allowed, "{own:?} {other:?}");
        }
        let own = networks(&["10.0.0.0/8"]);
        assert!(!own.allow(&Bounds::default()) && Bounds::default().allow(&own) && !own.is_none());
        assert_eq!(Bounds::default().within(&own), own);
        assert_eq!(networks(&["10.1.0.0/16"]).within(&own), networks(&["10.1.0.0/16"]));
    }

    #[test]
    fn nobody_hands_out_more_time_than_they_have() {
        let until = |second: i64| Bounds { expires_at: Timestamp::from_second(second).ok(), ..Bounds::default() };
        assert!(until(9).allow(&until(9)) && until(9).allow(&until(1)) && Bounds::default().allow(&until(9)));
        assert!(!until(9).allow(&until(10)) && !until(9).allow(&Bounds::default()));
        assert!(until(9).allow(&Bounds::default().within(&until(9))));
        let at = |second: i64| Timestamp::from_second(second).expect("a time");
        assert!(until(9).has_expired(at(9)) && !until(9).has_expired(at(8)) && !Bounds::default().has_expired(at(9)));
    }
}

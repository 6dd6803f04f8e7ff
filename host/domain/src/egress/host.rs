//! Host patterns: an exact name or address, every name below a domain, or any host at all.

use std::fmt;
use std::net::IpAddr;

use super::address::is_global;

const MAX_NAME_BYTES: usize = 253;

/// Which hosts a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// `*`: any host.
    Any,
    /// `*.example.com`: every name below that domain, at any depth, and not the domain itself.
    Below(String),
    /// `example.com`: that name alone.
    Name(String),
    /// `192.0.2.1`, `2001:db8::1`: that address as it stands in the URL. A name that leads to it is not meant.
    Address(IpAddr),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host pattern: a name in its ASCII form, `*.` and a name, an IP address, or `*`")]
pub struct InvalidHostPattern(String);

impl HostPattern {
    /// Case and a trailing dot do not count.
    pub fn parse(raw: &str) -> Result<Self, InvalidHostPattern> {
        if raw == "*" {
            return Ok(Self::Any);
        }
        let address = raw.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(raw);
        if let Ok(address) = address.parse() {
            return Ok(Self::Address(address));
        }
        let invalid = || InvalidHostPattern(raw.chars().take(MAX_NAME_BYTES).collect());
        match raw.strip_prefix("*.") {
            Some(domain) => Ok(Self::Below(name(domain).ok_or_else(invalid)?)),
            None => Ok(Self::Name(name(raw).ok_or_else(invalid)?)),
        }
    }

    /// Whether it covers a host in canonical form: lower case, no trailing dot, no brackets.
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Below(domain) => {
                host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            Self::Name(name) => name == host,
            Self::Address(address) => host.parse() == Ok(*address),
        }
    }

    /// Whether it could be about something globally routable. `*` is; names that never leave a machine or a network are not.
    pub fn may_be_global(&self) -> bool {
        /// RFC 6761, RFC 6762, and what ICANN has set aside for private use.
        const NEVER_GLOBAL: [&str; 3] = ["localhost", "local", "internal"];
        match self {
            Self::Any => true,
            Self::Address(address) => is_global(*address),
            Self::Below(name) | Self::Name(name) => {
                let last = name.rsplit('.').next().unwrap_or(name);
                !NEVER_GLOBAL.contains(&last)
            }
        }
    }

    /// The one host it names, where it names one.
    pub fn single(&self) -> Option<String> {
        match self {
            Self::Any | Self::Below(_) => None,
            Self::Name(name) => Some(name.clone()),
            Self::Address(address) => Some(address.to_string()),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(domain) => write!(f, "*.{domain}"),
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

/// A host name in canonical form. One whose last label is a number would be read as an IPv4 address (URL standard, "ends in a
/// number") and is none.
fn name(raw: &str) -> Option<String> {
    let name = raw.strip_suffix('.').unwrap_or(raw).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next()?;
    let number = last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    (name.len() <= MAX_NAME_BYTES && name.split('.').all(label) && !number).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_what_they_say_and_nothing_else() {
        for (pattern, yes, no) in [
            ("*", &["a.test", "127.0.0.1", "::1"][..], &[][..]),
            (
                "API.Example.com.",
                &["api.example.com"],
                &["x.api.example.com", "example.com", "api.example.com.evil.test"],
            ),
            (
                "*.example.com",
                &["a.example.com", "a.b.example.com"],
                &["example.com", "badexample.com", ".example.com"],
            ),
            ("192.0.2.1", &["192.0.2.1"], &["192.0.2.10", "a.192.0.2.1"]),
            ("[2001:db8::1]", &["2001:db8::1", "2001:db8:0::1"], &["2001:db8::2"]),
        ] {
            let parsed = HostPattern::parse(pattern).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(HostPattern::parse(&parsed.to_string()), Ok(parsed.clone()), "{pattern}");
            yes.iter().for_each(|host| assert!(parsed.matches(host), "{pattern} covers {host}"));
            no.iter().for_each(|host| assert!(!parsed.matches(host), "{pattern} does not cover {host}"));
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_pattern() {
        let long = format!("{}.test", "a".repeat(250));
        for bad in [
            "",
            ".",
            "..",
            "*.",
            "**",
            "a*.test",
            "*.*.test",
            "a..test",
            "a b",
            "a/b",
            "a:80",
            "u@h",
            "ä.test",
            "0x7f.1",
            "2130706433",
            "1.2.3",
            "a.0x7f",
            "-a.test",
            "a-.test",
            "[::1",
            "[a]",
            "http://a.test",
            &long,
        ] {
            assert!(HostPattern::parse(bad).is_err(), "{bad:?}");
        }
    }
}

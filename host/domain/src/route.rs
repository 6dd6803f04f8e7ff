//! Routes: custom hosts that the operator assigned to a tenant, and which paths of them lead to which function. Finding the route of
//! a request is in `service::routes`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::ids::{AliasName, FunctionName, RouteId};

/// Hosts that one tenant can have, and routes.
pub const MAX_HOSTS: usize = 100;
pub const MAX_ROUTES: usize = 1_000;
/// Bytes of a path prefix.
const MAX_PREFIX_BYTES: usize = 1_024;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoute {
    #[error("must be a domain name of at least two parts in lower case, without port and without a dot at its end")]
    Host,
    #[error(
        "must start with `/`, have at most {MAX_PREFIX_BYTES} characters of those that a path can have without `%`, and no part `.` or `..`"
    )]
    Prefix,
}

/// A host name in its one spelling: what a canonical `Host` is compared with as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteHost(String);

impl RouteHost {
    pub fn parse(raw: &str) -> Result<Self, InvalidRoute> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let labels: Vec<&str> = raw.split('.').collect();
        // A last label of digits is an address (RFC 3696 §2), and no name.
        let named = labels.last().is_some_and(|last| last.bytes().any(|b| !b.is_ascii_digit()));
        let good = raw.len() <= 253 && labels.len() >= 2 && named && labels.into_iter().all(label);
        if good { Ok(Self(raw.to_owned())) } else { Err(InvalidRoute::Host) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this domain or within it.
    pub fn is_within(&self, domain: &str) -> bool {
        self.0.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl fmt::Display for RouteHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The beginning of paths, compared with what was sent byte by byte: nothing is decoded and nothing normalised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPrefix(String);

impl PathPrefix {
    pub fn parse(raw: &str) -> Result<Self, InvalidRoute> {
        // RFC 3986 §3.3 without percent-encoding, which has two spellings of one path.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&b);
        let good = raw.starts_with('/')
            && raw.len() <= MAX_PREFIX_BYTES
            && raw.bytes().all(plain)
            && raw.split('/').all(|part| part != "." && part != "..");
        if good { Ok(Self(raw.to_owned())) } else { Err(InvalidRoute::Prefix) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a path is below: `/a` has `/a` and `/a/b`, not `/ab`; `/a/` has `/a/b`, not `/a`.
    pub fn has(&self, path: &str) -> bool {
        let rest = path.strip_prefix(self.0.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.0.ends_with('/'))
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where requests for some paths of a host go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub host: RouteHost,
    pub path_prefix: PathPrefix,
    pub function: FunctionName,
    pub alias: AliasName,
    pub updated_at: Timestamp,
}

/// All of a tenant's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// Assigned by the operator: a host belongs to one tenant at most.
    pub hosts: BTreeSet<RouteHost>,
    pub routes: BTreeMap<RouteId, Route>,
}

impl Routing {
    /// Takes a host away, and the routes on it. Says whether it was there.
    pub fn release(&mut self, host: &RouteHost) -> bool {
        self.routes.retain(|_, route| route.host != *host);
        self.hosts.remove(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for good in ["a.example", "xn--bcher-kva.example", "a-b.c0.example", &format!("{}.example", "a".repeat(63))] {
            assert!(RouteHost::parse(good).is_ok(), "{good}");
        }
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(63)].join(".");
        for bad in [
            "",
            "example",
            "localhost",
            "A.example",
            "a.example.",
            ".example",
            "a..example",
            "-a.example",
            "a-.example",
            "a_b.example",
            "*.example",
            "a.example:80",
            "127.0.0.1",
            "1.2",
            "[::1]",
            "ä.example",
            "a b.example",
            "a.example/",
            &long,
        ] {
            assert_eq!(RouteHost::parse(bad), Err(InvalidRoute::Host), "{bad}");
        }
        let host = RouteHost::parse("x.fn.example").expect("valid");
        assert!(host.is_within("fn.example") && host.is_within("x.fn.example") && host.is_within("example"));
        assert!(!host.is_within("n.example") && !host.is_within("y.x.fn.example"));
    }

    #[test]
    fn a_prefix_ends_where_a_part_does() {
        for (prefix, path, has) in [
            ("/", "/", true),
            ("/", "/a/b", true),
            ("/", "", false),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a", "/a/b", true),
            ("/a", "/ab", false),
            ("/a", "/A", false),
            ("/a", "/%61", false),
            ("/a", "//a", false),
            ("/a", "/a%2Fb", false),
            ("/a", "/a;x", false),
            ("/a/", "/a", false),
            ("/a/", "/a/", true),
            ("/a/", "/a/b", true),
            ("/a", "/a/../b", true),
            ("/b", "/a/../b", false),
        ] {
            assert_eq!(PathPrefix::parse(prefix).expect("valid").has(path), has, "{prefix} {path}");
        }
        for bad in ["", "a", "/a?b", "/a#", "/a b", "/%61", "/a/../b", "/.", "/a/.", "/ä", "/a\\b", &"/a".repeat(600)]
        {
            assert_eq!(PathPrefix::parse(bad), Err(InvalidRoute::Prefix), "{bad}");
        }
    }
}

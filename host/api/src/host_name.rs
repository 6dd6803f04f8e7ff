//! The host a request is for, in one spelling: lower case, no trailing dot, no port.

use http::header::HOST;
use http::{HeaderMap, Uri};

/// A host as one request named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    /// Canonical: lower case, without trailing dot, without port. IPv6 addresses keep their brackets.
    pub name: String,
    pub port: Option<u16>,
}

/// Why there is not exactly one valid host.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidHost;

impl HostName {
    /// From the request target if that names one (RFC 9112 §3.2.2), else from the one `Host` field.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Result<Self, InvalidHost> {
        let mut fields = headers.get_all(HOST).iter();
        let field = fields.next();
        if fields.next().is_some() {
            return Err(InvalidHost);
        }
        match (uri.authority(), field) {
            (Some(authority), _) => Self::parse(authority.as_str()),
            (None, Some(field)) => Self::parse(field.to_str().map_err(|_| InvalidHost)?),
            (None, None) => Err(InvalidHost),
        }
    }

    pub fn parse(raw: &str) -> Result<Self, InvalidHost> {
        let (name, port) = match raw.strip_prefix('[') {
            Some(rest) => {
                let (address, after) = rest.split_once(']').ok_or(InvalidHost)?;
                let address: std::net::Ipv6Addr = address.parse().map_err(|_| InvalidHost)?;
                let port = match after {
                    "" => None,
                    after => Some(after.strip_prefix(':').ok_or(InvalidHost)?),
                };
                (format!("[{address}]"), port)
            }
            None => {
                let (name, port) = raw.split_once(':').map_or((raw, None), |(name, port)| (name, Some(port)));
                (check_name(name)?, port)
            }
        };
        // An empty port is allowed and means none (RFC 3986 §3.2.3); a sign is not, though `parse` would take it.
        let port = match port {
            None | Some("") => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| InvalidHost)?)
            }
            Some(_) => return Err(InvalidHost),
        };
        Ok(Self { name, port })
    }

    /// Whether it means this very machine: `localhost` or a loopback address.
    pub fn is_loopback(&self) -> bool {
        let address = self.name.trim_start_matches('[').trim_end_matches(']');
        self.name == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// With its port again, if it had one.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.name),
            None => self.name.clone(),
        }
    }
}

fn check_name(raw: &str) -> Result<String, InvalidHost> {
    let name = raw.strip_suffix('.').unwrap_or(raw);
    let well_formed = (1..=253).contains(&name.len())
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
    if well_formed { Ok(name.to_ascii_lowercase()) } else { Err(InvalidHost) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_has_one_spelling() {
        for (raw, name, port) in [
            ("a.localhost", "a.localhost", None),
            ("A.LocalHost.", "a.localhost", None),
            ("a.localhost:8080", "a.localhost", Some(8080)),
            ("a.localhost.:8080", "a.localhost", Some(8080)),
            ("a.localhost:", "a.localhost", None),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
            ("[::1]:8080", "[::1]", Some(8080)),
            ("[0:0::1]", "[::1]", None),
        ] {
            let host = HostName::parse(raw).unwrap_or_else(|_| panic!("{raw}"));
            assert_eq!((host.name.as_str(), host.port), (name, port), "{raw}");
            assert_eq!(HostName::parse(&host.name).map(|again| again.name), Ok(host.name), "{raw}");
        }
        let long = "a".repeat(254);
        for bad in [
            "",
            ".",
            "..",
            "a..b",
            "a b",
            "a\tb",
            "a@b",
            "u:p@h",
            "a:b",
            "a:+5",
            "a:99999",
            "a/b",
            "ä.localhost",
            "[::1",
            "[x]",
            "[::1]x",
            "a:1:2",
            &long,
        ] {
            assert_eq!(HostName::parse(bad), Err(InvalidHost), "{bad:?}");
        }
    }
}

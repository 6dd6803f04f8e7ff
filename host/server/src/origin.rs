//! An address as browsers know it: scheme, host and port, and nothing behind them.

use std::fmt;

use serde::Deserialize;

/// `https://admin.example`, perhaps with a port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin {
    pub tls: bool,
    pub host: String,
    pub port: u16,
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refused =
            || format!("`{text}` is no address such as `https://admin.example` or `http://admin.example:8080`");
        let uri: http::Uri = text.parse().map_err(|_| refused())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused()),
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(refused)?;
        if authority.host().is_empty() || uri.query().is_some() || !matches!(uri.path(), "" | "/") {
            return Err(refused());
        }
        let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
            None => usual(tls),
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(refused)?,
        };
        Ok(Self { tls, host: authority.host().to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual(self.tls) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

fn usual(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (text, shown) in [
            ("https://Admin.example", "https://admin.example"),
            ("https://admin.example:443/", "https://admin.example"),
            ("http://10.0.0.1:8787", "http://10.0.0.1:8787"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://a.example:80", "https://a.example:80"),
        ] {
            assert_eq!(Origin::try_from(text.to_owned()).map(|origin| origin.to_string()).as_deref(), Ok(shown));
        }
        for text in [
            "",
            "admin.example",
            "ftp://a.example",
            "https://",
            "https://a.example/console",
            "https://a.example?x",
            "https://u:p@a.example",
            "https://a.example:0",
            "https://a.example:99999",
            "https://a.example:x",
            "//a.example",
        ] {
            assert!(Origin::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}

//! One rule: which requests it is about, and what becomes of them.

use super::host::HostPattern;

/// Rules in one policy.
pub const MAX_RULES: usize = 100;
const MAX_LIST: usize = 32;
const MAX_TEXT_BYTES: usize = 1_024;

/// Ports that are meant where a rule names none: those of `http` and `https`.
const USUAL_PORTS: [u16; 2] = [80, 443];

/// One request about to leave, as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Lower case, without trailing dot; an IPv6 address without its brackets.
    pub host: &'a str,
    pub port: u16,
    pub method: &'a str,
    /// Path as it will be sent, without the query.
    pub path: &'a str,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    Allow,
    #[default]
    Deny,
}

/// Puts a secret into a header of a request that leaves, where the guest cannot see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Lower case.
    pub header: String,
    pub secret: String,
    /// What stands before the secret, such as `Bearer `.
    pub prefix: String,
}

/// What it matches: all of host, port, method and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRule {
    pub action: Action,
    pub host: HostPattern,
    /// Empty: 80 and 443.
    pub ports: Vec<u16>,
    /// Upper case; empty: all.
    pub methods: Vec<String>,
    /// Begins with `/` and is compared with the path as it is sent; empty: all.
    pub path_prefix: String,
    pub inject: Vec<Injection>,
    /// Of a ceiling only: that the host's addresses need not be globally routable.
    pub private: bool,
}

impl Default for EgressRule {
    fn default() -> Self {
        Self {
            action: Action::Deny,
            host: HostPattern::Any,
            ports: Vec::new(),
            methods: Vec::new(),
            path_prefix: String::new(),
            inject: Vec::new(),
            private: false,
        }
    }
}

/// Which part of a rule cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    #[error("has more than {MAX_LIST} entries")]
    TooMany { field: &'static str },
    #[error("0 is no port")]
    Port,
    #[error("is not a method in upper case")]
    Method,
    #[error("must begin with `/`, hold no `?`, `#`, `\\` or dot segment, and fit {MAX_TEXT_BYTES} bytes")]
    PathPrefix,
    #[error("is not a header that may be set in this way")]
    Header,
    #[error("must be visible ASCII and spaces, of at most {MAX_TEXT_BYTES} bytes")]
    Prefix,
    #[error("a rule that denies has nothing to inject")]
    InjectOnDeny,
}

impl InvalidRule {
    /// The field it is about.
    pub const fn field(self) -> &'static str {
        match self {
            Self::TooMany { field } => field,
            Self::Port => "ports",
            Self::Method => "methods",
            Self::PathPrefix => "path_prefix",
            Self::Header | Self::Prefix | Self::InjectOnDeny => "inject",
        }
    }
}

impl EgressRule {
    /// Checks everything but the host, which is valid by construction.
    pub fn check(&self) -> Result<(), InvalidRule> {
        let lists = [("ports", self.ports.len()), ("methods", self.methods.len()), ("inject", self.inject.len())];
        if let Some((field, _)) = lists.into_iter().find(|(_, len)| *len > MAX_LIST) {
            return Err(InvalidRule::TooMany { field });
        }
        if self.ports.contains(&0) {
            return Err(InvalidRule::Port);
        }
        let method = |method: &String| {
            (1..=32).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_')
        };
        if !self.methods.iter().all(method) {
            return Err(InvalidRule::Method);
        }
        if !self.path_prefix.is_empty() && !is_plain_path(&self.path_prefix) {
            return Err(InvalidRule::PathPrefix);
        }
        if self.action == Action::Deny && !self.inject.is_empty() {
            return Err(InvalidRule::InjectOnDeny);
        }
        self.inject.iter().try_for_each(Injection::check)
    }

    pub(super) fn matches(&self, request: &Outgoing<'_>) -> bool {
        let ports = if self.ports.is_empty() { &USUAL_PORTS[..] } else { &self.ports };
        // A deny holds for whatever path a server might read this one as; an allow only for a path that reads in one way.
        let path = self.path_prefix.is_empty()
            || match self.action {
                Action::Allow => is_plain_path(request.path) && request.path.starts_with(&self.path_prefix),
                Action::Deny => !is_plain_path(request.path) || request.path.starts_with(&self.path_prefix),
            };
        self.host.matches(request.host)
            && ports.contains(&request.port)
            && (self.methods.is_empty() || self.methods.iter().any(|method| method == request.method))
            && path
    }
}

impl Injection {
    fn check(&self) -> Result<(), InvalidRule> {
        /// What frames the message or says whom it is for.
        const NOT_TO_BE_SET: [&str; 9] = [
            "connection",
            "content-length",
            "expect",
            "host",
            "keep-alive",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ];
        let valid = http::HeaderName::from_bytes(self.header.as_bytes()).is_ok_and(|name| name.as_str() == self.header);
        if !valid || NOT_TO_BE_SET.contains(&self.header.as_str()) || self.header.starts_with("proxy-") {
            return Err(InvalidRule::Header);
        }
        let plain = self.prefix.len() <= MAX_TEXT_BYTES && self.prefix.bytes().all(|b| (b' '..=b'~').contains(&b));
        if plain { Ok(()) } else { Err(InvalidRule::Prefix) }
    }
}

/// Whether every server reads this path as what it says: no dot segments, plain or escaped, no escaped or turned slashes.
fn is_plain_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    path.starts_with('/')
        && path.len() <= 16 << 10
        && !path.contains(['?', '#', '\\'])
        && !["%2e", "%2f", "%5c", "%00", "//"].iter().any(|part| lower.contains(part))
        && !path.split('/').any(|part| part == "." || part == ".." || part.contains(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(method: &'a str, port: u16, path: &'a str) -> Outgoing<'a> {
        Outgoing { host: "a.test", port, method, path }
    }

    #[test]
    fn all_parts_have_to_match() {
        let rule = EgressRule {
            action: Action::Allow,
            ports: vec![8443],
            methods: vec!["GET".to_owned()],
            path_prefix: "/v1/".to_owned(),
            ..EgressRule::default()
        };
        assert_eq!(rule.check(), Ok(()));
        assert!(rule.matches(&request("GET", 8443, "/v1/x")));
        assert!(!rule.matches(&request("GET", 443, "/v1/x")));
        assert!(!rule.matches(&request("POST", 8443, "/v1/x")));
        assert!(!rule.matches(&request("GET", 8443, "/v1")));
        let usual = EgressRule { action: Action::Allow, ..EgressRule::default() };
        assert!(usual.matches(&request("GET", 80, "/")) && usual.matches(&request("PUT", 443, "/")));
        assert!(!usual.matches(&request("GET", 6379, "/")));
    }

    #[test]
    fn a_path_that_could_lead_elsewhere_is_allowed_by_no_prefix_and_denied_by_any() {
        let allow = EgressRule { action: Action::Allow, path_prefix: "/v1/".to_owned(), ..EgressRule::default() };
        let deny = EgressRule { action: Action::Deny, path_prefix: "/admin".to_owned(), ..EgressRule::default() };
        for path in ["/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2Fadmin", "/v1//admin", "/v1/\\admin", "/v1/..;/admin"]
        {
            assert!(!allow.matches(&request("GET", 443, path)), "{path}");
            assert!(deny.matches(&request("GET", 443, path)), "{path}");
        }
        assert!(!deny.matches(&request("GET", 443, "/v1/x")));
    }

    #[test]
    fn what_a_rule_cannot_say_is_refused() {
        let bad = |change: &dyn Fn(&mut EgressRule)| {
            let mut rule = EgressRule { action: Action::Allow, ..EgressRule::default() };
            change(&mut rule);
            rule.check().expect_err("refused").field()
        };
        let injection = |header: &str, prefix: &str| Injection {
            header: header.to_owned(),
            secret: "S".to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!(bad(&|rule| rule.ports = vec![0]), "ports");
        assert_eq!(bad(&|rule| rule.ports = vec![1; 33]), "ports");
        assert_eq!(bad(&|rule| rule.methods = vec!["get".to_owned()]), "methods");
        for path in ["v1", "/a?b", "/a/../b", "/a%2fb"] {
            assert_eq!(bad(&|rule| rule.path_prefix = path.to_owned()), "path_prefix");
        }
        for (header, prefix) in
            [("Host", ""), ("host", ""), ("a b", ""), ("X-A", ""), ("proxy-x", ""), ("x-a", "a\r\nb")]
        {
            assert_eq!(bad(&|rule| rule.inject = vec![injection(header, prefix)]), "inject", "{header:?}");
        }
        let deny = EgressRule { inject: vec![injection("x-a", "")], ..EgressRule::default() };
        assert_eq!(deny.check(), Err(InvalidRule::InjectOnDeny));
    }
}

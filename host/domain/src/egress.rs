//! What outgoing requests an invocation may make: rules, the layers they come in, and the decision for one request. Names are not
//! resolved and nothing is sent here; that, and whether an address is one to connect to, is the runtime's work.

mod address;
mod hops;
mod host;
mod rule;

use std::sync::Arc;

pub use address::is_global;
pub use hops::{CDN_LOOP, MAX_HOPS, hops, next_hop};
pub use host::{HostPattern, InvalidHostPattern};
pub use rule::{Action, EgressRule, Injection, InvalidRule, MAX_RULES, Outgoing};

/// An ordered list of rules. The first that matches decides; a request that none matches is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    pub rules: Vec<EgressRule>,
}

/// A rule that only the operator's ceiling may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {} would reach what is not globally routable; only the operator's ceiling can allow that", .index + 1)]
pub struct NotAllowed {
    pub index: usize,
}

impl EgressPolicy {
    /// Where the operator says nothing: any host, on the ports of `http` and `https`.
    pub fn usual_ceiling() -> Self {
        Self { rules: vec![EgressRule { action: Action::Allow, ..EgressRule::default() }] }
    }

    /// Whether a tenant may say this itself: nothing that lets requests go to addresses that are not globally routable. Names are
    /// not looked up here; what they resolve to is checked again before anything connects.
    pub fn check_grant(&self) -> Result<(), NotAllowed> {
        let beyond = |rule: &EgressRule| rule.private || (rule.action == Action::Allow && !rule.host.may_be_global());
        self.rules.iter().position(beyond).map_or(Ok(()), |index| Err(NotAllowed { index }))
    }
}

/// Whose word a policy is. Each has to allow a request; none can undo what one above it denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The operator's: what the layers below can open at most. The only one that may allow addresses that are not globally routable.
    Ceiling,
    Tenant,
    Function,
    /// Of one run.
    Call,
}

impl Layer {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ceiling => "ceiling",
            Self::Tenant => "tenant",
            Self::Function => "function",
            Self::Call => "call",
        }
    }
}

/// The authority of one invocation: the policies that were set, the ceiling first. Layers that were not set restrict nothing, but
/// without any below the ceiling nothing is allowed.
#[derive(Clone, Default)]
pub struct Egress {
    pub layers: Vec<(Layer, Arc<EgressPolicy>)>,
    /// What rules may put into headers: name and value, tenant's overlaid with function's. Never shown to the guest.
    pub secrets: Arc<[(String, String)]>,
}

impl std::fmt::Debug for Egress {
    /// Names of secrets, never what they are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.secrets.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Egress").field("layers", &self.layers).field("secrets", &names).finish()
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow {
        /// Which rules decided, for the record: `function rule 1`.
        rule: String,
        /// Whether the ceiling lets it go to addresses that are not globally routable.
        private: bool,
        /// Headers to set, name and value.
        inject: Vec<(String, String)>,
    },
    Deny {
        /// Which rule denied it, or which layer had none that matched.
        rule: String,
    },
}

impl Egress {
    /// An invocation that may send nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether it may send anything at all.
    pub fn is_none(&self) -> bool {
        self.layers.iter().all(|(layer, _)| *layer == Layer::Ceiling)
    }

    pub fn decide(&self, request: &Outgoing<'_>) -> Decision {
        if self.is_none() {
            return Decision::Deny { rule: "no egress rules are set".to_owned() };
        }
        let (mut deciding, mut private, mut inject) = (String::new(), false, Vec::new());
        for (layer, policy) in &self.layers {
            let found = policy.rules.iter().enumerate().find(|(_, rule)| rule.matches(request));
            let Some((index, rule)) = found else {
                return Decision::Deny { rule: format!("no {} rule matches", layer.as_str()) };
            };
            let name = format!("{} rule {}", layer.as_str(), index + 1);
            if rule.action == Action::Deny {
                return Decision::Deny { rule: name };
            }
            match layer {
                Layer::Ceiling => private = rule.private,
                Layer::Tenant | Layer::Function | Layer::Call => {
                    for injection in &rule.inject {
                        let Some(value) = self.injected(injection) else {
                            // Sent without its credential it would be another request than the rule is for.
                            return Decision::Deny { rule: format!("{name} needs the secret {}", injection.secret) };
                        };
                        inject.retain(|(name, _): &(String, String)| *name != injection.header);
                        inject.push((injection.header.clone(), value));
                    }
                }
            }
            deciding = name;
        }
        Decision::Allow { rule: deciding, private, inject }
    }

    fn injected(&self, injection: &Injection) -> Option<String> {
        let (_, value) = self.secrets.iter().find(|(name, _)| *name == injection.secret)?;
        Some(format!("{}{value}", injection.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(action: Action, host: &str) -> EgressRule {
        EgressRule { host: HostPattern::parse(host).expect("a pattern"), action, ..EgressRule::default() }
    }

    fn egress(layers: &[(Layer, Vec<EgressRule>)]) -> Egress {
        let layers = layers.iter().map(|(layer, rules)| (*layer, Arc::new(EgressPolicy { rules: rules.clone() })));
        Egress { layers: layers.collect(), secrets: Arc::new([("TOKEN".to_owned(), "s3cret".to_owned())]) }
    }

    fn ask(egress: &Egress, host: &str) -> Result<Vec<(String, String)>, String> {
        match egress.decide(&Outgoing { host, port: 443, method: "GET", path: "/v1/x" }) {
            Decision::Allow { inject, .. } => Ok(inject),
            Decision::Deny { rule } => Err(rule),
        }
    }

    #[test]
    fn every_layer_that_is_set_has_to_allow() {
        use Action::{Allow, Deny};
        let ceiling = (Layer::Ceiling, vec![rule(Deny, "evil.test"), rule(Allow, "*")]);
        let tenant = (Layer::Tenant, vec![rule(Allow, "*.example.com"), rule(Allow, "evil.test")]);
        let function = (Layer::Function, vec![rule(Deny, "a.example.com"), rule(Allow, "*.example.com")]);
        assert_eq!(
            ask(&egress(std::slice::from_ref(&ceiling)), "x.example.com"),
            Err("no egress rules are set".into())
        );
        assert_eq!(ask(&Egress::none(), "x.example.com"), Err("no egress rules are set".into()));
        let two = egress(&[ceiling.clone(), tenant.clone()]);
        assert_eq!(ask(&two, "a.example.com"), Ok(vec![]));
        assert_eq!(ask(&two, "evil.test"), Err("ceiling rule 1".into()));
        assert_eq!(ask(&two, "other.test"), Err("no tenant rule matches".into()));
        let three = egress(&[ceiling, tenant, function]);
        assert_eq!(ask(&three, "a.example.com"), Err("function rule 1".into()));
        assert_eq!(ask(&three, "b.example.com"), Ok(vec![]));
    }

    #[test]
    fn only_the_ceiling_reaches_what_is_not_global() {
        let grant = |rule: EgressRule| EgressPolicy { rules: vec![rule] }.check_grant();
        for host in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "[::ffff:127.0.0.1]",
            "64:ff9b::7f00:1",
            "fd00::1",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "*.localhost",
            "printer.local",
            "*.local",
            "metadata.google.internal",
            "*.internal",
        ] {
            assert_eq!(grant(rule(Action::Allow, host)), Err(NotAllowed { index: 0 }), "{host}");
            assert_eq!(grant(rule(Action::Deny, host)), Ok(()), "{host}");
        }
        for host in ["*", "example.com", "*.example.com", "1.1.1.1", "2606:4700::1111", "local.example", "notlocalhost"]
        {
            assert_eq!(grant(rule(Action::Allow, host)), Ok(()), "{host}");
        }
        assert!(grant(EgressRule { private: true, ..rule(Action::Allow, "a.test") }).is_err());
    }

    #[test]
    fn what_is_shown_of_an_authority_has_no_secrets() {
        let shown = format!("{:?}", egress(&[]));
        assert!(shown.contains("TOKEN") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn secrets_are_injected_where_the_rule_says_or_nothing_is_sent() {
        let mut allowed = rule(Action::Allow, "api.test");
        let inject = |secret: &str| Injection {
            header: "authorization".to_owned(),
            secret: secret.to_owned(),
            prefix: "Bearer ".to_owned(),
        };
        allowed.inject = vec![inject("TOKEN")];
        let ceiling = (Layer::Ceiling, vec![rule(Action::Allow, "*")]);
        let with = egress(&[ceiling.clone(), (Layer::Function, vec![allowed.clone()])]);
        assert_eq!(ask(&with, "api.test"), Ok(vec![("authorization".into(), "Bearer s3cret".into())]));
        allowed.inject = vec![inject("GONE")];
        let without = egress(&[ceiling, (Layer::Function, vec![allowed])]);
        assert_eq!(ask(&without, "api.test"), Err("function rule 1 needs the secret GONE".into()));
    }
}

//! Egress rules, secrets and outgoing requests on the wire. What rules mean, and who may set which, is the domain's.

use isolet_domain::egress::{Action, EgressPolicy, EgressRule, HostPattern, Injection, MAX_RULES};
use isolet_domain::execute::Subrequest;
use isolet_domain::ids::EnvName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::ResponseBody;
use crate::failure::FieldFault;
use crate::strict_json::RequestBody;
use crate::wire::ms;

/// A policy as it is written, in requests and in settings: its rules, in the order in which they are tried.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    pub rules: Vec<RuleText>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    action: ActionName,
    host: String,
    #[serde(default)]
    ports: Vec<u16>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    path_prefix: String,
    #[serde(default)]
    inject: Vec<InjectionText>,
    #[serde(default)]
    private_addresses: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum ActionName {
    Allow,
    Deny,
}

#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
struct InjectionText {
    header: String,
    secret: String,
    #[serde(default)]
    prefix: String,
}

/// `null` where none were set.
#[derive(JsonSchema, Serialize)]
pub struct PolicyResponse {
    pub rules: Option<Vec<RuleText>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutSecretRequest {
    pub value: String,
}

/// What is told of a secret.
#[derive(JsonSchema, Serialize)]
pub struct SecretResponse {
    pub name: String,
}

/// An outgoing request as a run tells of it.
#[derive(JsonSchema, Serialize)]
pub struct SubrequestResponse {
    url: String,
    method: String,
    status: Option<u16>,
    ms: f64,
    allowed_by: Option<String>,
    denied_by: Option<String>,
    error: Option<String>,
}

impl RequestBody for PolicyText {}
impl RequestBody for PutSecretRequest {}

impl PolicyText {
    /// The checked policy. Pointers of faults begin with `at`, where the policy stands in the request.
    pub fn into_domain(self, at: &str) -> Result<EgressPolicy, Vec<FieldFault>> {
        let mut faults = Vec::new();
        if self.rules.len() > MAX_RULES {
            let detail = format!("has {} entries; at most {MAX_RULES} are allowed", self.rules.len());
            return Err(vec![FieldFault { pointer: format!("{at}/rules"), code: "too_many", detail }]);
        }
        let read = |(index, rule): (usize, RuleText)| rule.into_domain(&format!("{at}/rules/{index}"), &mut faults);
        let rules: Vec<EgressRule> = self.rules.into_iter().enumerate().filter_map(read).collect();
        if faults.is_empty() { Ok(EgressPolicy { rules }) } else { Err(faults) }
    }
}

impl RuleText {
    fn into_domain(self, at: &str, faults: &mut Vec<FieldFault>) -> Option<EgressRule> {
        let mut fault = |field: &str, detail: String| {
            faults.push(FieldFault { pointer: format!("{at}/{field}"), code: "rule", detail });
        };
        let host = match HostPattern::parse(&self.host) {
            Ok(host) => host,
            Err(error) => {
                fault("host", error.to_string());
                return None;
            }
        };
        if let Some(unnamed) = self.inject.iter().find(|injection| EnvName::parse(&injection.secret).is_err()) {
            fault("inject", format!("{:?} is no name of a secret", unnamed.secret));
            return None;
        }
        let injection = |one: InjectionText| Injection { header: one.header, secret: one.secret, prefix: one.prefix };
        let rule = EgressRule {
            action: match self.action {
                ActionName::Allow => Action::Allow,
                ActionName::Deny => Action::Deny,
            },
            host,
            ports: self.ports,
            methods: self.methods,
            path_prefix: self.path_prefix,
            inject: self.inject.into_iter().map(injection).collect(),
            private: self.private_addresses,
        };
        match rule.check() {
            Ok(()) => Some(rule),
            Err(error) => {
                fault(error.field(), error.to_string());
                None
            }
        }
    }

    fn of(rule: &EgressRule) -> Self {
        let injection = |one: &Injection| InjectionText {
            header: one.header.clone(),
            secret: one.secret.clone(),
            prefix: one.prefix.clone(),
        };
        Self {
            action: match rule.action {
                Action::Allow => ActionName::Allow,
                Action::Deny => ActionName::Deny,
            },
            host: rule.host.to_string(),
            ports: rule.ports.clone(),
            methods: rule.methods.clone(),
            path_prefix: rule.path_prefix.clone(),
            inject: rule.inject.iter().map(injection).collect(),
            private_addresses: rule.private,
        }
    }
}

impl PolicyResponse {
    pub fn of(policy: Option<&EgressPolicy>) -> Self {
        Self { rules: policy.map(|policy| policy.rules.iter().map(RuleText::of).collect()) }
    }
}

impl From<Subrequest> for SubrequestResponse {
    fn from(subrequest: Subrequest) -> Self {
        Self {
            url: subrequest.url,
            method: subrequest.method,
            status: subrequest.status,
            ms: ms(subrequest.took),
            allowed_by: subrequest.allowed_by,
            denied_by: subrequest.denied_by,
            error: subrequest.error,
        }
    }
}

impl ResponseBody for PolicyResponse {
    const TAGGED: bool = true;
}
impl ResponseBody for SecretResponse {}

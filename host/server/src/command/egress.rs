//! `isolet egress`: the rules for what a function, or all of a tenant's, may send. The first that matches decides; what none allows is
//! refused.

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::remote::{HostArguments, Remote, SubjectArguments, text};

#[derive(Args)]
pub struct EgressArguments {
    #[command(subcommand)]
    verb: EgressVerb,
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Subcommand)]
enum EgressVerb {
    /// Allow requests to a host, by a rule behind those that are there.
    Allow {
        #[command(flatten)]
        rule: RuleArguments,
        /// Send a secret in a header field, which the code does not see: `authorization=TOKEN`, or `authorization=Bearer TOKEN`.
        #[arg(long = "inject", value_name = "HEADER=[PREFIX ]SECRET")]
        injections: Vec<String>,
    },
    /// Refuse requests to a host, by a rule before those that are there.
    Deny {
        #[command(flatten)]
        rule: RuleArguments,
    },
    /// Show the rules in their order.
    List,
    /// Take a rule away, by its number in the list.
    Remove { number: usize },
}

#[derive(Args)]
struct RuleArguments {
    /// A name, an address, or a pattern like `*.example.com`.
    #[arg(value_name = "HOST")]
    to: String,
    /// These ports alone, as often as wanted.
    #[arg(long = "port", value_name = "PORT")]
    ports: Vec<u16>,
    /// These methods alone, as often as wanted.
    #[arg(long = "method", value_name = "METHOD")]
    methods: Vec<String>,
    /// Paths that begin so alone.
    #[arg(long, default_value = "")]
    path_prefix: String,
}

impl RuleArguments {
    fn rule(self, action: &str, inject: Vec<Value>) -> Value {
        json!({
            "action": action, "host": self.to, "ports": self.ports, "methods": self.methods,
            "path_prefix": self.path_prefix, "inject": inject, "private_addresses": false,
        })
    }
}

pub async fn egress(arguments: EgressArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    let path = remote.path(&arguments.subject.path("/egress")?);
    let held = remote.ask(Method::GET, &path, None, None).await?;
    let tag = held.etag.clone();
    let mut rules = held.into_success()?["rules"].as_array().cloned().unwrap_or_default();
    match arguments.verb {
        EgressVerb::List => {
            show(&remote, &rules);
            return Ok(0);
        }
        EgressVerb::Allow { rule, injections } => {
            let inject = injections.iter().map(|text| injection(text)).collect::<Result<_>>()?;
            let rule = rule.rule("allow", inject);
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        EgressVerb::Deny { rule } => {
            let rule = rule.rule("deny", Vec::new());
            if rules.first() != Some(&rule) {
                rules.insert(0, rule);
            }
        }
        EgressVerb::Remove { number } => {
            let index = number.checked_sub(1).filter(|index| *index < rules.len());
            rules.remove(index.ok_or_else(|| anyhow!("there is no rule {number}"))?);
        }
    }
    // Under the tag of what was read: whoever else changes the rules in between is not overwritten.
    let set = remote.ask(Method::PUT, &path, Some(&json!({ "rules": rules })), tag.as_deref()).await?.into_success()?;
    show(&remote, set["rules"].as_array().map(Vec::as_slice).unwrap_or_default());
    Ok(0)
}

fn show(remote: &Remote, rules: &[Value]) {
    let numbered: Vec<Value> =
        (1..).zip(rules).map(|(number, rule)| json!({ "number": number, "rule": rule })).collect();
    remote.show_all(&numbered, |numbered| format!("{}  {}", numbered["number"], words(&numbered["rule"])));
}

/// `allow api.example.com  ports 443  methods GET  below /v1  sends TOKEN in authorization`.
fn words(rule: &Value) -> String {
    let list = |name: &str| -> Vec<String> {
        let items = rule[name].as_array().into_iter().flatten();
        items.map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
    };
    let mut out = format!("{} {}", text(rule, "action"), text(rule, "host"));
    for name in ["ports", "methods"] {
        if !list(name).is_empty() {
            out.push_str(&format!("  {name} {}", list(name).join(",")));
        }
    }
    if !text(rule, "path_prefix").is_empty() {
        out.push_str(&format!("  below {}", text(rule, "path_prefix")));
    }
    for injection in rule["inject"].as_array().into_iter().flatten() {
        out.push_str(&format!("  sends {} in {}", text(injection, "secret"), text(injection, "header")));
    }
    out
}

/// `HEADER=SECRET`, or with a prefix that is sent before the secret, up to the last space.
fn injection(flag: &str) -> Result<Value> {
    let (header, value) = flag.split_once('=').ok_or_else(|| anyhow!("`{flag}` is not HEADER=[PREFIX ]SECRET"))?;
    let at = value.rfind(' ').map_or(0, |space| space + 1);
    Ok(json!({ "header": header.to_ascii_lowercase(), "prefix": value[..at], "secret": value[at..] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn injections_are_read_and_rules_are_told() {
        let inject = injection("Authorization=Bearer TOKEN").expect("read");
        assert_eq!(inject, json!({ "header": "authorization", "prefix": "Bearer ", "secret": "TOKEN" }));
        assert_eq!(injection("x-key=KEY").expect("read")["prefix"], "");
        assert!(injection("x-key").is_err());
        let rule = RuleArguments {
            to: "a.test".into(),
            ports: vec![443],
            methods: vec!["GET".into()],
            path_prefix: "/v1".into(),
        };
        let told = words(&rule.rule("allow", vec![inject]));
        assert_eq!(told, "allow a.test  ports 443  methods GET  below /v1  sends TOKEN in authorization");
    }
}

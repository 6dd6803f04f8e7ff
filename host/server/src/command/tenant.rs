//! `isolet tenant`: the operator's view of tenants.

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};

use super::access::{encoded, tenant_path};
use super::confirm::Confirmation;
use super::remote::{HostArguments, Remote, text};

#[derive(Args)]
pub struct TenantArguments {
    #[command(subcommand)]
    verb: TenantVerb,
    #[command(flatten)]
    host: HostArguments,
}

#[derive(Subcommand)]
enum TenantVerb {
    /// Make a tenant.
    Create {
        slug: String,
        #[arg(long)]
        plan: Option<String>,
        /// A label, as often as wanted.
        #[arg(long = "label", value_name = "NAME=VALUE")]
        labels: Vec<String>,
    },
    /// Show tenants.
    List {
        /// `active` or `suspended`.
        #[arg(long)]
        status: Option<String>,
        #[arg(long)]
        plan: Option<String>,
        /// A label that they have, as often as wanted.
        #[arg(long = "label", value_name = "NAME=VALUE")]
        labels: Vec<String>,
    },
    /// Let nothing of a tenant run any more.
    Suspend {
        slug: String,
        /// Why, for people.
        #[arg(long, default_value = "")]
        reason: String,
        /// Why, for programs.
        #[arg(long, default_value = "")]
        code: String,
    },
    /// Let a suspended tenant go on.
    Resume { slug: String },
    /// Show a tenant's limits, or set them: `cpu_ms=50 rps=100` are the whole of what is set then.
    Limits {
        slug: String,
        #[arg(value_name = "NAME=NUMBER")]
        limits: Vec<String>,
        /// Set none.
        #[arg(long, conflicts_with = "limits")]
        clear: bool,
    },
    /// Remove a tenant with everything it owns.
    Delete {
        slug: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub async fn tenant(arguments: TenantArguments) -> Result<u8> {
    let remote = Remote::of(&arguments.host)?;
    match arguments.verb {
        TenantVerb::Create { slug, plan, labels } => {
            let mut body = json!({ "slug": slug, "labels": pairs(&labels)? });
            if let Some(plan) = plan {
                body["plan"] = plan.into();
            }
            remote.show(&remote.call(Method::POST, "/v1/tenants", Some(&body)).await?, line);
        }
        TenantVerb::List { status, plan, labels } => {
            let mut query: Vec<String> = Vec::new();
            query.extend(status.map(|status| format!("status={}", encoded(&status))));
            query.extend(plan.map(|plan| format!("plan={}", encoded(&plan))));
            for (name, value) in pairs(&labels)?.as_object().into_iter().flatten() {
                query.push(format!("label.{}={}", encoded(name), encoded(value.as_str().unwrap_or_default())));
            }
            let path =
                if query.is_empty() { "/v1/tenants".to_owned() } else { format!("/v1/tenants?{}", query.join("&")) };
            remote.show_all(&remote.all(&path).await?, line);
        }
        TenantVerb::Suspend { slug, reason, code } => {
            let body = json!({ "reason": reason, "code": code });
            remote.show(&remote.call(Method::POST, &tenant_path(&slug, "/suspend"), Some(&body)).await?, line);
        }
        TenantVerb::Resume { slug } => {
            remote.show(&remote.call(Method::POST, &tenant_path(&slug, "/resume"), None).await?, line);
        }
        TenantVerb::Limits { slug, limits, clear } => {
            let at = tenant_path(&slug, "/limits");
            let answer = if limits.is_empty() && !clear {
                remote.call(Method::GET, &at, None).await?
            } else {
                remote.call(Method::PUT, &at, Some(&numbers(&limits)?)).await?
            };
            remote.show(&answer, limits_in_words);
        }
        TenantVerb::Delete { slug, confirmation } => {
            confirmation.ask_for_name(&format!("delete `{slug}` with everything it owns"), &slug)?;
            remote.call(Method::DELETE, &tenant_path(&slug, &format!("?confirm={}", encoded(&slug))), None).await?;
            remote.show(&json!({ "deleted": slug }), |_| format!("{slug} is gone"));
        }
    }
    Ok(0)
}

fn line(tenant: &Value) -> String {
    let reason = text(&tenant["suspension"], "reason");
    let reason = if reason.is_empty() { String::new() } else { format!("  ({reason})") };
    format!(
        "{}  {}  {}  {}{reason}",
        text(tenant, "slug"),
        text(tenant, "id"),
        text(tenant, "plan"),
        text(tenant, "status")
    )
}

fn limits_in_words(settings: &Value) -> String {
    let line = |(name, value): (&String, &Value)| {
        let set = match settings["set"].get(name) {
            Some(set) if set == value => "  (set here)".to_owned(),
            Some(set) => format!("  (set here to {set}, and bounded by what the host allows)"),
            None => String::new(),
        };
        format!("{name} = {value}{set}")
    };
    let lines: Vec<String> = settings["effective"].as_object().into_iter().flatten().map(line).collect();
    format!("plan {}\n{}", text(settings, "plan"), lines.join("\n"))
}

/// `NAME=VALUE`, each name once.
fn pairs(texts: &[String]) -> Result<Value> {
    let mut object = serde_json::Map::new();
    for pair in texts {
        let (name, value) = pair.split_once('=').ok_or_else(|| anyhow!("`{pair}` is not NAME=VALUE"))?;
        if object.insert(name.to_owned(), value.into()).is_some() {
            return Err(anyhow!("`{name}` is there twice"));
        }
    }
    Ok(object.into())
}

fn numbers(texts: &[String]) -> Result<Value> {
    let mut object = pairs(texts)?;
    for (name, value) in object.as_object_mut().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        *value = text.parse::<u64>().map_err(|_| anyhow!("`{name}={text}`: it must be a whole number"))?.into();
    }
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_limits_are_read() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(pairs(&texts(&["a=b=c", "d="])).expect("read"), json!({ "a": "b=c", "d": "" }));
        assert!(pairs(&texts(&["a"])).is_err() && pairs(&texts(&["a=1", "a=2"])).is_err());
        assert_eq!(numbers(&texts(&["cpu_ms=5"])).expect("read"), json!({ "cpu_ms": 5 }));
        assert!(numbers(&texts(&["cpu_ms=-5"])).is_err());
        assert_eq!(encoded("a b&ä"), "a%20b%26%C3%A4");
    }
}
